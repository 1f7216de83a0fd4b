"""The centre's page for checking papers, over HTTP: the whole verdict matrix, and what people send who mean no good."""

import re
import threading
import time

import pytest
import requests

from nbcase.domain.clock import SetClock
from nbcase.operations.publishing import publish
from nbcase.proof.examination import MOST_BYTES
from nbcase.proof.trust import ISSUERS, STATES
from tests.parts.centres import RunningCentre
from tests.parts.papers import NOW, issuer_entries, paper, scenes, state_entries
from tests.proof.test_verdict import HOSTILE


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def page(centre: RunningCentre) -> str:
    """The address of the page of a centre that has published both lists."""
    with centre.centre.engine.begin() as connection:
        publish(connection, centre.centre.key, ISSUERS, issuer_entries(), NOW)
        publish(connection, centre.centre.key, STATES, state_entries(), NOW)
    return f"{centre.url}/verify"


def ask(page: str, asked: str | bytes) -> requests.Response:
    if isinstance(asked, str):
        return requests.post(page, data={"code": asked}, timeout=60)
    return requests.post(page, files={"file": ("paper", asked)}, timeout=60)


def told(answer: requests.Response) -> str:
    found = re.search(r'data-verdict="(\w+)"', answer.text)
    assert found, answer.text
    return found[1]


FILES = ("file as it was issued", "a byte of the file changed", "field replaced, made again", "photocopy", "revoked")
"""Each file is looked into by a process of its own; the other ones are judged in `tests/documents/test_verdict.py`."""


def test_every_fate_of_a_paper_is_told_on_the_page(page: str) -> None:
    asked = {name: scene for name, scene in scenes().items() if isinstance(scene.asked, str) or name in FILES}
    found = {name: told(ask(page, scene.asked)) for name, scene in asked.items()}
    assert found == {name: scene.answer.value for name, scene in asked.items()}
    assert {"valid", "provisional", "expired", "revoked", "altered", "forged", "unknown_issuer", "not_ours"} == set(found.values())


def test_the_page_says_whose_paper_it_is_and_up_to_when_it_knows(page: str) -> None:
    text = ask(page, paper().text).text
    for words in (
        "李𬭎",
        "LT-26-0000093",
        "0312",
        "骆驼街道演示服务站",
        "截至 2026-11-22 16:21（2 天前）",
        paper().claims.check_value,
        "逐项比对",
    ):
        assert words in text
    assert "330299199407120312" not in text


def test_nothing_of_a_false_paper_is_repeated_as_true(page: str) -> None:
    text = ask(page, scenes()["code of another issuer"].asked).text
    assert "（未证实）" in text
    assert "李𬭎" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_upload_gets_a_clear_refusal(page: str, name: str) -> None:
    make, reason = HOSTILE[name]
    begun = time.monotonic()
    answer = ask(page, make())
    assert time.monotonic() - begun < 30
    assert told(answer) in ("not_ours", "refused")
    assert reason in ("too_large", "unreadable", "no_code")
    assert "Traceback" not in answer.text


def test_a_body_past_the_bound_is_refused_before_it_is_read_to_the_end(page: str) -> None:
    answer = requests.post(page, files={"file": ("paper", b"0" * (MOST_BYTES + 1_000_000))}, timeout=60)
    assert (answer.status_code, told(answer)) == (413, "refused")
    assert requests.post(page, data={"code": "N" * 100_000}, timeout=60).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"--x\r\n" + b'Content-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--', "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n" * 2_000 + b"--x--", "multipart/form-data; boundary=x"),
        (b"&".join(b"code=1" for _ in range(50)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_is_none_is_refused_in_words(page: str, body: bytes, kind: str) -> None:
    answer = requests.post(page, data=body, headers={"Content-Type": kind}, timeout=60)
    assert (answer.status_code, told(answer)) == (400, "refused")


def test_markup_in_a_code_is_shown_as_text_and_scripts_of_others_do_not_run(page: str) -> None:
    answer = ask(page, "<script>alert(1)</script>")
    assert "<script>alert" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_many_uploads_at_once_are_all_answered(page: str) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(told(ask(page, paper().pdf)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["valid"] * 4


def test_a_centre_without_lists_knows_no_issuer(centre: RunningCentre) -> None:
    answer = ask(f"{centre.url}/verify", paper().text)
    assert told(answer) == "unknown_issuer"
    assert "还没有收回名单" in answer.text
