"""The pages of the window: each registers itself, and the shell makes rail, keys, access and construction from that."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ui.context import DeskContext
from ui.shell.page import Page

P = TypeVar("P", bound=type[Page])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """A page as it is declared: code, short name and icon in the rail, place, who may use it, and how it is made.

    An empty `roles` is for everybody. A page without `in_rail` is only reached from others, such as the form of a situation.
    """

    code: str
    title: str
    icon: str
    order: int
    roles: frozenset[str]
    make: Callable[[DeskContext], Page]
    in_rail: bool = True

    def allows(self, role: str) -> bool:
        """Whether a clerk of this role may use the page."""
        return not self.roles or role in self.roles


_specs: dict[str, PageSpec] = {}


def page(
    code: str, *, title: str, icon: str, order: int, roles: frozenset[str] | set[str] = frozenset(), in_rail: bool = True
) -> Callable[[P], P]:
    """Register a page class; its constructor takes the context alone."""

    def register(made: P) -> P:
        former = _specs.get(code)
        if former is not None and former.make is not made:
            raise ValueError(f"two pages have the code {code}")
        _specs[code] = PageSpec(code=code, title=title, icon=icon, order=order, roles=frozenset(roles), make=made, in_rail=in_rail)
        return made

    return register


def load_pages() -> tuple[PageSpec, ...]:
    """Import every module below `ui.pages` and return what registered itself, in order."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(sorted(_specs.values(), key=lambda spec: spec.order))
