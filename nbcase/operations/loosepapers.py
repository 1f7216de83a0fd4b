"""Papers that are made for the moment: kept nowhere as a record, and made again at any time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbcase.operations.desk import Desk
from nbcase.store.desk_database import reading

if TYPE_CHECKING:
    from nbcase.operations.issuing import About


def loose_paper(desk: Desk, code: str, values: Mapping[str, Any]) -> bytes:
    """The paper of that layout as PDF, without a signature."""
    # Loaded here: reportlab and its fonts cost 0.1 s, which the start of the window must not pay.
    from nbcase.documents.layout import load_layout
    from nbcase.documents.render import render

    return render(load_layout(code), values, specimen=desk.specimen).pdf


def signed_loose_paper(desk: Desk, code: str, values: Mapping[str, Any], about: "About") -> bytes:
    """The same, its code and file signed where this desk has certified keys."""
    from nbcase.documents.layout import load_layout
    from nbcase.operations.issuing import finished_paper

    with reading(desk.engine) as connection:
        return finished_paper(
            connection,
            load_layout(code),
            values,
            about,
            station_code=desk.station.code,
            specimen=desk.specimen,
            page=desk.verify_page,
        )
