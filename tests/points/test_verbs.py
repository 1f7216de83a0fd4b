"""The whole way from the shell: a synthetic month, taken in, scored, compared, and one resident explained."""

from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from nbcase.cli import MEND, OK, main


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """One verb's JSON answer."""
    assert main([*map(str, words), "--json"]) == OK
    found: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out)
    return found


def test_a_month_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    ask(capsys, "demo-department-data", "--people", 400, "--as-of", "2026-10-31", "--out", tmp_path / "in")
    accepted = ask(capsys, "receive-delivery", tmp_path / "in", "--data", data)["accepted"]
    assert accepted[0]["manifest"]["table"] == "person"
    assert len(accepted) == 7
    first = ask(capsys, "score", "--data", data, "--as-of", "2026-10-31", "--out", tmp_path / "october")
    assert (first["people"], first["sampled"]) == (400, 400)
    second = ask(
        capsys, "score", "--data", data, "--as-of", "2026-11-30", "--out", tmp_path / "november", "--previous", tmp_path / "october"
    )
    assert second["changed"]["p_residence"]["more"] > 0
    number, person = duckdb.sql(f"SELECT * FROM '{data}/persons.parquet' WHERE person = 7").fetchall()[0]
    told = ask(capsys, "explain", "--data", data, "--resident", number, "--as-of", "2026-10-31")
    (total,) = duckdb.sql(f"SELECT total FROM '{tmp_path}/october/scores/*.parquet' WHERE person = {person}").fetchall()[0]
    assert told["total"] == total == sum(line["points"] for line in told["lines"])
    rows = [row for line in told["lines"] for fact in line["facts"] for row in fact["rows"]]
    assert rows
    assert all(fact["delivery"] for line in told["lines"] for fact in line["facts"])


def test_what_is_not_there_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for words in (
        ("receive-delivery", tmp_path / "empty", "--data", tmp_path / "data"),
        ("score", "--data", tmp_path / "data", "--as-of", "2026-10-31", "--out", tmp_path / "out"),
        ("explain", "--data", tmp_path / "data", "--resident", "330299199001010010", "--as-of", "2026-10-31"),
    ):
        assert main([*map(str, words)]) == MEND
        assert capsys.readouterr().err.strip()
