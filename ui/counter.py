"""What pages see of the clerk who is signed in, of the desk and of its sync."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nbcase.domain.retirement import RetirementProof
from nbcase.domain.words import tr
from nbcase.settings import Settings, load_settings
from ui.context import Notice
from ui.tasks import TaskRunner
from ui.theme import Theme

if TYPE_CHECKING:  # loaded when a clerk signs in: the sign-in window is there before the database library is
    from nbcase.bootstrap.counter import Counter
    from nbcase.domain.clerk import Clerk
    from nbcase.operations.desk import Desk
    from nbcase.operations.messages import SealedReceipt
    from nbcase.sync.status import SyncStatus


@dataclass(frozen=True, slots=True)
class SignedInClerk:
    """The clerk as the window shows one."""

    record: "Clerk"

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def role(self) -> str:
        return self.record.role.value

    @property
    def role_name(self) -> str:
        return {"clerk": tr("窗口岗"), "reviewer": tr("复核岗"), "supervisor": tr("站长")}[self.role]


class SyncLink(QObject):
    """Brings the sync thread's news onto the event loop; `moved` says that the centre's records have come in."""

    told = Signal(object, bool)

    def __init__(self, counter: "Counter") -> None:
        super().__init__()
        self._counter = counter
        self._listeners: list[Callable[[SyncStatus], None]] = []
        self._cursor = counter.feed_cursor()
        self.told.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.moved: Callable[[], None] = lambda: None
        self._drill_end = QTimer(self)
        self._drill_end.setSingleShot(True)
        self._drill_end.timeout.connect(self.end_drill)
        counter.sync.listen(self._hear)

    def status(self) -> "SyncStatus":
        """The last status there was."""
        return self._counter.sync.latest

    def wake(self) -> None:
        """Make contact now."""
        self._counter.sync.wake()

    def begin_drill(self, minutes: int) -> None:
        """Cut the line on purpose; it comes back by itself."""
        self._counter.line.begin(minutes * 60)
        self._drill_end.start(minutes * 60_000)
        self.wake()

    def end_drill(self) -> None:
        """Give the line back; what was done meanwhile goes out."""
        self._drill_end.stop()
        self._counter.line.end()
        self.wake()

    def subscribe(self, listener: "Callable[[SyncStatus], None]") -> None:
        """Call `listener` on the event loop with every new status."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Tell nobody any more: what was still on its way finds no window."""
        self._drill_end.stop()
        self._listeners.clear()
        self.moved = lambda: None

    def _hear(self, status: "SyncStatus") -> None:
        if status.loading is not None:  # pages read again once, when the whole station is here
            self.told.emit(status, False)
            return
        cursor = self._counter.feed_cursor()
        moved, self._cursor = cursor != self._cursor, cursor
        self.told.emit(status, moved)

    def _deliver(self, status: "SyncStatus", has_moved: bool) -> None:
        for listener in tuple(self._listeners):
            listener(status)
        if has_moved:
            self.moved()


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterContext:
    """What every page is handed; see `ui.context.DeskContext`."""

    counter: "Counter"
    clerk: SignedInClerk
    tasks: TaskRunner
    theme: Theme
    sync: SyncLink
    navigate: Callable[..., None]
    notify: Callable[[Notice], None]
    trouble: Callable[[BaseException], None]
    announce: Callable[[frozenset[str]], None]
    save_settings: Callable[[Settings], None]
    now: Callable[[], datetime]
    retired: Callable[[RetirementProof], None]
    training: bool = False

    def retire(self) -> RetirementProof:
        """Take this desk out of service; called in a worker."""
        from nbcase.bootstrap.counter import retire_desk

        return retire_desk(self.counter)

    def bring_sealed(self, path: Path) -> "SealedReceipt":
        """Bring a sealed file to the centre; called in a worker."""
        from nbcase.bootstrap.counter import bring_sealed

        return bring_sealed(self.counter, path)

    @property
    def desk(self) -> "Desk":
        return self.counter.desk

    @property
    def settings(self) -> Settings:
        return load_settings(self.counter.folder)

    @property
    def language(self) -> str:
        return self.counter.settings.language

    @property
    def reader(self) -> object:
        return self.counter.reader

    @property
    def scanner(self) -> object:
        return self.counter.scanner

    @property
    def camera(self) -> object:
        return self.counter.camera

    @property
    def document_reader(self) -> object:
        return self.counter.document_reader

    @property
    def queue(self) -> object:
        return self.counter.queue

    @property
    def folder(self) -> Path:
        return self.counter.folder

    @property
    def station_name(self) -> str:
        return self.counter.desk.station.name

    @property
    def window_name(self) -> str:
        return self.counter.desk.identity.window
