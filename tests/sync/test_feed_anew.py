"""A desk that reads the feed from its start: after a restore of the centre, and when a whole station comes in; killed anywhere."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
import sqlalchemy as sa

from nbcase.domain import crashpoints
from nbcase.domain.resident import Resident
from nbcase.store import replica, station_load, tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import set_state, state
from nbcase.store.search import search
from nbcase.store.shelf import Shelf
from nbcase.sync import pull
from nbcase.sync.pull import index_rest, pull_changes
from tests.parts.desks import MakeDesk, WorkingDesk


class _Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def _until_it_ends(work: Callable[[], None]) -> int:
    """Do the work again and again, killed at its first commit, then at its second …; how often it was killed."""
    for moment in count(1):
        left = [moment]

        def handler(name: str, left: list[int] = left) -> None:
            if name == "desk.commit.before":
                left[0] -= 1
                if left[0] == 0:
                    raise _Killed

        crashpoints.install(handler)
        try:
            work()
        except _Killed:
            continue
        finally:
            crashpoints.install(None)
        return moment - 1
    raise AssertionError


def _lost_time(desk: WorkingDesk, person: Resident) -> None:
    """The desk as a centre that has lost its last hours would find it: a version and a place that are no more."""
    with writing(desk.engine) as connection:
        Shelf(connection).write(replace(person, version=9, phone="19900009999"))
        set_state(connection, "cursor", "999999999.1.1")


def _people(desk: WorkingDesk, number: int) -> list[Resident]:
    people = [desk.resident(f"样{place}") for place in range(number)]
    for person in people:
        desk.act(person)
    desk.sync()
    return people


def test_after_a_restore_the_desk_takes_what_the_centre_has_and_keeps_what_it_has_not_sent(make_desk: MakeDesk) -> None:
    desk, other = make_desk("li"), make_desk("qian")
    person, changed = _people(other, 2)
    desk.sync()
    _lost_time(desk, person)
    desk.client.sign_out()
    desk.change(changed, phone="19900001111")
    assert _until_it_ends(lambda: pull_changes(desk.engine, desk.client)) > len(tables.DESK_RECORDS)
    assert desk.get(Resident, person.id) == replace(person, version=1)
    own = desk.get(Resident, changed.id)
    assert own == replace(changed, version=1, phone="19900001111")
    with reading(desk.engine) as connection:
        assert state(connection, "cursor") != "999999999.1.1"


def test_a_whole_station_comes_in_with_indexes_and_search_however_often_the_desk_is_killed(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = _people(make_desk("qian"), 12)
    desk = make_desk("li")
    for module, name, value in ((pull, "MANY", 5), (pull, "PAGE", 4), (station_load, "NOTES_AT_ONCE", 5), (replica, "FORGET_AT_ONCE", 3)):
        monkeypatch.setattr(module, name, value)

    def indexes() -> set[str]:
        with reading(desk.engine) as connection:
            return {str(index["name"]) for name in tables.DESK_RECORDS for index in sa.inspect(connection).get_indexes(name)}

    expected, seen = indexes(), []

    def on_page() -> None:
        with reading(desk.engine) as connection:
            seen.append(station_load.present_load(connection))
            for person in Shelf(connection).find(Resident):
                assert [hit.title for hit in search(connection, person.document_number)] == [person.name], "before it is indexed"

    assert _until_it_ends(lambda: pull_changes(desk.engine, desk.client, on_page)) > 10
    assert {(load.done, load.total) for load in seen if load} == {(4, 12), (8, 12), (12, 12)}
    assert indexes() == expected
    index_rest(desk.engine)
    with reading(desk.engine) as connection:
        assert station_load.present_load(connection) is None
        assert len(Shelf(connection).find(Resident)) == len(people)
        for person in people:
            assert [hit.record_id for hit in search(connection, person.document_number)] == [person.id]
