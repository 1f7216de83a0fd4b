"""The matter in hand on 办理: what is read to open it, what the page shows of it, how its materials can be had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nbcase.domain.case import Case, HandedIn
from nbcase.domain.document import Document
from nbcase.items.checks import Check
from nbcase.items.fields import Problem
from nbcase.items.item import Item, Material, Situation
from nbcase.operations.cases import case_detail
from nbcase.operations.drafts import DraftFile, load_draft
from nbcase.operations.facts import Standing
from nbcase.operations.offers import Offer, known_answers, present_standing
from nbcase.operations.printing import PrintJob
from ui.itemform import Choices, record_choices


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRow:
    """One material as the page lists it; `how` is empty while it is not there."""

    number: int
    material: Material
    how: str = ""
    files: int = 0
    until_on: date | None = None
    is_needed: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it still has to be brought."""
        return self.is_needed and self.how in ("", "deferred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above the form: the matter, the person, and both limits as if it were accepted now."""

    item: Item
    situation: Situation
    standing: Standing
    legal: tuple[str, date | None, bool]
    promised: tuple[str, date | None, bool]
    choices: Choices
    case: Case | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An accepted request: its number, what was printed, what the resident may want next."""

    number: str
    title: str
    applicant: str
    documents: tuple[Document, ...]
    jobs: tuple[PrintJob, ...]
    is_decided: bool
    next: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything that is read to open a situation."""

    standing: Standing
    item: Item
    situation: Situation
    answers: dict[str, Any]
    materials: dict[str, HandedIn]
    choices: Choices
    files: tuple[DraftFile, ...] = ()
    draft_id: str = ""
    until_on: date | None = None
    case: Case | None = None


@dataclass(slots=True)
class Work:
    """The matter in hand."""

    opening: Opening
    materials: dict[str, HandedIn]
    files: list[DraftFile]
    draft_id: str
    until_on: date | None = None
    touched: set[str] = field(default_factory=set)
    checks: tuple[Check, ...] = ()
    missing_materials: tuple[Material, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_kept: bool = False


def ways_by_hand(material: Material) -> list[str]:
    """How a material can be had without a device, in the order of the key: the last one is not at all."""
    ways: list[str] = [how for how in ("confirmed", "shared") if how in material.obtained]
    if material.deferrable:
        ways.append("deferred")
    return [*ways, ""] if ways else []


def default_way(material: Material, standing: Standing) -> str:
    """How a proof is had without asking: by the person's word where that is enough, or by the lease that the records hold."""
    if "confirmed" in material.obtained:
        return "confirmed"
    has_lease = standing.dwelling is not None and standing.dwelling.lease_until_on is not None
    return "shared" if material.serves == "dwelling" and "shared" in material.obtained and has_lease else ""


def open_situation(desk: Any, resident_id: str, item_code: str, situation_code: str, answers: Mapping[str, str]) -> Opening:
    """A situation for a resident, filled in with what is known and what the caller answers already."""
    present = present_standing(desk, resident_id)
    item = desk.items.item(item_code)
    situation = item.situation(situation_code)
    fields = {field.key for field in situation.fields()}
    known = known_answers(situation, present) | {key: value for key, value in answers.items() if key in fields}
    choices = record_choices(desk, situation, present)
    own = (field.key for field in situation.fields() if field.kind == "booking")
    only = {key: choices[key][0].code for key in own if len(choices[key]) == 1}
    return Opening(standing=present, item=item, situation=situation, answers=only | known, materials={}, choices=choices)


def open_draft(desk: Any, draft_id: str) -> Opening | None:
    """A draft as it was left; None where it is gone."""
    draft = load_draft(desk, draft_id)
    if draft is None:
        return None
    item = desk.items.item(draft.item_code)
    situation, kept = item.situation(draft.situation_code), draft.answers
    until = kept.get("deferred_until_on")
    materials = [HandedIn(code=m["code"], how=m["how"], attachments=tuple(m["attachments"])) for m in kept.get("materials", ())]
    present = present_standing(desk, kept["resident_id"])
    return Opening(
        standing=present,
        choices=record_choices(desk, situation, present),
        item=item,
        situation=situation,
        answers={key: kept[key] for key in (field.key for field in situation.fields()) if key in kept},
        materials={material.code: material for material in materials},
        files=draft.attachments,
        draft_id=draft_id,
        until_on=date.fromisoformat(until) if until else None,
    )


def open_case(desk: Any, case_id: str) -> Opening:
    """An accepted case whose missing materials come now."""
    detail = case_detail(desk, case_id)
    case = detail.row.case
    item = desk.items.item(case.item_code)
    situation = item.situation(case.situation_code)
    return Opening(
        standing=detail.standing,
        choices=record_choices(desk, situation, detail.standing, read_only=True),
        item=item,
        situation=situation,
        answers={key: value for key, value in case.form.items() if value is not None},
        materials={material.code: material for material in case.materials},
        case=case,
    )
