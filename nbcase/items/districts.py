"""五统一: one set of items for the city. A district may add what the item leaves to it, and can say nothing else.

`nbcase/items/districts/<division>.yaml` has for each item where to ask and what to know there. It cannot name a limit, a material,
a field or a step: the format has no word for them.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from nbcase.domain.divisions import divisions
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.items.catalogue import Catalogue, ItemError
from nbcase.items.item import Label, Part
from nbcase.items.report import uniform_values

Additions = Mapping[str, "Addition"]
"""By item code."""


class Addition(Part, frozen=True):
    """What one district adds to one item: where people ask, and what is to be known there."""

    enquiry: Label | None = None
    note: Label | None = None


class _File(Part, frozen=True):
    """A district's file."""

    division: str
    items: dict[str, Addition]


def load_districts(catalogue: Catalogue, folder: Path | None = None) -> dict[str, Additions]:
    """By division code; a district without a file adds nothing. Raises `ItemError` naming file, item and mend."""
    folder = (folder or Path(__file__).parent) / "districts"
    found: dict[str, Additions] = {division.code: {} for division in divisions()}
    for path in sorted(folder.glob("*.yaml")):
        written = _read(path)
        if written.division not in found or path.stem != written.division:
            raise _wrong(path, written.division, tr("文件名和 division 应为宁波的同一个区划代码。"))
        for code in written.items:
            if code not in catalogue.items:
                raise _wrong(path, code, tr("没有这个事项。"))
        found[written.division] = written.items
    return found


def _read(path: Path) -> _File:
    try:
        return msgspec.convert(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), _File)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise _wrong(path, str(error), tr("区县文件只能写 enquiry 和 note。")) from error


def _wrong(path: Path, what: str, mend: str) -> UserError:
    return ItemError(tr("区县文件有错：{path}：{what}").format(path=path.name, what=what), safe=tr("全市统一的事项照常可用。"), do=mend)


def compare(catalogue: Catalogue, districts: Mapping[str, Additions]) -> dict[str, Any]:
    """One digest over every item whole, which no district's file can touch, and what each district adds beside it."""
    digest = hashlib.sha256()
    for code in sorted(catalogue.items):
        digest.update(uniform_values(catalogue.items[code]))
    names = {division.code: division.name for division in divisions()}
    rows = [
        {"division": division, "name": names[division], "adds": sorted(catalogue.items[code].name.text for code in additions)}
        for division, additions in districts.items()
    ]
    return {"items": len(catalogue.items), "digest": digest.hexdigest(), "districts": rows}
