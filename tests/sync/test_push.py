"""A long outbox: batches behind each other, what the centre keeps of them, and what it refuses to keep."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from nbcase.domain.action import Action, TreeHash, action_hash, canonical
from nbcase.domain.errors import Offline
from nbcase.operations.messages import BatchAnswer, ReconcileRequest
from nbcase.store import tables
from nbcase.store.action_trees import counted_tree, kept_tree
from nbcase.store.desk_database import reading
from nbcase.store.outbox import next_batch
from nbcase.sync import stages
from nbcase.sync.stages import push
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def answered(desk: WorkingDesk) -> list[str | None]:
    """Outcomes in the desk's order."""
    with reading(desk.engine) as connection:
        return list(connection.execute(sa.select(tables.outbox.c.outcome).order_by(tables.outbox.c.sequence)).scalars())


def digests(centre: RunningCentre, desk: WorkingDesk) -> tuple[tuple[int, str], tuple[int, str]]:
    """Count and digest of the kept tree, and of one made from the actions."""
    desk_id = desk.enrolment.identity.desk_id
    with centre.centre.engine.begin() as connection:
        kept, counted = kept_tree(connection, desk_id), counted_tree(connection, desk_id, 10**6)
    return (kept.count, kept.hexdigest()), (counted.count, counted.hexdigest())


def test_batches_follow_each_other_in_order_and_each_answer_is_kept(
    centre: RunningCentre, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "BATCH", 3)
    desk = make_desk("li")
    acts = [desk.act(desk.resident()) for _ in range(8)]
    push(desk.contact)
    assert answered(desk) == ["accepted"] * 8
    with centre.centre.engine.begin() as connection:
        query = sa.select(tables.centre_action.c.id).order_by(tables.centre_action.c.sequence)
        assert list(connection.execute(query).scalars()) == [act.id for act in acts]
    kept, counted = digests(centre, desk)
    assert kept == counted
    assert kept[0] == 8


def test_a_line_that_breaks_in_the_second_batch_leaves_the_first_one_answered(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "BATCH", 3)
    desk = make_desk("li")
    for _ in range(8):
        desk.act(desk.resident())
    send, sent = desk.client.push, []

    def breaks(bodies: list[bytes], *lacking: list[str]) -> BatchAnswer:
        sent.append(len(bodies))
        if len(sent) == 2:
            raise Offline("cut")
        return send(bodies, *lacking)

    monkeypatch.setattr(desk.client, "push", breaks)
    with pytest.raises(Offline):
        push(desk.contact)
    assert answered(desk) == ["accepted"] * 3 + [None] * 5
    push(desk.contact)
    assert answered(desk) == ["accepted"] * 8
    assert sent == [3, 3, 3, 2]


def test_answers_to_other_actions_are_not_taken(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk("li")
    desk.act(desk.resident())
    desk.act(desk.resident())
    send = desk.client.push
    monkeypatch.setattr(desk.client, "push", lambda *sent: BatchAnswer(answers=send(*sent).answers[::-1]))
    with pytest.raises(Offline):
        push(desk.contact)
    assert answered(desk) == [None, None]


def test_a_batch_ends_where_it_would_grow_too_large_but_never_empty(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    for _ in range(3):
        desk.act(desk.resident())
    with reading(desk.engine) as connection:
        one = next_batch(connection, after=0, limit=500, most_bytes=1)
        size = len(one.bodies[0]) if one else 0
        two = next_batch(connection, after=0, limit=500, most_bytes=int(size * 2.5))
        rest = next_batch(connection, after=2, limit=500, most_bytes=1)
        none = next_batch(connection, after=3, limit=500, most_bytes=1)
    assert one is not None
    assert (one.first, one.last, one.has_more) == (1, 1, True)
    assert two is not None
    assert (two.first, two.last, two.has_more) == (1, 2, True)
    assert rest is not None
    assert (rest.last, rest.has_more) == (3, False)
    assert none is None


def test_a_tree_that_does_not_end_at_the_last_action_is_made_anew(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    for _ in range(3):
        desk.act(desk.resident())
    push(desk.contact)
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(tables.desk).values(tree_count=1, tree_peaks=["00" * 32]))
    kept, counted = digests(centre, desk)
    assert kept == counted


def test_a_hash_that_was_changed_at_the_centre_shows_at_the_next_whole_check(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    for _ in range(3):
        desk.act(desk.resident())
    assert desk.sync().is_equal
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.update(tables.centre_action).where(tables.centre_action.c.sequence == 2).values(hash="1" * 64))
    with reading(desk.engine) as connection:
        count, digest = desk.contact.tree.advance(connection)
    kept = desk.client.reconcile(ReconcileRequest(count=count, digest=digest))
    whole = desk.client.reconcile(ReconcileRequest(count=count, digest=digest, is_whole=True))
    assert kept.digest == digest
    assert whole.digest != digest


@pytest.mark.parametrize("change", [{"id": "x\x00"}, {"attachments": ("../../etc",)}])
def test_an_action_named_as_no_desk_does_is_refused_and_what_stands_before_it_is_taken(
    make_desk: MakeDesk, change: dict[str, object]
) -> None:
    desk = make_desk("li")
    good, bad = desk.act(desk.resident()), desk.act(desk.resident())
    answer = desk.client.push([canonical(good), canonical(_hashed(replace(bad, **change)))])  # type: ignore[arg-type]
    assert [entry.action_id for entry in answer.answers] == [good.id]
    assert answer.refused is not None
    assert "编号" in answer.refused.what


@pytest.mark.parametrize("record_id", ["a\x00b", "x" * 5000])
def test_a_record_id_that_the_database_cannot_keep_is_quarantined(make_desk: MakeDesk, record_id: str) -> None:
    desk = make_desk("li")
    act = desk.act(desk.resident())
    bad = _hashed(replace(act, changes=(replace(act.changes[0], record_id=record_id),)))
    (answer,) = desk.client.push([canonical(bad)]).answers
    assert answer.outcome.value == "quarantined"


def _hashed(action: Action) -> Action:
    return replace(action, hash=action_hash(action))


def test_the_empty_tree_has_no_peaks() -> None:
    assert TreeHash().peaks() == []
