"""The thread that keeps contact beside the window."""

from queue import Queue

from nbcase.store.desk_database import writing
from nbcase.store.station_load import Load, begin_load, note_progress
from nbcase.sync.loop import SyncLoop, SyncThread
from nbcase.sync.status import SyncStatus
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk

PATIENCE_S = 30


def test_it_makes_contact_at_once_wakes_for_work_and_tells_its_listeners(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    told: Queue[SyncStatus] = Queue()
    thread = SyncThread(desk.loop)
    assert (thread.latest.is_online, thread.latest.contact_at) == (False, None)
    thread.listen(told.put)
    thread.start()
    first = told.get(timeout=PATIENCE_S)
    assert (first.is_online, first.sent) == (True, 0)
    desk.act(desk.resident())
    thread.wake()
    second = told.get(timeout=PATIENCE_S)
    assert (second.sent, second.is_equal) == (1, True)
    thread.stop()
    assert thread.latest == second


def test_while_a_station_comes_in_it_tells_how_far_once_a_second(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    seconds = [100.0]
    thread = SyncThread(SyncLoop(desk.contact, monotonic=lambda: seconds[0]))
    told: list[SyncStatus] = []
    thread.listen(told.append)
    with writing(desk.engine) as connection:
        begin_load(connection, 50_000)
        note_progress(connection, Load(done=2_000, total=50_000))
    for seconds[0] in (100.0, 100.5, 101.0):
        desk.contact.on_page()
    assert [status.loading for status in told] == [Load(done=2_000, total=50_000)] * 2
    assert thread.latest == told[-1]
    assert thread.latest.is_online


def test_a_fault_of_the_program_is_shown_and_does_not_end_all_contact(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    faults = iter([True])

    def fault(stage: str) -> None:
        if next(faults, False):
            raise ZeroDivisionError

    told: Queue[SyncStatus] = Queue()
    thread = SyncThread(SyncLoop(desk.contact, before_stage=fault, uniform=lambda low, high: high))
    thread.listen(told.put)
    thread.start()
    broken = told.get(timeout=PATIENCE_S)
    assert broken.problem is not None
    assert broken.problem.what == "同步程序出错。"
    thread.wake()
    assert told.get(timeout=PATIENCE_S).problem is None
    thread.stop()


def test_work_made_while_the_centre_is_away_goes_up_when_it_is_back(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    told: Queue[SyncStatus] = Queue()
    thread = SyncThread(desk.loop)
    thread.listen(told.put)
    desk.client.url = "http://127.0.0.1:9"
    thread.start()
    assert told.get(timeout=PATIENCE_S).is_online is False
    desk.act(desk.resident())
    desk.client.url = centre.url
    thread.wake()
    assert told.get(timeout=PATIENCE_S).confirmed == 1
    thread.stop()
