"""Blocks of receipt numbers: no two desks ever get the same number, whatever is restored from whatever backup."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbcase.domain.errors import UserError
from nbcase.store.centre_database import open_centre_database
from nbcase.store.leases import LeaseBook, claim, lease_block, unconfirmed_leases
from nbcase.store.tables import number_lease

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def engine(centre_database: str) -> Iterator[sa.Engine]:
    engine = open_centre_database(centre_database)
    yield engine
    engine.dispose()


@pytest.fixture
def book(tmp_path: Path) -> LeaseBook:
    return LeaseBook(tmp_path / "leases.json")


def test_blocks_never_overlap_when_eight_desks_ask_at_once(engine: sa.Engine, book: LeaseBook) -> None:
    def lease(desk: int) -> list[tuple[int, int]]:
        blocks = []
        for _ in range(10):
            with engine.begin() as connection:
                blocks.append(lease_block(connection, book, "JS", f"desk-{desk}", NOW, 50))
        return blocks

    with ThreadPoolExecutor(8) as pool:
        blocks = [block for found in pool.map(lease, range(8)) for block in found]
    numbers = [number for first, last in blocks for number in range(first, last + 1)]
    assert len(numbers) == 8 * 10 * 50
    assert sorted(numbers) == list(range(1, 4001))


def test_each_series_counts_for_itself_and_a_lost_answer_is_found_again(engine: sa.Engine, book: LeaseBook) -> None:
    with engine.begin() as connection:
        assert lease_block(connection, book, "JS", "a", NOW) == (1, 500)
        assert lease_block(connection, book, "XK", "b", NOW) == (1, 500)
        assert lease_block(connection, book, "JS", "b", NOW) == (501, 1000)
        assert lease_block(connection, book, "JS", "a", NOW) == (1001, 1500)
        assert claim(connection, book, "JS", "a", [(1, 500)], NOW) == []
        assert unconfirmed_leases(connection, "JS", "a") == [(1001, 1500)]


def test_a_block_that_was_named_once_is_not_given_again_to_a_desk_that_lost_its_database(engine: sa.Engine, book: LeaseBook) -> None:
    with engine.begin() as connection:
        block = lease_block(connection, book, "JS", "a", NOW)
        claim(connection, book, "JS", "a", [block], NOW)
        claim(connection, book, "JS", "a", [], NOW)
        assert unconfirmed_leases(connection, "JS", "a") == []


def test_a_database_restored_from_before_a_lease_does_not_lease_it_again(engine: sa.Engine, book: LeaseBook) -> None:
    with engine.begin() as connection:
        lost = lease_block(connection, book, "JS", "a", NOW)
        connection.execute(sa.delete(number_lease))
    with engine.begin() as connection:
        assert lease_block(connection, book, "JS", "b", NOW) == (lost[1] + 1, lost[1] + 500)
        assert claim(connection, book, "JS", "a", [lost], NOW) == []
        assert claim(connection, book, "JS", "a", [lost], NOW) == []


def test_where_the_book_was_restored_too_the_desk_that_comes_later_is_told_to_stop(engine: sa.Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        lost = lease_block(connection, LeaseBook(tmp_path / "before"), "JS", "a", NOW)
        connection.execute(sa.delete(number_lease))
        again = lease_block(connection, LeaseBook(tmp_path / "after"), "JS", "b", NOW)
        assert again == lost
        assert claim(connection, LeaseBook(tmp_path / "after"), "JS", "a", [lost], NOW) == [lost]


@pytest.mark.parametrize("content", [b'{"JS": ', b'{"\xff\xfe": 1}'])
def test_a_spoilt_book_stops_leasing_in_words_and_nothing_else(engine: sa.Engine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "leases.json"
    path.write_bytes(content)
    with engine.begin() as connection, pytest.raises(UserError, match="号段簿已损坏"):
        lease_block(connection, LeaseBook(path), "JS", "a", NOW)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.sampled_from(["lease", "restore", "claim"])), max_size=25))
def test_no_number_is_ever_leased_to_two_desks(
    engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    book = LeaseBook(tmp_path_factory.mktemp("book") / "leases.json")
    owners: dict[int, str] = {}
    held: dict[str, list[tuple[int, int]]] = {"a": [], "b": [], "c": []}
    with engine.connect() as connection, connection.begin() as unit:
        for desk, size, step in steps:
            if step == "restore":
                connection.execute(sa.delete(number_lease).where(number_lease.c.first >= size * 4))
            elif step == "claim":
                assert claim(connection, book, "JS", desk, held[desk], NOW) == []
            else:
                first, last = lease_block(connection, book, "JS", desk, NOW, size)
                held[desk].append((first, last))
                for number in range(first, last + 1):
                    assert owners.setdefault(number, desk) == desk
                    assert len([1 for spans in held.values() for span in spans if span[0] <= number <= span[1]]) == 1
        unit.rollback()
