"""How a computer becomes a desk."""

from datetime import timedelta
from pathlib import Path

import pytest

from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed, Offline, UserError
from nbcase.operations.enrol import enrol, read_enrolment
from nbcase.operations.messages import EnrolAnswer, EnrolRequest
from nbcase.operations.sign_in import is_enrolled, sign_in
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import desk_work
from nbcase.store.people import clerks
from nbcase.store.vault import FileVault
from nbcase.sync.client import enrol_over_http
from tests.parts.centres import PASSWORD, RunningCentre
from tests.parts.desks import MakeDesk


def test_after_enrolment_every_clerk_of_the_station_signs_in_without_the_network(
    centre: RunningCentre, tmp_path: Path, clock: SetClock
) -> None:
    vault = FileVault(tmp_path / "desk")
    made = enrol(tmp_path / "desk", vault, centre.url, centre.code(), lambda request: enrol_over_http(centre.url, request))
    centre.server.stop()
    assert is_enrolled(tmp_path / "desk", vault)
    for login in ("li", "zhao", "qian"):
        signed_in = sign_in(tmp_path / "desk", vault, login, PASSWORD, clock.now())
        assert signed_in.clerk.login == login
        with reading(signed_in.engine) as connection:
            assert read_enrolment(connection) == made
            assert [clerk.login for clerk in clerks(connection)] == ["li", "qian", "zhao"]
        signed_in.engine.dispose()
    assert made.identity.prefix == "JS"


def test_a_code_is_good_once_and_for_three_days(centre: RunningCentre, clock: SetClock) -> None:
    code, late = centre.code(), centre.code()
    first = enrol_over_http(centre.url, EnrolRequest(code=code.lower().replace("-", " "), public_key="aa" * 32))
    again = enrol_over_http(centre.url, EnrolRequest(code=code, public_key="aa" * 32))
    assert (again.desk_id, again.blocks) == (first.desk_id, first.blocks), "the answer may have been lost on its way"
    for bad in (code, "ABCD-EFGH-JKMN", ""):
        with pytest.raises(NotAllowed, match="登记码"):
            enrol_over_http(centre.url, EnrolRequest(code=bad, public_key="bb" * 32))
    clock.advance(timedelta(days=3, seconds=1))
    with pytest.raises(NotAllowed, match="登记码"):
        enrol_over_http(centre.url, EnrolRequest(code=late, public_key="bb" * 32))


def test_an_enrolment_that_fails_leaves_nothing_and_can_be_repeated(centre: RunningCentre, tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "desk")

    def unreachable(request: EnrolRequest) -> EnrolAnswer:
        raise Offline("连不上中心。")

    with pytest.raises(Offline):
        enrol(tmp_path / "desk", vault, centre.url, "x", unreachable)
    assert not is_enrolled(tmp_path / "desk", vault)
    enrol(tmp_path / "desk", vault, centre.url, centre.code(), lambda request: enrol_over_http(centre.url, request))
    assert is_enrolled(tmp_path / "desk", vault)


def test_a_desk_is_not_enrolled_over(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    with pytest.raises(UserError, match="已经登记过"):
        enrol(desk.folder, desk.vault, centre.url, centre.code(), lambda request: enrol_over_http(centre.url, request))


def test_two_desks_of_a_station_get_different_numbers(make_desk: MakeDesk) -> None:
    numbers = []
    for _ in range(2):
        desk = make_desk("li")
        with desk_work(desk.engine, desk.enrolment.identity, desk.clerk, desk.clock.now()) as work:
            numbers.append(work.next_number(2026))
    assert numbers == ["JS-26-0000001", "JS-26-0000501"]
