"""Numbers of identity documents: what they say, whether they can be right, how they are shown.

Citizen numbers follow GB 11643-1999: six digits of area, eight of birth date, three of sequence (odd for men)
and a check sign by ISO 7064 MOD 11-2. Residence permits of Hong Kong, Macao and Taiwan residents use the same
scheme with fixed areas; the foreigner's card of 2023 uses it with a leading 9.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from nbcase.domain.words import tr

SYNTHETIC_AREA: Final = "330299"
"""A county code below Ningbo that was never assigned: all invented people have it, so no real person is hit."""

OLDEST_AGE: Final = 130
"""Years; a birth date further back is taken for a typing error."""

_CHINA: Final = timezone(timedelta(hours=8))

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_SIGNS: Final = "10X98765432"

_PROVINCES: Final = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
    "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省", "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
    "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
    "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区",
}  # fmt: skip

_HMT_AREAS: Final = {"810000": "香港特别行政区", "820000": "澳门特别行政区", "830000": "台湾省"}

_RETIRED_AREAS: Final = frozenset({
    "330202", "330204", "330219", "330221", "330222", "330223", "330224", "330227", "330283",
})  # fmt: skip
"""Codes that Ningbo once used (镇明区, 江东区, 鄞县, 奉化市 …): their holders' numbers stay valid for life."""


class DocumentKind(StrEnum):
    """The documents a resident may show; the value is what records and the wire carry."""

    CITIZEN = "citizen"
    HMT_RESIDENCE = "hmt_residence"
    FOREIGNER_2023 = "foreigner_2023"
    FOREIGNER_2017 = "foreigner_2017"
    HK_MACAO_PASS = "hk_macao_pass"
    TAIWAN_PASS = "taiwan_pass"
    PASSPORT = "passport"


_MOD_11_KINDS: Final = frozenset({DocumentKind.CITIZEN, DocumentKind.HMT_RESIDENCE, DocumentKind.FOREIGNER_2023})

_FORMATS: Final = {
    DocumentKind.FOREIGNER_2017: re.compile(r"[A-Z]{3}[0-9]{12}"),
    DocumentKind.HK_MACAO_PASS: re.compile(r"[HM](?:[0-9]{8}|[0-9]{10})"),
    DocumentKind.TAIWAN_PASS: re.compile(r"(?:[0-9]{8}|[0-9]{10})"),
    DocumentKind.PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}"),
}
"""Kinds of which only the format is known; the first pass type of 1999 ends in two digits of replacement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong or worth knowing: a stable key and a sentence with what to do."""

    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCheck:
    """What a number says about its holder, and what is wrong with it.

    `number` is normalised and has 18 signs where an old number of 15 was converted. `birth_on`, `sex_code`
    (GB/T 2261.1: 1 male, 2 female) and `area_code` are given wherever they could be read, also from a number with
    a wrong check sign, but only a `valid` number may fill a form. `notices` do not make a number wrong.
    """

    number: str
    kind: DocumentKind
    valid: bool
    problems: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()
    birth_on: date | None = None
    sex_code: str | None = None
    area_code: str | None = None
    area_retired: bool = False
    origin: str = ""


def kind_name(kind: DocumentKind) -> str:
    """The document's name in the clerk's language."""
    names = {
        DocumentKind.CITIZEN: tr("居民身份证"),
        DocumentKind.HMT_RESIDENCE: tr("港澳台居民居住证"),
        DocumentKind.FOREIGNER_2023: tr("外国人永久居留身份证（2023 版）"),
        DocumentKind.FOREIGNER_2017: tr("外国人永久居留身份证（2017 版）"),
        DocumentKind.HK_MACAO_PASS: tr("港澳居民来往内地通行证"),
        DocumentKind.TAIWAN_PASS: tr("台湾居民来往大陆通行证"),
        DocumentKind.PASSPORT: tr("护照"),
    }
    return names[kind]


def normalise_number(text: str) -> str:
    """The number as it is stored: no blanks or invisible signs, full-width signs folded, letters upper-case."""
    folded = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
    return "".join(sign for sign in folded if sign.isprintable() and not sign.isspace()).upper()


def check_number(text: str, kind: DocumentKind = DocumentKind.CITIZEN, today: date | None = None) -> NumberCheck:
    """Check a number as typed, scanned or read, in the order length, area, date, check sign.

    A later check only runs where the earlier ones passed, so that the clerk reads the one sentence that helps.
    `today` bounds the birth date; left out, it is the day in China by the computer's clock.
    """
    number = normalise_number(text)
    if not number:
        return _refused(number, kind, "empty", tr("没有填写证件号码。请输入号码，或把证件放到读卡器上。"))
    if kind not in _MOD_11_KINDS:
        return _check_format(number, kind)
    return _check_mod_11(number, kind, today or datetime.now(_CHINA).date())


def check_sign(first_17: str) -> str:
    """The last sign of an 18-digit number by ISO 7064 MOD 11-2.

    Raises ValueError unless given exactly 17 digits.
    """
    if not re.fullmatch(r"[0-9]{17}", first_17):
        raise ValueError("a check sign needs 17 digits")
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_SIGNS[total % 11]


def make_number(area_code: str, birth_on: date, sequence: int) -> str:
    """An 18-digit number for synthetic people; an odd `sequence` (0–999) makes a man.

    Raises ValueError for an area that is not six digits or a sequence out of range.
    """
    if not re.fullmatch(r"[0-9]{6}", area_code) or not 0 <= sequence <= 999:
        raise ValueError("area_code needs six digits, sequence 0 to 999")
    first_17 = f"{area_code}{birth_on.year:04d}{birth_on:%m%d}{sequence:03d}"
    return first_17 + check_sign(first_17)


def origin_name(area_code: str) -> str:
    """The province of the first hukou by the first two digits; empty where there is none."""
    return _HMT_AREAS.get(area_code) or _PROVINCES.get(area_code[:2], "")


def age_on(birth_on: date, on: date) -> int:
    """Full years of age 周岁 on a day.

    A person born on 29 February completes the year on 28 February where there is no 29th: by article 202 of the
    Civil Code a period ends on the last day of the month that has no corresponding day.
    Raises ValueError for a day before birth.
    """
    if on < birth_on:
        raise ValueError("no age before birth")
    birthday = (birth_on.month, birth_on.day)
    if birthday == (2, 29) and not _is_leap(on.year):
        birthday = (2, 28)
    return on.year - birth_on.year - ((on.month, on.day) < birthday)


def mask_number(number: str) -> str:
    """A document number as screens show it: `330299********0312`; shorter ones keep at most half of their signs."""
    if len(number) >= 15:
        head, tail = 6, 4
    else:
        head, tail = len(number) // 8, len(number) // 3
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]


def mask_name(name: str) -> str:
    """A name on a public list: the first sign stays, of more than two the last too; the dot of a long name is kept."""
    if len(name) <= 2:
        return name[:1] + "*" * (len(name) - 1)
    return name[0] + "".join("·" if sign == "·" else "*" for sign in name[1:-1]) + name[-1]


def mask_phone(phone: str) -> str:
    """A phone number as screens show it: `138****1234`; the four signs before the last four are hidden."""
    if len(phone) < 8:
        return "*" * max(0, len(phone) - 2) + phone[-2:]
    return phone[:-8] + "****" + phone[-4:]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _refused(
    number: str,
    kind: DocumentKind,
    key: str,
    text: str,
    *,
    notices: tuple[Problem, ...] = (),
    birth_on: date | None = None,
) -> NumberCheck:
    return NumberCheck(
        number=number,
        kind=kind,
        valid=False,
        problems=(Problem(key=key, text=text),),
        notices=notices,
        birth_on=birth_on,
    )


def _check_format(number: str, kind: DocumentKind) -> NumberCheck:
    """Check the kinds that carry no check sign; nothing is read from them."""
    if _FORMATS[kind].fullmatch(number):
        return NumberCheck(number=number, kind=kind, valid=True)
    expected = {
        DocumentKind.FOREIGNER_2017: tr("应为 3 个字母加 12 位数字"),
        DocumentKind.HK_MACAO_PASS: tr("应为 H 或 M 加 8 位数字（旧证为 10 位数字）"),
        DocumentKind.TAIWAN_PASS: tr("应为 8 位数字（带换证次数的为 10 位）"),
        DocumentKind.PASSPORT: tr("应为 5 到 15 位字母和数字，不含其他符号"),
    }[kind]
    text = tr("{kind}号码格式不对：{expected}。请对照证件重新输入。").format(kind=kind_name(kind), expected=expected)
    return _refused(number, kind, "format", text)


def _check_mod_11(number: str, kind: DocumentKind, today: date) -> NumberCheck:
    problem = _shape_problem(number, kind)
    if problem:
        return _refused(number, kind, problem.key, problem.text)
    notices: tuple[Problem, ...] = ()
    if len(number) == 15:
        number = _from_15(number)
        notices = (_converted_notice(),)
    area_code = number[:6]
    problem = _area_problem(area_code, kind)
    if problem:
        return _refused(number, kind, problem.key, problem.text, notices=notices)
    birth_on = _real_date(number[6:14])
    problem = _birth_problem(birth_on, number[6:14], today)
    if problem:
        return _refused(number, kind, problem.key, problem.text, notices=notices, birth_on=birth_on)
    return _judged(number, kind, birth_on, notices)


def _judged(number: str, kind: DocumentKind, birth_on: date | None, notices: tuple[Problem, ...]) -> NumberCheck:
    """The verdict by the check sign, with all that the number says."""
    area_code = number[:6]
    retired = kind is DocumentKind.CITIZEN and area_code in _RETIRED_AREAS
    agrees = check_sign(number[:17]) == number[17]
    # The expected sign is never shown: the slip may sit anywhere, and "mending" the last sign would hide it.
    wrong = Problem(
        key="check_sign",
        text=tr("号码校验不通过，至少有一位输错或看错了。请对照证件逐位核对，不要只改最后一位。"),
    )
    foreigner = kind is DocumentKind.FOREIGNER_2023
    return NumberCheck(
        number=number,
        kind=kind,
        valid=agrees,
        problems=() if agrees else (wrong,),
        notices=(*notices, _retired_notice()) if retired else notices,
        birth_on=birth_on,
        sex_code=None if foreigner else "1" if int(number[16]) % 2 else "2",
        area_code=None if foreigner else area_code,
        area_retired=retired,
        origin="" if foreigner else origin_name(area_code),
    )


def _shape_problem(number: str, kind: DocumentKind) -> Problem | None:
    """Length and signs: 18, or 15 on a citizen's old record."""
    if not re.fullmatch(r"[0-9X]*", number):
        wrong = next(sign for sign in number if sign not in "0123456789X")
        return Problem(
            key="charset",
            text=tr("号码里有不该出现的字符“{sign}”。请只输入数字，最后一位可以是 X。").format(sign=wrong),
        )
    if "X" in number[:-1] or (number.endswith("X") and len(number) == 15):
        return Problem(key="charset", text=tr("字母 X 只能是 18 位号码的最后一位。请对照证件重新输入。"))
    if len(number) == 18 or (len(number) == 15 and kind is DocumentKind.CITIZEN):
        return None
    return Problem(
        key="length",
        text=tr("号码应为 18 位，现在是 {n} 位。请对照证件补齐漏掉的数字，或删去多余的数字。").format(n=len(number)),
    )


def _area_problem(area_code: str, kind: DocumentKind) -> Problem | None:
    """Whether the first six digits can belong to this kind of document; retired codes can."""
    actual = _kind_by_area(area_code)
    if actual is kind:
        return None
    if actual is None:
        return Problem(
            key="area",
            text=tr("号码前两位“{digits}”不是任何省份的代码。请对照证件核对前六位。").format(digits=area_code[:2]),
        )
    return Problem(
        key="other_kind",
        text=tr("这是{actual}的号码，与所选的{kind}不符。请改选证件种类，或重新输入号码。").format(
            actual=kind_name(actual), kind=kind_name(kind)
        ),
    )


def _kind_by_area(area_code: str) -> DocumentKind | None:
    if area_code in _HMT_AREAS:
        return DocumentKind.HMT_RESIDENCE
    if area_code.startswith("9"):
        return DocumentKind.FOREIGNER_2023
    return DocumentKind.CITIZEN if area_code[:2] in _PROVINCES else None


def _real_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _birth_problem(birth_on: date | None, digits: str, today: date) -> Problem | None:
    shown = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    if birth_on is None:
        text = tr("号码里的出生日期 {shown} 不存在。请对照证件核对第 7 到 14 位。")
        return Problem(key="birth_date", text=text.format(shown=shown))
    if birth_on > today:
        text = tr("号码里的出生日期 {shown} 还没有到。请核对第 7 到 14 位；如果号码无误，请检查电脑的日期。")
        return Problem(key="birth_future", text=text.format(shown=shown))
    if today.year - birth_on.year > OLDEST_AGE:
        text = tr("号码里的出生日期 {shown} 早得不合情理。请对照证件核对第 7 到 14 位。")
        return Problem(key="birth_too_early", text=text.format(shown=shown))
    return None


def _from_15(number: str) -> str:
    """The 18-digit form of a number issued before October 1999: the century was always the nineteenth hundred."""
    first_17 = number[:6] + "19" + number[6:]
    return first_17 + check_sign(first_17)


def _converted_notice() -> Problem:
    return Problem(
        key="converted",
        text=tr("这是 15 位旧号码，已换算成 18 位。旧号码没有校验位，请与本人现用的证件核对。"),
    )


def _retired_notice() -> Problem:
    return Problem(key="area_retired", text=tr("号码里的区划代码已经撤销，号码本身仍然有效，不必更改。"))
