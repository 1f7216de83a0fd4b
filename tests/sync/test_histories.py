"""Seeded histories of crashes, cuts, full disks, jumping clocks and restores, held against a model; see `tests.faults`."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.benchmarks.faults import fast_postgres, play, simulate
from tests.faults.mutations import MUTATIONS
from tests.faults.script import ACT_POINTS, CENTRE_POINTS, CONTACT_POINTS, write_script

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = 300
MUTATION_SEEDS = 300

ELSEWHERE = {
    "desk.rescue.": "tests of the rescue kill there",
    "desk.export.": "tests of the stick kill there",
    "desk.keys.": "tests of the retirement kill there",
}
"""Moments of errands that no history has, by the beginning of their names."""


@pytest.fixture(scope="module")
def fast_server() -> Iterator[str]:
    """A PostgreSQL that does not sync."""
    with fast_postgres() as url:
        yield url


@pytest.mark.timeout(400)
def test_nothing_is_lost_doubled_stuck_or_hidden_in_hundreds_of_histories() -> None:
    campaign = simulate(HISTORIES, 0)
    assert campaign.failing == {}, "python -m tests.benchmarks.faults --seed N --verbose plays one again"
    assert campaign.histories == HISTORIES
    assert campaign.conflicts_kept == campaign.conflicts_made > HISTORIES
    tried = {*ACT_POINTS, *CONTACT_POINTS, *CENTRE_POINTS}
    assert tried - campaign.crash_points.keys() == set(), "no machine died there"


def test_every_crash_point_of_the_program_is_tried() -> None:
    named = {name for path in (ROOT / "nbcase").rglob("*.py") for name in re.findall(r'\breach\("([^"]+)"\)', path.read_text("utf-8"))}
    tried = {*ACT_POINTS, *CONTACT_POINTS, *CENTRE_POINTS}
    assert {name for name in named - tried if not name.startswith(tuple(ELSEWHERE))} == set()
    assert {name for name in tried - named if not name.startswith("desk.disk.")} == set()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
def test_a_program_broken_on_purpose_is_noticed(mutation: str, fast_server: str) -> None:
    with MUTATIONS[mutation]():
        results = play(fast_server, f"nbcase_broken_{mutation}", range(MUTATION_SEEDS))
        noticed = next((result.seed for result in results if not result.verdict.is_right), None)
        results.close()
    assert noticed is not None, f"{MUTATION_SEEDS} histories did not notice that {mutation} is broken"
    print(f"{mutation}: seed {noticed}")


def test_the_same_seed_is_the_same_history(fast_server: str) -> None:
    assert str(write_script(7)) == str(write_script(7)) != str(write_script(8))
    first, second = (list(islice(play(fast_server, "nbcase_again", [7]), 1)) for _ in range(2))
    assert first[0].crashes == second[0].crashes
    assert (first[0].verdict.acts, first[0].verdict.conflicts_made) == (second[0].verdict.acts, second[0].verdict.conflicts_made)
