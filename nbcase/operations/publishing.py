"""Publishing from the centre: a list changes as a whole, gets the next revision, a checksum and the centre's signature."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nbcase.crypto.keys import SigningKey, is_signed
from nbcase.crypto.requests import publication_bytes
from nbcase.domain.errors import UserError
from nbcase.domain.publication import Publication, PublishedEntry, checksum
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar, calendar_years
from nbcase.store import publications

CALENDAR = "calendar"
"""Announced years of the working calendar, keyed by year."""


def publish(connection: sa.Connection, key: SigningKey, name: str, entries: Mapping[str, Any], now: datetime) -> Publication:
    """Make `entries` (JSON values, none of them None) what the list holds from now on; the present head when nothing differs."""
    head = publications.lock_publication(connection, name)
    standing = publications.standing_entries(connection, name)
    revision = head.revision + 1 if head else 1
    changed = publications.changed_entries(standing, entries, revision)
    if head is not None and not changed:
        return head
    whole = checksum(entries)
    signature = key.sign(publication_bytes(name=name, revision=revision, checksum=whole))
    new = Publication(name=name, revision=revision, checksum=whole, published_at=now, signature=signature)
    publications.write_entries(connection, new, changed)
    return new


def publish_calendar(connection: sa.Connection, key: SigningKey, path: Path, now: datetime) -> Publication:
    """Publish the announced years of a calendar file; raises `UserError` naming file, entry and mend."""
    return publish(connection, key, CALENDAR, calendar_years(path), now)


def working_calendar(connection: sa.Connection, path: Path | None) -> WorkingCalendar:
    """The desk's calendar: the program's or the given file, with the years that the centre published on top."""
    return WorkingCalendar.load(path, announced=publications.standing_entries(connection, CALENDAR))


def take_in(connection: sa.Connection, centre_public_key: str, head: Publication, entries: list[PublishedEntry]) -> None:
    """At the desk: check signature and checksum, then keep what changed. Raises `UserError`; nothing is kept then."""
    signed = publication_bytes(name=head.name, revision=head.revision, checksum=head.checksum)
    if not is_signed(centre_public_key, signed, head.signature):
        what = tr("“{name}”不是中心签发的。").format(name=head.name)
        raise UserError(what, safe=tr("本机继续用原来的一份。"), do=tr("请联系管理员核对中心。"))
    publications.apply_delta(connection, head, entries)
