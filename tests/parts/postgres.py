"""A real PostgreSQL for the whole run and a fresh database for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from nbcase.server.embedded import embedded_postgres
from nbcase.store.centre_database import open_centre_database

TEMPLATE = "nbcase_template"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of an embedded PostgreSQL with an empty, migrated template database. It does not sync to disk: tests kill us, not it."""
    folder = Path(tempfile.mkdtemp(prefix="nbcase-postgres-"))
    try:
        with embedded_postgres(folder / "data") as url:
            _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", f"CREATE DATABASE {TEMPLATE}")
            open_centre_database(_named(url, TEMPLATE)).dispose()
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def centre_database(postgres_server: str) -> Iterator[str]:
    """URL of a fresh centre database, migrated and empty."""
    name = f"nbcase_test_{next(_numbers)}"
    _run(postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield _named(postgres_server, name)
    _run(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
