"""Scans that a clerk chooses: three kinds are taken, everything else gets a sentence."""

from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from ui.scanfile import LARGEST_FILE, read_scan


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(b"\xff\xd8\xff rest", "image/jpeg"), (b"\x89PNG\r\n\x1a\n rest", "image/png"), (b"%PDF-1.7 rest", "application/pdf")],
)
def test_a_scan_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path, content: bytes, media_type: str) -> None:
    path = tmp_path / "anything.bin"
    path.write_bytes(content)
    assert read_scan(path) == (content, media_type)


def test_what_is_no_scan_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "letter.docx"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match=r"letter\.docx"):
        read_scan(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_scan(tmp_path)
    with pytest.raises(UserError, match="打不开"):
        read_scan(tmp_path / "nowhere.jpg")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(UserError, match="太大"):
        read_scan(path)
