"""办理: the form of any situation of any item for a known resident."""

from ui.pages.handle.page import HandlePage

__all__ = ["HandlePage"]
