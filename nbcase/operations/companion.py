"""随身宝: what departments know of one resident, what is in use, what can be had and is not; shown after a recorded consent only.

Department data are the newest rows that the centre sent with the score: each topic names its department and month. Nothing is asked
of anybody here, so the page works without the network and says how old it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.clock import full_months
from nbcase.domain.consent import GUARDIAN_AGE, Consent
from nbcase.domain.errors import UserError
from nbcase.domain.identity import age_on
from nbcase.domain.ids import new_id
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import EndorsementWindow, endorsement_window
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score
from nbcase.domain.words import mark, tr
from nbcase.items.policy import TOPICS
from nbcase.operations.accept import open_case_number
from nbcase.operations.desk import Desk
from nbcase.operations.facts import ADULT_AGE, Standing, standing
from nbcase.operations.matching import TOPIC_ROWS, Match, match_policies, row_holds, topic_month, topic_rows
from nbcase.operations.offers import Offer, offers
from nbcase.operations.points import row_words
from nbcase.operations.schemes import schemes
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.rows import row_from_plain
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import desk_work
from nbcase.store.shelf import Shelf

GIVES = frozenset({"register", "issue_permit", "endorse_permit", "award_points", "begin_service", "book", "enter_round"})
"""What a step has to do to be of use to a resident: what only changes or ends something is not proposed here."""

TOPIC_NAMES = {
    "education": mark("学历学位"),
    "skills": mark("职业技能"),
    "social_insurance": mark("社会保险"),
    "medical_insurance": mark("医疗保险"),
    "employment": mark("就业"),
    "housing": mark("住房"),
    "provident_fund": mark("公积金"),
    "health_code": mark("健康码"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a department knows on one topic: rows in words, the ones that hold now first; whose data, of which month, how old.

    `department` is empty for a topic that nobody delivers, `month` where no delivery has come. `age` is in full months.
    """

    topic: str
    rows: tuple[str, ...] = ()
    holding: int = 0
    department: str = ""
    month: str = ""
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """Everything of the page. `others` are situations that can be begun and that no policy names."""

    consent: Consent
    standing: Standing
    today: date
    known: tuple[Known, ...]
    window: EndorsementWindow | None
    services: tuple[tuple[str, date], ...]
    bookings: tuple[tuple[Booking, Offering], ...]
    children: tuple[Resident, ...]
    guardian: Resident | None
    matches: tuple[Match, ...]
    others: tuple[Offer, ...]

    @property
    def resident(self) -> Resident:
        """Whose page it is."""
        return self.standing.resident


def consent_of(desk: Desk, resident_id: str) -> Consent | None:
    """The consent that holds today at this station, the newest; None before one was given."""
    with reading(desk.engine) as connection:
        return _consent(desk, Shelf(connection), resident_id)


def _consent(desk: Desk, shelf: Shelf, resident_id: str) -> Consent | None:
    found = shelf.find(Consent, resident_id=resident_id, given_on=desk.today(), station_code=desk.station.code)
    return max(found, key=lambda consent: consent.given_at, default=None)


def guardian_asked(resident: Resident, on: date) -> bool:
    """Whether a guardian has to consent: under 14, or where the age is not known but a guardian is recorded."""
    if resident.birth_on is None:
        return resident.guardian_name is not None
    return age_on(resident.birth_on, on) < GUARDIAN_AGE


def give_consent(desk: Desk, clerk: Clerk, resident_id: str, purpose_code: str) -> Consent:
    """Record that the resident, or a child's guardian, lets the data be shown; durable when this returns. Raises `UserError`."""
    require(clerk, "companion.consent")
    if not codes.has_code("companion_purpose", purpose_code):
        raise ValueError(purpose_code)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        resident = work.need(Resident, resident_id)
        is_child = guardian_asked(resident, desk.today())
        if is_child and not resident.guardian_name:
            raise UserError(
                tr("未满 {n} 周岁，要监护人同意，登记里没有监护人。").format(n=GUARDIAN_AGE),
                safe=tr("没有显示任何部门数据。"),
                do=tr("请先在居住登记变更里补上监护人。"),
            )
        consent = Consent(
            id=new_id(),
            resident_id=resident_id,
            purpose_code=purpose_code,
            given_on=desk.today(),
            given_at=desk.clock.now(),
            guardian_name=resident.guardian_name if is_child else None,
            asked_by=clerk.id,
            station_code=desk.station.code,
        )
        work.put(consent)
        work.record("companion.consent", consent)
        return consent


def companion(desk: Desk, resident_id: str) -> Companion:
    """The page of a resident; LookupError for an unknown one, `UserError` without a consent of today."""
    today = desk.today()
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.need(Resident, resident_id)
        consent = _consent(desk, shelf, resident_id)
        if consent is None:
            raise UserError(tr("还没有本人今天的同意。"), safe=tr("没有显示任何部门数据。"), do=tr("请先问用途并记下同意。"))
        present = standing(shelf, resident)
        children = _children(shelf, resident, today)
        underway = {
            f"{policy.item_code}.{policy.situation_code}": number
            for policy in desk.policies.values()
            if policy.apply.item is not None
            and (number := open_case_number(shelf, resident_id, policy.item_code, policy.situation_code)) is not None
        }
        known = known_topics(schemes(connection).newest, present.score, today)
        guardian = _guardian(shelf, resident)
    matches = match_policies(desk.items, desk.policies, present, len(children), underway, today)
    named = {policy.apply.item for policy in desk.policies.values()}
    can = [offer for offer in offers(desk, resident_id) if not offer.obstacle]
    return Companion(
        consent=consent,
        standing=present,
        today=today,
        known=known,
        window=endorsement_window(present.permit, present.endorsements_of(present.permit)) if present.permit is not None else None,
        services=tuple((desk.items.item(one.item_code).name.text, one.began_on) for one in present.services if one.runs(today)),
        bookings=tuple(pair for pair in present.bookings if pair[0].is_wanted and today <= pair[1].begins_on),
        children=children,
        guardian=guardian,
        matches=matches,
        others=tuple(offer for offer in can if f"{offer.item.code}.{offer.situation.code}" not in named and _gives(offer)),
    )


def _gives(offer: Offer) -> bool:
    return {step.effect for step in offer.situation.steps if step.effect is not None} <= GIVES


def _children(shelf: Shelf, resident: Resident, on: date) -> tuple[Resident, ...]:
    """Residents under 16 whose recorded guardian this is, the eldest first."""
    found = shelf.find(Resident, guardian_number=resident.document_number)
    minors = [one for one in found if one.birth_on is not None and age_on(one.birth_on, on) < ADULT_AGE]
    return tuple(sorted(minors, key=lambda one: (one.birth_on or on, one.id)))


def _guardian(shelf: Shelf, resident: Resident) -> Resident | None:
    if not resident.guardian_number:
        return None
    return next(iter(shelf.find(Resident, document_number=resident.guardian_number)), None)


def known_topics(catalogue: PointsCatalogue, score: Score | None, on: date) -> tuple[Known, ...]:
    """Every topic in its order, also those of which nothing is known: a gap has to be seen."""
    return tuple(_known(catalogue, score, topic, on) for topic in TOPICS)


def _known(catalogue: PointsCatalogue, score: Score | None, topic: str, on: date) -> Known:
    code, _ = TOPIC_ROWS.get(topic, ("", frozenset()))
    table = catalogue.tables.get(code)
    if table is None:
        return Known(topic=topic)
    if score is None:
        return Known(topic=topic, department=table.department)
    month = topic_month(score, topic)
    rows: Sequence[Any] = sorted(topic_rows(score, topic), key=lambda row: not row_holds(row, month))
    return Known(
        topic=topic,
        rows=tuple(row_words(table, row_from_plain(table, row)) for row in rows),
        holding=sum(row_holds(row, month) for row in rows),
        department=table.department,
        month=month,
        age=full_months(date.fromisoformat(f"{month}-01"), on) if month else None,
    )
