"""A delivery is taken in as a whole or not at all; what cannot be used of it is set aside with its reason, never guessed."""

from datetime import date
from itertools import count
from pathlib import Path

import duckdb
import msgspec
import pytest

from nbcase.exchange.archive import CHANGED, Archive
from nbcase.exchange.delivery import DeliveryError, Manifest, file_hash, read_manifest, write_manifest
from tests.parts.departments import CATALOGUE, PEOPLE, deliver_month, register, take_in, write_csv

EDUCATION = "document_number,level_code,awarded_on"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An archive that knows three people."""
    register(tmp_path / "person", tmp_path / "data")
    return tmp_path / "data"


def prepared(data: Path, table: str, key: str = "2026-10-r001") -> list[tuple[object, ...]]:
    """What the rules will see."""
    return duckdb.read_parquet(str(Archive(data).folder(table, key) / "prepared.parquet")).fetchall()


def whole(data: Path) -> list[str]:
    """Every file of the archive."""
    return sorted(path.relative_to(data).as_posix() for path in data.rglob("*"))


def test_dates_come_out_as_whole_numbers_for_the_right_people(data: Path, tmp_path: Path) -> None:
    rows = [EDUCATION, f"{PEOPLE[0]},college,2006-07-01", f" {PEOPLE[2].lower()} ,undergraduate,2018-02-28"]
    quality = take_in(write_csv(tmp_path / "in", "education", rows), data)
    assert (quality.taken, quality.set_aside, quality.people) == (2, {}, 2)
    assert prepared(data, "education") == [
        (1, "college", date(2006, 7, 1).toordinal(), 20060701),
        (3, "undergraduate", date(2018, 2, 28).toordinal(), 20180228),
    ]


def test_each_row_that_cannot_be_used_is_set_aside_with_its_reason(data: Path, tmp_path: Path) -> None:
    good = [f"{PEOPLE[0]},contract,{2000 + n // 12}-{n % 12 + 1:02d}-01,2026-01-01" for n in range(300)]
    bad = [
        "330299190001010000,contract,2020-01-01,",
        f"{PEOPLE[0]},contract,2020-02-30,",
        f"{PEOPLE[0]},,2020-01-01,",
        f"{PEOPLE[0]},contract,1800-01-01,",
        f"{PEOPLE[0]},contract,2020-01-01,2019-12-31",
        good[0],
    ]
    folder = write_csv(tmp_path / "in", "employment", ["document_number,kind_code,first_on,last_on", *good, *bad])
    quality = take_in(folder, data)
    assert quality.set_aside == {
        "unknown_number": 1,
        "wrong_type": 1,
        "missing": 1,
        "out_of_range": 1,
        "ends_before_it_begins": 1,
        "doubled": 1,
    }
    assert quality.taken == len(prepared(data, "employment")) == 300
    aside = duckdb.read_parquet(str(Archive(data).folder("employment", "2026-10-r001") / "set-aside.parquet"))
    assert {row[2] for row in aside.project("reason, document_number, w_first_on").filter("reason = 'wrong_type'").fetchall()} == {
        "2020-02-30"
    }


def test_one_person_written_in_two_ways_is_one_person_with_the_second_row_set_aside(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    others = [f"33029919900101{n:04d},1990-01-01,330211,normal" for n in range(100)]
    twice = ["33029919840302003X,1984-03-02,330211,normal", " 33029919840302003x ,1984-03-02,330225,normal"]
    lines = ["document_number,born_on,district_code,permit_state_code", *twice, *others]
    quality = take_in(write_csv(tmp_path / "in", "person", lines), data)
    assert (quality.taken, quality.people, quality.set_aside) == (101, 101, {"doubled": 1})
    persons = [number for number, _ in duckdb.read_parquet(str(Archive(data).persons)).fetchall()]
    assert persons.count("33029919840302003X") == 1
    assert len(persons) == len(prepared(data, "person")) == 101
    (kept,) = [row for row in prepared(data, "person") if row[0] == persons.index("33029919840302003X") + 1]
    assert kept[3] == "330211"


def test_of_a_wrong_and_a_right_row_of_one_person_the_right_one_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    others = [f"33029919900101{n:04d},1990-01-01,330211,normal" for n in range(100)]
    twice = ["33029919840302003X,1984-02-30,330203,normal", "33029919840302003X,1984-03-02,330225,normal"]
    lines = ["document_number,born_on,district_code,permit_state_code", *twice, *others]
    quality = take_in(write_csv(tmp_path / "in", "person", lines), data)
    assert (quality.taken, quality.people, quality.set_aside) == (101, 101, {"wrong_type": 1})


def test_a_corrected_delivery_names_whose_rows_are_others(data: Path, tmp_path: Path) -> None:
    first = [EDUCATION, f"{PEOPLE[0]},college,2006-07-01", f"{PEOPLE[1]},college,2006-07-01"]
    take_in(write_csv(tmp_path / "first", "education", first), data)
    second = [EDUCATION, f"{PEOPLE[2]},below,2006-07-01", f"{PEOPLE[1]},college,2006-07-01"]
    take_in(write_csv(tmp_path / "second", "education", second, revision=2), data)
    archive = Archive(data)
    assert not (archive.folder("education", "2026-10-r001") / CHANGED).exists()
    (path,) = archive.changed({"education": "2026-10-r001"}, {"education": "2026-10-r002"})
    numbers = [
        row[0] for row in duckdb.sql(f"SELECT n.document_number FROM '{path}' JOIN '{archive.persons}' AS n USING (person)").fetchall()
    ]
    assert sorted(numbers) == sorted((PEOPLE[0], PEOPLE[2]))


def test_a_month_with_a_fraction_is_set_aside_and_not_rounded(data: Path, tmp_path: Path) -> None:
    lines = ["document_number,scheme_code,area_code,first_month,last_month", *(f"{PEOPLE[0]},a,b,{24_000 + n}," for n in range(99))]
    quality = take_in(write_csv(tmp_path / "in", "insurance", [*lines, f"{PEOPLE[0]},a,b,24300.7,"]), data)
    assert quality.set_aside == {"wrong_type": 1}


def test_a_wrong_byte_deep_in_a_file_refuses_it(data: Path, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "in", "education", [EDUCATION, *(f"{PEOPLE[0]},college,2006-07-01" for _ in range(60_000))])
    path = folder / "data.csv"
    path.write_bytes(path.read_bytes()[:-15] + b"\xff" + path.read_bytes()[-14:])
    _change(folder, sha256=file_hash(path))
    before = whole(data)
    with pytest.raises(DeliveryError, match="读不出来"):
        take_in(folder, data)
    assert whole(data) == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "data.csv").write_bytes((folder / "data.csv").read_bytes()[:-9]), "校验值与清单不符"),
        (lambda folder: (folder / "data.csv").unlink(), "读不到 data.csv"),
        (lambda folder: (folder / "manifest.json").unlink(), "没有 manifest.json"),
        (lambda folder: (folder / "manifest.json").write_bytes(b'{"table": 1}'), "不合格式"),
        (lambda folder: _change(folder, rows=5), "清单写 5 行，文件里有 2 行"),
        (lambda folder: _change(folder, table="certificate"), "缺 kind_code，多 level_code"),
        (lambda folder: _change(folder, table="weather"), "清单写的是"),
        (lambda folder: _change(folder, scheme="hangzhou-2022"), "清单写的是"),
        (lambda folder: _change(folder, period="2026-13"), "写法不对"),
        (lambda folder: _change(folder, revision=1000), "写法不对"),
        (lambda folder: _change(folder, file="../person/data.csv"), "同一文件夹"),
        (lambda folder: _change(folder, format="parquet"), "读不出来"),
    ],
)
def test_a_delivery_that_is_not_what_it_says_is_refused_and_the_archive_is_as_before(
    data: Path, tmp_path: Path, spoil: object, words: str
) -> None:
    folder = write_csv(tmp_path / "in", "education", [EDUCATION, f"{PEOPLE[0]},college,2006-07-01", f"{PEOPLE[1]},below,2006-07-01"])
    before = whole(data)
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(DeliveryError, match=words) as caught:
        take_in(folder, data)
    assert whole(data) == before
    assert caught.value.safe


def _change(folder: Path, **fields: object) -> None:
    write_manifest(folder, msgspec.structs.replace(read_manifest(folder), **fields))


def test_too_many_rows_that_cannot_be_used_refuse_the_whole(data: Path, tmp_path: Path) -> None:
    before = whole(data)
    folder = write_csv(tmp_path / "in", "education", [EDUCATION, *(f"33029919000101{n:04d},college,2006-07-01" for n in range(10))])
    with pytest.raises(DeliveryError, match="unknown_number 10"):
        take_in(folder, data)
    assert whole(data) == before


def test_gb_18030_is_read_and_a_wrong_byte_is_refused(data: Path, tmp_path: Path) -> None:
    rows = ["document_number,kind_code,first_on,last_on", f"{PEOPLE[0]},\ue863㐂,2020-01-01,"]
    take_in(write_csv(tmp_path / "in", "employment", rows, encoding="gb18030"), data)
    assert prepared(data, "employment")[0][1] == "\ue863㐂"
    folder = write_csv(tmp_path / "wrong", "employment", rows, encoding="gb18030", revision=2)
    path = folder / "data.csv"
    path.write_bytes(path.read_bytes().replace(b"2020", b"\xff\xff20"))
    _change(folder, sha256=file_hash(path))
    with pytest.raises(DeliveryError, match="不是 gb18030 编码"):
        take_in(folder, data)


def test_late_and_corrected_deliveries_are_kept_beside_the_first_and_a_past_day_knows_its_own(data: Path, tmp_path: Path) -> None:
    places = count()

    def deliver(period: str, revision: int) -> object:
        folder = write_csv(
            tmp_path / f"in-{next(places)}", "education", [EDUCATION, f"{PEOPLE[0]},college,2006-07-01"], period=period, revision=revision
        )
        quality = take_in(folder, data)
        return quality.is_late, quality.replaces, quality.previous_rows

    assert deliver("2026-10", 1) == (False, "", None)
    assert deliver("2026-11", 1) == (False, "", 1)
    assert deliver("2026-10", 2) == (True, "2026-10-r001", 1)
    assert deliver("2026-10", 4) == (True, "2026-10-r002", 1)
    assert deliver("2026-10", 3) == (True, "2026-10-r002", 1)
    with pytest.raises(DeliveryError, match="已经收下过"):
        deliver("2026-10", 2)
    archive = Archive(data)
    tables = list(CATALOGUE.tables)
    assert archive.cut(tables, date(2026, 10, 31)) == {"person": "2026-10-r001", "education": "2026-10-r004"}
    assert archive.cut(tables, date(2026, 11, 30))["education"] == "2026-11-r001"
    assert archive.cut(tables, date(2026, 9, 30)) == {}


def test_everybody_keeps_the_number_of_the_first_delivery(data: Path, tmp_path: Path) -> None:
    rows = [f"{number},1990-01-01,330211,normal" for number in ("330299180001010000", *PEOPLE[1:])]
    lines = ["document_number,born_on,district_code,permit_state_code", *rows]
    take_in(write_csv(tmp_path / "next", "person", lines, period="2026-11"), data)
    assert duckdb.read_parquet(str(Archive(data).persons)).fetchall() == [*zip(PEOPLE, (1, 2, 3), strict=True), ("330299180001010000", 4)]


def test_nothing_is_taken_before_the_register(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DeliveryError, match="还没有收过人员名单"):
        take_in(write_csv(tmp_path / "in", "education", [EDUCATION, f"{PEOPLE[0]},college,2006-07-01"]), tmp_path / "data")


def test_a_generated_month_is_the_same_for_the_same_seed_and_is_all_taken(tmp_path: Path) -> None:
    deliver_month(tmp_path / "one", tmp_path / "data", 2_000, date(2026, 10, 31))
    deliver_month(tmp_path / "two", tmp_path / "data2", 2_000, date(2026, 10, 31))
    deliver_month(tmp_path / "three", tmp_path / "data3", 2_000, date(2026, 10, 31), seed=2)

    def digests(folder: Path) -> list[tuple[str, int, int]]:
        manifests: list[Manifest] = [read_manifest(path) for path in sorted(folder.iterdir())]
        rows = [duckdb.read_parquet(str(folder / f"{one.table}-{one.period}-r001" / one.file)) for one in manifests]
        return [(one.table, one.rows, hash(frozenset(found.fetchall()))) for one, found in zip(manifests, rows, strict=True)]

    assert digests(tmp_path / "one") == digests(tmp_path / "two") != digests(tmp_path / "three")
    archive = Archive(tmp_path / "data")
    for table in CATALOGUE.tables:
        quality = archive.quality(table, "2026-10-r001")
        assert (quality.set_aside, quality.taken) == ({}, quality.manifest.rows)
        assert quality.taken > 100
