"""What an `item.yaml` may say. Form, checks, flow, papers, statistics row and help page all come from these values."""

from typing import Literal

import msgspec

from nbcase.domain.words import is_english

FieldKind = Literal[
    "text", "paragraph", "identity_number", "date", "choice", "phone", "integer", "address", "check",
    "offering", "booking", "round", "place",
]  # fmt: skip
Obtained = Literal["card", "scan", "shared", "confirmed"]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in an item file: an unknown key is an error."""


class Label(Part):
    """A text for people in both languages."""

    zh: str
    en: str

    @property
    def text(self) -> str:
        """In the language of the window. Papers take `zh`: they are official Chinese, whoever prints them."""
        return self.en if is_english() else self.zh


class Field(Part):
    """One field of the form. `bind` names the record field that the answer fills (``resident.phone``); `table` the code table,
    `offers` of a field of kind ``offering`` which service's 场次 may be chosen (code table ``offering``), of the kinds ``round`` and
    ``place`` whose use's open rounds 轮次 and their places (code table ``points_use``); without it those that are under notice.
    """

    key: str
    label: Label
    kind: FieldKind
    table: str | None = None
    offers: str | None = None
    bind: str | None = None
    required: bool = False
    read_only: bool = False
    span: Literal[1, 2] = 1
    placeholder: Label | None = None
    max_length: int | None = None
    from_card: bool = False


class Group(Part):
    """Fields under one heading, in the order of the paper form."""

    title: Label
    fields: tuple[Field, ...]


class Material(Part):
    """One 材料: how it may be obtained, and whether it may follow later (容缺)."""

    code: str
    name: Label
    obtained: tuple[Obtained, ...]
    required: bool = True
    deferrable: bool = False
    serves: str | None = None


class MonthsSince(Part, tag="months_since", tag_field="kind"):
    """The fact is a day at least so many full months ago."""

    fact: str
    at_least: int


class Present(Part, tag="present", tag_field="kind"):
    """The fact is known and not empty."""

    fact: str


class OneOf(Part, tag="one_of", tag_field="kind"):
    """The fact is one of the values."""

    fact: str
    values: tuple[str, ...]


class NoneOf(Part, tag="none_of", tag_field="kind"):
    """The fact is none of the values."""

    fact: str
    values: tuple[str, ...]


class AtMost(Part, tag="at_most", tag_field="kind"):
    """The number does not exceed another fact."""

    fact: str
    limit_fact: str


class AtLeast(Part, tag="at_least", tag_field="kind"):
    """The number is not below `value`; null is 未配置: nobody published it, so that a person has to look."""

    fact: str
    value: int | None


class NotPast(Part, tag="not_past", tag_field="kind"):
    """The fact is a day that is not past, or without end."""

    fact: str


class Option(Part):
    """One way to meet an `any_of` condition."""

    key: str
    name: Label
    test: "MonthsSince | Present | OneOf | NoneOf | AtMost | AtLeast | NotPast"
    missing: Label


class AnyOf(Part, tag="any_of", tag_field="kind"):
    """At least one of the options holds."""

    options: tuple[Option, ...]


Test = MonthsSince | Present | OneOf | NoneOf | AtMost | AtLeast | NotPast | AnyOf


class Condition(Part):
    """A requirement with its legal basis. `blocks`: failing it forbids the acceptance; otherwise a person is asked to look."""

    key: str
    name: Label
    basis: str
    test: Test
    missing: Label
    blocks: bool = True

    def facts(self) -> tuple[str, ...]:
        """Every fact that it names, those of each option and of limits too."""
        tests = [option.test for option in self.test.options] if isinstance(self.test, AnyOf) else [self.test]
        named = ((test.fact, getattr(test, "limit_fact", None)) for test in tests)
        return tuple(fact for pair in named for fact in pair if fact is not None)


class Period(Part):
    """A time limit, in exactly one unit."""

    working_days: int | None = None
    calendar_days: int | None = None

    def __post_init__(self) -> None:
        if (self.working_days is None) == (self.calendar_days is None):
            raise ValueError("a period has either working_days or calendar_days")


class Limit(Part):
    """法定 and 承诺 limit; the promised one binds (最多跑一次改革规定 art. 12)."""

    legal: Period | None = None
    promised: Period | None = None
    basis: str = ""


class Reason(Part):
    """A reason that may be picked for a decision."""

    code: str
    name: Label


class Decision(Part):
    """What a step may end with."""

    code: str
    name: Label
    outcome: Literal["decided", "refused", "in_correction"]
    reasons: tuple[Reason, ...] = ()
    documents: tuple[str, ...] = ()


class Step(Part):
    """One step of the flow: the kind of action (and so who may), what it does to the records, what it prints."""

    code: str
    name: Label
    action: str
    effect: str | None = None
    documents: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    needs_centre: bool = False


class Situation(Part, kw_only=True):
    """办理情形: one way to use the item, such as applying for or endorsing a permit."""

    code: str
    name: Label
    limit: Limit = Limit()
    form: tuple[Group, ...] = ()
    materials: tuple[Material, ...] = ()
    conditions: tuple[Condition, ...] = ()
    steps: tuple[Step, ...]
    next: tuple[str, ...] = ()

    def step(self, code: str) -> Step:
        """The step with this code."""
        return next(step for step in self.steps if step.code == code)

    def fields(self) -> tuple[Field, ...]:
        """All fields in order."""
        return tuple(field for group in self.form for field in group.fields)

    def permits(self, code: str, how: str) -> bool:
        """Whether the material may be obtained in that way; what is deferred is not there yet."""
        return any(material.code == code and how in material.obtained for material in self.materials)


class Item(Part, kw_only=True):
    """One service item; `scene` is its sub-scenario (code table ``scene``). Districts share one set (五统一)."""

    code: str
    scene: str | None = None
    name: Label
    legal_basis: tuple[str, ...]
    responsible: Label
    fee: Label
    statistics: Label
    situations: tuple[Situation, ...]

    def situation(self, code: str) -> Situation:
        """The situation with this code."""
        return next(situation for situation in self.situations if situation.code == code)
