"""The monthly run: everybody, in parts, checked by the walker, published whole; and a past month comes out as it did."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nbcase.domain.errors import UserError
from nbcase.points import buckets, monthly
from nbcase.points.monthly import Differs, Run, score_month
from nbcase.points.reading import FOLDER, load_points_catalogue
from tests.parts.departments import CATALOGUE, PEOPLE, deliver_month, inputs, register, take_in, write_csv

OCTOBER, NOVEMBER = date(2026, 10, 31), date(2026, 11, 30)
PERSONS = 3_000


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic month, taken in."""
    folder = tmp_path_factory.mktemp("points")
    deliver_month(folder / "in", folder / "data", PERSONS, OCTOBER)
    return folder / "data"


def rows(out: Path) -> list[tuple[Any, ...]]:
    """Everybody's result."""
    return duckdb.sql(f"SELECT * FROM read_parquet('{out}/scores/*.parquet') ORDER BY person").fetchall()


def run(data: Path, out: Path, on: date = OCTOBER, **more: Any) -> Run:
    """A run over all of the archive."""
    return score_month(CATALOGUE, inputs(data, on), on, out, **more)


def test_everybody_has_a_sheet_and_the_parts_do_not_matter(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    found = run(delivered, tmp_path / "one", progress=lambda part, whole: done.append(part))
    assert (found.people, found.sampled, done) == (PERSONS, min(monthly.SAMPLE, PERSONS), [PERSONS])
    monkeypatch.setattr(buckets, "RANGE", 700)
    run(delivered, tmp_path / "two")
    assert len(list((tmp_path / "two" / "scores").iterdir())) == 5
    assert rows(tmp_path / "one") == rows(tmp_path / "two")
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_was_cut_off_goes_on_where_it_was(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "RANGE", 700)

    class Cut(Exception):
        pass

    def cut(done: int, people: int) -> None:
        if done >= 1400:
            raise Cut

    with pytest.raises(Cut):
        run(delivered, tmp_path / "out", progress=cut)
    assert not (tmp_path / "out").exists()
    parts = {path.name: path.stat().st_mtime_ns for path in (tmp_path / ".out.part" / "scores").iterdir()}
    # Two were done and at most two in hand, which are finished; the fifth was not begun.
    assert 2 <= len(parts) <= 4
    run(delivered, tmp_path / "out")
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "scores").iterdir()}
    assert kept.items() >= parts.items()
    run(delivered, tmp_path / "whole")
    assert rows(tmp_path / "out") == rows(tmp_path / "whole")


def test_the_months_difference_is_told_line_by_line(delivered: Path, tmp_path: Path) -> None:
    run(delivered, tmp_path / "october")
    found = run(delivered, tmp_path / "november", NOVEMBER, previous=tmp_path / "october")
    assert (found.appeared, found.gone) == (0, 0)
    assert found.changed["p_residence"].more > 0
    assert found.changed["p_age"].less > 0
    assert found.changed["p_education"].more == 0
    before, after = (sum(row[-1] for row in rows(tmp_path / name)) for name in ("october", "november"))
    assert found.changed["total"].sum == after - before


def test_a_run_on_which_walker_and_batch_differ_is_not_published(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = buckets.rules_sql
    monkeypatch.setattr(buckets, "rules_sql", lambda *given: real(*given).replace("THEN 1900", "THEN 1901"))
    with pytest.raises(Differs, match="p_age"):
        run(delivered, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_past_month_comes_out_as_it_was_after_later_deliveries_and_a_later_catalogue(tmp_path: Path) -> None:
    data = tmp_path / "data"
    deliver_month(tmp_path / "in", data, 500, OCTOBER)
    october = inputs(data, OCTOBER)
    run(data, tmp_path / "then")
    numbers = duckdb.sql(f"SELECT document_number FROM '{data}/persons.parquet' ORDER BY person").fetchall()
    lines = ["document_number,level_code,awarded_on", *(f"{number},bachelor,2020-01-01" for (number,) in numbers)]
    take_in(write_csv(tmp_path / "corrected", "education", lines, revision=2), data)
    folder = Path(shutil.copytree(FOLDER, tmp_path / "schemes"))
    path = folder / "province.yaml"
    changed = path.read_text("utf-8").replace(
        "      - from: 2022-04-06\n        basis: 甬政办发〔2022〕10号\n        note: 瑞安", _NEW_EDUCATION
    )
    path.write_text(changed, "utf-8")
    later = load_points_catalogue(folder)
    assert later.hash != CATALOGUE.hash
    score_month(later, october, OCTOBER, tmp_path / "again")
    assert rows(tmp_path / "again") == rows(tmp_path / "then")
    found = score_month(later, inputs(data, NOVEMBER), NOVEMBER, tmp_path / "now", previous=tmp_path / "then")
    assert found.cut["education"] == "2026-10-r002"
    assert found.changed["p_education"].more > 300


_NEW_EDUCATION = """      - from: 2026-11-01
        basis: 样例文件
        rule: { lookup: { of: { fact: education_rank }, points: { 1: 1, 2: 8, 3: 10 } } }
        examples: [{ say: 高中, facts: { education_rank: 1 }, points: 1 }]
      - from: 2022-04-06
        until: 2026-11-01
        basis: 甬政办发〔2022〕10号
        note: 瑞安"""


def test_a_folder_may_have_any_name_and_an_empty_register_is_a_run_of_nobody(tmp_path: Path) -> None:
    odd = tmp_path / "o'clock [1]"
    data = odd / "data"
    data.mkdir(parents=True)
    take_in(write_csv(odd / "in", "person", ["document_number,born_on,district_code,permit_state_code"]), data)
    assert run(data, odd / "one").people == 0
    register(odd / "register", odd / "more")
    assert run(odd / "more", odd / "two", previous=odd / "one").appeared == 3


def test_a_comparison_with_what_is_no_finished_run_is_refused_before_anything_is_done(delivered: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="不是一次算完的结果"):
        run(delivered, tmp_path / "out", previous=tmp_path / "nothing")
    assert not list(tmp_path.iterdir())


def test_a_half_run_in_parts_of_another_size_begins_anew(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, people: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(delivered, tmp_path / "out", progress=stop)
    monkeypatch.setattr(buckets, "RANGE", 700)
    assert run(delivered, tmp_path / "out").people == PERSONS


def test_a_table_that_nobody_delivered_counts_nothing_and_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    line = f"{PEOPLE[0]},1984-03-02,330211,normal"
    take_in(write_csv(tmp_path / "in", "person", ["document_number,born_on,district_code,permit_state_code", line]), data)
    found = run(data, tmp_path / "out")
    assert (found.people, found.total_points) == (1, 1800)
    assert found.without_data == ["certificate", "education", "employment", "housing", "insurance", "residence"]
    with pytest.raises(UserError, match="已经有了"):
        run(data, tmp_path / "out")
