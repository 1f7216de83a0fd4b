"""The form of a service item's situation: its declarations as sections of the window's form."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from nbcase.domain import codes
from nbcase.domain.offering import Offering
from nbcase.domain.readings import initials
from nbcase.domain.round import Round, RoundPlace
from nbcase.domain.words import tr
from nbcase.items.checks import label
from nbcase.items.item import Field, Situation
from nbcase.operations.bookings import offerings
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, booked
from nbcase.operations.residents import DwellingHit, complete_address
from nbcase.operations.rounds import rounds, rounds_to_choose
from ui.widgets.fields import Option, Provider, Suggestions
from ui.widgets.form import FieldKind, FieldSpec, FormSection
from ui.widgets.picklist import Suggestion

_KINDS: dict[str, FieldKind] = {
    "text": "text",
    "paragraph": "multi_line",
    "identity_number": "identity",
    "date": "date",
    "choice": "choice",
    "phone": "phone",
    "integer": "text",
    "address": "completion",
    "check": "check",
    "offering": "choice",
    "booking": "choice",
    "round": "choice",
    "place": "choice",
}


Choices = Mapping[str, tuple[Option, ...]]
"""By field key: what may be chosen where the choices are records."""


def form_sections(
    situation: Situation, language: str, *, read_only: bool = False, choices: Choices = MappingProxyType({})
) -> tuple[FormSection, ...]:
    """Every group of the situation in its order; `choices` are those of `record_choices`."""
    return tuple(
        FormSection(
            title=label(group.title, language),
            fields=tuple(field_spec(field, language, read_only=read_only, choices=choices) for field in group.fields),
        )
        for group in situation.form
    )


def field_spec(field: Field, language: str, *, read_only: bool = False, choices: Choices = MappingProxyType({})) -> FieldSpec:
    """One field as the form wants it."""
    return FieldSpec(
        key=field.key,
        label=label(field.label, language),
        kind=_KINDS[field.kind],
        options=code_options(field.table, language) if field.table is not None else choices.get(field.key, ()),
        required=field.required,
        span=field.span,
        placeholder=label(field.placeholder, language) if field.placeholder else "",
        read_only=field.read_only or read_only,
        new_label=tr("新建房屋") if field.kind == "address" else "",
    )


RECORD_KINDS = frozenset({"offering", "booking", "round", "place"})
"""Kinds of fields whose choices are records of the desk."""


def record_choices(desk: Desk, situation: Situation, standing: Standing, *, read_only: bool = False) -> Choices:
    """What may be chosen of the desk's records; read in a worker. A form that is only looked at names what is closed by now too."""
    found = {
        field.key: _record_options(desk, field, standing, read_only=read_only) for field in situation.fields() if field.kind in RECORD_KINDS
    }
    return MappingProxyType(found)


def _record_options(desk: Desk, field: Field, standing: Standing, *, read_only: bool) -> tuple[Option, ...]:
    match field.kind:
        case "offering":
            return tuple(_offering(entry) for entry in offerings(desk, field.offers, only_open=not read_only))
        case "booking":
            held = booked(standing, desk.today(), field.offers)
            return tuple(_offering(offering) for _, offering in (standing.bookings if read_only else held))
        case _:
            found = rounds(desk) if read_only else rounds_to_choose(desk, field.offers)
            return _rounds(found) if field.kind == "round" else _places(found)


def _offering(entry: Offering) -> Option:
    when = f"{entry.begins_on:%m-%d} {entry.begins_at or ''}".strip()
    left = tr("余 {n}").format(n=entry.left) if entry.left else tr("已满，可候补 {n}").format(n=entry.waiting)
    return Option(code=entry.id, label=f"{when} · {entry.name} · {entry.place} · {left}", keys=initials(entry.name))


def _rounds(found: Sequence[Round]) -> tuple[Option, ...]:
    return tuple(
        Option(code=one.id, label=tr("{name}，报名至 {day}").format(name=one.name, day=one.closes_on), keys=initials(one.name))
        for one in found
    )


def _places(found: Sequence[Round]) -> tuple[Option, ...]:
    """Every place of these rounds once, with its seats."""
    places = {place.name: place for one in found for place in one.places}
    return tuple(Option(code=name, label=_place_words(place), keys=initials(name)) for name, place in places.items())


def _place_words(place: RoundPlace) -> str:
    return place.name if place.seats is None else tr("{name} · {n} 个名额").format(name=place.name, n=place.seats)


def code_options(table: str, language: str) -> tuple[Option, ...]:
    """The values of a code table, found by their pinyin initials too."""
    english = language == "en"
    return tuple(
        Option(code=entry.code, label=entry.en if english else entry.zh, keys=entry.initials)
        for entry in codes.table(table).entries.values()
    )


def address_provider(desk: Desk) -> Provider:
    """Completes a typed address from the known dwellings; called in a worker."""

    def complete(typed: str) -> Suggestions:
        rows = tuple(_suggestion(hit) for hit in complete_address(desk, typed))
        return Suggestions(rows=rows, note=tr("本机已知 {n} 处").format(n=len(rows)), count=str(len(rows)) if rows else "")

    return complete


def _suggestion(hit: DwellingHit) -> Suggestion:
    dwelling = hit.dwelling
    parts = [codes.name("place", dwelling.place_code) if dwelling.place_code else "", dwelling.landlord_name or ""]
    limit = "" if dwelling.capacity is None else tr(" / 限 {n}").format(n=dwelling.capacity)
    return Suggestion(
        text=dwelling.address,
        under=" · ".join(part for part in parts if part),
        right=tr("住 {n}{limit} 人").format(n=hit.occupants, limit=limit),
        icon="building-2",
        payload=dwelling,
    )
