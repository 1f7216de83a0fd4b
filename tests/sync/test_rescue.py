"""A desk whose database is gone is rescued and goes on: what was unsent arrives, what was sent comes back."""

import os
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nbcase.domain import crashpoints
from nbcase.domain.case import Case, CaseState
from nbcase.domain.errors import UserError
from nbcase.domain.resident import Resident
from nbcase.operations.rescue import RescueReport, rescue
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import DATABASE_NAME, sign_in
from nbcase.store import tables
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import DeskWork, desk_work
from nbcase.sync.client import CentreClient
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import Contact
from tests.parts.centres import PASSWORD, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

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
