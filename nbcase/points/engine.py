"""DuckDB as the points use it: a silent connection, and paths and words as they stand in its text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from nbcase.points.sql import quoted


def connect(**config: str | bool | int | float | list[str]) -> duckdb.DuckDBPyConnection:
    """A database in memory. The engine's own bar is off: it goes to standard output, where the answer belongs."""
    connection = duckdb.connect(config=config)
    connection.execute("SET enable_progress_bar = false")
    return connection


def parquet(*paths: Path) -> str:
    """Files to select from."""
    return f"read_parquet([{', '.join(map(quoted, paths))}])"


def parts_of(folder: Path) -> str:
    """All Parquet files of a folder to select from; named one by one, for in a pattern a folder's own name may mean something else."""
    return parquet(*sorted(folder.glob("*.parquet")))


def write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Put what a query gives into a Parquet file; how many rows."""
    return int(one(connection, f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)"))


def one(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object] = ()) -> Any:
    """The first value of the only row."""
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]
