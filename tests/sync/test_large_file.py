"""A file of 200 MB goes from desk to centre to desk, and no process ever has it in memory."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbcase.server.centre import open_centre
from tests.parts.centres import RunningCentre, seed_people
from tests.parts.large_file import SIZE, scan_hash

ROOT = Path(__file__).resolve().parents[2]
MOST_GROWTH_MB = 64


@contextmanager
def process(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """One part of the journey as a process."""
    command = [sys.executable, "-m", "tests.parts.large_file", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def growth(running: "subprocess.Popen[str]") -> float:
    """What the process says at its end."""
    said, _ = running.communicate(timeout=100)
    assert running.returncode == 0
    return float(said.split()[-1])


@pytest.mark.timeout(240)
def test_two_hundred_megabytes_pass_through_sixty_four(centre_database: str, tmp_path: Path, clock: object) -> None:
    direct = open_centre(centre_database, tmp_path / "centre")
    seed_people(direct)
    with process("centre", centre_database, str(tmp_path / "centre")) as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()
        running = RunningCentre(direct, None, url, clock)  # type: ignore[arg-type]
        with process("send", url, running.code(), str(tmp_path / "li")) as sender:
            sent = growth(sender)
        assert direct.blobs.size(scan_hash()) == SIZE
        with process("fetch", url, running.code(), str(tmp_path / "qian"), "qian") as fetcher:
            fetched = growth(fetcher)
        serving.send_signal(signal.SIGTERM)
        served = growth(serving)
    direct.close()
    print(f"200 MB: desk {sent:.0f} MB, centre {served:.0f} MB, other desk {fetched:.0f} MB")
    assert max(sent, served, fetched) <= MOST_GROWTH_MB
