"""Files out of the centre: whole or in part, and only to the stations whose records name them."""

import hashlib
from dataclasses import replace
from itertools import count

import msgspec
import pytest
import requests
import sqlalchemy as sa

from nbcase.domain.resident import Resident
from nbcase.operations.messages import FilesLacking, FilesQuery
from nbcase.server.attachments import MOST_ASKED, wanted_span
from nbcase.server.refusals import Refused
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from nbcase.store.tables import centre_metadata
from tests.parts.centres import STATIONS, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk
from tests.parts.sender import Sender

CONTENT = bytes(range(256)) * 400
HASH = hashlib.sha256(CONTENT).hexdigest()
_nonces = count()


class Reader:
    """A desk whose clerk has a session, reading files with headers of the test's choice."""

    def __init__(self, desk: WorkingDesk, centre: RunningCentre, http: requests.Session) -> None:
        self._sender = Sender(desk, centre.url, http)
        self._token = desk.client._open_session()

    def get(self, target: str = f"/v1/attachments/{HASH}", method: str = "GET", **headers: str) -> requests.Response:
        """Read."""
        said = {"Nbcase-Session": self._token, "Accept-Encoding": "identity", **headers}
        return self._sender.send(method, target, headers=said, nonce=f"nonce-{next(_nonces):020d}")


@pytest.fixture
def desk(make_desk: MakeDesk) -> WorkingDesk:
    """A desk that has sent a person with a photo."""
    desk = make_desk("li")
    desk.act(desk.resident(photo_hash=HASH), files=(CONTENT,))
    assert desk.sync().problem is None
    return desk


@pytest.fixture
def reader(desk: WorkingDesk, centre: RunningCentre, sender: Sender) -> Reader:
    return Reader(desk, centre, sender.http)


def test_a_file_comes_whole_with_its_media_type(reader: Reader) -> None:
    answer = reader.get()
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "private, no-store"
    head = reader.get(method="HEAD")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=70000-", slice(70_000, None)),
        ("bytes=100-199999", slice(100, None)),
        ("bytes=-10", slice(-10, None)),
    ],
)
def test_a_part_is_that_part(reader: Reader, asked: str, part: slice) -> None:
    answer = reader.get(Range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[part])
    start, end, _ = part.indices(len(CONTENT))
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


@pytest.mark.parametrize(
    ("text", "size", "span"),
    [
        ("", 10, (0, 10)),
        ("bytes=", 10, (0, 10)),
        ("bytes=-", 10, (0, 10)),
        ("bytes=5-3", 10, (0, 10)),
        ("bytes=0-1,4-5", 10, (0, 10)),
        ("lines=0-1", 10, (0, 10)),
        ("bytes=0-4", 0, (0, 0)),
        ("bytes=-20", 10, (0, 10)),
        ("bytes=3-3", 10, (3, 4)),
    ],
)
def test_a_range_that_cannot_be_read_is_the_whole_file(text: str, size: int, span: tuple[int, int]) -> None:
    assert wanted_span(text, size)[0] == span


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_past_the_end_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        wanted_span(text, 10)
    assert refused.value.status == 416


def test_another_station_gets_it_when_the_person_moves_there_and_not_before(
    desk: WorkingDesk, centre: RunningCentre, make_desk: MakeDesk, sender: Sender
) -> None:
    elsewhere = make_desk("sun")
    there = Reader(elsewhere, centre, sender.http)
    refused = there.get()
    assert (refused.status_code, refused.json()["what"]) == (403, "本受理点没有用到这份文件的办件。")
    with reading(desk.engine) as connection:
        (person,) = Shelf(connection).find(Resident)
    desk.act(replace(person, station_code=STATIONS[1].code), kind="registration.change")
    assert desk.sync().problem is None
    assert there.get().content == CONTENT


def test_naming_a_file_in_the_act_alone_opens_it_to_nobody(make_desk: MakeDesk, centre: RunningCentre, sender: Sender) -> None:
    desk = make_desk("li")
    desk.act(desk.resident(), files=(CONTENT,))
    assert desk.sync().problem is None
    assert Reader(desk, centre, sender.http).get().status_code == 403


@pytest.mark.parametrize("name", ["0" * 64, "..%2F..%2Fcentre.key", "A" * 64])
def test_what_no_record_names_is_not_given(reader: Reader, name: str) -> None:
    assert reader.get(f"/v1/attachments/{name}").status_code in (403, 404)


def test_reading_needs_a_clerk(desk: WorkingDesk, sender: Sender) -> None:
    answer = sender.send("GET", f"/v1/attachments/{HASH}", headers={"Nbcase-Session": "invented"})
    assert (answer.status_code, answer.json()["code"]) == (401, "session")


def test_a_file_that_the_centre_lost_is_told_in_words(reader: Reader, centre: RunningCentre) -> None:
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(centre_metadata.tables["attachment"]))
    answer = reader.get()
    assert (answer.status_code, answer.json()["what"]) == (404, "中心还没有这份文件。")


def test_the_centre_says_which_of_many_files_it_lacks(desk: WorkingDesk, centre: RunningCentre, sender: Sender) -> None:
    def lacking(*hashes: str) -> list[str]:
        body = msgspec.json.encode(FilesQuery(hashes=list(hashes)))
        answer = sender.send("POST", "/v1/attachments/known", body, nonce=f"nonce-{next(_nonces):020d}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=FilesLacking).hashes

    assert lacking("1" * 64, HASH, "0" * 64) == ["1" * 64, "0" * 64]
    assert lacking() == []
    body = msgspec.json.encode(FilesQuery(hashes=["0" * 64] * (MOST_ASKED + 1)))
    assert sender.send("POST", "/v1/attachments/known", body).status_code == 413
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(centre_metadata.tables["attachment"]))
    assert lacking(HASH) == [HASH], "a file without its note was not finished"
