"""The page for checking papers in a real browser at a telephone's size: from a link, by pasted text, by upload."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from nbcase.domain.clock import SetClock
from nbcase.operations.publishing import publish
from nbcase.proof.trust import ISSUERS, STATES
from tests.parts.centres import RunningCentre
from tests.parts.papers import NOW, issuer_entries, paper, photographed, scenes, state_entries

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which run.py installs on Debian")

sync_api = pytest.importorskip("playwright.sync_api")

TELEPHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    # Papers are kept once they are made, and both pyHanko and playwright want this thread's event loop for themselves.
    scenes()
    state_entries()
    with sync_api.sync_playwright() as playwright:
        # As root, as in a container, chromium's own sandbox does not start.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield opened
        opened.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def address(centre: RunningCentre) -> str:
    with centre.centre.engine.begin() as connection:
        publish(connection, centre.centre.key, ISSUERS, issuer_entries(), NOW)
        publish(connection, centre.centre.key, STATES, state_entries(), NOW)
    return f"{centre.url}/verify"


@pytest.fixture
def telephone(browser: "sync_api.Browser") -> Iterator["sync_api.Page"]:
    context = browser.new_context(**TELEPHONE)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [words for words in troubles if "status of 413" not in words] == []


def shot(page: "sync_api.Page", name: str) -> None:
    """A picture for eyes, where a folder for them is named."""
    if folder := os.environ.get("NBCASE_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"verify-{name}.png"), full_page=True)


def told(page: "sync_api.Page") -> str:
    found = page.locator("[data-verdict]").get_attribute("data-verdict", timeout=30_000)
    assert found is not None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return str(found)


def test_a_link_from_a_code_opens_its_verdict_and_leaves_no_name_in_the_address(telephone: "sync_api.Page", address: str) -> None:
    asked: list[str] = []
    telephone.on("request", lambda request: asked.append(request.url))
    telephone.goto(f"{address}#{quote(paper().text, safe='$*+-./:')}")
    assert told(telephone) == "valid"
    assert telephone.url == address
    assert all("NB1" not in url for url in asked)
    assert "李𬭎" in telephone.locator("dl").inner_text()
    shot(telephone, "valid")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("revoked, code alone", "revoked"),
        ("a sign of the code changed", "forged"),
        ("provisional, code alone", "provisional"),
        ("another code", "not_ours"),
    ],
)
def test_a_code_is_pasted(telephone: "sync_api.Page", address: str, name: str, verdict: str) -> None:
    telephone.goto(address)
    telephone.fill("#code", str(scenes()[name].asked))
    telephone.click("#code-form button")
    assert told(telephone) == verdict
    shot(telephone, verdict)


def test_files_are_uploaded_and_hostile_ones_refused(telephone: "sync_api.Page", address: str, tmp_path: Path) -> None:
    telephone.goto(address)
    shot(telephone, "empty")
    files = {
        "paper.pdf": (paper().pdf, "valid"),
        "photo.png": (photographed(paper(name="收回者").pdf), "revoked"),
        "changed.pdf": (scenes()["a byte of the file changed"].asked, "altered"),
        "bomb.bin": (b"%PDF-1.4\n" + b"0" * 200_000, "not_ours"),
        "huge.pdf": (b"%PDF-1.4\n" + b"0" * (13 << 20), "refused"),
    }
    for name, (content, verdict) in files.items():
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        telephone.goto(address)
        telephone.set_input_files("#file", str(path))
        assert told(telephone) == verdict, name
        shot(telephone, name)


def test_the_page_is_read_in_the_dark_too(telephone: "sync_api.Page", address: str) -> None:
    telephone.emulate_media(color_scheme="dark")
    telephone.goto(f"{address}#{quote(str(scenes()['provisional, code alone'].asked), safe='$*+-./:')}")
    assert told(telephone) == "provisional"
    shot(telephone, "dark")
