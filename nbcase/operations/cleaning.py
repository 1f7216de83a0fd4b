"""A desk throws away what it keeps to no purpose, when it is opened: then no form holds a file that no draft names yet."""

from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from nbcase.store.desk_database import reading, writing
from nbcase.store.unused_files import drop, unused

_log = structlog.get_logger()


def clean_files(engine: sa.Engine, now: datetime, grace_days: int) -> int:
    """Delete files of discarded drafts and half-fetched ones that are older than the grace; answers how many.

    The caller holds the desk (`hold_desk`). A disk that does not take it keeps nobody from working.
    """
    before = now - timedelta(days=grace_days)
    with reading(engine) as connection:
        found = unused(connection, before)
    if not found.files and not found.halves:
        return 0
    try:
        with writing(engine) as connection:
            found = unused(connection, before)
            drop(connection, found)
    except sa.exc.OperationalError as error:
        _log.warning("unused_files_not_dropped", error=str(error.orig))
        return 0
    _log.info("unused_files_dropped", files=len(found.files), halves=len(found.halves))
    return len(found.files) + len(found.halves)
