"""Everybody's points of a month: ``python -m tests.benchmarks.points --people 1000000 5080000 --json``.

The month is generated and taken in once and kept in a folder; that is not counted. Counted is `score_month`: facts, points,
the difference to the month before, the sample that the walker scores again, files in and files out. The yardstick is
OpenFisca in the same run: the same facts out of DuckDB, the same rules as OpenFisca variables with its own scales, and the
result written. The floor is reading and hashing every column. Every measurement has a process of its own, so that its
greatest memory is its own; with several sizes the last one is the figure, and `growth` is how the time grew from the first.
"""

import argparse
import json
import multiprocessing
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nbcase.demo.departments import write_month
from nbcase.exchange.accept import accept_delivery
from nbcase.exchange.archive import Archive
from nbcase.points.catalogue import Indicator
from nbcase.points.engine import connect, parquet, write
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
from nbcase.points.buckets import Inputs, make_views
from nbcase.points.monthly import score_month
from nbcase.points.reading import load_points_catalogue
from nbcase.points.sheet import needed_facts
from nbcase.points.sql import facts_sql

SEPTEMBER, ON = date(2026, 9, 30), date(2026, 10, 31)
PERIOD = "2026-10"
CATALOGUE = load_points_catalogue()
Array = np.ndarray[Any, Any]
Measured = dict[str, Any]


def prepared(folder: Path, people: int) -> Path:
    """The archive of a synthetic month with the scores of the month before; made unless it is there."""
    home = folder / str(people)
    if (home / "done").exists():
        return home
    shutil.rmtree(home, ignore_errors=True)
    (home / "data").mkdir(parents=True)
    for _ in write_month(home / "in", people, 1, ON, CATALOGUE.code):
        pass
    for delivery in sorted((home / "in").iterdir(), key=lambda path: (not path.name.startswith("person"), path.name)):
        accept_delivery(delivery, home / "data", CATALOGUE.code, CATALOGUE.tables, datetime(2026, 11, 3, tzinfo=UTC))
        shutil.rmtree(delivery)
    score_month(CATALOGUE, inputs(home), SEPTEMBER, home / "september")
    (home / "done").touch()
    return home


def inputs(home: Path) -> Inputs:
    """All deliveries of the archive."""
    archive = Archive(home / "data")
    cut = archive.cut(list(CATALOGUE.tables), ON)
    return Inputs(paths=archive.paths(cut), cut=cut)


def run_score(home: Path, memory: str) -> Measured:
    """The monthly run, with the time until the last part was written."""
    shutil.rmtree(home / "october", ignore_errors=True)
    scored = 0.0
    began = time.perf_counter()

    def note(done: int, people: int) -> None:
        nonlocal scored
        scored = time.perf_counter() - began

    run = score_month(CATALOGUE, inputs(home), ON, home / "october", previous=home / "september", memory=memory, progress=note)
    took = time.perf_counter() - began
    stages = {"facts_rules_write": round(scored, 2), "sample_difference": round(took - scored, 2)}
    return {"s": took, "stages": stages, "people": run.people, "total_points": run.total_points, "sampled": run.sampled}


def run_read(home: Path, memory: str) -> Measured:
    """The floor: every column of every prepared table read and hashed."""
    began = time.perf_counter()
    with connect(threads=2, memory_limit=memory) as connection:
        for path in inputs(home).paths.values():
            connection.execute(f"SELECT sum(hash(r)) FROM {parquet(path)} AS r").fetchall()
    return {"s": time.perf_counter() - began}


def run_openfisca(home: Path, memory: str) -> Measured:
    """Facts by DuckDB as in our run, rules by OpenFisca, the result written."""
    out = home / "openfisca.parquet"
    out.unlink(missing_ok=True)
    began = time.perf_counter()
    with connect(threads=2, preserve_insertion_order=False) as connection:
        make_views(connection, CATALOGUE.tables, inputs(home).paths, "TRUE")
        facts = connection.execute(facts_sql(CATALOGUE, ON)).fetchnumpy()
        facts_s = time.perf_counter() - began
        results = by_openfisca(facts)
        rules_s = time.perf_counter() - began - facts_s
        columns = {name: np.asarray(values) for name, values in {**facts, **results}.items() if name != "district_code"}
        connection.register("results", columns)
        write(connection, "SELECT * FROM results", out)
    took = time.perf_counter() - began
    stages = {"facts": round(facts_s, 2), "rules": round(rules_s, 2), "write": round(took - facts_s - rules_s, 2)}
    return {"s": took, "stages": stages, "total_points": int(results["total"].sum(dtype=np.int64))}


def by_openfisca(facts: dict[str, Any]) -> dict[str, Array]:
    """The catalogue as an OpenFisca system of variables, calculated for everybody at once."""
    from openfisca_core.entities import build_entity
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem

    person = build_entity(key="person", plural="persons", label="", is_person=True)
    system = TaxBenefitSystem([person])
    # The shipped districts have no configured line, so everybody has the same ones.
    lines = [(indicator, found.rule) for indicator, found in CATALOGUE.on(ON) if found.rule is not None]
    for fact in needed_facts(CATALOGUE, ON):
        system.add_variable(_variable(person, f"f_{fact.name}", None))
    for indicator, rule in lines:
        system.add_variable(_variable(person, f"p_{indicator.code}", _formula(rule)))
    system.add_variable(_variable(person, "total", _total([indicator for indicator, _ in lines])))
    simulation = SimulationBuilder().build_default_simulation(system, len(facts["person"]))
    for fact in needed_facts(CATALOGUE, ON):
        simulation.set_input(f"f_{fact.name}", PERIOD, np.asarray(facts[f"f_{fact.name}"]).astype(np.int32))
    names = [*(f"p_{indicator.code}" for indicator, _ in lines), "total"]
    return {name: simulation.calculate(name, PERIOD) for name in names}


def _variable(person: Any, name: str, formula: Callable[..., Array] | None) -> type:
    from openfisca_core.periods import DateUnit
    from openfisca_core.variables import Variable

    content: dict[str, Any] = {"value_type": int, "entity": person, "definition_period": DateUnit.MONTH}
    return type(name, (Variable,), content | ({"formula": formula} if formula is not None else {}))


def _formula(rule: Expression) -> Callable[..., Array]:
    value = _compiled(rule)
    return lambda person, period, parameters: value(lambda name: person(name, period))


def _total(lines: Sequence[Indicator]) -> Callable[..., Array]:
    def formula(person: Any, period: Any, parameters: Any) -> Array:
        total = 0
        for block in CATALOGUE.blocks.values():
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


RUNS: dict[str, Callable[[Path, str], Measured]] = {"score": run_score, "read": run_read, "openfisca": run_openfisca}


def _in_child(name: str, home: Path, memory: str, pipe: Any) -> None:
    found = RUNS[name](home, memory)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # KiB on Linux.
    pipe.send(found | {"mib": round(used.ru_maxrss / 1024), "cpu_s": round(used.ru_utime + used.ru_stime, 2)})
    pipe.close()


def measured(name: str, home: Path, memory: str) -> Measured:
    """One measurement in a process of its own."""
    context = multiprocessing.get_context("spawn")
    mine, other = context.Pipe(duplex=False)
    process = context.Process(target=_in_child, args=(name, home, memory, other))
    process.start()
    other.close()
    try:
        return dict(mine.recv())
    except EOFError:
        raise RuntimeError(f"{name} ended without a result") from None
    finally:
        process.join()


def rounds(names: Sequence[str], home: Path, memory: str, count: int) -> dict[str, Measured]:
    """Each measurement as often as asked, in turn; of each the run with the middle time and the greatest memory."""
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for _ in range(count):
        for name in names:
            found[name].append(measured(name, home, memory))
    return {name: _middle(runs) for name, runs in found.items()}


def _middle(runs: list[Measured]) -> Measured:
    chosen = sorted(runs, key=lambda run: run["s"])[len(runs) // 2]
    return chosen | {"mib": max(run["mib"] for run in runs)}


def measure(sizes: Sequence[int], folder: Path, memory: str, count: int) -> Measured:
    """All figures; `differences` is what our total and OpenFisca's differ by, and has to be 0."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {people: rounds(tuple(RUNS), prepared(folder, people), memory, count) for people in sizes}
    last = found[sizes[-1]]
    score, read, yard = last["score"], last["read"], last["openfisca"]
    result: Measured = {
        "name": "points",
        "figure": round(score["s"], 2),
        "unit": "s",
        "yardstick": round(yard["s"], 2),
        "ratio": round(score["s"] / yard["s"], 2),
        "cpu_s": score["cpu_s"],
        "yardstick_cpu_s": yard["cpu_s"],
        "mib": score["mib"],
        "yardstick_mib": yard["mib"],
        "stages": score["stages"],
        "yardstick_stages": yard["stages"],
        "read_s": round(read["s"], 2),
        "of_read": round(score["s"] / read["s"], 1),
        "sampled": score["sampled"],
        "differences": abs(score["total_points"] - yard["total_points"]),
        "memory_limit": memory,
        "sizes": {"people": list(sizes), "rounds": count},
        "versions": {name: version(name) for name in ("duckdb", "numpy", "openfisca-core")} | {"python": platform.python_version()},
    }
    if len(sizes) > 1:
        result["growth"] = round(score["s"] / found[sizes[0]]["score"]["s"], 2)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--size", type=int, help="thousands of people; for a short run")
    parser.add_argument("--memory", default="1200MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where made months are kept; else they are made anew")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    sizes, count = ([given.size * 1_000], 1) if given.size else (given.people, given.rounds)
    with tempfile.TemporaryDirectory() as name:
        result = measure(sizes, given.folder or Path(name), given.memory, count)
    print(json.dumps(result, ensure_ascii=False) if given.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
