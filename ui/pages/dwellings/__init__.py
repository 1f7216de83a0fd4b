"""出租房: houses by address, who lives there now and who did, and what is late about them."""

from ui.pages.dwellings.page import DwellingsPage

__all__ = ["DwellingsPage"]
