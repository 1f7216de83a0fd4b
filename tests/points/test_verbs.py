"""The whole way from the shell: a synthetic month, taken in, scored, compared, and one resident explained."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from nbcase.cli import MEND, OK, main
from nbcase.exchange.claims import ClaimRow, write_claims
from tests.parts.departments import PEOPLE, register


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


def test_before_the_first_register_nothing_is_known_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register(tmp_path / "in", tmp_path / "data")
    told = ("explain", "--data", tmp_path / "data", "--resident", PEOPLE[0], "--as-of")
    assert main([*map(str, told), "2026-09-30"]) == MEND
    assert "最早的人员名单是 2026-10 的" in capsys.readouterr().err
    assert ask(capsys, *told, "2026-10-31")["total"] > 0


def test_a_correction_and_claims_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, claims = tmp_path / "data", tmp_path / "claims.json"
    register(tmp_path / "in", data)
    month = ("score", "--data", data, "--as-of", "2026-10-31")
    first = ask(capsys, *month, "--out", tmp_path / "first")
    assert main([*map(str, (*month, "--out", tmp_path / "more", "--only-changed"))]) == MEND
    assert "--previous" in capsys.readouterr().err
    row = {"level_code": "college", "awarded_on": "2012-06-30"}
    approved = ClaimRow(document_number=PEOPLE[1], claim_id="a", table="education", row=row, approved_on=date(2026, 10, 20))
    write_claims(claims, [approved])
    again = ("--previous", tmp_path / "first", "--only-changed", "--claims", claims)
    second = ask(capsys, *month, "--out", tmp_path / "second", *again)
    assert (second["scored"], second["claims"]) == (1, 1)
    assert second["total_points"] == first["total_points"] + 800


def test_what_is_not_there_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for words in (
        ("receive-delivery", tmp_path / "empty", "--data", tmp_path / "data"),
        ("score", "--data", tmp_path / "data", "--as-of", "2026-10-31", "--out", tmp_path / "out"),
        ("explain", "--data", tmp_path / "data", "--resident", "330299199001010010", "--as-of", "2026-10-31"),
    ):
        assert main([*map(str, words)]) == MEND
        assert capsys.readouterr().err.strip()
