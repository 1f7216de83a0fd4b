"""What the centre answers to requests that a desk's program would not send."""

import socket
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import zstandard

from nbcase.crypto.keys import new_signing_key
from nbcase.domain.clock import SetClock
from nbcase.operations.enrol import retire
from nbcase.operations.messages import HelloRequest, people_digest
from tests.parts.centres import RunningCentre
from tests.parts.sender import Sender

HELLO = msgspec.json.encode(HelloRequest(protocol=1, numbers_left=500, held_blocks=[], people_digest=people_digest([], [])))


def test_a_well_signed_request_is_answered(sender: Sender) -> None:
    assert sender.send("POST", "/v1/hello", HELLO).status_code == 200


@pytest.mark.parametrize(
    "parts",
    [
        {"key": new_signing_key()},
        {"desk_id": "another"},
        {"desk_id": ""},
        {"method": "GET"},
        {"target": "/v1/reconcile"},
        {"body_hash": "0" * 64},
        {"nonce": "short"},
        {"headers": {"Nbcase-Signature": ""}},
        {"headers": {"Nbcase-Time": "2026-03-02T01:00:01+00:00"}},
    ],
)
def test_an_unsigned_or_forged_request_is_refused_in_words(sender: Sender, parts: dict[str, Any]) -> None:
    response = sender.send("POST", "/v1/hello", HELLO, **parts)
    assert response.status_code == 401
    assert response.json()["what"] == "中心不认识这台电脑的签名。"
    assert set(response.json()) >= {"what", "safe", "do"}


def test_a_request_without_any_signature_is_refused(centre: RunningCentre, sender: Sender) -> None:
    for method, path in (
        ("POST", "hello"),
        ("POST", "sessions"),
        ("POST", "actions"),
        ("GET", "changes"),
        ("POST", "reconcile"),
        ("POST", "residents/search"),
        ("POST", "uploads"),
        ("OPTIONS", "uploads"),
        ("HEAD", "uploads/" + "0" * 64),
        ("DELETE", "uploads/" + "0" * 64),
        ("POST", "attachments/known"),
        ("GET", "attachments/" + "0" * 64),
    ):
        assert sender.http.request(method, f"{centre.url}/v1/{path}", data=b"{}", timeout=10).status_code == 401, path


def test_a_recorded_request_cannot_be_played_again(sender: Sender) -> None:
    assert sender.send("POST", "/v1/hello", HELLO, nonce="a" * 20).status_code == 200
    again = sender.send("POST", "/v1/hello", HELLO, nonce="a" * 20)
    assert again.status_code == 401
    assert again.json()["what"] == "这个请求已收到过一次。"


def test_a_request_from_another_hour_tells_the_time_at_the_centre(sender: Sender, clock: SetClock) -> None:
    response = sender.send("POST", "/v1/hello", HELLO, at=(clock.now() - timedelta(hours=1)).isoformat())
    assert response.status_code == 401
    trouble = response.json()
    assert (trouble["code"], trouble["server_at"]) == ("clock", "2026-03-02T01:00:00Z")
    assert "60 分钟" in trouble["what"]


def test_a_retired_desk_is_told_so(centre: RunningCentre, sender: Sender, clock: SetClock) -> None:
    with centre.centre.engine.begin() as connection:
        retire(connection, sender.desk.enrolment.identity.desk_id, clock.now())
    response = sender.send("POST", "/v1/hello", HELLO)
    assert (response.status_code, response.json()["what"]) == (403, "这台电脑已在中心停用。")


@pytest.mark.parametrize("target", ["/v1/actions", "/v1/residents/search"])
@pytest.mark.parametrize("token", ["", "invented"])
def test_acts_and_people_need_a_clerk_at_this_desk(sender: Sender, target: str, token: str) -> None:
    response = sender.send("POST", target, b'{"actions":[]}', headers={"Nbcase-Session": token})
    assert (response.status_code, response.json()["code"]) == (401, "session")


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"", "", 400),
        (b"{", "", 400),
        (b'{"protocol": "one"}', "", 400),
        (HELLO[:-1] + b',"more":1}', "", 400),
        (b"\xff\xfe", "", 400),
        (b"not zstd", "zstd", 400),
        (HELLO, "br", 415),
        (zstandard.ZstdCompressor().compress(b" " * (65 << 20)), "zstd", 413),
        (b" " * (9 << 20), "", 413),
    ],
)
def test_a_body_that_is_spoilt_or_too_large_is_refused_with_the_reason(sender: Sender, body: bytes, encoding: str, status: int) -> None:
    response = sender.send("POST", "/v1/hello", body, headers={"Content-Encoding": encoding} if encoding else None)
    assert response.status_code == status
    assert response.json()["what"]


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=1.1&limit=0", "cursor=1.1&limit=99999", "limit=-1", "limit=x", "limit=" + "9" * 5000]
)
def test_a_page_that_cannot_be_is_refused(sender: Sender, query: str) -> None:
    assert sender.send("GET", f"/v1/changes?{query}").status_code == 400


def test_a_body_that_stops_coming_gives_its_place_back(centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbcase.server.bodies.SILENT_S", 0.05)
    address = centre.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as line:
        line.sendall(b"POST /v1/actions HTTP/1.1\r\nHost: centre\r\nContent-Length: 9\r\n\r\nhalf")
        assert line.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_health_is_open_to_all_and_says_whether_the_database_answers(centre: RunningCentre, sender: Sender) -> None:
    response = sender.http.get(f"{centre.url}/v1/healthz", timeout=10)
    assert (response.status_code, response.json()["ok"]) == (200, True)
