"""A calendar that a supervisor imports: a good one is used, every mistake is named with its place and mend."""

from datetime import date
from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.workdays import WorkingCalendar

STATUTORY = """
[statutory]
basis = "办法"
fixed = [{ name = "元旦", days = ["01-01"] }]
moving = [{ year = 2028, spring = 2028-01-26, qingming = 2028-04-04, dragon_boat = 2028-05-28, mid_autumn = 2028-10-03 }]
"""

YEAR = """
[[year]]
year = 2027
notice = "演示通知"
source = "演示"
off = [{ name = "元旦", first = 2027-01-01, last = 2027-01-03 }, { name = "春节", first = 2027-02-05, last = 2027-02-11 }]
worked = [2027-01-30]
"""

GOOD = YEAR + STATUTORY


def written(folder: Path, text: str) -> Path:
    path = folder / "calendar-2027.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_imported_year_is_known_and_counted(tmp_path: Path) -> None:
    calendar = WorkingCalendar.load(written(tmp_path, GOOD))
    assert calendar.is_known(2027)
    assert calendar.add_working_days(date(2027, 1, 29), 1).due_on == date(2027, 1, 30)
    assert not calendar.add_working_days(date(2027, 2, 4), 1).is_provisional


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert WorkingCalendar.load(path).is_known(2027)


MISTAKES = {
    "syntax": (GOOD.replace("[[year]]", "[[year]"), ["TOML"]),
    "unknown key": (GOOD.replace("source =", "sauce ="), ["year[", "不认识的键“sauce”", "删去"]),
    "missing key": (GOOD.replace('notice = "演示通知"\n', ""), ["year[", "缺少“notice”", "补上"]),
    "wrong type": (GOOD.replace("year = 2027\n", 'year = "2027"\n'), ["year[", "应为 int", "str"]),
    "impossible date": (GOOD.replace("2027-01-03", "2027-02-30"), ["TOML"]),
    "no year": ("year = []\n" + STATUTORY, ["year", "一个年份也没有"]),
    "double year": (YEAR + GOOD, ["2027 年", "写了两次"]),
    "reversed": (GOOD.replace("last = 2027-01-03", "last = 2026-12-31"), ["2027 年", "元旦", "早于"]),
    "foreign holiday": (GOOD.replace("2027-02-05", "2026-02-05").replace("2027-02-11", "2026-02-11"), ["2026-02-05 不在这一年"]),
    "foreign working day": (GOOD.replace("[2027-01-30]", "[2028-01-29]"), ["2028-01-29 不在这一年"]),
    "overlap": (GOOD.replace("first = 2027-02-05", "first = 2027-01-03"), ["2027-01-03 放假写了两次", "删去"]),
    "off and worked": (GOOD.replace("[2027-01-30]", "[2027-02-06]"), ["2027-02-06", "既写放假又写上班"]),
    "worked weekday": (GOOD.replace("[2027-01-30]", "[2027-01-29]"), ["2027-01-29 是平日", "核对"]),
    "fixed day": (GOOD.replace('"01-01"', '"13-01"'), ["statutory.fixed", "13-01", "月-日"]),
    "moving day": (GOOD.replace("spring = 2028-01-26", "spring = 2029-01-26"), ["statutory.moving", "不在 2028 年"]),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_file_place_and_mend(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        WorkingCalendar.load(written(tmp_path, text))
    message = str(caught.value)
    assert [word for word in ["calendar-2027.toml", *said] if word not in message] == []
    assert caught.value.safe
    assert caught.value.do


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml.*打不开"):
        WorkingCalendar.load(tmp_path / "nowhere.toml")


def test_a_file_in_another_encoding_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(UserError, match="另存为 UTF-8"):
        WorkingCalendar.load(path)


def test_the_program_s_own_file_may_be_imported_again() -> None:
    assert WorkingCalendar.load(resource_path("reference/calendar.toml")).is_known(2026)
