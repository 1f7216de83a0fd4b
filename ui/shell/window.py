"""The main window: rail, top bar, notice bar, the page in front, status line."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.context import DeskContext, Notice
from ui.pages import PageSpec
from ui.shell.overlay import KeysOverlay, LockOverlay
from ui.shell.page import Page
from ui.shell.pill import PillState
from ui.shell.rail import Rail
from ui.shell.search import Search, SearchHit
from ui.shell.statusline import DeviceState, StatusLine
from ui.shell.topbar import TopBar
from ui.theme import current_theme
from ui.widgets.button import shortcuts_for
from ui.widgets.ink import Tone
from ui.widgets.notice import NoticeBar


class MainWindow(QMainWindow):
    """Holds the pages a clerk's role allows; a page is made when it is first opened."""

    page_opened = Signal(str)
    locked = Signal()
    closing = Signal()

    def __init__(self, context: DeskContext, specs: Sequence[PageSpec], search: Search, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._specs = {spec.code: spec for spec in specs if spec.allows(context.clerk.role)}
        self._pages: dict[str, Page] = {}
        self._current = ""
        self._stale: dict[str, frozenset[str]] = {}
        self.setWindowTitle(tr("新居民办件"))
        self.rail = Rail([spec for spec in self._specs.values() if spec.in_rail])
        self.rail.chosen.connect(self.open_page)
        self.top_bar = TopBar(search, context.tasks, training=context.training)
        self.top_bar.search.chosen.connect(self._open_hit)
        self.top_bar.pill.clicked.connect(lambda: self.open_page("sync"))
        self.top_bar.keys_wanted.connect(self.show_keys)
        self.notices = NoticeBar()
        self.status_line = StatusLine(
            f"{context.clerk.name} · {context.clerk.role_name}",
            f"{context.station_name} · {context.window_name}",
            context.now,
            training=context.training,
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self._keys = KeysOverlay(self)
        self.lock_overlay = LockOverlay(self, context.clerk.name, behind=self.centralWidget())
        self._register("Ctrl+L", self.lock)
        self.resize(*current_theme().tokens.meta.base_window)

    def _lay_out(self) -> None:
        centre = QWidget()
        rows = QVBoxLayout(centre)
        beside = QHBoxLayout()
        column = QVBoxLayout()
        for layout in (rows, beside, column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self.notices)
        column.addWidget(self._stack, 1)
        beside.addWidget(self.rail)
        beside.addLayout(column, 1)
        rows.addLayout(beside, 1)
        rows.addWidget(self.status_line)
        self.setCentralWidget(centre)

    def _register(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for(key))
        shortcut.activated.connect(act)

    @property
    def pages(self) -> Mapping[str, PageSpec]:
        """The pages that this clerk may use, by code."""
        return self._specs

    @property
    def current_code(self) -> str:
        """The code of the page in front."""
        return self._current

    def page(self, code: str) -> Page:
        """The page, made now if it has never been opened; a page that the role may not use is a `KeyError`."""
        if code not in self._pages:
            made = self._specs[code].make(self._context)
            self._pages[code] = made
            self._stack.addWidget(made)
        return self._pages[code]

    def open_page(self, code: str, **target: object) -> None:
        """Bring a page to the front, at a record when a target is given; a page that the role lacks is passed over."""
        if code not in self._specs:
            return
        page = self.page(code)
        if code != self._current:
            self._close_current()
            self._current = code
            self.rail.set_current(code)
            self._stack.setCurrentWidget(page)
        if changed := self._stale.pop(code, None):
            page.reload(changed)
        page.setFocus()
        page.opened()
        if target:
            page.search_target(**target)
        self.page_opened.emit(code)

    def _close_current(self) -> None:
        if self._current:
            self.page(self._current).closed()

    def announce(self, changed: frozenset[str]) -> None:
        """Records of these kinds have changed: the page in front reloads now, the others when they come to the front."""
        for code, page in self._pages.items():
            if code == self._current:
                page.reload(changed)
            else:
                self._stale[code] = self._stale.get(code, frozenset()) | changed

    def notify(self, notice: Notice) -> None:
        """Show a notice over the page."""
        self.notices.show_notice(notice)

    def show_sync(self, state: PillState) -> None:
        """Show the state of the connection."""
        self.top_bar.pill.show_state(state)

    def show_devices(self, devices: Sequence[DeviceState]) -> None:
        """Show what the devices say of themselves."""
        self.status_line.show_devices(devices)

    def show_count(self, code: str, count: int, tone: Tone = "neutral") -> None:
        """Show what waits on a page."""
        self.rail.set_count(code, count, tone)

    def show_keys(self) -> None:
        """Show the keys of the page in front."""
        if self._current and not self.lock_overlay.isVisible():
            self._keys.show_keys(tr(self._specs[self._current].title), self.page(self._current).keys())

    def lock(self) -> None:
        """Keep the draft and cover the window."""
        if self.lock_overlay.isVisible():
            return
        self._close_current()
        self.lock_overlay.lock()
        self.locked.emit()

    def _open_hit(self, hit: SearchHit) -> None:
        self.open_page(hit.page, **hit.target)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.notices.isVisible():
            self.notices.dismiss()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        theme = current_theme()
        compact = self.width() < theme.layout.compact_below
        self.rail.set_compact(compact=compact, height=self.height() - theme.size.status_line)
        self.top_bar.set_compact(compact)
        self.status_line.set_compact(compact)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._close_current()
        self.closing.emit()
        super().closeEvent(event)
