"""What stands in the search index for a resident, a dwelling or a draft: computed for many at a time, from the records as they are."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from nbcase.domain.readings import initials, readings
from nbcase.domain.registration import RegistrationState

Key = tuple[str, str]
"""Kind of entry (``resident``, ``dwelling``, ``draft``) and id of what it stands for."""

PADDING = "  "
"""Behind every text, so that its last signs begin a trigram too."""

SEPARATOR = "\n"
"""Between the keys of an entry where they are kept as one text; no key has a blank in it."""

_BETWEEN = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to find: two lines to show, the text that a part of is looked for in, and keys that may begin as typed."""

    kind: str
    record_id: str
    title: str
    subtitle: str
    text: str
    key_text: str

    @property
    def key(self) -> Key:
        return self.kind, self.record_id

    def key_set(self) -> frozenset[str]:
        """Its keys one by one."""
        return key_set(self.key_text)


def normal(text: str) -> str:
    """Upper case without blanks: how keys are kept and queries compared."""
    return "".join(text.upper().split())


def key_set(key_text: str) -> frozenset[str]:
    """The keys in a kept text."""
    return frozenset(key_text.split(SEPARATOR)) if key_text else frozenset()


def entries_of(cursor: Any, wanted: Iterable[Key]) -> list[Entry]:
    """The entries of those records that exist, as they are to be now. `cursor` is the driver's, in an open transaction."""
    ids: dict[str, list[str]] = {"resident": [], "dwelling": [], "draft": []}
    for kind, record_id in wanted:
        ids[kind].append(record_id)
    return [*_residents(cursor, ids["resident"]), *_dwellings(cursor, ids["dwelling"]), *_drafts(cursor, ids["draft"])]


def one_of(ids: Sequence[str]) -> tuple[str]:
    """The parameter of ``IN (SELECT value FROM json_each(?))``: one statement for any number of ids, prepared once."""
    return (json.dumps(ids),)


def _residents(cursor: Any, ids: Sequence[str]) -> Iterable[Entry]:
    if not ids:
        return
    addresses: dict[str, str] = {}
    for resident_id, address in cursor.execute(_ADDRESSES, (*one_of(ids), RegistrationState.ACTIVE.value)):
        addresses.setdefault(resident_id, address)
    numbers: dict[str, list[str]] = {}
    for resident_id, number in cursor.execute(_NUMBERS, one_of(ids)):
        numbers.setdefault(resident_id, []).append(number)
    for resident_id, *values in cursor.execute(_RESIDENTS, one_of(ids)).fetchall():
        name, former_name, document_number, phone = values
        address = addresses.get(resident_id, "")
        yield _resident(resident_id, name, former_name, document_number, phone, address, numbers.get(resident_id, []))


_IDS = "(SELECT value FROM json_each(?))"
_RESIDENTS = f"SELECT id, name, former_name, document_number, phone FROM resident WHERE id IN {_IDS}"
_NUMBERS = f'SELECT resident_id, number FROM "case" WHERE resident_id IN {_IDS} ORDER BY number'
_ADDRESSES = (
    "SELECT registration.resident_id, dwelling.address FROM registration JOIN dwelling ON dwelling.id = registration.dwelling_id"
    f" WHERE registration.resident_id IN {_IDS} AND registration.state = ? ORDER BY registration.declared_on DESC, registration.id"
)
_DWELLINGS = f"SELECT id, address, community, landlord_name, landlord_phone FROM dwelling WHERE id IN {_IDS}"
_DRAFTS = f"SELECT id, title, answers FROM draft WHERE id IN {_IDS}"


def _resident(
    resident_id: str, name: str, former_name: str | None, document_number: str, phone: str | None, address: str, numbers: Sequence[str]
) -> Entry:
    keys = {
        *_tails(name),
        *_tails(former_name or ""),
        *readings(name),
        *initials(name),
        document_number,
        *_ends(document_number, (4, 6, 8, 12)),
        phone or "",
        *_ends(phone or "", (4, 8)),
        *numbers,
        *(number.rsplit("-", 1)[-1].lstrip("0") for number in numbers),
    }
    words = (name, former_name or "", document_number, phone or "", address, *numbers)
    return _entry("resident", resident_id, title=name, subtitle=address, words=words, keys=keys)


def _dwellings(cursor: Any, ids: Sequence[str]) -> Iterable[Entry]:
    if not ids:
        return
    for dwelling_id, address, community, name, phone in cursor.execute(_DWELLINGS, one_of(ids)).fetchall():
        keys = {community or "", name or "", phone or "", *readings(name or "")}
        yield _entry("dwelling", dwelling_id, title=address, subtitle=name or "", words=(address, name or "", phone or ""), keys=keys)


def _drafts(cursor: Any, ids: Sequence[str]) -> Iterable[Entry]:
    if not ids:
        return
    for draft_id, title, answers in cursor.execute(_DRAFTS, one_of(ids)).fetchall():
        given = msgspec.json.decode(answers)
        words = [str(given.get(name) or "") for name in ("name", "document_number", "phone", "address")]
        yield _entry("draft", draft_id, title=title, subtitle=words[3], words=words, keys=words[:3])


def _entry(kind: str, record_id: str, *, title: str, subtitle: str, words: Iterable[str], keys: Iterable[str]) -> Entry:
    # All at once: to make them normal one by one would cost more than everything else here.
    kept = sorted(set(normal(_BETWEEN.join(keys)).split(_BETWEEN)) - {""})
    text = normal("".join(words)) + PADDING
    return Entry(kind=kind, record_id=record_id, title=title, subtitle=subtitle, text=text, key_text=SEPARATOR.join(kept))


def _tails(name: str) -> list[str]:
    return [name[start:] for start in range(len(name))]


def _ends(number: str, lengths: Sequence[int]) -> list[str]:
    return [number[-length:] for length in lengths if len(number) > length]
