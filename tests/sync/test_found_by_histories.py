"""What the histories of `tests.faults` found, each as the shortest story that shows it."""

import hashlib
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain.action import Answer, Outcome
from nbcase.domain.errors import NotAllowed
from nbcase.domain.resident import Resident
from nbcase.server.centre import open_centre
from nbcase.store.centre_database import transaction
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import files_at_centre, note_at_centre
from nbcase.store.desk_work import state
from nbcase.store.file_uses import files_id, noted_files
from nbcase.store.outbox import keep_answers, next_batch
from nbcase.store.replica import LAID_OVER_FROM
from nbcase.sync.stages import pull, push
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk


def test_work_whose_answer_was_lost_and_that_was_pulled_before_it_was_asked_again_shows_what_the_centre_made_of_it(
    make_desk: MakeDesk,
) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = first.resident(phone="13900000000")
    first.act(person)
    first.sync()
    second.sync()
    first.change(person, phone="13911111111")
    second.change(person, phone="13922222222")
    first.sync()
    # The centre takes the act, its answer is lost, and a refusal (here: nobody signed in) lets the next contact only pull.
    with reading(second.engine) as connection:
        batch = next_batch(connection, after=0, limit=10, most_bytes=1 << 20)
    assert batch is not None
    second.client.push(batch.bodies)
    second.client.sign_out()
    with pytest.raises(NotAllowed):
        push(second.contact)
    pull(second.contact)
    shown = second.get(Resident, person.id)
    assert shown is not None
    assert shown.phone == "13922222222", "not answered yet: as the clerk left it"
    second.client.sign_in("qian", second.signed_in.key)
    status = second.sync()
    assert (status.waiting, status.conflicts, status.is_equal) == (0, 1, True)
    shown = second.get(Resident, person.id)
    assert shown is not None
    assert shown.phone == "13911111111", "what stands at the centre, with the conflict beside it"
    with reading(second.engine) as connection:
        assert state(connection, LAID_OVER_FROM) == ""


def test_files_that_a_restored_folder_has_lost_are_brought_again_by_the_desks_that_have_them(
    centre: RunningCentre, centre_database: str, tmp_path: Path, make_desk: MakeDesk
) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(b"kept", b"lost"))
    desk.sync()
    blobs, lost = centre.centre.blobs, hashlib.sha256(b"lost").hexdigest()
    shutil.rmtree(tmp_path / "centre" / "attachments" / lost[:2])
    # A start of the centre finds out.
    open_centre(centre_database, tmp_path / "centre", centre.clock).close()
    with transaction(centre.centre.engine) as connection:
        assert noted_files(connection, [lost]) == {}
        name = files_id(connection)
    assert name
    assert desk.sync().problem is None
    assert b"".join(blobs.read(lost)) == b"lost"
    with transaction(centre.centre.engine) as connection:
        assert noted_files(connection, [lost]).keys() == {lost}
    open_centre(centre_database, tmp_path / "centre", centre.clock).close()
    with transaction(centre.centre.engine) as connection:
        assert files_id(connection) == name, "nothing is missing any more, so nobody is asked again"


def test_files_brought_again_and_lost_once_more_by_a_restore_are_brought_a_second_time(
    centre: RunningCentre, centre_database: str, tmp_path: Path, make_desk: MakeDesk
) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(b"kept", b"lost"))
    desk.sync()
    lost = hashlib.sha256(b"lost").hexdigest()
    folder = tmp_path / "centre" / "attachments" / lost[:2]
    shutil.rmtree(folder)
    open_centre(centre_database, tmp_path / "centre", centre.clock).close()
    assert desk.sync().problem is None
    # Files and database of the moment before that contact: the acts are there, and the centre misses nothing by its own notes.
    shutil.rmtree(folder)
    with transaction(centre.centre.engine) as connection:
        connection.execute(sa.text("DELETE FROM attachment WHERE hash = :hash"), {"hash": lost})
    open_centre(centre_database, tmp_path / "centre", centre.clock).close()
    assert desk.sync().problem is None
    assert b"".join(centre.centre.blobs.read(lost)) == b"lost"


def test_a_file_whose_upload_was_answered_wrongly_counts_as_sent_once_its_act_is_taken(
    centre: RunningCentre, centre_database: str, tmp_path: Path, make_desk: MakeDesk
) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(b"sent",))
    desk.sync()
    sent = hashlib.sha256(b"sent").hexdigest()
    # The line repeated the upload: the centre had the file, and the desk was told of the repeat alone, a refusal.
    with writing(desk.engine) as connection:
        note_at_centre(connection, [sent], is_there=False)
        connection.exec_driver_sql("UPDATE outbox SET outcome = NULL, versions = NULL")
    push(desk.contact)
    with reading(desk.engine) as connection:
        assert files_at_centre(connection) == [sent]
    shutil.rmtree(tmp_path / "centre" / "attachments" / sent[:2])
    open_centre(centre_database, tmp_path / "centre", centre.clock).close()
    assert desk.sync().problem is None
    assert b"".join(centre.centre.blobs.read(sent)) == b"sent"


def test_a_file_of_an_act_that_was_not_taken_does_not_count_as_sent(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    action = desk.act(desk.resident(), files=(b"kept here",))
    answer = Answer(action_id=action.id, outcome=Outcome.QUARANTINED, reason="附件缺失")
    with writing(desk.engine) as connection:
        keep_answers(connection, [answer], desk.clock.now())
        assert files_at_centre(connection) == []
