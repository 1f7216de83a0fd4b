"""The paged table: rows come by key, one question at a time, and the model keeps Qt's rules."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget

from ui.tasks import InlineTasks, TaskRunner
from ui.widgets.limitbar import LimitFigure
from ui.widgets.table import Cell, Column, PagedModel, RowPage, Table, TagCell, TwoLineCell

Show = Callable[..., QWidget]
Until = Callable[[Callable[[], bool]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row with its key."""

    number: int


_COLUMNS: tuple[Column[Row], ...] = (
    Column(title="号", cell=lambda row: Cell(text=f"TS-{row.number:03}", quiet=True), width=80),
    Column(title="事项", cell=lambda row: TwoLineCell(text="居住证", under="签注"), width=120, stretch=True),
    Column(title="状态", cell=lambda row: TagCell(text="办理中"), width=80),
    Column(title="期限", cell=lambda row: LimitFigure(used=1, promised=2, legal=11), width=210),
    Column(title="经办", cell=lambda row: "陈砚秋", width=80, shown_from=1200),
)


class Source:
    """A keyset-paged source of so many rows that counts its questions."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[Any] = []

    def __call__(self, cursor: int | None, limit: int) -> RowPage[Row]:
        self.asked.append(cursor)
        start = cursor or 0
        rows = tuple(Row(number=number) for number in range(start, min(start + limit, self.size)))
        return RowPage(rows=rows, next_cursor=start + limit if start + limit < self.size else None)


class HeldTasks(InlineTasks):
    """Keeps each job until the test lets it go."""

    def __init__(self) -> None:
        self.held: deque[Callable[[], None]] = deque()

    def run(self, work: Any, then: Any = None, otherwise: Any = None) -> None:
        """Hold the job."""
        self.held.append(lambda: InlineTasks.run(self, work, then, otherwise))


def _model(source: Source, tasks: Any, **options: Any) -> PagedModel:
    return PagedModel(_COLUMNS, source, tasks, page_size=10, **options)


def test_the_model_keeps_qt_s_rules_while_it_grows_and_is_reloaded(app: QApplication) -> None:
    source = Source(35)
    model = _model(source, InlineTasks(), row_key=lambda row: row.number)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.reload()
    while model.canFetchMore(QModelIndex()):
        model.fetchMore(QModelIndex())
    model.toggle(3)
    model.reload()
    assert model.rowCount() >= 10
    del tester


def test_rows_come_page_by_page_without_gap_or_double(app: QApplication) -> None:
    source = Source(35)
    model = _model(source, InlineTasks())
    model.reload()
    while model.canFetchMore(QModelIndex()):
        model.fetchMore(QModelIndex())
    assert [model.row(place).number for place in range(model.rowCount())] == list(range(35))
    assert source.asked == [None, 10, 20, 30]


def test_only_one_question_is_under_way_however_often_qt_asks(app: QApplication) -> None:
    source, tasks = Source(35), HeldTasks()
    model = _model(source, tasks)
    model.fetchMore(QModelIndex())
    assert not tasks.held
    model.reload()
    tasks.held.popleft()()
    model.fetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    assert len(tasks.held) == 1
    tasks.held.popleft()()
    assert model.rowCount() == 20


def test_an_answer_from_before_a_reload_is_dropped(app: QApplication) -> None:
    source, tasks = Source(35), HeldTasks()
    model = _model(source, tasks)
    model.reload()
    tasks.held.popleft()()
    model.fetchMore(QModelIndex())
    model.reload()
    tasks.held.popleft()()
    assert model.rowCount() == 10
    tasks.held.popleft()()
    assert [model.row(place).number for place in range(model.rowCount())] == list(range(10))


def test_a_reload_brings_back_every_row_that_was_there_with_the_chosen_one(show: Show) -> None:
    model = _model(Source(100), InlineTasks())
    table = Table("表", model, identify=lambda row: row.number)
    show(table, 640, 300)
    model.reload()
    while model.rowCount() < 35:
        model.fetchMore(QModelIndex())
    table.select(33)
    chosen = table.current()
    model.reload()
    assert model.rowCount() == 40
    assert table.current() == chosen, "with the first page alone another row would be chosen"


def test_a_failed_page_is_told_and_not_asked_for_without_end(app: QApplication) -> None:
    def fail(cursor: Any, limit: int) -> RowPage[Row]:
        raise OSError("away")

    model = PagedModel(_COLUMNS, fail, InlineTasks())
    told: list[object] = []
    model.failed.connect(told.append)
    model.reload()
    assert isinstance(told[0], OSError)
    assert not model.canFetchMore(QModelIndex())


def test_a_slow_first_page_leaves_the_event_loop_free(show: Show, tasks: TaskRunner, until: Until) -> None:
    table = Table("办件", _model(Source(35), tasks))
    show(table)
    table.source.reload()
    until(lambda: table.source.rowCount() >= 10)
    assert table.current() == Row(number=0)


def test_enter_opens_the_row_and_arrows_tell_the_selected_one(show: Show) -> None:
    table = Table("办件", _model(Source(35), InlineTasks()))
    table.source.reload()
    show(table)
    opened: list[Row] = []
    selected: list[Row] = []
    table.opened.connect(opened.append)
    table.selected.connect(selected.append)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert [row.number for row in opened] == [1]
    assert [row.number for row in selected] == [1]


def test_the_space_bar_checks_rows_for_a_bulk_action(show: Show) -> None:
    table = Table("办件", _model(Source(35), InlineTasks(), row_key=lambda row: row.number))
    table.source.reload()
    show(table)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Space)
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert [row.number for row in table.source.checked()] == [0, 1]
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert [row.number for row in table.source.checked()] == [0]


def test_tab_leaves_the_table(show: Show) -> None:
    table = Table("办件", _model(Source(5), InlineTasks()))
    assert not table.tabKeyNavigation()


def test_columns_fill_the_width_and_hide_where_there_is_no_room(show: Show) -> None:
    table = Table("办件", _model(Source(3), InlineTasks()))
    table.source.reload()
    show(table, 700)
    header = table.horizontalHeader()
    assert sum(header.sectionSize(place) for place in range(4)) == table.viewport().width()
    assert table.isColumnHidden(4)
    table.resize(1300, 400)
    QApplication.processEvents()
    assert not table.isColumnHidden(4)


@pytest.mark.parametrize(
    ("column", "words"), [(0, "TS-000"), (1, "居住证 签注"), (2, "办理中"), (3, "剩 1 日，承诺 2 个工作日，法定 11 个工作日")]
)
def test_every_cell_has_words_for_a_screen_reader(app: QApplication, column: int, words: str) -> None:
    model = _model(Source(3), InlineTasks())
    model.reload()
    assert model.data(model.index(0, column), Qt.ItemDataRole.AccessibleTextRole) == words


@pytest.mark.parametrize(
    ("figure", "tone", "words"),
    [
        (LimitFigure(used=0, promised=5, legal=11), "neutral", "剩 5 日"),
        (LimitFigure(used=4, promised=5, legal=11), "amber", "剩 1 日"),
        (LimitFigure(used=5, promised=5, legal=11), "amber", "今日到期"),
        (LimitFigure(used=6, promised=5, legal=11), "red", "超 1 日"),
        (LimitFigure(used=6, promised=5, legal=11, done=True), "neutral", "用 6 日"),
        (LimitFigure(used=0, promised=5, legal=11, done=True), "neutral", "当日"),
    ],
)
def test_a_limit_turns_amber_a_day_before_and_red_after_the_promise(app: QApplication, figure: LimitFigure, tone: str, words: str) -> None:
    assert figure.tone() == tone
    assert figure.words() == words
