"""The whole main job walked through the real window by keys: what `python3 run.py demo --headless` shows and measures.

A process of its own, started by `ui.demo`, which owns the centre, the card on the reader and the power plug: the walk asks for
them with a JSON line on stdout and waits for the answer on stdin.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.domain.case import CaseState
from nbcase.operations.cases import CaseFilter, cases
from nbcase.operations.offers import offers
from nbcase.operations.printing import paper
from nbcase.operations.residents import find, resident_view, residents
from ui.app import CounterApp, make_app
from ui.keyboard import Keyboard
from ui.pages.register import RegisterPage
from ui.pages.review import ReviewPage
from ui.pictures import render
from ui.shell.window import MainWindow
from ui.tasks import StallWatch

PATIENCE_S = 60.0


@dataclass
class Walk:
    """A clerk at the window. `report` becomes report.json."""

    app: CounterApp
    out: Path
    report: dict[str, Any] = field(default_factory=lambda: {"steps": [], "keystrokes": {}})

    @property
    def window(self) -> MainWindow:
        if self.app.window is None:
            raise RuntimeError("nobody is signed in")
        return self.app.window

    @property
    def desk(self) -> Any:
        if self.app.counter is None:
            raise RuntimeError("nobody is signed in")
        return self.app.counter.desk

    @property
    def keys(self) -> Keyboard:
        return self._keys

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Turn the event loop until something is true; a RuntimeError that names it when it takes too long."""
        ends = time.monotonic() + PATIENCE_S
        loop = QEventLoop()
        timer = QTimer()
        timer.setInterval(10)
        timer.timeout.connect(loop.quit)
        timer.start()
        while not condition():
            if time.monotonic() > ends:
                self.picture(f"stuck-{what}")
                said = self.window.notices.accessibleName() if self.app.window else ""
                raise RuntimeError(f"waited too long for: {what}; focus on {focus_name()!r}; {said}")
            loop.exec()
        timer.stop()

    def settle(self) -> None:
        """Let workers and layouts come to rest."""
        self.until("workers", lambda: self.app.tasks.pending == 0)
        self.app.app.processEvents()

    @contextmanager
    def step(self, name: str, *, flow: str = "") -> Iterator[None]:
        """Time a step; count its keys when it is a flow with a budget."""
        begun = time.monotonic()
        before = self._keys.count if flow else 0
        stalls = StallWatch()
        stalls.start()
        yield
        self.settle()
        self.report["longest_stall_ms"] = max(self.report.get("longest_stall_ms", 0.0), round(stalls.stop(), 1))
        seconds = round(time.monotonic() - begun, 2)
        self.report["steps"].append({"name": name, "seconds": seconds, "longest_stall_ms": round(stalls.longest_ms, 1)})
        if flow:
            self.report["keystrokes"][flow] = self._keys.count - before
        tell({"step": name, "seconds": seconds})

    def sign_in(self, login: str) -> None:
        """By keys, as every morning."""
        window = self.app.sign_in_window
        if window is None:
            raise RuntimeError("no sign-in window")
        window.activateWindow()
        hands = Keyboard(window)
        window.login.set_value("")
        window.login.setFocus()
        self.until("cursor in the login", lambda: window.isActiveWindow() and window.login.edit.hasFocus())
        hands.type(login)
        hands.press("Enter")
        self.until("cursor in the password", lambda: window.password.edit.hasFocus())
        hands.type(f"demo-{login}")
        hands.press("Enter")
        self.until(f"{login} signed in", lambda: self.app.window is not None)
        self._keys = Keyboard(self.window)
        self.window.activateWindow()
        self.settle()

    def sign_out(self) -> None:
        """Lock, and let somebody else in."""
        self.window.lock()
        self.window.lock_overlay.sign_out_wanted.emit()
        self.until("signed out", lambda: self.app.window is None)

    def picture(self, name: str) -> None:
        """What the window shows now, into screens/."""
        if self.app.window is not None:
            render(self.window, self.out / "screens" / f"{name}.png")

    def page_pictures(self, suffix: str) -> None:
        """Every page that the role has; the form of a matter is pictured where it is filled in."""
        for code in self.window.pages:
            if code == "handle":
                continue
            self.window.open_page(code)
            self.settle()
            self.picture(f"{code}-{suffix}")


def focus_name() -> str:
    """The accessible name of what has the focus."""
    widget = QApplication.focusWidget()
    return widget.accessibleName() if isinstance(widget, QWidget) else ""


def tell(message: dict[str, Any]) -> None:
    """A line to whoever started the walk."""
    print(json.dumps(message, ensure_ascii=False), flush=True)


def ask(**request: Any) -> dict[str, Any]:
    """Ask the demo for something outside the window, such as another card on the reader, and wait until it is done."""
    tell({"ask": request})
    answer: dict[str, Any] = json.loads(sys.stdin.readline())
    return answer


def register(walk: Walk, *, flow: str = "") -> str:
    """居住登记 of the person whose card lies on the reader, in a known dwelling; the resident's id."""
    window, keys = walk.window, walk.keys
    before = {row.case.id for row in cases(walk.desk, CaseFilter(by_limit=False)).rows}
    window.open_page("register")
    page = window.page("register")
    assert isinstance(page, RegisterPage)
    walk.settle()
    address = known_address(walk)
    with walk.step("登记：读卡到回执" if flow else "登记", flow=flow):
        keys.press("F2")
        walk.until("card read", lambda: focus_name().startswith("居住地址"))
        keys.type(address)
        keys.press("Enter")
        walk.until("dwelling picked", lambda: focus_name().startswith("居住事由"))
        keys.press("1", "Enter", "2", "Enter")
        keys.type("19900005061")
        keys.press("Enter", "G", "Z", "Enter", "Q", "Z", "Enter", "2", "Enter")
        walk.settle()
        keys.press("Ctrl+Enter")
        walk.until("accepted", lambda: bool({row.case.id for row in cases(walk.desk, CaseFilter(by_limit=False)).rows} - before))
    new = next(row.case for row in cases(walk.desk, CaseFilter(by_limit=False)).rows if row.case.id not in before)
    walk.settle()
    return new.resident_id


def known_address(walk: Walk) -> str:
    """What a clerk types of a dwelling that the station knows and that has a lease."""
    from nbcase.operations.residents import complete_address

    hits = complete_address(walk.desk, "街道", 60)
    found = next(hit.dwelling for hit in hits if hit.dwelling.lease_until_on and hit.dwelling.place_code)
    return found.address[3:]


def resident_with(walk: Walk, situation: str) -> str:
    """Somebody who may use this situation of the permit now."""
    cursor: str | None = None
    while True:
        page = residents(walk.desk, cursor)
        for row in page.rows:
            found = offers(walk.desk, row.resident.id)
            if any((offer.item.code, offer.situation.code) == ("residence_permit", situation) and not offer.obstacle for offer in found):
                return row.resident.id
        if page.next_cursor is None:
            raise RuntimeError(f"nobody here for {situation}")
        cursor = page.next_cursor


def handle(walk: Walk, resident_id: str, situation: str, fill: Callable[[Keyboard], None], *, flow: str = "", picture: str = "") -> str:
    """办理 one situation of the permit for a known resident, opened by the search box; the case id."""
    window, keys = walk.window, walk.keys
    person = resident_view(walk.desk, resident_id).standing.resident
    ask(place={"name": person.name, "number": person.document_number, "birth_on": str(person.birth_on), "sex_code": person.sex_code})
    before = {row.case.id for row in cases(walk.desk, CaseFilter(by_limit=False)).rows}
    keys.press("Ctrl+K")
    keys.type(person.document_number[-8:])
    walk.until("search hit", lambda: window.top_bar.search.is_open())
    with walk.step(f"办理 {situation}", flow=flow):
        keys.press("Enter")
        walk.until("resident page", lambda: window.current_code == "residents")
        walk.settle()
        open_offers = [offer.situation.code for offer in offers(walk.desk, resident_id) if not offer.obstacle]
        keys.press(str(open_offers.index(situation) + 1))
        walk.until("form", lambda: window.current_code == "handle")
        walk.settle()
        keys.press("F2")
        walk.settle()
        fill(keys)
        walk.settle()
        if picture:
            walk.picture(picture)
        keys.press("Ctrl+Enter")
        walk.until("accepted", lambda: bool({row.case.id for row in cases(walk.desk, CaseFilter(by_limit=False)).rows} - before))
        walk.settle()
    return next(row.case.id for row in cases(walk.desk, CaseFilter(by_limit=False)).rows if row.case.id not in before)


def review(walk: Walk, case_id: str) -> None:
    """审核: look at what asks for a look, then F12."""
    walk.window.open_page("review", case_id=case_id)
    page = walk.window.page("review")
    assert isinstance(page, ReviewPage)
    walk.until("case in hand", lambda: page.case_id() == case_id)
    walk.until("checks made", page.is_checked)
    with walk.step("审核：通过", flow="decide"):
        while page.open_looks():
            walk.keys.press("Y")
        walk.keys.press("F12")
        walk.until("decided", lambda: state_of(walk, case_id) is CaseState.DECIDED)
        walk.settle()


def state_of(walk: Walk, case_id: str) -> CaseState:
    """Where a case stands."""
    from nbcase.operations.cases import case_detail

    return case_detail(walk.desk, case_id).row.case.state


def save_paper(walk: Walk, resident_id: str, kind: str, name: str) -> None:
    """The newest paper of a kind, as it was kept and printed."""
    papers = [document for document in resident_view(walk.desk, resident_id).documents if document.kind_code == kind]
    newest = max(papers, key=lambda document: document.made_at)
    (walk.out / name).write_bytes(paper(walk.desk, newest.id))


def search_every_way(walk: Walk, resident_id: str) -> None:
    """Find one person by every handle there is."""
    from nbcase.domain.readings import initials, readings

    view = resident_view(walk.desk, resident_id)
    person, address = view.standing.resident, view.standing.dwelling.address if view.standing.dwelling else ""
    number = view.cases[0].case.number
    wanted = [
        person.name,
        readings(person.name)[0],
        initials(person.name)[0],
        person.document_number[6:14],
        person.phone or "",
        address,
        number,
    ]
    missed = [text for text in wanted if text and resident_id not in {hit.record_id for hit in find(walk.desk, text, 50)}]
    if missed:
        raise RuntimeError(f"not found by: {missed}")
    walk.keys.press("Ctrl+K")
    walk.keys.type(person.document_number[-4:])
    walk.until("search hit", lambda: walk.window.top_bar.search.is_open())
    walk.picture("search-light")
    walk.keys.press("Esc")


def apply_answers(keys: Keyboard) -> None:
    """申领: dwelling as the ground, its proof shared from the registration of the lease."""
    keys.press("2", "Enter")
    keys.press("Alt+3")


def run(folder: Path, out: Path) -> None:
    """The whole story; an exception ends it with a picture of where it stood."""
    (out / "screens").mkdir(parents=True, exist_ok=True)
    app = make_app(folder)
    walk = Walk(app, out)
    begun = time.monotonic()
    app.show_sign_in()
    render(app.sign_in_window, out / "screens" / "sign-in-light.png")
    walk.sign_in("chen")
    walk.until("first sync", lambda: walk.app.context.sync.status().is_online and walk.app.context.sync.status().contact_at is not None)
    walk.until("people here", lambda: len(residents(walk.desk).rows) > 20)
    walk.report["steps"].append({"name": "登录并取得本站数据", "seconds": round(time.monotonic() - begun, 2)})

    registered = register(walk, flow="register")
    walk.picture("registered-light")
    save_paper(walk, registered, "acceptance-receipt", "receipt.pdf")
    picture = Path(ask(picture=True)["path"])
    from_picture(walk, picture)
    search_every_way(walk, registered)

    applicant = resident_with(walk, "apply")
    applied = handle(walk, applicant, "apply", apply_answers, picture="handle-light")
    walk.window.open_page("residents", resident_id=applicant)
    walk.settle()
    walk.picture("resident-light")
    app.theme.use("dark")
    walk.picture("resident-dark")
    app.theme.use("light")
    handle(walk, resident_with(walk, "endorse"), "endorse", lambda keys: None, flow="endorse")
    handle(walk, resident_with(walk, "replace"), "replace", lambda keys: keys.press("1", "Enter"))
    cancelled = handle(walk, resident_with(walk, "cancel"), "cancel", lambda keys: keys.press("1", "Enter"))
    walk.page_pictures("light")
    app.theme.use("dark")
    walk.page_pictures("dark")
    app.theme.use("light")

    ask(centre="kill")
    with walk.step("拔线：中心进程被杀"):
        walk.app.context.sync.wake()
        walk.until("offline seen", lambda: not walk.app.context.sync.status().is_online)
    ask(card="second")
    offline = register(walk)
    second = resident_with(walk, "apply")
    applied_offline = handle(walk, second, "apply", apply_answers)
    walk.window.open_page("sync")
    walk.settle()
    walk.picture("sync-offline-light")
    app.theme.use("dark")
    walk.picture("sync-offline-dark")
    app.theme.use("light")
    walk.report["offline_waiting"] = walk.app.context.sync.status().waiting
    walk.sign_out()

    walk.sign_in("gu")
    walk.window.open_page("review", case_id=applied)
    offline_review = walk.window.page("review")
    assert isinstance(offline_review, ReviewPage)
    walk.until("checks made", lambda: offline_review.case_id() == applied and offline_review.is_checked())
    walk.settle()
    walk.picture("review-offline-light")
    review(walk, applied_offline)
    save_paper(walk, second, "permit-confirmation", "permit-confirmation-provisional.pdf")
    if not resident_view(walk.desk, second).standing.permit.is_provisional:
        raise RuntimeError("a permit that was issued offline must be provisional")
    review_pictures(walk)

    ask(centre="start")
    with walk.step("插线：积压上传并对账"):
        walk.app.context.sync.wake()
        walk.until("all sent", lambda: walk.app.context.sync.status().waiting == 0 and walk.app.context.sync.status().is_equal)
    review(walk, applied)
    save_paper(walk, applicant, "permit-confirmation", "permit-confirmation.pdf")
    review(walk, cancelled)
    confirm_provisional(walk, second)
    walk.app.context.sync.wake()
    walk.until("reconciled", lambda: walk.app.context.sync.status().waiting == 0 and walk.app.context.sync.status().is_equal)
    status = walk.app.context.sync.status()
    walk.report |= {
        "actions": {"sent": status.total, "confirmed": status.confirmed, "conflicts": status.conflicts, "quarantined": status.quarantined},
        "digests": {"desk": status.own_digest, "centre": status.centre_digest, "equal": status.is_equal},
        "registered_offline": offline,
        "seconds": round(time.monotonic() - begun, 2),
    }
    walk.sign_out()
    walk.sign_in("shen")
    for code in ("home", "settings", "sync", "printing", "scheme"):
        walk.window.open_page(code)
        walk.settle()
        walk.picture(f"{code}-supervisor-light")
    (out / "report.json").write_text(json.dumps(walk.report, ensure_ascii=False, indent=2), encoding="utf-8")
    if app.sign_in_window is not None:
        app.sign_in_window.close()
    app.close()


def from_picture(walk: Walk, picture: Path) -> None:
    """识读 a picture of a card; the draft is thrown away again, as the person walks off."""
    window = walk.window
    window.open_page("register")
    page = window.page("register")
    assert isinstance(page, RegisterPage)
    walk.settle()
    with walk.step("登记：识读证件图片"):
        page.add_file(picture)
        walk.until("picture read", lambda: bool(page.answers().get("document_number")))
        walk.settle()
    walk.picture("register-picture-light")
    walk.app.theme.use("dark")
    walk.picture("register-picture-dark")
    walk.app.theme.use("light")
    walk.keys.press("Esc", "Esc")
    walk.settle()


def review_pictures(walk: Walk) -> None:
    """The reviewer's pages in the dark too."""
    walk.app.theme.use("dark")
    walk.window.open_page("review")
    walk.settle()
    walk.picture("review-dark")
    walk.app.theme.use("light")
    walk.settle()
    walk.picture("review-light")


def confirm_provisional(walk: Walk, resident_id: str) -> None:
    """补核: the centre's word lifts the 暂."""
    walk.window.open_page("review")
    walk.settle()
    with walk.step("补核"):
        walk.keys.press("Alt+2")
        walk.settle()
        for _ in range(20):
            walk.keys.press("F8")
            walk.settle()
            if not resident_view(walk.desk, resident_id).standing.permit.is_provisional:
                return
            walk.keys.press("Alt+→")
            walk.settle()
        raise RuntimeError("the provisional permit was not confirmed")


def scaled_pictures(folder: Path, out: Path) -> None:
    """Every page at 200 %: a process of its own, because Qt takes its scale once."""
    app = make_app(folder)
    walk = Walk(app, out)
    app.show_sign_in()
    for login in ("shen", "gu"):
        walk.sign_in(login)
        walk.window.resize(683, 384)
        walk.settle()
        for mode in ("light", "dark"):
            app.theme.use(mode)  # type: ignore[arg-type]
            walk.page_pictures(f"200-{mode}")
            walk.window.open_page("residents", resident_id=residents(walk.desk).rows[5].resident.id)
            walk.settle()
            walk.picture(f"resident-200-{mode}")
        app.theme.use("light")
        walk.sign_out()
    app.close()


if __name__ == "__main__":
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
    target = scaled_pictures if arguments.get("--scale") == "200" else run
    target(Path(arguments["--folder"]), Path(arguments["--out"]))
