"""Papers through SANE's test scanner and a film in the camera's place, into the registration in the real window."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from nbcase.devices.hosted import hosted_camera, hosted_scanner
from nbcase.domain.errors import DeviceError
from nbcase.operations.drafts import drafts
from tests.devices.test_opencv_camera import GOOD, MOVING, OUT_OF_FOCUS, film
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from ui.pages import PageSpec
from ui.pages.register import RegisterPage
from ui.shell.window import MainWindow
from ui.tasks import StallWatch, TaskRunner
from ui.widgets.document import DocumentView

Open = Callable[..., tuple[Counter, RegisterPage, Keyboard]]

needs_sane = pytest.mark.skipif(shutil.which("scanimage") is None, reason="SANE is not on this machine")
SLOW = "--read-delay=yes --read-delay-duration 50000 --read-limit=yes --read-limit-size 2000"


@pytest.fixture
def open_with(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until, tmp_path: Path
) -> Iterator[Open]:
    """``open_with(scanner="--test-picture Grid")`` or ``open_with(camera=path)``: 登记 in the real window."""
    made: list[Counter] = []

    def make(scanner: str | None = None, camera: str | None = None) -> tuple[Counter, RegisterPage, Keyboard]:
        counter = counter_for(people=5)
        made.append(counter)
        counter.tasks = tasks
        (tmp_path / "dll.conf").write_text("test\n")
        counter.scanner = hosted_scanner("test:0", str(tmp_path), extra=scanner) if scanner is not None else None
        counter.camera = hosted_camera(camera) if camera is not None else None
        spec = PageSpec(code="register", title="登记", icon="user-plus", order=1, roles=frozenset(), make=RegisterPage)
        window = MainWindow(counter, [spec], lambda typed: [])
        counter.go = window.open_page
        show(window, 1366, 768)
        window.open_page("register")
        until(lambda: tasks.pending == 0)
        page = window.page("register")
        assert isinstance(page, RegisterPage)
        page.set_answers({"phone": "19900005061"})
        return counter, page, Keyboard(window)

    yield make
    for counter in made:
        for device in (counter.scanner, counter.camera):
            if device is not None:
                device.close()


def kept(counter: Counter) -> list[str]:
    """Roles of the files in the draft."""
    return [file.role for draft in drafts(counter.desk, counter.clerk.record) for file in draft.attachments]


@needs_sane
def test_the_sheets_in_the_feeder_become_pages_of_the_proof(open_with: Open, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = open_with(scanner="--resolution 40")
    watch = StallWatch()
    watch.start()
    keys.press("Shift+F3")
    until(lambda: tasks.pending == 0 and len(kept(counter)) == 10)
    assert watch.stop() < 500, "the benchmark of stalls measures it on a quiet machine"
    assert set(kept(counter)) == {"dwelling_proof"}
    assert not counter.troubles
    assert page.answers()["phone"] == "19900005061"


@needs_sane
def test_escape_stops_the_scan_and_the_pages_before_stay(open_with: Open, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = open_with(scanner=SLOW + " --resolution 20")
    keys.press("Shift+F3")
    until(lambda: bool(kept(counter)))
    keys.press("Esc")
    until(lambda: bool(counter.troubles))
    until(lambda: tasks.pending == 0)
    error = counter.troubles[0]
    assert isinstance(error, DeviceError)
    assert "已取消" in error.what
    assert 0 < len(kept(counter)) < 10
    assert page.answers()["phone"] == "19900005061"


@needs_sane
def test_a_jam_is_told_and_the_form_stays(open_with: Open, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = open_with(scanner="--read-return-value SANE_STATUS_JAMMED")
    keys.press("Shift+F3")
    until(lambda: bool(counter.troubles))
    until(lambda: tasks.pending == 0)
    error = counter.troubles[0]
    assert isinstance(error, DeviceError)
    assert "卡纸" in error.what
    assert page.answers()["phone"] == "19900005061"
    assert kept(counter) == []


def test_the_camera_shows_what_it_sees_and_takes_the_picture_by_itself(
    open_with: Open, until: Until, tasks: TaskRunner, tmp_path: Path
) -> None:
    counter, _, keys = open_with(camera=film(tmp_path / "card.avi", MOVING + OUT_OF_FOCUS + GOOD))
    keys.press("F3")
    until(lambda: "original" in kept(counter))
    until(lambda: tasks.pending == 0)
    # There is no engine at this desk: the picture is kept, and that is said.
    assert [type(error) for error in counter.troubles] == [DeviceError]
    assert "识别" in str(counter.troubles[0])


def test_what_the_camera_saw_does_not_stay_when_no_picture_is_taken(
    open_with: Open, until: Until, tasks: TaskRunner, tmp_path: Path
) -> None:
    counter, page, keys = open_with(camera=film(tmp_path / "card.avi", MOVING * 40))
    view = page.findChild(DocumentView)
    assert isinstance(view, DocumentView)
    keys.press("F3")
    until(lambda: not view._image.isNull())
    keys.press("Esc")
    until(lambda: bool(counter.troubles))
    until(lambda: tasks.pending == 0)
    assert view._image.isNull()
    assert kept(counter) == []
