"""Three-way merge by field: what a change wanted, against what is there now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbcase.domain.action import Change, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """A field that two sides changed to different values; all three values are kept for a person to choose from."""

    field: str
    before: Any
    theirs: Any
    yours: Any


OWNER = "station_code"
"""Which station a record belongs to. When two desks create the same record, the first to arrive keeps it: nothing to decide."""


def merge(current: Mapping[str, Any], change: Change) -> tuple[dict[str, Any], tuple[Collision, ...]]:
    """`current` with the change laid on it, and what could not be laid.

    A field that still has the value the change started from is set; one that has the wanted value already is left;
    any other is a collision and keeps the value that is there. `current` is empty for a record that does not exist.
    """
    merged = dict(current)
    collisions = []
    for field, (before, after) in change.fields.items():
        theirs = current.get(field)
        if is_same(theirs, before):
            merged[field] = after
        elif not is_same(theirs, after) and not (field == OWNER and change.base_version == 0):
            collisions.append(Collision(field=field, before=before, theirs=theirs, yours=after))
    return merged, tuple(collisions)


def lay_over(current: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """`current` with every value of the change: what a desk shows of its own work until the centre has answered."""
    return {**current, **{field: after for field, (_, after) in change.fields.items()}}


def is_same(left: Any, right: Any) -> bool:
    """Equality as JSON: a tuple and a list of the same values are the same, true and 1 are not."""
    if type(left) is type(right) and type(left) in _PLAIN:
        return bool(left == right)
    return canonical(left) == canonical(right)


_PLAIN = frozenset({str, int, bool, type(None)})
