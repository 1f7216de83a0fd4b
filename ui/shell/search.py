"""The one search box for everything: results while typing, grouped, opened with the arrows and Enter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.tasks import Tasks
from ui.theme import current_theme
from ui.widgets.button import shortcuts_for
from ui.widgets.fields.frame import Edit, Frame
from ui.widgets.icon import Icon
from ui.widgets.picklist import PickList, Suggestion
from ui.widgets.tag import KeyHint


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One thing found: what it is called, what explains it, and where it opens."""

    text: str
    under: str = ""
    right: str = ""
    page: str = ""
    target: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchGroup:
    """Hits of one kind under a heading; `total` is how many there are altogether."""

    title: str
    icon: str
    hits: tuple[SearchHit, ...]
    total: int = 0


Search = Callable[[str], Sequence[SearchGroup]]
"""Called in a worker with what was typed."""


class SearchBox(QWidget):
    """The box and its results. A later key makes an earlier answer void; nothing here waits."""

    chosen = Signal(object)

    def __init__(self, search: Search, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._search = search
        self._tasks = tasks
        self._asked = 0
        self._list: PickList | None = None
        self.setFixedHeight(theme.size.search_height)
        self.setMaximumWidth(theme.size.search_width)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.frame = Frame(self, ground="sunken", border="border_strong")
        row = QHBoxLayout(self.frame)
        row.setContentsMargins(theme.space.s, 1, theme.space.s, 1)
        row.setSpacing(theme.space.s)
        row.addWidget(Icon("search"))
        self.edit = Edit(self.frame)
        self.edit.setPlaceholderText(tr("姓名、拼音、证件号、手机、地址、受理号、扫码"))
        self.edit.setAccessibleName(tr("查找"))
        self.edit.setAccessibleDescription("Ctrl+K")
        self.edit.take_key = self._take_key
        row.addWidget(self.edit, 1)
        self._hint = KeyHint("Ctrl+K")
        row.addWidget(self._hint)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.frame)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(theme.tokens.wait.search)
        self._timer.timeout.connect(self._ask)
        self.edit.textChanged.connect(self._typed)
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for("Ctrl+K"))
        shortcut.activated.connect(self.begin)

    def is_open(self) -> bool:
        """Whether results are shown."""
        return self._list is not None and self._list.isVisible()

    def begin(self) -> None:
        """Put the cursor into the box and mark what stands there."""
        self.edit.setFocus()
        self.edit.selectAll()
        if self.edit.text().strip():
            self._ask()

    def look_for(self, text: str) -> None:
        """Search for a text that was not typed, such as a scanned code."""
        self.begin()
        self.edit.setText(text)
        self._ask()

    def _typed(self, text: str) -> None:
        self._asked += 1
        if text.strip():
            self._timer.start()
        else:
            self._timer.stop()
            self._popup().hide()

    def _ask(self) -> None:
        typed = self.edit.text().strip()
        self._asked += 1
        asked = self._asked
        self._tasks.run(lambda: self._search(typed), then=lambda groups: self._show(asked, typed, groups))

    def _show(self, asked: int, typed: str, groups: Sequence[SearchGroup]) -> None:
        if asked != self._asked or not self.edit.hasFocus():
            return
        rows = [row for group in groups for row in _rows(group)]
        note = "" if rows else tr("没有找到“{text}”。可试姓名、拼音首字母、号码中的几位").format(text=typed)
        self._popup().show_suggestions(rows, typed=typed, note=note)

    def _popup(self) -> PickList:
        if self._list is None:
            self._list = PickList(self.frame, tr("查找结果"))
            self._list.set_hints([("↑↓", tr("选择")), ("Enter", tr("打开")), ("Esc", tr("关闭"))])
            self._list.watch(self.edit)
            self._list.picked.connect(self._choose)
        return self._list

    def _choose(self, row: Suggestion) -> None:
        self.edit.clear()
        self.chosen.emit(row.payload)

    def _take_key(self, event: QKeyEvent) -> bool:
        popup = self._popup()
        if popup.handle_key(event.key()):
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.edit.clear()
            self.window().setFocus()
            return True
        return False


def _rows(group: SearchGroup) -> list[Suggestion]:
    if not group.hits:
        return []
    count = tr("{title}  {n}").format(title=group.title, n=max(group.total, len(group.hits)))
    heading = Suggestion(text=count, is_heading=True)
    hits = [Suggestion(text=hit.text, under=hit.under, right=hit.right, icon=group.icon, payload=hit) for hit in group.hits]
    return [heading, *hits]
