"""名额轮次: places that are given out by points, who signed the list, and what became of each application.

The centre opens a round, ranks and publishes; desks sign what they have seen. Points are hundredths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class RoundStage(StrEnum):
    """报名, 公示, 定稿."""

    OPEN = "open"
    NOTICE = "notice"
    FINAL = "final"


class ParentRule(StrEnum):
    """Whose points count: the applicant's, or those of whichever parent has more (江北)."""

    APPLICANT = "applicant"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlace:
    """One school, batch or tier. `seats` None: as many as come. `least_points` None: 未配置, nobody is kept out."""

    name: str
    seats: int | None = None
    least_points: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One line of the public list, in order; the name is masked, `place` None without one."""

    order: int
    name: str
    number: str
    points: int
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of one use (code table ``points_use``) in one district; every station sees it.

    Applications are taken from `opens_on` to `closes_on`; points are those of `scored_on`. `draft_rows` with `list_hash` are the newest
    ranking, which people sign; `rows` with `published_hash` are the public list. `ties_basis` empty: the order of equals is this
    program's own, no public rule is known.
    """

    id: str
    version: int = 0
    use_code: str
    name: str
    district_code: str
    period: str
    opens_on: date
    closes_on: date
    scored_on: date
    places: tuple[RoundPlace, ...]
    grades: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    basis: str = ""
    parent_rule: ParentRule = ParentRule.APPLICANT
    ties: tuple[str, ...]
    ties_basis: str = ""
    lot_seed: str
    notice_days: int
    stage: RoundStage = RoundStage.OPEN
    draft_rows: tuple[ListRow, ...] = ()
    rows: tuple[ListRow, ...] = ()
    list_hash: str = ""
    published_hash: str = ""
    ranked_at: datetime | None = None
    notice_from_on: date | None = None
    notice_until_on: date | None = None
    final_on: date | None = None
    signed_by: tuple[str, ...] = ()
    station_code: str

    def is_open(self, on: date) -> bool:
        """Whether somebody may apply on that day."""
        return self.stage is RoundStage.OPEN and self.opens_on <= on <= self.closes_on

    def place(self, name: str) -> RoundPlace | None:
        """The place of this name."""
        return next((place for place in self.places if place.name == name), None)

    @property
    def next_stage(self) -> RoundStage:
        """What the newest list would be published as."""
        return RoundStage.NOTICE if self.stage is RoundStage.OPEN else RoundStage.FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceResult:
    """One choice of one application: what became of it (`nbcase.points.ranking.Why`), and how far off it was.

    `missing` points to the last who came in, who had `last_points`; where a tie decided, its rule and both figures.
    """

    place: str
    why: str
    missing: int = 0
    last_points: int | None = None
    tie: str = ""
    tie_own: int = 0
    tie_last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """What a list says of one application; it goes to the station that took it. `counted_id`: whose points counted."""

    id: str
    version: int = 0
    round_id: str
    resident_id: str
    case_id: str
    case_number: str
    name: str
    counted_id: str
    points: int
    figures: Mapping[str, int]
    zones: tuple[str, ...] = ()
    order: int
    place: str | None
    choices: tuple[ChoiceResult, ...]
    list_hash: str
    station_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSignature:
    """A person's word at a desk that a list may be published as `stage`; it holds for that very list and no other."""

    id: str
    version: int = 0
    round_id: str
    stage: RoundStage
    list_hash: str
    clerk_id: str
    clerk_name: str
    signed_at: datetime
    station_code: str


SIGNATURES_NEEDED = 2
"""People who have to sign a list before it is published."""
