"""What reviewers accepted as proven, at the centre, for a month's run."""

import sqlalchemy as sa

from nbcase.exchange.claims import ClaimRow
from nbcase.store import tables


def accepted_claims(engine: sa.Engine) -> list[ClaimRow]:
    """Every claim with its resident's number, by id."""
    claim, resident = tables.CENTRE_RECORDS["claim"], tables.CENTRE_RECORDS["resident"]
    columns = (claim.c.id, claim.c.table_code, claim.c.row, claim.c.approved_on, resident.c.document_number)
    query = sa.select(*columns).join(resident, resident.c.id == claim.c.resident_id).order_by(claim.c.id)
    with engine.connect() as connection:
        return [
            ClaimRow(
                document_number=found.document_number,
                claim_id=found.id,
                table=found.table_code,
                row=found.row,
                approved_on=found.approved_on,
            )
            for found in connection.execute(query)
        ]
