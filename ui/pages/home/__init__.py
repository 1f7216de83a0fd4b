"""工作台: the day of a clerk at a glance."""

from ui.pages.home.page import HomePage

__all__ = ["HomePage"]
