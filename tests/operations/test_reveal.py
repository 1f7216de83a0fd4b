"""A number shown on purpose leaves a line about who looked at whose, and not the number itself."""

import pytest
from structlog.testing import capture_logs

from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.operations.accept import Request, accept
from nbcase.operations.desk import Desk
from nbcase.operations.reveal import reveal_number


def test_a_look_at_a_number_is_logged_without_the_number(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    request = Request(
        item_code="residence_registration", situation_code="new", answers=answers, materials=(HandedIn(code="identity", how="card"),)
    )
    resident_id = accept(desk, clerk, request).case.resident_id
    with capture_logs() as lines:
        assert reveal_number(desk, clerk, resident_id) == answers["document_number"]
    (line,) = lines
    assert (line["event"], line["resident_id"], line["clerk_id"]) == ("number_revealed", resident_id, clerk.id)
    assert answers["document_number"] not in str(line)


def test_an_unknown_person_is_not_logged(desk: Desk, clerk: Clerk) -> None:
    with capture_logs() as lines, pytest.raises(LookupError):
        reveal_number(desk, clerk, "nobody")
    assert not lines
