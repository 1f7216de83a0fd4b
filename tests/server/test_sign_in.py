"""Signing in at a desk whose data is encrypted."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from nbcase.crypto.clerk_secret import new_clerk_secret
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.operations.sign_in import sign_in
from nbcase.store.tables import centre_metadata
from tests.parts.centres import CHEAP, PASSWORD, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def _sign_in(desk: WorkingDesk, login: str = "li", password: str = PASSWORD) -> None:
    sign_in(desk.folder, desk.vault, login, password, desk.clock.now()).engine.dispose()


def test_a_wrong_password_and_an_unknown_login_read_the_same(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    for login, password in (("li", "wrong"), ("nobody", PASSWORD), ("sun", PASSWORD)):
        with pytest.raises(NotAllowed, match="登录名或密码不对"):
            _sign_in(desk, login, password)
    _sign_in(desk)


def test_five_wrong_passwords_lock_even_the_right_one_until_the_wait_is_over(make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("li")
    for _ in range(5):
        with pytest.raises(NotAllowed):
            _sign_in(desk, password="wrong")
    with pytest.raises(NotAllowed, match="已暂停"):
        _sign_in(desk)
    clock.advance(timedelta(minutes=1))
    _sign_in(desk)


def test_a_changed_password_reaches_the_desk_and_the_old_one_is_dead(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("zhao")
    salt, public_key, _ = new_clerk_secret("new password", cost=CHEAP)
    table = centre_metadata.tables["clerk"]
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.login == "li").values(salt=salt, public_key=public_key))
    _sign_in(desk)
    assert desk.sync().problem is None
    with pytest.raises(NotAllowed):
        _sign_in(desk)
    _sign_in(desk, password="new password")


def test_days_without_the_centre_are_bounded_where_the_clerk_has_a_last_day(
    centre: RunningCentre, make_desk: MakeDesk, clock: SetClock
) -> None:
    desk = make_desk("zhao")
    table = centre_metadata.tables["clerk"]
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.login == "li").values(valid_until_on=date(2026, 3, 3)))
    desk.sync()
    _sign_in(desk)
    clock.advance(timedelta(days=2))
    with pytest.raises(NotAllowed, match="2026-03-03"):
        _sign_in(desk)


def test_a_clerk_who_left_the_station_loses_the_way_in(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("zhao")
    table = centre_metadata.tables["clerk"]
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(table).where(table.c.login == "li"))
    desk.sync()
    assert set(desk.vault.slots()) == {"qian", "zhao"}
    with pytest.raises(NotAllowed):
        _sign_in(desk)


def test_a_spoilt_slot_is_told_apart_from_a_wrong_password(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    slots = dict(desk.vault.slots())
    desk.vault.replace({**slots, "li": replace(slots["li"], box="00" * 124)})
    with pytest.raises(UserError, match="密钥文件已损坏"):
        _sign_in(desk)
    _sign_in(desk, "qian")


def test_the_database_is_unreadable_without_the_slot(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.act(desk.resident("独一无二样"))
    content = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())
    assert "独一无二样".encode() not in content
    assert b"SQLite format" not in content
    assert desk.signed_in.secrets.database_key.hex().encode() not in content
    assert desk.signed_in.secrets.database_key not in content
