"""Code tables: national standards, and local dictionaries that a station may edit.

Records keep codes, people read names. `resources/reference/codes.toml` says for each table where its values are from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

import msgspec

from nbcase.domain.readings import initials, search_key
from nbcase.domain.reference import file_error, read_reference
from nbcase.domain.resources import resource_path
from nbcase.domain.words import is_english, tr


class Kind(StrEnum):
    """Who says what a table holds: a standard, the program, or the office that uses it."""

    NATIONAL = "national"
    PROGRAM = "program"
    LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One value; `also` are other spellings of the Chinese name that are understood on import."""

    code: str
    zh: str
    en: str
    also: tuple[str, ...] = ()

    @cached_property
    def initials(self) -> tuple[str, ...]:
        """First letters of the pinyin, for type-ahead; read from the character table at the first use."""
        return tuple(letters for text in (self.zh, *self.also) for letters in initials(text))

    def is_found_by(self, typed: str) -> bool:
        """Whether what was typed so far could mean this entry: code, initials, Chinese or English."""
        text = typed.strip().casefold()
        if not text or self.code.casefold().startswith(text) or self.en.casefold().startswith(text):
            return True
        key = search_key(text)
        by_letters = bool(key) and any(letters.startswith(key) for letters in self.initials)
        return by_letters or any(text in spelling for spelling in (self.zh, *self.also))


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """One table in the order of its standard or form."""

    key: str
    name: str
    en: str
    kind: Kind
    standard: str
    entries: Mapping[str, Entry]
    imports: Mapping[str, str]

    @property
    def is_editable(self) -> bool:
        """Whether the office may change its values."""
        return self.kind is Kind.LOCAL

    def search(self, typed: str) -> tuple[Entry, ...]:
        """The entries that what was typed so far could mean."""
        return tuple(entry for entry in self.entries.values() if entry.is_found_by(typed))

    def normal(self, value: str) -> str | None:
        """The table's code for a code or Chinese name of another system; None where it means nothing here."""
        text = value.strip()
        if text in self.entries:
            return text
        if text in self.imports:
            return self.imports[text]
        return next((entry.code for entry in self.entries.values() if text in (entry.zh, *entry.also)), None)


class _Row(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entry as written."""

    code: str
    zh: str
    en: str
    also: list[str] = []


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A table as written."""

    key: str
    name: str
    en: str
    kind: Kind
    entries: list[_Row]
    standard: str = ""
    imports: dict[str, str] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The file as a whole."""

    table: list[_Table]


def load_tables(path: Path) -> dict[str, CodeTable]:
    """All tables of a file by key.

    Raises UserError naming file, entry and mend for a double key or code, an empty name, or an import to nowhere.
    """
    tables: dict[str, CodeTable] = {}
    for written in read_reference(path, _File).table:
        if written.key in tables:
            raise file_error(path, written.key, tr("表写了两次。"), tr("请只留一份。"))
        tables[written.key] = _table(path, written)
    return tables


def table(key: str) -> CodeTable:
    """A table by its key, such as ``nation``; KeyError for one that does not exist is a bug."""
    return _tables()[key]


def has_table(key: str) -> bool:
    """Whether there is a table of that key."""
    return key in _tables()


def has_code(key: str, code: str) -> bool:
    """Whether a table has that code."""
    return code in table(key).entries


def name(key: str, code: str | None, *, english: bool | None = None) -> str:
    """What people read for a code: ``—`` for none, and an unknown code as itself, said to be unknown.

    In the language of the window unless `english` says which; papers are always Chinese.
    """
    if not code:
        return "—"
    entry = table(key).entries.get(code)
    if entry is None:
        return tr("未知代码 {code}").format(code=code)
    return entry.en if (is_english() if english is None else english) else entry.zh


def normal(key: str, value: str) -> str | None:
    """The program's code for another system's code or spelling: nation ``57`` and ``其他`` -> ``97``."""
    return table(key).normal(value)


@cache
def _tables() -> dict[str, CodeTable]:
    return load_tables(resource_path("reference/codes.toml"))


def _table(path: Path, written: _Table) -> CodeTable:
    entries: dict[str, Entry] = {}
    for row in written.entries:
        if row.code in entries:
            raise file_error(path, written.key, tr("代码 {code} 写了两次。").format(code=row.code), tr("请只留一条。"))
        if not (row.code and row.zh and row.en):
            what = tr("代码“{code}”缺代码或名称。").format(code=row.code)
            raise file_error(path, written.key, what, tr("请填上代码、中文名和英文名。"))
        entries[row.code] = Entry(code=row.code, zh=row.zh, en=row.en, also=tuple(row.also))
    for foreign, own in written.imports.items():
        if own not in entries:
            what = tr("导入代码 {foreign} 指向不存在的 {own}。").format(foreign=foreign, own=own)
            raise file_error(path, written.key, what, tr("请改成表里有的代码。"))
    return CodeTable(
        key=written.key,
        name=written.name,
        en=written.en,
        kind=written.kind,
        standard=written.standard,
        entries=entries,
        imports=written.imports,
    )
