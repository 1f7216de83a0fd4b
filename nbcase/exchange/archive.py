"""Accepted deliveries, kept for ever: the archive says what was known when, so that a past month scores as it did."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.exchange.delivery import MOST_REVISIONS, Manifest

PREPARED = "prepared.parquet"
REPORT = "report.json"
PERSONS = "persons.parquet"
CHANGED = "changed.parquet"
"""Beside a corrected delivery: whose rows are not those of the delivery that it replaces."""


class Quality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a delivery: rows taken, rows set aside by reason, and how it stands to the month before.

    `is_late` says that a later month of this table had been accepted already; `replaces` names the revision it corrects.
    """

    manifest: Manifest
    taken: int
    set_aside: dict[str, int]
    people: int
    previous_rows: int | None
    is_late: bool
    replaces: str
    accepted_at: str


class Archive:
    """The folder ``accepted/<table>/<period>-r<revision>`` below a centre's points data."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.persons = data / PERSONS

    def folder(self, table: str, key: str = "") -> Path:
        """Where a table's deliveries lie, or one of them."""
        return self._data / "accepted" / table / key if key else self._data / "accepted" / table

    def deliveries(self, table: str) -> list[str]:
        """Keys of the accepted deliveries of a table, in order."""
        folder = self.folder(table)
        return sorted(path.name for path in folder.iterdir() if (path / REPORT).is_file()) if folder.is_dir() else []

    def quality(self, table: str, key: str) -> Quality:
        """The report of an accepted delivery."""
        return msgspec.json.decode((self.folder(table, key) / REPORT).read_bytes(), type=Quality)

    def cut(self, tables: list[str], on: date) -> dict[str, str]:
        """For each table the newest accepted delivery of the day's month or one before; tables without any are left out."""
        last = f"{on.year:04d}-{on.month:02d}-r{MOST_REVISIONS}"
        found = {table: [key for key in self.deliveries(table) if key <= last] for table in tables}
        return {table: keys[-1] for table, keys in found.items() if keys}

    def changed(self, before: Mapping[str, str], cut: Mapping[str, str]) -> list[Path]:
        """Files that name everybody whose rows differ between two cuts, which differ by corrections of a month alone; else `UserError`."""
        found = []
        for table in sorted({*before, *cut}):
            key, old = cut.get(table, ""), before.get(table, "")
            while key != old:
                replaces = self.quality(table, key).replaces if key else ""
                if not replaces:
                    raise UserError(
                        tr("{table} 的 {key} 不是对上次所用数据（{old}）的更正。").format(table=table, key=key or "—", old=old or "—"),
                        safe=tr("没有计算。"),
                        do=tr("请全部重新计算。"),
                    )
                found.append(self.folder(table, key) / CHANGED)
                key = replaces
        return found

    def paths(self, cut: Mapping[str, str]) -> dict[str, Path]:
        """The prepared files of a cut; raises `UserError` when one is not there any more."""
        found = {table: self.folder(table, key) / PREPARED for table, key in cut.items()}
        for table, path in found.items():
            if not path.is_file():
                raise UserError(
                    tr("{table} 的 {key} 不在档案里：{path}").format(table=table, key=cut[table], path=path),
                    safe=tr("没有计算，没有改动。"),
                    do=tr("请从备份恢复档案文件夹。"),
                )
        return found
