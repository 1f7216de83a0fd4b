"""A file that can never be brought: its act goes to quarantine with the reason, and everything behind it goes on."""

import pytest
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.server import uploads
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.sync.loop import SyncLoop
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def _answers(desk: WorkingDesk) -> list[tuple[str | None, str]]:
    """Outcome of every act, and the first words of the reason."""
    with reading(desk.engine) as connection:
        rows = connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.sequence)).all()
    return [(row.outcome, row.reason.partition("：")[0]) for row in rows]


def _three_acts(desk: WorkingDesk) -> None:
    """The one in the middle names two files."""
    desk.act(desk.resident())
    desk.act(desk.resident(), files=(b"front", b"back"))
    desk.act(desk.resident(), files=(b"other",))


@pytest.mark.parametrize(
    "loss",
    [
        sa.delete(tables.attachment_content).where(tables.attachment_content.c.hash.in_(sa.select(sa.text("hash FROM lost")))),
        sa.delete(tables.attachment_chunk).where(tables.attachment_chunk.c.file_id.in_(sa.select(sa.text("file_id FROM lost")))),
        sa.update(tables.attachment_chunk)
        .where(tables.attachment_chunk.c.file_id.in_(sa.select(sa.text("file_id FROM lost"))))
        .values(content=b"fromt"),
    ],
    ids=["the file is gone", "its content is gone", "its content is damaged"],
)
def test_an_act_whose_file_is_lost_is_quarantined_and_the_later_ones_go_on(
    centre: RunningCentre, make_desk: MakeDesk, loss: sa.Executable
) -> None:
    desk = make_desk("li")
    _three_acts(desk)
    with writing(desk.engine) as connection:
        connection.exec_driver_sql(
            "CREATE TEMP TABLE lost AS SELECT hash, file_id FROM attachment_content WHERE file_id IN"
            " (SELECT file_id FROM attachment_chunk WHERE content = x'66726f6e74')"
        )
        connection.execute(loss)
        connection.exec_driver_sql("DROP TABLE lost")
    SyncLoop(desk.contact).run_once()
    status = SyncLoop(desk.contact).run_once()
    assert _answers(desk) == [("accepted", ""), ("quarantined", "附件缺失"), ("accepted", "")]
    assert (status.waiting, status.quarantined, status.confirmed, status.is_equal) == (0, 1, 3, True)


def test_a_file_that_is_too_large_for_the_centre_holds_up_its_own_act_only(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk("li")
    _three_acts(desk)
    desk.act(desk.resident(), files=(b"much too large",))
    desk.act(desk.resident())
    monkeypatch.setattr(uploads, "MOST_FILE", 10)
    desk.sync()
    assert [outcome for outcome, _ in _answers(desk)] == ["accepted", "accepted", "accepted", "quarantined", "accepted"]


def test_a_note_that_is_not_true_quarantines_nothing(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk("li")
    _three_acts(desk)
    push = desk.client.push
    with reading(desk.engine) as connection:
        ids = list(connection.execute(sa.select(tables.outbox.c.action_id)).scalars())
    monkeypatch.setattr(desk.client, "push", lambda bodies, lacking=(): push(bodies, ids))
    desk.sync()
    assert [outcome for outcome, _ in _answers(desk)] == ["accepted"] * 3


def test_a_file_that_is_only_refused_for_now_puts_nothing_into_quarantine(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk("li")
    _three_acts(desk)

    def refuse(*anything: object) -> None:
        raise UserError("今天不收附件。")

    monkeypatch.setattr("nbcase.sync.files.send_file", refuse)
    assert desk.sync().problem is not None
    assert _answers(desk) == [(None, "")] * 3
    monkeypatch.undo()
    assert desk.sync().waiting == 0
