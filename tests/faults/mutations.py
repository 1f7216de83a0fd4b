"""The program broken on purpose, one promise at a time: a campaign that does not notice proves nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Answer, Change
from nbcase.domain.merge import Collision
from nbcase.operations import receive
from nbcase.store import desk_database
from nbcase.store.centre_work import CentreWork
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import set_state
from nbcase.store.feed import FeedPage
from nbcase.sync import pull


@contextmanager
def without_idempotency() -> Iterator[None]:
    """The centre does not know an action that it has answered."""

    def answered(work: CentreWork, ids: Sequence[str]) -> dict[str, tuple[str, Answer]]:
        return {}

    with _replaced(CentreWork, "answered", answered):
        yield


@contextmanager
def with_the_cursor_first() -> Iterator[None]:
    """A desk notes that it has a page before it has."""
    apply = pull._apply

    def hasty(engine: sa.Engine, page: FeedPage) -> None:
        with writing(engine) as connection:
            set_state(connection, "cursor", page.cursor)
        apply(engine, page)

    with _replaced(pull, "_apply", hasty):
        yield


@contextmanager
def with_the_last_writer_winning() -> Iterator[None]:
    """The centre takes every value that comes."""

    def merge(current: Mapping[str, Any], change: Change) -> tuple[dict[str, Any], tuple[Collision, ...]]:
        return {**current, **{name: after for name, (_, after) in change.fields.items()}}, ()

    with _replaced(receive, "merge", merge):
        yield


@contextmanager
def with_done_before_durable() -> Iterator[None]:
    """A desk says that an act is done while the disk has not been told to keep it."""
    connect = desk_database._connect

    def hasty(*given: Any) -> Any:
        connection = connect(*given)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    with _replaced(desk_database, "_connect", hasty):
        yield


MUTATIONS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "idempotency": without_idempotency,
    "cursor": with_the_cursor_first,
    "merge": with_the_last_writer_winning,
    "durable": with_done_before_durable,
}
"""By the name of what is broken."""


@contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    real = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, real)
