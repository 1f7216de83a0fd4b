"""Clerks and stations: few, changed at the centre only, replaced as a whole at a desk."""

from collections.abc import Sequence

import sqlalchemy as sa

from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.store.tables import centre_metadata, desk_metadata


def _tables(connection: sa.Connection) -> tuple[sa.Table, sa.Table]:
    metadata = desk_metadata if connection.dialect.name == "sqlite" else centre_metadata
    return metadata.tables["clerk"], metadata.tables["station"]


def clerks(connection: sa.Connection, **equal: str) -> list[Clerk]:
    """Clerks whose columns have these values, by login."""
    table, _ = _tables(connection)
    rows = connection.execute(sa.select(table).where(*(table.c[name] == value for name, value in equal.items())).order_by(table.c.login))
    return [Clerk(**{**row._mapping, "role": Role(row.role)}) for row in rows]


def stations(connection: sa.Connection) -> list[Station]:
    """Every station, by code."""
    _, table = _tables(connection)
    return [Station(**row._mapping) for row in connection.execute(sa.select(table).order_by(table.c.code))]


class StationNames(dict[str, str]):
    """Names of stations by code; an unknown one is told by its code. In Chinese, as the names are: papers print them."""

    def __missing__(self, code: str) -> str:
        return f"受理点 {code}"


def station_names(connection: sa.Connection) -> StationNames:
    """What people call the stations that this side knows."""
    return StationNames((entry.code, entry.name) for entry in stations(connection))


def station(connection: sa.Connection, code: str) -> Station:
    """One station; LookupError when there is none with this code."""
    found = [entry for entry in stations(connection) if entry.code == code]
    if not found:
        raise LookupError(f"no station {code}")
    return found[0]


def replace_people(connection: sa.Connection, new_clerks: Sequence[Clerk], new_stations: Sequence[Station]) -> None:
    """Put these in the place of all clerks and stations that are there."""
    for table in _tables(connection):
        connection.execute(sa.delete(table))
    add_people(connection, new_clerks, new_stations)


def add_people(connection: sa.Connection, new_clerks: Sequence[Clerk], new_stations: Sequence[Station]) -> None:
    """Insert clerks and stations."""
    clerk, station_table = _tables(connection)
    if new_clerks:
        connection.execute(sa.insert(clerk), [_columns(clerk, entry) for entry in new_clerks])
    if new_stations:
        connection.execute(sa.insert(station_table), [_columns(station_table, entry) for entry in new_stations])


def _columns(table: sa.Table, entry: Clerk | Station) -> dict[str, object]:
    return {column.name: getattr(entry, column.name) for column in table.c}
