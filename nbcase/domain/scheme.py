"""积分方案: drafts of a changed scheme, who signed them, and the versions that the centre published.

A draft is a record that every station sees, so that the second person may sit anywhere. Signatures hold for one content and no
other: whoever edits a draft after it was proposed takes the proposal away.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from nbcase.domain.action import canonical

SCHEME = "points-scheme"
"""The published list of scheme versions, keyed by number."""

SIGNATURES_NEEDED = 2
"""People, by clerk id, who have to stand for a version: one proposes, another signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeDraft:
    """A version in the making. `edits` hold for each changed indicator its whole new rule, see `nbcase.points.editing.Edit`.

    `based_on` is the number of the published version that it was last edited on; `round` counts how often it was taken back after
    a proposal. `published_number`, `refusal` and `refused_hash` are the centre's: what became of the signed content.
    """

    id: str
    version: int = 0
    name: str
    from_on: date
    edits: Mapping[str, Any] = field(default_factory=dict)
    based_on: int = 0
    round: int = 1
    begun_by: str
    begun_name: str
    begun_at: datetime
    changed_name: str
    changed_at: datetime
    is_withdrawn: bool = False
    published_number: int | None = None
    refusal: str = ""
    refused_hash: str = ""
    station_code: str

    @property
    def content_hash(self) -> str:
        """What is signed: name, date, edits, and what they stand on."""
        return hashlib.sha256(canonical([self.id, self.name, self.from_on, self.based_on, self.round, self.edits])).hexdigest()


BY_CENTRE = frozenset({"published_number", "refusal", "refused_hash"})
"""Fields of a draft that no desk may set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeSignature:
    """One person's word for one content of a draft: the proposal, or the other person's agreement to it."""

    id: str
    version: int = 0
    draft_id: str
    content_hash: str
    is_proposal: bool
    clerk_id: str
    clerk_name: str
    signed_at: datetime
    station_code: str


class DraftStage(StrEnum):
    """Where a draft stands."""

    EDITING = "editing"
    PROPOSED = "proposed"
    SIGNED = "signed"
    REFUSED = "refused"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def standing_signatures(draft: SchemeDraft, signatures: Sequence[SchemeSignature]) -> tuple[SchemeSignature, ...]:
    """Those under the draft's present content, one of each person, the proposal first."""
    under = (one for one in signatures if one.draft_id == draft.id and one.content_hash == draft.content_hash)
    by_clerk: dict[str, SchemeSignature] = {}
    for one in sorted(under, key=lambda entry: (not entry.is_proposal, entry.signed_at, entry.id)):
        by_clerk.setdefault(one.clerk_id, one)
    return tuple(by_clerk.values())


def stage_of(draft: SchemeDraft, signatures: Sequence[SchemeSignature]) -> DraftStage:
    """Where a draft stands, from its own fields and who signed its present content."""
    if draft.published_number is not None:
        return DraftStage.PUBLISHED
    if draft.is_withdrawn:
        return DraftStage.WITHDRAWN
    if draft.refusal and draft.refused_hash == draft.content_hash:
        return DraftStage.REFUSED
    count = len(standing_signatures(draft, signatures))
    return (DraftStage.EDITING, DraftStage.PROPOSED)[count] if count < SIGNATURES_NEEDED else DraftStage.SIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedScheme:
    """A version of the scheme as it is published: what changed from `from_on` on, and the two who stand for it."""

    number: int
    draft_id: str
    name: str
    from_on: date
    edits: Mapping[str, Any]
    proposed_by: str
    proposed_name: str
    signed_by: str
    signed_name: str
    published_on: date
    content_hash: str
