"""The sealed log beside the database: what is in both, what a crash, a full disk or a spoilt file leaves."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.crypto.sealed_file import Kind
from nbcase.domain import crashpoints
from nbcase.domain.errors import UserError
from nbcase.operations.seal import tend
from nbcase.store import sealed_log, tables
from nbcase.store.desk_database import reading
from tests.parts.sealing import SealedDesk, acts_in, read_frames, sealed_desk

__all__ = ["sealed_desk"]

PICTURE = b"\x89PNG" + bytes(range(256)) * 2000


@pytest.fixture(autouse=True)
def _no_crash_stays() -> Iterator[None]:
    yield
    crashpoints.install(None)


def outbox_size(desk: SealedDesk) -> int:
    with reading(desk.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.outbox)).scalar_one()


def test_every_act_is_in_the_log_with_its_files_for_the_centre_alone(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(), sealed_desk.act("样二", PICTURE)]
    assert sealed_desk.sealed() == acts
    (path,) = sealed_desk.log.paths()
    content = b"".join(frame.plain for frame in read_frames(path) if frame.kind is Kind.CHUNK)
    assert content == PICTURE
    assert "样二".encode() not in path.read_bytes()
    assert PICTURE[:64] not in path.read_bytes()


def test_a_file_is_sealed_once(sealed_desk: SealedDesk) -> None:
    sealed_desk.act("样一", PICTURE)
    sealed_desk.act("样二", PICTURE)
    kinds = [frame.kind for path in sealed_desk.log.paths() for frame in read_frames(path)]
    assert kinds.count(Kind.FILE) == 1


def fail_to_commit(name: str) -> None:
    if name == "desk.commit.before":
        raise OSError("the disk is gone")


def fail_to_sync(descriptor: int) -> None:
    raise OSError(5, "Input/output error")


def test_an_act_that_fails_leaves_nothing_in_the_log(sealed_desk: SealedDesk) -> None:
    first = sealed_desk.act()
    crashpoints.install(fail_to_commit)
    with pytest.raises(OSError, match="gone"):
        sealed_desk.act("样二", PICTURE)
    crashpoints.install(None)
    again = sealed_desk.act("样三", PICTURE)
    assert again.sequence == 2
    assert sealed_desk.sealed() == [first, again]


class PowerCut(BaseException):
    """Ends the act without any of the cleaning up that a program does."""


def test_what_only_the_log_has_after_a_power_cut_is_superseded_by_the_next_act(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()

    def cut(name: str) -> None:
        if name == "desk.commit.before":
            raise PowerCut

    crashpoints.install(cut)
    with pytest.raises(PowerCut):
        sealed_desk.act("没有人知道")
    crashpoints.install(None)
    sealed_desk.close()
    sealed_desk.open()
    last = sealed_desk.act("样二")
    sealed = sealed_desk.sealed()
    assert [action.sequence for action in sealed] == [1, 2, 2]
    assert sealed[-1] == last


def test_what_only_the_database_has_is_appended_at_the_next_start(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(), sealed_desk.act("样二", PICTURE)]
    sealed_desk.close()
    for path in sealed_desk.log.paths():
        path.unlink()
    sealed_desk.open()
    assert sealed_desk.sealed() == acts


def test_a_torn_tail_is_completed_at_the_next_start(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(), sealed_desk.act("样二")]
    sealed_desk.close()
    (path,) = sealed_desk.log.paths()
    os.truncate(path, path.stat().st_size - 40)
    sealed_desk.open()
    _, new = sealed_desk.log.paths()
    assert acts_in(new)[-1] == acts[1]


def test_a_spoilt_segment_is_replaced_by_a_whole_one(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(), sealed_desk.act("样二")]
    sealed_desk.close()
    (path,) = sealed_desk.log.paths()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    sealed_desk.open()
    _, new = sealed_desk.log.paths()
    assert acts_in(new) == acts


def test_a_closed_segment_goes_when_the_centre_has_signed_for_it(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()
    sealed_desk.close()
    sealed_desk.open()
    sealed_desk.act("样二")
    old, new = sealed_desk.log.paths()
    sealed_desk.answer(1, is_signed=False)
    tend(sealed_desk.engine)
    assert old.exists()
    sealed_desk.answer(1)
    tend(sealed_desk.engine)
    assert sealed_desk.log.paths() == [new]
    assert not old.exists()


def test_the_newest_acts_stay_though_the_centre_has_them_so_that_the_chain_is_known(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()
    sealed_desk.close()
    sealed_desk.open()
    sealed_desk.answer(1)
    tend(sealed_desk.engine)
    assert len(sealed_desk.log.paths()) == 1


def test_acts_that_are_to_be_sent_again_come_back_into_the_log(sealed_desk: SealedDesk) -> None:
    act = sealed_desk.act("样一", PICTURE)
    sealed_desk.close()
    sealed_desk.log.paths()[0].unlink()
    sealed_desk.open()
    with sealed_desk.engine.begin() as connection:
        connection.execute(sa.update(tables.outbox).values(outcome=None))
    tend(sealed_desk.engine)
    assert sealed_desk.sealed()[-1] == act


def test_a_full_segment_is_followed_by_another(sealed_desk: SealedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_log, "FULL", 1000)
    acts = [sealed_desk.act(f"样{number}") for number in range(4)]
    assert len(sealed_desk.log.paths()) > 1
    assert sealed_desk.sealed() == acts


def test_a_sync_that_fails_leaves_the_act_standing_says_so_and_is_made_up_for(
    sealed_desk: SealedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sealed_desk.act()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail_to_sync)
        second = sealed_desk.act("样二")
    assert "Input/output error" in sealed_desk.log.state.problem
    assert outbox_size(sealed_desk) == 2
    third = sealed_desk.act("样三")
    assert not sealed_desk.log.state.problem
    assert acts_in(sealed_desk.log.paths()[-1]) == [first, second, third]


def test_a_sync_that_fails_together_with_its_act_is_made_up_for(sealed_desk: SealedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sealed_desk.act()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail_to_sync)
        crashpoints.install(fail_to_commit)
        with pytest.raises(OSError, match="gone"):
            sealed_desk.act("样二")
    crashpoints.install(None)
    assert sealed_desk.log.state.problem
    second = sealed_desk.act("样三")
    assert acts_in(sealed_desk.log.paths()[-1]) == [first, second]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="limits on file sizes")
def test_a_full_disk_refuses_the_act_as_a_whole_in_words(sealed_desk: SealedDesk, tmp_path: Path) -> None:
    first = sealed_desk.act()
    (path,) = sealed_desk.log.paths()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((4 << 20) + 100, hard))
    try:
        with pytest.raises(UserError, match="磁盘"):
            sealed_desk.act("样二", os.urandom(3 << 20), os.urandom(3 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert outbox_size(sealed_desk) == 1
    second = sealed_desk.act("样三")
    assert sealed_desk.sealed() == [first, second]
    assert path.exists()
