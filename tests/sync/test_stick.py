"""Unsent work on a stick: exported at a desk without a line, imported at another one or at the centre, twice, torn, edited."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain import crashpoints
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.operations.desk import Desk
from nbcase.operations.enrol import retire
from nbcase.operations.messages import SealedReceipt
from nbcase.operations.seal import copy_log, export_sealed
from nbcase.operations.sealed_import import take_in_sealed
from nbcase.store import tables
from nbcase.sync.sealed import import_sealed
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

PICTURE = b"\x89PNG" + os.urandom(700_000)


def exported(desk: WorkingDesk, target: Path) -> Path:
    at_work = Desk(engine=desk.engine, identity=desk.enrolment.identity, station=None, clock=desk.clock, calendar=None, items=None)  # type: ignore[arg-type]
    return export_sealed(at_work, target).path


def bring(desk: WorkingDesk, path: Path) -> SealedReceipt:
    return import_sealed(desk.client, path, desk.enrolment.centre_public_key)


def at_centre(centre: RunningCentre, desk: WorkingDesk) -> list[str]:
    action = tables.centre_action
    with centre.centre.engine.begin() as connection:
        query = sa.select(action.c.hash).where(action.c.desk_id == desk.enrolment.identity.desk_id).order_by(action.c.sequence)
        return list(connection.execute(query).scalars())


@pytest.fixture
def offline(make_desk: MakeDesk) -> WorkingDesk:
    """A desk with one act sent and three not, one of them with a picture."""
    desk = make_desk("li")
    desk.act(desk.resident("样一"))
    assert desk.sync().is_equal
    desk.act(desk.resident("样二"))
    desk.act(desk.resident("样三"), files=(PICTURE,))
    desk.act(desk.resident("样四"))
    return desk


def test_another_desk_brings_the_work_and_the_first_gets_its_answers_by_itself(
    centre: RunningCentre, make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path
) -> None:
    path = exported(offline, tmp_path)
    other = make_desk("sun")
    receipt = bring(other, path)
    assert (receipt.count, receipt.known, receipt.files, receipt.left, receipt.notices) == (3, 0, 1, 0, [])
    assert receipt.outcomes == {"accepted": 3}
    assert len(at_centre(centre, offline)) == 4
    again = bring(other, path)
    assert (again.count, again.known, again.digest) == (3, 3, receipt.digest)
    assert len(at_centre(centre, offline)) == 4
    status = offline.sync()
    assert status.problem is None
    assert status.is_equal
    assert (status.sent, status.waiting) == (4, 0)


def test_the_log_itself_is_an_export_too_without_a_password(
    centre: RunningCentre, make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path
) -> None:
    path, size = copy_log(offline.folder, tmp_path)
    assert size == path.stat().st_size
    receipt = bring(make_desk("sun"), path)
    assert (receipt.count, receipt.known, receipt.notices) == (4, 1, [])


def test_the_log_of_a_computer_that_was_another_desk_before_is_of_the_present_one(make_desk: MakeDesk, tmp_path: Path) -> None:
    former = make_desk("sun")
    former.act(former.resident("样一"))
    present = make_desk("li")
    act = present.act(present.resident("样二"))
    for path in former.sealed_log.paths():
        shutil.copy(path, present.sealed_log.paths()[0].parent)
    receipt = bring(former, copy_log(present.folder, tmp_path)[0])
    assert (receipt.desk_id, receipt.count) == (act.desk_id, 1)


class PowerCut(BaseException):
    """Ends an export without any cleaning up."""


@pytest.mark.parametrize(("moment", "files"), [("desk.export.before", 0), ("desk.export.after", 1)])
def test_an_export_that_was_cut_off_is_no_half_file_and_may_be_repeated(
    make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path, moment: str, files: int
) -> None:
    def cut(name: str) -> None:
        if name == moment:
            raise PowerCut

    crashpoints.install(cut)
    try:
        with pytest.raises(PowerCut):
            exported(offline, tmp_path)
    finally:
        crashpoints.install(None)
    assert len(list(tmp_path.glob("*.nbseal"))) == files
    assert bring(make_desk("sun"), exported(offline, tmp_path)).count == 3
    assert len(list(tmp_path.glob("*.nbseal*"))) == 1


def torn(content: bytearray) -> bytes:
    return bytes(content[: len(content) - 100])


def edited(content: bytearray) -> bytes:
    content[len(content) // 2] ^= 1
    return bytes(content)


@pytest.mark.parametrize(("spoil", "word", "count"), [(torn, "末尾", 2), (edited, "损坏", 1)])
def test_a_spoilt_file_is_taken_as_far_as_it_is_whole_and_says_so(
    make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path, spoil: Callable[[bytearray], bytes], word: str, count: int
) -> None:
    path = exported(offline, tmp_path)
    path.write_bytes(spoil(bytearray(path.read_bytes())))
    receipt = bring(make_desk("sun"), path)
    assert receipt.count == count
    assert word in "".join(receipt.notices)
    assert offline.sync().is_equal


def test_what_is_no_sealed_file_or_not_for_this_centre_is_refused_in_words(
    make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path
) -> None:
    other = make_desk("sun")
    (tmp_path / "note.nbseal").write_text("not sealed")
    with pytest.raises(UserError, match="不是密封文件"):
        bring(other, tmp_path / "note.nbseal")
    path = exported(offline, tmp_path)
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match="不是给本中心"):
        bring(other, path)


def test_the_work_of_a_retired_desk_comes_through_an_administrator_only(
    centre: RunningCentre, make_desk: MakeDesk, offline: WorkingDesk, tmp_path: Path
) -> None:
    path = exported(offline, tmp_path)
    opened = centre.centre
    with opened.engine.begin() as connection:
        retire(connection, offline.enrolment.identity.desk_id, centre.clock.now())
    with pytest.raises(NotAllowed, match="停用"):
        bring(make_desk("sun"), path)
    assert len(at_centre(centre, offline)) == 1
    with path.open("rb") as file:
        receipt = take_in_sealed(opened.engine, opened.blobs, opened.key, file, "", centre.clock.now(), by_administrator=True)
    assert receipt.count == 3


def test_nothing_unsent_is_no_export(make_desk: MakeDesk, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="没有未上传"):
        exported(make_desk("li"), tmp_path)
    assert not list(tmp_path.glob("*.nbseal*"))
