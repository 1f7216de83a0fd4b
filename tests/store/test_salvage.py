"""Reading a damaged database page by page: what SQLite would read, and what it would not."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nbcase.crypto.sqlcipher_page import SALT, PageCipher
from nbcase.operations.sign_in import DATABASE_NAME
from nbcase.store.salvage import DamagedDatabase, Salvage
from tests.benchmarks.rescue import make_model, run_seed, spoil_database, spoil_log
from tests.parts.sealing import SECRETS, SealedDesk, sealed_desk

__all__ = ["sealed_desk"]

PICTURE = os.urandom(700_000)
SEEDS = 10


def salvaged(path: Path, salt: bytes | None = None) -> tuple[Salvage, DamagedDatabase]:
    cipher = PageCipher(SECRETS.database_key, salt or path.read_bytes()[:SALT])
    database = DamagedDatabase(path, cipher.open)
    return database.salvage(), database


def test_a_whole_database_is_read_like_sqlite_reads_it_with_its_write_ahead_log(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(), sealed_desk.act("样二", PICTURE)]
    sealed_desk.answer(1)
    found, database = salvaged(sealed_desk.folder / DATABASE_NAME)
    assert found.acts == {1: [acts[0]], 2: [acts[1]]}
    assert set(found.answered) == {acts[0].id}
    assert found.spoilt_pages == 0
    assert found.identity is not None
    assert found.identity["prefix"] == "JS"
    assert [clerk.login for clerk in found.clerks.values()] == ["li"]
    assert found.blocks == {("JS", 1): (500, 1)}
    (content_hash,) = acts[1].attachments
    assert database.file_hash(found.pieces[found.file_ids[content_hash]]) == content_hash
    assert found.media_types[content_hash] == "image/png"
    database.close()


def test_with_a_spoilt_first_page_everything_else_is_still_there(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(f"样{number}") for number in range(5)]
    with sealed_desk.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = sealed_desk.folder / DATABASE_NAME
    salt = path.read_bytes()[:SALT]
    content = os.urandom(4096) + path.read_bytes()[4096:]
    copy = path.with_name("copy.db")
    copy.write_bytes(content)
    found, database = salvaged(copy, salt)
    assert [found.acts[sequence] for sequence in sorted(found.acts)] == [[act] for act in acts]
    assert found.spoilt_pages == 1
    database.close()


def test_a_frame_of_the_write_ahead_log_with_a_spoilt_head_costs_itself_only(sealed_desk: SealedDesk) -> None:
    acts = [sealed_desk.act(f"样{number}") for number in range(5)]
    path = sealed_desk.folder / DATABASE_NAME
    copy = path.with_name("copy.db")
    shutil.copyfile(path, copy)
    wal = bytearray(path.with_name(f"{path.name}-wal").read_bytes())
    wal[32 + 8] ^= 1
    copy.with_name("copy.db-wal").write_bytes(wal)
    found, database = salvaged(copy, path.read_bytes()[:SALT])
    assert found.acts == {act.sequence: [act] for act in acts}
    database.close()


def test_a_page_in_another_place_or_changed_by_one_bit_does_not_prove_itself(sealed_desk: SealedDesk) -> None:
    sealed_desk.act()
    with sealed_desk.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (sealed_desk.folder / DATABASE_NAME).read_bytes()
    cipher = PageCipher(SECRETS.database_key, content[:SALT])
    page = content[4096:8192]
    assert cipher.open(2, page) is not None
    assert cipher.open(3, page) is None
    assert cipher.open(2, bytes([page[0] ^ 1]) + page[1:]) is None
    assert PageCipher(b"x" * 32, content[:SALT]).open(2, page) is None


@pytest.mark.parametrize("spoil", [spoil_database, spoil_log])
def test_random_damage_to_one_of_the_two_copies_loses_nothing(tmp_path: Path, spoil: Callable[..., str]) -> None:
    model = make_model(tmp_path)
    for seed in range(SEEDS):
        outcome = run_seed(model, seed, tmp_path / "desk", spoil)
        assert (outcome.lost, outcome.lost_files) == (0, 0), f"seed {seed}: {outcome.way}"
