"""What comes over the line lies in the table exactly as what was written here."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from nbcase.demo.people import people
from nbcase.domain.action import canonical
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.consent import Consent
from nbcase.domain.document import Document
from nbcase.domain.notice import Notice
from nbcase.domain.offering import Booking, Offering, Place
from nbcase.domain.resident import Resident
from nbcase.domain.round import ChoiceResult, ListRow, Round, RoundPlace, RoundResult, RoundSignature, RoundStage
from nbcase.domain.scheme import SchemeDraft, SchemeSignature
from nbcase.domain.score import Claim, Score
from nbcase.domain.service import Service
from nbcase.store.desk_database import driver_cursor, open_desk_database, writing
from nbcase.store.records import RECORD_TYPES, TYPE_NAMES, Record
from nbcase.store.shelf import Shelf
from nbcase.store.wire_format import wire_format

AT = datetime(2026, 11, 24, 8, 21, 3, 4, tzinfo=UTC)


def _records() -> list[Record]:
    invented = [record for person in people(20, 7, date(2026, 11, 24), bytes(32)) for record in person.records()]
    paper = Document(
        id="d", case_id="c", resident_id="r", kind_code="k", number="1", content_hash="h", made_at=AT, made_by="l", station_code="s"
    )
    values = ({"b": 1, "a": None}, None, "\x01字")
    conflicts = [
        FieldConflict(
            id=f"f{place}",
            action_id="a",
            subject_type="resident",
            subject_id="r",
            field="x",
            before=value,
            theirs=None,
            yours=[value],
            yours_by="l",
            found_at=AT,
            station_code="s",
        )
        for place, value in enumerate(values)
    ]
    notice = Notice(
        id="n",
        kind_code="k",
        case_id="c",
        case_number="1",
        resident_id="r",
        applicant_name="样",
        text="",
        made_at=AT,
        made_by="l",
        stations=("s", "t"),
        station_code="s",
    )
    score = Score(
        id="s",
        resident_id="r",
        on=AT.date(),
        district_code="d",
        catalogue_hash="c",
        hash="h",
        total=-25,
        points={"b": 1, "a": -2},
        records={"t": [{"y": None, "x": "字"}]},
        cut={"t": "2026-10-r001"},
        station_code="s",
    )
    claim = Claim(
        id="k",
        resident_id="r",
        case_id="c",
        case_number="1",
        indicator_code="i",
        table_code="t",
        row={"y": 1, "x": None},
        approved_on=AT.date(),
        approved_by="l",
        station_code="s",
    )
    offering = Offering(
        id="o",
        service_code="bus",
        name="n",
        place="p",
        begins_on=AT.date(),
        begins_at="08:30",
        closes_on=AT.date(),
        capacity=2,
        details={"b": 1, "a": None},
        station_code="s",
    )
    booking = Booking(
        id="b",
        offering_id="o",
        resident_id="r",
        case_id="c",
        name="n",
        phone="1",
        party=2,
        companions=("某",),
        ordinal=1,
        place=Place.HELD,
        stations=("s", "t"),
        station_code="s",
    )
    service = Service(
        id="v", item_code="i", resident_id="r", case_id="c", began_on=AT.date(), details={"b": 1, "a": None}, station_code="s"
    )
    consent = Consent(
        id="n2", resident_id="r", purpose_code="apply", given_on=AT.date(), given_at=AT, asked_by="l", station_code="s"
    )
    return [*invented, consent, paper, *conflicts, notice, score, claim, offering, booking, *_round(), *_scheme(), service]


def _scheme() -> list[Record]:
    """A draft of the points scheme and a signature under it."""
    draft = SchemeDraft(
        id="q",
        name="n",
        from_on=AT.date(),
        edits={"age": {"rule": "未配置"}},
        begun_by="l",
        begun_name="样",
        begun_at=AT,
        changed_name="样",
        changed_at=AT,
        station_code="s",
    )
    return [
        draft,
        SchemeSignature(
            id="w", draft_id="q", content_hash="h", is_proposal=True, clerk_id="l", clerk_name="样", signed_at=AT, station_code="s"
        ),
    ]


def _round() -> list[Record]:
    """A round with its list, what it says of somebody, and a signature under it."""
    places = (RoundPlace(name="甲小", seats=2), RoundPlace(name="乙小", least_points=100))
    one = Round(
        id="o",
        use_code="school",
        name="n",
        district_code="d",
        period="p",
        opens_on=AT.date(),
        closes_on=AT.date(),
        scored_on=AT.date(),
        places=places,
        ties=("lot",),
        lot_seed="x",
        notice_days=7,
        rows=(ListRow(order=1, name="样*", number="1", points=100, place=None),),
        ranked_at=AT,
        station_code="s",
    )
    result = RoundResult(
        id="t",
        round_id="o",
        resident_id="r",
        case_id="c",
        case_number="1",
        name="n",
        counted_id="r",
        points=-25,
        figures={"b": 1, "a": 2},
        order=1,
        place=None,
        choices=(ChoiceResult(place="甲小", why="tie", last_points=100, tie="lot"),),
        list_hash="h",
        station_code="s",
    )
    signature = RoundSignature(
        id="g", round_id="o", stage=RoundStage.NOTICE, list_hash="h", clerk_id="l", clerk_name="样", signed_at=AT, station_code="s"
    )
    return [one, result, signature]


def _rows(connection: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
    cursor = driver_cursor(connection)
    return {name: cursor.execute(f'SELECT * FROM "{name}" ORDER BY id').fetchall() for name in RECORD_TYPES}


def test_rows_from_the_line_are_those_that_the_shelf_writes(tmp_path: Path) -> None:
    engine = open_desk_database(tmp_path / "desk.db", bytes(32))
    records = _records()
    assert {TYPE_NAMES[type(record)] for record in records} == set(RECORD_TYPES)
    with writing(engine) as connection:
        for record in records:
            Shelf(connection).write(record)
        expected = _rows(connection)
        for name in RECORD_TYPES:
            connection.execute(sa.text(f'DELETE FROM "{name}"'))
        for record in records:
            form = wire_format(type(record))
            driver_cursor(connection).execute(form.rows.upsert, form.row(msgspec.Raw(canonical(record))))
        assert _rows(connection) == expected
    engine.dispose()


def test_a_field_with_a_default_may_be_missing_and_a_wrong_one_is_refused() -> None:
    plain = {"id": "r", "document_kind": "k", "document_number": "1", "name": "样", "station_code": "s"}
    form = wire_format(Resident)
    assert form.row(msgspec.Raw(msgspec.json.encode(plain))) == list(form.rows.row(Resident(**plain)))
    for wrong in ({"name": 7}, {"birth_on": "gestern"}, {"name": None}):
        with pytest.raises(msgspec.ValidationError):
            form.row(msgspec.Raw(msgspec.json.encode({**plain, **wrong})))
