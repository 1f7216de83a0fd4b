"""Deliveries of departments as files: a small synthetic month, and hand-made ones with what a test needs."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from nbcase.demo.departments import write_month
from nbcase.exchange.accept import accept_delivery
from nbcase.exchange.archive import Archive, Quality
from nbcase.exchange.delivery import Manifest, file_hash, write_manifest
from nbcase.points.buckets import Inputs
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.reading import load_points_catalogue

NOW = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)
CATALOGUE = load_points_catalogue()
PEOPLE = ("330299198403020016", "330299199001010010", "330299199512310017")
"""Synthetic numbers; whether the check sign is right does not matter here."""


def deliver_month(out: Path, data: Path, people: int, on: date, seed: int = 1) -> None:
    """Generate a month and take all of it in, the register first."""
    for _ in write_month(out, people, seed, on, CATALOGUE.code):
        pass
    data.mkdir(parents=True, exist_ok=True)
    for folder in sorted(out.iterdir(), key=lambda path: (not path.name.startswith("person"), path.name)):
        take_in(folder, data)


def take_in(folder: Path, data: Path, catalogue: PointsCatalogue = CATALOGUE) -> Quality:
    """Accept one delivery."""
    return accept_delivery(folder, data, catalogue.code, catalogue.tables, NOW)


def write_csv(
    folder: Path, table: str, lines: Sequence[str], *, period: str = "2026-10", revision: int = 1, encoding: str = "utf-8"
) -> Path:
    """A delivery in CSV; the first line names the columns."""
    folder.mkdir(parents=True)
    path = folder / "data.csv"
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    manifest = Manifest(
        scheme=CATALOGUE.code,
        table=table,
        period=period,
        revision=revision,
        file=path.name,
        format="csv",
        rows=len(lines) - 1,
        sha256=file_hash(path),
        encoding=encoding,  # type: ignore[arg-type]
    )
    write_manifest(folder, manifest)
    return folder


def register(folder: Path, data: Path) -> None:
    """The register with three people."""
    data.mkdir(parents=True, exist_ok=True)
    rows = [f"{number},{number[6:10]}-{number[10:12]}-{number[12:14]},330211,normal" for number in PEOPLE]
    take_in(write_csv(folder, "person", ["document_number,born_on,district_code,permit_state_code", *rows]), data)


def inputs(data: Path, on: date) -> Inputs:
    """What a run as of a day is made of."""
    archive = Archive(data)
    cut = archive.cut(list(CATALOGUE.tables), on)
    return Inputs(paths=archive.paths(cut), cut=cut)
