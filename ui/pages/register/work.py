"""The registration in hand: what was captured, what waits for a look, what is handed in; and how a draft keeps it all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nbcase.domain.case import HandedIn
from nbcase.domain.clock import CHINA
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.ids import new_id
from nbcase.domain.words import tr
from nbcase.items.checks import label
from nbcase.items.item import Material, Situation
from nbcase.operations.accept import Request
from nbcase.operations.drafts import Draft, DraftFile
from nbcase.operations.duplicates import DuplicateCheck
from ui.pages.register.capture import CITIZEN_SCHEME, Capture, Reading, capture_as_plain, capture_from_plain, code_points

ITEM, SITUATION = "residence_registration", "new"

CHIP_PHOTO, CHIP_PHOTO_TYPE = "chip_photo", "application/octet-stream"
"""Role and media type of the photo as the chip gives it: the maker's own format, which nothing here can show."""

_OWN = ("resident_id", "capture", "looks", "filled", "materials", "deferred_until_on")
"""What a draft keeps beside the answers of the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way to read a field that waits for a look; `asks_reader` is the one that lets the card reader decide."""

    text: str
    value: str = ""
    source: str = ""
    asks_reader: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A field that the clerk has to compare with the document: where it stands on which picture, and what it may say."""

    key: str
    label: str
    words: str
    why: str
    alternatives: tuple[Alternative, ...]
    picture_hash: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialLine:
    """One material as the page lists it: how it came, and whether it is there."""

    name: str
    note: str
    how: str = ""
    until_on: date | None = None
    is_needed: bool = True


@dataclass(slots=True)
class Work:
    """One registration from the first key to the receipt."""

    situation: Situation
    language: str = "zh"
    draft_id: str = field(default_factory=new_id)
    capture: Capture = field(default_factory=Capture)
    pictures: dict[str, bytes] = field(default_factory=dict)
    files: list[DraftFile] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    looks: dict[str, Look] = field(default_factory=dict)
    materials: dict[str, HandedIn] = field(default_factory=dict)
    resident_id: str | None = None
    until_on: date | None = None
    duplicates: DuplicateCheck | None = None
    compared: tuple[Any, ...] = ()
    kept: Any = None
    is_accepting: bool = False

    def picture_of(self, key: str) -> tuple[str, Reading] | None:
        """The picture on which a field was read, and where."""
        found = self.capture.reading(key)
        return None if found is None else (found[0].picture.hash, found[1])

    def hand_in(self, code: str, how: str, *attachments: str) -> None:
        """Count a material as there, where the item allows that way."""
        if how == "deferred" or self.situation.permits(code, how):
            self.materials[code] = HandedIn(code=code, how=how, attachments=attachments)

    def hand_in_capture(self) -> None:
        """The identity document and the photo on it, by card or by pictures."""
        if self.capture.card is not None:
            self.hand_in("identity", "card", *self._side_hashes())
            photo = next((file.hash for file in self.files if file.role == CHIP_PHOTO), None)
            if photo is not None:
                self.hand_in("photo", "card", photo)
        elif self.capture.sides:
            self.hand_in("identity", "scan", *self._side_hashes())
            if "front" in self.capture.sides:
                self.hand_in("photo", "scan", self.capture.sides["front"].picture.hash)

    def _side_hashes(self) -> Iterator[str]:
        return (side.picture.hash for _, side in sorted(self.capture.sides.items(), reverse=True))

    def use_dwelling(self, dwelling: Dwelling | None) -> None:
        """A known lease is shared by the register of lettings and proves the dwelling; another address loses that proof."""
        if dwelling is not None and dwelling.lease_until_on is not None:
            self.hand_in("dwelling_proof", "shared")
        elif "dwelling_proof" in self.materials and self.materials["dwelling_proof"].how == "shared":
            del self.materials["dwelling_proof"]

    def lines(self) -> tuple[MaterialLine, ...]:
        """The materials in the item's order."""
        return tuple(self._line(material) for material in self.situation.materials)

    def _line(self, material: Material) -> MaterialLine:
        have = self.materials.get(material.code)
        until = self.until_on if have is not None and have.how == "deferred" else None
        note = self._note(material, have)
        return MaterialLine(
            name=label(material.name, self.language), note=note, how=have.how if have else "", until_on=until, is_needed=material.required
        )

    def _note(self, material: Material, have: HandedIn | None) -> str:
        if have is None:
            shared = "shared" in material.obtained
            return tr("选定房屋后，由租房登记共享；或 Shift+F4") if shared else tr("F2 读卡或 F4 图片") if material.required else ""
        if material.code == "photo":
            return tr("取自芯片，本机不能显示") if have.how == "card" else tr("取自证件")
        size = sum(len(self.pictures.get(content_hash, b"")) for content_hash in have.attachments)
        pages = tr("{n} 页").format(n=len(have.attachments)) if have.attachments else ""
        return " · ".join(part for part in (pages, f"{size // 1024} KB" if size else "") if part)

    def deferrable(self) -> list[Material]:
        """Materials that may follow and are not there."""
        return [
            m
            for m in self.situation.materials
            if m.deferrable and (m.code not in self.materials or self.materials[m.code].how == "deferred")
        ]

    def request(self, answers: Mapping[str, Any]) -> Request:
        """What is handed to the operation."""
        return Request(
            item_code=ITEM,
            situation_code=SITUATION,
            answers={key: value for key, value in answers.items() if value != ""},
            materials=tuple(self.materials[m.code] for m in self.situation.materials if m.code in self.materials),
            resident_id=self.resident_id,
            draft_id=self.draft_id,
            deferred_until_on=self.until_on,
        )

    def as_draft(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Answers and all that stands around them, as JSON can carry it."""
        return {
            **answers,
            "resident_id": self.resident_id,
            "capture": capture_as_plain(self.capture),
            "looks": sorted(self.looks),
            "filled": sorted(self.filled),
            "materials": [{"code": m.code, "how": m.how, "attachments": list(m.attachments)} for m in self.materials.values()],
            "deferred_until_on": self.until_on.isoformat() if self.until_on else None,
        }


def work_of(draft: Draft, situation: Situation, language: str) -> tuple[Work, dict[str, Any]]:
    """The registration of a draft, without its pictures, and the answers of its form."""
    kept = dict(draft.answers)
    own = {key: kept.pop(key, None) for key in _OWN}
    until = own["deferred_until_on"]
    work = Work(
        situation=situation,
        language=language,
        draft_id=draft.id,
        capture=capture_from_plain(own["capture"]),
        files=list(draft.attachments),
        filled=set(own["filled"] or ()),
        materials={m["code"]: HandedIn(code=m["code"], how=m["how"], attachments=tuple(m["attachments"])) for m in own["materials"] or ()},
        resident_id=own["resident_id"],
        until_on=date.fromisoformat(until) if until else None,
    )
    for key in own["looks"] or ():
        work.looks[key] = look_at(work, key)
    return work, {key: value for key, value in kept.items() if value is not None}


def look_at(work: Work, key: str, *further: Alternative) -> Look:
    """What the clerk has to compare for a field: as read, then other opinions that differ."""
    name = next(label(entry.label, work.language) for entry in work.situation.fields() if entry.key == key)
    if key == "document_number" and any(side.kind not in CITIZEN_SCHEME for side in work.capture.sides.values()):
        name = tr("证件号码")
    found = work.picture_of(key)
    if found is None:
        card = work.capture.card
        text = card.name if card is not None and key == "name" else ""
        why = tr("芯片里有公共字库没有的字，请对照证件改正。")
        return Look(key=key, label=name, words=tr("请核对"), why=why, alternatives=(_as_read(text, text), *further))
    content_hash, reading = found
    alternatives = [_as_read(reading.text, reading.value), *further]
    return Look(
        key=key,
        label=name,
        words=reading.words,
        why=reading.why,
        alternatives=tuple(alternatives),
        picture_hash=content_hash,
        box=reading.box,
    )


def _as_read(text: str, value: str) -> Alternative:
    return Alternative(text=text, value=value, source=code_points(text) if len(text) <= 6 else tr("识别结果"))


def saved_words(draft: Draft) -> str:
    """草稿已存本机 16:21:07."""
    return tr("草稿已存本机 {time}").format(time=f"{draft.saved_at.astimezone(CHINA):%H:%M:%S}")
