"""Not everybody again: a correction inside a month, claims beside the deliveries, and the same buckets by Spark's tasks."""

import importlib.util
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nbcase.domain.errors import UserError
from nbcase.exchange.archive import Archive
from nbcase.exchange.claims import ClaimRow, prepare_claims, read_claims, write_claims
from nbcase.points import buckets
from nbcase.points.buckets import CORRECTED, SCORES, Inputs, scores_of, under_spark
from nbcase.points.corrected import correct_month
from nbcase.points.monthly import Run, score_month
from tests.parts.departments import CATALOGUE, deliver_month, inputs, take_in, write_csv

ON = date(2026, 10, 31)
PERSONS = 1_500


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic month, taken in."""
    folder = tmp_path_factory.mktemp("corrections")
    deliver_month(folder / "in", folder / "data", PERSONS, ON)
    return folder / "data"


@pytest.fixture
def data(delivered: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may add to."""
    return Path(shutil.copytree(delivered, tmp_path / "data"))


def rows(run: Path) -> list[tuple[Any, ...]]:
    """Everybody's result."""
    return duckdb.sql(f"SELECT * FROM {scores_of(run)} AS s ORDER BY person").fetchall()


def correct_education(data: Path, folder: Path, revision: int, every: int, level: str) -> None:
    """The month's education again, one person in `every` with another level."""
    query = f"""SELECT n.document_number, CASE WHEN e.person % {every} = 0 THEN '{level}' ELSE e.level_code END,
    DATE '1970-01-01' + CAST(e.awarded_on - 719163 AS INTEGER)
    FROM '{data}/accepted/education/2026-10-r{revision - 1:03d}/prepared.parquet' AS e JOIN '{data}/persons.parquet' AS n USING (person)"""
    lines = [",".join(map(str, row)) for row in duckdb.sql(query).fetchall()]
    take_in(write_csv(folder, "education", ["document_number,level_code,awarded_on", *reversed(lines)], revision=revision), data)


def correct(data: Path, previous: Path, base: Run, out: Path, **more: Any) -> Run:
    """The correction of a run by what has come since."""
    now = replace(inputs(data, ON), **more)
    return correct_month(CATALOGUE, now, ON, out, previous=previous, changed=Archive(data).changed(base.cut, now.cut))


def test_a_correction_scores_the_few_again_and_equals_the_whole_run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "RANGE", 700)
    first = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "first")
    correct_education(data, tmp_path / "second-in", 2, 50, "postgraduate")
    second = correct(data, tmp_path / "first", first, tmp_path / "second")
    whole = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "whole", previous=tmp_path / "first")
    assert 0 < second.scored <= PERSONS // 50
    assert rows(tmp_path / "second") == rows(tmp_path / "whole") != rows(tmp_path / "first")
    assert (second.people, second.total_points, second.changed) == (whole.people, whole.total_points, whole.changed)
    assert second.changed["p_education"].more > 0
    assert (second.changed["p_education"].by_rule, second.changed["p_age"].more) == (0, 0)
    # A correction of the correction: the earlier few stay as they came out.
    correct_education(data, tmp_path / "third-in", 3, 70, "below")
    correct(data, tmp_path / "second", second, tmp_path / "third")
    score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "whole-third")
    assert rows(tmp_path / "third") == rows(tmp_path / "whole-third")
    assert len(list((tmp_path / "third" / CORRECTED / SCORES).iterdir())) == 2
    # Two corrections at once, from the first run.
    correct(data, tmp_path / "first", first, tmp_path / "both")
    assert rows(tmp_path / "both") == rows(tmp_path / "whole-third")


def test_people_who_appear_or_are_gone_by_a_correction_of_the_register(data: Path, tmp_path: Path) -> None:
    first = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "first")
    numbers = [row[0] for row in duckdb.sql(f"SELECT document_number FROM '{data}/persons.parquet' ORDER BY person").fetchall()]
    lines = [f"{number},{number[6:10]}-{number[10:12]}-{number[12:14]},330211,normal" for number in (*numbers[3:], "330299200001019990")]
    header = "document_number,born_on,district_code,permit_state_code"
    take_in(write_csv(tmp_path / "register", "person", [header, *lines], revision=2), data)
    second = correct(data, tmp_path / "first", first, tmp_path / "second")
    whole = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "whole", previous=tmp_path / "first")
    assert (second.people, second.appeared, second.gone) == (PERSONS - 2, 1, 3) == (whole.people, whole.appeared, whole.gone)
    assert rows(tmp_path / "second") == rows(tmp_path / "whole")


def test_another_day_and_a_delivery_that_corrects_nothing_are_refused(data: Path, tmp_path: Path) -> None:
    first = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "first")
    with pytest.raises(UserError, match="不是同一天"):
        correct_month(CATALOGUE, inputs(data, ON), date(2026, 11, 30), tmp_path / "out", previous=tmp_path / "first", changed=[])
    with pytest.raises(UserError, match="不是对上次所用数据"):
        Archive(data).changed(first.cut | {"education": "2026-09-r001"}, first.cut)
    assert Archive(data).changed(first.cut, first.cut) == []


def claim(data: Path, person: int, level: str, day: date) -> ClaimRow:
    """An accepted education of somebody."""
    (number,) = duckdb.sql(f"SELECT document_number FROM '{data}/persons.parquet' WHERE person = {person}").fetchall()[0]
    row = {"level_code": level, "awarded_on": "2015-06-30"}
    return ClaimRow(document_number=number, claim_id=f"claim-{person}", table="education", row=row, approved_on=day)


def test_claims_count_from_the_day_of_their_decision_in_whole_runs_and_in_corrections(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    write_claims(path, [claim(data, 5, "postgraduate", ON), claim(data, 6, "postgraduate", date(2026, 11, 1))])
    folder = tmp_path / "claims"
    stranger = ClaimRow(document_number="NOBODY1", claim_id="x", table="education", row={}, approved_on=ON)
    assert prepare_claims(Archive(data), CATALOGUE.tables, [*read_claims(path), stranger], ON, folder) == 1
    first = score_month(CATALOGUE, inputs(data, ON), ON, tmp_path / "without")
    found = score_month(CATALOGUE, replace(inputs(data, ON), claims=folder), ON, tmp_path / "with", previous=tmp_path / "without")
    assert found.claims == 1
    education = {row[0]: row[1] for row in duckdb.sql(f"SELECT person, p_education FROM {scores_of(tmp_path / 'with')} AS s").fetchall()}
    assert education[5] == 1000
    assert found.changed["p_education"].more + found.changed["p_education"].less <= 1
    correct(data, tmp_path / "without", first, tmp_path / "corrected", claims=folder)
    assert rows(tmp_path / "corrected") == rows(tmp_path / "with")
    # And a claim that the run before had and this one has not is taken back.
    correct(data, tmp_path / "with", found, tmp_path / "back")
    assert rows(tmp_path / "back") == rows(tmp_path / "without")


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is in the extra `benchmark`")
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")
def test_spark_gives_the_same_files(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "RANGE", 700)
    given: Inputs = inputs(delivered, ON)
    here = score_month(CATALOGUE, given, ON, tmp_path / "here")
    spark = score_month(CATALOGUE, given, ON, tmp_path / "spark", runner=under_spark("local[2]"))
    assert spark == here
    names = sorted(path.name for path in (tmp_path / "here" / SCORES).iterdir())
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "here" / SCORES / name).read_bytes() == (tmp_path / "spark" / SCORES / name).read_bytes()
