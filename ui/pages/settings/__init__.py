"""设置: what a desk may be told, who it is, and what the program is."""

from ui.pages.settings.page import SettingsPage

__all__ = ["SettingsPage"]
