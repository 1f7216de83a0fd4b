"""名额: rounds by points, who came in, and why somebody did not."""

from ui.pages.rounds.page import RoundsPage

__all__ = ["RoundsPage"]
