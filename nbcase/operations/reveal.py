"""A number that a page masks, shown on purpose: the look is logged with who and whose, never with the number."""

import structlog

from nbcase.domain.clerk import Clerk
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Desk
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

_log = structlog.get_logger()


def reveal_number(desk: Desk, clerk: Clerk, resident_id: str) -> str:
    """The whole document number of a resident; LookupError for an unknown id.

    The audit line goes to the desk's log. The action log has no place for it: an action is a change of records.
    """
    with reading(desk.engine) as connection:
        number = Shelf(connection).need(Resident, resident_id).document_number
    _log.info("number_revealed", resident_id=resident_id, clerk_id=clerk.id, desk_id=desk.identity.desk_id, at=desk.clock.now().isoformat())
    return number
