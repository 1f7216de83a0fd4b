"""The stage that keeps published lists up to date: what changed since the desk's revision, or the whole when that does not add up."""

from collections.abc import Sequence

import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.publication import Publication
from nbcase.operations.messages import PublicationAnswer
from nbcase.operations.publishing import take_in
from nbcase.store import publications
from nbcase.store.desk_database import reading, writing
from nbcase.sync.client import CentreClient


def refresh(engine: sa.Engine, client: CentreClient, centre_public_key: str, offered: Sequence[Publication]) -> None:
    """Fetch every offered list that is news. Raises `UserError` for one that cannot be."""
    with reading(engine) as connection:
        own = {head.name: head for head in publications.publications(connection)}
    for head in offered:
        present = own.get(head.name)
        if present is None or (present.revision, present.checksum) != (head.revision, head.checksum):
            _fetch(engine, client, centre_public_key, head, present)


def _fetch(engine: sa.Engine, client: CentreClient, centre_public_key: str, head: Publication, present: Publication | None) -> None:
    # A revision that did not go on is of another history: the centre was restored, and what changed since counts from nowhere.
    after = present.revision if present is not None and present.revision < head.revision else 0
    answer = client.publication(head.name, after)
    try:
        _keep(engine, centre_public_key, answer, is_whole=not after)
    except UserError:
        if not after:
            raise
        _keep(engine, centre_public_key, client.publication(head.name, 0), is_whole=True)


def _keep(engine: sa.Engine, centre_public_key: str, answer: PublicationAnswer, *, is_whole: bool) -> None:
    with writing(engine) as connection:
        if is_whole:
            publications.forget_publication(connection, answer.head.name)
        take_in(connection, centre_public_key, answer.head, answer.entries)
