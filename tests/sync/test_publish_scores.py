"""A finished month at the centre becomes records that the feed brings to the desks, and only what changed is written."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.domain.score import Claim, Score, score_id
from nbcase.exchange.archive import Archive
from nbcase.exchange.claims import prepare_claims
from nbcase.operations.accepted_claims import accepted_claims
from nbcase.operations.points import with_claims
from nbcase.operations.publish_scores import Published, publish_scores
from nbcase.points.monthly import score_month
from nbcase.points.rows import records_from_plain
from nbcase.points.sheet import score
from tests.parts.centres import RunningCentre
from tests.parts.departments import CATALOGUE, PEOPLE, inputs, register, take_in, write_csv
from tests.parts.desks import MakeDesk

ON = date(2026, 10, 31)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three people with one education between them."""
    folder = tmp_path / "points"
    register(tmp_path / "person", folder)
    take_in(
        write_csv(tmp_path / "education", "education", ["document_number,level_code,awarded_on", f"{PEOPLE[0]},college,2012-06-30"]), folder
    )
    return folder


def test_a_run_reaches_the_desk_whose_sheet_has_the_centres_hash(
    centre: RunningCentre, make_desk: MakeDesk, data: Path, tmp_path: Path
) -> None:
    desk = make_desk("li")
    persons = [desk.resident(f"样{place}", number) for place, number in enumerate((*PEOPLE[:2], "330299200001010011"))]
    for person in persons:
        desk.act(person)
    desk.sync()
    run = tmp_path / "run"
    score_month(CATALOGUE, inputs(data, ON), ON, run)
    assert publish_scores(centre.centre.engine, run, data, CATALOGUE) == Published(residents=3, known=2, written=2)
    assert publish_scores(centre.centre.engine, run, data, CATALOGUE).written == 0
    desk.sync()
    found = desk.get(Score, score_id(persons[0].id))
    assert found is not None
    assert (found.version, found.points["education"], found.cut["education"]) == (1, 800, "2026-10-r001")
    assert found.records["education"] == [{"level_code": "college", "awarded_on": "2012-06-30"}]
    assert desk.get(Score, score_id(persons[2].id)) is None


def test_the_next_months_run_is_the_next_version_and_a_run_of_another_catalogue_is_refused(
    centre: RunningCentre, make_desk: MakeDesk, data: Path, tmp_path: Path
) -> None:
    desk = make_desk("li")
    person = desk.resident("样一", PEOPLE[0])
    desk.act(person)
    desk.sync()
    for month, day in (("first", ON), ("second", date(2026, 11, 30))):
        score_month(CATALOGUE, inputs(data, day), day, tmp_path / month)
        publish_scores(centre.centre.engine, tmp_path / month, data, CATALOGUE)
    desk.sync()
    found = desk.get(Score, score_id(person.id))
    assert found is not None
    assert (found.version, found.on) == (2, date(2026, 11, 30))
    with pytest.raises(UserError, match="不是现在的积分目录"):
        publish_scores(centre.centre.engine, tmp_path / "first", data, replace(CATALOGUE, hash="another"))
    with pytest.raises(UserError, match="不是一次算完的结果"):
        publish_scores(centre.centre.engine, data, data, CATALOGUE)


def test_what_was_accepted_at_a_desk_counts_in_the_centres_run_and_both_sides_have_the_same_hash(
    centre: RunningCentre, make_desk: MakeDesk, data: Path, tmp_path: Path
) -> None:
    desk = make_desk("li")
    person = desk.resident("样一", PEOPLE[1])
    row = {"level_code": "college", "awarded_on": "2012-06-30"}
    accepted = Claim(
        id="c1", resident_id=person.id, case_id="k1", case_number="LT-26-000001", indicator_code="education", table_code="education",
        row=row, approved_on=date(2026, 10, 20), approved_by="gu", station_code=person.station_code,
    )  # fmt: skip
    desk.act(person, accepted)
    desk.sync()
    claims = accepted_claims(centre.centre.engine)
    assert [(claim.document_number, claim.table, claim.row) for claim in claims] == [(PEOPLE[1], "education", row)]
    assert prepare_claims(Archive(data), CATALOGUE.tables, claims, ON, tmp_path / "claims") == 1
    score_month(CATALOGUE, replace(inputs(data, ON), claims=tmp_path / "claims"), ON, tmp_path / "run")
    publish_scores(centre.centre.engine, tmp_path / "run", data, CATALOGUE)
    desk.sync()
    found = desk.get(Score, score_id(person.id))
    assert found is not None
    # The record has the department's rows alone: the claim is a record of its own, and is not there twice.
    assert (found.points["education"], found.records.get("education")) == (800, None)
    records, _ = with_claims(CATALOGUE, records_from_plain(CATALOGUE.tables, found.records), [accepted], ON)
    assert score(CATALOGUE, records, ON, found.district_code).hash == found.hash


def test_no_desk_can_write_a_score(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident()
    forged = Score(
        id=score_id(person.id), resident_id=person.id, on=ON, district_code="", catalogue_hash="", hash="", total=30_000,
        station_code=person.station_code,
    )  # fmt: skip
    desk.act(person, forged)
    assert desk.sync().quarantined == 1
