"""Everybody's points of a month: ``python -m tests.benchmarks.points --people 1000000 5080000 --json``.

The month is generated and taken in once and kept in a folder; that is not counted. Counted is `score_month`: facts, points,
the difference to the month before, the sample that the walker scores again, files in and files out. The yardstick is
OpenFisca in the same run: the same facts out of DuckDB by the plain text that any engine understands, the same rules as
OpenFisca variables with its own scales, and the result written, no difference made; `ratio_own_facts` is against OpenFisca
behind our own way to the facts. The floor is reading and hashing every column. Every measurement has a process of its own,
so that its greatest memory is its own; with several sizes the last one is the figure, and `growth` is how the time grew.

``--memory 500MB`` also runs with the usual limit and gives `slower`. ``--changed 0.02`` corrects so many residents' insurance
and compares `correct_month` with a whole run. ``--engine spark`` hands the buckets to a master and two workers on this machine;
its yardstick is Spark's own SQL over the same files there.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nbcase.demo.departments import write_month
from nbcase.exchange.accept import accept_delivery
from nbcase.exchange.archive import Archive
from nbcase.exchange.delivery import Manifest, file_hash, write_manifest
from nbcase.points.buckets import Inputs, make_views, scores_of, under_spark
from nbcase.points.corrected import correct_month
from nbcase.points.engine import connect, parquet, write
from nbcase.points.monthly import score_month
from nbcase.points.reading import load_points_catalogue
from nbcase.points.sql import facts_sql, rules_sql
from tests.benchmarks.openfisca_rules import by_openfisca

SEPTEMBER, ON = date(2026, 9, 30), date(2026, 10, 31)
PERIOD = "2026-10"
MEMORY = "1200MB"
CATALOGUE = load_points_catalogue()
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


def inputs(home: Path, data: str = "data") -> Inputs:
    """All deliveries of the archive."""
    archive = Archive(home / data)
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


def run_openfisca(home: Path, memory: str, *, in_order: bool = False) -> Measured:
    """Facts by DuckDB, rules by OpenFisca, the result written."""
    out = home / "openfisca.parquet"
    out.unlink(missing_ok=True)
    began = time.perf_counter()
    with connect(threads=2, preserve_insertion_order=False) as connection:
        make_views(connection, CATALOGUE.tables, inputs(home).paths, "TRUE")
        facts = connection.execute(facts_sql(CATALOGUE, ON, in_order=in_order)).fetchnumpy()
        facts_s = time.perf_counter() - began
        results = by_openfisca(CATALOGUE, ON, facts)
        rules_s = time.perf_counter() - began - facts_s
        columns = {name: np.asarray(values) for name, values in {**facts, **results}.items() if name != "district_code"}
        connection.register("results", columns)
        write(connection, "SELECT * FROM results", out)
    took = time.perf_counter() - began
    stages = {"facts": round(facts_s, 2), "rules": round(rules_s, 2), "write": round(took - facts_s - rules_s, 2)}
    return {"s": took, "stages": stages, "total_points": int(results["total"].sum(dtype=np.int64))}


def run_openfisca_in_order(home: Path, memory: str) -> Measured:
    """The same behind the facts of our own run, which sorts nothing."""
    return run_openfisca(home, memory, in_order=True)


def run_roomy(home: Path, memory: str) -> Measured:
    """The monthly run with the usual limit."""
    return run_score(home, MEMORY)


def run_whole(home: Path, memory: str) -> Measured:
    """The corrected month as a whole, compared with the run before the correction."""
    shutil.rmtree(home / "whole", ignore_errors=True)
    began = time.perf_counter()
    run = score_month(CATALOGUE, inputs(home, "corrected"), ON, home / "whole", previous=home / "first", memory=memory)
    return {"s": time.perf_counter() - began, "scored": run.scored}


def run_changed(home: Path, memory: str) -> Measured:
    """The same by scoring those whom the correction concerns; `differences` counts rows that are not those of the whole run."""
    shutil.rmtree(home / "few", ignore_errors=True)
    began = time.perf_counter()
    now, before = inputs(home, "corrected"), inputs(home)
    changed = Archive(home / "corrected").changed(before.cut, now.cut)
    run = correct_month(CATALOGUE, now, ON, home / "few", previous=home / "first", changed=changed, memory=memory)
    took = time.perf_counter() - began
    return {"s": took, "scored": run.scored, "differences": differing(home / "few", home / "whole")}


def run_spark(home: Path, memory: str) -> Measured:
    """The monthly run with its buckets as tasks of a cluster of a master and two workers."""
    shutil.rmtree(home / "spark", ignore_errors=True)
    with cluster() as master:
        began = time.perf_counter()
        run = score_month(CATALOGUE, inputs(home), ON, home / "spark", memory=memory, runner=under_spark(master))
        took = time.perf_counter() - began
    return {"s": took, "scored": run.scored, "differences": differing(home / "spark", home / "first")}


def run_spark_sql(home: Path, memory: str) -> Measured:
    """The same points by Spark's own SQL on such a cluster, from the plain text in its dialect, written as Parquet."""
    import sqlglot
    from pyspark.sql import SparkSession

    with cluster() as master:
        began = time.perf_counter()
        builder = SparkSession.builder.master(master).config("spark.sql.ansi.enabled", "true").config("spark.ui.enabled", "false")
        spark = builder.config("spark.sql.shuffle.partitions", "16").config("spark.executor.memory", "2g").getOrCreate()
        for code, path in inputs(home).paths.items():
            spark.read.parquet(str(path)).createOrReplaceTempView(f"t_{code}")
        text = rules_sql(CATALOGUE, ON, f"({facts_sql(CATALOGUE, ON)}) AS f")
        result = spark.sql(sqlglot.transpile(text, read="duckdb", write="spark")[0])
        result.write.mode("overwrite").parquet(str(home / "spark-sql.parquet"))
        took = time.perf_counter() - began
        spark.stop()
    return {"s": took}


@contextmanager
def cluster() -> Iterator[str]:
    """A standalone master and two workers of one core on the loopback; gives the master's address."""
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    worker = [
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        "127.0.0.1",
        "--cores",
        "1",
        "--memory",
        "2g",
        "--webui-port",
        "0",
        address,
    ]
    master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": os.pathsep.join(sys.path)}
    os.environ.update({"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"})
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        for command in (master, [*worker, "--work-dir", f"{name}/one"], [*worker, "--work-dir", f"{name}/two"]):
            process = subprocess.Popen([str(program), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield address


def differing(one: Path, other: Path) -> int:
    """How many rows of two runs are not the same."""
    with connect(threads=2, memory_limit="2GB") as connection:
        rows = [f"SELECT * FROM {scores_of(run)} AS s" for run in (one, other)]
        each = [f"SELECT count(*) FROM ({a} EXCEPT {b})" for a, b in (rows, rows[::-1])]
        return sum(int(connection.execute(query).fetchall()[0][0]) for query in each)


def corrected(home: Path, share: float) -> None:
    """A first run, and beside the month's data the same with the insurance of a share of the residents corrected."""
    for name in ("first", "corrected", "correction"):
        shutil.rmtree(home / name, ignore_errors=True)
    score_month(CATALOGUE, inputs(home), ON, home / "first")
    shutil.copytree(home / "data", home / "corrected", copy_function=os.link)
    came = home / "data" / "accepted" / "insurance" / f"{PERIOD}-r001" / "data.parquet"
    folder = home / "correction"
    folder.mkdir()
    is_wrong = f"hash(document_number) % 1000000 < {round(share * 1_000_000)}"
    with connect(threads=2, memory_limit="2GB") as connection:
        query = f"SELECT * REPLACE (CASE WHEN {is_wrong} THEN first_month - 1 ELSE first_month END AS first_month) FROM {parquet(came)}"
        rows = write(connection, query, folder / "data.parquet")
    manifest = Manifest(
        scheme=CATALOGUE.code, table="insurance", period=PERIOD, revision=2, file="data.parquet", format="parquet", rows=rows,
        sha256=file_hash(folder / "data.parquet"),
    )  # fmt: skip
    write_manifest(folder, manifest)
    accept_delivery(folder, home / "corrected", CATALOGUE.code, CATALOGUE.tables, datetime(2026, 11, 9, tzinfo=UTC))
    shutil.rmtree(folder)


RUNS: dict[str, Callable[[Path, str], Measured]] = {
    "score": run_score,
    "read": run_read,
    "openfisca": run_openfisca,
    "openfisca_in_order": run_openfisca_in_order,
    "roomy": run_roomy,
    "whole": run_whole,
    "changed": run_changed,
    "spark": run_spark,
    "spark_sql": run_spark_sql,
}
USUAL = ("score", "read", "openfisca", "openfisca_in_order")


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


def measure_other(ours: str, yardstick: str, people: int, folder: Path, memory: str, count: int, share: float) -> Measured:
    """One way to a month's points beside another, which has to give the same rows: `differences` has to be 0."""
    folder.mkdir(parents=True, exist_ok=True)
    home = prepared(folder, people)
    corrected(home, share)
    # The yardstick first: the other is compared with what it wrote.
    found = rounds((yardstick, ours), home, memory, count)
    return {
        "name": f"points {ours}",
        "figure": round(found[ours]["s"], 2),
        "unit": "s",
        "yardstick": round(found[yardstick]["s"], 2),
        "ratio": round(found[ours]["s"] / found[yardstick]["s"], 3),
        "cpu_s": found[ours]["cpu_s"],
        "yardstick_cpu_s": found[yardstick]["cpu_s"],
        "mib": found[ours]["mib"],
        "scored": found[ours]["scored"],
        "differences": found[ours]["differences"],
        "sizes": {"people": people, "rounds": count, "changed": share},
        "versions": versions("duckdb", *(["pyspark", "sqlglot"] if ours == "spark" else [])),
    }


def versions(*names: str) -> dict[str, str]:
    """What the figure was taken with."""
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def measure(sizes: Sequence[int], folder: Path, memory: str, count: int) -> Measured:
    """All figures; `differences` is what our total and OpenFisca's differ by, and has to be 0."""
    folder.mkdir(parents=True, exist_ok=True)
    names = USUAL if memory == MEMORY else (*USUAL, "roomy")
    found = {people: rounds(names, prepared(folder, people), memory, count) for people in sizes}
    last = found[sizes[-1]]
    score, read, yard = last["score"], last["read"], last["openfisca"]
    result: Measured = {
        "name": "points",
        "figure": round(score["s"], 2),
        "unit": "s",
        "yardstick": round(yard["s"], 2),
        "ratio": round(score["s"] / yard["s"], 2),
        "ratio_own_facts": round(score["s"] / last["openfisca_in_order"]["s"], 2),
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
        "versions": versions("duckdb", "numpy", "openfisca-core"),
    }
    if "roomy" in last:
        result["slower"] = round(score["s"] / last["roomy"]["s"], 2)
    if len(sizes) > 1:
        result["growth"] = round(score["s"] / found[sizes[0]]["score"]["s"], 2)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--size", type=int, help="thousands of people; for a short run")
    parser.add_argument("--memory", default=MEMORY)
    parser.add_argument("--changed", type=float, default=0.0, help="the share of residents whom a correction concerns")
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where made months are kept; else they are made anew")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    sizes, count = ([given.size * 1_000], 1) if given.size else (given.people, given.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        if given.engine == "spark" or given.changed:
            pair = ("spark", "spark_sql") if given.engine == "spark" else ("changed", "whole")
            result = measure_other(*pair, sizes[-1], folder, given.memory, count, given.changed)
        else:
            result = measure(sizes, folder, given.memory, count)
    print(json.dumps(result, ensure_ascii=False) if given.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
