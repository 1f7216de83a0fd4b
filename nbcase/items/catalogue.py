"""All items, loaded and checked: a mistake names file, place and mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr
from nbcase.items.checks import BOOKING, FACTS, SERVICE
from nbcase.items.fields import BOUND_RECORDS
from nbcase.items.item import Condition, Field, Item, Situation

EFFECTS = frozenset(
    {
        "register",
        "register_letting",
        "change_letting",
        "end_letting",
        "change_registration",
        "end_registration",
        "issue_permit",
        "endorse_permit",
        "replace_permit",
        "cancel_permit",
        "check_claim",
        "award_points",
        "begin_service",
        "end_service",
        "book",
        "give_up_booking",
        "enter_round",
        "object_to_round",
        "correct_application",
    }
)
"""What a step may do to the records; `nbcase.operations.effects` has a function for each."""

OFFERED = {"offering": "offering", "booking": "offering", "round": "points_use", "place": "points_use"}
"""Kinds of fields whose choices are records, and the code table that says of what."""


class ItemError(UserError):
    """An item file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items by code."""

    items: dict[str, Item]

    def item(self, code: str) -> Item:
        """The item with this code."""
        return self.items[code]

    def situation(self, item_code: str, situation_code: str) -> Situation:
        """One situation of one item."""
        return self.items[item_code].situation(situation_code)

    def pairs(self) -> Iterator[tuple[Item, Situation]]:
        """Every item with each of its situations."""
        for item in self.items.values():
            for situation in item.situations:
                yield item, situation


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Every `<code>/item.yaml` below the folder, the program's own by default; raises the first mistake."""
    paths = _paths(folder)
    catalogue = Catalogue({item.code: item for item in map(load_item, paths)})
    for mistake in _link_mistakes(paths, catalogue):
        raise mistake
    return catalogue


def load_item(path: Path) -> Item:
    """One item file; raises `ItemError` naming file, place and mend."""
    item = _read(path)
    for mistake in _item_mistakes(path, item):
        raise mistake
    return item


def mistakes(folder: Path | None = None) -> list[ItemError]:
    """Every mistake of every file below the folder, in their order; links are looked at when the files themselves are right."""
    found: list[ItemError] = []
    items: dict[str, Item] = {}
    paths = _paths(folder)
    for path in paths:
        try:
            item = _read(path)
        except ItemError as error:
            found.append(error)
        else:
            items[path.parent.name] = item
            found += _item_mistakes(path, item)
    return found or list(_link_mistakes(paths, Catalogue(items)))


def _paths(folder: Path | None) -> list[Path]:
    return sorted((folder or Path(__file__).parent).glob("*/item.yaml"))


def _read(path: Path) -> Item:
    try:
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return msgspec.convert(plain, Item)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise _wrong(path, "", str(error), tr("请按事项格式修改这一处。")) from error


def _item_mistakes(path: Path, item: Item) -> Iterator[ItemError]:
    if item.code != path.parent.name:
        yield _wrong(path, "code", item.code, tr("code 应与文件夹同名：{name}。").format(name=path.parent.name))
    if item.scene is not None and not codes.has_code("scene", item.scene):
        yield _wrong(path, "scene", item.scene, tr("没有这个子场景，请看 codes.toml 的 scene 表。"))
    for situation in item.situations:
        yield from _situation_mistakes(path, situation)


def _wrong(path: Path, where: str, what: str, mend: str) -> ItemError:
    place = f"{path.parent.name}/{path.name} {where}".strip()
    return ItemError(tr("事项文件有错：{place}：{what}").format(place=place, what=what), safe=tr("其他事项照常可用。"), do=mend)


def _situation_mistakes(path: Path, situation: Situation) -> Iterator[ItemError]:
    where = situation.code
    keys = [field.key for field in situation.fields()]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield _wrong(path, f"{where}.form.{key}", tr("字段重复"), tr("每个 key 只能出现一次。"))
    for field in situation.fields():
        yield from _field_mistakes(path, f"{where}.form.{field.key}", field)
    for condition in situation.conditions:
        yield from _condition_mistakes(path, f"{where}.conditions.{condition.key}", condition)
    if not situation.steps:
        yield _wrong(path, where, "steps", tr("至少要有一个步骤。"))
    for step in situation.steps:
        place = f"{where}.steps.{step.code}"
        if step.action not in PERMISSIONS:
            yield _wrong(path, place, step.action, tr("没有这个动作，请看 nbcase.domain.clerk.PERMISSIONS。"))
        if step.effect is not None and step.effect not in EFFECTS:
            yield _wrong(path, place, step.effect, tr("没有这个效果，可用：{names}。").format(names="、".join(sorted(EFFECTS))))
        papers = [*step.documents, *(paper for decision in step.decisions for paper in decision.documents)]
        for paper in papers:
            if not resource_path(f"documents/{paper}.toml").exists():
                yield _wrong(path, place, paper, tr("没有这种文书版式，请看 resources/documents。"))


def _field_mistakes(path: Path, place: str, field: Field) -> Iterator[ItemError]:
    if (field.kind == "choice") != (field.table is not None):
        yield _wrong(path, place, field.kind, tr("choice 字段要写 table，其他字段不写。"))
    if field.table is not None and not codes.has_table(field.table):
        yield _wrong(path, place, field.table, tr("没有这张代码表，请看 resources/reference/codes.toml。"))
    offered = OFFERED.get(field.kind)
    if (field.kind in ("offering", "booking") and field.offers is None) or (offered is None and field.offers is not None):
        yield _wrong(path, place, field.kind, tr("offering 字段要写 offers，round、place 字段可写，其他字段不写。"))
    elif offered is not None and field.offers is not None and not codes.has_code(offered, field.offers):
        yield _wrong(path, place, field.offers, tr("代码表 {table} 里没有这一项，请看 codes.toml。").format(table=offered))
    if field.bind is not None and not _is_bindable(field.bind):
        yield _wrong(path, place, field.bind, tr("bind 要写成 记录.字段，如 resident.phone。"))


def _is_bindable(bind: str) -> bool:
    record, _, name = bind.partition(".")
    return name in BOUND_RECORDS.get(record, ())


def _condition_mistakes(path: Path, place: str, condition: Condition) -> Iterator[ItemError]:
    for fact in condition.facts():
        if fact not in FACTS and not fact.startswith((SERVICE, BOOKING)):
            yield _wrong(path, place, fact, tr("没有这个事实，可用：{names}。").format(names="、".join(sorted(FACTS))))


def _link_mistakes(paths: Sequence[Path], catalogue: Catalogue) -> Iterator[ItemError]:
    known = {f"{item.code}.{situation.code}" for item, situation in catalogue.pairs()}
    for path, item in zip(paths, catalogue.items.values(), strict=True):
        for situation in item.situations:
            for link in situation.next:
                if link not in known:
                    yield _wrong(path, f"{situation.code}.next", link, tr("没有这个事项情形。"))
            for condition in situation.conditions:
                for fact in condition.facts():
                    yield from _fact_mistakes(path, f"{situation.code}.conditions.{condition.key}", fact, catalogue)


def _fact_mistakes(path: Path, place: str, fact: str, catalogue: Catalogue) -> Iterator[ItemError]:
    if fact.startswith(BOOKING) and not codes.has_code("offering", fact.removeprefix(BOOKING)):
        yield _wrong(path, place, fact, tr("没有这种场次，请看 codes.toml 的 offering 表。"))
    if fact.startswith(SERVICE) and fact.removeprefix(SERVICE) not in catalogue.items:
        yield _wrong(path, place, fact, tr("没有这个事项。"))
