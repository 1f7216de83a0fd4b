"""政策 as data: who may have what, from when, by which clause, and how it is applied for. One file for each: `policies/<code>.yaml`.

The conditions are those of the items, over the same facts and a few that only a whole household or a department knows. A file that is
put in place finds its people at the next run; nobody has to write a query.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec
import yaml

from nbcase.domain import codes
from nbcase.domain.words import tr
from nbcase.items.catalogue import Catalogue, ItemError
from nbcase.items.checks import BOOKING, FACTS, SERVICE
from nbcase.items.item import Condition, Label, Part

TOPICS = ("education", "skills", "social_insurance", "medical_insurance", "employment", "housing", "provident_fund", "health_code")
"""What departments may know of a resident, in the order in which people ask for it."""

KNOWN = "known."
"""With a topic behind it: the fact whether a department's newest data have a row of it that holds now, ``held``."""

HOUSEHOLD_FACTS = frozenset({"works", "children", "endorse_until"})
"""At work by the records, proof or not; children under 16 whose guardian this is; last day of the open or missed endorsement."""

Policies = Mapping[str, "Policy"]
"""By code."""


class Apply(Part, frozen=True, kw_only=True):
    """How it is had: by an item's situation at this counter (``item.situation``), or at an office that is named."""

    item: str | None = None
    office: Label | None = None

    def __post_init__(self) -> None:
        if (self.item is None) == (self.office is None):
            raise ValueError("apply has either item or office")


class Policy(Part, frozen=True, kw_only=True):
    """One policy. `basis` is the clause that grants it; `from_on` null: in force, but the day is not in our sources.

    `in_use` names the fact that is ``held`` by those who have it already, `by` the fact with the last day to ask for it, `asks` what
    only the person can say, so that the program proposes and does not promise. `is_sample`: invented, for the demo (样例).
    """

    code: str
    name: Label
    gives: Label
    basis: str
    from_on: date | None
    until_on: date | None = None
    conditions: tuple[Condition, ...]
    apply: Apply
    in_use: str | None = None
    by: str | None = None
    asks: Label | None = None
    is_sample: bool = False

    def holds(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return (self.from_on is None or self.from_on <= on) and (self.until_on is None or on < self.until_on)

    @property
    def item_code(self) -> str:
        """The item by which it is had; empty for one that an office gives."""
        return (self.apply.item or "").partition(".")[0]

    @property
    def situation_code(self) -> str:
        """The situation of that item."""
        return (self.apply.item or "").partition(".")[2]


def load_policies(catalogue: Catalogue, folder: Path | None = None) -> dict[str, Policy]:
    """Every policy beside the items, by code; raises the first mistake as `ItemError` naming file, place and mend."""
    found: dict[str, Policy] = {}
    for path in _paths(folder):
        policy = _read(path)
        for mistake in _mistakes(path, policy, catalogue):
            raise mistake
        found[policy.code] = policy
    return found


def policy_mistakes(catalogue: Catalogue, folder: Path | None = None) -> list[ItemError]:
    """Every mistake of every policy, in the order of the files."""
    found: list[ItemError] = []
    for path in _paths(folder):
        try:
            policy = _read(path)
        except ItemError as error:
            found.append(error)
        else:
            found += _mistakes(path, policy, catalogue)
    return found


def _paths(folder: Path | None) -> list[Path]:
    return sorted(((folder or Path(__file__).parent) / "policies").glob("*.yaml"))


def _read(path: Path) -> Policy:
    try:
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return msgspec.convert(plain, Policy)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError, OSError, ValueError) as error:
        raise _wrong(path, "", str(error), tr("请按政策格式修改这一处。")) from error


def _wrong(path: Path, where: str, what: str, mend: str) -> ItemError:
    place = f"policies/{path.name} {where}".strip()
    return ItemError(tr("政策文件有错：{place}：{what}").format(place=place, what=what), safe=tr("其他政策和全部事项照常可用。"), do=mend)


def _mistakes(path: Path, policy: Policy, catalogue: Catalogue) -> Iterator[ItemError]:
    if policy.code != path.stem:
        yield _wrong(path, "code", policy.code, tr("code 应与文件同名：{name}。").format(name=path.stem))
    if not policy.basis.strip():
        yield _wrong(path, "basis", "''", tr("请写出授予它的法规和条款。"))
    if policy.from_on is not None and policy.until_on is not None and policy.until_on <= policy.from_on:
        yield _wrong(path, "until_on", str(policy.until_on), tr("until_on 应晚于 from_on，是不再有效的第一天。"))
    if policy.apply.item is not None and policy.apply.item not in {f"{item.code}.{one.code}" for item, one in catalogue.pairs()}:
        yield _wrong(path, "apply.item", policy.apply.item, tr("没有这个事项情形。"))
    keys = [condition.key for condition in policy.conditions]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield _wrong(path, f"conditions.{key}", tr("条件重复"), tr("每个 key 只能出现一次。"))
    named = [("in_use", policy.in_use), ("by", policy.by)]
    named += [(f"conditions.{condition.key}", fact) for condition in policy.conditions for fact in condition.facts()]
    for where, fact in named:
        if fact is not None and not _is_known(fact, catalogue):
            facts = "、".join(sorted(FACTS | HOUSEHOLD_FACTS))
            yield _wrong(path, where, fact, tr("没有这个事实，可用：{names}。").format(names=facts))


def _is_known(fact: str, catalogue: Catalogue) -> bool:
    if fact.startswith(KNOWN):
        return fact.removeprefix(KNOWN) in TOPICS
    if fact.startswith(SERVICE):
        return fact.removeprefix(SERVICE) in catalogue.items
    if fact.startswith(BOOKING):
        return codes.has_code("offering", fact.removeprefix(BOOKING))
    return fact in FACTS or fact in HOUSEHOLD_FACTS
