"""Blocks of receipt numbers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from nbcase.store.centre_database import open_centre_database
from nbcase.store.centre_work import lease_block, leases_after

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def engine(centre_database: str) -> Iterator[sa.Engine]:
    engine = open_centre_database(centre_database)
    yield engine
    engine.dispose()


def test_blocks_never_overlap_when_eight_desks_ask_at_once(engine: sa.Engine) -> None:
    def lease(desk: int) -> list[tuple[int, int]]:
        blocks = []
        for _ in range(10):
            with engine.begin() as connection:
                blocks.append(lease_block(connection, "JS", f"desk-{desk}", NOW, 50))
        return blocks

    with ThreadPoolExecutor(8) as pool:
        blocks = [block for found in pool.map(lease, range(8)) for block in found]
    numbers = [number for first, last in blocks for number in range(first, last + 1)]
    assert len(numbers) == 8 * 10 * 50
    assert sorted(numbers) == list(range(1, 4001))


def test_each_series_counts_for_itself_and_a_lost_answer_is_found_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert lease_block(connection, "JS", "a", NOW) == (1, 500)
        assert lease_block(connection, "XK", "b", NOW) == (1, 500)
        assert lease_block(connection, "JS", "b", NOW) == (501, 1000)
        assert lease_block(connection, "JS", "a", NOW) == (1001, 1500)
        assert leases_after(connection, "JS", "a", 1) == [(1001, 1500)]
