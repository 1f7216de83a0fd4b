"""Lists that the centre publishes: only what changed travels, a wrong sum or signature is never taken in, a restore is healed."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nbcase.crypto.keys import SigningKey, new_signing_key
from nbcase.domain.errors import UserError
from nbcase.domain.publication import Publication, checksum
from nbcase.operations.messages import PublicationAnswer
from nbcase.operations.publishing import CALENDAR, publish, publish_calendar, working_calendar
from nbcase.server.pulse import Board
from nbcase.store.desk_database import reading
from nbcase.store.publications import publications, standing_entries
from nbcase.store.tables import centre_metadata
from nbcase.sync.client import CentreClient
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

NAME = "样表"


def issue(centre: RunningCentre, entries: dict[str, Any], key: SigningKey | None = None) -> Publication:
    """The centre publishes these."""
    with centre.centre.engine.begin() as connection:
        return publish(connection, key or centre.centre.key, NAME, entries, centre.clock.now())


def at_desk(desk: WorkingDesk) -> dict[str, Any]:
    """What the desk has of the list."""
    with reading(desk.engine) as connection:
        return standing_entries(connection, NAME)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """After which revision each list was asked for, and how many entries came."""
    found = []
    real = CentreClient.publication

    def noted(self: CentreClient, name: str, after: int) -> PublicationAnswer:
        answer = real(self, name, after)
        if name == NAME:
            found.append((after, len(answer.entries)))
        return answer

    monkeypatch.setattr(CentreClient, "publication", noted)
    return found


def test_only_what_changed_travels_and_the_sum_is_the_same(
    centre: RunningCentre, make_desk: MakeDesk, asked: list[tuple[int, int]]
) -> None:
    desk = make_desk("li")
    issue(centre, {"a": 1, "b": {"c": [2]}, "d": 3})
    assert desk.sync().problem is None
    assert at_desk(desk) == {"a": 1, "b": {"c": [2]}, "d": 3}
    assert desk.sync().problem is None
    head = issue(centre, {"a": 1, "b": {"c": [5]}, "e": 4})
    assert issue(centre, {"e": 4, "a": 1, "b": {"c": [5]}}) == head
    assert desk.sync().problem is None
    assert at_desk(desk) == {"a": 1, "b": {"c": [5]}, "e": 4}
    assert asked == [(0, 3), (1, 3)]
    with reading(desk.engine) as connection:
        (kept,) = (head for head in publications(connection) if head.name == NAME)
    assert kept == head
    assert head.checksum == checksum(at_desk(desk))


def test_a_list_that_another_key_signed_is_refused_in_words_and_the_old_one_stands(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    issue(centre, {"a": 1})
    desk.sync()
    issue(centre, {"a": 2}, new_signing_key())
    problem = desk.sync().problem
    assert problem is not None
    assert "不是中心签发的" in problem.what
    assert at_desk(desk) == {"a": 1}
    issue(centre, {"a": 3})
    assert desk.sync().problem is None
    assert at_desk(desk) == {"a": 3}


def test_a_desk_whose_entries_do_not_add_up_fetches_the_whole(
    centre: RunningCentre, make_desk: MakeDesk, asked: list[tuple[int, int]]
) -> None:
    desk = make_desk("li")
    issue(centre, {"a": 1, "b": 2})
    desk.sync()
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE published_entry SET value = '7' WHERE key = 'b'")
    issue(centre, {"a": 5, "b": 2})
    assert desk.sync().problem is None
    assert at_desk(desk) == {"a": 5, "b": 2}
    assert asked == [(0, 2), (1, 1), (0, 2)]


def test_a_restored_centre_with_an_older_revision_is_followed(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    issue(centre, {"a": 1})
    issue(centre, {"a": 2})
    desk.sync()
    with centre.centre.engine.begin() as connection:
        for name in ("publication", "published_entry"):
            connection.execute(sa.delete(centre_metadata.tables[name]))
    issue(centre, {"b": 9})
    assert desk.sync().problem is None
    assert at_desk(desk) == {"b": 9}


def test_a_published_list_is_news_for_a_quiet_desk(centre: RunningCentre, make_desk: MakeDesk) -> None:
    station, board, marks = make_desk("li").enrolment.identity.station_code, Board(centre.centre), []
    for entries in ({"a": 1}, {"a": 2}, {"a": 2}):
        issue(centre, entries)
        board.refresh()
        marks.append(board.mark(station))
    assert marks[0] != marks[1] == marks[2]


def test_the_published_calendar_counts_at_the_desk(centre: RunningCentre, make_desk: MakeDesk, tmp_path: Path) -> None:
    source = tmp_path / "calendar.toml"
    source.write_text(
        '[[year]]\nyear = 2031\nnotice = "样例通知"\nsource = "样例"\n'
        'off = [{ name = "元旦", first = 2031-01-01, last = 2031-01-02 }]\nworked = [2031-01-04]\n'
        '[statutory]\nbasis = "样例"\nfixed = []\nmoving = []\n',
        encoding="utf-8",
    )
    desk = make_desk("li")
    with centre.centre.engine.begin() as connection:
        publish_calendar(connection, centre.centre.key, source, centre.clock.now())
    assert desk.sync().problem is None
    with reading(desk.engine) as connection:
        calendar = working_calendar(connection, None)
        assert set(standing_entries(connection, CALENDAR)) == {"2031"}
    assert calendar.is_working(date(2031, 1, 4))
    assert not calendar.is_working(date(2031, 1, 2))
    assert calendar.is_known(2026)
    source.write_text("[[year]]\nyear = 2031\n", encoding="utf-8")
    with centre.centre.engine.begin() as connection, pytest.raises(UserError, match=r"calendar\.toml"):
        publish_calendar(connection, centre.centre.key, source, centre.clock.now())
