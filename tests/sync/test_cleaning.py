"""What a desk keeps to no purpose goes after a while; what anything names, or the centre once had, never does."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from nbcase.bootstrap.counter import open_counter
from nbcase.domain import ids
from nbcase.domain.document import Attachment
from nbcase.operations.cleaning import clean_files
from nbcase.operations.drafts import DraftFile, discard_draft, keep_draft_file, save_draft
from nbcase.operations.quarantine import give_up
from nbcase.settings import Settings, save_settings
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import CHUNK, add_incoming, begin_incoming, holds_file, incoming_bytes, is_intact, keep_file, note_at_centre
from tests.parts.atwork import at_work
from tests.parts.desks import MakeDesk, WorkingDesk

GRACE = 30
LATER = datetime.now(UTC) + timedelta(days=GRACE + 1)


def clean(desk: WorkingDesk, at: datetime = LATER) -> int:
    return clean_files(desk.engine, at, GRACE)


def has(desk: WorkingDesk, *hashes: str) -> list[bool]:
    with reading(desk.engine) as connection:
        return [holds_file(connection, content_hash) and is_intact(connection, content_hash) for content_hash in hashes]


def pieces(desk: WorkingDesk) -> int:
    with reading(desk.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.attachment_chunk)).scalar_one()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def draft_with(desk: WorkingDesk, draft_id: str, content: bytes) -> DraftFile:
    at = at_work(desk)
    file = keep_draft_file(at, "front", content, "image/png")
    save_draft(at, desk.clerk, draft_id, "residence_registration", "new", {"name": "样一"}, [file])
    return file


def test_a_discarded_drafts_scan_goes_after_the_grace_and_not_before(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    file = draft_with(desk, "d-1", b"\x89PNG" * 100_000)
    assert clean(desk) == 0
    discard_draft(at_work(desk), "d-1")
    assert clean(desk, LATER - timedelta(days=2)) == 0
    assert has(desk, file.hash) == [True]
    assert clean(desk) == 1
    assert has(desk, file.hash) == [False]
    assert pieces(desk) == 0
    assert clean(desk) == 0
    kept = draft_with(desk, "d-2", b"\x89PNG" * 100_000)
    assert has(desk, kept.hash) == [True]


def test_what_an_act_a_draft_or_a_record_names_stays_whatever_became_of_it(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    at = at_work(desk)
    sent, lost, unsent, shared, photo = b"sent", b"lost at the centre", b"unsent", b"in a draft and in an act", b"face"
    desk.act(desk.resident(), files=(sent, lost))
    desk.sync()
    refused = desk.act(desk.resident(station_code="3302129999"), files=(b"refused",))
    desk.sync()
    give_up(at, desk.clerk, refused.id, "样张：不办了")
    desk.act(desk.resident(), files=(unsent, shared))
    draft_with(desk, "d-1", shared)
    discard_draft(at, "d-1")
    open_draft = draft_with(desk, "d-2", b"still typed")
    with writing(desk.engine) as connection:
        note_at_centre(connection, [digest(lost)], is_there=False)
        kept = keep_file(connection, photo, "image/png")
        person = desk.resident()
        table = tables.DESK_RECORDS["resident"]
        connection.execute(sa.update(table).values(photo_hash=kept.hash))
    assert person
    assert clean(desk) == 0
    wanted = [digest(content) for content in (sent, lost, unsent, shared, photo, b"refused")]
    assert has(desk, *wanted, open_draft.hash) == [True] * 7


def test_a_file_that_came_from_the_centre_stays_and_a_half_of_one_goes(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    half, whole = Attachment(hash="ab" * 32, size=3 * CHUNK, media_type="image/png"), b"from the centre"
    with writing(desk.engine) as connection:
        begin_incoming(connection, half)
        add_incoming(connection, half.hash, 0, bytes(2 * CHUNK))
        fetched = keep_file(connection, whole, "image/png")
        note_at_centre(connection, [fetched.hash])
    assert clean(desk, LATER - timedelta(days=2)) == 0
    with reading(desk.engine) as connection:
        assert incoming_bytes(connection, half.hash) == 2 * CHUNK
    assert clean(desk) == 1
    with reading(desk.engine) as connection:
        assert incoming_bytes(connection, half.hash) == 0
    assert has(desk, fetched.hash) == [True]
    assert pieces(desk) == 1
    with writing(desk.engine) as connection:
        begin_incoming(connection, half)
        assert add_incoming(connection, half.hash, 0, bytes(CHUNK)) == CHUNK


def test_the_desk_cleans_when_it_is_opened_by_its_setting(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    file = draft_with(desk, "d-1", b"scan")
    discard_draft(at_work(desk), "d-1")
    desk.sealed_log.close()
    save_settings(desk.folder, Settings(unused_files_days=3650))
    with pytest.raises(ValueError, match="unused_files_days"):
        Settings(unused_files_days=0)
    open_counter(desk.folder, desk.vault, desk.signed_in).close()
    assert has(desk, file.hash) == [True]
    save_settings(desk.folder, Settings(unused_files_days=1))

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=2)

    open_counter(desk.folder, desk.vault, desk.signed_in, clock=Later(), only_reads=True).close()
    assert has(desk, file.hash) == [True], "who only reads cleans nothing"
    open_counter(desk.folder, desk.vault, desk.signed_in, clock=Later()).close()
    assert has(desk, file.hash) == [False]


@given(st.integers(1_600_000_000_000, 3_800_000_000_000), st.integers(0, 10**7))
def test_the_least_id_of_a_moment_parts_earlier_ids_from_later_ones(at_ms: int, span_ms: int) -> None:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)
    with pytest.MonkeyPatch.context() as patch:
        for offset_ms, is_later in ((-span_ms - 1, False), (span_ms, True)):
            ns = (at_ms + offset_ms) * 1_000_000
            patch.setattr("time.time_ns", lambda ns=ns: ns)
            assert (ids.new_id() >= ids.least_id(moment)) is is_later
