"""场次: what has places, who has one, who waits."""

from ui.pages.offerings.page import OfferingsPage

__all__ = ["OfferingsPage"]
