"""同步: what waits, what went, what is stuck, and the proof that nothing is lost."""

from ui.pages.sync.page import SyncPage

__all__ = ["SyncPage"]
