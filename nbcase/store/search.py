"""Finding anyone while typing: a B-tree over short keys, then FTS5 trigrams.

Measured on 200,000 residents in SQLCipher: the B-tree answers in 0.1 ms at the 99th percentile, trigrams unordered in
0.7 ms; ordering by rank would take 60, and so would LIKE. Below three signs a trigram query finds nothing at all, so such
a text goes through the keys (every tail of a name is one) and through the index's own list of trigrams that begin with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from nbcase.domain.case import Case
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.readings import initials, readings
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.store import tables
from nbcase.store.records import Record
from nbcase.store.shelf import Shelf

TRIGRAM = 3
PADDING = "  "
"""Behind every text, so that its last signs begin a trigram too."""

MOST_TERMS = 400
"""Trigrams that a short text is looked up by; each stands in some entry, so that these nearly always give enough."""


@dataclass(frozen=True, slots=True)
class Found:
    """One hit: what kind of thing (``resident``, ``dwelling``, ``draft``), its id, and two lines to show."""

    kind: str
    record_id: str
    title: str
    subtitle: str


def search(connection: sa.Connection, text: str, limit: int = 20) -> list[Found]:
    """Entries that contain `text`: name, pinyin, initials, number, phone, address or receipt number, best first."""
    wanted = normal(text)
    if not wanted:
        return []
    entries = _by_key(connection, wanted, limit)
    if len(entries) < limit:
        entries += _by_text(connection, wanted, limit, frozenset(entries))
    return _load(connection, entries[:limit])


def normal(text: str) -> str:
    """Upper case without blanks: how keys are kept and queries compared."""
    return "".join(text.upper().split())


def _by_key(connection: sa.Connection, wanted: str, limit: int) -> list[int]:
    """Entries with a key that begins so, in the order of their first such key.

    A short prefix, such as the 19 of every mobile number, matches a large part of the index. The first rows in its order
    nearly always hold enough entries; only where they do not are all of them grouped.
    """
    key = tables.search_key
    matches = (key.c.key >= wanted) & (key.c.key < wanted + "\U0010ffff")
    rows = connection.execute(sa.select(key.c.entry).where(matches).order_by(key.c.key).limit(limit * 4)).scalars().all()
    entries = list(dict.fromkeys(rows))
    if len(entries) >= limit or len(rows) < limit * 4:
        return entries[:limit]
    first = sa.func.min(key.c.key)
    return list(connection.execute(sa.select(key.c.entry).where(matches).group_by(key.c.entry).order_by(first).limit(limit)).scalars())


def _by_text(connection: sa.Connection, wanted: str, limit: int, known: frozenset[int]) -> list[int]:
    enough = limit + len(known)
    found = _matching(connection, [wanted], enough) if len(wanted) >= TRIGRAM else _by_short_text(connection, wanted, enough)
    return [entry for entry in found if entry not in known]


def _by_short_text(connection: sa.Connection, wanted: str, enough: int) -> list[int]:
    """Entries with fewer signs than a trigram has: through the trigrams that begin so."""
    # On each connection for itself, in memory: a view of the index that keeps nothing of its own.
    connection.exec_driver_sql("CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_term USING fts5vocab('main', 'search_text', 'row')")
    span = {"first": wanted.lower(), "end": wanted.lower() + "\U0010ffff", "most": MOST_TERMS}
    terms = connection.execute(_TERMS, span).scalars().all()
    found = _matching(connection, terms, enough) if terms else []
    if len(found) < enough and len(terms) == MOST_TERMS:
        return list(connection.execute(_LIKE, {"pattern": f"%{_escaped(wanted)}%", "most": enough}).scalars())
    return found


def _matching(connection: sa.Connection, phrases: Sequence[str], most: int) -> list[int]:
    """Entries that contain any of these phrases of three signs and more."""
    quoted = ('"' + phrase.replace('"', '""') + '"' for phrase in phrases)
    return list(connection.execute(_MATCH, {"phrases": " OR ".join(quoted), "most": most}).scalars())


_MATCH = sa.text("SELECT rowid FROM search_text WHERE search_text MATCH :phrases LIMIT :most")
_TERMS = sa.text("SELECT term FROM temp.search_term WHERE term >= :first AND term < :end LIMIT :most")
_LIKE = sa.text("SELECT entry FROM search_entry WHERE text LIKE :pattern ESCAPE '\\' LIMIT :most")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _load(connection: sa.Connection, entries: Sequence[int]) -> list[Found]:
    table = tables.search_entry
    rows = connection.execute(sa.select(table).where(table.c.entry.in_(entries)))
    found = {row.entry: Found(row.kind, row.record_id, row.title, row.subtitle) for row in rows}
    return [found[entry] for entry in entries if entry in found]


def index_records(connection: sa.Connection, changed: Iterable[Record]) -> None:
    """Bring the index up to date with records written in this transaction."""
    shelf = Shelf(connection)
    residents: dict[str, None] = {}
    for record in changed:
        match record:
            case Resident():
                residents[record.id] = None
            case Registration() | Case():
                residents[record.resident_id] = None
            case Dwelling():
                _index_dwelling(connection, record)
                residents.update(dict.fromkeys(entry.resident_id for entry in shelf.find(Registration, dwelling_id=record.id)))
    for resident_id in residents:
        resident = shelf.get(Resident, resident_id)
        if resident is not None:
            _index_resident(shelf, resident)


def _index_resident(shelf: Shelf, resident: Resident) -> None:
    cases = shelf.find(Case, resident_id=resident.id)
    active = shelf.find(Registration, resident_id=resident.id, state=RegistrationState.ACTIVE.value)
    dwelling = shelf.get(Dwelling, active[0].dwelling_id) if active else None
    address = dwelling.address if dwelling else ""
    numbers = [case.number for case in cases]
    text = " ".join([resident.name, resident.former_name or "", resident.document_number, resident.phone or "", address, *numbers])
    keys = {
        *_tails(resident.name),
        *_tails(resident.former_name or ""),
        *readings(resident.name),
        *initials(resident.name),
        resident.document_number,
        *_ends(resident.document_number, (4, 6, 8, 12)),
        resident.phone or "",
        *_ends(resident.phone or "", (4, 8)),
        *numbers,
        *(number.rsplit("-", 1)[-1].lstrip("0") for number in numbers),
    }
    write_entry(shelf.connection, "resident", resident.id, title=resident.name, subtitle=address, text=text, keys=keys)


def _index_dwelling(connection: sa.Connection, dwelling: Dwelling) -> None:
    keys = {dwelling.community or "", dwelling.landlord_name or "", dwelling.landlord_phone or "", *readings(dwelling.landlord_name or "")}
    text = " ".join([dwelling.address, dwelling.landlord_name or "", dwelling.landlord_phone or ""])
    write_entry(connection, "dwelling", dwelling.id, title=dwelling.address, subtitle=dwelling.landlord_name or "", text=text, keys=keys)


def write_entry(connection: sa.Connection, kind: str, record_id: str, *, title: str, subtitle: str, text: str, keys: Iterable[str]) -> None:
    """Put or replace one entry with its keys."""
    values = {"kind": kind, "record_id": record_id, "title": title, "subtitle": subtitle, "text": normal(text) + PADDING}
    entry = connection.execute(_PUT_ENTRY, values).scalar_one()
    wanted = {normal(text_key) for text_key in keys} - {""}
    present = set(connection.execute(_KEYS_OF_ENTRY, {"of": entry}).scalars())
    if gone := present - wanted:
        connection.execute(_DROP_KEY, [{"old": text_key, "of": entry} for text_key in gone])
    if new := wanted - present:
        connection.execute(_ADD_KEY, [{"key": text_key, "entry": entry} for text_key in new])


# Made once: building a statement costs more than SQLite needs to carry it out.
_new_entry = insert(tables.search_entry)
_PUT_ENTRY = _new_entry.on_conflict_do_update(
    index_elements=["kind", "record_id"], set_={name: _new_entry.excluded[name] for name in ("title", "subtitle", "text")}
).returning(tables.search_entry.c.entry)
_KEYS_OF_ENTRY = sa.select(tables.search_key.c.key).where(tables.search_key.c.entry == sa.bindparam("of"))
_DROP_KEY = sa.delete(tables.search_key).where(
    tables.search_key.c.entry == sa.bindparam("of"), tables.search_key.c.key == sa.bindparam("old")
)
_ADD_KEY = insert(tables.search_key)


def remove_entry(connection: sa.Connection, kind: str, record_id: str) -> None:
    """Take an entry out, such as a draft that was accepted."""
    table, key = tables.search_entry, tables.search_key
    entry = sa.select(table.c.entry).where(table.c.kind == kind, table.c.record_id == record_id).scalar_subquery()
    connection.execute(sa.delete(key).where(key.c.entry == entry))
    connection.execute(sa.delete(table).where(table.c.kind == kind, table.c.record_id == record_id))


def _tails(name: str) -> list[str]:
    return [name[start:] for start in range(len(name))]


def _ends(number: str, lengths: Sequence[int]) -> list[str]:
    return [number[-length:] for length in lengths if len(number) > length]
