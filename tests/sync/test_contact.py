"""A desk and its centre over real HTTP, real PostgreSQL, real SQLCipher."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from nbcase.domain.action import Action, action_hash, canonical
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed, Offline, UserError
from nbcase.domain.resident import Resident
from nbcase.operations.messages import BatchAnswer
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.outbox import next_actions
from nbcase.store.shelf import Shelf
from nbcase.sync.client import checked_url
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import push
from tests.parts.centres import RunningCentre, clerk
from tests.parts.desks import MakeDesk, WorkingDesk


def actions_at(centre: RunningCentre) -> list[str]:
    """Ids of all actions that the centre holds."""
    with centre.centre.engine.begin() as connection:
        return list(connection.execute(sa.select(tables.centre_action.c.id).order_by(tables.centre_action.c.sequence)).scalars())


def outbox_of(desk: WorkingDesk) -> list[tuple[str | None, str]]:
    """Outcome and reason of every action of the desk."""
    with reading(desk.engine) as connection:
        rows = connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.sequence)).all()
    return [(row.outcome, row.reason) for row in rows]


def waiting(desk: WorkingDesk) -> list[Action]:
    """The desk's actions without an answer."""
    with reading(desk.engine) as connection:
        return next_actions(connection, 500)


def push_all(desk: WorkingDesk, actions: Sequence[Action]) -> BatchAnswer:
    """Send actions past the outbox."""
    return desk.client.push([canonical(action) for action in actions])


def test_work_done_offline_arrives_once_and_both_sides_agree(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    people = [desk.resident(f"样{n}") for n in range(3)]
    acts = [desk.act(person) for person in people]
    status = desk.sync()
    assert status.problem is None
    assert (status.waiting, status.sent, status.confirmed) == (0, 3, 3)
    assert status.is_equal
    assert status.own_digest == status.centre_digest
    desk.sync()
    assert actions_at(centre) == [act.id for act in acts]
    with centre.centre.engine.begin() as connection:
        for person in people:
            kept = Shelf(connection).need(Resident, person.id)
            assert (kept.name, kept.version) == (person.name, 1)
            assert desk.get(Resident, person.id) == kept


def test_a_batch_sent_twice_is_answered_alike_and_applied_once(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident()
    desk.act(person)
    desk.change(person, phone="13900000001")
    batch = waiting(desk)
    first, second = push_all(desk, batch), push_all(desk, batch)
    assert first == second
    assert [answer.outcome.value for answer in first.answers] == ["accepted", "accepted"]
    assert len(actions_at(centre)) == 2
    with centre.centre.engine.begin() as connection:
        assert Shelf(connection).need(Resident, person.id).version == 2
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.change_feed)).scalar() == 1


def test_an_answer_lost_on_its_way_is_asked_for_again(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.act(desk.resident())
    push_all(desk, waiting(desk))
    assert outbox_of(desk) == [(None, "")]
    status = desk.sync()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 1, True)
    assert len(actions_at(centre)) == 1


def test_a_cut_between_any_two_stages_loses_and_doubles_nothing(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    made = []
    for stage in ("hello", "attachments", "push", "pull", "reconcile"):

        def cut(name: str, wanted: str = stage) -> None:
            if name == wanted:
                raise ConnectionResetError(wanted)

        made.append(desk.act(desk.resident(), files=(stage.encode(),)).id)
        with pytest.raises(ConnectionResetError):
            SyncLoop(desk.contact, before_stage=cut).run_once()
    status = desk.sync()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 5, True)
    assert actions_at(centre) == made


def test_a_file_is_at_the_centre_before_the_act_that_names_it(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(b"front", b"back"))
    early = push_all(desk, waiting(desk))
    assert early.answers == []
    assert sorted(early.missing) == sorted(hashlib.sha256(content).hexdigest() for content in (b"front", b"back"))
    assert actions_at(centre) == []
    assert desk.sync().problem is None
    assert len(actions_at(centre)) == 1
    assert all(centre.centre.blobs.has(content_hash) for content_hash in early.missing)


def test_a_file_that_the_centre_lost_is_sent_again_within_the_push(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(b"scan",))
    with writing(desk.engine) as connection:
        connection.execute(sa.update(tables.attachment_content).values(is_at_centre=True))
    push(desk.contact)
    assert outbox_of(desk) == [("accepted", "")]


def test_the_wrong_role_is_refused_at_the_centre_too_and_holds_nobody_up(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    before, after = desk.resident("样前"), desk.resident("样后")
    desk.act(before)
    # The reviewer's act, claimed to be the clerk's: a desk that was tampered with does not check.
    forged = desk.act(desk.resident("样错"), kind="permit.decide", clerk=clerk("zhao"))
    _rewrite(desk, replace(forged, clerk_id="clerk-li"))
    desk.act(after)
    status = desk.sync()
    assert (status.waiting, status.quarantined, status.is_equal) == (0, 1, True)
    outcomes = outbox_of(desk)
    assert [outcome for outcome, _ in outcomes] == ["accepted", "quarantined", "accepted"]
    assert "您的岗位不能做这一步" in outcomes[1][1]
    with centre.centre.engine.begin() as connection:
        assert sorted(entry.name for entry in Shelf(connection).find(Resident)) == ["样前", "样后"]


def test_a_colleagues_offline_work_is_sent_by_whoever_is_signed_in(make_desk: MakeDesk) -> None:
    desk = make_desk("zhao")
    desk.act(desk.resident(), clerk=clerk("li"))
    desk.sync()
    assert outbox_of(desk) == [("accepted", "")]


def test_work_of_a_clerk_from_elsewhere_is_quarantined_with_the_reason(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), clerk=clerk("sun"))
    desk.sync()
    assert outbox_of(desk)[0][0] == "quarantined"
    assert "不属于本受理点" in outbox_of(desk)[0][1]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": (None, 7)}, "不合格式"),
        ({"name": (None, "样\x00一")}, "数据库不接受"),
        ({"name": (None, "样"), "faith": (None, "x")}, "没有字段 faith"),
        ({"version": (None, 9)}, "没有字段 version"),
        ({"document_kind": (None, None)}, "不合格式"),
    ],
)
def test_one_bad_act_is_quarantined_with_its_reason_and_the_rest_goes_through(
    centre: RunningCentre, make_desk: MakeDesk, fields: dict[str, tuple[object, object]], reason: str
) -> None:
    desk = make_desk("li")
    desk.act(desk.resident("样前"))
    bad = desk.act(desk.resident("样坏"))
    _rewrite(desk, replace(bad, changes=(replace(bad.changes[0], fields={**bad.changes[0].fields, **fields}),)))
    desk.act(desk.resident("样后"))
    status = desk.sync()
    assert [outcome for outcome, _ in outbox_of(desk)] == ["accepted", "quarantined", "accepted"]
    assert reason in outbox_of(desk)[1][1]
    assert (status.waiting, status.quarantined, status.is_equal) == (0, 1, True)
    desk.sync()
    assert len(actions_at(centre)) == 3


def test_a_gap_or_a_broken_chain_is_refused_in_words_and_nothing_is_lost(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    for n in range(3):
        desk.act(desk.resident(f"样{n}"))
    first, second, third = waiting(desk)
    gap = push_all(desk, [first, third])
    assert [answer.action_id for answer in gap.answers] == [first.id]
    assert gap.refused is not None
    assert "不连续" in gap.refused.what
    chained = replace(second, previous_hash="0" * 64)
    broken = push_all(desk, [replace(chained, hash=action_hash(chained))]).refused
    assert broken is not None
    assert "接不上" in broken.what
    changed = push_all(desk, [replace(second, clerk_id="clerk-qian")]).refused
    assert changed is not None
    assert "校验值" in changed.what
    foreign = replace(second, desk_id="another")
    assert push_all(desk, [replace(foreign, hash=action_hash(foreign))]).refused is not None
    assert len(actions_at(centre)) == 1
    assert desk.sync().is_equal
    assert len(actions_at(centre)) == 3


def test_a_centre_that_was_restored_from_a_backup_gets_the_work_again(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    people = [desk.resident(f"样{n}") for n in range(4)]
    for person in people[:2]:
        desk.act(person)
    desk.sync()
    for person in people[2:]:
        desk.act(person, files=(person.name.encode(),))
    assert desk.sync().confirmed == 4
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(tables.centre_action).where(tables.centre_action.c.sequence > 2))
        connection.execute(sa.delete(tables.CENTRE_RECORDS["resident"]).where(sa.column("id").in_([p.id for p in people[2:]])))
        connection.execute(sa.delete(tables.centre_metadata.tables["attachment"]))
    status = desk.sync()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 4, True)
    with centre.centre.engine.begin() as connection:
        assert len(Shelf(connection).find(Resident)) == 4


def test_numbers_are_topped_up_before_they_run_out(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    block = tables.number_block
    with writing(desk.engine) as connection:
        connection.execute(sa.update(block).values(next=302))
    desk.sync()
    with reading(desk.engine) as connection:
        assert [(row.first, row.last) for row in connection.execute(sa.select(block).order_by(block.c.first))] == [(1, 500), (501, 1000)]
    desk.sync()
    with reading(desk.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(block)).scalar() == 2


def test_a_desk_whose_clock_is_wrong_corrects_itself_and_keeps_both_times(make_desk: MakeDesk, clock: SetClock) -> None:
    wrong = SetClock(clock.now() - timedelta(days=1))
    desk = make_desk("li", clock=wrong)
    status = desk.sync()
    assert status.problem is None
    assert status.clock_offset_s == timedelta(days=1).total_seconds()
    act = desk.act(desk.resident())
    assert (act.desk_at, act.estimated_at) == (wrong.now(), clock.now())
    assert desk.sync().is_equal


def test_without_the_centre_the_status_says_so_and_the_work_waits(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sync()
    centre.server.stop()
    desk.act(desk.resident())
    status = desk.sync()
    assert (status.is_online, status.waiting, status.is_equal) == (False, 1, True)
    assert status.problem is not None
    assert status.problem.what == "连不上中心。"
    assert status.next_try_at is not None
    with pytest.raises(Offline):
        desk.client.find_residents(document_kind="id_card", document_number="1", name="", birth_on=None)


def test_nobody_signed_in_means_that_work_waits_but_changes_come(make_desk: MakeDesk) -> None:
    desk, other = make_desk("li"), make_desk("qian")
    person = other.resident()
    other.act(person)
    other.sync()
    desk.act(desk.resident())
    desk.client.sign_out()
    status = desk.sync()
    assert status.problem is not None
    assert "没有人登录" in status.problem.what
    assert (status.is_online, status.waiting) == (True, 1)
    assert desk.get(Resident, person.id) is not None
    with pytest.raises(NotAllowed):
        push_all(desk, waiting(desk))


def test_an_expired_session_is_renewed_without_the_clerk_noticing(make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("li")
    desk.act(desk.resident())
    desk.sync()
    clock.advance(timedelta(hours=13))
    desk.act(desk.resident())
    assert desk.sync().is_equal


def test_everybody_at_any_station_is_found_by_number_or_by_name_and_birth_date(make_desk: MakeDesk) -> None:

    here, there = make_desk("li"), make_desk("sun")
    person = there.resident("样远", birth_on=date(1990, 1, 1))
    there.act(person)
    there.sync()
    by_number = here.client.find_residents(document_kind="id_card", document_number=person.document_number, name="", birth_on=None)
    by_name = here.client.find_residents(document_kind="id_card", document_number="", name="样远", birth_on=date(1990, 1, 1))
    assert [entry.resident for entry in by_number] == [entry.resident for entry in by_name] == [replace(person, version=1)]
    assert here.client.find_residents(document_kind="id_card", document_number="", name="样远", birth_on=date(1990, 1, 2)) == []
    assert here.sync().problem is None
    assert here.get(Resident, person.id) is None, "another station's people are not copied to this desk"


def _rewrite(desk: WorkingDesk, action: Action) -> None:
    """Put a changed last action in the place of the desk's own, rightly hashed."""
    action = replace(action, hash=action_hash(action))
    table = tables.desk_action
    with writing(desk.engine) as connection:
        connection.execute(sa.update(table).where(table.c.sequence == action.sequence).values(hash=action.hash, body=canonical(action)))


@pytest.mark.parametrize("url", ["http://centre.example", "ftp://centre.example", "centre.example", "http://127.0.0.1.evil.example"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(UserError, match="https"):
        checked_url(url)


def test_https_and_this_machine_are_taken() -> None:
    assert checked_url("https://centre.example/") == "https://centre.example"
    assert checked_url("http://127.0.0.1:8700/") == "http://127.0.0.1:8700"
