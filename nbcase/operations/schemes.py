"""The points catalogue in force: the program's, with every version on top that the centre has published and signed.

Versions are dated, so the newest catalogue scores every day by the rules of that day. The older ones are kept beside it: a score
names the catalogue that it was made by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import canonical
from nbcase.domain.errors import UserError
from nbcase.domain.scheme import SCHEME, PublishedScheme
from nbcase.domain.words import tr
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.editing import with_edits
from nbcase.points.reading import catalogue_from, read_contents
from nbcase.store import publications


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemes:
    """The catalogues one after the other, the program's first, and the versions between them; `contents` are the newest's files."""

    chain: tuple[PointsCatalogue, ...]
    published: tuple[PublishedScheme, ...]
    contents: Mapping[str, Any]

    @property
    def newest(self) -> PointsCatalogue:
        """The catalogue that scores, whatever the day."""
        return self.chain[-1]

    @property
    def number(self) -> int:
        """The number of the newest published version; 0 while there is only the program's own."""
        return self.published[-1].number if self.published else 0

    def by_hash(self, catalogue_hash: str) -> PointsCatalogue | None:
        """The catalogue that a score was made by, if it is one of these."""
        return next((one for one in self.chain if one.hash == catalogue_hash), None)


def schemes(connection: sa.Connection) -> Schemes:
    """The catalogues that this desk, or the centre, has; read once for each state of the published list, some 0.1 s a version."""
    return composed(publications.standing_entries(connection, SCHEME))


def composed(entries: Mapping[str, Any]) -> Schemes:
    """The catalogues from the entries of the published list."""
    return _composed(canonical(dict(entries)))


def read_published(path: Path | None) -> Schemes:
    """The catalogues from a file of published versions; the program's alone without one. Raises `UserError` for any other file."""
    if path is None:
        return composed({})
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=list[PublishedScheme])
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(tr("这不是公布的积分方案：{path}").format(path=path), do=tr("请用 export-scheme 从中心导出。")) from error
    return composed({f"{one.number:04d}": one for one in listed})


@lru_cache(maxsize=4)
def _composed(entries: bytes) -> Schemes:
    listed = msgspec.json.decode(entries, type=dict[str, PublishedScheme])
    published = tuple(sorted(listed.values(), key=lambda one: one.number))
    contents = shipped_contents()
    chain = [_read(canonical([]))]
    for place, one in enumerate(published, start=1):
        contents = with_edits(contents, one.from_on, one.edits)
        chain.append(_read(canonical(published[:place])))
    return Schemes(chain=tuple(chain), published=published, contents=contents)


@lru_cache(maxsize=16)
def _read(published: bytes) -> PointsCatalogue:
    """The catalogue after these versions."""
    contents = shipped_contents()
    for one in msgspec.json.decode(published, type=list[PublishedScheme]):
        contents = with_edits(contents, one.from_on, one.edits)
    return catalogue_from(contents)


@cache
def shipped_contents() -> Mapping[str, Any]:
    """The files of the program's own catalogue."""
    mistakes: list[str] = []
    contents = read_contents(mistakes)
    assert not mistakes, mistakes
    return contents


def shipped_catalogue() -> PointsCatalogue:
    """The catalogue of the program alone; read once, some 0.1 s."""
    return _read(canonical([]))
