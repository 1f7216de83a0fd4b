"""Rounds by points that a test writes down, and applications to them."""

from datetime import date
from pathlib import Path

from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.desk import Desk

FILE = """
use = "{use}"
name = "样轮次"
district = "330211"
station = "{station}"
period = "2026 年"
opens_on = {opens_on}
closes_on = {closes_on}
scored_on = {closes_on}
notice_days = 7
lot_seed = "样种子"
{more}
{places}
"""
PLACES = '[[place]]\nname = "甲小"\nseats = 1\n\n[[place]]\nname = "乙小"\nseats = 1\n'


def round_file(
    folder: Path,
    station: str,
    *,
    use: str = "school",
    opens_on: date = date(2026, 3, 1),
    closes_on: date = date(2026, 3, 10),
    more: str = "",
    places: str = PLACES,
) -> Path:
    """A round's file of two schools with one place each."""
    path = folder / "round.toml"
    path.write_text(
        FILE.format(use=use, station=station, opens_on=opens_on, closes_on=closes_on, more=more, places=places), encoding="utf-8"
    )
    return path


def school_request(resident_id: str, round_id: str, *choices: str, **answers: str) -> Request:
    """An application for a school place with everything that is asked for."""
    named = {f"choice_{number}": choice for number, choice in enumerate(choices, start=1)}
    given = {"round": round_id, "child_name": "样孩子", "child_birth_on": "2020-05-01", "grade": "1", "phone": "19900005061"}
    materials = (
        HandedIn(code="identity", how="card"),
        HandedIn(code="guardian_consent", how="confirmed"),
        HandedIn(code="kinship_proof", how="shared"),
    )
    return Request(
        item_code="points_school",
        situation_code="apply",
        answers={**given, **named, **answers},
        materials=materials,
        resident_id=resident_id,
    )


def admitted(desk: Desk, clerk: Clerk, reviewer: Clerk, request: Request) -> str:
    """An application that was accepted and found to meet the conditions; the id of the case."""
    case_id = accept(desk, clerk, request).case.id
    decide(desk, reviewer, Verdict(case_id=case_id, decision_code="approve", reason_codes=("eligible",)))
    return case_id
