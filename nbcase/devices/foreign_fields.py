"""Documents of people from elsewhere: labels in two languages, and the machine-readable zone.

The zone is counted over by check digits, the printed fields are not: where both are there the zone leads and the print is held
against it. No rule tells whether a name is right, so every name is looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nbcase.devices.card_fields import CardReading, day_of, marked_low, missing, of_validity
from nbcase.devices.contract import Check, DocumentType, FieldReading, Side
from nbcase.devices.document_checks import number_checks, validity_checks, zone_checks
from nbcase.devices.mrz import Zone, is_zone_line, zone_of
from nbcase.devices.text_engine import Line
from nbcase.devices.text_rows import Row, rows_of, tight
from nbcase.domain import codes
from nbcase.domain.identity import DocumentKind, check_number
from nbcase.domain.words import tr

_FOREIGNER: Final = re.compile(r"永久居留|PERMANENTRESID", re.IGNORECASE)
_LABELS: Final = {
    "name": re.compile(r"姓名[/／|]?(?:Name)?[:：]?|(?<![A-Za-z])Name[:：]?", re.IGNORECASE),
    "sex_code": re.compile(r"性别[/／|]?(?:Sex)?[:：]?|(?<![A-Za-z])Sex[:：]?", re.IGNORECASE),
    "birth_on": re.compile(r"出生日期[/／|]?(?:DateofBirth)?[:：]?|DateofBirth[:：]?", re.IGNORECASE),
    "country_code": re.compile(r"国籍[/／|]?(?:Nationality)?[:：]?|Nationality[:：]?", re.IGNORECASE),
    "validity": re.compile(r"有效期限[/／|]?(?:PeriodofValidity)?[:：]?|PeriodofValidity[:：]?", re.IGNORECASE),
    "number": re.compile(r"证件号码[/／|]?(?:(?:Card|ID)(?:No|Number)\.?)?[:：]?|(?:Card|ID)(?:No\.?|Number)[:：]?", re.IGNORECASE),
    "authority": re.compile(r"签发机关[/／|]?(?:IssuingAuthority)?[:：]?|IssuingAuthority[:：]?", re.IGNORECASE),
}
_DAY: Final = re.compile(r"((?:18|19|20)[0-9]{2})[.。·年/-]?([0-9]{1,2})[.。·月/-]?([0-9]{1,2})")
_NUMBER: Final = re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff·]{2,}")
_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z ,.'-]{2,}")
_SEXES: Final = {"男": "1", "M": "1", "女": "2", "F": "2"}


def is_foreigner_card(lines: Sequence[Line]) -> bool:
    """Whether the lines name the foreigner's permanent residence card, or hold a number that only it has."""
    text = "".join(tight(line.text) for line in lines)
    return _FOREIGNER.search(text) is not None or ("国籍" in text and _NUMBER.search(text) is not None)


def read_foreigner_card(lines: Sequence[Line], today: date | None) -> CardReading:
    """Either side of the card; a zone on it leads."""
    fields: dict[str, FieldReading] = {}
    for key, row, start, end in _values(rows_of(line for line in lines if not is_zone_line(line.text))):
        fields |= {name: found for name, found in _read_value(key, row, start, end).items() if name not in fields}
    is_front = "number" in fields or "name" in fields or "name_latin" in fields
    wanted = {"number": tr("证件号码")} if is_front else {"authority": tr("签发机关")}
    problems = missing(fields, wanted)
    checks: tuple[Check, ...] = ()
    kind = ""
    if "number" in fields:
        kind = _kind_of_number(fields["number"].value)
        check = check_number(fields["number"].value, DocumentKind(kind), today)
        checks = number_checks(check, fields)
        wrong = next((found for found in checks if found.passed is False), None)
        if wrong is not None or kind == DocumentKind.FOREIGNER_2017.value:
            why = wrong.why if wrong is not None else tr("这种号码没有校验位，请逐位核对。")
            fields["number"] = replace(fields["number"], needs_look=True, why=why)
    reading = CardReading(
        side=Side.FRONT if is_front else Side.BACK,
        fields=marked_low(fields),
        problems=problems,
        type=DocumentType.FOREIGNER_CARD,
        document_kind=kind,
        checks=(*checks, *validity_checks(fields, today)),
    )
    return with_zone(reading, lines, today)


def _kind_of_number(number: str) -> str:
    return (DocumentKind.FOREIGNER_2017 if number[:1].isalpha() else DocumentKind.FOREIGNER_2023).value


def _values(rows: Sequence[Row]) -> list[tuple[str, Row, int, int]]:
    """Each label's value: what follows it in its row, or the next row where nothing does."""
    found = []
    for place, row in enumerate(rows):
        labels = sorted((match.start(), match.end(), key) for key, label in _LABELS.items() if (match := label.search(row.text)))
        for number, (_, end, key) in enumerate(labels):
            until = labels[number + 1][0] if number + 1 < len(labels) else len(row.text)
            if end < until:
                found.append((key, row, end, until))
            elif place + 1 < len(rows) and not any(label.search(rows[place + 1].text) for label in _LABELS.values()):
                found.append((key, _below(row, rows[place + 1], end, labels, number), 0, 10_000))
    return [(key, row, start, min(end, len(row.text))) for key, row, start, end in found if row.text]


def _below(row: Row, below: Row, end: int, labels: Sequence[tuple[int, int, str]], number: int) -> Row:
    """The part of the next row that stands under a label and not under the one after it."""
    left = row.field(labels[number][0], end, "", "").box[0][0]
    right = row.field(labels[number + 1][0], labels[number + 1][1], "", "").box[0][0] if number + 1 < len(labels) else float("inf")
    margin = 0.5 * (row.lines[0].box[3][1] - row.lines[0].box[0][1])
    return Row(line for line in below.lines if left - margin <= line.box[0][0] < right - margin)


def _read_value(key: str, row: Row, start: int, end: int) -> dict[str, FieldReading]:
    text = row.text[start:end]
    if key == "name":
        return _names(row, start, end)
    if key == "sex_code":
        value = next((code for sign, code in _SEXES.items() if sign in text.upper()), "")
        return {key: row.field(start, end, text, value)} if value else {}
    if key == "birth_on":
        match = _DAY.search(text)
        day = day_of(*match.groups()) if match else None
        why = "" if day else tr("这一天不存在，请按证件填写。")
        return {key: replace(row.field(start, end, text, day.isoformat() if day else ""), needs_look=day is None, why=why)}
    if key == "country_code":
        return _country(row, start, end)
    if key == "number":
        number = _NUMBER.search(text.upper().replace("O", "0")) or _NUMBER.search(text.upper())
        return {key: row.field(start, end, number[0], number[0])} if number else {}
    return of_validity(row, text, start) if key == "validity" else {key: row.field(start, end, text, text)}


def _names(row: Row, start: int, end: int) -> dict[str, FieldReading]:
    """A Chinese name, a name in Latin letters, or both; letters keep their blanks."""
    why = tr("姓名没有可核对的依据，请与图片逐字比对。")
    label = row.text[:start]
    whole = " ".join(line.text for line in row.lines if not label or tight(line.text) not in label)
    found: dict[str, FieldReading] = {}
    chinese = _CHINESE.search(row.text[start:end])
    if chinese:
        reading = row.field(start + chinese.start(), start + chinese.end(), chinese[0], chinese[0])
        found["name"] = replace(reading, needs_look=True, why=why)
    latin = _LATIN.search(whole)
    if latin:
        found["name_latin"] = replace(row.field(start, end, latin[0].strip(), latin[0].strip()), needs_look=True, why=why)
    return found


def _country(row: Row, start: int, end: int) -> dict[str, FieldReading]:
    text = row.text[start:end]
    parts = [part for part in re.split(r"[/／|]", text) if part]
    value = next((code for part in parts if (code := codes.normal("country", part))), "")
    why = "" if value else tr("“{text}”不是国家或地区的名称或代码，请按证件选择。").format(text=text)
    return {"country_code": replace(row.field(start, end, text, value), needs_look=not value, why=why)}


def with_zone(reading: CardReading | None, lines: Sequence[Line], today: date | None) -> CardReading:
    """The reading led by the machine-readable zone among the lines, or by itself where there is none.

    `reading` is None for a page on which only the zone is read: a passport, a travel pass.
    """
    rows = [row for row in rows_of(lines) if is_zone_line(row.text)]
    zone = zone_of([row.text for row in rows], today or date.today())  # noqa: DTZ011
    if zone is None:
        return reading or CardReading(side=Side.UNKNOWN, fields={})
    fields = _zone_fields(zone, rows[-len(zone.lines) :])
    if zone.is_sound and _is_printed(zone, lines):
        fields["number"] = replace(fields["number"], needs_look=False, why="", others=())
    checks = zone_checks(zone)
    if reading is None:
        kind = _kind_of_zone(zone)
        return CardReading(
            side=Side.FRONT if kind == DocumentKind.PASSPORT.value else Side.BACK,
            fields=marked_low(fields),
            type=DocumentType.PASSPORT if kind == DocumentKind.PASSPORT.value else DocumentType.TRAVEL_PASS,
            document_kind=kind,
            checks=(*checks, *validity_checks(fields, today)),
        )
    merged = {**fields, **reading.fields}
    for key in fields.keys() & reading.fields.keys():
        merged[key] = _held_together(reading.fields[key], fields[key])
    return replace(reading, fields=merged, checks=(*reading.checks, *checks))


def _is_printed(zone: Zone, lines: Sequence[Line]) -> bool:
    """Whether the page also prints the number, and none of its other readings: a second witness in another face."""
    printed = [tight(line.text).upper() for line in lines if not is_zone_line(line.text)]
    seen = [number for number in zone.numbers if any(number in text for text in printed)]
    return seen == [zone.number]


def _held_together(printed: FieldReading, counted: FieldReading) -> FieldReading:
    """The printed field beside the zone's: agreeing they confirm each other, but for names; else a person decides."""
    if printed.value == counted.value:
        return printed
    others = tuple(value for value in (counted.value, *counted.others) if value)
    return replace(printed, needs_look=True, why=tr("印刷的内容与机读码不一致，请核对两处。"), others=others)


def _kind_of_zone(zone: Zone) -> str:
    if zone.document_code.startswith("C") and zone.is_chinese:
        return (DocumentKind.TAIWAN_PASS if zone.document_code == "CT" else DocumentKind.HK_MACAO_PASS).value
    return DocumentKind.PASSPORT.value


def _zone_fields(zone: Zone, rows: Sequence[Row]) -> dict[str, FieldReading]:
    """The zone's fields under the record's names; what the rules leave open is to be looked at."""
    if zone.layout == "TD1":
        first, second, names = rows
    else:
        names, second = rows
        first = second
    name = " ".join(part for part in (zone.surname, zone.given) if part)
    country = codes.normal("country", zone.country) or ""
    values = {
        "name_latin": (names, name, name),
        "number": (first, zone.number, zone.number),
        "birth_on": (second, *_day_words(zone.birth_on)),
        "sex_code": (second, zone.sex.strip("<"), _SEXES.get(zone.sex, "")),
        "valid_until_on": (second, *_day_words(zone.expires_on)),
        "country_code": (second, zone.country, country or zone.country),
    }
    found = {}
    for key, (row, text, value) in values.items():
        reading = row.field(0, len(row.text), text, value)
        needs_look = key in zone.asked or not value or (key == "country_code" and not country)
        others = zone.numbers[1:] if key == "number" else ()
        found[key] = replace(reading, needs_look=needs_look, why=_why(key, zone) if needs_look else "", others=others)
    return found


def _day_words(day: date | None) -> tuple[str, str]:
    return (day.isoformat(), day.isoformat()) if day else ("", "")


def _why(key: str, zone: Zone) -> str:
    if key == "name_latin":
        return tr("姓名没有校验位，请与证件逐字比对。")
    if key == "number" and len(zone.numbers) > 1:
        return tr("校验位分不清的形近字：{numbers}，请按证件选择。").format(numbers=" / ".join(zone.numbers))
    if key == "number" and zone.digits["number"]:
        return tr("号码里有看不准的字，已按校验位推定，请与证件比对。")
    return tr("机读码看不准，请与证件比对。")
