"""打印: what was sent to the printer, what came out, what still waits for paper."""

from ui.pages.printing.page import PrintingPage

__all__ = ["PrintingPage"]
