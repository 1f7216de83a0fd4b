"""Schema changes, by Alembic: one line of revisions for the desk, one for the centre."""

from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

Side = Literal["desk", "centre"]


def configuration(side: Side) -> Config:
    """Alembic's configuration for one side; no .ini file is needed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / side))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: sa.Connection, side: Side) -> None:
    """Bring the schema behind an open transaction to the newest revision."""
    config = configuration(side)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
