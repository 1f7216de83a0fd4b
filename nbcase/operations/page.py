"""A page of rows read by key, never by OFFSET: the thousandth page costs what the first one does."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RowPage(Generic[T]):
    """Rows and where the next page begins; `next_cursor` is None on the last one."""

    rows: tuple[T, ...]
    next_cursor: str | None = None
