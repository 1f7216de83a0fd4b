"""What was held against what on a document, as lines that a person and a program can read."""

import re
from collections.abc import Mapping
from datetime import date

from nbcase.devices.contract import Check, FieldReading
from nbcase.devices.mrz import Zone
from nbcase.domain.identity import DocumentKind, NumberCheck, check_sign
from nbcase.domain.words import tr


def number_checks(check: NumberCheck, fields: Mapping[str, FieldReading]) -> tuple[Check, ...]:
    """A number of 18 signs: its check sign, area and date, and the card's own birth date and sex against it."""
    if check.kind is DocumentKind.FOREIGNER_2017:
        why = check.problems[0].text if check.problems else ""
        return (Check(key="number_format", name=tr("号码格式"), passed=check.valid, why=why),)
    wrong = {problem.key: problem.text for problem in check.problems}
    is_whole = re.fullmatch(r"[0-9]{17}[0-9X]", check.number) is not None
    agrees = check_sign(check.number[:17]) == check.number[17] if is_whole else None
    areas, days = ("area", "other_kind"), ("birth_date", "birth_future", "birth_too_early")
    knows_area = None if wrong.keys() & {"empty", "charset", "length"} else not wrong.keys() & set(areas)
    knows_day = None if not knows_area else not wrong.keys() & set(days)
    whys = {key: wrong[key] for key in wrong}
    return (
        Check(key="checksum", name=tr("号码校验码"), passed=agrees, why="" if agrees else next(iter(whys.values()), "")),
        Check(key="area", name=tr("区划代码"), passed=knows_area, why=_first(whys, areas)),
        Check(key="birth_date", name=tr("号码里的日期"), passed=knows_day, why=_first(whys, days)),
        _same("birth_matches", tr("出生与号码一致"), fields.get("birth_on"), check.birth_on.isoformat() if check.birth_on else ""),
        _same("sex_matches", tr("性别与号码一致"), fields.get("sex_code"), check.sex_code or ""),
    )


def _first(whys: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((whys[key] for key in keys if key in whys), "")


def _same(key: str, name: str, found: FieldReading | None, wanted: str) -> Check:
    if found is None or not found.value or not wanted:
        return Check(key=key, name=name, passed=None)
    passed = found.value == wanted
    return Check(key=key, name=name, passed=passed, why="" if passed else tr("证件上的与号码里的不一致，请核对两处。"))


def validity_checks(fields: Mapping[str, FieldReading], today: date | None) -> tuple[Check, ...]:
    """Whether the validity begins before it ends, and has not ended yet; an end of 长期 never ends."""
    begin, end = fields.get("valid_from_on"), fields.get("valid_until_on")
    if end is None:
        return ()
    checks = []
    if begin is not None:
        fits = not (begin.needs_look and end.needs_look) and bool(begin.value) and (not end.value or begin.value < end.value)
        why = "" if fits else tr("有效期限前后不合，请按证件填写。")
        checks.append(Check(key="validity_order", name=tr("有效期限前后相合"), passed=fits, why=why))
    if today is not None:
        is_current = not end.value or end.value >= today.isoformat()
        why = "" if is_current else tr("证件 {day} 已过期。").format(day=end.value)
        checks.append(Check(key="not_expired", name=tr("有效期内"), passed=is_current, why=why))
    return tuple(checks)


def zone_checks(zone: Zone) -> tuple[Check, ...]:
    """Each check digit of a machine-readable zone."""
    names = {
        "number": tr("机读码：证件号码"),
        "birth": tr("机读码：出生日期"),
        "expiry": tr("机读码：有效期"),
        "personal": tr("机读码：个人号码"),
        "composite": tr("机读码：总校验"),
    }
    why = tr("校验位不符，至少有一位看错了，请与证件比对。")
    return tuple(Check(key=f"mrz_{key}", name=names[key], passed=agrees, why="" if agrees else why) for key, agrees in zone.digits.items())
