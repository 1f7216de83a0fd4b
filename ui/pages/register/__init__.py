"""登记: from a card on the reader or a picture to an accepted residence registration."""

from ui.pages.register.page import RegisterPage

__all__ = ["RegisterPage"]
