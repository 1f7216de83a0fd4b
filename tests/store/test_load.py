"""Filling an empty centre."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.errors import UserError
from nbcase.domain.resident import Resident
from nbcase.store.centre_database import open_centre_database
from nbcase.store.centre_work import load_records
from nbcase.store.feed import START, read_page
from nbcase.store.shelf import Shelf
from tests.parts.centres import STATIONS, clerk

PERSON = Resident(
    id="r1", document_kind="id_card", document_number="330299199001010011", name="样\\一\t\n", birth_on=date(1990, 1, 1), station_code="s"
)
CASE = Case(
    id="c1",
    number="JS-26-0000001",
    item_code="residence_permit",
    situation_code="first",
    resident_id="r1",
    applicant_name="样一",
    state=CaseState.ACCEPTED,
    step_code="review",
    accepted_at=datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC),
    accepted_by="clerk-li",
    form={"phone": "1", "nested": [1, None]},
    materials=(HandedIn(code="job_proof", how="scan", attachments=("aa",)),),
    station_code="s",
)


@pytest.fixture
def engine(centre_database: str) -> Iterator[sa.Engine]:
    engine = open_centre_database(centre_database)
    yield engine
    engine.dispose()


def test_records_of_every_shape_are_loaded_with_their_feed(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert load_records(connection, [PERSON, CASE], [clerk("li")], STATIONS) == 2
    with engine.begin() as connection:
        shelf = Shelf(connection)
        assert shelf.need(Resident, "r1") == replace(PERSON, version=1)
        assert shelf.need(Case, "c1") == replace(CASE, version=1)
        assert sorted((row.record_type, row.version) for row in read_page(connection, "s", START).rows) == [("case", 1), ("resident", 1)]


def test_what_is_there_already_stops_the_whole_load(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        load_records(connection, [PERSON])
    with pytest.raises(UserError, match="已有其中的记录"), engine.begin() as connection:
        load_records(connection, [CASE, PERSON])
    with engine.begin() as connection:
        assert Shelf(connection).find(Case) == []
