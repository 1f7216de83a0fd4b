"""All items, loaded and checked: a mistake names file, place and mend."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr
from nbcase.items.checks import FACTS
from nbcase.items.fields import BOUND_RECORDS
from nbcase.items.item import AnyOf, Condition, Item, Situation

EFFECTS = frozenset(
    {
        "register",
        "change_registration",
        "end_registration",
        "issue_permit",
        "endorse_permit",
        "replace_permit",
        "cancel_permit",
        "check_claim",
        "award_points",
    }
)
"""What a step may do to the records; `nbcase.operations.effects` has a function for each."""


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
    """Every `<code>/item.yaml` below the folder, the program's own by default."""
    folder = folder or Path(__file__).parent
    items = [load_item(path) for path in sorted(folder.glob("*/item.yaml"))]
    catalogue = Catalogue({item.code: item for item in items})
    for path, item in zip(sorted(folder.glob("*/item.yaml")), items, strict=True):
        _check_links(path, item, catalogue)
    return catalogue


def load_item(path: Path) -> Item:
    """One item file; raises `ItemError` naming file, place and mend."""
    try:
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        item = msgspec.convert(plain, Item)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise _wrong(path, "", str(error), tr("请按事项格式修改这一处。")) from error
    if item.code != path.parent.name:
        raise _wrong(path, "code", item.code, tr("code 应与文件夹同名：{name}。").format(name=path.parent.name))
    for situation in item.situations:
        _check_situation(path, situation)
    return item


def _wrong(path: Path, where: str, what: str, mend: str) -> ItemError:
    place = f"{path.parent.name}/{path.name} {where}".strip()
    return ItemError(tr("事项文件有错：{place}：{what}").format(place=place, what=what), safe=tr("其他事项照常可用。"), do=mend)


def _check_situation(path: Path, situation: Situation) -> None:
    where = situation.code
    keys = [field.key for field in situation.fields()]
    for key in {key for key in keys if keys.count(key) > 1}:
        raise _wrong(path, f"{where}.form.{key}", tr("字段重复"), tr("每个 key 只能出现一次。"))
    for field in situation.fields():
        place = f"{where}.form.{field.key}"
        if (field.kind == "choice") != (field.table is not None):
            raise _wrong(path, place, field.kind, tr("choice 字段要写 table，其他字段不写。"))
        if field.table is not None and not codes.has_table(field.table):
            raise _wrong(path, place, field.table, tr("没有这张代码表，请看 resources/reference/codes.toml。"))
        if field.bind is not None and not _is_bindable(field.bind):
            raise _wrong(path, place, field.bind, tr("bind 要写成 记录.字段，如 resident.phone。"))
    for condition in situation.conditions:
        _check_condition(path, f"{where}.conditions.{condition.key}", condition)
    if not situation.steps:
        raise _wrong(path, where, "steps", tr("至少要有一个步骤。"))
    for step in situation.steps:
        place = f"{where}.steps.{step.code}"
        if step.action not in PERMISSIONS:
            raise _wrong(path, place, step.action, tr("没有这个动作，请看 nbcase.domain.clerk.PERMISSIONS。"))
        if step.effect is not None and step.effect not in EFFECTS:
            raise _wrong(path, place, step.effect, tr("没有这个效果，可用：{names}。").format(names="、".join(sorted(EFFECTS))))
        papers = [*step.documents, *(paper for decision in step.decisions for paper in decision.documents)]
        for paper in papers:
            if not resource_path(f"documents/{paper}.toml").exists():
                raise _wrong(path, place, paper, tr("没有这种文书版式，请看 resources/documents。"))


def _is_bindable(bind: str) -> bool:
    record, _, name = bind.partition(".")
    return name in BOUND_RECORDS.get(record, ())


def _check_condition(path: Path, place: str, condition: Condition) -> None:
    tests = [option.test for option in condition.test.options] if isinstance(condition.test, AnyOf) else [condition.test]
    for test in tests:
        for fact in (test.fact, getattr(test, "limit_fact", None)):
            if fact is not None and fact not in FACTS:
                raise _wrong(path, place, fact, tr("没有这个事实，可用：{names}。").format(names="、".join(sorted(FACTS))))


def _check_links(path: Path, item: Item, catalogue: Catalogue) -> None:
    known = {f"{other.code}.{situation.code}" for other, situation in catalogue.pairs()}
    for situation in item.situations:
        for link in situation.next:
            if link not in known:
                raise _wrong(path, f"{situation.code}.next", link, tr("没有这个事项情形。"))
