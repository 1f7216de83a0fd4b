"""Work beside the event loop comes back on it, in order where order matters, and no error is lost."""

import threading
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from ui.tasks import InlineTasks, StallWatch, TaskRunner

Until = Callable[[Callable[[], bool]], None]


def test_the_work_is_done_elsewhere_and_its_result_comes_to_the_event_loop(tasks: TaskRunner, until: Until) -> None:
    seen: list[tuple[int, int]] = []
    tasks.run(threading.get_ident, then=lambda worker: seen.append((worker, threading.get_ident())))
    until(lambda: bool(seen))
    assert seen[0][0] != seen[0][1] == threading.main_thread().ident


def test_writes_are_done_in_the_order_given(tasks: TaskRunner, until: Until) -> None:
    gate = threading.Event()
    done: list[int] = []
    tasks.run_in_order(gate.wait)
    for number in range(50):
        tasks.run_in_order(lambda number=number: done.append(number))
    assert done == []
    gate.set()
    until(lambda: tasks.pending == 0)
    assert done == list(range(50))


def test_a_slow_write_does_not_hold_up_reads(tasks: TaskRunner, until: Until) -> None:
    gate = threading.Event()
    seen: list[str] = []
    tasks.run_in_order(gate.wait)
    tasks.run(lambda: "read", then=seen.append)
    until(lambda: seen == ["read"])
    gate.set()


def test_an_error_goes_to_its_taker(tasks: TaskRunner, until: Until) -> None:
    seen: list[BaseException] = []
    tasks.run(lambda: 1 // 0, otherwise=seen.append)
    until(lambda: bool(seen))
    assert isinstance(seen[0], ZeroDivisionError)


def test_an_error_without_a_taker_goes_to_the_funnel(app: QApplication, until: Until) -> None:
    funnel: list[BaseException] = []
    runner = TaskRunner(funnel.append)
    runner.run(lambda: 1 // 0)
    until(lambda: bool(funnel))
    assert isinstance(funnel[0], ZeroDivisionError)
    assert runner.wait()


def test_a_taker_that_fails_does_not_keep_the_others_waiting(app: QApplication, until: Until) -> None:
    funnel: list[BaseException] = []
    seen: list[int] = []
    runner = TaskRunner(funnel.append)
    runner.run_in_order(lambda: 0, then=lambda zero: seen.append(1 // zero))
    runner.run_in_order(lambda: 2, then=seen.append)
    until(lambda: seen == [2])
    assert isinstance(funnel[0], ZeroDivisionError)
    assert runner.wait()


def test_a_thousand_results_arrive(tasks: TaskRunner, until: Until) -> None:
    seen: list[int] = []
    for number in range(1000):
        tasks.run(lambda number=number: number, then=seen.append)
    until(lambda: len(seen) == 1000)
    assert sorted(seen) == list(range(1000))


def test_inline_tasks_do_the_work_at_once() -> None:
    seen: list[object] = []
    InlineTasks().run(lambda: 3, then=seen.append)
    InlineTasks().run_in_order(lambda: 1 // 0, otherwise=seen.append)
    assert seen[0] == 3
    with pytest.raises(ZeroDivisionError):
        InlineTasks().run(lambda: 1 // 0)


def test_the_stall_watch_sees_a_loop_that_stands_still(app: QApplication) -> None:
    import time

    watch = StallWatch()
    watch.start()
    app.processEvents()
    end = time.perf_counter() + 0.08
    while time.perf_counter() < end:
        pass
    app.processEvents()
    assert 60 < watch.stop() < 1000
