"""What must be at the centre, computed from what clerks were told and from nothing else of the program.

The three-way merge is written down here a second time, plainly, so that a mistake in `nbcase.domain.merge` or in the
centre's bookkeeping has nobody to agree with. The model is given the acts (as the desks kept them) in the order in which
the centre took them in; everything else follows: final values, versions, who is shown what, and the conflicts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbcase.domain.ids import derived_id

Key = tuple[str, str]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class ModelConflict:
    """A field that two sides changed to different values; values as JSON text, so that they compare and sort."""

    action_id: str
    record_type: str
    record_id: str
    field: str
    before: str
    theirs: str
    yours: str


@dataclass(slots=True)
class Model:
    """The centre as it must be after the acts that it was told of so far."""

    stations: Mapping[str, str]
    """Station of each desk."""

    records: dict[Key, Values] = field(default_factory=dict)
    states: dict[Key, list[Values]] = field(default_factory=dict)
    """Every state that a record ever had, oldest first; its place is its version less one."""

    owed: dict[tuple[str, Key], int] = field(default_factory=dict)
    """The version of a record that a station must have been shown at least."""

    conflicts: set[ModelConflict] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)
    collided: set[str] = field(default_factory=set)
    """Ids of actions with a conflict."""

    def take_in(self, actions: Iterable[Mapping[str, Any]]) -> None:
        """Acts in the order of their arrival."""
        for action in actions:
            self._take(action)

    def _take(self, action: Mapping[str, Any]) -> None:
        if not self._is_acceptable(action):
            self.quarantined.add(action["id"])
            return
        settled = [found for found in (self._settled(change) for change in action["changes"]) if found is not None]
        contested = {(found["subject_type"], found["subject_id"], found["field"]) for found, _ in settled}
        for change in action["changes"]:
            key = (change["record_type"], change["record_id"])
            fields = {name: pair for name, pair in change["fields"].items() if (*key, name) not in contested}
            decided = self._settled(change)
            self._change(action, key, {} if decided is not None else fields, change["base_version"])
            if decided is not None:
                self._contest(action, key, *decided)

    def _is_acceptable(self, action: Mapping[str, Any]) -> bool:
        """A record that the centre does not have can only be a new one of the desk's station; conflicts are never new."""
        for change in action["changes"]:
            if (change["record_type"], change["record_id"]) not in self.records:
                station = change["fields"].get("station_code", [None, None])[1]
                if change["base_version"] or station != self.stations[action["desk_id"]] or change["record_type"] == "conflict":
                    return False
        return True

    def _settled(self, change: Mapping[str, Any]) -> tuple[Values, Any] | None:
        """The conflict that this change comes to decide after somebody else has, and the value that it chose."""
        found = self.records.get((change["record_type"], change["record_id"]), {})
        if change["record_type"] != "conflict" or found["state"] != "resolved":
            return None
        return found, change["fields"].get("chosen", [None, None])[1]

    def _contest(self, action: Mapping[str, Any], key: Key, decided: Values, wanted: Any) -> None:
        """The first decision stands; another one is a conflict of its own."""
        if text(wanted) == text(decided.get("chosen")):
            return
        found = ("conflict", derived_id(b"", "conflict", action["id"], key[1]))
        subject = (decided["subject_type"], decided["subject_id"])
        self._add_conflict(found, action, subject, decided["field"], decided["theirs"], decided.get("chosen"), wanted)
        self.owed[(self.stations[action["desk_id"]], found)] = 1

    def _change(self, action: Mapping[str, Any], key: Key, fields: Mapping[str, Any], base_version: int) -> None:
        station = self.stations[action["desk_id"]]
        old = self.records.get(key)
        new = dict(old or {})
        made = []
        for name, (before, after) in fields.items():
            theirs = (old or {}).get(name)
            if text(theirs) == text(before):
                new[name] = after
            elif text(theirs) != text(after) and not (name == "station_code" and base_version == 0):
                made.append(self._collide(action, key, name, before, theirs, after))
        if old is None or new != old:
            self.records[key] = new
            self.states.setdefault(key, []).append(new)
        for scope in {station, new["station_code"], (old or new)["station_code"]}:
            self.owed[(scope, key)] = len(self.states[key])
            self.owed.update({(scope, found): 1 for found in made})

    def _collide(self, action: Mapping[str, Any], key: Key, name: str, before: Any, theirs: Any, yours: Any) -> Key:
        """The conflict becomes a record, known by the act, the record and the field."""
        found = ("conflict", derived_id(b"", "conflict", action["id"], *key, name))
        self._add_conflict(found, action, key, name, before, theirs, yours)
        return found

    def _add_conflict(self, found: Key, action: Mapping[str, Any], subject: Key, name: str, before: Any, theirs: Any, yours: Any) -> None:
        self.collided.add(action["id"])
        self.conflicts.add(ModelConflict(action["id"], *subject, name, text(before), text(theirs), text(yours)))
        self.records[found] = {
            "action_id": action["id"],
            "subject_type": subject[0],
            "subject_id": subject[1],
            "field": name,
            "before": before,
            "theirs": theirs,
            "yours": yours,
            "yours_by": action["clerk_id"],
            "state": "open",
            "reason": "",
            "station_code": self.stations[action["desk_id"]],
        }
        self.states[found] = [self.records[found]]


def text(value: Any) -> str:
    """A JSON value as text that is equal when the values are."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
