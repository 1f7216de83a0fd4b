"""Who may have what, for a whole city in one pass: ``python -m tests.benchmarks.policies --people 5080000 --policies 200 --json``.

Facts of invented people lie in a Parquet file; the answer is another one, a row for each resident with the policies. The yardstick is
one query for each policy on the same engine and file, as somebody would do by hand. A sample is walked again and has to be the same.
"""

import argparse
import json
import platform
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from nbcase.items.checks import CheckState, Fact, check_condition
from nbcase.items.item import AnyOf, AtLeast, AtMost, Condition, Label, MonthsSince, NoneOf, NotPast, OneOf, Option, Present
from nbcase.items.policy import Apply, Policy
from nbcase.items.policy_sql import FactType, codes_of, people_query, policy_sql

ON = date(2026, 11, 24)
MEMORY = "512MB"
SAMPLE = 500
NONE = Label(zh="样例", en="Sample")
TYPES: dict[str, FactType] = {
    "age": "number",
    "points": "number",
    "children": "number",
    "occupants": "number",
    "capacity": "number",
    "works": "flag",
    "is_registered": "flag",
    "permit_state": "text",
    "service.library_card": "text",
    "service.union_membership": "text",
    "known.social_insurance": "text",
    "known.housing": "text",
    "registered_since": "day",
    "lease_until": "day",
    "document_valid_until": "day",
}
COLUMNS = """
    i AS id, (h % 70)::INTEGER AS age, CASE WHEN h % 5 = 0 THEN NULL ELSE (h % 30000)::INTEGER END AS points,
    (hash(i + 1) % 3)::INTEGER AS children, (hash(i + 2) % 7)::INTEGER AS occupants,
    CASE WHEN h % 3 = 0 THEN NULL ELSE (hash(i + 3) % 8)::INTEGER END AS capacity,
    h % 7 <> 0 AS works, hash(i + 4) % 20 <> 0 AS is_registered,
    ['normal', 'to_endorse', 'suspended', 'cancelled', 'none'][(hash(i + 5) % 5)::INTEGER + 1] AS permit_state,
    CASE WHEN hash(i + 6) % 4 = 0 THEN 'held' END AS "service.library_card",
    CASE WHEN hash(i + 7) % 4 = 0 THEN 'held' END AS "service.union_membership",
    CASE WHEN hash(i + 8) % 3 > 0 THEN 'held' END AS "known.social_insurance",
    CASE WHEN hash(i + 9) % 2 = 0 THEN 'held' END AS "known.housing",
    CASE WHEN hash(i + 10) % 20 > 0 THEN DATE '2026-11-24' - (hash(i + 10) % 4000)::INTEGER END AS registered_since,
    CASE WHEN hash(i + 11) % 2 = 0 THEN DATE '2025-06-01' + (hash(i + 11) % 1500)::INTEGER END AS lease_until,
    CASE WHEN hash(i + 12) % 9 > 0 THEN DATE '2024-06-01' + (hash(i + 12) % 6000)::INTEGER END AS document_valid_until
"""


def invented(count: int, seed: int) -> list[Policy]:
    """Policies of two to five conditions of every kind, a third of them with something that is in use already."""
    chance = random.Random(seed)
    return [
        Policy(
            code=f"sample_{number:03d}",
            name=NONE,
            gives=NONE,
            basis="样例 第一条",
            from_on=None,
            conditions=tuple(_condition(chance, place) for place in range(chance.randint(2, 5))),
            apply=Apply(office=NONE),
            in_use=chance.choice(["service.library_card", None, None]),
            is_sample=True,
        )
        for number in range(count)
    ]


def _condition(chance: random.Random, place: int) -> Condition:
    test: Any = _test(chance)
    if chance.random() < 0.2:
        test = AnyOf(options=tuple(Option(key=str(n), name=NONE, test=_test(chance), missing=NONE) for n in range(3)))
    return Condition(key=f"c{place}", name=NONE, basis="", test=test, missing=NONE)


def _test(chance: random.Random) -> Any:
    made: list[Any] = [
        MonthsSince(fact="registered_since", at_least=chance.randint(1, 60)),
        Present(fact=chance.choice(["works", "is_registered", "children", "lease_until"])),
        OneOf(fact="permit_state", values=("normal", "to_endorse")),
        OneOf(fact=chance.choice(["known.social_insurance", "known.housing"]), values=("held",)),
        NoneOf(fact="service.union_membership", values=("held",)),
        AtLeast(fact="points", value=chance.randint(0, 20_000)),
        AtLeast(fact="age", value=chance.randint(16, 50)),
        AtMost(fact="occupants", limit_fact="capacity"),
        NotPast(fact=chance.choice(["lease_until", "document_valid_until"])),
    ]
    return chance.choice(made)


def walked(policy: Policy, facts: dict[str, Fact]) -> bool:
    """What the walker says of one resident and one policy."""
    if policy.in_use is not None and facts[policy.in_use].value == "held":
        return False
    return all(check_condition(condition, facts, ON).state is CheckState.PASSED for condition in policy.conditions)


def differences(engine: duckdb.DuckDBPyConnection, facts: Path, found: Path, policies: Sequence[Policy]) -> int:
    """Over a sample of residents, where the walker says something else."""
    columns = ", ".join(f'f."{name}"' for name in TYPES)
    query = f"SELECT {columns}, r.* EXCLUDE id FROM '{facts}' f LEFT JOIN '{found}' r USING (id) ORDER BY hash(f.id) LIMIT {SAMPLE}"
    count = 0
    for row in engine.execute(query).fetchall():
        known = {name: Fact(value) for name, value in zip(TYPES, row, strict=False)}
        masks = [mask or 0 for mask in row[len(TYPES) :]]
        count += tuple(policy.code for policy in policies if walked(policy, known)) != codes_of(policies, masks, ON)
    return count


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int)
    parser.add_argument("--policies", type=int, default=200)
    parser.add_argument("--size", type=int, default=5_080, help="thousands of people, where --people is not given")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    people, policies = arguments.people or arguments.size * 1_000, invented(arguments.policies, 7)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as engine:
        engine.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 2; SET preserve_insertion_order = false")
        facts, found = Path(folder, "facts.parquet"), Path(folder, "found.parquet")
        engine.execute(f"COPY (SELECT {COLUMNS} FROM (SELECT i, hash(i) AS h FROM range({people}) t(i))) TO '{facts}'")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, spent = time.perf_counter(), time.process_time()
        engine.execute(f"COPY ({people_query(policies, TYPES, repr(str(facts)), ON)}) TO '{found}'")
        own, own_cpu = time.perf_counter() - start, time.process_time() - spent
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        start, spent = time.perf_counter(), time.process_time()
        for number, policy in enumerate(policies):
            one = f"SELECT id FROM '{facts}' WHERE {policy_sql(policy, TYPES, ON)}"
            engine.execute(f"COPY ({one}) TO '{Path(folder, f'one-{number}.parquet')}'")
        yard, yard_cpu = time.perf_counter() - start, time.process_time() - spent
        bits = " + ".join(
            f"bit_count({name})::BIGINT" for name, *_ in engine.execute(f"DESCRIBE SELECT * EXCLUDE id FROM '{found}'").fetchall()
        )
        pairs = engine.execute(f"SELECT coalesce(sum({bits}), 0)::BIGINT FROM '{found}'").fetchone()
        line = {
            "name": "policies",
            "figure": round(own, 3),
            "unit": "s",
            "yardstick": "one query for each policy, same engine and file",
            "yardstick_figure": round(yard, 3),
            "ratio": round(own / yard, 3),
            "cpu_s": [round(own_cpu, 3), round(yard_cpu, 3)],
            "grown_mb": round(grown / 1024, 1),
            "pairs": pairs[0] if pairs else 0,
            "differences": differences(engine, facts, found, policies),
            "sizes": {"people": people, "policies": len(policies), "sample": min(SAMPLE, people)},
            "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        }
    print(json.dumps(line) if arguments.json else line)


if __name__ == "__main__":
    main()
