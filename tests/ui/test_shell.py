"""The window around the pages: access, keys, search, pill, notices, lock, sign-in."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

import ui.pages
from ui.context import DeskContext, KeyHelp, Notice
from ui.pages import PageSpec, page
from ui.shell.page import Page
from ui.shell.pill import Pill, PillState
from ui.shell.search import SearchGroup, SearchHit
from ui.shell.sign_in import SignIn, SignInRequest
from ui.shell.statusline import DeviceState, clock_words
from ui.shell.window import MainWindow
from ui.tasks import InlineTasks, TaskRunner
from ui.theme import Theme, current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option, TextField

Show = Callable[..., QWidget]
Until = Callable[[Callable[[], bool]], None]

_NOW = datetime(2026, 11, 24, 16, 21, tzinfo=timezone(timedelta(hours=8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeContext:
    """A context without a desk."""

    theme: Theme = field(default_factory=current_theme)
    clerk: Any = field(default_factory=lambda: SimpleNamespace(name="陈砚秋", role="window", role_name="窗口岗"))
    station_name: str = "骆驼街道服务站"
    window_name: str = "2 号窗"
    training: bool = False
    desk: Any = None
    tasks: Any = field(default_factory=InlineTasks)
    navigate: Callable[..., None] = lambda *_args, **_target: None
    notify: Callable[[Notice], None] = lambda _notice: None
    trouble: Callable[[BaseException], None] = lambda _error: None
    now: Callable[[], datetime] = lambda: _NOW


class NotedPage(Page):
    """A page that notes what the shell does with it."""

    def __init__(self, context: DeskContext, code: str = "home") -> None:
        super().__init__(context, code)
        self.notes: list[object] = []
        self.edit = TextField("姓名")
        self.set_body(self.edit)
        self.button = KeyButton("受理", key="Ctrl+Enter", role="primary")
        self.set_footer(None, self.button)

    def opened(self) -> None:
        self.notes.append("opened")
        self.edit.setFocus()

    def closed(self) -> None:
        self.notes.append("closed")

    def reload(self, changed: frozenset[str]) -> None:
        self.notes.append(changed)

    def search_target(self, **target: object) -> None:
        self.notes.append(target)

    def keys(self) -> list[KeyHelp]:
        return [*super().keys(), KeyHelp(key="F8", what="下一处")]


def _specs(made: list[str]) -> list[PageSpec]:
    def spec(code: str, order: int, *roles: str) -> PageSpec:
        def make(context: DeskContext) -> Page:
            made.append(code)
            return NotedPage(context, code)

        return PageSpec(code=code, title=code, icon="house", order=order, roles=frozenset(roles), make=make)

    return [spec("home", 1), spec("register", 2, "window"), spec("review", 3, "police"), spec("sync", 4)]


def _search(typed: str) -> Sequence[SearchGroup]:
    hits = (SearchHit(text="李明", under="男", page="register", target={"resident_id": "r1"}),) if typed in "李明" else ()
    return [SearchGroup(title="居民", icon="user", hits=hits)]


@pytest.fixture
def made() -> list[str]:
    """Codes of the pages that have been made."""
    return []


@pytest.fixture
def window(show: Show, made: list[str]) -> MainWindow:
    """The window of a clerk at a counter."""
    window = MainWindow(FakeContext(), _specs(made), _search)
    show(window, 1366, 768)
    return window


def _page(window: MainWindow, code: str) -> NotedPage:
    found = window.page(code)
    assert isinstance(found, NotedPage)
    return found


def test_a_page_that_the_role_may_not_use_is_not_there(window: MainWindow) -> None:
    assert list(window.pages) == ["home", "register", "sync"]
    window.open_page("review")
    assert window.current_code == ""


def test_pages_are_made_when_they_are_first_opened(window: MainWindow, made: list[str]) -> None:
    assert made == []
    window.open_page("home")
    window.open_page("register")
    window.open_page("home")
    assert made == ["home", "register"]


def test_ctrl_and_a_number_opens_the_page_of_that_place(window: MainWindow) -> None:
    window.open_page("home")
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.current_code == "register"
    assert _page(window, "home").notes == ["opened", "closed"]
    assert _page(window, "register").edit.edit.hasFocus()


def test_a_page_behind_reloads_once_when_it_comes_to_the_front(window: MainWindow) -> None:
    window.open_page("home")
    window.open_page("register")
    window.announce(frozenset({"case"}))
    window.announce(frozenset({"permit"}))
    assert _page(window, "register").notes == ["opened", frozenset({"case"}), frozenset({"permit"})]
    assert _page(window, "home").notes == ["opened", "closed"]
    window.open_page("home")
    assert _page(window, "home").notes == ["opened", "closed", frozenset({"case", "permit"}), "opened"]


def test_ctrl_k_finds_and_enter_opens_the_record(show: Show, tasks: TaskRunner, until: Until, made: list[str]) -> None:
    window = MainWindow(FakeContext(tasks=tasks), _specs(made), _search)
    show(window, 1366, 768)
    window.open_page("home")
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    box = window.top_bar.search
    assert box.edit.hasFocus()
    box.edit.setText("李")
    until(lambda: box._popup().isVisible())
    QTest.keyClick(box.edit, Qt.Key.Key_Return)
    assert window.current_code == "register"
    assert _page(window, "register").notes == ["opened", {"resident_id": "r1"}]
    assert box.edit.text() == ""


def test_a_search_that_finds_nothing_says_what_to_try(window: MainWindow) -> None:
    box = window.top_bar.search
    box.edit.setText("没有")
    box.begin()
    assert box._popup().isVisible()
    assert "没有找到" in box._popup()._note.text()
    QTest.keyClick(box.edit, Qt.Key.Key_Escape)
    assert not box._popup().isVisible()


def test_a_search_that_is_overtaken_shows_only_the_last_answer(show: Show, made: list[str]) -> None:
    asked: list[str] = []

    def search(typed: str) -> Sequence[SearchGroup]:
        asked.append(typed)
        return _search(typed)

    window = MainWindow(FakeContext(), _specs(made), search)
    show(window, 1366, 768)
    box = window.top_bar.search
    box.edit.setFocus()
    box.edit.setText("李")
    box.edit.setText("李明")
    box._show(1, "李", _search("李"))
    assert not box._popup().isVisible()
    assert asked == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PillState(connection="online", reconciled="16:02", confirmed=43, sent=43), "在线 · 已对账 16:02（43/43）"),
        (PillState(connection="online"), "在线 · 尚未对账"),
        (PillState(connection="offline", waiting=12, rules_age_days=3), "离线 · 12 件待传 · 规则为 3 天前"),
        (PillState(connection="offline", rules_age_days=0), "离线 · 没有待传 · 规则为今天"),
        (
            PillState(connection="online", reconciled="16:02", confirmed=41, sent=43, waiting=2, conflicts=2),
            "在线 · 2 件待传 · 已对账 16:02（41/43） · 冲突 2",
        ),
        (PillState(), "连接中"),
        (PillState(connection="drill", waiting=12, drill_minutes=9), "演练 · 12 件待传 · 还剩 9 分"),
        (PillState(connection="online", reconciled="16:02", confirmed=43, sent=43, is_unequal=True), "在线 · 对账不一致"),
        (PillState(connection="online", loading=(31_200, 50_000)), "在线 · 正在取回本站资料 31,200/50,000"),
        (PillState(connection="online", waiting=3, is_queued=True), "在线 · 3 件待传 · 中心忙，已排队"),
        (
            PillState(connection="online", reconciled="16:02", confirmed=43, sent=43, conflicts=1, quarantined=2),
            "在线 · 已对账 16:02（43/43） · 冲突 1 · 隔离 2",
        ),
    ],
)
def test_the_pill_tells_the_truth(app: QApplication, state: PillState, words: str) -> None:
    pill = Pill()
    pill.show_state(state)
    assert pill.toolTip() == words


def test_a_narrow_pill_keeps_the_state_and_the_conflict(app: QApplication) -> None:
    pill = Pill()
    pill.show_state(PillState(connection="offline", waiting=12, rules_age_days=3, conflicts=1))
    pill.resize(pill.minimumSizeHint())
    assert [text for text, _, _ in pill._fitting()] == ["离线", "冲突 1"]
    pill.resize(pill.sizeHint())
    assert len(pill._fitting()) == 4


def test_a_click_on_the_pill_opens_the_sync_page(window: MainWindow) -> None:
    window.open_page("home")
    window.top_bar.pill.click()
    assert window.current_code == "sync"


def test_f1_lists_the_keys_of_the_page_and_any_key_closes_it(window: MainWindow) -> None:
    window.open_page("home")
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert window._keys.isVisible()
    QTest.keyClick(window._keys, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.current_code == "home"
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert [help_line.key for help_line in Page.keys(_page(window, "home"))] == ["Ctrl+Enter"]
    QTest.keyClick(window._keys, Qt.Key.Key_Escape)
    assert not window._keys.isVisible()
    assert _page(window, "home").edit.edit.hasFocus()


def test_an_error_stays_until_it_is_dismissed_and_a_success_leaves_by_itself(window: MainWindow) -> None:
    window.open_page("home")
    window.notify(Notice(what="没有打印出来", safe="受理已存本机。", do="请装纸后重打。", kind="error"))
    assert window.notices.isVisible()
    assert not window.notices._timer.isActive()
    assert "受理已存本机" in window.notices.accessibleName()
    QTest.keyClick(_page(window, "home").edit.edit, Qt.Key.Key_Escape)
    assert not window.notices.isVisible()
    window.notify(Notice(what="已受理"))
    assert window.notices._timer.isActive()


def test_the_lock_covers_the_window_keeps_the_draft_and_opens_by_password(window: MainWindow) -> None:
    window.open_page("home")
    asked: list[str] = []
    window.lock_overlay.unlock_wanted.connect(asked.append)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.lock_overlay.isVisible()
    assert "closed" in _page(window, "home").notes
    typed = QApplication.focusWidget()
    assert isinstance(typed, QLineEdit)
    assert typed.echoMode() == QLineEdit.EchoMode.Password
    QTest.keyClicks(typed, "wrong")
    QTest.keyClick(typed, Qt.Key.Key_Return)
    window.lock_overlay.refuse("密码不对")
    QTest.keyClicks(typed, "right")
    QTest.keyClick(typed, Qt.Key.Key_Return)
    window.lock_overlay.accept()
    assert asked == ["wrong", "right"]
    assert typed.text() == ""
    assert not window.lock_overlay.isVisible()


def test_no_key_of_the_window_works_behind_the_lock(window: MainWindow) -> None:
    window.open_page("home")
    pressed: list[bool] = []
    _page(window, "home").button.clicked.connect(lambda: pressed.append(True))
    window.lock()
    typed = QApplication.focusWidget()
    QTest.keyClick(typed, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(typed, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(typed, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    for _ in range(8):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert window.lock_overlay.isAncestorOf(QApplication.focusWidget())
    _page(window, "home").edit.setFocus()
    assert window.lock_overlay.isAncestorOf(QApplication.focusWidget())
    assert not pressed
    assert window.current_code == "home"


def test_at_200_percent_the_window_still_fits_and_the_rail_shows_icons_only(window: MainWindow) -> None:
    window.open_page("home")
    window.resize(683, 384)
    QApplication.processEvents()
    assert window.size() == QSize(683, 384)
    assert window.rail.width() == current_theme().layout.rail_compact
    items = list(window.rail._items.values())
    assert all(item.toolTip().startswith(item.text()) for item in items)
    assert _page(window, "home").width() == 683 - window.rail.width()
    window.resize(1366, 768)
    QApplication.processEvents()
    assert window.rail.width() == current_theme().size.rail


def test_nothing_appears_outside_of_the_window_while_pages_are_made(window: MainWindow, app: QApplication) -> None:
    window.open_page("home")
    window.open_page("register")
    assert [widget for widget in app.topLevelWidgets() if widget.isVisible()] == [window]


def test_devices_that_are_not_well_are_the_last_to_give_way(window: MainWindow) -> None:
    states = [DeviceState(name=f"设备 {number}", words="就绪") for number in range(6)]
    window.show_devices([*states, DeviceState(name="打印机", words="缺纸", state="fault")])
    devices = window.status_line._devices
    devices.resize(200, 28)
    assert "打印机" in [state.name for state in devices._fitting()]
    assert len(devices._fitting()) < 7


def test_the_clock_says_the_weekday() -> None:
    assert clock_words(_NOW) == "2026-11-24 周二 16:21"


def test_a_waiting_count_is_said_in_words(window: MainWindow) -> None:
    window.show_count("register", 18)
    assert window.rail._items["register"].accessibleName() == "register，18 件"


def test_a_page_registers_itself_and_two_of_one_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.pages, "_specs", {})
    register = page("probe", title="试", icon="house", order=1, roles={"window"})
    assert register(NotedPage) is NotedPage
    assert ui.pages._specs["probe"].allows("window")
    assert not ui.pages._specs["probe"].allows("police")

    class Other(NotedPage):
        """A second page that wants the same code."""

    with pytest.raises(ValueError, match="probe"):
        page("probe", title="试", icon="house", order=1)(Other)


_STATIONS = (Option(code="s1", label="骆驼街道服务站"), Option(code="s2", label="庄市街道服务站"))


def test_signing_in_takes_login_enter_password_enter(show: Show) -> None:
    sign_in = SignIn(_STATIONS[:1])
    show(sign_in)
    asked: list[SignInRequest] = []
    sign_in.submitted.connect(asked.append)
    QTest.keyClicks(QApplication.focusWidget(), "chen")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    QTest.keyClicks(QApplication.focusWidget(), "secret")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert asked == [SignInRequest(station_id="s1", login="chen", password="secret")]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert len(asked) == 1


def test_a_wrong_password_is_said_beside_its_field_and_may_be_tried_again(show: Show) -> None:
    sign_in = SignIn(_STATIONS, station_id="s2", login="chen")
    show(sign_in)
    asked: list[SignInRequest] = []
    sign_in.submitted.connect(asked.append)
    QTest.keyClicks(QApplication.focusWidget(), "wrong")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    sign_in.show_problem("密码不对，还可试 4 次")
    assert sign_in.password.state() == "error"
    assert sign_in.password.value() == ""
    QTest.keyClicks(QApplication.focusWidget(), "right")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert [request.password for request in asked] == ["wrong", "right"]


def test_what_is_missing_is_said_and_nothing_is_sent(show: Show) -> None:
    sign_in = SignIn(_STATIONS)
    show(sign_in)
    sign_in._submit.click()
    assert sign_in.station.state() == "error"


def test_a_password_is_not_in_the_words_of_a_request() -> None:
    assert "secret" not in repr(SignInRequest(station_id="s1", login="chen", password="secret"))


def test_the_sign_in_window_needs_no_heavy_module() -> None:
    code = "import sys, ui.shell.sign_in; print(' '.join(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"sqlalchemy", "numpy", "requests", "structlog", "yaml", "cv2", "cryptography", "reportlab", "PySide6.QtNetwork"}
    assert not heavy & set(loaded)
