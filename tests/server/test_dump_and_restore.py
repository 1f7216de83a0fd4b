"""A centre that comes back out of `pg_dump` on another PostgreSQL, by PostgreSQL's own tools: desks bring what the dump has not."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa

from nbcase.domain.resident import Resident
from nbcase.server.centre import open_centre
from nbcase.server.embedded import embedded_postgres
from nbcase.server.serve import CentreServer
from nbcase.store import tables
from nbcase.store.centre_database import transaction
from nbcase.store.shelf import Shelf
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk


def run_tool(server_url: str, name: str, *words: str) -> None:
    """One of the tools that came with the server."""
    with psycopg.connect(server_url) as connection:
        (folder,) = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone() or ("",)
    done = subprocess.run([str(Path(folder) / name), *words], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def next_transaction(url: str, *, passing: int = 0) -> int:
    """The number of a transaction now, after as many others."""
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(passing):
            connection.execute("SELECT pg_current_xact_id()")
        (number,) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
        return int(number)


@pytest.fixture
def other_folder() -> Iterator[Path]:
    """Where PostgreSQL may keep its data and socket: pytest's own folder is closed to its user, and its name too long."""
    folder = Path(tempfile.mkdtemp(prefix="nbcase-postgres-"))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(180)
def test_a_centre_restored_from_a_dump_on_another_server_has_everything_again_and_asks_nobody(
    centre: RunningCentre, centre_database: str, make_desk: MakeDesk, tmp_path: Path, other_folder: Path
) -> None:
    maker, changer = make_desk("li"), make_desk("qian")
    next_transaction(centre_database, passing=1_000)
    kept = maker.resident("样在备份里", phone="13900000000")
    maker.act(kept, files=(b"in the dump",))
    assert maker.sync().is_equal
    assert changer.sync().is_equal
    run_tool(centre_database, "pg_dump", "--format=custom", f"--file={tmp_path / 'centre.dump'}", centre_database)
    lost = maker.resident("样不在备份里", phone="13911111111")
    maker.act(lost, files=(b"after the dump",))
    assert maker.sync().is_equal
    assert changer.sync().is_equal
    changer.change(lost, phone="13922222222")
    changer.change(kept, employer="样厂")
    assert changer.sync().is_equal
    assert maker.sync().is_equal
    last = next_transaction(centre_database)

    centre.server.stop()
    with embedded_postgres(other_folder) as other:
        with psycopg.connect(other, autocommit=True) as connection:
            connection.execute("CREATE DATABASE restored")
        url = sa.make_url(other).set(database="restored").render_as_string(hide_password=False)
        run_tool(other, "pg_restore", "--exit-on-error", f"--dbname={url}", str(tmp_path / "centre.dump"))
        assert next_transaction(url) < last, "another server counts its transactions anew"
        restored = open_centre(url, tmp_path / "centre", centre.clock)
        server = CentreServer(restored, "127.0.0.1", urlsplit(centre.url).port or 0)
        server.start()
        try:
            # Who builds on the other one's work comes first, and waits.
            assert changer.sync().waiting == 2
            assert maker.sync().is_equal
            for desk in (changer, maker, changer):
                status = desk.sync()
                assert (status.problem, status.waiting, status.is_equal) == (None, 0, True)
                assert (status.conflicts, status.quarantined) == (0, 0)
            maker.act(maker.resident("样后来"))
            assert maker.sync().is_equal
            assert changer.sync().is_equal
            with transaction(restored.engine) as connection:
                people = {person.name: person for person in Shelf(connection).find(Resident)}
                count = connection.execute(sa.select(sa.func.count()).select_from(tables.centre_action)).scalar_one()
            assert count == 5
            assert people.keys() == {"样在备份里", "样不在备份里", "样后来"}
            assert people["样不在备份里"].phone == "13922222222"
            assert people["样在备份里"].employer == "样厂"
            for desk in (maker, changer):
                for person in people.values():
                    assert desk.get(Resident, person.id) == person
        finally:
            server.stop()
            restored.close()
