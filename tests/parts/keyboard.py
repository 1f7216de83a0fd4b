"""A clerk's hands for the tests: the same as the demo's."""

from ui.keyboard import Keyboard, Until

__all__ = ["Keyboard", "Until"]
