"""A desk's line to its centre as pages see it: the figures are the database's, whether it is up is the test's word."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nbcase.store.desk_database import reading
from nbcase.sync.status import Problem, SyncStatus, desk_status
from tests.parts.counter import Counter

DIGEST = "ab12cd34" * 8


@dataclass
class Line:
    """Knows of a contact 42 minutes ago and of a reconciliation before that; `wake` only counts."""

    counter: Counter
    is_online: bool = True
    centre_digest: str = DIGEST
    woken: int = 0
    listeners: list[Callable[[SyncStatus], None]] = field(default_factory=list)

    def status(self) -> SyncStatus:
        """The figures now."""
        now = self.counter.clock.now()
        problem = None if self.is_online else Problem(what="中心连不上。", safe="办件保存在本机。", do="网络恢复后自动上传。")
        with reading(self.counter.desk.engine) as connection:
            found = desk_status(connection, is_online=self.is_online, problem=problem, next_try_at=now + timedelta(seconds=42))
        return replace(
            found,
            contact_at=now - timedelta(minutes=42),
            reconciled_at=now - timedelta(minutes=50),
            confirmed=found.sent,
            is_equal=True,
            own_digest=DIGEST,
            centre_digest=self.centre_digest,
            clock_offset_s=0.4,
        )

    def wake(self) -> None:
        """A clerk asked for a contact."""
        self.woken += 1

    def subscribe(self, listener: Callable[[SyncStatus], None]) -> None:
        """Somebody wants the news."""
        self.listeners.append(listener)

    def tell(self) -> None:
        """News to everybody."""
        for listener in self.listeners:
            listener(self.status())
