"""Residents of a counter in the state that a test needs, a card of theirs on the reader, and a case of theirs."""

from datetime import date

from nbcase.devices.contract import CardData
from nbcase.domain.case import Case, HandedIn
from nbcase.domain.identity import DocumentKind
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.operations.accept import Request, accept
from nbcase.operations.desk import Dossier
from nbcase.operations.drafts import keep_draft_file
from nbcase.operations.offers import known_answers, offers, present_standing
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter

SCAN = b"\xff\xd8\xff scan"
"""Begins as a JPEG does; nobody looks at it."""


class CardOnReader:
    """A reader with one card on it."""

    def __init__(self, name: str, number: str) -> None:
        self.card = CardData(
            kind=DocumentKind.CITIZEN, name=name, number=number, sex_code="1", birth_on=None, valid_from_on=None, valid_until_on=None
        )

    def read(self, deadline_s: float = 3.0) -> CardData:
        return self.card


def everybody(counter: Counter) -> list[Resident]:
    """All residents that the desk knows, in the order of their ids."""
    with reading(counter.desk.engine) as connection:
        return sorted(Shelf(connection).find(Resident), key=lambda resident: resident.id)


def with_permit(counter: Counter, permit_state: str) -> Resident:
    """A registered resident with a permit in that state."""
    for resident in everybody(counter):
        present = present_standing(counter.desk, resident.id)
        if present.active is not None and present.permit_state(counter.desk.today()) == permit_state and resident.employer:
            return resident
    raise LookupError(permit_state)


def able_to_apply(counter: Counter) -> Resident:
    """A resident who works and may apply for a permit."""
    for resident in everybody(counter):
        works = resident.employer and resident.occupation_code not in ("07", "11", "12")
        offered = [offer for offer in offers(counter.desk, resident.id) if offer.item.code == "residence_permit"]
        if works and any(offer.situation.code == "apply" and not offer.obstacle for offer in offered):
            return resident
    raise LookupError("nobody may apply")


def applied(counter: Counter, scan: bytes = SCAN) -> str:
    """An application for a permit that the station's clerk took, with a scan of the proof; the id of the case."""
    former, clerk = counter.clerk, counter.signed_in_as("clerk")
    resident = able_to_apply(counter)
    situation = counter.desk.items.situation("residence_permit", "apply")
    file = keep_draft_file(counter.desk, "job_proof", scan, "image/jpeg")
    answers = {**known_answers(situation, present_standing(counter.desk, resident.id)), "ground": "employment"}
    given = (HandedIn(code="identity", how="card"), HandedIn(code="job_proof", how="scan", attachments=(file.hash,)))
    request = Request(item_code="residence_permit", situation_code="apply", answers=answers, materials=given, resident_id=resident.id)
    case_id = accept(counter.desk, clerk, request).case.id
    counter.clerk = former
    return case_id


ELSEWHERE = "330299-09"
"""A station that this desk knows nothing else of."""


def issued_elsewhere(counter: Counter, case_id: str) -> None:
    """The centre knows a permit of the case's applicant at another station."""
    with reading(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.need(Resident, shelf.need(Case, case_id).resident_id)
    permit = Permit(id="p-elsewhere", resident_id=resident.id, case_id="c-elsewhere", issued_on=date(2026, 5, 1), station_code=ELSEWHERE)
    counter.centre.dossiers.append(Dossier(resident=resident, records=(permit,)))
