"""Reports in bulk: good rows in, bad ones told with their column and mended in place, and nothing twice however often it is read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from nbcase.domain.case import Case
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.identity import make_number
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Desk
from nbcase.operations.reports import Report, RowState, accept_rows, check_report, faulty_table, mend, read_report
from nbcase.store.desk_database import reading, writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, counter_for  # noqa: F401 - a fixture
from tests.parts.reports import COLUMNS, FAULTS, good_row, write_csv


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:  # noqa: F811
    return counter_for(people=0)


def take_in(counter: Counter, report: Report) -> Report:
    """Accept what can be."""
    return replace(report, rows=tuple(accept_rows(counter.desk, counter.clerk.record, report, "样房东")))


def stored(desk: Desk) -> tuple[int, int, int, int]:
    """How many residents, dwellings, registrations and cases there are."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        return (len(shelf.find(Resident)), len(shelf.find(Dwelling)), len(shelf.find(Registration)), len(shelf.find(Case)))


def test_good_rows_come_in_once_and_bad_ones_stay_out_with_their_column(counter: Counter, tmp_path: Path) -> None:
    rows = [good_row(place) for place in range(6 + len(FAULTS))]
    for place, fault in enumerate(FAULTS.values(), 6):
        fault(rows[place])
    path = write_csv(tmp_path / "report.csv", rows)
    report = read_report(counter.desk, path)
    assert [row.state for row in report.rows] == [RowState.READY] * 6 + [RowState.FAULTY] * len(FAULTS)
    assert all(row.problems[0].key for row in report.rows[6:]), "every fault names its column"
    assert report.unknown == ()
    assert stored(counter.desk) == (0, 0, 0, 0), "reading writes nothing"

    done = take_in(counter, report)
    assert done.count(RowState.ACCEPTED) == 6
    assert stored(counter.desk) == (6, 2, 6, 6)
    with reading(counter.desk.engine) as connection:
        case = Shelf(connection).find(Case, number=done.rows[0].case_number)[0]
    assert "样房东申报，report.csv 第 2 行" in case.materials[0].note

    again = take_in(counter, read_report(counter.desk, path))
    assert (again.count(RowState.KNOWN), again.count(RowState.ACCEPTED)) == (6, 0)
    assert stored(counter.desk) == (6, 2, 6, 6)


def test_a_bad_row_is_mended_in_place_and_comes_in_then(counter: Counter, tmp_path: Path) -> None:
    rows = [good_row(place) for place in range(3)]
    right = rows[1]["公民身份号码"]
    FAULTS["checksum"](rows[1])
    report = read_report(counter.desk, write_csv(tmp_path / "r.csv", rows))
    assert [row.state for row in report.rows] == [RowState.READY, RowState.FAULTY, RowState.READY]
    still = mend(counter.desk, report, 3, {"phone": "19900001234"})
    assert still.rows[1].state is RowState.FAULTY
    mended = mend(counter.desk, still, 3, {"document_number": right})
    assert mended.rows[1].state is RowState.READY
    assert mended.rows[1].answers["phone"] == "19900001234"
    assert take_in(counter, mended).count(RowState.ACCEPTED) == 3
    with pytest.raises(LookupError):
        mend(counter.desk, mended, 99, {})


def test_the_faulty_rows_are_a_table_of_their_own_that_can_be_read_again(counter: Counter, tmp_path: Path) -> None:
    rows = [good_row(place) for place in range(4)]
    FAULTS["no phone"](rows[2])
    report = read_report(counter.desk, write_csv(tmp_path / "r.csv", rows))
    head, line = faulty_table(report)
    assert line[-1] == report.rows[2].reason
    path = write_csv(tmp_path / "mended.csv", [{**dict(zip(head, line, strict=True)), "手机": "19900001234"}], columns=tuple(head))
    assert [row.state for row in read_report(counter.desk, path).rows] == [RowState.READY]


def test_one_number_twice_in_a_file_is_told_at_the_second(counter: Counter, tmp_path: Path) -> None:
    report = read_report(counter.desk, write_csv(tmp_path / "r.csv", [good_row(0), good_row(1), good_row(0)]))
    assert [row.state for row in report.rows] == [RowState.READY, RowState.READY, RowState.FAULTY]
    assert "第 2 行" in report.rows[2].reason


def test_what_the_table_says_of_birth_and_sex_must_be_what_the_number_says(counter: Counter, tmp_path: Path) -> None:
    columns = (*COLUMNS, "出生日期", "性别")
    rows = [{**good_row(0), "出生日期": "1980/1/1", "性别": "女"}, {**good_row(1), "出生日期": "1980-01-02", "性别": "女"}]
    report = read_report(counter.desk, write_csv(tmp_path / "r.csv", rows, columns=columns))
    assert report.rows[0].state is RowState.READY
    assert [problem.key for problem in report.rows[1].problems] == ["birth_on", "sex_code"]


def test_an_old_report_does_not_bring_back_who_moved_out(counter: Counter, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [good_row(0)])
    take_in(counter, read_report(counter.desk, path))
    with writing(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        (entry,) = shelf.find(Registration)
        shelf.write(replace(entry, state=RegistrationState.ENDED, ended_on=counter.desk.today()))
    (row,) = read_report(counter.desk, path).rows
    assert row.state is RowState.FAULTY
    assert "离开" in row.reason


def test_what_only_the_act_can_refuse_is_told_with_its_row(counter: Counter, tmp_path: Path) -> None:
    child = {**good_row(0), "公民身份号码": make_number("330299", date(2020, 1, 1), 1)}
    done = take_in(counter, read_report(counter.desk, write_csv(tmp_path / "r.csv", [child, good_row(1)])))
    assert [row.state for row in done.rows] == [RowState.FAULTY, RowState.ACCEPTED]
    assert "监护人" in done.rows[0].reason
    assert check_report(counter.desk, done).rows[1].state is RowState.ACCEPTED


def test_excel_csv_and_the_old_chinese_encoding_say_the_same(counter: Counter, tmp_path: Path) -> None:
    rows = [good_row(place) for place in range(5)]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append([date(2026, 11, 20) if name == "来本地日期" else row[name] for name in COLUMNS])
    book.save(tmp_path / "r.xlsx")
    read = [
        read_report(counter.desk, tmp_path / "r.xlsx"),
        read_report(counter.desk, write_csv(tmp_path / "r.csv", rows)),
        read_report(counter.desk, write_csv(tmp_path / "old.csv", rows, "gb18030")),
    ]
    assert read[0].rows == read[1].rows == read[2].rows
    assert read[0].count(RowState.READY) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "没有数据"),
        (b"PK\x03\x04 broken", "不是 Excel"),
        ("姓名,电话\n样甲,1\n".encode(), "缺少这些列：公民身份号码、居住地址"),
        ("姓名,姓名\n样甲,1\n".encode(), "有两个"),
        (b"\xff\xfe\xff\xff\x80", "文字编码"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(counter: Counter, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_report(counter.desk, path)


def test_a_file_that_is_not_there_is_refused_in_words(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="打不开"):
        read_report(counter.desk, tmp_path / "none.csv")
