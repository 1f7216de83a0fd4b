"""How much the centre takes on at once, and what the rest is told."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.server.admission import LONGEST_WAIT_S, Gate, Place
from nbcase.server.refusals import Refused


class Hands:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play a story in a loop of its own; whoever waits for ever fails it."""
    asyncio.run(asyncio.wait_for(story(), timeout=20))


async def at_work(gate: Gate, since: float, served: list[float], done: asyncio.Event) -> None:
    """A request that holds its slot until `done`."""
    async with gate.place(since) as place:
        await place.turn()
        served.append(since)
        await done.wait()


def test_no_more_than_its_slots_work_at_a_time_and_the_oldest_goes_first() -> None:
    async def story() -> None:
        gate, served, done = Gate(slots=1, waiting=5), [], asyncio.Event()
        async with gate.place(50.0) as busy:
            await busy.turn()
            tasks = [asyncio.create_task(at_work(gate, since, served, done)) for since in (30.0, 10.0, 20.0)]
            await asyncio.sleep(0)
            assert served == []
        done.set()
        await asyncio.gather(*tasks)
        assert served == [10.0, 20.0, 30.0]

    run(story)


def test_a_full_line_refuses_the_newest_work_at_once_and_says_when_to_come_back() -> None:
    async def story() -> None:
        gate = Gate(slots=1, waiting=1)
        async with gate.place(10.0) as busy, gate.place(20.0):
            await busy.turn()
            with pytest.raises(Refused) as refused:
                gate.place(30.0)
            response = refused.value.response()
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert refused.value.trouble.code == "busy"

    run(story)


def test_older_work_takes_the_place_of_the_newest_in_a_full_line() -> None:
    async def story() -> None:
        gate, served, done = Gate(slots=1, waiting=1), [], asyncio.Event()
        async with gate.place(10.0) as busy:
            await busy.turn()
            newer = asyncio.create_task(at_work(gate, 30.0, served, done))
            await asyncio.sleep(0)
            older = asyncio.create_task(at_work(gate, 20.0, served, done))
            with pytest.raises(Refused):
                await newer
        done.set()
        await older
        assert served == [20.0]

    run(story)


def test_a_slow_body_holds_a_place_in_the_line_but_no_slot() -> None:
    async def story() -> None:
        gate, served, done = Gate(slots=1, waiting=5), [], asyncio.Event()
        async with gate.place(10.0):
            done.set()
            await at_work(gate, 20.0, served, done)
        assert served == [20.0]

    run(story)


def test_a_request_that_breaks_off_gives_its_slot_back() -> None:
    async def story() -> None:
        gate = Gate(slots=1, waiting=0)

        async def break_off() -> None:
            async with gate.place() as place:
                await place.turn()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await break_off()
        async with gate.place() as place:
            await place.turn()

    run(story)


def test_appointments_follow_each_other_as_the_work_takes_and_none_is_beyond_the_longest() -> None:
    async def story() -> None:
        hands = Hands()
        gate = Gate(slots=2, waiting=0, monotonic=hands.now, uniform=lambda low, high: high)
        for _ in range(200):  # each request is seen to take two seconds
            async with gate.place() as place:
                await place.turn()
                hands.at += 2
        waits = []
        async with gate.place() as first, gate.place() as second:
            await first.turn()
            await second.turn()
            for _ in range(100):
                with pytest.raises(Refused) as refused:
                    gate.place()
                waits.append(int(refused.value.response().headers["retry-after"]))
        assert waits[:5] == [1, 2, 3, 4, 4]
        assert waits == sorted(waits)
        assert waits[-1] == LONGEST_WAIT_S

    run(story)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40), st.integers(1, 3), st.integers(0, 4))
def test_whatever_comes_and_goes_no_slot_is_lost_and_none_is_made(steps: list[tuple[int, bool]], slots: int, waiting: int) -> None:
    async def story() -> None:
        gate = Gate(slots=slots, waiting=waiting)
        inside: list[Place] = []
        for since, is_coming in steps:
            if is_coming:
                try:
                    place = gate.place(float(since))
                except Refused:
                    continue
                inside.append(place)
                place.is_ready = True
                gate.serve_next()
            elif inside:
                await inside.pop(since % len(inside)).__aexit__(None, None, None)
            assert sum(place.begun_at is not None for place in inside) <= slots
        for place in inside:
            await place.__aexit__(None, None, None)
        async with asyncio.timeout(5):
            last = [gate.place() for _ in range(slots)]
            for place in last:
                await place.turn()
        for place in last:
            await place.__aexit__(None, None, None)

    run(story)
