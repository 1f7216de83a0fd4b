"""The histories of `tests.faults` with real processes that kill themselves, real files, sockets and PostgreSQL."""

import os

import pytest

from tests.faults.real import play_real

HISTORIES = 20


@pytest.mark.skipif(os.name == "nt", reason="kill -9, fork servers and file size limits are of other systems")
@pytest.mark.timeout(400)
def test_nothing_is_lost_doubled_stuck_or_hidden_when_real_processes_are_killed() -> None:
    results = list(play_real(range(HISTORIES)))
    failing = {result.seed: result.verdict.complaints() for result in results if not result.verdict.is_right}
    assert failing == {}, "python -m tests.benchmarks.faults --real 1 --seed N --verbose plays one again"
    assert sum(result.crashes.total() for result in results) > HISTORIES
