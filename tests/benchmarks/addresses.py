"""Completion while an address is typed, over the dwellings of a whole city, beside the bare look-up of a prefix by the index.

Run as ``python -m tests.benchmarks.addresses --json [--count ADDRESSES]``. Addresses are typed sign by sign, from the street on and
from the house's name in the middle, as clerks do; time is that of the answer, which the window then paints.
"""

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from nbcase.domain.dwelling import Dwelling
from nbcase.operations.residents import complete_address
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.search import catch_up, note
from tests.benchmarks.search import _milliseconds, _p99

SEED = 1
ASKED = 12
STREETS = tuple(f"{one}{two}街道" for one, two in product("骆招蛟庄澥贵", "驼宝川市浦"))
ESTATES = tuple(
    f"{one}{two}{three}" for one, two, three in product("锦云松望晴听半南", "绣帆风舒川潮亩塘", ("里小区", "公寓", "新苑", "家园"))
)


def measure(count: int) -> dict[str, object]:
    """Milliseconds a key over `count` addresses."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_desk_database(Path(folder) / "desk.db", bytes(32))
        _fill(engine, count)
        desk: Any = SimpleNamespace(engine=engine)
        typed = list(_typed(count))
        complete_address(desk, typed[0])
        ours = [_milliseconds(lambda text=text: complete_address(desk, text)) for text in typed]  # type: ignore[misc]
        bare = [_milliseconds(lambda text=text: _prefix(engine, text)) for text in typed]  # type: ignore[misc]
        engine.dispose()
    figure, yardstick = _p99(ours), _p99(bare)
    return {
        "name": "completion of an address while typing, 99th percentile",
        "figure": round(figure, 3),
        "unit": "ms",
        "yardstick": {"name": "bare prefix look-up, 99th percentile", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "median": round(statistics.median(ours), 3),
        "worst": max(zip(ours, typed, strict=True))[1],
        "sizes": {"addresses": count, "queries": len(typed)},
        "versions": {name: version(name) for name in ("sqlcipher3", "sqlalchemy")},
    }


def _address(place: int) -> str:
    street, rest = STREETS[place % len(STREETS)], place // len(STREETS)
    estate, rest = ESTATES[rest % len(ESTATES)], rest // len(ESTATES)
    house, flat = divmod(rest, 12)
    return f"{street}{estate}{house + 1}幢{flat // 6 + 1}单元{flat % 6 + 1}01室"


def _fill(engine: sa.Engine, count: int) -> None:
    table = tables.DESK_RECORDS["dwelling"]
    made = (
        asdict(Dwelling(id=f"{place:032x}", address=_address(place), division_code="330211", station_code="33021101"))
        for place in range(count)
    )
    with writing(engine) as connection:
        for batch in _batches(made, 5_000):
            connection.execute(table.insert(), batch)
            note(connection, [("dwelling", row["id"]) for row in batch])
    catch_up(engine)


def _batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _typed(count: int) -> Iterator[str]:
    """What stands in the field after each key."""
    for place in random.Random(SEED).sample(range(count), min(ASKED, count)):
        address = _address(place)
        street, _, rest = address.partition("街道")
        for whole in (address, rest, f"{street} {rest}", "没有" + rest[:4]):
            yield from (whole[:end] for end in range(1, len(whole) + 1))


def _prefix(engine: sa.Engine, text: str) -> object:
    address = tables.DESK_RECORDS["dwelling"].c.address
    with reading(engine) as connection:
        return connection.execute(sa.select(address).where(address >= text, address < text + "\U0010ffff").limit(6)).all()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--count", "--size", type=int, default=300_000, help="addresses")
    print(json.dumps(measure(parser.parse_args(arguments).count), ensure_ascii=False))


if __name__ == "__main__":
    main()
