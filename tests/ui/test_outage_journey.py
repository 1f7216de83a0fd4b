"""The line away on purpose or not: the drill, a centre restored from a backup, the sheet at the end of the day, the end of a desk."""

from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication

from nbcase.bootstrap.counter import open_counter
from nbcase.documents.printing import FolderQueue
from nbcase.domain.retirement import read_retirement
from nbcase.operations.proof import reconciliation_sheet
from nbcase.operations.sign_in import is_enrolled
from nbcase.settings import Settings
from nbcase.store import tables
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk
from tests.parts.keyboard import Keyboard, Until
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.app import CounterApp
from ui.pages.sync import SyncPage
from ui.theme import Theme


def sync_page(window: DeskWindow) -> SyncPage:
    page = window.window.page("sync")
    assert isinstance(page, SyncPage)
    return page


def words_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", "").replace(" ", "").replace("　", "")


def test_a_drill_cuts_the_line_tells_what_works_and_its_work_goes_out_afterwards(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("li")
    desk.contact()
    desk.show()
    page = sync_page(desk)
    assert not page._band.isVisible()
    desk.keys.press("Ctrl+M", "1", "2")
    assert desk.notices[-1].what == "断网演练开始，15 分钟后自己结束。"
    desk.working.act(desk.working.resident())
    status = desk.contact()
    assert (status.is_online, status.waiting) == (False, 1)
    assert (desk.pill.word(), desk.pill.parts()) == ("演练", ("1 件待传", "还剩 15 分"))
    assert page._band.isVisible()
    assert "1 件上传" in page._band._texts["waits"].text()
    assert "受理号余 500 个" in page._band._texts["until"].text()
    assert not page._problem.isVisible()

    desk.keys.press("Ctrl+D")
    status = desk.contact()
    assert (status.is_online, status.waiting, status.confirmed) == (True, 0, 1)
    assert desk.pill.word() == "在线"
    assert not page._band.isVisible()


def test_a_centre_restored_from_a_backup_gets_the_work_again_and_the_pill_tells_the_truth(
    sit_at: SitAt,  # noqa: F811
    centre: RunningCentre,
) -> None:
    first, second = sit_at("li"), sit_at("qian")
    for desk in (first, second):
        desk.working.act(desk.working.resident())
        desk.working.act(desk.working.resident(), files=(b"\x89PNG\r\n\x1a\n scan",))
        desk.contact()
        assert (desk.pill.confirmed, desk.pill.sent) == (2, 2)
    with centre.centre.engine.begin() as connection:
        connection.execute(sa.delete(tables.centre_action).where(tables.centre_action.c.sequence > 1))
        connection.execute(sa.update(tables.desk).values(tree_count=0, tree_peaks=[]))
    for desk in (first, second):
        assert desk.contact().is_equal
        assert desk.pill.word() == "在线"
        assert (desk.pill.confirmed, desk.pill.sent, desk.pill.waiting) == (2, 2, 0)
        assert not desk.pill.alarms()
    with centre.centre.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.centre_action)).scalar_one() == 4


def test_the_sheet_of_the_day_says_what_is_signed_and_what_is_not(sit_at: SitAt, tmp_path: Path) -> None:  # noqa: F811
    desk = sit_at("li")
    clerk, at_work = desk.counter.clerk, desk.counter.desk
    assert "没有一件经中心签字确认" in words_of(reconciliation_sheet(at_work, clerk))
    case = desk.working.accept("JS-26-0000007")
    status = desk.contact()
    signed = words_of(reconciliation_sheet(at_work, clerk))
    assert "第1至第1号共1件操作。本机全部操作都在其中，没有遗漏。" in signed
    assert status.centre_digest in signed
    assert "样张" in signed
    desk.working.act(desk.working.resident())
    honest = words_of(reconciliation_sheet(at_work, clerk))
    assert "另有1件没有签字确认；本单不能证明它们已到中心。" in honest
    assert "尚未了结共1件，全部列出。" in honest
    assert case.applicant_name not in honest

    object.__setattr__(desk.counter, "queue", FolderQueue(tmp_path / "printed"))
    desk.show()
    desk.keys.press("Ctrl+P")
    assert not desk.troubles
    (printed,) = (tmp_path / "printed").glob("*.pdf")
    assert words_of(printed.read_bytes()) == honest


def test_a_supervisor_retires_the_desk_by_keys_when_nothing_is_unsent_and_nobody_can_sign_in_any_more(
    sit_at: SitAt,  # noqa: F811
) -> None:
    desk = sit_at("qian")
    desk.working.act(desk.working.resident())
    desk.show()
    page = sync_page(desk)
    desk.keys.press("Ctrl+M", "3")
    assert page._retirement.isVisible()
    assert not page._retirement._go.isEnabled()
    desk.keys.press("Esc")
    assert not page._retirement.isVisible()
    desk.contact()
    desk.keys.press("Ctrl+M", "3", "Ctrl+Enter", "2")
    assert not desk.troubles
    (proof,) = desk.retired
    assert proof == read_retirement(desk.working.folder)
    assert proof.count == 1
    assert not is_enrolled(desk.working.folder, desk.working.vault)


def test_the_program_closes_the_retired_desk_and_its_sign_in_window_says_so(
    make_desk: MakeDesk, app: QApplication, until: Until, theme: Theme
) -> None:
    desk = make_desk("qian")
    desk.sealed_log.close()
    program = CounterApp(app, desk.folder, Settings())
    program._open(open_counter(desk.folder, desk.vault, desk.signed_in, clock=desk.clock))
    assert program.window is not None
    assert program.context is not None
    link, window = program.context.sync, program.window
    until(lambda: link.status().is_equal)
    window.open_page("sync")
    page, keys = window.page("sync"), Keyboard(window)
    assert isinstance(page, SyncPage)
    keys.press("Ctrl+M", "3")
    until(page._retirement.isVisible)
    keys.press("Ctrl+Enter", "2")
    until(lambda: program.sign_in_window is not None)
    sign_in = program.sign_in_window
    assert sign_in is not None
    assert "样qian停用，0 件操作都在中心" in sign_in._notice._text.text()
    assert not sign_in._submit.isEnabled()
    assert program.counter is None
    sign_in.close()


def test_who_is_no_supervisor_is_not_offered_to_retire_the_desk(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("li")
    desk.show()
    desk.keys.press("Ctrl+M", "3")
    assert sync_page(desk)._ask.is_asking
    assert not sync_page(desk)._retirement.isVisible()


def test_unsent_work_goes_onto_a_stick_by_keys_and_stays_here_too(
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stick = tmp_path / "STICK"
    stick.mkdir()
    monkeypatch.setattr("ui.pages.sync.asks.sticks", lambda: [stick])
    desk = sit_at("li")
    desk.show()
    desk.keys.press("Ctrl+E", "1")
    assert "没有未上传的办件" in str(desk.troubles.pop())
    desk.working.act(desk.working.resident("样离线"), files=(b"\x89PNG\r\n\x1a\n scan",))
    desk.keys.press("Ctrl+E", "1")
    assert not desk.troubles
    (path,) = stick.glob("*.nbseal")
    assert desk.notices[-1].what.startswith("已导出 1 件、附件 1 个")
    assert "仍在本机" in desk.notices[-1].safe
    assert "样离线".encode() not in path.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    desk.keys.press("Ctrl+E", "3")
    desk.keys.type(str(other))
    desk.keys.press("Enter")
    assert list(other.glob("*.nbseal"))
    assert desk.contact().confirmed == 1


def test_a_stick_of_a_window_without_a_line_is_imported_at_another_one_twice_and_nothing_doubles(
    sit_at: SitAt,  # noqa: F811
    centre: RunningCentre,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.pages.sync.asks.sticks", lambda: [tmp_path])
    offline, online = sit_at("li"), sit_at("qian")
    offline.show()
    offline.keys.press("Ctrl+M", "1", "3")
    for name in ("样甲", "样乙"):
        offline.working.act(offline.working.resident(name), files=(name.encode(),))
    offline.contact()
    assert offline.pill.parts()[0] == "2 件待传"
    offline.keys.press("Ctrl+E", "1")
    assert not offline.troubles

    online.show()
    for known in (0, 2):
        online.keys.press("Ctrl+M", "2", "1")
        assert not online.troubles
        assert f"2 件已在中心，其中 {known} 件先前已到" in online.notices[-1].what
    with centre.centre.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.centre_action)).scalar_one() == 2

    offline.show()
    offline.keys.press("Ctrl+D")
    status = offline.contact()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 2, True)
