"""随身宝: what is known of one resident and what can be had; a policy's people to call."""

from ui.pages.companion.page import CompanionPage

__all__ = ["CompanionPage"]
