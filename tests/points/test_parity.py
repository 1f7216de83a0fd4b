"""The comparison of the faces is worth something: one node wrong in one face is found, by boundary vectors alone."""

import json
from datetime import date
from typing import Any

import pytest

from nbcase.points import rules, sql
from nbcase.points.language import Step
from tests.benchmarks import parity
from tests.points import test_two_faces

ON = date(2026, 10, 31)

WRONG = {
    "a bound that is passed, not reached": (">=", ">"),
    "a cap that is a floor": ("LEAST((", "GREATEST(("),
    "a floor that is a cap": ("GREATEST(f_level", "LEAST(f_level"),
    "a product that is a sum": (" * ", " + "),
    "a division that rounds up": (" // 1000000)", " // 1000000 + 1)"),
    "a list that is left out": (" IN (9, -4)", " IN (9)"),
    "a key of a table": ("WHEN 3 THEN 900", "WHEN 3 THEN 901"),
    "a comparison the other way": (" <= 1", " < 1"),
    "what no key fits": ("ELSE 100 END", "ELSE 0 END"),
    "a district that is another": ("'330225'", "'330226'"),
    "another line's points": ("p_a_step + p_b_lookup", "p_a_step + p_a_step"),
    "a block's cap": ("LEAST(p_g_more, 500)", "LEAST(p_g_more, 600)"),
    "a block that is left out": (" + b_deduction", ""),
    "a total under nothing": (" + b_district, 0)", " + b_district, -1)"),
}


@pytest.fixture(autouse=True)
def few_mixed_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edges one by one, and some of them mixed."""
    monkeypatch.setattr(parity, "MIXED", 200)


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_node_in_the_sql_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = WRONG[name]
    real = parity.rules_sql

    def broken(*given: Any) -> str:
        text = real(*given)
        assert right in text
        return text.replace(right, wrong, 1)

    catalogue = parity.catalogue_of("everything")
    assert set(parity.compare_rules(catalogue, ON)) == {"cells"}
    monkeypatch.setattr(parity, "rules_sql", broken)
    assert set(parity.compare_rules(catalogue, ON)) > {"cells"}


def test_one_wrong_node_in_the_walker_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    parity.catalogue_of("shipped")  # Loaded by the right walker, which checks the examples.
    real = rules._step
    monkeypatch.setattr(rules, "_step", lambda node, at, hits: real(Step(node.of, node.rows[1:], node.below), at, hits))
    assert parity.compare(parity.Part(name="shipped", on=ON, seed=0, count=200))["p_age"] > 0


WRONG_FACTS = {
    "a month begun counts as whole": (" % 100 < b", " % 100 <= b"),
    "a gap of one day more": ("first > e_run + 30", "first >= e_run + 30"),
    "somebody else's rows": (">= person * 33554432 THEN n", ">= 0 THEN n"),
    "a row that knows itself": ("LAG(me_run) OVER ()", "me_run"),
}


@pytest.mark.parametrize("name", WRONG_FACTS)
def test_one_wrong_fact_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = WRONG_FACTS[name]

    def broken(*given: Any, **more: Any) -> str:
        text = sql.facts_sql(*given, **more)
        assert right in text
        return text.replace(right, wrong)

    monkeypatch.setattr(test_two_faces, "facts_sql", broken)
    found = parity.compare(parity.Part(name="everything", on=ON, seed=0, count=2_000))
    assert set(found) > {"cells"}


def test_the_benchmark_prints_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    parity.main(["--json", "--size", "2"])
    line = json.loads(capsys.readouterr().out)
    assert (line["name"], line["differences"]) == ("parity", 0)
    assert line["boundary_vectors"] > 1_500
    assert line["cells"] > 10_000
