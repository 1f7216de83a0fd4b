"""Uploads by tus 1.0: what arrives is the file or nothing, whatever comes twice, too early, too long or damaged."""

import base64
import hashlib
import random
import resource
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from nbcase.crypto.keys import new_signing_key
from nbcase.domain import crashpoints
from nbcase.domain.clock import SetClock
from nbcase.server import uploads
from nbcase.server.uploads import MOST_FILE, MOST_PIECE, Uploads
from nbcase.store.tables import centre_metadata
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk
from tests.parts.sender import Sender

CONTENT = random.Random(8).randbytes(300_000)
HASH = hashlib.sha256(CONTENT).hexdigest()
PIECES = (CONTENT[:100_000], CONTENT[100_000:200_000], CONTENT[200_000:])
_nonces = count()


class Tus:
    """A tus client at a desk: says what the test wants it to say."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender

    def send(self, method: str, target: str, body: bytes = b"", **said: Any) -> requests.Response:
        """One request with tus headers; `said` is written with underscores."""
        parts = {name: said.pop(name) for name in ("key", "body_hash") if name in said}
        headers = {name.replace("_", "-"): text for name, text in {"Tus_Resumable": "1.0.0", **said}.items()}
        return self.sender.send(method, target, body, headers=headers, nonce=f"nonce-{next(_nonces):020d}", **parts)

    def create(self, content: bytes = CONTENT, body: bytes = b"", **said: Any) -> requests.Response:
        """Announce a file, with a body where one is given."""
        content_hash = hashlib.sha256(content).hexdigest()
        head = {"Upload_Length": str(len(content)), "Upload_Metadata": metadata(content_hash, "image/png")}
        return self.send("POST", "/v1/uploads", body, **{**head, **(piece_headers(body) if body else {}), **said})

    def patch(self, offset: int, body: bytes, content_hash: str = HASH, **said: Any) -> requests.Response:
        """A piece."""
        head = {**piece_headers(body), "Upload_Offset": str(offset)}
        return self.send("PATCH", f"/v1/uploads/{content_hash}", body, **{**head, **said})

    def offset(self, content_hash: str = HASH) -> int | None:
        """How far the centre has it."""
        answer = self.send("HEAD", f"/v1/uploads/{content_hash}")
        return int(answer.headers["Upload-Offset"]) if answer.status_code == 200 else None


def metadata(content_hash: str, media_type: str) -> str:
    pairs = {"sha256": content_hash, "filetype": media_type}
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in pairs.items())


def checksum(body: bytes) -> str:
    return f"sha256 {base64.b64encode(hashlib.sha256(body).digest()).decode()}"


def piece_headers(body: bytes) -> dict[str, str]:
    return {"Content_Type": "application/offset+octet-stream", "Upload_Checksum": checksum(body)}


@pytest.fixture
def tus(sender: Sender) -> Tus:
    return Tus(sender)


def content_at(centre: RunningCentre, content_hash: str = HASH) -> bytes | None:
    """The file as the centre has it, when both its content and its note are there."""
    attachment = centre_metadata.tables["attachment"]
    with centre.centre.engine.begin() as connection:
        row = connection.execute(sa.select(attachment).where(attachment.c.hash == content_hash)).first()
    if row is None or not centre.centre.blobs.has(content_hash):
        return None
    content = b"".join(centre.centre.blobs.read(content_hash))
    assert row.size == len(content)
    return content


def left_over(centre: RunningCentre, tmp_path: Path) -> list[str]:
    """Names of files that belong to no upload and no kept file."""
    folder = tmp_path / "centre"
    return [path.name for path in (*folder.glob("uploads/**/*"), *folder.glob("attachments/**/*")) if path.name.startswith(".")]


def test_the_centre_says_what_it_understands(tus: Tus) -> None:
    answer = tus.send("OPTIONS", "/v1/uploads")
    assert answer.status_code == 204
    assert (answer.headers["Tus-Version"], answer.headers["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    assert answer.headers["Tus-Extension"].split(",") == ["creation", "creation-with-upload", "checksum", "termination", "expiration"]
    assert (answer.headers["Tus-Checksum-Algorithm"], answer.headers["Tus-Max-Size"]) == ("sha256", str(MOST_FILE))


def test_a_small_file_takes_one_request(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    answer = tus.create(body=CONTENT)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(CONTENT)))
    assert answer.headers["Location"] == f"/v1/uploads/{HASH}"
    assert content_at(centre) == CONTENT
    assert not list((tmp_path / "centre" / "uploads").rglob("*"))


def test_a_file_in_pieces_is_there_with_its_last_piece_and_not_before(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    created = tus.create()
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    assert created.headers["Upload-Expires"] == "Mon, 09 Mar 2026 01:00:00 GMT"
    at = 0
    for piece in PIECES:
        assert content_at(centre) is None
        assert tus.offset() == at
        answer = tus.patch(at, piece)
        at += len(piece)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(at))
    assert content_at(centre) == CONTENT
    assert tus.offset() == len(CONTENT)
    assert left_over(centre, tmp_path) == []
    assert not [path for path in (tmp_path / "centre" / "uploads").rglob("*") if path.is_file()]


def test_announcing_again_says_where_to_go_on(tus: Tus, centre: RunningCentre) -> None:
    tus.create(body=PIECES[0])
    assert tus.create().headers["Upload-Offset"] == "100000"
    assert tus.create(body=PIECES[0]).headers["Upload-Offset"] == "100000"
    tus.patch(100_000, CONTENT[100_000:])
    assert content_at(centre) == CONTENT
    assert tus.create().headers["Upload-Offset"] == str(len(CONTENT))


@pytest.mark.parametrize("offset", [0, 50_000, 99_999, 100_001, 200_000])
def test_a_piece_that_was_not_awaited_is_told_the_right_offset_and_changes_nothing(tus: Tus, centre: RunningCentre, offset: int) -> None:
    tus.create(body=PIECES[0])
    answer = tus.patch(offset, PIECES[1])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "100000")
    assert "100000" in answer.json()["what"]
    tus.patch(100_000, CONTENT[100_000:])
    assert content_at(centre) == CONTENT


def test_the_last_piece_sent_again_finds_the_file_finished(tus: Tus) -> None:
    tus.create(body=CONTENT[:200_000])
    assert tus.patch(200_000, PIECES[2]).status_code == 204
    again = tus.patch(200_000, PIECES[2])
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, str(len(CONTENT)))


def test_a_piece_that_was_damaged_on_its_way_is_not_kept(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(body=PIECES[0])
    claimed = {"Upload_Checksum": checksum(PIECES[1]), "body_hash": hashlib.sha256(PIECES[1]).hexdigest()}
    damaged = tus.patch(100_000, PIECES[1][:-1] + b"\x00", **claimed)
    assert damaged.status_code == 460
    assert "损坏" in damaged.json()["what"]
    assert tus.offset() == 100_000
    assert left_over(centre, tmp_path) == []
    whole = tus.create(b"another", b"anothes", Upload_Checksum=checksum(b"another"), body_hash=hashlib.sha256(b"another").hexdigest())
    assert whole.status_code == 460
    assert content_at(centre, hashlib.sha256(b"another").hexdigest()) is None
    assert left_over(centre, tmp_path) == []


def test_right_pieces_of_a_wrong_file_are_dropped_with_the_reason(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(body=PIECES[0])
    tus.patch(100_000, PIECES[2])
    wrong = tus.patch(200_000, PIECES[1])
    assert wrong.status_code == 422
    assert "与校验值不符" in wrong.json()["what"]
    assert content_at(centre) is None
    assert tus.offset() is None
    assert left_over(centre, tmp_path) == []


def test_more_than_was_announced_is_refused(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(CONTENT[:150_000], PIECES[0])
    content_hash = hashlib.sha256(CONTENT[:150_000]).hexdigest()
    assert tus.patch(100_000, PIECES[1], content_hash).status_code == 413
    assert tus.offset(content_hash) == 100_000
    assert tus.patch(100_000, CONTENT[100_000:150_000], content_hash).status_code == 204
    assert content_at(centre, content_hash) == CONTENT[:150_000]
    assert left_over(centre, tmp_path) == []


@pytest.mark.parametrize("lie", [1, 100_000, 299_999, 300_001, 400_000])
def test_an_announcement_with_a_wrong_length_gives_way_to_the_right_one(tus: Tus, centre: RunningCentre, lie: int) -> None:
    assert tus.create(Upload_Length=str(lie)).status_code == 201
    tus.patch(0, PIECES[0])
    right = tus.create()
    assert (right.status_code, right.headers["Upload-Length"]) == (201, "300000")
    for _ in range(3):
        tus.patch(tus.offset() or 0, CONTENT[tus.offset() or 0 :][:100_000])
    assert content_at(centre) == CONTENT


def test_a_piece_past_the_bound_is_refused(tus: Tus) -> None:
    content = bytes(MOST_PIECE + 10)
    tus.create(content)
    assert tus.patch(0, content, hashlib.sha256(content).hexdigest()).status_code == 413
    assert tus.offset(hashlib.sha256(content).hexdigest()) == 0


def test_a_file_without_its_note_is_noted_with_the_size_that_it_has(tus: Tus, centre: RunningCentre) -> None:
    tus.create(body=CONTENT)
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(centre_metadata.tables["attachment"]))
    answer = tus.create(Upload_Length=str(len(CONTENT) - 1))
    assert (answer.status_code, answer.headers["Upload-Length"]) == (201, str(len(CONTENT)))
    assert content_at(centre) == CONTENT


def test_a_file_past_the_bound_is_refused_in_words(tus: Tus) -> None:
    answer = tus.create(Upload_Length=str(MOST_FILE + 1))
    assert answer.status_code == 413
    assert "512 MB" in answer.json()["what"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": ""}, 400),
        ({"Upload_Metadata": ""}, 400),
        ({"Upload_Metadata": "sha256 ???"}, 400),
        ({"Upload_Metadata": metadata("../../etc/passwd", "image/png")}, 400),
        ({"Upload_Metadata": metadata(HASH, "image/png\r\nX: y")}, 400),
        ({"Upload_Metadata": metadata(HASH, "图片/png")}, 400),
        ({"key": new_signing_key()}, 401),
    ],
)
def test_an_announcement_that_is_wrong_is_refused(tus: Tus, said: dict[str, Any], status: int) -> None:
    answer = tus.create(**said)
    assert (answer.status_code, answer.headers["Tus-Resumable"]) == (status, "1.0.0")
    assert answer.json()["what"]
    assert tus.offset() is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Content_Type": "image/png"}, 415),
        ({"Upload_Offset": "x"}, 400),
        ({"Upload_Checksum": "md5 AAAA"}, 400),
        ({"Upload_Checksum": "sha256 AAAA"}, 400),
        ({"Upload_Checksum": ""}, 400),
        ({"body_hash": "0" * 64}, 401),
        ({"key": new_signing_key()}, 401),
    ],
)
def test_a_piece_that_is_wrongly_described_is_refused(tus: Tus, said: dict[str, Any], status: int) -> None:
    tus.create()
    assert tus.patch(0, PIECES[0], **said).status_code == status
    assert tus.offset() == 0


def test_an_upload_is_its_desks_alone(tus: Tus, make_desk: MakeDesk, centre: RunningCentre) -> None:
    tus.create(body=PIECES[0])
    other = Tus(Sender(make_desk("sun"), centre.url, tus.sender.http))
    assert other.offset() is None
    assert other.patch(100_000, PIECES[1]).status_code == 404
    assert other.send("DELETE", f"/v1/uploads/{HASH}").status_code == 404
    assert tus.offset() == 100_000


def test_a_desk_may_take_an_upload_back(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(body=PIECES[0])
    assert tus.send("DELETE", f"/v1/uploads/{HASH}").status_code == 204
    assert tus.send("DELETE", f"/v1/uploads/{HASH}").status_code == 404
    assert tus.offset() is None
    assert tus.patch(100_000, PIECES[1]).status_code == 404
    assert left_over(centre, tmp_path) == []


def test_one_desk_cannot_fill_the_centre_with_beginnings(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_UNFINISHED", 2)
    assert [tus.create(bytes([n])).status_code for n in range(3)] == [201, 201, 429]
    assert tus.create(bytes([0])).status_code == 201


def test_what_nobody_finishes_is_removed_after_a_week(tus: Tus, centre: RunningCentre, clock: SetClock, tmp_path: Path) -> None:
    sweep = Uploads(centre.centre, None).sweep  # type: ignore[arg-type]
    tus.create(body=PIECES[0])
    clock.advance(timedelta(days=6, hours=23))
    sweep()
    assert tus.offset() == 100_000
    clock.advance(timedelta(hours=1))
    assert tus.offset() is None
    sweep()
    assert not [path for path in (tmp_path / "centre" / "uploads").rglob("*") if path.is_file()]
    assert tus.create().headers["Upload-Offset"] == "0"


class Died(BaseException):
    """The centre's process ended at a crash point."""


@pytest.fixture
def die_at() -> Iterator[Any]:
    """``die_at("centre.file.before", 2)``: the second passing of that moment is the last thing that happens."""

    def arm(name: str, passing: int) -> None:
        passed = count(1)

        def reached(reached_name: str) -> None:
            if reached_name == name and next(passed) == passing:
                raise Died

        crashpoints.install(reached)

    yield arm
    crashpoints.install(None)


MOMENTS = ("centre.file.before", "centre.file.after", "centre.commit.before", "centre.commit.after")


def test_wherever_the_centre_dies_the_file_goes_on_from_what_is_on_the_disk(tus: Tus, centre: RunningCentre, die_at: Any) -> None:
    for number, (moment, passing) in enumerate((moment, passing) for moment in MOMENTS for passing in (*range(1, 8), 12, 20)):
        content = random.Random(number).randbytes(30_000)
        die_at(moment, passing)
        sent = send_until_kept(tus, centre, content)
        assert sent <= 4, f"{moment} {passing}: at most one of three pieces was sent twice"


def send_until_kept(tus: Tus, centre: RunningCentre, content: bytes) -> int:
    """Send a file as our desk does, announcing it again after each failure; answers in how many pieces."""
    sent = 0
    for _ in range(10):
        answer = tus.create(content)
        while answer.status_code in (201, 204):
            at = int(answer.headers["Upload-Offset"])
            if at == len(content):
                assert content_at(centre, hashlib.sha256(content).hexdigest()) == content
                return sent
            sent += 1
            answer = tus.patch(at, content[at : at + 10_000], hashlib.sha256(content).hexdigest())
    raise AssertionError("the file never arrived")


def test_a_full_disk_is_told_in_words_and_leaves_nothing_half(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(body=PIECES[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        piece = tus.patch(100_000, PIECES[1])
        whole = tus.create(CONTENT[:60_000], CONTENT[:60_000])
        small = tus.create(CONTENT[:40_000], CONTENT[:40_000])
        last = tus.patch(100_000, CONTENT[100_000:140_000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (piece.status_code, whole.status_code, small.status_code, last.status_code) == (507, 507, 201, 204)
    assert "磁盘已满" in piece.json()["what"]
    assert left_over(centre, tmp_path) == []
    assert tus.offset() == 140_000
    assert tus.patch(140_000, CONTENT[140_000:]).status_code == 204
    assert content_at(centre) == CONTENT


def test_a_disk_that_fills_with_the_last_piece_keeps_the_pieces(tus: Tus, centre: RunningCentre, tmp_path: Path) -> None:
    tus.create(body=CONTENT[:200_000])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        answer = tus.patch(200_000, PIECES[2])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.status_code == 507
    assert content_at(centre) is None
    assert left_over(centre, tmp_path) == []
    assert tus.create().headers["Upload-Offset"] == str(len(CONTENT))
    assert content_at(centre) == CONTENT
