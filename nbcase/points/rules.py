"""What a rule comes out as from facts, and why: the walker, which is the reference and the explanation at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from nbcase.points.language import (
    Add,
    AtLeast,
    AtMost,
    Compare,
    Condition,
    Divide,
    Expression,
    Fact,
    Highest,
    InList,
    Int,
    Lookup,
    Multiply,
    Ref,
    Step,
    Switch,
    When,
    parts,
)


@dataclass(frozen=True, slots=True)
class RowHit:
    """Which row of a step table was reached: its number (−1 under the first) and value, and the next bound with what it would give."""

    of: Expression
    at: int
    row: int
    value: int
    next_at: int | None = None
    next_value: int | None = None


def evaluate(node: Expression, facts: Mapping[str, int], refs: Mapping[str, int], hits: list[RowHit] | None = None) -> int:
    """The value of an expression. Step tables that were read on the way are noted in `hits`."""

    def of(inner: Expression) -> int:
        return evaluate(inner, facts, refs, hits)

    match node:
        case Int(value):
            return value
        case Fact(name):
            return facts[name]
        case Ref(code):
            return refs[code]
        case Step():
            return _step(node, of(node.of), hits)
        case Lookup(inner, table, other):
            key = of(inner)
            return next((value for known, value in table if known == key), other)
        case Divide(inner, by):
            return of(inner) // by
        case When(condition, then, otherwise):
            return of(then) if holds(condition, facts, refs, hits) else of(otherwise)
        case Switch(branches, otherwise):
            chosen = next((then for condition, then in branches if holds(condition, facts, refs, hits)), otherwise)
            return of(chosen)
        case Multiply(left, right):
            return of(left) * of(right)
        case Add(several):
            return sum(of(inner) for inner in several)
        case AtMost(inner, limit):
            return min(of(inner), of(limit))
        case AtLeast() | Highest():
            return max(of(inner) for inner in parts(node))  # type: ignore[arg-type]


def holds(condition: Condition, facts: Mapping[str, int], refs: Mapping[str, int], hits: list[RowHit] | None = None) -> bool:
    """Whether a condition holds."""
    match condition:
        case InList(inner, values):
            return evaluate(inner, facts, refs, hits) in values
        case Compare(left, sign, right):
            one, other = evaluate(left, facts, refs, hits), evaluate(right, facts, refs, hits)
            match sign:
                case "<":
                    return one < other
                case "<=":
                    return one <= other
                case "=":
                    return one == other
                case ">=":
                    return one >= other
                case _:
                    return one > other


def _step(node: Step, at: int, hits: list[RowHit] | None) -> int:
    row = -1
    for number, (bound, _) in enumerate(node.rows):
        if at < bound:
            break
        row = number
    value = node.rows[row][1] if row >= 0 else node.below
    if hits is not None:
        following = node.rows[row + 1] if row + 1 < len(node.rows) else (None, None)
        hits.append(RowHit(node.of, at, row, value, *following))
    return value
