"""What a reader or a camera gave of a document, in the words of the form; plain values that a draft can keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import msgspec

from nbcase.devices.contract import CardData, FieldReading, ReadDocument
from nbcase.domain import codes
from nbcase.domain.identity import DocumentKind, NumberCheck, age_on, check_number
from nbcase.domain.words import tr
from nbcase.operations.drafts import DraftFile

FORM_KEYS = {"address": "home_address", "number": "document_number"}
"""Keys of a reading that the form calls otherwise."""

CITIZEN_SCHEME = ("", DocumentKind.CITIZEN, DocumentKind.HMT_RESIDENCE, DocumentKind.FOREIGNER_2023)
"""Kinds whose number says the birth date and the sex; "" while no kind is chosen."""

IDENTITY_KEYS = ("document_kind", "document_number", "name", "birth_on")
"""Answers by which a known resident is found."""

_COMMON = range(0x4E00, 0x9FA6)
"""The signs of the first CJK block that every keyboard and font has; a sign beyond it is shown with its code point."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in parts of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One field as it was read from a picture, with its place on it; `why` says what the clerk should compare."""

    text: str
    value: str
    confidence: float
    box: Box
    needs_look: bool = False
    why: str = ""
    others: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """识别 71 %, or 请核对 where the engine was sure but something contradicts."""
        return tr("识别 {n}%").format(n=round(self.confidence * 100)) if self.confidence < 0.995 else tr("请核对")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a card: the original and the straightened picture as files of the draft, and what was read from it."""

    side: Literal["front", "back", "unknown"]
    original: DraftFile
    picture: DraftFile
    readings: dict[str, Reading] = field(default_factory=dict)
    seconds: float = 0.0
    is_straightened: bool = True
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the chip said, as the summary of it is drawn."""

    kind: str
    name: str
    number: str
    sex_code: str = ""
    nation_code: str = ""
    birth_on: str = ""
    address: str = ""
    authority: str = ""
    valid_from_on: str = ""
    valid_until_on: str = ""
    has_unreadable_signs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Everything that was captured for one registration."""

    card: Card | None = None
    sides: dict[str, Side] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return self.card is None and not self.sides

    def reading(self, key: str) -> tuple[Side, Reading] | None:
        """Where a form's field was read, or None."""
        return next(((side, side.readings[key]) for side in self.sides.values() if key in side.readings), None)


def capture_as_plain(capture: Capture) -> dict[str, Any]:
    """The capture as a draft keeps it."""
    plain: dict[str, Any] = msgspec.to_builtins(capture)
    return plain


def capture_from_plain(plain: Any) -> Capture:
    """The capture of a draft; nothing where a draft of another version cannot be understood: its pictures are still its files."""
    try:
        return msgspec.convert(plain or {}, Capture)
    except msgspec.ValidationError:
        return Capture()


def card_of(data: CardData) -> Card:
    """The chip's data as texts and codes."""
    return Card(
        kind=data.kind.value,
        name=data.name,
        number=data.number,
        sex_code=data.sex_code,
        nation_code=data.nation_code,
        birth_on=_iso(data.birth_on),
        address=data.new_address or data.address,
        authority=data.authority,
        valid_from_on=_iso(data.valid_from_on),
        valid_until_on=_iso(data.valid_until_on),
        has_unreadable_signs=data.has_unreadable_signs,
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def card_answers(card: Card) -> dict[str, str]:
    """What the chip puts into the form; what it does not say is left out."""
    answers = {
        "document_kind": card.kind,
        "document_number": card.number,
        "name": card.name,
        "birth_on": card.birth_on,
        "sex_code": card.sex_code,
        "nation_code": card.nation_code,
        "home_address": card.address,
        "authority": card.authority,
        "valid_until_on": card.valid_until_on,
    }
    return {key: value for key, value in answers.items() if value}


def side_of(document: ReadDocument, original: DraftFile, picture: DraftFile) -> Side:
    """One read side with its readings under the form's keys."""
    keys = {problem.key for problem in document.problems}
    fields = dict(document.fields)
    if "name" not in fields and "name_latin" in fields:  # papers from elsewhere have no Chinese name
        fields["name"] = fields.pop("name_latin")
    return Side(
        side=document.side.value,
        original=original,
        picture=picture,
        readings={FORM_KEYS.get(key, key): _reading(found, document) for key, found in fields.items()},
        seconds=document.seconds,
        is_straightened="card_not_found" not in keys,
        kind=document.document_kind,
    )


def _reading(found: FieldReading, document: ReadDocument) -> Reading:
    xs, ys = [x / document.width for x, _ in found.box], [y / document.height for _, y in found.box]
    box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return Reading(
        text=found.text,
        value=found.value,
        confidence=found.confidence,
        box=box,
        needs_look=found.needs_look,
        why=found.why,
        others=found.others,
    )


def side_answers(side: Side, form_keys: frozenset[str]) -> dict[str, str]:
    """What a picture puts into the form."""
    answers = {key: reading.value for key, reading in side.readings.items() if key in form_keys and reading.value}
    if "document_number" in answers:
        is_told = side.kind not in ("", DocumentKind.CITIZEN.value)
        answers["document_kind"] = side.kind if is_told else _kind_of(answers["document_number"])
    return answers


def _kind_of(number: str) -> str:
    """Cards of Hong Kong, Macao and Taiwan residents look alike; the number's area tells them apart."""
    kind = DocumentKind.HMT_RESIDENCE if number[:2] in ("81", "82", "83") else DocumentKind.CITIZEN
    return kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One line under the card: what was held against what. None is «not yet known»."""

    name: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from the answers: values the number gives, words beside fields, the line of checks, and who must be present."""

    values: dict[str, str]
    notes: dict[str, tuple[str, bool]]
    problems: dict[str, str]
    marks: tuple[Mark, ...]
    is_minor: bool


def derive(answers: Mapping[str, Any], capture: Capture, today: date, adult_age: int) -> Derived:
    """Everything that need not be typed because the answers say it."""
    check = number_check(answers, today)
    values = _values_of(check) if check is not None and check.valid else {}
    birth_on = day_of(values.get("birth_on") or answers.get("birth_on"))
    age = age_on(birth_on, today) if birth_on is not None and birth_on <= today else None
    notes = {
        "document_number": _number_note(check),
        "birth_on": (tr("{n} 周岁").format(n=age) if age is not None else "", False),
        "home_address": (home_words(str(answers.get("home_address") or "")), False),
    }
    wrong = check is not None and not check.valid
    return Derived(
        values=values,
        notes=notes,
        problems={"document_number": check.problems[0].text} if wrong and check is not None else {},
        marks=_marks(answers, check, capture, today),
        is_minor=age is not None and age < adult_age,
    )


def number_check(answers: Mapping[str, Any], today: date) -> NumberCheck | None:
    """The verdict on the number; None while none has been typed."""
    number = str(answers.get("document_number") or "")
    if not number:
        return None
    try:
        kind = DocumentKind(str(answers.get("document_kind") or DocumentKind.CITIZEN))
    except ValueError:
        kind = DocumentKind.CITIZEN
    return check_number(number, kind, today)


def _values_of(check: NumberCheck) -> dict[str, str]:
    values = {"birth_on": _iso(check.birth_on), "sex_code": check.sex_code or ""}
    return {key: value for key, value in values.items() if value}


def _number_note(check: NumberCheck | None) -> tuple[str, bool]:
    if check is None or not check.valid:
        return "", False
    return (check.notices[0].text if check.notices else ""), True


def day_of(text: Any) -> date | None:
    """The day of an ISO text, or None where it is none."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _marks(answers: Mapping[str, Any], check: NumberCheck | None, capture: Capture, today: date) -> tuple[Mark, ...]:
    until = day_of(answers.get("valid_until_on"))
    knows_until = until is not None or (capture.card is not None and not capture.card.valid_until_on) or "back" in capture.sides
    kind = str(answers.get("document_kind") or "")
    marks = [Mark(name=tr("号码校验码"), passed=None if check is None else check.valid, why=_why(check))]
    if kind in CITIZEN_SCHEME:
        marks.append(Mark(name=tr("出生与号码一致"), passed=_agrees(capture, check), why=tr("证件上的出生日期或性别与号码不一致。")))
    marks.append(
        Mark(
            name=tr("有效期内"),
            passed=None if not knows_until else until is None or until >= today,
            why=tr("证件 {day} 已过期。").format(day=until),
        )
    )
    if capture.sides and kind != DocumentKind.PASSPORT:
        marks.append(Mark(name=tr("正反面都有"), passed={"front", "back"} <= set(capture.sides) or None))
    return tuple(marks)


def _why(check: NumberCheck | None) -> str:
    return check.problems[0].text if check is not None and check.problems else ""


def _agrees(capture: Capture, check: NumberCheck | None) -> bool | None:
    """Whether the document's own birth date and sex are those of the number; None where there is nothing to compare."""
    if check is None or not check.valid:
        return None
    said = {"birth_on": capture.card.birth_on, "sex_code": capture.card.sex_code} if capture.card is not None else {}
    for side in capture.sides.values():
        said |= {key: side.readings[key].value for key in ("birth_on", "sex_code") if key in side.readings}
    wanted = _values_of(check)
    compared = [said[key] == wanted[key] for key in wanted if said.get(key)]
    return all(compared) if compared else None


def home_words(address: str) -> str:
    """省外县 and the like by the first county, district or city of the address; nothing where it says none."""
    head = address[:16].rpartition("自治区")[2]
    places = sorted((place, sign) for sign in "县区旗" if (place := head.find(sign, 2)) > 0)
    city = head.find("市", 2)
    if not places and city < 0:
        return ""
    is_county = bool(places) and places[0][1] in "县旗"
    is_here = address.startswith("浙江") or not any(sign in address[:8] for sign in ("省", "自治区", "北京", "上海", "天津", "重庆"))
    code = ("2" if is_county else "1") if is_here else ("4" if is_county else "3")
    return codes.name("home_kind", code)


def code_points(text: str) -> str:
    """U+2CB4E for each sign that is not in every font; all signs of a short text where every one is common."""
    rare = [sign for sign in text if ord(sign) not in _COMMON and sign != "·"]
    return " ".join(f"U+{ord(sign):04X}" for sign in (rare or text)[:3])


def validity_words(card: Card) -> str:
    """2019-08-20 至 2039-08-20, or 至 长期."""
    return tr("{start} 至 {end}").format(start=card.valid_from_on or "—", end=card.valid_until_on or tr("长期"))
