"""The list of withdrawn papers, made at the centre from what desks did: a revoked paper, a paper of a cancelled permit; and which
provisional papers the centre agreed with. Published to every desk, signed, with the time up to which it is complete.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.crypto.keys import SigningKey
from nbcase.operations.publishing import publish
from nbcase.proof.trust import AS_OF, STATES, Marks, pack_marks, window_of
from nbcase.store.publications import lock_publication, standing_entries
from nbcase.store.tables import centre_metadata

REFRESH = timedelta(hours=6)
"""Nothing withdrawn is news as well: so often the list says anew that it is complete."""

OF_A_PERMIT = ("permit-confirmation", "endorsement-slip")
"""Papers that say something of a permit: they fall with it."""


def publish_states(connection: sa.Connection, key: SigningKey, now: datetime) -> bool:
    """Publish what changed; whether anything did. Withdrawn papers are taken from records, so running it twice changes nothing."""
    lock_publication(connection, STATES)
    standing = standing_entries(connection, STATES)
    found = _by_window(connection)
    wanted: dict[str, Any] = {window: _marks(connection, window, ids, standing.get(window)) for window, ids in found.items()}
    as_of = standing.get(AS_OF)
    has_changed = wanted != {window: value for window, value in standing.items() if window != AS_OF}
    if not has_changed and as_of is not None and now - datetime.fromisoformat(as_of["at"]) < REFRESH:
        return False
    publish(connection, key, STATES, {**wanted, AS_OF: {"at": now.isoformat()}}, now)
    return True


def _by_window(connection: sa.Connection) -> dict[str, tuple[list[str], list[str]]]:
    """Ids of revoked and of confirmed papers by window."""
    document, case, permit = (centre_metadata.tables[name] for name in ("document", "case", "permit"))
    has_fallen = sa.or_(
        document.c.revoked_on.is_not(None),
        sa.and_(document.c.kind_code.in_(OF_A_PERMIT), permit.c.cancelled_on.is_not(None)),
    )
    joined = document.outerjoin(case, case.c.id == document.c.case_id).outerjoin(permit, permit.c.id == case.c.permit_id)
    is_confirmed = sa.and_(document.c.is_provisional, case.c.is_provisional.is_(False))
    rows = connection.execute(
        sa.select(document.c.id, has_fallen.label("has_fallen")).select_from(joined).where(sa.or_(has_fallen, is_confirmed))
    )
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for row in rows:
        revoked, confirmed = found[window_of(row.id)]
        (revoked if row.has_fallen else confirmed).append(row.id)
    return found


def _marks(connection: sa.Connection, window: str, ids: tuple[list[str], list[str]], standing: Any) -> Any:
    """The window's marks; as they stand where the same papers with the same salt give the same."""
    revoked, confirmed = ids
    if standing is not None:
        salt = msgspec.convert(standing, Marks).salt
        same = msgspec.to_builtins(pack_marks(revoked, confirmed, (), first_salt=salt))
        if same == standing:
            return standing
    document = centre_metadata.tables["document"]
    listed = {*revoked, *confirmed}
    rows = connection.execute(sa.select(document.c.id).where(document.c.id.between(window, window + "g"))).scalars()
    return msgspec.to_builtins(pack_marks(revoked, confirmed, [each for each in rows if each not in listed]))
