"""The window program: sign in, work, sign out; one application, one funnel for errors, one place where the window is put together."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from nbcase import __version__
from nbcase.domain.clock import CHINA
from nbcase.domain.errors import UserError
from nbcase.domain.retirement import PROOF_NAME, RetirementProof, read_retirement
from nbcase.domain.words import sentences, tr, use_language
from nbcase.settings import Settings, load_desk_card, load_settings, save_settings
from ui.context import Notice
from ui.counter import CounterContext, SignedInClerk, SyncLink
from ui.shell.sign_in import SignIn, SignInRequest
from ui.shell.trouble import Trouble, notice_of
from ui.tasks import TaskRunner
from ui.theme import Theme, load_tokens, use_scale
from ui.widgets.fields.choice import Option
from ui.widgets.ring import FocusRing

if TYPE_CHECKING:  # loaded when a clerk signs in: the sign-in window is there before the database library is
    from nbcase.bootstrap.counter import Counter
    from nbcase.operations.desk import Desk
    from nbcase.sync.status import SyncStatus
    from ui.shell.pill import PillState
    from ui.shell.search import SearchGroup
    from ui.shell.statusline import DeviceState
    from ui.shell.window import MainWindow


class CounterApp(QObject):
    """From the sign-in window to the main window and back."""

    signed_in = Signal(object)

    def __init__(self, app: QApplication, folder: Path, settings: Settings) -> None:
        super().__init__(app)
        self.app = app
        self.folder = folder
        self.theme = Theme(load_tokens(), settings.theme)
        self.theme.apply(app)
        self.ring = FocusRing(app)
        self.trouble = Trouble()
        self.tasks = TaskRunner(self.trouble.handle, self)
        self.sign_in_window: SignIn | None = None
        self.window: MainWindow | None = None
        self.counter: Counter | None = None
        self.context: CounterContext | None = None
        app.aboutToQuit.connect(self.close)

    def show_sign_in(self, login: str = "") -> None:
        """The sign-in window; everything that the main window needs is loaded behind it."""
        card = load_desk_card(self.folder)
        station = Option(code=card.station_code, label=card.station_name) if card else Option(code="none", label=tr("尚未登记"))
        window = SignIn([station], login=login, window_name=card.window if card else "", version=f"nbcase {__version__}")
        window.submitted.connect(self._try)
        self.sign_in_window = window
        retirement = read_retirement(self.folder) if card is None else None
        if retirement is not None:
            window.show_retired(retired_words(retirement))
        window.show()
        # After the first paint: the imports would hold the interpreter while the window wants to be drawn.
        QTimer.singleShot(LOAD_AFTER_MS, lambda: self.tasks.run(_load_parts))

    def _try(self, request: SignInRequest) -> None:
        def work() -> "Counter":
            from nbcase.bootstrap.counter import sign_in_counter
            from nbcase.logs import configure_logs

            configure_logs(self.folder / "log" / f"desk-{datetime.now(UTC):%Y-%m}.jsonl")
            return sign_in_counter(self.folder, request.login, request.password)

        self.tasks.run_in_order(work, then=self._open, otherwise=self._refused)

    def _refused(self, error: BaseException) -> None:
        if isinstance(error, UserError) and self.sign_in_window is not None:
            self.sign_in_window.show_problem(sentences(error.what, error.do))
        else:
            self.trouble.handle(error)

    def _open(self, counter: "Counter") -> None:
        from ui.pages import load_pages
        from ui.shell.overlay import IdleWatch
        from ui.shell.window import MainWindow

        self.counter = counter
        link = SyncLink(counter)
        context = CounterContext(
            counter=counter,
            clerk=SignedInClerk(counter.clerk),
            tasks=self.tasks,
            theme=self.theme,
            sync=link,
            navigate=self._navigate,
            notify=self._notify,
            trouble=self.trouble.handle,
            announce=self._announce,
            save_settings=self._save_settings,
            now=lambda: counter.local_now(),
            retired=lambda proof: self.sign_out(),
        )
        self.context = context
        window = MainWindow(context, load_pages(), search=lambda text: search_groups(counter.desk, text))
        self.window = window
        self.trouble.window, self.trouble.notify = window, self._tell
        self._watch_code_scanner(window, counter)
        window.lock_overlay.sign_out_wanted.connect(self.sign_out)
        window.lock_overlay.unlock_wanted.connect(self._unlock)
        link.subscribe(lambda status: window.show_sync(pill_state(status, counter.local_now())))
        link.subscribe(lambda status: self._count())
        link.subscribe(lambda status: self._show_devices())
        link.moved = lambda: self._announce(ALL_RECORDS)
        window.show_sync(pill_state(link.status(), counter.local_now()))
        self._show_devices()
        IdleWatch(self.app, counter.settings.idle_lock_min).idle.connect(window.lock)
        window.open_page(next(iter(window.pages)))
        window.show()
        if self.sign_in_window is not None:
            self.sign_in_window.close()
            self.sign_in_window = None
        counter.sync.start()
        self._count()
        if counter.reader is not None:
            self.tasks.run(counter.reader.warm_up)
        self.tasks.run(counter.document_reader.warm_up, otherwise=lambda error: None)
        self._make_pages(list(window.pages))
        self.signed_in.emit(window)

    def _watch_code_scanner(self, window: "MainWindow", counter: "Counter") -> None:
        """A scanner that types goes to the search box, whatever field has the cursor."""
        if counter.settings.code_scanner == "off":
            return
        from nbcase.devices.keyboard_scanner import KeyboardScanner
        from ui.shell.scancodes import CodeScanner, searched

        scanner = KeyboardScanner(prefix=counter.settings.code_prefix if counter.settings.code_scanner == "prefix" else "")
        CodeScanner(window, scanner, lambda code: window.top_bar.search.look_for(searched(code)))

    def _tell(self, notice: Notice) -> None:
        """An error in words; what it says of a device, the status line says too."""
        if self.window is not None:
            self.window.notify(notice)
            self._show_devices()

    def _show_devices(self) -> None:
        if self.window is not None and self.counter is not None:
            self.window.show_devices(device_states(self.counter))

    def _make_pages(self, codes: list[str]) -> None:
        """Make the other pages one by one while nothing happens: the first opening of each would stand still for a tenth of a second."""
        if self.window is None or not codes:
            return
        self.window.page(codes.pop(0))
        QTimer.singleShot(PAGE_PAUSE_MS, lambda: self._make_pages(codes))

    def _count(self) -> None:
        """What waits on the pages, beside their names in the rail."""
        counter, window = self.counter, self.window
        if counter is None or window is None:
            return

        def work() -> tuple[int, int, int]:
            from nbcase.operations.cases import open_limits, review_queue

            limits = open_limits(counter.desk)
            return limits.open_count, limits.overdue_count, len(review_queue(counter.desk, counter.clerk))

        def show(found: tuple[int, int, int]) -> None:
            if self.window is not window:
                return
            status = counter.sync.latest
            window.show_count("cases", found[0], "red" if found[1] else "neutral")
            window.show_count("review", found[2])
            window.show_count("sync", status.conflicts + status.quarantined, "red")

        self.tasks.run(work, then=show)

    def _navigate(self, page: str, **target: object) -> None:
        if self.window is not None:
            self.window.open_page(page, **target)

    def _notify(self, notice: Notice) -> None:
        if self.window is not None:
            self.window.notify(notice)

    def _announce(self, changed: frozenset[str]) -> None:
        """Tell the pages, and the centre: an act is on disk, so it may go."""
        if self.window is not None and self.counter is not None:
            self.window.announce(changed)
            self._count()
            self.counter.sync.wake()

    def _save_settings(self, settings: Settings) -> None:
        save_settings(self.folder, settings)
        if settings.theme != self.theme.mode:
            self.theme.use(settings.theme)

    def _unlock(self, password: str) -> None:
        """The clerk is back: the same password as at the sign-in, checked in a worker."""
        counter, window = self.counter, self.window
        if counter is None or window is None:
            return

        def work() -> None:
            from nbcase.bootstrap.counter import check_password

            check_password(self.folder, counter.clerk.login, password)

        def refuse(error: BaseException) -> None:
            window.lock_overlay.refuse(notice_of(error).what if isinstance(error, UserError) else tr("没有解锁"))

        self.tasks.run_in_order(work, then=lambda _: window.lock_overlay.accept(), otherwise=refuse)

    def sign_out(self) -> None:
        """Back to the sign-in window; drafts are kept, the database is closed."""
        window, self.window = self.window, None
        login = self.counter.clerk.login if self.counter is not None else ""
        if window is not None:
            window.hide()
        self.close()
        self.show_sign_in(login)
        if window is not None:
            window.close()
            window.deleteLater()

    def close(self) -> None:
        """End what the signed-in clerk had open."""
        self.tasks.wait()
        if self.context is not None:
            self.context.sync.close()
        counter, self.counter, self.context = self.counter, None, None
        self.trouble.window = self.trouble.notify = None
        if counter is not None:
            counter.close()


LOAD_AFTER_MS = 150
"""After the sign-in window is shown; nobody types a password faster."""

PAGE_PAUSE_MS = 120
"""Between two pages that are made in advance: keys and paint come first."""

ALL_RECORDS = frozenset({"resident", "dwelling", "registration", "case", "permit", "endorsement", "document"})


def _load_parts() -> None:
    """What signing in needs, imported while the clerk types the password."""
    import nbcase.bootstrap.counter  # noqa: F401
    import ui.shell.window  # noqa: F401


def pill_state(status: "SyncStatus", now: datetime) -> "PillState":
    """The pill's figures out of a sync status."""
    from ui.shell.pill import PillState

    connection = "online" if status.is_online else "offline" if status.problem is not None else "unknown"
    if status.drill_left_s:
        connection = "drill"
    return PillState(
        connection=connection,  # type: ignore[arg-type]
        reconciled=f"{status.reconciled_at.astimezone(CHINA):%H:%M}" if status.reconciled_at and status.is_equal else "",
        confirmed=status.confirmed,
        sent=status.total,
        waiting=status.waiting,
        rules_age_days=(now - status.contact_at).days if status.contact_at else None,
        conflicts=status.conflicts,
        quarantined=status.quarantined,
        is_unequal=status.is_unequal,
        drill_minutes=ceil(status.drill_left_s / 60),
        is_queued=status.is_queued,
        loading=(status.loading.done, status.loading.total) if status.loading is not None else None,
    )


def retired_words(proof: RetirementProof) -> str:
    """What stands in the sign-in window of a desk that is out of service."""
    at = f"{datetime.fromisoformat(proof.at).astimezone(CHINA):%Y-%m-%d %H:%M}"
    words = tr("这台电脑已于 {at} 由{clerk}停用，{n} 件操作都在中心，凭据在 {file}。要再用请向管理员要登记码重新登记。")
    return words.format(at=at, clerk=proof.retired_by, n=proof.count, file=PROOF_NAME)


def device_states(counter: "Counter") -> "Sequence[DeviceState]":
    """What the status line says of the devices: configured or not, and what was wrong when one was last used.

    Whether they answer is asked by 开窗检查.
    """
    from ui.shell.statusline import DeviceState

    def state(name: str, device: object) -> DeviceState:
        trouble = getattr(device, "trouble", "")
        if trouble:
            return DeviceState(name=name, words=trouble, state="warning")
        return DeviceState(name=name, words=tr("已配置") if device else tr("未配置"), state="ready" if device else "absent")

    shown = [state(tr("读卡器"), counter.reader), state(tr("证件识别"), counter.document_reader), state(tr("打印机"), counter.queue)]
    further = ((tr("扫描仪"), counter.scanner), (tr("高拍仪"), counter.camera))
    return [*shown, *(state(name, device) for name, device in further if device is not None)]


def search_groups(desk: "Desk", text: str) -> "Sequence[SearchGroup]":
    """What was found, by kind, with the page where each opens; asked in a worker."""
    from nbcase.operations.drafts import load_draft
    from nbcase.operations.residents import find
    from ui.shell.search import SearchGroup, SearchHit

    hits: dict[str, list[SearchHit]] = {"draft": [], "resident": [], "dwelling": []}
    for found in find(desk, text):
        page, target = "residents", {"resident_id": found.record_id}
        if found.kind == "draft":
            draft = load_draft(desk, found.record_id)
            page = (
                "register" if draft is None or (draft.item_code == "residence_registration" and draft.situation_code == "new") else "handle"
            )
            target = {"draft_id": found.record_id}
        elif found.kind == "dwelling":
            page, target = "dwellings", {"dwelling_id": found.record_id}
        hits[found.kind].append(SearchHit(text=found.title, under=found.subtitle, page=page, target=dict(target)))
    titles = {"draft": tr("草稿"), "resident": tr("居民"), "dwelling": tr("房屋")}
    icons = {"draft": "file-text", "resident": "users", "dwelling": "building-2"}
    return [SearchGroup(title=titles[kind], icon=icons[kind], hits=tuple(found)) for kind, found in hits.items() if found]


def make_app(folder: Path, words: Sequence[str] = ()) -> CounterApp:
    """The application with its look, not yet shown; a settings file with a mistake is told in the sign-in window."""
    try:
        settings = load_settings(folder)
    except UserError as error:
        print(error, file=sys.stderr)
        settings = Settings()
    use_language(settings.language)
    use_scale(settings.scale)
    app = QApplication(["nbcase", *words])
    app.setApplicationName("nbcase")
    return CounterApp(app, folder, settings)


def run(folder: Path) -> int:
    """Open the counter's window and work until it is closed."""
    counter = make_app(folder)
    counter.trouble.install()
    counter.show_sign_in()
    return counter.app.exec()
