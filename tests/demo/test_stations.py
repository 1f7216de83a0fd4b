"""Demo stations cover the city, say that they are for show, and have people who can do every step."""

from nbcase.demo.stations import clerk_id, clerks, stations
from nbcase.domain.clerk import Role
from nbcase.domain.divisions import divisions

KEY = b"k" * 32


def test_every_division_has_a_station_that_says_it_is_for_show() -> None:
    assert {station.division_code for station in stations()} == {entry.code for entry in divisions()}
    assert all("演示" in station.name for station in stations())


def test_codes_prefixes_logins_and_ids_are_unique() -> None:
    everybody = clerks(KEY)
    for values in (
        [station.code for station in stations()],
        [station.prefix for station in stations()],
        [clerk.login for clerk in everybody],
        [clerk.id for clerk in everybody],
    ):
        assert len(set(values)) == len(values)


def test_every_station_can_accept_and_decide() -> None:
    for station in stations():
        assert {Role.CLERK, Role.REVIEWER} <= {clerk.role for clerk in clerks(KEY) if clerk.station_code == station.code}


def test_the_three_people_of_the_demo_desk_sign_in_by_their_logins() -> None:
    by_login = {clerk.login: clerk for clerk in clerks(KEY)}
    assert [(by_login[login].name, by_login[login].role) for login in ("chen", "gu", "shen")] == [
        ("陈砚秋", Role.CLERK),
        ("顾闻笛", Role.REVIEWER),
        ("沈知行", Role.SUPERVISOR),
    ]
    assert {by_login[login].station_code for login in ("chen", "gu", "shen")} == {stations()[0].code}
    assert by_login["chen"].password == "demo-chen"
    assert by_login["chen"].id == clerk_id(KEY, "chen")
