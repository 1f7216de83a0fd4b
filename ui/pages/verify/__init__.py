"""核验: whether a paper is ours and holds."""

from ui.pages.verify.page import VerifyPage

__all__ = ["VerifyPage"]
