"""Conflicts and quarantined acts of a counter, as the centre would have made them."""

from dataclasses import replace
from datetime import timedelta

from nbcase.demo.stations import stations
from nbcase.domain.action import Action, Answer, Outcome
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.ids import new_id
from nbcase.domain.resident import Resident
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import desk_work
from nbcase.store.outbox import keep_answers
from nbcase.store.records import to_plain
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter


def changed(counter: Counter, resident: Resident, **values: object) -> Action:
    """An act of this desk that changes fields of a resident."""
    with desk_work(counter.desk.engine, counter.desk.identity, counter.clerk.record, counter.clock.now()) as work:
        record = replace(work.need(Resident, resident.id), **values)  # type: ignore[arg-type]
        work.put(record)
        return work.record("registration.change", record)


def answered(counter: Counter, action: Action, outcome: Outcome, reason: str = "", *fields: str) -> None:
    """What the centre says to an act."""
    with writing(counter.desk.engine) as connection:
        keep_answers(connection, [Answer(action_id=action.id, outcome=outcome, reason=reason, fields=fields)], counter.clock.now())


def disputed(counter: Counter, resident: Resident, field: str, theirs: object, yours: object, **others: object) -> FieldConflict:
    """Both sides changed one field of a resident: theirs stands, and the conflict has come in. `others` only this side changed."""
    action = changed(counter, resident, **{field: yours, **others})
    answered(counter, action, Outcome.CONFLICT, "两个窗口都改了这一项。", f"resident.{field}")
    now = counter.clock.now()
    conflict = FieldConflict(
        id=new_id(),
        version=1,
        action_id=action.id,
        subject_type="resident",
        subject_id=resident.id,
        field=field,
        before=to_plain(resident)[field],
        theirs=theirs,
        yours=yours,
        yours_by=counter.clerk.record.id,
        yours_at=now,
        theirs_by="clerk-elsewhere",
        theirs_at=now - timedelta(minutes=98),
        found_at=now + timedelta(minutes=2),
        stations=(counter.desk.identity.station_code, stations()[1].code),
        station_code=counter.desk.identity.station_code,
    )
    with writing(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        record = shelf.need(Resident, resident.id)
        shelf.write(replace(record, **{field: theirs}))
        shelf.write(conflict)
    return conflict
