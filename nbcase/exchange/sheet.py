"""A table that somebody made in a spreadsheet: CSV or Excel, as rows of texts under the names of their columns."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

MOST_ROWS = 20_000
MOST_BYTES = 32 * 1024 * 1024
_MOST_COLUMNS = 100
_MOST_LINES = 1 << 20
"""Of a spreadsheet, empty ones included; Excel has no more."""
_MOST_UNPACKED = 16 * MOST_BYTES
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row: its number as the spreadsheet shows it, and its cells by column; empty cells are empty texts."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Column names in their order, and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(path: Path) -> Sheet:
    """The first sheet of an .xlsx, or a CSV in UTF-8 or GB 18030; full-width signs become plain ones. Raises `UserError`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, tr("文件超过 {n} MB。").format(n=MOST_BYTES // 1024 // 1024), tr("请分几个文件导入。"))
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, tr("文件打不开。"), tr("请核对文件名，或关掉正在用它的程序。")) from error
    lines = _excel_lines(path, content) if content.startswith(b"PK") else _csv_lines(path, content)
    return _sheet(path, lines)


def plain(text: str) -> str:
    """A text as it is compared: full-width signs as plain ones, no blanks around, one blank for several."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _csv_lines(path: Path, content: bytes) -> Iterator[Sequence[str]]:
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _refused(path, tr("认不出文字编码。"), tr("请在表格软件里另存为 CSV UTF-8 或 xlsx。"))
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise _refused(path, tr("不是表格文件。"), tr("请在表格软件里另存为 CSV UTF-8 或 xlsx。")) from error


def _excel_lines(path: Path, content: bytes) -> Iterator[Sequence[str]]:
    # Loaded here: the start of the window must not pay for it.
    from openpyxl import load_workbook

    try:
        with ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
                raise BadZipFile("too large")
        with closing(load_workbook(io.BytesIO(content), read_only=True, data_only=True)) as book:
            # Own bounds: what the file says of its size is often too small, and its rows would be lost without a word.
            for cells in book.worksheets[0].iter_rows(max_row=_MOST_LINES, max_col=_MOST_COLUMNS, values_only=True):
                yield [_text(cell) for cell in cells] if any(cell is not None for cell in cells) else ()
    except Exception as error:  # whatever a damaged zip or a foreign XML makes the library raise, also in the middle of a sheet
        raise _refused(path, tr("不是 Excel 文件，或已损坏。"), tr("请在表格软件里打开后另存为 xlsx。")) from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _sheet(path: Path, lines: Iterable[Sequence[str]]) -> Sheet:
    numbered = ((number, [plain(cell) for cell in line[:_MOST_COLUMNS]]) for number, line in enumerate(lines, 1))
    filled = ((number, line) for number, line in numbered if any(line))
    _, columns = next(filled, (0, []))
    while columns and not columns[-1]:
        columns.pop()
    twice = next((name for place, name in enumerate(columns) if name and name in columns[:place]), None)
    if twice is not None:
        raise _refused(path, tr("“{name}”一列有两个。").format(name=twice), tr("请只留一列。"))
    rows = tuple(
        SheetRow(number=number, cells={name: line[place] if place < len(line) else "" for place, name in enumerate(columns) if name})
        for number, line in islice(filled, MOST_ROWS + 1)
    )
    if not rows:
        raise _refused(path, tr("文件里没有数据。"), tr("第一行写列名，下面一人一行。"))
    if len(rows) > MOST_ROWS:
        raise _refused(path, tr("超过 {n} 行。").format(n=MOST_ROWS), tr("请分几个文件导入。"))
    return Sheet(columns=tuple(name for name in columns if name), rows=rows)


def _refused(path: Path, what: str, do: str) -> UserError:
    return UserError(f"{path.name}：{what}", safe=tr("没有导入任何一行。"), do=do)
