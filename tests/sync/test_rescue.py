"""A desk whose database is gone is rescued and goes on: what was unsent arrives, what was sent comes back."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nbcase.domain import crashpoints
from nbcase.domain.action import Action, Answer, Outcome, sealed
from nbcase.domain.case import Case, CaseState
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.resident import Resident
from nbcase.operations.rescue import RescueReport, rescue
from nbcase.operations.seal import begin_sealing, tend
from nbcase.operations.sign_in import DATABASE_NAME, sign_in
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import DeskWork, desk_work
from nbcase.store.outbox import next_actions
from nbcase.store.own_history import KeptAct, take_back
from nbcase.sync.client import CentreClient
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import Contact
from tests.parts.centres import PASSWORD, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk
from tests.parts.sealing import SECRETS, SealedDesk, sealed_desk

__all__ = ["sealed_desk"]

PICTURE = b"\x89PNG" + os.urandom(400_000)


def at_centre(centre: RunningCentre) -> list[str]:
    with centre.centre.engine.begin() as connection:
        return list(connection.execute(sa.select(tables.centre_action.c.hash).order_by(tables.centre_action.c.sequence)).scalars())


def rescued(centre: RunningCentre, desk: WorkingDesk) -> tuple[RescueReport, WorkingDesk]:
    """End the program, take the database away, rescue, sign in again."""
    desk.sealed_log.close()
    desk.engine.dispose()
    for path in desk.folder.glob(f"{DATABASE_NAME}*"):
        path.write_bytes(os.urandom(path.stat().st_size))
    report = rescue(desk.folder, desk.signed_in.secrets, desk.clock.now())
    signed_in = sign_in(desk.folder, desk.vault, desk.clerk.login, PASSWORD, desk.clock.now())
    client = CentreClient(centre.url, desk.enrolment.identity.desk_id, signed_in.secrets.device, desk.clock)
    client.sign_in(desk.clerk.login, signed_in.key)
    contact = Contact(engine=signed_in.engine, client=client, clock=desk.clock, enrolment=desk.enrolment)
    log = begin_sealing(signed_in.engine, desk.folder, desk.enrolment, signed_in.secrets, desk.clock)
    return report, WorkingDesk(desk.folder, desk.vault, desk.enrolment, signed_in, client, contact, SyncLoop(contact), desk.clock, log)


@pytest.fixture
def worked(centre: RunningCentre, make_desk: MakeDesk) -> WorkingDesk:
    """Three acts sent, two not, one of them with a picture."""
    desk = make_desk("li")
    for number in range(3):
        desk.act(desk.resident(f"样{number}"))
    assert desk.sync().is_equal
    return desk


def test_a_desk_without_its_database_sends_what_was_unsent_and_agrees_with_the_centre(centre: RunningCentre, worked: WorkingDesk) -> None:
    person = worked.resident("样四")
    unsent = [worked.act(person), worked.act(worked.resident("样五"), files=(PICTURE,))]
    report, desk = rescued(centre, worked)
    try:
        assert (report.only_in_log, report.found_in_both, report.unreadable) == ((1, 2, 3, 4, 5), (), ())
        assert desk.get(Resident, person.id) is not None
        status = desk.sync()
        assert status.problem is None
        assert status.is_equal
        assert (status.sent, status.waiting) == (5, 0)
        assert at_centre(centre)[3:] == [action.hash for action in unsent]
        assert centre.centre.blobs.has(unsent[1].attachments[0])
        assert desk.act(desk.resident("样六")).sequence == 6
        assert desk.sync().is_equal
    finally:
        desk.sealed_log.close()
        desk.client.close()
        desk.engine.dispose()


def test_a_desk_whose_log_was_shortened_takes_its_history_back_from_the_centre(centre: RunningCentre, worked: WorkingDesk) -> None:
    worked.sealed_log.close()
    log = begin_sealing(worked.engine, worked.folder, worked.enrolment, worked.signed_in.secrets, worked.clock)
    worked.act(worked.resident("样四"))
    assert worked.sync().is_equal
    assert len(log.paths()) == 1, "the segment of the first three acts is gone"
    unsent = worked.act(worked.resident("样五"))
    log.close()
    report, desk = rescued(centre, worked)
    try:
        assert report.only_in_log == (4, 5)
        status = desk.sync()
        assert status.problem is None
        assert status.is_equal
        assert status.sent == 5
        assert at_centre(centre)[-1] == unsent.hash
    finally:
        desk.sealed_log.close()
        desk.client.close()
        desk.engine.dispose()


class PowerCut(BaseException):
    """Ends a rescue without any cleaning up."""


@pytest.mark.parametrize("moment", ["desk.rescue.before", "desk.rescue.kept", "desk.rescue.after"])
def test_a_rescue_that_was_cut_off_is_repeated_and_the_old_files_stay(worked: WorkingDesk, moment: str) -> None:
    unsent = worked.act(worked.resident("样四"))
    worked.sealed_log.close()
    worked.engine.dispose()
    old = (worked.folder / DATABASE_NAME).read_bytes()

    def cut(name: str) -> None:
        if name == moment:
            raise PowerCut

    crashpoints.install(cut)
    try:
        with pytest.raises(PowerCut):
            rescue(worked.folder, worked.signed_in.secrets, worked.clock.now())
    finally:
        crashpoints.install(None)
    report = rescue(worked.folder, worked.signed_in.secrets, worked.clock.now() + timedelta(minutes=1))
    assert (report.found_in_both, report.sent, report.is_whole) == ((unsent.sequence,), 3, True)
    assert any(path.read_bytes() == old for path in worked.folder.glob(f"before-rescue-*/{DATABASE_NAME}"))
    assert not list(worked.folder.glob("*.part"))


def test_a_desk_of_which_nothing_is_left_is_told_to_enrol_anew_and_keeps_its_files(worked: WorkingDesk) -> None:
    worked.sealed_log.close()
    worked.engine.dispose()
    for path in (*worked.folder.glob(f"{DATABASE_NAME}*"), *worked.sealed_log.paths()):
        path.write_bytes(os.urandom(path.stat().st_size))
    before = sorted(worked.folder.iterdir())
    with pytest.raises(UserError, match="读不出"):
        rescue(worked.folder, worked.signed_in.secrets, worked.clock.now())
    assert sorted(worked.folder.iterdir()) == before


def test_a_number_that_a_rescued_act_bears_is_never_given_out_again(worked: WorkingDesk) -> None:
    with desk_work(worked.engine, worked.enrolment.identity, worked.clerk, worked.clock.now()) as work:
        resident = worked.resident("样四")
        work.put(resident)
        given = work.next_number(2026)
        work.put(a_case(worked, resident, given))
        work.record("registration.accept", resident)
    worked.sealed_log.close()
    worked.engine.dispose()
    for path in worked.folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    report = rescue(worked.folder, worked.signed_in.secrets, worked.clock.now())
    assert report.has_numbers
    signed_in = sign_in(worked.folder, worked.vault, worked.clerk.login, PASSWORD, worked.clock.now())
    try:
        with writing(signed_in.engine) as connection:
            following = DeskWork(connection, worked.enrolment.identity, worked.clerk, worked.clock.now()).next_number(2026)
    finally:
        signed_in.engine.dispose()
    assert int(following[-7:]) == int(given[-7:]) + 1


def rescued_alone(desk: SealedDesk) -> list[Action]:
    """Close, rescue, open again; the acts that wait for the centre."""
    desk.close()
    rescue(desk.folder, SECRETS, desk.clock.now())
    desk.open()
    with reading(desk.engine) as connection:
        return next_actions(connection, 100)


def leave_an_act_in_the_log_alone(desk: SealedDesk) -> None:
    """A power cut before the COMMIT; then the desk goes on."""

    def cut(name: str) -> None:
        if name == "desk.commit.before":
            raise PowerCut

    crashpoints.install(cut)
    try:
        with pytest.raises(PowerCut):
            desk.act("没有人知道")
    finally:
        crashpoints.install(None)
    desk.close()
    desk.open()


def test_without_the_database_the_last_act_of_a_place_in_the_log_counts(sealed_desk: SealedDesk) -> None:
    first = sealed_desk.act()
    leave_an_act_in_the_log_alone(sealed_desk)
    told = sealed_desk.act("样二")
    sealed_desk.close()
    for path in sealed_desk.folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    assert rescued_alone(sealed_desk) == [first, told]


def test_an_act_that_nobody_was_told_of_does_not_displace_the_one_in_the_database(sealed_desk: SealedDesk) -> None:
    first = sealed_desk.act()
    leave_an_act_in_the_log_alone(sealed_desk)
    told = sealed_desk.act("样二")
    sealed_desk.log.paths()[-1].unlink()
    assert rescued_alone(sealed_desk) == [first, told]


def test_an_act_that_moved_behind_others_is_rescued_once_and_in_its_later_place(sealed_desk: SealedDesk) -> None:
    act = sealed_desk.act()
    of_the_centre = sealed(replace(act, id=new_id()))
    kept = KeptAct(action=of_the_centre, answer=Answer(action_id=of_the_centre.id, outcome=Outcome.ACCEPTED))
    with writing(sealed_desk.engine) as connection:
        take_back(connection, [kept], 1, of_the_centre.hash, sealed_desk.clock.now())
    tend(sealed_desk.engine)
    sealed_desk.close()
    for path in sealed_desk.folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    (moved,) = rescued_alone(sealed_desk)
    assert (moved.id, moved.sequence) == (act.id, 2)


def test_a_rescue_that_died_before_its_last_step_does_not_cost_what_was_done_since(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()
    rescued_alone(sealed_desk)
    (kept,) = sealed_desk.folder.glob("before-rescue-*")
    kept.rename(kept.with_name(f"{kept.name}.part"))
    draft = dict.fromkeys(("clerk_id", "item_code", "situation_code", "title"), "样")
    with writing(sealed_desk.engine) as connection:
        row = {**draft, "id": "draft-1", "answers": {}, "attachments": [], "saved_at": sealed_desk.clock.now()}
        connection.execute(sa.insert(tables.draft).values(row))
    sealed_desk.close()
    report = rescue(sealed_desk.folder, SECRETS, sealed_desk.clock.now() + timedelta(minutes=1))
    sealed_desk.open()
    assert report.drafts == 1
    assert len(list(sealed_desk.folder.glob(f"before-rescue-*/{DATABASE_NAME}"))) == 2
    assert not list(sealed_desk.folder.glob("*.part"))


def test_where_the_end_of_the_log_is_torn_no_number_is_given_out_before_the_centre_was_asked(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()
    (path,) = sealed_desk.log.paths()
    sealed_desk.close()
    os.truncate(path, path.stat().st_size - 40)
    for database in sealed_desk.folder.glob(f"{DATABASE_NAME}*"):
        database.unlink()
    report = rescue(sealed_desk.folder, SECRETS, sealed_desk.clock.now())
    sealed_desk.open()
    assert not report.has_numbers
    with reading(sealed_desk.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.number_block)).scalar() == 0


def a_case(desk: WorkingDesk, resident: Resident, number: str) -> Case:
    return Case(
        id=f"case-{number}",
        number=number,
        item_code="residence_registration",
        situation_code="new",
        resident_id=resident.id,
        applicant_name=resident.name,
        state=CaseState.DECIDED,
        step_code="accept",
        accepted_at=desk.clock.now(),
        accepted_by=desk.clerk.id,
        station_code=desk.clerk.station_code,
    )
