"""核验 in the window: the hand scanner types a code, the verdict stands there, our own copy beside it; and a file."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget

from nbcase.domain.publication import Publication, PublishedEntry
from nbcase.proof.trust import ISSUERS, STATES
from nbcase.store.desk_database import writing
from nbcase.store.publications import write_entries
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard
from tests.parts.papers import NOW, issuer_entries, paper, photographed, rendered_again, scenes, state_entries
from ui.pages import PageSpec
from ui.pages.verify import VerifyPage
from ui.shell.window import MainWindow


def take_lists(counter: Counter) -> None:
    """The lists as a contact would leave them."""
    with writing(counter.desk.engine) as connection:
        for name, entries in ((ISSUERS, issuer_entries()), (STATES, state_entries(NOW - timedelta(days=2)))):
            head = Publication(name=name, revision=1, checksum="", published_at=NOW, signature="")
            write_entries(connection, head, [PublishedEntry(key=key, revision=1, value=value) for key, value in entries.items()])


@pytest.fixture
def opened(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> tuple[MainWindow, VerifyPage]:
    counter = counter_for(people=5)
    take_lists(counter)
    spec = PageSpec(code="verify", title="核验", icon="scan-line", order=1, roles=frozenset(), make=VerifyPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("verify")
    page = window.page("verify")
    assert isinstance(page, VerifyPage)
    return window, page


CODES = (
    "code as it was issued",
    "a sign of the code changed",
    "code of another issuer",
    "expired",
    "revoked, code alone",
    "provisional, code alone",
    "code cut off",
    "another code",
)


def test_codes_are_scanned_one_after_the_other_with_the_scanner_alone(opened: tuple[MainWindow, VerifyPage]) -> None:
    window, page = opened
    keys = Keyboard(window)
    expected = ["有效", "伪造", "签发方不明", "已过期", "已收回", "暂证", "被改动", "不是本系统的文书"]
    found = []
    for name in CODES:
        page._title.setText("")
        keys.type(str(scenes()[name].asked))
        keys.press("Return")
        found.append(page._title.text())
    assert found == expected


def test_a_file_that_was_made_again_and_a_photocopy_are_told_apart(
    opened: tuple[MainWindow, VerifyPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, page = opened
    asked = {"被改动": rendered_again(paper().text, name="王样二"), "有效": photographed(paper().pdf)}
    for title, content in asked.items():
        path = tmp_path / "paper"
        path.write_bytes(content)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, path=path: (str(path), ""))
        Keyboard(window).press("F4")
        assert page._title.text() == title
        page._title.setText("")
    assert "复印件也能通过核验" in page._advice._text.text()
