"""Where a number comes from and where an address lies: no more said than the codes can carry."""

import pytest

from nbcase.domain.divisions import division, division_of_address, divisions, full_name, origin, province_name
from nbcase.domain.identity import origin_name


@pytest.mark.parametrize(
    ("area", "place"),
    [
        ("330211", "浙江省宁波市镇海区"),
        ("330204", "浙江省宁波市江东区（已撤销）"),
        ("330283", "浙江省宁波市奉化市（已撤销）"),
        ("330221", "浙江省宁波市原属县（已撤销）"),
        ("330298", "浙江省宁波市"),
        ("330299", "浙江省宁波市（演示区划）"),
        ("331002", "浙江省"),
        ("341225", "安徽省"),
        ("830000", "台湾省"),
        ("990000", None),
    ],
)
def test_the_origin_is_exact_for_ningbo_and_a_province_elsewhere(area: str, place: str | None) -> None:
    assert origin(area) == place


def test_ningbo_has_ten_divisions() -> None:
    assert [entry.code for entry in divisions()] == [
        "330203", "330205", "330206", "330211", "330212", "330213", "330225", "330226", "330281", "330282",
    ]  # fmt: skip
    assert full_name("330282") == "浙江省宁波市慈溪市"
    assert full_name("110101") == ""


def test_a_retired_division_tells_its_last_year_where_it_is_known() -> None:
    retired = division("330204")
    assert retired is not None
    assert (retired.name, retired.is_retired, retired.until) == ("江东区", True, 2016)
    assert division("330202") is not None
    assert division("110101") is None


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("骆驼街道锦绣里小区3幢2单元401室", "330211"),
        ("浙江省宁波市鄞州区骆驼路1号", "330212"),
        ("宁波市鄞州区骆驼街道", "330212"),
        ("余姚市阳明街道慈溪市路8号", "330281"),
        ("云帆路18号", None),
        ("", None),
    ],
)
def test_an_address_is_placed_by_division_then_by_street(address: str, code: str | None) -> None:
    assert division_of_address(address) == code


def test_no_street_is_in_two_divisions() -> None:
    streets = [street for entry in divisions() for street in entry.streets]
    assert len(streets) == len(set(streets))


@pytest.mark.parametrize("digits", [f"{n:02d}" for n in range(100)])
def test_provinces_are_those_that_numbers_are_checked_against(digits: str) -> None:
    assert (province_name(digits + "0100") or "") == origin_name(digits + "0100")
