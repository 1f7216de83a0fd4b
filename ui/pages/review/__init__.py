"""审核: the evidence left, what the program checked and the decision right."""

from ui.pages.review.page import ReviewPage

__all__ = ["ReviewPage"]
