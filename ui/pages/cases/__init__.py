"""办件: all cases of the desk, and one of them in full beside the table."""

from ui.pages.cases.page import CasesPage

__all__ = ["CasesPage"]
