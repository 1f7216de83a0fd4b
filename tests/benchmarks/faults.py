"""Nothing lost, nothing doubled, nothing stuck, no conflict hidden: seeded fault histories, simulated or with real processes.

``python -m tests.benchmarks.faults --histories 10000 --json``   simulated (`tests.faults.simulation`)
``python -m tests.benchmarks.faults --real 500 --json``          real processes, files and kills (`tests.faults.real`)
``python -m tests.benchmarks.faults --seed 17 --verbose``        one history again, in words; with ``--real 1`` a real one
``python -m tests.benchmarks.faults --mutation merge``           the program broken on purpose: which seeds notice?
"""

import argparse
import json
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psycopg
import structlog

from nbcase.server.embedded import embedded_postgres
from tests.faults.mutations import MUTATIONS
from tests.faults.script import write_script
from tests.faults.simulation import Result, new_database, simulation
from tests.faults.verdict import Verdict

HASH_SEED = "0"
"""The order of a set must not differ between two plays of one seed."""

WORKERS = 2
MUTATION_SEEDS = 100


@dataclass(slots=True)
class Campaign:
    """The sum of many histories."""

    histories: int = 0
    acts: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    differing: int = 0
    bugs: int = 0
    conflicts_made: int = 0
    conflicts_kept: int = 0
    crash_points: Counter[str] = field(default_factory=Counter)
    failing: dict[int, list[str]] = field(default_factory=dict)

    def add(self, seed: int, verdict: Verdict, crashes: Counter[str]) -> None:
        """One more history."""
        self.histories += 1
        self.acts += verdict.acts
        self.lost += len(verdict.lost)
        self.doubled += len(verdict.doubled)
        self.stuck += len(verdict.stuck)
        self.differing += len(verdict.differing)
        self.bugs += len(verdict.bugs)
        self.conflicts_made += verdict.conflicts_made
        self.conflicts_kept += verdict.conflicts_kept
        self.crash_points += crashes
        if not verdict.is_right:
            self.failing[seed] = verdict.complaints()

    def join(self, other: "Campaign") -> None:
        """Another worker's share."""
        for name in ("histories", "acts", "lost", "doubled", "stuck", "differing", "bugs", "conflicts_made", "conflicts_kept"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.crash_points += other.crash_points
        self.failing.update(other.failing)

    def figures(self) -> dict[str, object]:
        """For the JSON line."""
        first = sorted(self.failing)[:10]
        names = ("histories", "acts", "lost", "doubled", "stuck", "differing", "bugs", "conflicts_made", "conflicts_kept")
        return {
            **{name: getattr(self, name) for name in names},
            "crashes": self.crash_points.total(),
            "crash_points": dict(sorted(self.crash_points.items())),
            "failing": len(self.failing),
            "first_failing_seeds": {seed: self.failing[seed][:3] for seed in first},
        }


@contextmanager
def fast_postgres() -> Iterator[str]:
    """A server for the simulation: it is not what is tried, so it need not sync."""
    with _fast_folder("nbcase-faults-pg-") as folder, embedded_postgres(folder / "data") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


@contextmanager
def _fast_folder(prefix: str) -> Iterator[Path]:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if memory.is_dir() else None))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play(server_url: str, name: str, seeds: Iterable[int]) -> Generator[Result, None, None]:
    """These histories, one after the other, in a database of that name."""
    with _fast_folder("nbcase-faults-") as folder, simulation(new_database(server_url, name), folder) as world:
        for seed in seeds:
            yield world.run(write_script(seed))


def _share(server_url: str, name: str, seeds: Sequence[int], mutation: str | None) -> Campaign:
    _quiet()
    campaign = Campaign()
    with MUTATIONS[mutation]() if mutation else nullcontext():
        for result in play(server_url, name, seeds):
            campaign.add(result.seed, result.verdict, result.crashes)
    return campaign


def simulate(histories: int, first: int, workers: int = WORKERS, mutation: str | None = None) -> Campaign:
    """Histories ``first …`` shared by processes."""
    os.environ["PYTHONHASHSEED"] = HASH_SEED
    seeds = range(first, first + histories)
    whole = Campaign()
    with fast_postgres() as url, multiprocessing.get_context("spawn").Pool(workers) as pool:
        shares = [(url, f"nbcase_faults_{place}", list(seeds[place::workers]), mutation) for place in range(workers)]
        for share in pool.starmap(_share, shares):
            whole.join(share)
    return whole


def _quiet() -> None:
    """Faults are what is wanted here; the program's warnings about them are not."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _tell(seed: int, is_real: bool) -> None:
    """One history in words, with what became of it."""
    _quiet()
    script = write_script(seed)
    print(script)
    if is_real:
        from tests.faults.real import play_real

        results = list(play_real([seed]))
    else:
        with fast_postgres() as url:
            results = list(play(url, "nbcase_faults_one", [seed]))
    (result,) = results
    print("\n".join(result.verdict.complaints()) or "right")
    print(dict(result.crashes))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line; the exit code is 1 when a history was wrong (with ``--mutation``: when none was)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--histories", "--size", type=int, default=300, help="simulated histories")
    parser.add_argument("--real", type=int, default=0, help="histories with real processes instead")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--seed", type=int, help="only this history")
    parser.add_argument("--verbose", action="store_true", help="with --seed: the history in words")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS))
    wanted = parser.parse_args(arguments)
    if wanted.seed is not None and wanted.verbose:
        _tell(wanted.seed, bool(wanted.real))
        return 0
    begun = time.perf_counter()
    first = wanted.first if wanted.seed is None else wanted.seed
    if wanted.real:
        from tests.faults.real import play_real

        _quiet()
        campaign = Campaign()
        for result in play_real(range(first, first + wanted.real)):
            campaign.add(result.seed, result.verdict, result.crashes)
    else:
        count = 1 if wanted.seed is not None else MUTATION_SEEDS if wanted.mutation else wanted.histories
        campaign = simulate(count, first, wanted.workers, wanted.mutation)
    seconds = time.perf_counter() - begun
    line = {
        "name": f"fault histories, {'real processes' if wanted.real else 'simulated'}",
        "figure": campaign.lost + campaign.doubled + campaign.stuck,
        "unit": "lost, doubled or stuck",
        "yardstick": {"name": "the model", "figure": 0},
        "ratio": len(campaign.failing) / max(campaign.histories, 1),
        "mutation": wanted.mutation,
        **campaign.figures(),
        "seconds": round(seconds, 1),
        "sizes": {"histories": campaign.histories, "desks": 3, "first_seed": first},
        "versions": {name: version(name) for name in ("sqlcipher3", "sqlalchemy", "psycopg", "starlette")},
    }
    print(json.dumps(line, ensure_ascii=False))
    return int(bool(campaign.failing) != bool(wanted.mutation))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
        again = [sys.executable, "-m", "tests.benchmarks.faults", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": HASH_SEED})
    sys.exit(main())
