"""The monthly run: everybody, in parts, checked by the walker, published whole; and a past month comes out as it did."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nbcase.domain.errors import UserError
from nbcase.exchange.archive import Archive
from nbcase.points import buckets, monthly
from nbcase.points.buckets import Inputs
from nbcase.points.monthly import Differs, Run, read_run, score_month
from nbcase.points.reading import FOLDER, load_points_catalogue
from tests.parts.departments import CATALOGUE, PEOPLE, deliver_month, inputs, register, take_in, write_csv

AUGUST, SEPTEMBER = date(2026, 8, 31), date(2026, 9, 30)
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


def test_three_past_months_come_out_as_published_after_two_later_catalogues_and_a_corrected_delivery(tmp_path: Path) -> None:
    data = tmp_path / "data"
    deliver_month(tmp_path / "in", data, 300, AUGUST)
    months = (AUGUST, SEPTEMBER, OCTOBER)
    for day in months:
        run(data, tmp_path / f"then-{day}", day)
    numbers = duckdb.sql(f"SELECT document_number FROM '{data}/persons.parquet' ORDER BY person").fetchall()
    lines = ["document_number,level_code,awarded_on", *(f"{number},bachelor,2020-01-01" for (number,) in numbers)]
    take_in(write_csv(tmp_path / "corrected", "education", lines, period="2026-08", revision=2), data)
    folder = Path(shutil.copytree(FOLDER, tmp_path / "schemes"))
    path = folder / "province.yaml"
    whole, old = path.read_text("utf-8"), "      - from: 2022-04-06\n        basis: 甬政办发〔2022〕10号\n        note: 瑞安"
    catalogues = []
    for versions in (_version("2026-11-01", "", 9), _version("2026-11-01", "2026-12-01", 9) + _version("2026-12-01", "", 10)):
        changed = whole.replace(old, versions + old.replace("\n", "\n        until: 2026-11-01\n", 1))
        assert changed != whole
        path.write_text(changed, "utf-8")
        catalogues.append(load_points_catalogue(folder))
    assert len({CATALOGUE.hash, *(each.hash for each in catalogues)}) == 3
    archive, later = Archive(data), catalogues[-1]
    for day in months:
        published = read_run(tmp_path / f"then-{day}", "")
        again = Inputs(paths=archive.paths(published.cut), cut=published.cut)
        repeated = score_month(later, again, day, tmp_path / f"again-{day}", previous=tmp_path / f"then-{day}")
        assert rows(tmp_path / f"again-{day}") == rows(tmp_path / f"then-{day}")
        assert {figures.sum for figures in repeated.changed.values()} == {0}
    # And what the corrected delivery would have made of the month is told line by line, with other facts as the reason.
    now = run(data, tmp_path / "corrected-run", OCTOBER, previous=tmp_path / f"then-{OCTOBER}")
    assert now.cut["education"] == "2026-08-r002"
    assert {name for name, figures in now.changed.items() if figures.more or figures.less} == {"p_education", "total"}
    assert now.changed["p_education"].by_rule == 0
    # While the later catalogues alone change points with the same facts.
    november = run(data, tmp_path / "november", NOVEMBER)
    later_run = score_month(later, inputs(data, NOVEMBER), NOVEMBER, tmp_path / "november-later", previous=tmp_path / "november")
    assert november.people == later_run.changed["p_education"].by_rule == later_run.changed["p_education"].less


def _version(from_on: str, until: str, points: int) -> str:
    """A later version of the education line: what a bachelor gives."""
    lines = [f"      - from: {from_on}", *([f"        until: {until}"] if until else []), "        basis: 样例文件"]
    rule = f"{{ lookup: {{ of: {{ fact: education_rank }}, points: {{ 1: 1, 2: 8, 3: {points} }} }} }}"
    example = f"[{{ say: 本科, facts: {{ education_rank: 3 }}, points: {points} }}]"
    return "\n".join([*lines, f"        rule: {rule}", f"        examples: {example}", ""])


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
