"""Files between desk and centre over lines that break: each arrives whole, once, and goes on where it was cut."""

import hashlib
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain.document import Attachment
from nbcase.domain.errors import NotAllowed, Offline, UserError
from nbcase.server.centre import open_centre
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import CHUNK, file_bytes, keep_file, note_at_centre
from nbcase.store.outbox import waiting_attachments
from nbcase.sync import files
from nbcase.sync.client import Line, Reply
from nbcase.sync.files import MOST_TRIES, Fetcher, send_file, send_files
from tests.parts.centres import RunningCentre, seed_people
from tests.parts.desks import MakeDesk, WorkingDesk, open_desk

ROOT = Path(__file__).resolve().parents[2]
BIG = random.Random(3).randbytes(7 * CHUNK + 123)
HASH = hashlib.sha256(BIG).hexdigest()

Deed = Callable[[str, str], str]


class BadLine:
    """A line on which the test says what happens to each request: ``cut``, ``lose`` (the answer), ``twice``, ``forge`` or nothing."""

    def __init__(self, line: Line, deed: Deed) -> None:
        self._line = line
        self._deed = deed
        self.carried: list[tuple[str, str, int]] = []

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        path = url.split("/v1/")[1]
        deed = self._deed(method, path)
        if deed == "cut":
            raise Offline("cut")
        if deed == "forge":
            return Reply(status=204, headers={}, content=b"")
        self.carried.append((method, path, len(body)))
        reply = self._line.carry(method, url, body, headers, answer_s)
        if deed == "twice":  # what a proxy repeats is byte for byte the same
            self._line.carry(method, url, body, headers, answer_s)
        if deed == "lose":
            raise Offline("lost")
        return reply

    def close(self) -> None:
        self._line.close()


def put_in(desk: WorkingDesk, deed: Deed) -> BadLine:
    """Exchange the desk's line for a bad one."""
    line = BadLine(desk.client._line, deed)
    desk.client._line = line
    return line


def kept(desk: WorkingDesk, content: bytes = BIG) -> Attachment:
    """The file in the desk's database."""
    with writing(desk.engine) as connection:
        return keep_file(connection, content, "image/png")


def at_centre(centre: RunningCentre, content_hash: str = HASH) -> bytes | None:
    attachment = tables.centre_metadata.tables["attachment"]
    with centre.centre.engine.begin() as connection:
        row = connection.execute(sa.select(attachment).where(attachment.c.hash == content_hash)).first()
    return b"".join(centre.centre.blobs.read(content_hash)) if row is not None and centre.centre.blobs.has(content_hash) else None


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", CHUNK)


@pytest.mark.parametrize("deed", ["cut", "lose"])
def test_a_line_that_breaks_at_every_request_in_turn_costs_no_piece_twice(centre: RunningCentre, make_desk: MakeDesk, deed: str) -> None:
    desk = make_desk()
    kept(desk)
    good = 0
    line = put_in(desk, lambda method, path: "")
    for allowed in range(1, 40):
        passed = 0

        def break_after(method: str, path: str, allowed: int = allowed) -> str:
            nonlocal passed
            passed += 1
            return deed if passed == allowed and allowed < 20 else ""

        line._deed = break_after
        try:
            send_file(desk.engine, desk.client, HASH)
        except Offline:
            continue
        good += 1
        break
    assert good == 1
    assert at_centre(centre) == BIG
    pieces = [size for method, _, size in line.carried if method == "PATCH"]
    assert sum(pieces) == len(BIG), "each byte went over the line once"


def test_what_the_line_repeats_is_taken_once(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk()
    kept(desk)
    put_in(desk, lambda method, path: "twice")
    send_file(desk.engine, desk.client, HASH)
    assert at_centre(centre) == BIG


def test_a_desk_that_forgot_everything_is_told_where_to_go_on(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk()
    kept(desk)
    count = iter(range(100))
    line = put_in(desk, lambda method, path: "cut" if next(count) == 4 else "")
    with pytest.raises(Offline):
        send_file(desk.engine, desk.client, HASH)
    line.carried.clear()
    send_file(desk.engine, desk.client, HASH)
    assert [method for method, _, _ in line.carried] == ["POST", *["PATCH"] * 5]
    assert at_centre(centre) == BIG


def test_an_empty_answer_of_some_network_is_not_taken_for_the_centres(make_desk: MakeDesk) -> None:
    desk = make_desk()
    kept(desk)
    put_in(desk, lambda method, path: "forge" if method == "PATCH" else "")
    with pytest.raises(Offline, match="不是中心的回应"):
        send_file(desk.engine, desk.client, HASH)


def test_a_centre_that_never_gets_on_is_given_up_for_now(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk()
    kept(desk)
    monkeypatch.setattr(
        files, "_piece_headers", lambda digest: {"Content-Type": files.PIECE_TYPE, "Upload-Checksum": "sha256 " + "A" * 43 + "="}
    )
    line = put_in(desk, lambda method, path: "")
    with pytest.raises(UserError):
        send_file(desk.engine, desk.client, HASH)
    assert len(line.carried) <= 1 + MOST_TRIES


def test_files_of_waiting_acts_are_asked_for_at_once_and_sent_if_the_centre_lacks_them(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk(), make_desk("qian")
    common, own = b"the same paper", b"another paper"
    first.act(first.resident(), files=(common,))
    assert first.sync().problem is None
    second.act(second.resident(), files=(common, own))
    line = put_in(second, lambda method, path: "")
    assert second.sync().problem is None
    assert [(method, path) for method, path, _ in line.carried if path.startswith(("att", "upl"))] == [
        ("POST", "attachments/known"),
        ("POST", "uploads"),
    ]
    assert at_centre(centre, hashlib.sha256(own).hexdigest()) == own
    with reading(second.engine) as connection:
        assert waiting_attachments(connection) == []


def test_a_damaged_file_is_named_in_words_and_holds_up_no_other(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.act(desk.resident(), files=(BIG, b"paper"))
    chunk = tables.attachment_chunk
    with writing(desk.engine) as connection:
        connection.execute(sa.update(chunk).where(chunk.c.ordinal == 3).values(content=bytes(CHUNK)))
    with pytest.raises(UserError, match="本机的一份附件已损坏"):
        send_files(desk.engine, desk.client)
    assert at_centre(centre) is None
    assert at_centre(centre, hashlib.sha256(b"paper").hexdigest()) == b"paper"


def test_a_file_that_the_push_misses_is_sent_again_even_when_the_desk_believed_it_there(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.act(desk.resident(), files=(BIG,))
    with writing(desk.engine) as connection:
        note_at_centre(connection, [HASH])
    status = desk.sync()
    assert (status.waiting, status.problem) == (0, None)
    assert at_centre(centre) == BIG


@pytest.fixture
def sent(make_desk: MakeDesk) -> WorkingDesk:
    """A desk that has sent a person with a large scan as the photo."""
    desk = make_desk()
    desk.act(desk.resident(photo_hash=HASH), files=(BIG,))
    assert desk.sync().problem is None
    return desk


def here(desk: WorkingDesk) -> bytes | None:
    with reading(desk.engine) as connection:
        return file_bytes(connection, HASH)


@pytest.mark.parametrize("deed", ["cut", "lose"])
def test_a_file_of_another_desk_comes_down_over_a_line_that_breaks_each_time(sent: WorkingDesk, make_desk: MakeDesk, deed: str) -> None:
    colleague = make_desk("qian")
    line = put_in(colleague, lambda method, path: "")
    tries = 0
    while here(colleague) is None:
        passed = 0

        def break_third(method: str, path: str) -> str:
            nonlocal passed
            passed += path.startswith("attachments")
            return deed if passed == 3 else ""

        line._deed = break_third
        tries += 1
        try:
            Fetcher(colleague.engine, colleague.client).fetch(HASH)
        except Offline:
            assert here(colleague) is None
    assert here(colleague) == BIG
    assert tries == 4
    with reading(colleague.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.attachment_incoming)).scalar() == 0
    line.carried.clear()
    Fetcher(colleague.engine, colleague.client).fetch(HASH)
    assert line.carried == [], "what is here is not fetched"


def test_a_desk_that_died_between_the_last_piece_and_the_check_has_the_file_without_asking(
    sent: WorkingDesk, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague = make_desk("qian")
    line = put_in(colleague, lambda method, path: "")

    def die(*anything: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("nbcase.store.desk_files.is_incoming_right", die)
        with pytest.raises(KeyboardInterrupt):
            Fetcher(colleague.engine, colleague.client).fetch(HASH)
    assert here(colleague) is None
    line.carried.clear()
    Fetcher(colleague.engine, colleague.client).fetch(HASH)
    assert (here(colleague), line.carried) == (BIG, [])


def test_wrong_content_from_the_line_is_thrown_away(sent: WorkingDesk, make_desk: MakeDesk) -> None:
    colleague = make_desk("qian")
    real = colleague.client._line

    class Liar(BadLine):
        def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
            reply = super().carry(method, url, body, headers, answer_s)
            if reply.status != 206:
                return reply
            return Reply(status=206, headers=reply.headers, content=reply.content[:-1] + bytes([reply.content[-1] ^ 1]))

    colleague.client._line = Liar(real, lambda method, path: "")
    with pytest.raises(UserError, match="与校验值不符"):
        Fetcher(colleague.engine, colleague.client).fetch(HASH)
    assert here(colleague) is None
    colleague.client._line = real
    Fetcher(colleague.engine, colleague.client).fetch(HASH)
    assert here(colleague) == BIG


def test_another_stations_file_is_refused_in_words(sent: WorkingDesk, make_desk: MakeDesk) -> None:
    stranger = make_desk("sun")
    with pytest.raises(NotAllowed, match="本受理点没有用到"):
        Fetcher(stranger.engine, stranger.client).fetch(HASH)


SERVE = """
import os, signal, sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from nbcase.domain import crashpoints
from nbcase.domain.clock import SetClock
from nbcase.server.serve import serve
moment, passing, passed = sys.argv[4], int(sys.argv[5]), count(1)
def ready(url):
    crashpoints.install(lambda name: name == moment and next(passed) == passing and os.kill(os.getpid(), signal.SIGKILL))
    print(url, flush=True)
clock = SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
serve(sys.argv[1], Path(sys.argv[2]), port=int(sys.argv[3]), clock=clock, ready=ready)
"""

Start = Callable[[int, str, int], tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start(centre_database: str, tmp_path: Path) -> Iterator[Start]:
    """``start(port, moment, n)`` runs a centre that kills itself when it passes that crash point for the n-th time."""
    processes: list[subprocess.Popen[str]] = []

    def run(port: int, moment: str, passing: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", SERVE, centre_database, str(tmp_path / "centre"), str(port), moment, str(passing)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_centre_that_is_killed_again_and_again_gets_the_file_piece_by_piece(
    centre_database: str, tmp_path: Path, start: Start, clock: object
) -> None:
    direct = open_centre(centre_database, tmp_path / "centre")
    seed_people(direct)
    process, url = start(0, "never", 1)
    running = RunningCentre(direct, None, url, clock)  # type: ignore[arg-type]
    desk = open_desk(running, tmp_path / "desk", "li", clock)  # type: ignore[arg-type]
    desk.act(desk.resident(), files=(BIG,))
    process.send_signal(signal.SIGKILL)
    process.wait()
    deaths = 0
    for moment, passing in (("centre.file.before", 3), ("centre.file.after", 3), ("centre.file.before", 5), ("centre.commit.after", 9)):
        process, _ = start(int(url.rsplit(":", 1)[1]), moment, passing)
        if not desk.sync().is_online:
            deaths += process.wait(30) == -signal.SIGKILL
        process.kill()
        process.wait()
    assert deaths >= 3
    process, _ = start(int(url.rsplit(":", 1)[1]), "never", 1)
    status = desk.sync()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 1, True)
    assert at_centre(running) == BIG
    assert list((tmp_path / "centre" / "uploads" / desk.enrolment.identity.desk_id).iterdir()) == []
    desk.client.close()
    desk.sealed_log.close()
    desk.engine.dispose()
    direct.close()
