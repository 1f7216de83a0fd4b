"""What changed at the centre, brought to the desk: page by page, each applied together with its cursor."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import sqlalchemy as sa
import structlog

from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import set_state, state
from nbcase.store.feed import PAGE, START, FeedPage
from nbcase.store.replica import apply_feed, begin_anew, forget_laid_over
from nbcase.store.search import bring_up_to_date, catch_up
from nbcase.store.station_load import MANY, begin_load, finish_load, note_progress, present_load
from nbcase.sync.client import CentreClient

FEW_STEPS = 5
"""Steps of indexing before a contact: what was just registered goes first, a whole station waits until it is here."""

_log = structlog.get_logger()


def pull_changes(engine: sa.Engine, client: CentreClient, on_page: Callable[[], None] = lambda: None) -> None:
    """Everything after the desk's cursor: a page is in with its place, or not at all.

    While a page is applied the next one is fetched. `on_page` is called after each page behind which there are more.
    Where the centre does not know the desk's place any more, because it was restored from a backup, everything is read again.
    """
    with reading(engine) as connection:
        cursor, load = state(connection, "cursor", START), present_load(connection)
    is_whole = cursor == START or load is not None
    page = client.changes(cursor, PAGE, whole=is_whole)
    with ThreadPoolExecutor(1, "pull") as beside:
        while page.has_more:
            is_whole = is_whole or page.reset
            following = beside.submit(client.changes, page.cursor, PAGE, whole=is_whole)
            _apply(engine, page)
            on_page()
            page = following.result()
    _apply(engine, page)
    with reading(engine) as connection:
        load = present_load(connection)
    if load is not None:
        finish_load(engine)


def _apply(engine: sa.Engine, page: FeedPage) -> None:
    if page.reset:
        _log.warning("feed_read_from_the_start")
        begin_anew(engine)
    if not (page.rows or page.reset):
        return
    with writing(engine, gives_way=True) as connection:
        if page.reset:
            set_state(connection, "cursor", START)
            forget_laid_over(connection)
        load = begin_load(connection, page.total) if page.total is not None and page.total >= MANY else present_load(connection)
        apply_feed(connection, page.rows, notes=load is None)
        set_state(connection, "cursor", page.cursor)
        if load is not None:
            note_progress(connection, replace(load, done=load.done + len(page.rows)))


def index_few(engine: sa.Engine) -> None:
    """Index what clerks did last, with the line or without it."""
    for _ in range(FEW_STEPS):
        if not bring_up_to_date(engine):
            return


def index_rest(engine: sa.Engine) -> None:
    """Index everything that came."""
    catch_up(engine)
