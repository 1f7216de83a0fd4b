"""Editing a catalogue: an indicator's rule as a person fills it in, and the catalogue's files with edits from a day on.

No rule is checked here: `catalogue_from` reads the files with the edits in them and names every mistake as it does for a file.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from nbcase.domain.words import tr
from nbcase.points.bounds import WIDEST_POINTS
from nbcase.points.catalogue import Example, Indicator, PointsCatalogue, Version, show
from nbcase.points.checking import example_points
from nbcase.points.facts import Best
from nbcase.points.language import (
    AtMost,
    Expression,
    Fact,
    Highest,
    Int,
    Lookup,
    Mistake,
    Multiply,
    Ref,
    Step,
    hundredths,
    parse,
    walk,
    whole,
)
from nbcase.points.reading import CatalogueError, catalogue_from, unusable

UNCONFIGURED = "未配置"
_MOST_DIGITS = 12
_MOST_LEVELS = 40


class Shape(StrEnum):
    """How a rule gives points: not at all, each unit, bands of one fact, kinds of one fact, the best of several; or as its file says."""

    UNCONFIGURED = "unconfigured"
    EACH = "each"
    BANDS = "bands"
    KINDS = "kinds"
    HIGHEST = "highest"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One fact and its rows as typed: where a row begins (or which kind it is), and its points."""

    fact: str
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedExample:
    """A worked example as typed: `facts` by name, points, and points of other lines that it gives."""

    say: str
    facts: Mapping[str, str]
    points: str
    lines: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An indicator's rule as a person fills it in; all values as typed. `each` is the points of a unit, `other` the rule of `OTHER`."""

    code: str
    shape: Shape
    parts: tuple[Part, ...] = ()
    each: str = ""
    cap: str = ""
    unit: str = ""
    basis: str = ""
    note: str = ""
    examples: tuple[WorkedExample, ...] = ()
    other: Any = None


def edit_of(indicator: Indicator, version: Version, plain_rule: Any = None) -> Edit:
    """What a form shows of a version; `plain_rule` is how its file writes a rule of no usual shape."""
    shape, parts, each = _shape(version.rule)
    if isinstance(version.rule, AtMost) and version.rule.limit != Int(version.cap or 0):
        shape, parts, each = Shape.OTHER, (), ""
    return Edit(
        code=indicator.code,
        shape=shape,
        parts=parts,
        each=each,
        cap="" if version.cap is None else show(version.cap),
        unit=version.unit,
        basis=version.basis,
        note=version.note,
        examples=tuple(
            WorkedExample(
                say=one.say,
                facts={name: str(value) for name, value in one.facts.items()},
                points=show(one.points),
                lines={code: show(points) for code, points in one.lines.items()} or None,
            )
            for one in version.examples
        ),
        other=plain_rule if shape is Shape.OTHER else None,
    )


def _shape(rule: Expression | None) -> tuple[Shape, tuple[Part, ...], str]:
    match rule:
        case None:
            return Shape.UNCONFIGURED, (), ""
        case AtMost(Multiply(Fact(name), Int(each)), Int()):
            return Shape.EACH, (Part(fact=name),), show(each)
        case Step(Fact(name), rows, 0):
            return Shape.BANDS, (Part(fact=name, rows=_typed(rows)),), ""
        case Lookup(Fact(name), table, 0):
            return Shape.KINDS, (Part(fact=name, rows=_typed(table)),), ""
        case Highest(several) if all(_shape(one)[0] is Shape.BANDS for one in several):
            return Shape.HIGHEST, tuple(_shape(one)[1][0] for one in several), ""
        case _:
            return Shape.OTHER, (), ""


def _typed(rows: Sequence[tuple[int, int]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(at), show(points)) for at, points in rows)


def facts_for(catalogue: PointsCatalogue, shape: Shape) -> tuple[str, ...]:
    """The facts that a rule of a shape may be about: kinds for `KINDS`, numbers for all others."""
    is_kind = {name: isinstance(fact.kind, Best) and fact.kind.value.of_code is not None for name, fact in catalogue.facts.items()}
    return tuple(name for name in catalogue.facts if is_kind[name] is (shape is Shape.KINDS))


def blank_rows(catalogue: PointsCatalogue, shape: Shape, fact: str) -> tuple[tuple[str, str], ...]:
    """The rows to fill in for a fact: every kind that it has, or one open band."""
    if shape is not Shape.KINDS or fact not in catalogue.facts:
        return (("", ""),)
    kind = catalogue.facts[fact].kind
    worth = kind.value.of_code if isinstance(kind, Best) and kind.value.of_code is not None else ()
    return tuple((str(number), "") for number in sorted({number for _, number in worth}))


def plain_edit(edit: Edit) -> dict[str, Any]:
    """An edit as JSON values, in the keys of a catalogue file."""
    examples = [
        {
            "say": one.say,
            "facts": {name: _number(value) for name, value in one.facts.items() if value != ""},
            "points": one.points,
            **({"lines": dict(one.lines)} if one.lines else {}),
        }
        for one in edit.examples
    ]
    return {
        "unit": edit.unit,
        "cap": edit.cap or UNCONFIGURED,
        "basis": edit.basis,
        "note": edit.note,
        "rule": _plain_rule(edit),
        "examples": examples if edit.shape is not Shape.UNCONFIGURED else [],
    }


def _plain_rule(edit: Edit) -> Any:
    match edit.shape:
        case Shape.UNCONFIGURED:
            return UNCONFIGURED
        case Shape.EACH:
            return {"at_most": [{"mul": [{"fact": edit.parts[0].fact}, {"points": edit.each}]}, {"points": edit.cap}]}
        case Shape.BANDS:
            return _bands(edit.parts[0])
        case Shape.KINDS:
            table = {at: points for at, points in edit.parts[0].rows if at or points}
            return {"lookup": {"of": {"fact": edit.parts[0].fact}, "points": table}}
        case Shape.HIGHEST:
            return {"highest": [_bands(part) for part in edit.parts]}
        case Shape.OTHER:
            return edit.other


def _bands(part: Part) -> dict[str, Any]:
    rows = [[_number(at), points] for at, points in part.rows if at or points]
    return {"step": {"of": {"fact": part.fact}, "points": rows}}


def _number(typed: str) -> int | str:
    """A whole number, or what was typed in its place: the reader of the catalogue says what is wrong with it."""
    return int(typed) if len(typed) <= _MOST_DIGITS and typed.isascii() and typed.removeprefix("-").isdigit() else typed


def with_edits(contents: Mapping[str, Any], from_on: date, edits: Mapping[str, Any]) -> dict[str, Any]:
    """The catalogue's files with these edits in force from a day on; what held up to then stays as it was.

    Raises `CatalogueError` for an indicator that they do not have: another program's catalogue may have it.
    """
    found: dict[str, Any] = copy.deepcopy(dict(contents))
    known = {indicator["code"] for plain in found.values() for indicator in plain.get("indicators") or ()}
    if unknown := sorted(edits.keys() - known):
        raise unusable([tr("没有“{name}”这个指标。").format(name=code) for code in unknown])
    for code, edit in edits.items():
        indicator = _indicator(found, code)
        versions = indicator["versions"]
        for version in versions:
            version.setdefault("cap", indicator.get("cap", UNCONFIGURED))
            version.setdefault("unit", indicator.get("unit", ""))
        later = [version["from"] for version in versions if version["from"] > from_on]
        kept = [version for version in versions if version["from"] != from_on]
        for version in kept:
            if version["from"] < from_on and (version.get("until") is None or version["until"] > from_on):
                version["until"] = from_on
        new = {"from": from_on, **({"until": min(later)} if later else {}), **_from_json(edit)}
        indicator["versions"] = [*kept, new]
    return found


def plain_rule_of(contents: Mapping[str, Any], code: str, day: date) -> Any:
    """How the files write an indicator's rule of a day; None where it has none."""
    for version in _indicator(contents, code)["versions"]:
        if version["from"] <= day and (version.get("until") is None or day < version["until"]):
            return _to_json(version["rule"])
    return None


def _indicator(contents: Mapping[str, Any], code: str) -> dict[str, Any]:
    for plain in contents.values():
        for indicator in plain.get("indicators") or ():
            if indicator["code"] == code:
                named: dict[str, Any] = indicator
                return named
    raise LookupError(f"no indicator {code}")


def _from_json(value: Any) -> Any:
    """JSON knows no numbers as keys: the rows of a lookup get theirs back."""
    if isinstance(value, Mapping):
        restored = {key: _from_json(inner) for key, inner in value.items()}
        if "lookup" in restored and isinstance(restored["lookup"], dict):
            for name in ("points", "values"):
                if isinstance(table := restored["lookup"].get(name), dict):
                    restored["lookup"][name] = {_number(str(key)): points for key, points in table.items()}
        return restored
    return [_from_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _to_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _to_json(inner) for key, inner in value.items()}
    return [_to_json(inner) for inner in value] if isinstance(value, list) else value


class _PlainExample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    say: str
    facts: dict[str, int | str]
    points: str
    lines: dict[str, str] = {}


class _PlainEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit: str
    cap: str
    basis: str
    note: str
    rule: Any
    examples: list[_PlainExample]


def check_plain(edits: Any) -> None:
    """Refuse what `plain_edit` can not have made: every desk will show it. Raises `msgspec.ValidationError`."""
    for edit in msgspec.convert(edits, dict[str, _PlainEdit]).values():
        if not _is_within(edit.rule, _MOST_LEVELS):
            raise msgspec.ValidationError("the rule is too deep")


def _is_within(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_within(each, levels - 1) for each in inner)


def read_edit(code: str, plain: Mapping[str, Any]) -> Edit:
    """What a form shows of an edit that was kept, right or not."""
    rule = _from_json(plain["rule"])
    shape, parts, each = _read_rule(rule)
    cap = plain["cap"]
    return Edit(
        code=code,
        shape=shape,
        parts=parts,
        each=each,
        cap="" if cap == UNCONFIGURED else str(cap),
        unit=plain["unit"],
        basis=plain["basis"],
        note=plain["note"],
        examples=tuple(
            WorkedExample(
                say=one["say"],
                facts={name: str(value) for name, value in one["facts"].items()},
                points=str(one["points"]),
                lines={name: str(value) for name, value in one["lines"].items()} if "lines" in one else None,
            )
            for one in plain["examples"]
        ),
        other=plain["rule"] if shape is Shape.OTHER else None,
    )


def _read_rule(rule: Any) -> tuple[Shape, tuple[Part, ...], str]:
    match rule:
        case "未配置":
            return Shape.UNCONFIGURED, (), ""
        case {"at_most": [{"mul": [{"fact": str(name)}, {"points": each}]}, {"points": _}]}:
            return Shape.EACH, (Part(fact=name),), str(each)
        case {"step": {"of": {"fact": str(name)}, "points": [*rows], **rest}} if not rest and all(map(_is_pair, rows)):
            return Shape.BANDS, (Part(fact=name, rows=tuple((str(at), str(points)) for at, points in rows)),), ""
        case {"lookup": {"of": {"fact": str(name)}, "points": dict(table), **rest}} if not rest:
            return Shape.KINDS, (Part(fact=name, rows=tuple((str(at), str(points)) for at, points in table.items())),), ""
        case {"highest": [*several]} if several and all(_read_rule(one)[0] is Shape.BANDS for one in several):
            return Shape.HIGHEST, tuple(_read_rule(one)[1][0] for one in several), ""
        case _:
            return Shape.OTHER, (), ""


def _is_pair(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A catalogue with edits in it, or every mistake that keeps it from being one."""

    catalogue: PointsCatalogue | None
    mistakes: tuple[str, ...] = ()

    def about(self, code: str) -> tuple[str, ...]:
        """The mistakes of one indicator."""
        return tuple(text for text in self.mistakes if f"({code})" in text or f" {code}(" in text or f" {code}." in text)


def checked(contents: Mapping[str, Any], from_on: date, edits: Mapping[str, Any]) -> Checked:
    """The catalogue with these edits as the checker sees it."""
    try:
        return Checked(catalogue=catalogue_from(with_edits(contents, from_on, edits)))
    except CatalogueError as error:
        return Checked(catalogue=None, mistakes=error.mistakes)


def example_results(catalogue: PointsCatalogue, edit: Edit) -> tuple[int | None, ...]:
    """What the rule as typed gives for each example, in hundredths; None where rule or example cannot be read."""
    try:
        rule = parse(_from_json(_plain_rule(edit)), edit.code)
    except Mistake:
        return (None,) * len(edit.examples)
    return tuple(_result(catalogue, rule, one) for one in edit.examples)


def _result(catalogue: PointsCatalogue, rule: Expression, one: WorkedExample) -> int | None:
    facts = {name: (fact.low, fact.high) for name, fact in catalogue.facts.items()}
    refs = {node.code: (-WIDEST_POINTS, WIDEST_POINTS) for node in walk(rule) if isinstance(node, Ref)}
    try:
        given = {name: whole(_number(value), name) for name, value in one.facts.items() if value != ""}
        lines = {code: hundredths(points, code) for code, points in (one.lines or {}).items()}
        return example_points(rule, Example(say=one.say, facts=given, lines=lines, points=0), facts, refs, one.say)
    except Mistake:
        return None
