"""The centre's PostgreSQL (15 or later), through SQLAlchemy and psycopg 3."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

MIGRATION_LOCK = 0x6E62_6361_7365
"""Advisory lock key: two centre processes that start together do not migrate twice."""


def open_centre_database(url: str, *, pool_size: int = 10, is_migrated: bool = False) -> sa.Engine:
    """The centre's database behind `url` (``postgresql://…``), migrated to the newest schema unless somebody has just done so.

    Raises `UserError` when the server does not answer.
    """
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
    try:
        with engine.begin() as connection:
            if not is_migrated:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
                from nbcase.store.migrations import upgrade

                upgrade(connection, "centre")
    except sa.exc.OperationalError as error:
        engine.dispose()
        raise UserError(
            tr("连不上中心数据库。"),
            safe=tr("没有改动任何数据。"),
            do=tr("请检查 --database-url 和数据库是否已启动。"),
        ) from error
    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction of the centre: committed when the block ends, nothing when it raises."""
    with engine.begin() as connection:
        yield connection
        reach("centre.commit.before")
    reach("centre.commit.after")
