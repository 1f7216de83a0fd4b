"""Spreadsheets as strangers make them: what a file says of itself is not believed, and nothing of it is a crash."""

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from nbcase.domain.errors import UserError
from nbcase.exchange import sheet
from nbcase.exchange.sheet import read_sheet

_SHEET = "xl/worksheets/sheet1.xml"


def book(path: Path, change: Callable[[str], str]) -> Path:
    """Five rows under a head, with the sheet's XML changed."""
    made = Workbook()
    page = made.active
    assert page is not None
    page.append(["姓名", "电话"])
    for n in range(5):
        page.append([f"样{n}", f"1990000000{n}"])
    made.save(path)
    with ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[_SHEET] = change(parts[_SHEET].decode()).encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def test_rows_behind_the_size_that_a_file_says_are_read_too(tmp_path: Path) -> None:
    path = book(tmp_path / "r.xlsx", lambda xml: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:A3"', xml))
    found = read_sheet(path)
    assert [row.number for row in found.rows] == [2, 3, 4, 5, 6]
    assert found.rows[-1].cells == {"姓名": "样4", "电话": "19900000004"}


def test_a_sheet_that_breaks_off_in_the_middle_is_refused_in_words(tmp_path: Path) -> None:
    path = book(tmp_path / "r.xlsx", lambda xml: xml[: xml.index('<row r="4"')])
    with pytest.raises(UserError, match="不是 Excel 文件，或已损坏"):
        read_sheet(path)


def test_a_row_number_without_end_does_not_hold_the_desk(tmp_path: Path) -> None:
    path = book(tmp_path / "r.xlsx", lambda xml: xml.replace('<row r="6"', '<row r="99999999999999"'))
    assert len(read_sheet(path).rows) == 4


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "r.xlsx", lambda xml: xml.replace("</worksheet>", " " * 1_000_000 + "</worksheet>"))
    assert len(read_sheet(path).rows) == 5
    monkeypatch.setattr(sheet, "_MOST_UNPACKED", 1_000_000)
    with pytest.raises(UserError, match="已损坏"):
        read_sheet(path)
