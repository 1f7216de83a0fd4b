"""The catalogue's language: closed, total, integers only. Points are hundredths, money is fen, time is days or months.

Fifteen kinds of node, each with one small meaning per face (walker, SQL). There is no division but of a non-negative
number by a positive constant, no float, no clock, no missing value: facts are whole numbers within a declared range.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

from nbcase.domain.words import tr

HUNDREDTHS = 100
_MOST_DIGITS = 12
COMPARISONS = ("<", "<=", "=", ">=", ">")


@dataclass(frozen=True, slots=True)
class Int:
    """A constant."""

    value: int


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the resident by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """The points of another indicator, as it came out."""

    code: str


@dataclass(frozen=True, slots=True)
class Step:
    """The value of the last row whose bound is reached; `below` under the first."""

    of: "Expression"
    rows: tuple[tuple[int, int], ...]
    below: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """The value in a table by exact key; `other` where it has none."""

    of: "Expression"
    table: tuple[tuple[int, int], ...]
    other: int


@dataclass(frozen=True, slots=True)
class Multiply:
    """The product of two."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Divide:
    """A non-negative number by a positive constant, the rest dropped."""

    of: "Expression"
    by: int


@dataclass(frozen=True, slots=True)
class Add:
    """A sum."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AtMost:
    """The smaller of the two: a cap."""

    of: "Expression"
    limit: "Expression"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The greater of the two: a floor."""

    of: "Expression"
    limit: "Expression"


@dataclass(frozen=True, slots=True)
class Highest:
    """The greatest of several: 只取最高."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Whether the comparison holds."""

    left: "Expression"
    sign: str
    right: "Expression"


@dataclass(frozen=True, slots=True)
class InList:
    """Whether the value is one of these."""

    of: "Expression"
    values: tuple[int, ...]


Condition = Compare | InList


@dataclass(frozen=True, slots=True)
class When:
    """One of two, by a condition."""

    condition: Condition
    then: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True, slots=True)
class Switch:
    """The value of the first branch whose condition holds."""

    branches: tuple[tuple[Condition, "Expression"], ...]
    otherwise: "Expression"


Expression = Int | Fact | Ref | Step | Lookup | Multiply | Divide | Add | AtMost | AtLeast | Highest | When | Switch


class Mistake(Exception):
    """Something in a catalogue that cannot be used: where, what, and how to mend it, in the words of who keeps the file."""

    def __init__(self, place: str, what: str, mend: str = "") -> None:
        super().__init__(f"{place}: {what} {mend}".strip())
        self.place = place
        self.what = what
        self.mend = mend


def hundredths(value: object, place: str) -> int:
    """Points as written, such as ``0.25``, in hundredths; `Mistake` for anything that is not that exact."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Mistake(place, tr("分值要写成数字。"), tr("例如 0.25。"))
    try:
        exact = Decimal(str(value)) * HUNDREDTHS
        if not exact.is_finite() or exact.adjusted() > _MOST_DIGITS:
            raise InvalidOperation
    except (InvalidOperation, Overflow) as error:
        raise Mistake(place, tr("“{text}”不是分值。").format(text=value), tr("例如 0.25。")) from error
    if exact != exact.to_integral_value():
        raise Mistake(place, tr("分值 {text} 多于两位小数。").format(text=value), tr("分值以 0.01 分为最小单位。"))
    return int(exact)


def whole(value: object, place: str) -> int:
    """A whole number as written."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mistake(place, tr("这里要写整数，写的却是 {text}。").format(text=value))
    return value


def parse(plain: object, place: str) -> Expression:
    """An expression from its YAML shape; raises `Mistake` with the place of what does not fit."""
    if isinstance(plain, int) and not isinstance(plain, bool):
        return Int(plain)
    if not isinstance(plain, dict) or len(plain) != 1:
        raise Mistake(place, tr("这里要写一个节点。"), "fact: age")
    ((kind, inner),) = plain.items()
    maker = _MAKERS.get(str(kind))
    if maker is None:
        raise Mistake(place, tr("没有“{kind}”这种节点。").format(kind=kind), tr("可用：{names}。").format(names="、".join(sorted(_MAKERS))))
    return maker(inner, f"{place}.{kind}")


def parse_condition(plain: object, place: str) -> Condition:
    """A condition: ``{compare: [a, ">=", b]}`` or ``{in: [a, [1, 2]]}``."""
    if isinstance(plain, dict) and len(plain) == 1:
        ((kind, inner),) = plain.items()
        inside = f"{place}.{kind}"
        if kind == "compare" and isinstance(inner, list) and len(inner) == 3:
            if inner[1] not in COMPARISONS:
                mend = tr("可用：{names}。").format(names=" ".join(COMPARISONS))
                raise Mistake(inside, tr("没有“{sign}”这种比较。").format(sign=inner[1]), mend)
            return Compare(parse(inner[0], f"{inside}[0]"), inner[1], parse(inner[2], f"{inside}[2]"))
        if kind == "in" and isinstance(inner, list) and len(inner) == 2 and isinstance(inner[1], list) and inner[1]:
            return InList(parse(inner[0], f"{inside}[0]"), tuple(whole(value, f"{inside}[1]") for value in inner[1]))
    raise Mistake(place, tr("这里要写一个条件。"), 'compare: [甲, ">=", 乙] / in: [甲, [1, 2]]')


def fields(plain: Any, place: str, needed: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """A mapping with all of these keys and no others; raises `Mistake` for anything else."""
    if not isinstance(plain, dict):
        raise Mistake(place, tr("这里要写成“键: 值”。"))
    for key in plain:
        if key not in (*needed, *optional):
            mend = tr("可用：{names}。").format(names="、".join((*needed, *optional)))
            raise Mistake(f"{place}.{key}".lstrip("."), tr("不认识的键“{key}”。").format(key=key), mend)
    for key in needed:
        if plain.get(key) is None:
            raise Mistake(place or key, tr("缺少“{key}”。").format(key=key), tr("请补上这一项。"))
    return plain


def _several(plain: object, place: str, least: int = 1, most: int = 1000) -> tuple[Expression, ...]:
    if not isinstance(plain, list) or not least <= len(plain) <= most:
        raise Mistake(place, tr("这里要写一列节点。"))
    return tuple(parse(inner, f"{place}[{number}]") for number, inner in enumerate(plain))


def _table_value(plain: Mapping[str, Any], place: str) -> tuple[str, Callable[[object, str], int]]:
    """Whether a table holds points or plain numbers."""
    if ("points" in plain) == ("values" in plain):
        raise Mistake(place, tr("表要写 points（分值）或 values（整数）中的一个。"))
    return ("points", hundredths) if "points" in plain else ("values", whole)


def _step(plain: object, place: str) -> Step:
    given = fields(plain, place, ("of",), ("points", "values", "below"))
    name, read = _table_value(given, place)
    rows = given[name]
    if not isinstance(rows, list) or not rows:
        raise Mistake(f"{place}.{name}", tr("表里一行也没有。"))
    found = []
    for number, row in enumerate(rows):
        here = f"{place}.{name}[{number}]"
        if not isinstance(row, list) or len(row) != 2:
            raise Mistake(here, tr("每行写成 [起点, 分值]。"))
        found.append((whole(row[0], here), read(row[1], here)))
        if number and found[-2][0] >= found[-1][0]:
            raise Mistake(here, tr("起点 {n} 没有大于上一行。").format(n=row[0]), tr("请按起点从小到大排，每个起点一行。"))
    return Step(parse(given["of"], f"{place}.of"), tuple(found), read(given.get("below", 0), f"{place}.below"))


def _lookup(plain: object, place: str) -> Lookup:
    given = fields(plain, place, ("of",), ("points", "values", "other"))
    name, read = _table_value(given, place)
    table = given[name]
    if not isinstance(table, dict) or not table:
        raise Mistake(f"{place}.{name}", tr("表里一行也没有。"))
    rows = sorted((whole(key, f"{place}.{name}"), read(value, f"{place}.{name}.{key}")) for key, value in table.items())
    return Lookup(parse(given["of"], f"{place}.of"), tuple(rows), read(given.get("other", 0), f"{place}.other"))


def _pair(plain: object, place: str) -> tuple[Expression, Expression]:
    left, right = _several(plain, place, 2, 2)
    return left, right


def _divide(plain: object, place: str) -> Divide:
    if not isinstance(plain, list) or len(plain) != 2:
        raise Mistake(place, tr("写成 [被除数, 正整数]。"))
    by = whole(plain[1], f"{place}[1]")
    if by <= 0:
        raise Mistake(f"{place}[1]", tr("除数要大于 0。"))
    return Divide(parse(plain[0], f"{place}[0]"), by)


def _when(plain: object, place: str) -> When:
    given = fields(plain, place, ("if", "then"), ("else",))
    return When(
        parse_condition(given["if"], f"{place}.if"), parse(given["then"], f"{place}.then"), parse(given.get("else", 0), f"{place}.else")
    )


def _switch(plain: object, place: str) -> Switch:
    if not isinstance(plain, list) or len(plain) < 2 or not isinstance(plain[-1], dict) or set(plain[-1]) != {"else"}:
        raise Mistake(place, tr("写成一列 if/then，最后一行是 else。"))
    branches = []
    for number, row in enumerate(plain[:-1]):
        here = f"{place}[{number}]"
        given = fields(row, here, ("if", "then"))
        branches.append((parse_condition(given["if"], f"{here}.if"), parse(given["then"], f"{here}.then")))
    return Switch(tuple(branches), parse(plain[-1]["else"], f"{place}.else"))


def _name(plain: object, place: str) -> str:
    if not isinstance(plain, str) or not plain:
        raise Mistake(place, tr("这里要写名字。"))
    return plain


_MAKERS: dict[str, Callable[[object, str], Expression]] = {
    "points": lambda plain, place: Int(hundredths(plain, place)),
    "fact": lambda plain, place: Fact(_name(plain, place)),
    "ref": lambda plain, place: Ref(_name(plain, place)),
    "step": _step,
    "lookup": _lookup,
    "mul": lambda plain, place: Multiply(*_pair(plain, place)),
    "div": _divide,
    "add": lambda plain, place: Add(_several(plain, place)),
    "at_most": lambda plain, place: AtMost(*_pair(plain, place)),
    "at_least": lambda plain, place: AtLeast(*_pair(plain, place)),
    "highest": lambda plain, place: Highest(_several(plain, place)),
    "when": _when,
    "switch": _switch,
}


def parts(node: Expression | Condition) -> tuple[Expression | Condition, ...]:
    """The nodes right below a node."""
    match node:
        case Int() | Fact() | Ref():
            return ()
        case Step(of=of) | Lookup(of=of) | Divide(of=of) | InList(of=of):
            return (of,)
        case Multiply(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case AtMost(of=of, limit=limit) | AtLeast(of=of, limit=limit):
            return (of, limit)
        case Add(of=several) | Highest(of=several):
            return several
        case When(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Switch(branches=branches, otherwise=otherwise):
            return (*(part for branch in branches for part in branch), otherwise)


def walk(node: Expression | Condition) -> Iterator[Expression | Condition]:
    """The node and everything below it."""
    yield node
    for part in parts(node):
        yield from walk(part)
