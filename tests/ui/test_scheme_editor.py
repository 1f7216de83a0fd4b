"""The form of a rule gives back what it shows, tells at once what the checker finds, and says why there is no effect to show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.domain.scheme import DraftStage
from nbcase.operations.scheme_drafts import begin_draft, edit_draft, scheme_board
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard
from ui.pages import PageSpec
from ui.pages.scheme import SchemePage
from ui.pages.scheme.editor import RuleEditor
from ui.shell.window import MainWindow
from ui.tasks import InlineTasks


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(role="supervisor", people=5)


def opened(counter: Counter, show: Callable[..., QWidget]) -> tuple[SchemePage, Keyboard]:
    spec = PageSpec(code="scheme", title="方案", icon="pencil", order=1, roles=frozenset(), make=SchemePage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("scheme")
    QApplication.processEvents()
    page = window.page("scheme")
    assert isinstance(page, SchemePage)
    return page, Keyboard(window)


@pytest.mark.usefixtures("app")
def test_every_indicator_comes_out_of_the_form_as_it_went_in(counter: Counter) -> None:
    begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    board = scheme_board(counter.desk)
    editor = RuleEditor()
    for indicator, _ in board.lines():
        edit = board.edit(indicator.code)
        editor.show_edit(board, edit, can_edit=True)
        assert editor.edit() == edit


def test_several_facts_of_an_example_are_typed_by_their_numbers(counter: Counter, show: Callable[..., QWidget]) -> None:
    begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    page, keys = opened(counter, show)
    page._list.choose("employment")
    examples = page._editor.examples()
    assert [row[1] for row in examples.rows()] == ["1=12", "2=11", "3=24"]
    examples.field(1, 1).setFocus()
    keys.press("Ctrl+A")
    keys.type("2=12")
    page._editor.flush()
    assert examples.field(1, 2).state() == "error"
    assert "规则算得 10" in examples.field(1, 2)._under.text()
    assert page._editor.edit().examples[1].facts == {"licence_months": "12"}


def test_kinds_are_named_and_only_their_points_can_be_typed(counter: Counter, show: Callable[..., QWidget]) -> None:
    begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    page, _ = opened(counter, show)
    page._list.choose("skill")
    rows = page._editor.part(0)
    assert "三级证书" in rows.rows()[2][0]
    assert rows.field(2, 0).state() == "read_only"
    assert rows.field(2, 1).state() == "normal"


def test_the_list_says_what_is_wrong_and_nothing_wrong_is_proposed(counter: Counter, show: Callable[..., QWidget]) -> None:
    draft = begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    wrong = replace(scheme_board(counter.desk).edit("insurance"), each="0.6")
    edit_draft(counter.desk, counter.clerk.record, draft.id, wrong)
    page, keys = opened(counter, show)
    tags = {row.payload: row.tag for row in page._list.rows}
    assert (tags["insurance"], tags["age"], tags["blood"]) == ("有误", "", "未配置")
    assert not page._go.isEnabled()
    keys.press("Alt+2")
    assert page._effect._empty.isVisible()
    assert "草案有错误" in page._effect._empty._label.text()
    page._list.choose("insurance")
    keys.press("Ctrl+M", "3")
    assert {row.payload: row.tag for row in page._list.rows}["insurance"] == ""
    keys.press("Ctrl+M", "1")
    assert scheme_board(counter.desk).open is None
    assert not counter.troubles


def test_without_a_draft_everything_is_to_be_read_only(counter: Counter, show: Callable[..., QWidget]) -> None:
    page, _ = opened(counter, show)
    assert page._editor.form().field("cap").state() == "read_only"
    assert "Ctrl+N" in page._status._full
    assert len(page._history.rows) == 1


class LateTasks(InlineTasks):
    """Reads at once; writes wait until they are let go."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run_in_order(self, work: Callable[[], Any], then: Any = None, otherwise: Any = None) -> None:
        self.waiting.append(lambda: self.run(work, then, otherwise))


def test_what_was_typed_goes_into_the_draft_that_was_open_then(counter: Counter, show: Callable[..., QWidget]) -> None:
    drafts = [begin_draft(counter.desk, counter.clerk.record, name, date(2027, 1, 1)) for name in "甲乙"]
    page, _ = opened(counter, show)
    presenter = page._presenter
    first = presenter.draft_id
    counter.tasks = late = LateTasks()
    presenter.typed(replace(scheme_board(counter.desk).edit("insurance"), cap="20"))
    presenter.next_draft()
    assert presenter.draft_id != first
    for write in late.waiting:
        write()
    for draft in drafts:
        opened_one = scheme_board(counter.desk, draft.id).open
        assert opened_one is not None
        assert set(opened_one.draft.edits) == ({"insurance"} if draft.id == first else set())


def test_a_draft_on_an_older_version_is_kept_on_the_newest_by_saving_it_again(counter: Counter, show: Callable[..., QWidget]) -> None:
    draft = begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(replace(draft, based_on=7))
    page, keys = opened(counter, show)
    assert page._presenter.can_edit
    keys.press("Ctrl+S")
    board = scheme_board(counter.desk)
    assert board.open is not None
    assert board.open.draft.based_on == board.schemes.number


def test_a_draft_that_the_centre_refused_can_be_taken_back_for_new_signatures(counter: Counter, show: Callable[..., QWidget]) -> None:
    draft = begin_draft(counter.desk, counter.clerk.record, "试", date(2027, 1, 1))
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(replace(draft, refusal="签名人已不是站长。", refused_hash=draft.content_hash))
    page, keys = opened(counter, show)
    assert page._presenter.board is not None
    keys.press("Ctrl+E")
    again = scheme_board(counter.desk).open
    assert again is not None
    assert (again.stage, again.draft.content_hash == draft.content_hash) == (DraftStage.EDITING, False)
