"""Tables as landlords and employers hand them in: invented people, with faults of every kind where they are wanted."""

import csv
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

from nbcase.domain.identity import make_number

COLUMNS = (
    "序号", "姓名", "公民身份号码", "民族", "户籍地址", "居住地址", "居住处所", "居住事由", "拟居住期限", "手机", "文化程度", "政治面貌",
    "婚姻状况", "服务处所", "来本地日期",
)  # fmt: skip


def good_row(place: int) -> dict[str, str]:
    """Person number `place`."""
    return {
        "序号": str(place + 1),
        "姓名": "样" + "甲乙丙丁戊己庚辛壬癸"[place % 10],
        "公民身份号码": make_number("330299", date(1980, 1, 1) + timedelta(days=place // 900), place % 900),
        "民族": "汉族",
        "户籍地址": f"样省样县样村{place}号",
        "居住地址": f"镇海区骆驼街道样报路{place // 3 + 1}号",
        "居住处所": "租赁房屋",
        "居住事由": "务工",
        "拟居住期限": "半年至五年",
        "手机": f"1990000{place % 10_000:04d}",
        "文化程度": "高中",
        "政治面貌": "群众",
        "婚姻状况": "未婚",
        "服务处所": "样厂",
        "来本地日期": "2026-11-20",
    }


Fault = Callable[[dict[str, str]], object]

FAULTS: Mapping[str, Fault] = {
    "checksum": lambda row: row.update(公民身份号码=row["公民身份号码"][:17] + ("1" if row["公民身份号码"][17] != "1" else "2")),
    "rounded by the spreadsheet": lambda row: row.update(公民身份号码="3.30299E+17"),
    "short": lambda row: row.update(公民身份号码=row["公民身份号码"][:-1]),
    "born tomorrow": lambda row: row.update(公民身份号码=make_number("330299", date(2099, 1, 1), 7)),
    "no number": lambda row: row.update(公民身份号码=""),
    "no name": lambda row: row.update(姓名=""),
    "no address": lambda row: row.update(居住地址=""),
    "no phone": lambda row: row.update(手机=""),
    "phone": lambda row: row.update(手机="无"),
    "unknown value": lambda row: row.update(居住处所="月球"),
    "day": lambda row: row.update(来本地日期="2026-02-30"),
    "words for a day": lambda row: row.update(来本地日期="去年"),
    "long": lambda row: row.update(姓名="样" * 61),
}
"""What is wrong with a row, by the change that makes it so."""


def write_csv(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8-sig", columns: tuple[str, ...] = COLUMNS) -> Path:
    """A report as a spreadsheet saves it."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
