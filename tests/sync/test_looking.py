"""When a desk makes contact: by its own count of seconds, for news, for a new network, at the centre's appointment."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Queue

import msgspec
import pytest

from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Offline
from nbcase.operations.messages import Trouble
from nbcase.server.pulse import Board
from nbcase.sync.client import CentreClient, HttpLine, Line, Reply
from nbcase.sync.loop import QUIET_S, WHOLE_S, SyncLoop, SyncThread, appointment_wait
from nbcase.sync.network import addresses
from nbcase.sync.status import SyncStatus
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

PATIENCE_S = 30


@dataclass
class Seconds:
    """A monotonic clock that a test moves."""

    at: float = 1000.0

    def now(self) -> float:
        return self.at


@dataclass
class ListeningLine:
    """The real line, with a note of what went over it; `busy` times it answers acts as a centre with too much work."""

    line: Line = field(default_factory=HttpLine)
    asked: list[str] = field(default_factory=list)
    busy: int = 0
    is_cut: bool = False

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        target = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
        self.asked.append(target)
        if self.is_cut:
            raise Offline("连不上中心。")
        if self.busy and target == "/v1/actions":
            self.busy -= 1
            trouble = msgspec.json.encode(Trouble(what="忙", code="busy"))
            return Reply(status=503, headers={"content-type": "application/json", "retry-after": "7"}, content=trouble)
        return self.line.carry(method, url, body, headers, answer_s)

    def close(self) -> None:
        self.line.close()


@dataclass
class Watched:
    """A desk whose line and seconds the test holds."""

    desk: WorkingDesk
    line: ListeningLine
    seconds: Seconds
    loop: SyncLoop

    def asked(self) -> list[str]:
        """What was asked since the last time."""
        found, self.line.asked = self.line.asked, []
        return found


@pytest.fixture
def watched(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, centre: RunningCentre) -> Watched:
    desk, line, seconds = make_desk("li"), ListeningLine(), Seconds()
    monkeypatch.setattr(desk.client, "_line", line)
    loop = SyncLoop(desk.contact, monotonic=seconds.now, uniform=lambda low, high: high)
    return Watched(desk, line, seconds, loop)


def patiently(what: str) -> Iterator[None]:
    """Turns of a loop while the centre's board, which looks once a second, may still not know; then fails with `what`."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        yield
    raise AssertionError(what)


def _settled(watched: Watched) -> None:
    """The desk is in contact, and the centre's board knows it."""
    assert watched.loop.run_once().problem is None
    for _ in patiently("the centre always says that there is news"):
        if watched.loop.look().problem is None and watched.asked()[-1:] == ["/v1/pulse"]:
            return
        watched.seconds.at += QUIET_S


def test_a_quiet_desk_asks_one_question_until_there_is_news(watched: Watched, make_desk: MakeDesk) -> None:
    _settled(watched)
    status = watched.loop.look()
    assert watched.asked() == ["/v1/pulse"]
    assert (status.is_online, status.problem) == (True, None)
    colleague = make_desk("li")
    made = colleague.resident()
    colleague.act(made)
    colleague.sync()
    for _ in patiently("the news did not come"):
        watched.loop.look()
        if watched.desk.get(type(made), made.id) is not None:
            return


def test_an_act_that_waits_or_ten_minutes_make_whole_contact(watched: Watched) -> None:
    _settled(watched)
    watched.desk.act(watched.desk.resident())
    assert watched.loop.look().waiting == 0
    assert "/v1/actions" in watched.asked()
    _settled(watched)
    watched.seconds.at += WHOLE_S + 1
    watched.loop.look()
    assert watched.asked()[0] == "/v1/hello"


def test_the_time_of_the_last_answer_goes_on_while_nothing_is_new(watched: Watched, clock: SetClock) -> None:
    _settled(watched)
    clock.advance(timedelta(seconds=15))
    assert watched.loop.look().contact_at == clock.now()


def test_a_pulse_that_fails_says_why_by_whole_contact(watched: Watched) -> None:
    _settled(watched)
    watched.line.is_cut = True
    status = watched.loop.look()
    assert status.problem is not None
    assert (status.is_online, status.problem.what) == (False, "连不上中心。")


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_jumps_a_day_neither_stops_nor_hurries_the_loop(watched: Watched, days: int) -> None:
    desk_clock = SetClock(watched.desk.clock.now())
    watched.desk.contact.clock = desk_clock
    watched.loop.run_once()
    before = watched.loop.wait_s()
    desk_clock.advance(timedelta(days=days))
    assert watched.loop.wait_s() == before
    watched.seconds.at += before
    assert watched.loop.wait_s() == 0


def test_a_clock_that_is_off_stands_in_the_status_and_a_corrected_one_does_not(watched: Watched, clock: SetClock) -> None:
    desk_clock = SetClock(clock.now() - timedelta(minutes=42))
    watched.desk.contact.clock = watched.desk.client._clock = desk_clock
    notice = watched.loop.run_once().clock_notice
    assert notice is not None
    assert notice.what == "本机时钟比中心慢 42 分钟。"
    desk_clock.at = clock.now()
    assert watched.loop.look().clock_notice is None


def test_a_desk_that_is_put_off_comes_at_the_appointment_and_goes_on_where_it_was(watched: Watched) -> None:
    watched.desk.act(watched.desk.resident())
    watched.line.busy = 1
    status = watched.loop.run_once()
    assert (status.problem, status.is_online, status.is_queued) == (None, True, True)
    assert watched.loop.wait_s() == appointment_wait(7.0, lambda low, high: high) > 7
    watched.asked()
    watched.seconds.at += watched.loop.wait_s()
    status = watched.loop.look()
    assert watched.asked()[0] == "/v1/actions"
    assert (status.waiting, status.confirmed, status.is_queued) == (0, 1, False)


def test_appointments_are_never_early_and_spread_over_at_least_a_second() -> None:
    assert appointment_wait(8.0, lambda low, high: low) == 8.0
    assert appointment_wait(8.0, lambda low, high: high) == 10.0
    assert appointment_wait(0.0, lambda low, high: high) == 1.0


def test_another_network_wakes_a_desk_that_is_offline(watched: Watched) -> None:
    networks = iter([1, 1, 1])
    told: Queue[SyncStatus] = Queue()
    watched.line.is_cut = True

    def network() -> int:
        found = next(networks, 2)
        watched.line.is_cut = found == 1
        return found

    thread = SyncThread(watched.loop, network=network, watch_s=0.01)
    thread.listen(told.put)
    thread.start()
    assert not told.get(timeout=PATIENCE_S).is_online
    # The loop's own seconds stand still: nothing but the network can have woken it.
    assert told.get(timeout=PATIENCE_S).is_online
    thread.stop()


def test_this_computer_has_addresses() -> None:
    assert addresses() == addresses() != frozenset()


def test_a_system_that_does_not_tell_its_addresses_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError

    monkeypatch.setattr("psutil.net_if_addrs", refuse)
    assert addresses() == frozenset()


def test_a_clerks_search_does_not_wait_behind_the_thread_that_uploads(
    centre: RunningCentre, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, line, entered, go_on = make_desk("li"), ListeningLine(), Queue[None](), Queue[None]()
    carry = line.carry

    def slow(method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        if url.endswith("/v1/hello"):
            entered.put(None)
            go_on.get(timeout=PATIENCE_S)
        return carry(method, url, body, headers, answer_s)

    monkeypatch.setattr(line, "carry", slow)
    monkeypatch.setattr(desk.client, "_line", line)
    thread = SyncThread(SyncLoop(desk.contact))
    thread.start()
    entered.get(timeout=PATIENCE_S)
    assert desk.client.find_residents(document_kind="", document_number="", name="谁", birth_on=None) == []
    go_on.put(None)
    thread.stop()


def test_a_centre_with_another_key_makes_the_desk_begin_anew(watched: Watched, centre: RunningCentre) -> None:
    _settled(watched)
    client: CentreClient = watched.desk.client
    client._pulse_key = bytes.fromhex(Board(centre.centre).key("another desk"))
    assert client.has_news(cursor="0.0.0", sequence=0)
