"""A catalogue as somebody who writes for OpenFisca would have it: the yardstick of the rules, never a part of the program."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from nbcase.points.catalogue import Indicator, PointsCatalogue
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
)
from nbcase.points.sheet import needed_facts

Array = np.ndarray[Any, Any]


def by_openfisca(catalogue: PointsCatalogue, on: date, facts: Mapping[str, Any]) -> dict[str, Array]:
    """The catalogue as an OpenFisca system of variables, calculated for everybody at once."""
    from openfisca_core.entities import build_entity
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem

    period = f"{on:%Y-%m}"
    person = build_entity(key="person", plural="persons", label="", is_person=True)
    system = TaxBenefitSystem([person])
    # The shipped districts have no configured line, so everybody has the same ones.
    lines = [(indicator, found.rule) for indicator, found in catalogue.on(on) if found.rule is not None]
    for fact in needed_facts(catalogue, on):
        system.add_variable(_variable(person, f"f_{fact.name}", None))
    for indicator, rule in lines:
        system.add_variable(_variable(person, f"p_{indicator.code}", _formula(rule)))
    system.add_variable(_variable(person, "total", _total(catalogue, [indicator for indicator, _ in lines])))
    simulation = SimulationBuilder().build_default_simulation(system, len(facts["person"]))
    for fact in needed_facts(catalogue, on):
        simulation.set_input(f"f_{fact.name}", period, np.asarray(facts[f"f_{fact.name}"]).astype(np.int32))
    names = [*(f"p_{indicator.code}" for indicator, _ in lines), "total"]
    return {name: simulation.calculate(name, period) for name in names}


def _variable(person: Any, name: str, formula: Callable[..., Array] | None) -> type:
    from openfisca_core.periods import DateUnit
    from openfisca_core.variables import Variable

    content: dict[str, Any] = {"value_type": int, "entity": person, "definition_period": DateUnit.MONTH}
    return type(name, (Variable,), content | ({"formula": formula} if formula is not None else {}))


def _formula(rule: Expression) -> Callable[..., Array]:
    value = _compiled(rule)
    return lambda person, period, parameters: value(lambda name: person(name, period))


def _total(catalogue: PointsCatalogue, lines: Sequence[Indicator]) -> Callable[..., Array]:
    def formula(person: Any, period: Any, parameters: Any) -> Array:
        total = 0
        for block in catalogue.blocks.values():
            own = [person(f"p_{indicator.code}", period) for indicator in lines if indicator.block == block.code]
            total = total + (np.minimum(sum(own), block.cap) if own and block.cap is not None else sum(own))
        return np.maximum(total, 0)

    return formula


Read = Callable[[str], Array]


def _compiled(node: Expression) -> Callable[[Read], Array]:
    """A rule as a person who writes for OpenFisca would have it: its scales for tables, numpy for the rest."""
    match node:
        case Int(value):
            return lambda read: np.int64(value)
        case Fact(name):
            return lambda read: read(f"f_{name}")
        case Ref(code):
            return lambda read: read(f"p_{code}")
        case Step(inner, rows, below):
            return _scale(_compiled(inner), rows, below)
        case Lookup(inner, table, other):
            of = _compiled(inner)
            return lambda read: np.select([of(read) == key for key, _ in table], [value for _, value in table], other)
        case Divide(inner, by):
            of = _compiled(inner)
            return lambda read: of(read) // by
        case When(condition, then, otherwise):
            return _compiled(Switch(((condition, then),), otherwise))
        case Switch(branches, otherwise):
            chosen = [(_held(condition), _compiled(then)) for condition, then in branches]
            last = _compiled(otherwise)
            return lambda read: np.select([holds(read) for holds, _ in chosen], [then(read) for _, then in chosen], last(read))
        case _:
            return _combined(node)


def _scale(of: Callable[[Read], Array], rows: Sequence[tuple[int, int]], below: int) -> Callable[[Read], Array]:
    from openfisca_core.taxscales import SingleAmountTaxScale

    scale = SingleAmountTaxScale()
    scale.add_bracket(-(1 << 30), below)
    for bound, value in rows:
        scale.add_bracket(bound, value)
    return lambda read: scale.calc(of(read))


def _combined(node: Multiply | Add | AtMost | AtLeast | Highest) -> Callable[[Read], Array]:
    operation: Any
    match node:
        case Multiply(left, right):
            operation, several = np.multiply, (left, right)
        case Add(several):
            operation = np.add
        case AtMost(inner, limit):
            operation, several = np.minimum, (inner, limit)
        case AtLeast(inner, limit):
            operation, several = np.maximum, (inner, limit)
        case Highest(several):
            operation = np.maximum
    values = [_compiled(inner) for inner in several]

    def combined(read: Read) -> Array:
        found = values[0](read)
        for value in values[1:]:
            found = operation(found, value(read))
        return found

    return combined


def _held(condition: Condition) -> Callable[[Read], Array]:
    match condition:
        case InList(inner, values):
            of = _compiled(inner)
            return lambda read: np.isin(of(read), values)
        case Compare(left, sign, right):
            one, other = _compiled(left), _compiled(right)
            compare = {"<": np.less, "<=": np.less_equal, "=": np.equal, ">=": np.greater_equal, ">": np.greater}[sign]
            return lambda read: compare(one(read), other(read))
