"""From lines of recognised text to the fields of an identity card, by labels and places; no engine and no picture.

The engine's confidence does not catch look-alike signs (a wrong rare sign came with 0.96), so every field is held
against something else: the number against its check sign, birth date and sex against the number, the ethnic group
against the list. A name has nothing to be held against and is always to be looked at.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from nbcase.devices.contract import Box, Check, DocumentType, FieldReading, Side
from nbcase.devices.document_checks import number_checks, validity_checks
from nbcase.devices.text_engine import Line
from nbcase.devices.text_rows import Row, around, middle, rows_of, tight, turned_box
from nbcase.domain import codes
from nbcase.domain.identity import DocumentKind, NumberCheck, Problem, check_number
from nbcase.domain.words import tr

_LOW: Final = 0.85
"""Confidence below which any field is to be looked at."""

_PORTRAIT_FROM: Final = 0.635
"""Share of a card's width right of which only the portrait and the end of the number stand."""

_PORTRAIT_SHARE: Final = 0.68
"""The same as a share of the way from the labels' left to the number's right end."""

_SEX_ROOM: Final = 0.12
_NATION_ROOM: Final = 0.16
_SIGN_ROOM: Final = 0.05
"""Shares of a card's width: what may follow the two labels, and one sign with its gap."""

_SIMPLIFIED: Final = str.maketrans(
    "漢滿黃壯維爾達羅鮮區縣號寧鎮廣東蘇莊樓單戶門鄉橋灣龍雲陽華興慶應", "汉满黄壮维尔达罗鲜区县号宁镇广东苏庄楼单户门乡桥湾龙云阳华兴庆应"
)
"""Traditional forms that the engine sometimes gives for what a mainland card prints; never applied to names."""

_LIKE_DIGITS: Final = str.maketrans("OoDIlLZSBx×", "000111258XX")

_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{17}[0-9X](?![0-9])")
_NEARLY_NUMBER: Final = re.compile(r"[0-9X]{15,20}")
_NAME: Final = re.compile(r"^[姓性娃]?名(.+)$")
_DOTS: Final = str.maketrans("・･•‧∙", "·····")
"""Middle dots that the engine gives for the one that belongs in names (U+00B7)."""

_SEX: Final = re.compile(r"[性姓]别([男女])|^([男女])(?=民族)")
_NATION: Final = re.compile(r"民族(.{1,5}?)族?$")
_BIRTH: Final = re.compile(r"((?:18|19|20)[0-9]{2})年?([0-9]{1,2})月([0-9]{1,2})日?")
_AUTHORITY: Final = re.compile(r"(?:签发机关|发机关|签发机(?!关))[:：]*([^:：].*)$")
_LIKE_AUTHORITY: Final = re.compile(r"[^0-9]{3,}(?:局|厅|处|署|所|队)")
_ADDRESS: Final = re.compile(r"^[住主往佳任]址")
_LIKE_ADDRESS: Final = re.compile(r".{4,}[号室户组村幢栋楼座元队院弄街路镇乡0-9A-Za-z)）]")
_PASS_NUMBER: Final = re.compile(r"通行证号码[:：]?([HM]?[0-9]{8}(?:[0-9]{2})?)")
_ISSUES: Final = re.compile(r"签发次数[:：]?([0-9]{1,2})")
_VALIDITY: Final = re.compile(
    r"([0-9]{4})[.。·]?([0-9]{2})[.。·]?([0-9]{2})[-—–~一至]+(?:([0-9]{4})[.。·]?([0-9]{2})[.。·]?([0-9]{2})|(长期))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReading:
    """What the lines say: the document, its side, its fields, what was held against what and what does not fit."""

    side: Side
    fields: dict[str, FieldReading]
    problems: tuple[Problem, ...] = ()
    type: DocumentType = DocumentType.UNKNOWN
    document_kind: str = ""
    checks: tuple[Check, ...] = ()
    text: tuple[str, ...] = ()


def turned_round(boxes: Iterable[Box], width: float, height: float) -> list[Box]:
    """The boxes of the same picture turned by 180 degrees."""
    return [turned_box(box, width, height) for box in boxes]


def read_fields(lines: Sequence[Line], width: float, *, is_card: bool, today: date | None = None) -> CardReading:
    """The fields of the card that upright lines show; `is_card` where the picture is the card and nothing else."""
    side = side_of_card(lines)
    if side is Side.BACK:
        return _read_back(rows_of(lines), today)
    if side is Side.UNKNOWN:
        return CardReading(side=side, fields={})
    limit = _PORTRAIT_FROM * width if is_card else _portrait_edge(lines)
    return _read_front(rows_of(line for line in lines if line.box[0][0] < limit), today)


def overlooked_boxes(lines: Sequence[Line], width: float) -> list[Box]:
    """Places right of a lone label 性别 or 民族 where the card prints a sign but no line was found.

    A single sign between wide gaps is what the engine's search for lines most often overlooks.
    """
    boxes: list[Box] = []
    for line in lines:
        label = re.search(r"(性别|民族)$", tight(line.text))
        if label is None:
            continue
        (_, top), (left, _), (_, bottom) = line.box[1], line.box[1], line.box[2]
        right = left + (_SEX_ROOM if label[1] == "性别" else _NATION_ROOM) * width
        beside = [other for other in lines if top < middle(other)[1] < bottom and left <= middle(other)[0]]
        right = min([right, *(other.box[0][0] for other in beside if other.box[0][0] > left + _SIGN_ROOM * width)])
        if not any(middle(other)[0] < right for other in beside):
            margin = 0.15 * (bottom - top)
            boxes.append(((left, top - margin), (right, top - margin), (right, bottom + margin), (left, bottom + margin)))
    return boxes


def side_of_card(lines: Sequence[Line]) -> Side:
    """The side of an identity card, or of the residence permit of Hong Kong, Macao and Taiwan residents that is made like one."""
    text = "".join(tight(line.text) for line in lines)
    if re.search(r"签发机关|有效期限|中华人民共和国|居民身份证|居民居住证", text):
        return Side.BACK
    if re.search(r"姓名|性别|民族|住址|身份号码|身份证号|[0-9]{17}[0-9X]", text):
        return Side.FRONT
    return Side.UNKNOWN


def _portrait_edge(lines: Sequence[Line]) -> float:
    """Where the portrait begins on a card somewhere in a picture, by its labels on the left and the number's end."""
    labels = [line.box[0][0] for line in lines if re.match(r"姓名|性别|出生|住址|公民身份", tight(line.text))]
    ends = [line.box[1][0] for line in lines if _NUMBER.search(tight(line.text))]
    if not labels or not ends:
        return math.inf
    return min(labels) + _PORTRAIT_SHARE * (max(ends) - min(labels))


def _read_front(rows: list[Row], today: date | None) -> CardReading:
    fields: dict[str, FieldReading] = {}
    number, check, number_row = _find_number(rows, today)
    if number is not None:
        fields["number"] = number
    fields |= _find_name(rows) | _find_sex_and_nation(rows) | _find_birth(rows) | _find_address(rows, number_row)
    problems = missing(fields, {"name": tr("姓名"), "number": tr("公民身份号码"), "address": tr("住址")})
    checks: tuple[Check, ...] = ()
    if check is not None:
        checks = number_checks(check, fields)
        fields |= _held_against_number(fields, check)
    is_hmt = check is not None and check.valid and check.kind is DocumentKind.HMT_RESIDENCE
    return CardReading(
        side=Side.FRONT,
        fields=marked_low(fields),
        problems=problems,
        type=DocumentType.HMT_RESIDENCE if is_hmt else DocumentType.ID_CARD,
        document_kind=(DocumentKind.HMT_RESIDENCE if is_hmt else DocumentKind.CITIZEN).value,
        checks=checks,
    )


def missing(fields: dict[str, FieldReading], wanted: dict[str, str]) -> tuple[Problem, ...]:
    """One notice for all wanted fields that were not found."""
    names = [name for key, name in wanted.items() if key not in fields]
    if not names:
        return ()
    text = tr("没有认出：{names}。请手工填写，或重新拍照。").format(names="、".join(names))
    return (Problem(key="field_missing", text=text),)


def _find_number(rows: list[Row], today: date | None) -> tuple[FieldReading | None, NumberCheck | None, int]:
    """The number with its check and the row it stands in (one past the last row where there is none)."""
    for place in range(len(rows) - 1, -1, -1):
        for match in _candidates(rows[place].text):
            check = _checked(match.group(), today)
            reading = rows[place].field(match.start(), match.end(), match.group(), check.number)
            if not check.valid:
                reading = replace(reading, needs_look=True, why=check.problems[0].text)
            return reading, check, place
    return None, None, len(rows)


def _candidates(text: str) -> list[re.Match[str]]:
    """Where a number stands in a row: as read, then with letters taken for digits, then nearly one."""
    labelled = re.search(r"号码", text)
    guessed = text.translate(_LIKE_DIGITS)
    exact = list(_NUMBER.finditer(text.upper())) or list(_NUMBER.finditer(guessed))
    if exact or not labelled:
        return exact
    return list(_NEARLY_NUMBER.finditer(guessed))


def _checked(number: str, today: date | None) -> NumberCheck:
    """The check by the kind that accepts the number; cards of Hong Kong, Macao and Taiwan residents look alike."""
    checks = [check_number(number, kind, today) for kind in (DocumentKind.CITIZEN, DocumentKind.HMT_RESIDENCE)]
    return next((check for check in checks if check.valid), checks[0])


def _find_name(rows: list[Row]) -> dict[str, FieldReading]:
    """The row labelled 姓名, or else the one above sex and ethnic group."""
    why = tr("姓名没有可核对的依据，请与图片逐字比对。")
    for place, row in enumerate(rows):
        match = _NAME.search(row.text)
        if match:
            name = match[1].translate(_DOTS)
            return {"name": replace(row.field(match.start(1), match.end(1), name, name), needs_look=True, why=why)}
        if _SEX.search(row.text) and place > 0:
            above = rows[place - 1]
            start = 2 if above.text.startswith("姓") and len(above.text) > 3 else 0
            name = above.text[start:].translate(_DOTS)
            return {"name": replace(above.field(start, len(above.text), name, name), needs_look=True, why=why)}
    return {}


def _find_sex_and_nation(rows: list[Row]) -> dict[str, FieldReading]:
    found: dict[str, FieldReading] = {}
    for row in rows:
        sex = _SEX.search(row.text)
        if sex and "sex_code" not in found:
            group = 1 if sex[1] else 2
            found["sex_code"] = row.field(sex.start(group), sex.end(group), sex[group], "1" if sex[group] == "男" else "2")
        nation = _NATION.search(row.text)
        if nation and "nation_code" not in found:
            found["nation_code"] = _nation_field(row, nation)
    return found


def _nation_field(row: Row, match: re.Match[str]) -> FieldReading:
    text = match[1].translate(_SIMPLIFIED)
    reading = row.field(match.start(1), match.end(1), text, codes.normal("nation", text) or "")
    if reading.value:
        return reading
    why = tr("“{text}”不是民族名称，请按证件选择。").format(text=text)
    return replace(reading, needs_look=True, why=why)


def _find_birth(rows: list[Row]) -> dict[str, FieldReading]:
    for row in rows:
        match = _BIRTH.search(row.text)
        if match:
            day = day_of(*match.groups())
            reading = row.field(match.start(), match.end(), match.group(), day.isoformat() if day else "")
            why = "" if day else tr("这一天不存在，请按证件填写。")
            return {"birth_on": replace(reading, needs_look=day is None, why=why)}
    return {}


def _find_address(rows: list[Row], number_row: int) -> dict[str, FieldReading]:
    """All rows between the birth date and the number; the label may have been read alone or not at all."""
    first = next((place for place, row in enumerate(rows) if _ADDRESS.search(row.text)), None)
    if first is None:
        first = next((place + 1 for place, row in enumerate(rows) if _BIRTH.search(row.text)), number_row)
    parts: list[FieldReading] = []
    for row in rows[first:number_row]:
        start = 2 if _ADDRESS.search(row.text) else 0
        text = row.text[start:].translate(_SIMPLIFIED)
        if text and "号码" not in text:
            parts.append(row.field(start, len(row.text), text, text))
    if not parts:
        return {}
    text = "".join(part.text for part in parts)
    box = around([point for part in parts for point in part.box])
    is_odd = not _LIKE_ADDRESS.fullmatch(text)
    why = tr("住址好像没有认全，请与证件比对。") if is_odd else ""
    confidence = min(part.confidence for part in parts)
    return {"address": FieldReading(text=text, value=text, confidence=confidence, box=box, needs_look=is_odd, why=why)}


def _held_against_number(fields: dict[str, FieldReading], check: NumberCheck) -> dict[str, FieldReading]:
    """Birth date, sex and number, marked where they contradict each other: any of them may be the wrong one."""
    if not check.valid:
        return {}
    if not fields.get("birth_on"):
        # Two wrong signs agree with the check sign once in eleven times: without a second witness a number is not sure.
        alone = tr("没有认出出生日期，号码无从比对，请逐位核对。")
        return {"number": replace(fields["number"], needs_look=True, why=alone)}
    marked: dict[str, FieldReading] = {}
    said = {"birth_on": check.birth_on.isoformat() if check.birth_on else "", "sex_code": check.sex_code or ""}
    whys = {"birth_on": tr("出生日期与号码不一致，请核对两处。"), "sex_code": tr("性别与号码不一致，请核对两处。")}
    for key, value in said.items():
        if key in fields and value and fields[key].value != value:
            marked[key] = replace(fields[key], needs_look=True, why=whys[key])
            marked["number"] = replace(fields["number"], needs_look=True, why=whys[key])
    return marked


def marked_low(fields: dict[str, FieldReading]) -> dict[str, FieldReading]:
    """The fields, those that the engine itself doubted to be looked at."""
    why = tr("字迹不清，请与图片比对。")
    return {
        key: replace(reading, needs_look=True, why=why) if reading.confidence < _LOW and not reading.needs_look else reading
        for key, reading in fields.items()
    }


def _read_back(rows: list[Row], today: date | None) -> CardReading:
    fields: dict[str, FieldReading] = {}
    for place, row in enumerate(rows):
        authority = _AUTHORITY.search(row.text)
        if authority:
            fields["authority"] = _authority(row, authority.start(1))
        validity = _VALIDITY.search(row.text)
        if validity:
            fields |= _of_match(row, validity)
            if "authority" not in fields and place > 0 and _LIKE_AUTHORITY.fullmatch(rows[place - 1].text):
                fields["authority"] = _authority(rows[place - 1], 0)
        for key, pattern in (("pass_number", _PASS_NUMBER), ("issue_count", _ISSUES)):
            found = pattern.search(row.text)
            if found:
                fields[key] = row.field(found.start(1), found.end(1), found[1], found[1])
    is_hmt = any("居住证" in row.text for row in rows) or "pass_number" in fields
    return CardReading(
        side=Side.BACK,
        fields=marked_low(fields),
        problems=missing(fields, {"authority": tr("签发机关"), "valid_from_on": tr("有效期限")}),
        type=DocumentType.HMT_RESIDENCE if is_hmt else DocumentType.ID_CARD,
        document_kind=(DocumentKind.HMT_RESIDENCE if is_hmt else DocumentKind.CITIZEN).value,
        checks=validity_checks(fields, today),
    )


def _authority(row: Row, start: int) -> FieldReading:
    text = row.text[start:].lstrip(":：")
    start = len(row.text) - len(text)
    is_odd = not _LIKE_AUTHORITY.fullmatch(text)
    why = tr("这不像签发机关的名称，请与证件比对。") if is_odd else ""
    return replace(row.field(start, len(row.text), text, text), needs_look=is_odd, why=why)


def of_validity(row: Row, text: str, start: int) -> dict[str, FieldReading]:
    """Both ends of a validity in a part of a row that begins at `start`; nothing where it holds none."""
    match = _VALIDITY.search(row.text, start, start + len(text))
    return _of_match(row, match) if match else {}


def _of_match(row: Row, match: re.Match[str]) -> dict[str, FieldReading]:
    """Both ends of the validity; an end of 长期 has no value and needs no look for that."""
    begin = day_of(*match.groups()[:3])
    start = row.field(match.start(1), match.end(3), ".".join(match.groups()[:3]), begin.isoformat() if begin else "")
    if match[7]:
        end_on, end = None, row.field(match.start(7), match.end(7), match[7], "")
        is_odd = begin is None
    else:
        end_on = day_of(*match.groups()[3:6])
        end = row.field(match.start(4), match.end(6), ".".join(match.groups()[3:6]), end_on.isoformat() if end_on else "")
        is_odd = begin is None or end_on is None or end_on <= begin
    if is_odd:
        why = tr("有效期限前后不合，请按证件填写。")
        start, end = replace(start, needs_look=True, why=why), replace(end, needs_look=True, why=why)
    return {"valid_from_on": start, "valid_until_on": end}


def day_of(year: str, month: str, day: str) -> date | None:
    """The day that three texts of digits are, or None where there is none."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
