"""What stands between desk and centre when it is not the centre that answers."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from nbcase.crypto.keys import new_signing_key
from nbcase.domain.clock import SystemClock
from nbcase.domain.errors import Offline, UserError
from nbcase.operations.messages import HelloRequest
from nbcase.sync.client import Busy, CentreClient, HttpLine
from nbcase.sync.loop import LONGEST_WAIT_S, retry_wait

HELLO = HelloRequest(protocol=1, numbers_left=0, held_blocks=[], people_digest="")


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A listener that gives every caller these bytes; the URL of it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                caller.recv(65536)
                caller.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def counting() -> Iterator[tuple[str, list[str]]]:
    """A listener that keeps its connections; the URL of it and one entry for each connection."""
    listener, callers = socket.create_server(("127.0.0.1", 0)), list[str]()

    def serve_one(caller: socket.socket) -> None:
        with caller:
            while caller.recv(65536):
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    def serve() -> None:
        with ThreadPoolExecutor(4) as beside:
            while True:
                try:
                    caller, address = listener.accept()
                except OSError:
                    return
                callers.append(str(address))
                beside.submit(serve_one, caller)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", callers
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_threads_that_come_and_go_leave_no_connection_behind() -> None:
    with counting() as (url, callers):
        line = HttpLine()
        for _ in range(5):
            thread = threading.Thread(target=line.carry, args=("GET", url, b"", {}, 5.0))
            thread.start()
            thread.join()
        line.close()
        assert len(callers) == 1


def _http(status: str, kind: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _hello(url: str) -> None:
    client = CentreClient(url, "desk", new_signing_key(), SystemClock())
    try:
        client.hello(HELLO)
    finally:
        client.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_http("200 OK", "text/html", b"<html>please log in</html>"), "网络要求先登录"),
        (_http("302 Found", "text/html", b"", "Location: http://10.0.0.1/portal"), "网络要求先登录"),
        (_http("500 Oops", "application/json", b"{}"), "中心暂时不能服务"),
        (_http("502 Bad Gateway", "text/plain", b"no upstream"), "中心暂时不能服务（502）"),
        (_http("200 OK", "application/json", b'{"half'), "看不懂"),
        (_http("200 OK", "application/json", b'{"other": 1}'), "看不懂"),
        (_http("200 OK", "application/octet-stream", b"\x00\x01"), "不是中心的回应"),
        (_http("200 OK", "application/json", b"not packed", "Content-Encoding: zstd"), "连不上中心"),
        (_http("200 OK", "application/json", b'{"broken off": 1}')[:-9], "连不上中心"),
        (b"SSH-2.0-OpenSSH_9\r\n", "连不上中心"),
        (b"", "连不上中心"),
    ],
)
def test_each_false_answer_is_told_apart_in_words(answer: bytes, words: str) -> None:
    with answering(answer) as url, pytest.raises(Offline, match=words) as caught:
        _hello(url)
    assert caught.value.safe or caught.value.do


def test_a_centre_that_sheds_load_says_when_to_come_back() -> None:
    with answering(_http("503 Busy", "application/json", b'{"what": "x"}', "Retry-After: 7")) as url, pytest.raises(Busy) as caught:
        _hello(url)
    assert caught.value.retry_after_s == 7.0


def test_a_refusal_keeps_the_centres_words() -> None:
    body = '{"what": "不行", "safe": "都在", "do": "等"}'.encode()
    with answering(_http("400 Bad", "application/json", body)) as url, pytest.raises(UserError) as caught:
        _hello(url)
    assert (caught.value.what, caught.value.safe, caught.value.do) == ("不行", "都在", "等")


def test_nobody_listening_is_offline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Offline, match="连不上中心"):
        _hello(f"http://127.0.0.1:{port}")


def test_waits_grow_to_a_cap_and_are_spread_over_their_whole_span() -> None:
    longest = [retry_wait(failures, lambda low, high: high) for failures in range(1, 12)]
    assert longest[:4] == [2.0, 4.0, 8.0, 16.0]
    assert longest[-1] == LONGEST_WAIT_S
    assert longest == sorted(longest)
    assert retry_wait(9999, lambda low, high: low) == 0.0
