"""Lists whose rows are painted: one view, one model, and a drawing per kind of row."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.theme import current_theme
from ui.widgets.ink import draw_line

R = TypeVar("R")
_Index = QModelIndex | QPersistentModelIndex


class RowModel(QAbstractListModel):
    """Rows as they are, with the words that a screen reader says for each."""

    def __init__(self, parent: "RowList[Any]") -> None:
        super().__init__(parent)
        self._owner = parent
        self.rows: tuple[Any, ...] = ()

    def show(self, rows: Sequence[Any]) -> None:
        """Put these rows in place of the former ones."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._owner.describe(row)
        return row if role == Qt.ItemDataRole.UserRole else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        row = self.rows[index.row()]
        if not self._owner.selectable(row):
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class RowList(QListView, Generic[R]):
    """A list of painted rows with one selected row; arrows move, Enter or a double click opens.

    A subclass says how high a row is, how it is drawn and how it is read out. With `fits` the list is as high as its rows and
    never scrolls: the page around it does.
    """

    opened = Signal(object)
    picked = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None, *, fits: bool = False, selects: bool = True) -> None:
        super().__init__(parent)
        self._fits = fits
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        if not selects:
            self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._model = RowModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_RowDelegate(self))
        self.activated.connect(self._open)
        self.selectionModel().currentChanged.connect(self._pick)
        if fits:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def describe(self, row: R) -> str:
        """The words of a row for a screen reader."""
        return str(row)

    def row_height(self, row: R) -> int:
        """Logical pixels of a row."""
        return current_theme().size.row_table

    def selectable(self, row: R) -> bool:
        """Whether the arrows stop at the row."""
        return True

    def draw_row(self, painter: QPainter, rect: QRect, row: R, *, selected: bool) -> None:
        """Draw a row; its ground is drawn already."""
        raise NotImplementedError

    def draw_edge(self, painter: QPainter, rect: QRect) -> None:
        """Draw the line under a row."""
        draw_line(painter, rect.left(), rect.bottom(), rect.right() + 1, rect.bottom() + 1)

    def show_rows(self, rows: Sequence[R]) -> None:
        """Show these rows; the selection goes to none."""
        self._model.show(rows)
        if self._fits:
            self.setFixedHeight(self.rows_height())

    @property
    def rows(self) -> tuple[R, ...]:
        """The rows that are shown."""
        return self._model.rows

    def rows_height(self) -> int:
        """Logical pixels of all rows."""
        return sum(self.row_height(row) for row in self._model.rows)

    def current(self) -> R | None:
        """The selected row."""
        row: R | None = self.currentIndex().data(Qt.ItemDataRole.UserRole)
        return row

    def select(self, position: int) -> None:
        """Select the row at a position, from 0."""
        self.setCurrentIndex(self._model.index(position))

    def step(self, by: int) -> None:
        """Move the selection by so many rows that can be selected, staying at the ends."""
        stops = [place for place, row in enumerate(self.rows) if self.selectable(row)]
        if not stops:
            return
        here = self.currentIndex().row()
        order = stops.index(here) + by if here in stops else (0 if by > 0 else len(stops) - 1)
        self.select(stops[max(0, min(order, len(stops) - 1))])

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(Qt.ItemDataRole.UserRole))

    def _pick(self, index: QModelIndex, _former: QModelIndex) -> None:
        if index.isValid():
            self.picked.emit(index.data(Qt.ItemDataRole.UserRole))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits and event.size().width() != event.oldSize().width() and self.height() != self.rows_height():
            self.scheduleDelayedItemsLayout()
            self.setFixedHeight(self.rows_height())

    def focusInEvent(self, event: QFocusEvent) -> None:
        if not self.currentIndex().isValid():
            self.step(1)  # before Qt, which would make the first row the current one without selecting it
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.rows_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.rows_height() if self._fits else current_theme().size.row_table)


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, owner: RowList[Any]) -> None:
        super().__init__(owner)
        self._owner = owner

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        draw_row_ground(painter, rect, selected=selected, focused=self._owner.hasFocus() and selected)
        self._owner.draw_row(painter, rect, row, selected=selected)
        self._owner.draw_edge(painter, rect)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, self._owner.row_height(index.data(Qt.ItemDataRole.UserRole)))


def draw_row_ground(painter: QPainter, rect: QRect, *, selected: bool, focused: bool) -> None:
    """The ground of a selected row, with the marker that tells the list has the focus."""
    if not selected:
        return
    theme = current_theme()
    painter.fillRect(rect, theme.color("select"))
    if focused:
        marker = QRect(rect.left(), rect.top(), theme.line.rail_marker, rect.height())
        painter.fillRect(marker, theme.color("accent"))
