"""What a step does to the records: one function per effect that an item may name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nbcase.domain.case import Case
from nbcase.domain.divisions import division_of_address
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.identity import mask_number
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import Endorsement, Permit, usable_until, valid_after_endorsing
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.domain.score import Claim
from nbcase.domain.service import Service
from nbcase.domain.words import tr
from nbcase.items.fields import Answers, bound
from nbcase.items.item import Situation
from nbcase.operations import lettings
from nbcase.operations.bookings import booking_of
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, occupants, standing
from nbcase.operations.rounds import applied_to, corrected_form, entered_form
from nbcase.points.spans import month_of
from nbcase.store.desk_work import DeskWork
from nbcase.store.shelf import Shelf

MOVED = "moved"
"""End reason of the registration that a new address replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What an effect works on: the case as it is being written, its answers and what is known of the person."""

    desk: Desk
    work: DeskWork
    situation: Situation
    case: Case
    answers: Answers
    standing: Standing
    met_by: tuple[str, ...]
    is_provisional: bool

    @property
    def today(self) -> date:
        return self.desk.today()


Effect = Callable[[Occasion], Case]


def proposed_resident(desk: Desk, shelf: Shelf, situation: Situation, answers: Answers, resident_id: str | None) -> Resident:
    """The person as the form would leave the record: the known one with the answers over it, or a new one."""
    values = bound(situation, answers, "resident")
    if resident_id is not None:
        return replace(shelf.need(Resident, resident_id), **values)
    known_id = derived_id(desk.identity.id_key, "resident", values["document_kind"], values["document_number"])
    known = shelf.get(Resident, known_id)
    if known is not None:
        return replace(known, **values)
    return Resident(id=known_id, station_code=desk.station.code, **values)


def proposed_standing(desk: Desk, shelf: Shelf, situation: Situation, answers: Answers, resident: Resident) -> Standing:
    """What conditions look at: the records, with the dwelling that the form names."""
    present = standing(shelf, resident)
    address = answers.get("address")
    if not address:
        return present
    dwelling = proposed_dwelling(desk, shelf, situation, answers)
    lives_there = present.active is not None and present.active.dwelling_id == dwelling.id
    return replace(present, dwelling=dwelling, occupants=occupants(shelf, dwelling) + (0 if lives_there else 1))


def proposed_dwelling(desk: Desk, shelf: Shelf, situation: Situation, answers: Answers) -> Dwelling:
    """The dwelling of the form: the known one by its address with what the clerk corrected, or a new one."""
    values = bound(situation, answers, "dwelling")
    known_id = derived_id(desk.identity.id_key, "dwelling", values["address"])
    known = shelf.get(Dwelling, known_id)
    if known is not None:
        return replace(known, **values, place_code=answers.get("place_code") or known.place_code)
    division = division_of_address(values["address"]) or desk.station.division_code
    return Dwelling(id=known_id, division_code=division, place_code=answers.get("place_code"), station_code=desk.station.code, **values)


def register(occasion: Occasion) -> Case:
    """居住登记: person, dwelling and declaration; a registration at another address ends today."""
    desk, work = occasion.desk, occasion.work
    dwelling = proposed_dwelling(desk, work, occasion.situation, occasion.answers)
    active = occasion.standing.active
    if active is not None and active.dwelling_id == dwelling.id:
        raise UserError(
            tr("{name}已登记在这个地址。").format(name=occasion.case.applicant_name),
            safe=tr("没有重复登记，草稿还在。"),
            do=tr("信息有变化请办“变更登记”。"),
        )
    work.put(occasion.standing.resident)
    work.put(dwelling)
    if active is not None:
        work.put(replace(active, state=RegistrationState.ENDED, ended_on=occasion.today, end_reason_code=MOVED))
    registration = _registration(occasion, dwelling)
    work.put(registration)
    return replace(occasion.case, registration_id=registration.id)


def _registration(occasion: Occasion, dwelling: Dwelling, **values: Any) -> Registration:
    resident_id, today = occasion.case.resident_id, occasion.today
    return Registration(
        id=derived_id(occasion.desk.identity.id_key, "registration", resident_id, dwelling.id, today.isoformat()),
        resident_id=resident_id,
        dwelling_id=dwelling.id,
        case_id=occasion.case.id,
        declared_on=today,
        station_code=occasion.desk.station.code,
        **{**bound(occasion.situation, occasion.answers, "registration"), **values},
    )


def change_registration(occasion: Occasion) -> Case:
    """变更登记: a new address makes a new declaration that goes on without a gap; other changes stay in place."""
    desk, work, active = occasion.desk, occasion.work, _active(occasion)
    work.put(occasion.standing.resident)
    dwelling = proposed_dwelling(desk, work, occasion.situation, occasion.answers)
    work.put(dwelling)
    if dwelling.id == active.dwelling_id:
        work.put(replace(active, **bound(occasion.situation, occasion.answers, "registration")))
        return replace(occasion.case, registration_id=active.id)
    work.put(replace(active, state=RegistrationState.ENDED, ended_on=occasion.today, end_reason_code=MOVED))
    registration = _registration(occasion, dwelling, arrived_on=active.arrived_on, stay_code=active.stay_code)
    work.put(registration)
    return replace(occasion.case, registration_id=registration.id)


def end_registration(occasion: Occasion) -> Case:
    """注销登记: the resident has moved out."""
    active = _active(occasion)
    ended = replace(active, state=RegistrationState.ENDED, **bound(occasion.situation, occasion.answers, "registration"))
    if ended.ended_on is not None and not active.declared_on <= ended.ended_on <= occasion.today:
        raise UserError(
            tr("离开日期要在 {start} 与今天之间。").format(start=active.declared_on),
            safe=tr("没有改动登记，草稿还在。"),
            do=tr("请核对离开日期。"),
        )
    occasion.work.put(ended)
    return replace(occasion.case, registration_id=active.id)


def _active(occasion: Occasion) -> Registration:
    active = occasion.standing.active
    if active is None:
        raise UserError(tr("没有在住登记。"), safe=tr("没有改动任何数据。"), do=tr("请先办理居住登记。"))
    return active


def issue_permit(occasion: Occasion) -> Case:
    """发证: the permit begins today; its number comes from the issuing system and stays open."""
    permit = Permit(
        id=new_id(),
        resident_id=occasion.case.resident_id,
        case_id=occasion.case.id,
        issued_on=occasion.today,
        grounds=occasion.met_by,
        is_provisional=occasion.is_provisional,
        station_code=occasion.desk.station.code,
    )
    occasion.work.put(permit)
    return replace(occasion.case, permit_id=permit.id)


def endorse_permit(occasion: Occasion) -> Case:
    """签注: use goes on to the next full year since the issue; late, residence years count from today."""
    permit = _permit(occasion)
    made = occasion.standing.endorsements_of(permit)
    endorsement = Endorsement(
        id=derived_id(occasion.desk.identity.id_key, "endorsement", permit.id, str(len(made) + 1)),
        permit_id=permit.id,
        case_id=occasion.case.id,
        ordinal=len(made) + 1,
        endorsed_on=occasion.today,
        valid_until_on=valid_after_endorsing(permit, made, occasion.today),
        is_late=occasion.today > usable_until(permit, made),
        grounds=occasion.met_by,
        station_code=occasion.desk.station.code,
    )
    occasion.work.put(endorsement)
    return replace(occasion.case, permit_id=permit.id)


def replace_permit(occasion: Occasion) -> Case:
    """补领 or 换领: the same permit on new paper."""
    permit = _permit(occasion)
    occasion.work.put(replace(permit, replaced_on=occasion.today, replace_reason_code=occasion.answers["replace_reason"]))
    return replace(occasion.case, permit_id=permit.id)


def cancel_permit(occasion: Occasion) -> Case:
    """注销: the permit cannot be used from today on."""
    permit = _permit(occasion)
    occasion.work.put(replace(permit, cancelled_on=occasion.today, cancel_reason_code=occasion.answers["cancel_reason"]))
    return replace(occasion.case, permit_id=permit.id)


def register_letting(occasion: Occasion) -> Case:
    """出租房登记: house, landlord and lease as the form says."""
    occasion.work.put(lettings.registered(_named_dwelling(occasion), occasion.today))
    return occasion.case


def change_letting(occasion: Occasion) -> Case:
    """出租房变更: what the form says goes over what was registered."""
    occasion.work.put(lettings.changed(_named_dwelling(occasion)))
    return occasion.case


def end_letting(occasion: Occasion) -> Case:
    """停租: the registration of the letting is cancelled; who still lives there stays registered."""
    ended_on = date.fromisoformat(occasion.answers["cancelled_on"])
    occasion.work.put(lettings.cancelled(_named_dwelling(occasion), ended_on, occasion.today))
    return occasion.case


def _named_dwelling(occasion: Occasion) -> Dwelling:
    return proposed_dwelling(occasion.desk, occasion.work, occasion.situation, occasion.answers)


def check_claim(occasion: Occasion) -> Case:
    """积分申请、复核 is taken: what is claimed must belong to the line, and its days must be in order."""
    claimed_row(occasion.answers, occasion.today)
    return occasion.case


def award_points(occasion: Occasion) -> Case:
    """通过赋分: what was proven becomes a row of the resident's data from today on."""
    table_code, row = claimed_row(occasion.answers, occasion.today)
    occasion.work.put(
        Claim(
            id=derived_id(b"", "claim", occasion.case.id),
            resident_id=occasion.case.resident_id,
            case_id=occasion.case.id,
            case_number=occasion.case.number,
            indicator_code=occasion.answers["indicator"],
            table_code=table_code,
            row=row,
            approved_on=occasion.today,
            approved_by=occasion.work.clerk.id,
            station_code=occasion.case.station_code,
        )
    )
    return occasion.case


CLAIM_TABLES = {"skill": "certificate"}
"""The table of a line's data where it is not called as the line is."""


def claimed_row(answers: Answers, today: date) -> tuple[str, dict[str, Any]]:
    """Table and row, in JSON values, that a claim stands for. Raises `UserError` in words."""
    table_code, _, code = str(answers["claim"]).partition(".")
    if table_code != CLAIM_TABLES.get(answers["indicator"], answers["indicator"]):
        raise _claim_refused(tr("所选的情形不属于这项指标。"), tr("请在“情形”里另选。"))
    first = date.fromisoformat(answers["from_on"])
    last = date.fromisoformat(answers["until_on"]) if answers.get("until_on") else None
    if first > today or (last is not None and not first <= last <= today):
        raise _claim_refused(tr("起止日期不对：要先起后止，都不晚于今天。"), tr("请核对日期。"))
    until = last.isoformat() if last is not None else None
    match table_code:
        case "education":
            return table_code, {"level_code": code, "awarded_on": first.isoformat()}
        case "certificate":
            return table_code, {"kind_code": code, "awarded_on": first.isoformat()}
        case "insurance":
            return table_code, {
                "scheme_code": "pension",
                "area_code": code,
                "first_month": month_of(first),
                "last_month": None if last is None else month_of(last),
            }
        case "residence":
            return table_code, {"area_code": code, "declared_on": first.isoformat(), "ended_on": until}
        case _:
            return table_code, {"kind_code": code, "first_on": first.isoformat(), "last_on": until}


def _claim_refused(what: str, do: str) -> UserError:
    return UserError(what, safe=tr("没有受理，草稿还在。"), do=do)


def begin_service(occasion: Occasion) -> Case:
    """The resident has the item's service from today on; what the form said is kept with it."""
    case = occasion.case
    if _running(occasion) is not None:
        what = tr("{name}已在使用这项服务。").format(name=case.applicant_name)
        raise UserError(what, safe=tr("没有重复办理，草稿还在。"), do=tr("有变化请先办终止，再重新办理。"))
    occasion.work.put(
        Service(
            id=derived_id(b"", "service", case.id),
            item_code=case.item_code,
            resident_id=case.resident_id,
            case_id=case.id,
            began_on=occasion.today,
            details=dict(occasion.answers),
            station_code=case.station_code,
        )
    )
    return case


def end_service(occasion: Occasion) -> Case:
    """终止: the service ends today."""
    service = _running(occasion)
    if service is None:
        what = tr("{name}没有在使用这项服务。").format(name=occasion.case.applicant_name)
        raise UserError(what, safe=tr("没有改动任何数据。"), do=tr("请核对事项。"))
    occasion.work.put(replace(service, ended_on=occasion.today))
    return occasion.case


def _running(occasion: Occasion) -> Service | None:
    mine = (service for service in occasion.standing.services if service.item_code == occasion.case.item_code)
    return next((service for service in mine if service.runs(occasion.today)), None)


def book(occasion: Occasion) -> Case:
    """预约: a place is asked for; the centre says whether there is one."""
    case = occasion.case
    occasion.work.put(
        booking_of(
            occasion.work,
            occasion.answers,
            resident_id=case.resident_id,
            case_id=case.id,
            name=case.applicant_name,
            station_code=case.station_code,
            today=occasion.today,
        )
    )
    return case


def give_up_booking(occasion: Occasion) -> Case:
    """退订: the place goes to whoever waits."""
    booking_id = derived_id(b"", "booking", str(occasion.answers["offering"]), occasion.case.resident_id)
    booking = occasion.work.get(Booking, booking_id)
    offering = occasion.work.get(Offering, str(occasion.answers["offering"]))
    if booking is None or offering is None or not booking.is_wanted:
        what = tr("{name}没有预约这个场次。").format(name=occasion.case.applicant_name)
        raise UserError(what, safe=tr("没有改动任何数据。"), do=tr("请另选场次。"))
    occasion.work.put(replace(booking, is_wanted=False))
    return occasion.case


def enter_round(occasion: Occasion) -> Case:
    """报名: the application is for an open round and for places of it, and the only one of its kind."""
    form = entered_form(occasion.work, occasion.desk, occasion.case, occasion.answers, occasion.today)
    return replace(occasion.case, form=form)


def object_to_round(occasion: Occasion) -> Case:
    """公示异议 is taken while the list is under notice, about an application of the resident."""
    found = applied_to(occasion.work, occasion.case.resident_id, occasion.answers, occasion.today)
    return replace(occasion.case, form={**occasion.answers, "application": found.id, "application_number": found.number})


def correct_application(occasion: Occasion) -> Case:
    """异议成立: what the objection corrects goes into the application, which the next ranking reads."""
    application = occasion.work.need(Case, str(occasion.case.form["application"]))
    occasion.work.put(replace(application, form=corrected_form(occasion.work, application, occasion.case.form)))
    return occasion.case


def _permit(occasion: Occasion) -> Permit:
    permit = occasion.standing.permit
    if permit is None:
        raise UserError(
            tr("{name}（{number}）没有居住证。").format(
                name=occasion.case.applicant_name, number=mask_number(occasion.standing.resident.document_number)
            ),
            safe=tr("没有改动任何数据。"),
            do=tr("请办理申领。"),
        )
    return permit


EFFECTS: dict[str, Effect] = {
    "register": register,
    "change_registration": change_registration,
    "end_registration": end_registration,
    "issue_permit": issue_permit,
    "endorse_permit": endorse_permit,
    "replace_permit": replace_permit,
    "cancel_permit": cancel_permit,
    "register_letting": register_letting,
    "change_letting": change_letting,
    "end_letting": end_letting,
    "check_claim": check_claim,
    "award_points": award_points,
    "begin_service": begin_service,
    "end_service": end_service,
    "book": book,
    "give_up_booking": give_up_booking,
    "enter_round": enter_round,
    "object_to_round": object_to_round,
    "correct_application": correct_application,
}
