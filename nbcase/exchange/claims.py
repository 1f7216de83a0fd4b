"""Rows that reviewers accepted as proven, out of the centre's records into a month's run."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.exchange.archive import Archive
from nbcase.exchange.delivery import NUMBER
from nbcase.points.engine import connect, parquet, write
from nbcase.points.prepared import DELIVERED, prepare_sql
from nbcase.points.rows import row_from_plain
from nbcase.points.tables import Table


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted row of a table, in JSON values; it counts from `approved_on` on."""

    document_number: str
    claim_id: str
    table: str
    row: dict[str, Any]
    approved_on: date


def write_claims(path: Path, claims: Sequence[ClaimRow]) -> None:
    """All accepted rows as one JSON file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(list(claims)), indent=1))


def read_claims(path: Path) -> list[ClaimRow]:
    """The rows of such a file; raises `UserError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[ClaimRow])
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(
            tr("{path} 不是导出的赋分：{text}").format(path=path, text=error), safe=tr("没有计算。"), do=tr("请用 export-claims 重新导出。")
        ) from error


def prepare_claims(archive: Archive, tables: Mapping[str, Table], claims: Sequence[ClaimRow], on: date, folder: Path) -> int:
    """Write the rows that count on a day as prepared tables into `folder`; how many. Whoever is not in the register has none."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = 0
    with connect() as connection:
        numbers = sorted({claim.document_number.upper() for claim in claims})
        query = f"SELECT {NUMBER}, person FROM {parquet(archive.persons)} WHERE {NUMBER} IN (SELECT unnest(?))"
        persons = dict(connection.execute(query, [numbers]).fetchall()) if archive.persons.is_file() else {}
        for code, table in tables.items():
            rows = [
                (persons[claim.document_number.upper()], row_from_plain(table, claim.row))
                for claim in claims
                if claim.table == code and claim.approved_on <= on and claim.document_number.upper() in persons
            ]
            if not rows:
                continue
            columns = ", ".join(f"{column.name} {DELIVERED[column.kind]}" for column in table.columns.values())
            connection.execute(f"CREATE TEMP TABLE c_{code} (person BIGINT, {columns})")
            marks = ", ".join("?" * (len(table.columns) + 1))
            values = [[person, *(row.get(name) for name in table.columns)] for person, row in rows]
            connection.executemany(f"INSERT INTO c_{code} VALUES ({marks})", values)
            taken += write(connection, prepare_sql(table, f"c_{code}"), folder / f"{code}.parquet")
    return taken
