"""A duplicate is found after a provisional paper: the workbench says so, the reviewer calls, takes it back with keys, everybody is told."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image
from PySide6.QtWidgets import QWidget

from nbcase.domain.case import CaseState
from nbcase.operations.cases import case_detail
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.provisional import notices
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.line import Line
from tests.parts.residents import ELSEWHERE, applied, issued_elsewhere
from ui.pages import PageSpec
from ui.pages.home import HomePage
from ui.pages.review import ReviewPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def scan() -> bytes:
    """A small picture that can really be shown."""
    buffer = BytesIO()
    Image.new("RGB", (120, 160), "white").save(buffer, format="JPEG")
    return buffer.getvalue()


def test_a_duplicate_after_a_provisional_paper_is_taken_back_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(role="reviewer", people=150)
    line = Line(counter, is_online=False)
    counter.sync = line
    case_id = applied(counter, scan())
    counter.centre.is_reachable = False
    decide(counter.desk, counter.clerk.record, Verdict(case_id=case_id, decision_code="approve", reason_codes=("complete_work",)))
    counter.tasks = tasks
    pages = [
        PageSpec(code="home", title="工作台", icon="house", order=1, roles=frozenset(), make=HomePage),
        PageSpec(code="review", title="审核", icon="clipboard-check", order=2, roles=frozenset(), make=ReviewPage),
    ]
    window = MainWindow(counter, pages, lambda typed: [])
    counter.go = window.open_page
    counter.tell = window.announce
    show(window, 1366, 768)
    keys = Keyboard(window)
    home = window.page("home")
    assert isinstance(home, HomePage)

    def told() -> list[str]:
        return [row.title for row in home._told.rows]

    window.open_page("home")
    until(lambda: "待核对" in " ".join(told()))
    waiting = told()
    counter.centre.is_reachable = True
    line.is_online = True
    issued_elsewhere(counter, case_id)
    line.tell()
    until(lambda: told() != waiting and "需处理" in told()[0])

    home._told.setFocus()
    home._told.select(0)
    keys.press("Enter")
    review = window.page("review")
    assert isinstance(review, ReviewPage)
    until(lambda: review.case_id() != "")
    while review.case_id() != case_id:
        former = review.case_id()
        keys.press("Alt+→")
        until(lambda former=former: review.case_id() not in ("", former))
    until(lambda: review._revoke.isVisible())
    assert ELSEWHERE in review._offline._text._full

    keys.press("F8")
    until(lambda: bool(counter.troubles))
    assert "中心已有这个人的居住证" in str(counter.troubles[-1])
    assert case_detail(counter.desk, case_id).row.case.is_provisional

    before = keys.count
    review._why.setFocus()
    keys.type("已与对方受理点核实，对方在先")
    keys.press("F9")
    until(lambda: case_detail(counter.desk, case_id).row.case.state is CaseState.REVOKED)
    until(lambda: bool(counter.notices))
    assert keys.count - before < 20
    detail = case_detail(counter.desk, case_id)
    papers = {paper.kind_code: paper for paper in detail.documents}
    assert papers["permit-confirmation"].revoked_on == counter.desk.today()
    assert papers["permit-recall"].print_count == 1
    assert "临时证件收回告知书" in counter.notices[-1].safe

    window.open_page("home")
    until(lambda: "暂证已收回" in told())
    (notice,) = notices(counter.desk)
    assert ELSEWHERE in notice.stations
    assert len(counter.troubles) == 1
