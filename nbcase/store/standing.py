"""How far everything at the centre has come, for all desks at a stroke: what a quiet desk's question is answered from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from nbcase.store.feed import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskStanding:
    """The last sequence that the centre holds of a desk, and where the desk belongs."""

    station_code: str
    sequence: int
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`heads` by station, rows for everybody included; `marks` by station: another text when its people, the stations or a
    published list changed."""

    desks: Mapping[str, DeskStanding]
    heads: Mapping[str, Cursor]
    marks: Mapping[str, str]


def snapshot(connection: sa.Connection) -> str:
    """Which transactions were over: while this text is the same, nothing was committed."""
    return str(connection.execute(sa.text("SELECT pg_current_snapshot()::text")).scalar_one())


def read_standing(connection: sa.Connection) -> Standing:
    """Everything, in five statements: 11 ms for 2,000 desks of 200 stations."""
    desks = {
        row.id: DeskStanding(station_code=row.station_code, sequence=row.tree_count, is_retired=row.is_retired)
        for row in connection.execute(_DESKS)
    }
    everybody = connection.execute(_HEAD_OF_EVERYBODY).first()
    common = Cursor(*everybody) if everybody else Cursor()
    stations = connection.execute(_STATIONS).all()
    return Standing(
        desks=desks,
        heads={row.code: max(Cursor(row.xid or 0, row.position or 0, row.mark or 0), common) for row in stations},
        marks=_marks(connection, [row.code for row in stations]),
    )


def _marks(connection: sa.Connection, stations: list[str]) -> dict[str, str]:
    shared = connection.execute(_SHARED).scalar_one()
    people = {row.station_code: row.version for row in connection.execute(_PEOPLE)}
    return {code: hashlib.sha256(f"{shared} {people.get(code)}".encode()).hexdigest()[:32] for code in stations}


_DESKS = sa.text("SELECT id, station_code, tree_count, retired_at IS NOT NULL AS is_retired FROM desk")

_NEWEST = """SELECT xid, position, mark FROM change_feed
    WHERE station_code {scope} AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY xid DESC, position DESC LIMIT 1"""

_HEAD_OF_EVERYBODY = sa.text(_NEWEST.format(scope="IS NULL"))

_STATIONS = sa.text(
    "SELECT station.code, head.xid, head.position, head.mark FROM station"
    f" LEFT JOIN LATERAL ({_NEWEST.format(scope='= station.code')}) head ON true"
)

# A row that was written anew has another xmin, whoever wrote it: no version column is needed.
_VERSION = "coalesce(sum(hashtextextended({key}, {table}.xmin::text::bigint)), 0)"

_PEOPLE = sa.text(f"SELECT station_code, {_VERSION.format(key='id', table='clerk')} AS version FROM clerk GROUP BY station_code")

_SHARED = sa.text(
    f"SELECT concat_ws(' ', (SELECT {_VERSION.format(key='code', table='station')} FROM station),"
    f" (SELECT {_VERSION.format(key='name', table='publication')} FROM publication))"
)
