"""What a known resident can have done now: every situation of every item, with what stands in the way, and its form filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.case import Case, HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState, Fact, check_conditions
from nbcase.items.item import AnyOf, Field, Item, Situation
from nbcase.operations.bookings import no_offering, offerings
from nbcase.operations.desk import Desk
from nbcase.operations.facts import NOT_WORKING, STABLE_PLACES, Standing, facts_of, standing
from nbcase.operations.rounds import no_round
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

STUDENT = "07"
"""现从事职业: 学生."""


MOST_WANTED = "permit"
"""The sub-scenario of registration and permit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One situation for one resident. `obstacle` is empty when it can be begun; what only papers can prove is no obstacle."""

    item: Item
    situation: Situation
    obstacle: str = ""

    @property
    def name(self) -> str:
        """The item with its situation, as lists show it."""
        return f"{self.item.name.text} · {self.situation.name.text}"


def offers(desk: Desk, resident_id: str) -> tuple[Offer, ...]:
    """Every situation for a resident, possible ones first; LookupError for an unknown id.

    The centre is not asked: whether another station knows a permit is checked when the request is examined.
    """
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        present = standing(shelf, shelf.need(Resident, resident_id))
        found = shelf.find(Case, resident_id=resident_id)
    waiting = {(case.item_code, case.situation_code): case.number for case in found if case.state.is_open}
    made = [
        offer_of(item, situation, present, waiting.get((item.code, situation.code)), desk.today()) for item, situation in desk.items.pairs()
    ]
    bookable = frozenset(entry.service_code for entry in offerings(desk))
    made = [
        offer if offer.obstacle else replace(offer, obstacle=no_round(desk, offer.situation) or no_offering(offer.situation, bookable))
        for offer in made
    ]
    return tuple(sorted(made, key=lambda offer: (bool(offer.obstacle), _scene_place(offer.item))))


def _scene_place(item: Item) -> int:
    """Registration and permit first, as most people come for them; then the sub-scenarios in their order."""
    scenes = list(codes.table("scene").entries)
    return -1 if item.scene == MOST_WANTED else scenes.index(item.scene) if item.scene else len(scenes)


def present_standing(desk: Desk, resident_id: str) -> Standing:
    """What this desk holds of a resident; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        return standing(shelf, shelf.need(Resident, resident_id))


def offer_of(item: Item, situation: Situation, present: Standing, waiting: str | None, on: date) -> Offer:
    """One situation for what is known of a resident; `waiting` is the receipt number of a case of it that is open."""
    if waiting is not None:
        return Offer(item=item, situation=situation, obstacle=tr("已在办：{number}").format(number=waiting))
    if _registers(situation) and present.active is not None:
        return Offer(item=item, situation=situation, obstacle=tr("已有在住登记，信息有变化办变更"))
    # Without the centre's word the facts are those of this desk: an empty fact passes, as none is known here.
    # Papers count as brought: what only they can prove is asked for at the counter and keeps nobody from coming.
    papers = [HandedIn(code=material.code, how=material.obtained[0]) for material in situation.materials]
    checks = check_conditions(situation, facts_of(present, situation, papers, on, Fact()), on)
    return Offer(
        item=item, situation=situation, obstacle=next((_words(check) for check in checks if _stands_in_the_way(situation, check)), "")
    )


def _registers(situation: Situation) -> bool:
    return any(field.bind == "resident.document_number" for field in situation.fields())


def _stands_in_the_way(situation: Situation, check: Check) -> bool:
    """A failed condition that no paper can mend: one of several ways to meet it may be proved at the counter."""
    condition = next(entry for entry in situation.conditions if entry.key == check.key)
    return check.state is CheckState.FAILED and not isinstance(condition.test, AnyOf)


def _words(check: Check) -> str:
    return f"{check.detail}；{check.missing}" if check.detail and check.missing else check.detail or check.missing


def known_answers(situation: Situation, present: Standing) -> dict[str, Any]:
    """The answers that the records give already, as the form wants them; the others are left out.

    Where somebody lives is known; a form that registers no residence may be about another house, so it begins without one.
    """
    about_home = any((field.bind or "").startswith("registration.") for field in situation.fields())
    records = {"resident": present.resident, "registration": present.active, "dwelling": present.dwelling if about_home else None}
    found = {field.key: likely_ground(present) if field.key == "ground" else _answer(field, records) for field in situation.fields()}
    return {key: value for key, value in found.items() if value not in (None, "")}


def dwelling_answers(situation: Situation, dwelling: Dwelling) -> dict[str, str]:
    """What the form asks of a dwelling, as its record answers it; empty texts for what is open, so that nothing of another house stays."""
    fields = [field for field in situation.fields() if (field.bind or "").startswith("dwelling.")]
    return {field.key: _answer(field, {"dwelling": dwelling}) or "" for field in fields}


def _answer(field: Field, records: Mapping[str, Any]) -> Any:
    owner, _, name = (field.bind or "").partition(".")
    if owner == "registration" and name in ("ended_on", "end_reason_code"):
        return None
    value = getattr(records.get(owner), name, None)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if field.kind == "integer" and value is not None else value


def likely_ground(present: Standing) -> str | None:
    """The ground of the permit, or what the records speak for: school, work, then dwelling; None where nothing does."""
    if present.permit is not None and present.permit.grounds:
        return present.permit.grounds[0]
    resident, active = present.resident, present.active
    if resident.occupation_code == STUDENT:
        return "study"
    if resident.employer and resident.occupation_code not in NOT_WORKING:
        return "employment"
    place = (active.place_code if active else None) or (present.dwelling.place_code if present.dwelling else None)
    return "dwelling" if place in STABLE_PLACES else None
