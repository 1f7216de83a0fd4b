"""Everything that is offered, by sub-scenario, as plain values: for the shell, for a table in a document, for a comparison."""

from typing import Any

import msgspec

from nbcase.domain import codes
from nbcase.domain.words import tr
from nbcase.items.catalogue import Catalogue
from nbcase.items.item import Item, Limit, Period, Situation

NO_SCENE = ""
"""Items that belong to none of the sub-scenarios."""


def overview(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The sub-scenarios in their official order, each with its items; an empty one is listed too."""
    scenes = [*codes.table("scene").entries, NO_SCENE]
    found = {scene: [item_values(item) for item in catalogue.items.values() if (item.scene or NO_SCENE) == scene] for scene in scenes}
    return [
        {"code": scene, "name": codes.name("scene", scene) if scene else tr("其他"), "items": rows}
        for scene, rows in found.items()
        if scene or rows
    ]


def item_values(item: Item) -> dict[str, Any]:
    """One item: what 五统一 keeps the same everywhere, and its papers."""
    return {
        "code": item.code,
        "name": item.name.text,
        "responsible": item.responsible.text,
        "fee": item.fee.text,
        "legal_basis": list(item.legal_basis),
        "situations": [_situation(situation) for situation in item.situations],
    }


def _situation(situation: Situation) -> dict[str, Any]:
    papers = [paper for step in situation.steps for paper in step.documents]
    papers += [paper for step in situation.steps for decision in step.decisions for paper in decision.documents]
    return {
        "code": situation.code,
        "name": situation.name.text,
        "limit": limit_words(situation.limit),
        "fields": [field.label.text for field in situation.fields()],
        "materials": [material.name.text for material in situation.materials],
        "conditions": [condition.name.text for condition in situation.conditions],
        "steps": [step.name.text for step in situation.steps],
        "documents": sorted(set(papers)),
    }


def limit_words(limit: Limit) -> dict[str, str]:
    """Legal and promised limit in words, `—` where there is none."""
    return {"legal": period_words(limit.legal) or "—", "promised": period_words(limit.promised) or "—"}


def period_words(period: Period | None) -> str:
    """A limit as screens say it, nothing where there is none; papers, which stay Chinese, have their own."""
    if period is None:
        return ""
    if period.working_days == 0:
        return tr("当场办结")
    if period.working_days is not None:
        return tr("{n} 个工作日").format(n=period.working_days)
    return tr("{n} 日").format(n=period.calendar_days)


def uniform_values(item: Item) -> bytes:
    """What must not differ between districts, as bytes to compare: the item whole, as its file says it."""
    return msgspec.json.encode(msgspec.to_builtins(item), order="sorted")


def lines(scenes: list[dict[str, Any]]) -> list[str]:
    """The overview for people."""
    found = []
    for scene in scenes:
        found.append(scene["name"])
        for item in scene["items"]:
            for situation in item["situations"]:
                limit = situation["limit"]
                steps = " → ".join(situation["steps"])
                found.append(
                    f"  {item['name']} · {situation['name']}  {steps}  {tr('法定')} {limit['legal']}  {tr('承诺')} {limit['promised']}"
                )
    return found
