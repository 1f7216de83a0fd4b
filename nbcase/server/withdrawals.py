"""Keeps the list of withdrawn papers up to date while the centre runs."""

import asyncio
import random

import sqlalchemy as sa
import structlog
from starlette.concurrency import run_in_threadpool

from nbcase.operations.paper_states import publish_states
from nbcase.server.centre import Centre
from nbcase.store.centre_database import transaction

LOOK_S = 60.0
"""A paper that is taken back reaches other desks within this and their next contact."""

_log = structlog.get_logger()


async def publish_again_and_again(centre: Centre) -> None:
    """Look every minute, without end."""
    while True:
        # Spread: several processes look, and one of them is enough.
        await asyncio.sleep(LOOK_S * random.uniform(0.8, 1.2))
        try:
            await run_in_threadpool(_look, centre)
        except sa.exc.SQLAlchemyError as error:  # the next look may succeed
            _log.error("paper_states_failed", error=type(error).__name__)


def _look(centre: Centre) -> None:
    with transaction(centre.engine) as connection:
        publish_states(connection, centre.key, centre.clock.now())
