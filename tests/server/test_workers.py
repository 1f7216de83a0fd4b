"""A centre of several processes: one dies and is replaced, all end together, none is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


@dataclass
class Tree:
    """A running centre with two workers."""

    process: subprocess.Popen[str]
    url: str

    def workers(self) -> set[int]:
        """Process ids of the workers."""
        children = psutil.Process(self.process.pid).children()
        return {child.pid for child in children if _is_worker(child)}

    def await_workers(self, other_than: set[int]) -> set[int]:
        """The workers, once there are two and none of these."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = self.workers()
            if len(found) == 2 and not found & other_than:
                return found
            with self._waiting():
                pass
        raise AssertionError("the worker was not replaced")

    def _waiting(self) -> requests.Response:
        return requests.get(f"{self.url}/v1/healthz", timeout=PATIENCE_S)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any("spawn_main" in word for word in process.cmdline())
    except psutil.Error:  # it has just died
        return False


@pytest.fixture
def tree(centre_database: str, tmp_path: Path) -> Iterator[Tree]:
    command = [sys.executable, "-m", "nbcase", "centre", "--data", str(tmp_path), "--database-url", centre_database]
    command += ["--port", "0", "--workers", "2", "--json"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        yield Tree(process, json.loads(process.stdout.readline())["ready"])
        process.kill()


def test_a_worker_killed_with_9_is_replaced_and_the_centre_goes_on_answering(tree: Tree, tmp_path: Path) -> None:
    first = tree.workers()
    assert len(first) == 2
    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    second = tree.await_workers(other_than={killed})
    assert len(first & second) == 1, "the other one was left alone"
    for _ in range(20):
        with requests.get(f"{tree.url}/v1/healthz", timeout=PATIENCE_S) as response:
            assert response.json()["ok"]
    tree.process.terminate()
    assert tree.process.wait(PATIENCE_S) == 0, "a clean stop is no failure"
    assert not any(psutil.pid_exists(pid) for pid in second)
    assert "worker_died" in (tmp_path / "log").read_text()


def test_workers_end_when_their_parent_was_killed(tree: Tree) -> None:
    workers = [psutil.Process(pid) for pid in tree.workers()]
    tree.process.kill()
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
    assert alive == []
