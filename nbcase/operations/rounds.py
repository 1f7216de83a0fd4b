"""名额轮次 at the desk: what may be applied for, what a list says of a resident and why, and the signatures under a list.

Everything is answered from this desk's records: the network is not needed to explain a result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.action import Action
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.errors import Conflict, Unacceptable, UserError
from nbcase.domain.identity import DocumentKind, check_number
from nbcase.domain.ids import derived_id
from nbcase.domain.resident import Resident
from nbcase.domain.round import SIGNATURES_NEEDED, ChoiceResult, ParentRule, Round, RoundResult, RoundSignature, RoundStage
from nbcase.domain.words import mark, tr
from nbcase.items.item import Situation
from nbcase.operations.desk import Desk
from nbcase.points.catalogue import show
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import desk_work
from nbcase.store.shelf import Shelf

USE_ITEMS = {
    "school": "points_school",
    "settlement": "points_settlement",
    "recuperation": "points_recuperation",
    "loan": "points_loan",
    "rental": "points_rental",
    "health_check": "points_health_check",
}
"""The item by which each use is applied for."""

OBJECTION_ITEM = "points_objection"
CHOICES = ("choice_1", "choice_2", "choice_3")
CORRECTABLE = (*CHOICES, "zone")
SIGN = "round.sign"

STILL_COUNTS = frozenset({CaseState.ACCEPTED, CaseState.ACCEPTED_PROVISIONALLY, CaseState.IN_CORRECTION, CaseState.DECIDED})


def rounds(desk: Desk, use_code: str | None = None, *, only_open: bool = False) -> tuple[Round, ...]:
    """The rounds that this desk knows, those of its own district first, then the newest."""
    with reading(desk.engine) as connection:
        found = Shelf(connection).find(Round)
    of_use = [one for one in found if use_code in (None, one.use_code)]
    kept = [one for one in of_use if one.is_open(desk.today()) or not only_open]
    own = desk.station.division_code
    return tuple(sorted(kept, key=lambda one: (one.district_code != own, -one.closes_on.toordinal(), one.name)))


def rounds_to_choose(desk: Desk, use_code: str | None) -> tuple[Round, ...]:
    """The rounds that a form may name: the open ones of a use, or all that are under notice."""
    if use_code is not None:
        return rounds(desk, use_code, only_open=True)
    return tuple(one for one in rounds(desk) if is_under_notice(one, desk.today()))


def no_round(desk: Desk, situation: Situation) -> str:
    """Why a situation that needs a round cannot be begun now; empty when it can, or needs none."""
    wanted = next((field for field in situation.fields() if field.kind == "round"), None)
    if wanted is None or rounds_to_choose(desk, wanted.offers):
        return ""
    return tr("现在没有开放报名的轮次") if wanted.offers is not None else tr("现在没有公示中的名单")


def is_under_notice(one: Round, on: date) -> bool:
    """Whether somebody may object on that day."""
    return one.stage is RoundStage.NOTICE and one.notice_until_on is not None and on <= one.notice_until_on


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A round with the signatures under its newest list."""

    round: Round
    signatures: tuple[RoundSignature, ...]

    @property
    def is_signed(self) -> bool:
        """Whether enough people have signed."""
        return len(self.signatures) >= SIGNATURES_NEEDED


def round_view(desk: Desk, round_id: str) -> RoundView:
    """One round; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        one = shelf.need(Round, round_id)
        return RoundView(round=one, signatures=signatures_of(shelf, one))


def check_signature(action: Action) -> None:
    """Refuse a signature that is not the act of its own signer. Raises `Unacceptable`."""
    for change in action.changes:
        if change.record_type == "round_signature":
            signer = change.fields.get("clerk_id", (None, None))[1]
            if action.kind != SIGN or signer != action.clerk_id or change.base_version:
                raise Unacceptable(tr("名单签名只能由签名人自己作出。"))


def signatures_of(shelf: Shelf, one: Round) -> tuple[RoundSignature, ...]:
    """Who signed the newest list for the stage that comes next, one of each person; the earliest first."""
    found = shelf.find(RoundSignature, round_id=one.id, list_hash=one.list_hash, stage=one.next_stage.value)
    by_clerk = {signature.clerk_id: signature for signature in sorted(found, key=lambda entry: entry.signed_at, reverse=True)}
    return tuple(sorted(by_clerk.values(), key=lambda entry: entry.signed_at)) if one.list_hash else ()


def sign_round(desk: Desk, clerk: Clerk, round_id: str, list_hash: str) -> RoundSignature:
    """Sign the list that was looked at. Raises `Conflict` when it is not the newest any more, `UserError` for a second signature."""
    require(clerk, SIGN)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        one = work.need(Round, round_id)
        if not list_hash or one.list_hash != list_hash or one.stage is RoundStage.FINAL:
            raise Conflict(tr("名单已经变了，或已定稿。"), safe=tr("没有签名。"), do=tr("请重新看一遍现在的名单。"))
        signature = RoundSignature(
            id=derived_id(b"", SIGN, one.id, one.next_stage.value, list_hash, clerk.id),
            round_id=one.id,
            stage=one.next_stage,
            list_hash=list_hash,
            clerk_id=clerk.id,
            clerk_name=clerk.name,
            signed_at=work.now,
            station_code=desk.station.code,
        )
        if work.get(RoundSignature, signature.id) is not None:
            raise UserError(tr("您已签过这份名单。"), safe=tr("没有改动。"), do=tr("还要另一位签名才能公布。"))
        work.put(signature)
        work.record(SIGN, signature)
        return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A resident's application to a round and, once a list is public, what it says of it."""

    round: Round
    case: Case
    result: RoundResult | None


def applications_of(desk: Desk, resident_id: str) -> tuple[Application, ...]:
    """What a resident has applied for, the newest round first. A result of a list that is not public yet is left out."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        cases = [case for case in shelf.find(Case, resident_id=resident_id) if case.item_code in USE_ITEMS.values()]
        results = {result.case_id: result for result in shelf.find(RoundResult, resident_id=resident_id)}
        found = [
            Application(round=one, case=case, result=_public(one, results.get(case.id)))
            for case in cases
            if (one := shelf.get(Round, str(case.form.get("round")))) is not None
        ]
    return tuple(sorted(found, key=lambda each: (each.round.closes_on, each.case.accepted_at), reverse=True))


def _public(one: Round, result: RoundResult | None) -> RoundResult | None:
    return result if result is not None and one.published_hash and result.list_hash == one.published_hash else None


def resident_of(desk: Desk, resident_id: str) -> Resident:
    """A resident of this desk; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        return Shelf(connection).need(Resident, resident_id)


def counted_name(desk: Desk, result: RoundResult) -> str:
    """Whose points counted; empty where this desk does not know the person."""
    with reading(desk.engine) as connection:
        person = Shelf(connection).get(Resident, result.counted_id)
    return person.name if person is not None else ""


WHY = {
    "placed": mark("录取；末位 {last} 分"),
    "placed_with_room": mark("录取；名额未满"),
    "lower_points": mark("名额已满：末位 {last} 分，您 {own} 分，差 {n} 分"),
    "zone_first": mark("名额已满：服务区内的先录取，末位 {last} 分"),
    "tie": mark("与末位同为 {last} 分：{rule}，您 {tie_own} 个月，末位 {tie_last} 个月"),
    "lot": mark("与末位同为 {last} 分，同分各项也相同，按{rule}靠后"),
    "not_needed": mark("前面的志愿已录取，未参加排队"),
    "no_seats": mark("本轮没有名额"),
    "below_least": mark("未达门槛 {last} 分，差 {n} 分"),
}
"""By `nbcase.points.ranking.Why`, how a clerk tells it."""


def why_words(choice: ChoiceResult, points: int, *, on_paper: bool = False) -> str:
    """Why a choice came to what it did; papers are Chinese whatever language the window speaks."""
    key = "lot" if choice.tie == "lot" else choice.why
    if choice.why == "placed" and choice.last_points is None:
        key = "placed_with_room"
    words = WHY.get(key, choice.why)
    return (words if on_paper else tr(words)).format(
        last=show(choice.last_points or 0),
        own=show(points),
        n=show(choice.missing),
        rule=_rule_name(choice.tie, on_paper=on_paper),
        tie_own=choice.tie_own,
        tie_last=choice.tie_last,
    )


def _rule_name(rule: str, *, on_paper: bool) -> str:
    known = codes.has_code("tie_rule", rule)
    return codes.name("tie_rule", rule, english=False if on_paper else None) if known else rule


def tie_words(one: Round, *, on_paper: bool = False) -> str:
    """The order of equals in words, and whose rule it is."""
    words = mark("积分相同的，依次按：{rules}（{whose}）")
    own = mark("本程序自定，没有查到公布的规则，可在轮次文件里改")
    rules = " → ".join(_rule_name(rule, on_paper=on_paper) for rule in one.ties)
    return (words if on_paper else tr(words)).format(rules=rules, whose=one.ties_basis or (own if on_paper else tr(own)))


def entered_form(shelf: Shelf, desk: Desk, case: Case, answers: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The form of an application as it is kept, with the other parent's record named. Raises `UserError` in words."""
    one = shelf.get(Round, str(answers.get("round")))
    if one is None or not one.is_open(today) or USE_ITEMS[one.use_code] != case.item_code:
        raise _refused(tr("这一轮不在报名期。"), tr("请另选一轮，或等开放报名。"))
    grade = answers.get("grade")
    if one.grades and grade is not None and grade not in one.grades:
        names = tr("、").join(codes.name("school_grade", code) for code in one.grades)
        raise _refused(tr("这一轮只收：{names}。").format(names=names), tr("请核对年级。"))
    _check_choices(one, answers)
    _only_one(shelf, one, case, answers)
    form = {key: value for key, value in answers.items() if value not in (None, "")}
    number = str(answers.get("other_parent_number") or "")
    if number and one.parent_rule is ParentRule.HIGHER:
        checked = check_number(number, DocumentKind.CITIZEN).number
        form["other_parent_id"] = derived_id(desk.identity.id_key, "resident", DocumentKind.CITIZEN.value, checked)
    return form


def _check_choices(one: Round, answers: Mapping[str, Any]) -> None:
    named = [str(answers[key]) for key in CHOICES if answers.get(key)]
    unknown = [name for name in (*named, str(answers.get("zone") or "")) if name and one.place(name) is None]
    if unknown:
        raise _refused(tr("“{name}”不在这一轮的名额里。").format(name=unknown[0]), tr("请按轮次公布的名称选。"))
    if len(set(named)) < len(named):
        raise _refused(tr("同一志愿写了两次。"), tr("请改成不同的志愿。"))


def _only_one(shelf: Shelf, one: Round, case: Case, answers: Mapping[str, Any]) -> None:
    """One application of a person to a round; for school one of a child."""
    for other in shelf.find(Case, resident_id=case.resident_id, item_code=case.item_code):
        is_same = other.form.get("round") == one.id and other.form.get("child_name") == answers.get("child_name")
        if other.id != case.id and other.state in STILL_COUNTS and is_same:
            raise _refused(tr("这一轮已经报过名：{number}。").format(number=other.number), tr("要改志愿请先撤回那一件。"))


def applied_to(shelf: Shelf, resident_id: str, answers: Mapping[str, Any], today: date) -> Case:
    """The application that an objection is about. Raises `UserError` outside the notice, or without one."""
    one = shelf.get(Round, str(answers.get("round")))
    if one is None or not is_under_notice(one, today):
        raise _refused(tr("这一轮不在公示期，不能提出异议。"), tr("公示期外请按信访或行政复议办理。"))
    cases = [case for case in shelf.find(Case, resident_id=resident_id) if case.form.get("round") == one.id]
    own = [case for case in cases if case.item_code == USE_ITEMS[one.use_code] and case.state is CaseState.DECIDED]
    child = str(answers.get("child_name") or "")
    own = [case for case in own if not child or case.form.get("child_name") == child]
    if len(own) != 1:
        what = tr("这位居民没有参加这一轮。") if not own else tr("这位居民在这一轮有 {n} 件申请。").format(n=len(own))
        raise _refused(what, tr("请核对轮次；几个孩子的，写明孩子姓名。"))
    _check_choices(one, answers)
    return own[0]


def corrected_form(shelf: Shelf, application: Case, objection: Mapping[str, Any]) -> dict[str, Any]:
    """The application's form with what an upheld objection corrects: whoever names choices names all of them."""
    changes = {key: objection[key] for key in CORRECTABLE if objection.get(key)}
    kept = dict(application.form)
    if any(key in changes for key in CHOICES):
        kept = {key: value for key, value in kept.items() if key not in CHOICES}
    form = {**kept, **changes}
    _check_choices(shelf.need(Round, str(application.form["round"])), form)
    return form


def _refused(what: str, do: str) -> UserError:
    return UserError(what, safe=tr("没有受理，草稿还在。"), do=do)


def choices_of(one: Round, form: Mapping[str, Any]) -> Sequence[str]:
    """The places that an application asks for, in order: all of the round's where the form names none."""
    named = [str(form[key]) for key in CHOICES if form.get(key)]
    return named or [place.name for place in one.places]
