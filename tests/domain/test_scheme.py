"""A signature holds for one content: whatever of a draft is published changes its hash, whatever is only told about it does not."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nbcase.domain.scheme import DraftStage, SchemeDraft, SchemeSignature, stage_of

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
DRAFT = SchemeDraft(
    id="d",
    name="n",
    from_on=date(2026, 4, 1),
    edits={"age": {"cap": "20"}},
    begun_by="a",
    begun_name="样甲",
    begun_at=AT,
    changed_name="样甲",
    changed_at=AT,
    station_code="s",
)


def signed(clerk_id: str, *, is_proposal: bool = False) -> SchemeSignature:
    return SchemeSignature(
        id=clerk_id,
        draft_id="d",
        content_hash=DRAFT.content_hash,
        is_proposal=is_proposal,
        clerk_id=clerk_id,
        clerk_name=clerk_id,
        signed_at=AT,
        station_code="s",
    )


@pytest.mark.parametrize(
    "change", [{"name": "m"}, {"from_on": date(2026, 4, 2)}, {"edits": {"age": {"cap": "21"}}}, {"based_on": 1}, {"round": 2}]
)
def test_every_change_of_the_content_takes_the_signatures_away(change: dict[str, Any]) -> None:
    both = (signed("a", is_proposal=True), signed("b"))
    assert stage_of(DRAFT, both) is DraftStage.SIGNED
    assert stage_of(replace(DRAFT, **change), both) is DraftStage.EDITING


def test_one_person_twice_is_one_signature_and_what_is_told_about_a_draft_changes_nothing() -> None:
    twice = (signed("a", is_proposal=True), replace(signed("a"), id="again"))
    assert stage_of(DRAFT, twice) is DraftStage.PROPOSED
    told = replace(DRAFT, changed_name="样乙", changed_at=datetime(2026, 3, 3, tzinfo=UTC), version=7)
    assert told.content_hash == DRAFT.content_hash
