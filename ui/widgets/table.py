"""A table over a source that is paged by key, with a closed set of painted cells."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from nbcase.domain.words import tr
from ui.tasks import Tasks
from ui.theme import current_theme
from ui.widgets.fields.text import draw_check_box
from ui.widgets.ink import Tone, draw_line, draw_tag, draw_text, tone_color
from ui.widgets.limitbar import LimitFigure, draw_limit_bar
from ui.widgets.loading import LoadingBar
from ui.widgets.rows import draw_row_ground

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text in a tone; `small` is the secondary size, `quiet` its colour as well, `strong` bold."""

    text: str
    tone: Tone = "neutral"
    small: bool = False
    quiet: bool = False
    strong: bool = False

    def describe(self) -> str:
        """The words for a screen reader."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCell:
    """A state in a word on its ground."""

    text: str
    tone: Tone = "neutral"

    def describe(self) -> str:
        """The words for a screen reader."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoLineCell:
    """A text and what explains it under it."""

    text: str
    under: str

    def describe(self) -> str:
        """The words for a screen reader."""
        return f"{self.text} {self.under}"


CellValue = str | Cell | TagCell | TwoLineCell | LimitFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[R]):
    """A column: its title, how to get a cell out of a row, and its width in logical pixels.

    `stretch` lets it take what is left over; `shown_from` hides it while the table is narrower than that.
    """

    title: str
    cell: Callable[[R], CellValue]
    width: int
    stretch: bool = False
    align: Literal["left", "right"] = "left"
    shown_from: int = 0


class PageOfRows(Protocol[R_co]):
    """What a fetch returns: some rows and where to go on, None at the end."""

    @property
    def rows(self) -> Sequence[R_co]:
        """The rows in their order."""
        ...

    @property
    def next_cursor(self) -> Any:
        """What to ask for next; None when there is no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage(Generic[R]):
    """The plain form of a page of rows."""

    rows: tuple[R, ...]
    next_cursor: Any = None


Fetch = Callable[[Any, int], PageOfRows[Any]]
"""`fetch(cursor, limit)`; the first cursor is None. Called in a worker."""


class PagedModel(QAbstractTableModel):
    """Rows as they come, page by page.

    Qt may call `fetchMore` without asking `canFetchMore`, and again before the answer is there: one question at a time is under
    way, and an answer to a question from before `reload` is dropped. `columns_count` includes the box column when rows can be
    checked.
    """

    loading = Signal(bool)
    loaded = Signal()
    failed = Signal(object)
    checked_changed = Signal()

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        fetch: Fetch,
        tasks: Tasks,
        *,
        row_key: Callable[[Any], Hashable] | None = None,
        page_size: int = 50,
    ) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self._fetch = fetch
        self._tasks = tasks
        self._row_key = row_key
        self._page_size = page_size
        self._rows: list[Any] = []
        self._checked: dict[Hashable, Any] = {}
        self._cursor: Any = None
        self._at_end = False
        self._question = 0
        self._asking = False

    @property
    def has_boxes(self) -> bool:
        """Whether rows can be checked for a bulk action."""
        return self._row_key is not None

    def reload(self) -> None:
        """Ask for as many rows as there are, at least a page; they stand until the answer is there.

        With fewer, a row that was chosen further down would give its place to another one under the clerk's hands.
        """
        self._question += 1
        self._asking = False
        self._ask(None, first=True)

    def row(self, position: int) -> Any:
        """The row at a position."""
        return self._rows[position]

    def checked(self) -> tuple[Any, ...]:
        """The rows whose box is set, in the order they were set."""
        return tuple(self._checked.values())

    def toggle(self, position: int) -> None:
        """Set or clear the box of a row."""
        if self._row_key is None:
            return
        row = self._rows[position]
        key = self._row_key(row)
        if self._checked.pop(key, None) is None:
            self._checked[key] = row
        index = self.index(position, 0)
        self.dataChanged.emit(index, index)
        self.checked_changed.emit()

    def is_checked(self, position: int) -> bool:
        """Whether the box of a row is set."""
        return self._row_key is not None and self._row_key(self._rows[position]) in self._checked

    def column(self, section: int) -> Column[Any] | None:
        """The declared column of a section; None for the boxes."""
        place = section - self.has_boxes
        return self.columns[place] if 0 <= place < len(self.columns) else None

    def cell(self, index: _Index) -> CellValue | None:
        """What a place shows; None for a box."""
        column = self.column(index.column())
        return None if column is None else column.cell(self._rows[index.row()])

    def _ask(self, cursor: Any, *, first: bool) -> None:
        self._asking = True
        self._question += 1
        question = self._question
        limit = max(self._page_size, len(self._rows)) if first else self._page_size
        self.loading.emit(True)
        self._tasks.run(
            lambda: self._fetch(cursor, limit),
            then=lambda page: self._take(question, page, first=first),
            otherwise=lambda error: self._fail(question, error),
        )

    def _take(self, question: int, page: PageOfRows[Any], *, first: bool) -> None:
        if question != self._question:
            return
        self._cursor = page.next_cursor
        self._at_end = page.next_cursor is None
        if first:
            self.beginResetModel()
            self._rows = list(page.rows)
            self._checked.clear()
            self.endResetModel()
            self.checked_changed.emit()
        elif page.rows:
            start = len(self._rows)
            self.beginInsertRows(QModelIndex(), start, start + len(page.rows) - 1)
            self._rows.extend(page.rows)
            self.endInsertRows()
        self._asking = False  # only now: a listener of the change must not fetch in the middle of it
        self.loading.emit(False)
        self.loaded.emit()

    def _fail(self, question: int, error: BaseException) -> None:
        if question != self._question:
            return
        self._asking = False
        self._at_end = True
        self.loading.emit(False)
        self.failed.emit(error)

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and bool(self._rows) and not self._at_end and not self._asking

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self._ask(self._cursor, first=False)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.columns) + self.has_boxes

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        if role == Qt.ItemDataRole.UserRole:
            return self._rows[index.row()]
        cell = self.cell(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return "" if cell is None else cell if isinstance(cell, str) else cell.describe()
        if role == Qt.ItemDataRole.CheckStateRole and cell is None:
            return Qt.CheckState.Checked if self.is_checked(index.row()) else Qt.CheckState.Unchecked
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        column = self.column(section)
        return column.title if column is not None else tr("选")


class Table(QTableView):
    """The view: one selected row, arrows move, Enter or a double click opens, the space bar sets the box.

    With `identify` a reload keeps the selected row by its key, or else its place.
    """

    opened = Signal(object)
    selected = Signal(object)

    def __init__(
        self,
        name: str,
        model: PagedModel,
        parent: QWidget | None = None,
        *,
        compact: bool = False,
        identify: Callable[[Any], Hashable] | None = None,
    ) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._source = model
        self._identify = identify
        self._kept: tuple[Hashable, int] | None = None
        model.setParent(self)
        self.setAccessibleName(name)
        self.setModel(model)
        self.setItemDelegate(_CellDelegate(self))
        self.setHorizontalHeader(_Header(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(theme.size.row_table_compact if compact else theme.size.row_table)
        self._bar = LoadingBar(self)
        self._bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        model.loading.connect(self._bar.set_on)
        model.modelReset.connect(self._fit)
        model.modelReset.connect(self._select_again)
        self.activated.connect(self._open)
        self.selectionModel().currentRowChanged.connect(self._tell)
        self._fit()

    def current(self) -> Any:
        """The selected row, or None."""
        return self.currentIndex().data(Qt.ItemDataRole.UserRole)

    def select(self, position: int) -> None:
        """Select the row at a position, from 0."""
        self.setCurrentIndex(self._source.index(position, self._first_column))

    @property
    def source(self) -> PagedModel:
        """The model behind the table."""
        return self._source

    @property
    def _first_column(self) -> int:
        return int(self._source.has_boxes)

    def keep(self, key: Hashable) -> None:
        """Select the row with this key at the next reload, where it is among the first page."""
        self._kept = (key, 0)

    def _select_again(self) -> None:
        count = self._source.rowCount()
        if not count:
            return
        if self._identify is None or self._kept is None:
            self.select(0)
            return
        key, place = self._kept
        keys = [self._identify(self._source.row(position)) for position in range(count)]
        self.select(keys.index(key) if key in keys else min(place, count - 1))

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(Qt.ItemDataRole.UserRole))

    def _tell(self, index: QModelIndex, _former: QModelIndex) -> None:
        if index.isValid():
            row = index.data(Qt.ItemDataRole.UserRole)
            if self._identify is not None:
                self._kept = (self._identify(row), index.row())
            self.selected.emit(row)

    def _fit(self) -> None:
        """Give each column its width; the stretching ones take the rest, or give up to a third; hide what has no room here."""
        theme = current_theme()
        header = self.horizontalHeader()
        room = self.viewport().width()
        if self._source.has_boxes:
            header.resizeSection(0, theme.space.l + theme.size.icon + theme.space.m + 2)
            room -= header.sectionSize(0)
        shown = []
        for place, column in enumerate(self._source.columns):
            section = place + self._first_column
            hidden = self.viewport().width() < column.shown_from
            self.setColumnHidden(section, hidden)
            if not hidden:
                shown.append((section, column))
                room -= column.width
        stretching = [section for section, column in shown if column.stretch]
        for section, column in shown:
            extra = room // len(stretching) if column.stretch else 0
            header.resizeSection(section, max(column.width + extra, column.width * 2 // 3))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        line = self._bar.height()
        self._bar.setGeometry(0, current_theme().size.table_head - line, self.width(), line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid() and self._source.has_boxes:
            self._source.toggle(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self._source.has_boxes and index.column() == 0:
            self._source.toggle(index.row())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()


class _Header(QHeaderView):
    """Titles in the secondary size, aligned as their column, over the strong line."""

    def __init__(self, table: Table) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self.setSectionsClickable(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(1)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), current_theme().size.table_head)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        bottom = self.viewport().height() - 1
        draw_line(painter, 0, bottom, self.viewport().width(), bottom + 1, "border_strong")

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.save()
        painter.fillRect(rect, current_theme().color("surface"))
        model = self.model()
        column = model.column(logicalIndex) if isinstance(model, PagedModel) else None
        if column is not None:
            area = _cell_area(rect, first=self.visualIndex(logicalIndex) == 0)
            draw_text(painter, area, column.title, "text2", "secondary", align=column.align)
        painter.restore()


class _CellDelegate(QStyledItemDelegate):
    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        first = index.column() == 0
        draw_row_ground(painter, rect, selected=selected, focused=selected and first and self._table.hasFocus())
        draw_line(painter, rect.left(), rect.bottom(), rect.right() + 1, rect.bottom() + 1)
        source = self._table.source
        column = source.column(index.column())
        area = _cell_area(rect, first=first)
        if column is None:
            draw_check_box(painter, area.left(), rect.center().y() + 1, on=source.is_checked(index.row()))
        else:
            draw_cell(painter, area, column.cell(source.row(index.row())), column.align)
        painter.restore()


def _cell_area(rect: QRect, *, first: bool) -> QRectF:
    """The part of a cell that holds its content: the first has the page's edge."""
    theme = current_theme()
    left = theme.space.l if first else 0
    return QRectF(rect.left() + left, rect.top(), max(0, rect.width() - left - theme.space.m), rect.height() - 1)


def draw_cell(painter: QPainter, area: QRectF, value: CellValue, align: Literal["left", "right"] = "left") -> None:
    """Draw a cell's content by its type."""
    middle = area.center().y()
    if isinstance(value, LimitFigure):
        _draw_limit(painter, area, value)
    elif isinstance(value, TagCell):
        if value.text:
            draw_tag(painter, area.left(), middle, value.text, value.tone, int(area.width()))
    elif isinstance(value, TwoLineCell):
        half = area.height() / 2
        draw_text(painter, QRectF(area.left(), area.top() + 1, area.width(), half), value.text)
        under = QRectF(area.left(), area.top() + half - 1, area.width(), half)
        draw_text(painter, under, value.under, "text2", "secondary")
    elif isinstance(value, Cell):
        color = "text2" if value.quiet and value.tone == "neutral" else tone_color(value.tone)
        size = "secondary" if value.quiet or value.small else "body"
        draw_text(painter, area, value.text or "—", color, size, strong=value.strong, align=align)
    else:
        draw_text(painter, area, value or "—", align=align)


def _draw_limit(painter: QPainter, area: QRectF, figure: LimitFigure) -> None:
    theme = current_theme()
    draw_limit_bar(painter, area.left(), area.center().y(), figure)
    left = area.left() + theme.size.limit_bar[0] + theme.space.s
    words = QRectF(left, area.top(), area.right() - left, area.height())
    draw_text(painter, words, f"{figure.promised} / {figure.legal}", "text2", "secondary")
