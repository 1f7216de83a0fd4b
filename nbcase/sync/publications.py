"""The stage that keeps published lists up to date: what changed since the desk's revision, or the whole when that does not add up."""

from collections.abc import Sequence

import sqlalchemy as sa

from nbcase.domain.errors import Offline, UserError
from nbcase.domain.publication import Publication
from nbcase.operations.publishing import take_in
from nbcase.store import publications
from nbcase.store.desk_database import reading, writing
from nbcase.sync.client import CentreClient


def refresh(engine: sa.Engine, client: CentreClient, centre_public_key: str, offered: Sequence[Publication]) -> list[str]:
    """Fetch every offered list that is news; answers the names of those that changed. Raises `UserError` for one that cannot be."""
    with reading(engine) as connection:
        own = {head.name: head for head in publications.publications(connection)}
    changed = []
    for head in offered:
        present = own.get(head.name)
        if present is None or (present.revision, present.checksum) != (head.revision, head.checksum):
            _fetch(engine, client, centre_public_key, head.name, present)
            changed.append(head.name)
    return changed


def _fetch(engine: sa.Engine, client: CentreClient, centre_public_key: str, name: str, present: Publication | None) -> None:
    # A revision that went back is another history: the centre was restored, the delta would start from nowhere.
    answer = client.publication(name, after=present.revision if present else 0)
    if present is None or answer.head.revision > present.revision:
        try:
            with writing(engine) as connection:
                take_in(connection, centre_public_key, answer.head, answer.entries)
            return
        except Offline:
            raise
        except UserError:
            if present is None:
                raise
    whole = client.publication(name, after=0)
    with writing(engine) as connection:
        publications.forget_publication(connection, name)
        take_in(connection, centre_public_key, whole.head, whole.entries)
