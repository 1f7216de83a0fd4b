"""A small size of each benchmark runs with the tests, so that none rots."""

import importlib
import json

import pytest

NEEDED = {"name", "figure", "unit", "yardstick", "ratio", "sizes", "versions"}


@pytest.mark.parametrize(
    "name",
    [
        "startup",
        "commit",
        "search",
        "storm",
        "idle",
        "sync",
        "rescue",
        "ranking",
        "feed",
        "first_sync",
        "points",
        "policies",
        "documents",
        "card_reader",
        "stalls",
        "addresses",
    ],
)
def test_a_benchmark_prints_one_line_with_its_yardstick(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "points":
        pytest.importorskip("openfisca_core", reason="needs the benchmark extra")
    importlib.import_module(f"tests.benchmarks.{name}").main(["--json", "--size", "2"])
    line = json.loads(capsys.readouterr().out)
    assert set(line) >= NEEDED
    assert line["figure"] > 0
    assert line["ratio"] > 0


def test_a_correction_of_a_month_is_the_whole_month(capsys: pytest.CaptureFixture[str]) -> None:
    points = importlib.import_module("tests.benchmarks.points")
    points.main(["--json", "--size", "2", "--changed", "0.1"])
    line = json.loads(capsys.readouterr().out)
    assert set(line) >= NEEDED
    assert (line["differences"], 0 < line["scored"] < 400) == (0, True)
