"""After a history has healed: what the centre and every desk hold, beside what the model says they must."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from nbcase.domain.action import Action
from tests.faults.model import Key, Model, ModelConflict, Values, text


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAction:
    """An action as the centre has it."""

    id: str
    desk_id: str
    sequence: int
    body: bytes
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the centre holds in the end. `actions` are in the order of arrival."""

    actions: Sequence[KeptAction]
    records: Mapping[Key, Values]
    files: Mapping[str, bytes]
    """Content by the hash under which it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEnd:
    """How one desk stands in the end."""

    desk_id: str
    name: str
    station_code: str
    told: Mapping[str, Action]
    shown: Mapping[Key, Values]
    waiting: int
    is_equal: bool
    is_sealed: bool
    problem: str
    problems: Sequence[str]


@dataclass(slots=True)
class Verdict:
    """What was wrong, sorted by what it means; all empty when the history was right."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    conflicts_made: int = 0
    conflicts_kept: int = 0
    acts: int = 0

    @property
    def is_right(self) -> bool:
        """Nothing to complain of."""
        return not (self.lost or self.doubled or self.stuck or self.differing or self.bugs)

    def complaints(self) -> list[str]:
        """All of them in words."""
        kinds = ("lost", "doubled", "stuck", "differing", "bugs")
        return [f"{kind}: {words}" for kind in kinds for words in getattr(self, kind)]


def judge(holdings: Holdings, desks: Sequence[DeskEnd]) -> Verdict:
    """Hold everything against the model."""
    verdict = Verdict(acts=sum(len(desk.told) for desk in desks))
    bodies = {kept.id: msgspec.json.decode(kept.body) for kept in holdings.actions}
    model = Model(stations={desk.desk_id: desk.station_code for desk in desks})
    model.take_in(bodies[kept.id] for kept in holdings.actions)
    for desk in desks:
        _judge_acts(verdict, holdings, desk)
        _judge_state(verdict, desk)
        _judge_shown(verdict, model, desk)
    _judge_numbers(verdict, desks)
    _judge_outcomes(verdict, model, holdings)
    _judge_records(verdict, model, holdings)
    _judge_conflicts(verdict, model, holdings)
    return verdict


def _judge_acts(verdict: Verdict, holdings: Holdings, desk: DeskEnd) -> None:
    """Everything told is there once, unchanged, in order, with its files; and nothing that nobody did."""
    verdict.lost += [f"{desk.name}: {words}" for words in desk.problems]
    kept = [action for action in holdings.actions if action.desk_id == desk.desk_id]
    ids = [action.id for action in kept]
    for action in desk.told.values():
        if action.id not in ids:
            verdict.lost.append(f"{desk.name}: act {action.sequence} {action.kind} is not at the centre")
        for content_hash in action.attachments:
            content = holdings.files.get(content_hash)
            if content is None:
                verdict.lost.append(f"{desk.name}: a file of act {action.sequence} is not at the centre")
            elif hashlib.sha256(content).hexdigest() != content_hash:
                verdict.lost.append(f"{desk.name}: a file of act {action.sequence} is not what it was")
    verdict.doubled += [f"{desk.name}: act {name} twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
    verdict.doubled += [f"{desk.name}: act {action.sequence} that nobody did" for action in kept if action.id not in desk.told]
    if [action.sequence for action in kept] != list(range(1, len(kept) + 1)):
        verdict.differing.append(f"{desk.name}: sequences at the centre {[action.sequence for action in kept]}")
    for action in kept:
        told = desk.told.get(action.id)
        if told is not None and text(msgspec.json.decode(action.body)["changes"]) != text(msgspec.to_builtins(told.changes)):
            verdict.differing.append(f"{desk.name}: act {action.sequence} says something else at the centre")


def _judge_state(verdict: Verdict, desk: DeskEnd) -> None:
    if not desk.is_sealed:
        verdict.stuck.append(f"{desk.name}: the sealed log is behind or does not empty")
    if desk.waiting or not desk.is_equal or desk.problem:
        verdict.stuck.append(f"{desk.name}: {desk.waiting} waiting, equal {desk.is_equal}, {desk.problem}")


def _judge_numbers(verdict: Verdict, desks: Sequence[DeskEnd]) -> None:
    owners: dict[str, str] = {}
    for desk in desks:
        for action in desk.told.values():
            for change in action.changes:
                number = change.fields.get("number", (None, None))[1] if change.record_type == "case" else None
                if number and owners.setdefault(number, action.id) != action.id:
                    verdict.doubled.append(f"{desk.name}: receipt number {number} was given out before")


def _judge_outcomes(verdict: Verdict, model: Model, holdings: Holdings) -> None:
    for kept in holdings.actions:
        if (kept.outcome == "quarantined") != (kept.id in model.quarantined):
            verdict.differing.append(f"act {kept.sequence} of {kept.desk_id[-4:]} was {kept.outcome}")
        elif (kept.outcome == "conflict") != (kept.id in model.collided):
            verdict.differing.append(f"act {kept.sequence} of {kept.desk_id[-4:]} was answered {kept.outcome}")


def _judge_records(verdict: Verdict, model: Model, holdings: Holdings) -> None:
    for key in sorted(model.records.keys() | holdings.records.keys()):
        if key not in holdings.records or key not in model.records:
            verdict.differing.append(f"{key} is {'not ' if key not in holdings.records else ''}at the centre")
            continue
        wrong = _differences(model.records[key], holdings.records[key])
        if wrong:
            verdict.differing.append(f"{key[0]} {key[1][-6:]} at the centre: {wrong}")
        elif holdings.records[key]["version"] != len(model.states[key]):
            verdict.differing.append(f"{key[0]} {key[1][-6:]} has version {holdings.records[key]['version']}, not {len(model.states[key])}")


def _differences(wanted: Values, found: Values) -> str:
    # The centre's own stamp on a conflict is not in any act.
    names = wanted.keys() if "found_at" in found else (wanted.keys() | found.keys()) - {"id", "version"}
    return ", ".join(
        f"{name} is {text(found.get(name))}, not {text(wanted.get(name))}"
        for name in sorted(names)
        if text(found.get(name)) != text(wanted.get(name))
    )


def _judge_conflicts(verdict: Verdict, model: Model, holdings: Holdings) -> None:
    kept = {
        ModelConflict(
            values["action_id"],
            values["subject_type"],
            values["subject_id"],
            values["field"],
            text(values["before"]),
            text(values["theirs"]),
            text(values["yours"]),
        )
        for key, values in holdings.records.items()
        if key[0] == "conflict"
    }
    verdict.conflicts_made, verdict.conflicts_kept = len(model.conflicts), len(kept & model.conflicts)
    verdict.lost += [f"a conflict is not kept: {conflict}" for conflict in sorted(model.conflicts - kept)]
    verdict.differing += [f"a conflict that is none: {conflict}" for conflict in sorted(kept - model.conflicts)]


def _judge_shown(verdict: Verdict, model: Model, desk: DeskEnd) -> None:
    """A desk shows the centre's record; of a record that belongs elsewhere, a state no older than the last that concerned it."""
    own = {(change.record_type, change.record_id) for key in model.quarantined & desk.told.keys() for change in desk.told[key].changes}
    for (station, key), version in model.owed.items():
        if station != desk.station_code or key in own:
            continue
        found = desk.shown.get(key)
        states = model.states[key]
        last = len(states) if states[-1]["station_code"] == station else version
        if found is None or not last <= found["version"] <= len(states):
            words = "nothing" if found is None else f"version {found['version']}"
            verdict.differing.append(f"{desk.name} shows {words} of {key[0]} {key[1][-6:]}, which has {last}")
        elif wrong := _differences(states[found["version"] - 1], found):
            verdict.differing.append(f"{desk.name} shows {key[0]} {key[1][-6:]}: {wrong}")
