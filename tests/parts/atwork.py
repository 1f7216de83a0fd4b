"""An enrolled desk as operations see it, and what the centre said to its last act."""

import sqlalchemy as sa

from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading
from tests.parts.centres import STATIONS
from tests.parts.desks import WorkingDesk


def at_work(desk: WorkingDesk) -> Desk:
    """The desk as operations see it."""
    identity = desk.enrolment.identity
    station = next(entry for entry in STATIONS if entry.code == identity.station_code)
    return Desk(
        engine=desk.engine, identity=identity, station=station, clock=desk.clock, calendar=WorkingCalendar.load(), items=load_catalogue()
    )


def last_answer(desk: WorkingDesk) -> tuple[str, tuple[str, ...]]:
    """Outcome and fields of the desk's newest action."""
    with reading(desk.engine) as connection:
        row = connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.sequence.desc()).limit(1)).one()
    return row.outcome, tuple(row.fields or ())
