"""Attachments at the centre."""

import hashlib
from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.store.blobs import FolderBlobs

CONTENT = b"scan" * 50_000
HASH = hashlib.sha256(CONTENT).hexdigest()


def _keep(blobs: FolderBlobs, content_hash: str, *chunks: bytes) -> int:
    with blobs.receive(content_hash) as sink:
        for chunk in chunks:
            sink.write(chunk)
        return sink.keep()


def test_what_came_in_pieces_is_kept_whole_under_its_hash(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    assert not blobs.has(HASH)
    assert _keep(blobs, HASH, CONTENT[:1000], CONTENT[1000:]) == len(CONTENT)
    assert blobs.has(HASH)
    assert b"".join(blobs.read(HASH)) == CONTENT
    assert _keep(blobs, HASH, CONTENT) == len(CONTENT)


def test_content_that_does_not_fit_its_hash_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    with pytest.raises(UserError, match="内容与编号不符"):
        _keep(blobs, HASH, CONTENT[:-1])
    assert not blobs.has(HASH)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with FolderBlobs(tmp_path).receive(HASH) as sink:
        sink.write(CONTENT[:10])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", HASH.upper(), HASH + "0", "z" * 64])
def test_a_name_that_is_no_hash_never_reaches_the_disk(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="SHA-256"):
        FolderBlobs(tmp_path).has(name)


def test_reading_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        next(FolderBlobs(tmp_path).read(HASH))
