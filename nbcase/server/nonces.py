"""Which signed requests were seen lately: a recorded request cannot be played again."""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

WINDOW = timedelta(minutes=10)
"""How far a desk's clock may be from the centre's, either way."""


class NonceMemory:
    """Nonces of the last two windows, in this process.

    A replay that reaches another process, or this one after a restart, meets the second line: actions are answered
    once, attachments are kept once, and a session's token is worth nothing without the desk's key.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._order: deque[tuple[datetime, tuple[str, str]]] = deque()
        self._lock = Lock()

    def is_new(self, desk_id: str, nonce: str, now: datetime) -> bool:
        """Remember the nonce; False when the desk has used it before."""
        with self._lock:
            self._forget(now)
            key = (desk_id, nonce)
            if key in self._seen:
                return False
            self._seen.add(key)
            self._order.append((now, key))
            return True

    def _forget(self, now: datetime) -> None:
        while self._order and self._order[0][0] < now - 2 * WINDOW:
            self._seen.discard(self._order.popleft()[1])
