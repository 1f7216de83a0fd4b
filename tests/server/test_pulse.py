"""The question of a quiet desk: nothing new is said only when nothing is."""

from collections.abc import Iterator

import pytest
import requests
import sqlalchemy as sa

from nbcase.crypto.pulse import pulse_proof
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed
from nbcase.operations.enrol import retire
from nbcase.server.pulse import FRESH_S, Board
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import state
from nbcase.store.feed import START
from nbcase.store.outbox import tally
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


class Quiet:
    """A desk that has just been in contact, and a board that looks when the test says so."""

    def __init__(self, desk: WorkingDesk, centre: RunningCentre) -> None:
        self.desk = desk
        self.at = 100.0
        self.board = Board(centre.centre, monotonic=lambda: self.at)
        self.mark = ""

    def contact(self) -> None:
        """The desk learns what there is to know."""
        self.desk.sync()
        self.board.refresh()
        self.mark = self.board.mark(self.desk.enrolment.identity.station_code)

    def has_news(self, *, refresh: bool = True) -> bool:
        """What the desk is told."""
        if refresh:
            self.board.refresh()
        with reading(self.desk.engine) as connection:
            cursor, sequence = state(connection, "cursor", START), tally(connection).answered
        return self.board.has_news(self.desk.enrolment.identity.desk_id, cursor=cursor, sequence=str(sequence), mark=self.mark)


@pytest.fixture
def quiet(centre: RunningCentre, make_desk: MakeDesk) -> Quiet:
    desk = make_desk("li")
    desk.act(desk.resident())
    found = Quiet(desk, centre)
    found.contact()
    return found


def test_a_desk_that_knows_everything_is_told_nothing_new(quiet: Quiet) -> None:
    assert not quiet.has_news()


def test_a_colleagues_row_is_news_for_the_station_and_not_for_another(quiet: Quiet, centre: RunningCentre, make_desk: MakeDesk) -> None:
    elsewhere, colleague = Quiet(make_desk("sun"), centre), make_desk("li")
    colleague.sync()  # a desk's first contact publishes its keys for papers, which is news for everybody
    elsewhere.contact()
    quiet.contact()
    colleague.act(colleague.resident())
    colleague.sync()
    assert quiet.has_news()
    assert not elsewhere.has_news()
    quiet.contact()
    assert not quiet.has_news()


@pytest.mark.parametrize(
    "change",
    [
        sa.update(tables.centre_metadata.tables["clerk"]).where(sa.text("login = 'zhao'")).values(name="样赵"),
        sa.delete(tables.centre_metadata.tables["clerk"]).where(sa.text("login = 'qian'")),
        sa.update(tables.centre_metadata.tables["station"]).values(name="样站"),
    ],
    ids=["a clerk renamed", "a clerk gone", "a station renamed"],
)
def test_people_that_changed_are_news(quiet: Quiet, centre: RunningCentre, change: sa.Executable) -> None:
    with centre.centre.engine.begin() as connection:
        connection.execute(change)
    assert quiet.has_news()


def test_a_clerk_at_another_station_is_no_news(quiet: Quiet, centre: RunningCentre) -> None:
    clerk = tables.centre_metadata.tables["clerk"]
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(clerk).where(clerk.c.login == "sun").values(name="样孙"))
    assert not quiet.has_news()


def test_a_centre_restored_from_an_older_backup_is_news(quiet: Quiet, centre: RunningCentre) -> None:
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(tables.centre_action))
        connection.execute(sa.update(tables.desk).values(tree_count=0, tree_peaks=[]))
    assert quiet.has_news(), "the desk's own acts are missing"


def test_a_feed_that_went_back_or_got_other_rows_is_news(quiet: Quiet, centre: RunningCentre) -> None:
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(tables.change_feed).values(mark=tables.change_feed.c.mark + 1))
    assert quiet.has_news(), "another row stands at the same place"
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(tables.change_feed))
    assert quiet.has_news(), "the feed is shorter"


def test_an_old_board_says_nothing_for_sure(quiet: Quiet) -> None:
    assert not quiet.has_news()
    quiet.at += FRESH_S + 1
    assert quiet.has_news(refresh=False)


def test_a_desk_that_is_not_known_makes_contact(quiet: Quiet) -> None:
    assert quiet.board.has_news("another", cursor=START, sequence="0", mark="")


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def _ask(http: requests.Session, centre: RunningCentre, desk: WorkingDesk, key: bytes, at: str) -> requests.Response:
    target = "/v1/pulse?cursor=0.0.0&sequence=0&mark=x"
    headers = {
        "Nbcase-Desk": desk.enrolment.identity.desk_id,
        "Nbcase-Time": at,
        "Nbcase-Signature": pulse_proof(key, target=target, at=at),
    }
    return http.get(centre.url + target, headers=headers, timeout=10)


def test_only_the_desk_with_its_key_and_the_right_time_is_answered(
    http: requests.Session, centre: RunningCentre, make_desk: MakeDesk, clock: SetClock
) -> None:
    desk, other = make_desk("li"), make_desk("zhao")
    board = Board(centre.centre)
    key, others = (bytes.fromhex(board.key(each.enrolment.identity.desk_id)) for each in (desk, other))
    now = clock.now().isoformat()
    assert _ask(http, centre, desk, key, now).json()["has_news"] is True
    assert _ask(http, centre, desk, others, now).status_code == 401
    assert _ask(http, centre, desk, b"", now).status_code == 401
    late = _ask(http, centre, desk, key, "2026-03-02T03:00:00+00:00")
    assert (late.status_code, late.json()["code"]) == (401, "clock")
    assert _ask(http, centre, desk, key, "").status_code == 401


def test_a_retired_desk_is_told_so_by_the_pulse_too(quiet: Quiet, centre: RunningCentre, clock: SetClock) -> None:
    with centre.centre.engine.begin() as connection:
        retire(connection, quiet.desk.enrolment.identity.desk_id, clock.now())
    with pytest.raises(NotAllowed, match="停用"):
        quiet.has_news()
