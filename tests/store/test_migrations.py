"""The schema after all migrations is the one that the tables describe, at the desk and at the centre."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from nbcase.store.centre_database import open_centre_database
from nbcase.store.desk_database import DESK_HEAD, open_desk_database
from nbcase.store.migrations import configuration
from nbcase.store.tables import SEARCH_TEXT, centre_metadata, desk_metadata


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    # The full-text table and the tables that SQLite keeps behind it are made by hand.
    return not (kind == "table" and name is not None and name.startswith(SEARCH_TEXT))


def _differences(engine: sa.Engine, metadata: sa.MetaData) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        return list(compare_metadata(context, metadata))


def test_the_desk_schema_is_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    assert _differences(engine, desk_metadata) == []
    engine.dispose()


def test_the_centre_schema_is_what_the_tables_say(centre_database: str) -> None:
    engine = open_centre_database(centre_database)
    assert _differences(engine, centre_metadata) == []
    engine.dispose()


def test_the_short_cut_past_migrations_names_the_newest_one() -> None:
    assert ScriptDirectory.from_config(configuration("desk")).get_current_head() == DESK_HEAD


def test_the_comparison_would_see_a_missing_column(tmp_path: Path) -> None:
    engine = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox DROP COLUMN reason")
    assert len(_differences(engine, desk_metadata)) == 1
    engine.dispose()


@pytest.mark.parametrize("side", ["desk", "centre"])
def test_there_is_one_line_of_revisions(side: str) -> None:
    assert len(ScriptDirectory.from_config(configuration(side)).get_heads()) == 1  # type: ignore[arg-type]
