"""Records as plain values: the closed list of record types, and the way to JSON and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from nbcase.domain.action import Change
from nbcase.domain.case import Case
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.consent import Consent
from nbcase.domain.document import Document
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.notice import Notice
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.round import Round, RoundResult, RoundSignature
from nbcase.domain.scheme import SchemeDraft, SchemeSignature
from nbcase.domain.score import Claim, Score
from nbcase.domain.service import Service

Record = (
    Resident
    | Dwelling
    | Registration
    | Case
    | Permit
    | Endorsement
    | Document
    | FieldConflict
    | Notice
    | Consent
    | Score
    | Claim
    | Offering
    | Booking
    | Service
    | Round
    | RoundResult
    | RoundSignature
    | SchemeDraft
    | SchemeSignature
)
R = TypeVar("R", bound=Record)

RECORD_TYPES: dict[str, type[Record]] = {
    "resident": Resident,
    "dwelling": Dwelling,
    "registration": Registration,
    "case": Case,
    "permit": Permit,
    "endorsement": Endorsement,
    "document": Document,
    "conflict": FieldConflict,
    "notice": Notice,
    "consent": Consent,
    "score": Score,
    "claim": Claim,
    "offering": Offering,
    "booking": Booking,
    "service": Service,
    "round": Round,
    "round_result": RoundResult,
    "round_signature": RoundSignature,
    "scheme_draft": SchemeDraft,
    "scheme_signature": SchemeSignature,
}
"""Every kind of record that is synchronised; the name is the table's and the wire's."""

TYPE_NAMES: dict[type[Any], str] = {kind: name for name, kind in RECORD_TYPES.items()}
_FIELD_NAMES: dict[type[Any], tuple[str, ...]] = {kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in TYPE_NAMES}

CENTRE_ONLY = frozenset({"score", "round", "round_result"})
"""Kinds that no desk may write."""

EVERYBODYS = frozenset({"offering", "round", "round_signature", "scheme_draft", "scheme_signature"})
"""Kinds that every station sees, whoever made them."""

UNMERGED = frozenset({"id", "version"})
"""Fields that no change carries: the id names the record, the version counts what the centre accepted."""


def field_names(kind: type[Any]) -> tuple[str, ...]:
    """The record's fields in declared order."""
    return _FIELD_NAMES[kind]


def to_plain(record: Record) -> dict[str, Any]:
    """The record as JSON values: dates as ISO text, tuples as lists."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def from_plain(kind: type[R], plain: Mapping[str, Any]) -> R:
    """The record from JSON values; raises `msgspec.ValidationError` on a wrong or missing field."""
    return msgspec.convert(plain, kind)


def difference(before: Record | None, after: Record) -> Change | None:
    """What turns `before` into `after`, field by field; None when nothing differs."""
    old = to_plain(before) if before is not None else {}
    new = to_plain(after)
    fields = {name: (old.get(name), value) for name, value in new.items() if name not in UNMERGED and old.get(name) != value}
    if not fields:
        return None
    return Change(
        record_type=TYPE_NAMES[type(after)],
        record_id=after.id,
        base_version=before.version if before is not None else 0,
        fields=fields,
    )
