"""A round of school places: applications at two desks, ranking, two signatures, notice, an objection corrected, the final list, and
the result explained and printed at the desk.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from nbcase.domain.case import Case, HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock, local_date
from nbcase.domain.errors import UserError
from nbcase.domain.ids import derived_id
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.round import Round, RoundSignature, RoundStage
from nbcase.domain.score import Score
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.rank import check_list, publish_round, rank_round, ranked_list
from nbcase.operations.roundfile import open_round
from nbcase.operations.rounds import SIGN, sign_round
from nbcase.operations.schemes import shipped_catalogue
from nbcase.points.ranking import Placement, place
from nbcase.points.spans import month_of
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_scores
from nbcase.store.desk_database import reading
from nbcase.store.people import add_people
from nbcase.store.shelf import Shelf
from tests.parts.centres import STATIONS, RunningCentre, clerk
from tests.parts.rounds import admitted, round_file, school_request
from tests.parts.scores import ROWS, score_of
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages.rounds import RoundsPage

CALENDAR = WorkingCalendar.load()
CATALOGUE = shipped_catalogue()


class Office:
    """The centre's side of a round, with the clock of everybody."""

    def __init__(self, centre: RunningCentre, clock: SetClock, folder: Path) -> None:
        self.engine, self.clock, self.folder = centre.centre.engine, clock, folder
        self.round_id = ""

    @property
    def today(self) -> date:
        return local_date(self.clock.now())

    def open(self, **fields: object) -> Round:
        with transaction(self.engine) as connection:
            opened = open_round(connection, round_file(self.folder, STATIONS[0].code, **fields))  # type: ignore[arg-type]
        self.round_id = opened.id
        return opened

    def score(self, *people: tuple[Resident, int]) -> None:
        """Scores that differ by the months of insurance."""
        with transaction(self.engine) as connection:
            write_scores(connection, [_score(person, months) for person, months in people])

    def admit(self, window: DeskWindow, case_id: str) -> None:
        """A reviewer comes to the second station, which has none, and finds the case in order."""
        moved = replace(clerk("zhao"), id="clerk-zhou", login="zhou", station_code=STATIONS[1].code)
        with transaction(self.engine) as connection:
            add_people(connection, [moved], ())
        window.contact()
        decide(window.counter.desk, moved, Verdict(case_id=case_id, decision_code="approve", reason_codes=("eligible",)))
        assert window.contact().quarantined == 0

    def rank(self) -> Round:
        with transaction(self.engine) as connection:
            return rank_round(connection, self.round_id, CATALOGUE, self.clock.now(), self.today)

    def publish(self) -> Round:
        with transaction(self.engine) as connection:
            return publish_round(connection, self.round_id, CATALOGUE, CALENDAR, self.today)


def _score(person: Resident, months: int, version: int = 0) -> Score:
    return replace(score_of(person, _rows(months), on=date(2026, 3, 1)), version=version)


def _rows(months: int) -> dict[str, list[dict[str, object]]]:
    last = month_of(date(2026, 2, 1))
    insured = {**ROWS["insurance"][0], "first_month": last - months + 1, "last_month": last}
    return {**ROWS, "insurance": [insured]}


def applicant(window: DeskWindow, name: str) -> Resident:
    """A resident of the desk's station with a permit."""
    working = window.working
    person = working.resident(name, birth_on=date(1990, 5, 2), phone="19900005061")
    issued = date(2025, 12, 2)
    permit = Permit(id=f"p-{person.id[:8]}", resident_id=person.id, case_id="c-0", issued_on=issued, station_code=person.station_code)
    working.act(person, permit)
    return person


def rounds_page(window: DeskWindow, resident_id: str) -> RoundsPage:
    window.window.open_page("rounds", resident_id=resident_id)
    page = window.window.page("rounds")
    assert isinstance(page, RoundsPage)
    return page


def told(page: RoundsPage) -> list[str]:
    return [f"{row.title}：{row.under}" for row in page._choices.rows]


def sign(window: DeskWindow, signer: Clerk, list_hash: str, round_id: str) -> None:
    sign_round(window.counter.desk, signer, round_id, list_hash)
    window.contact()


def test_from_two_desks_to_the_explained_final_list(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
) -> None:
    office, first, second = Office(centre, clock, tmp_path), sit_at("li"), sit_at("sun")
    office.open()
    people = [applicant(first, "样一"), applicant(first, "样二"), applicant(second, "样三")]
    for window in (first, second):
        window.contact()
        window.show("rounds")
    office.score((people[0], 40), (people[1], 30), (people[2], 20))
    reviewer = clerk("zhao")
    desk, far = first.counter.desk, second.counter.desk
    admitted(desk, first.counter.clerk, reviewer, school_request(people[0].id, office.round_id, "甲小", "乙小"))
    wrong = admitted(desk, first.counter.clerk, reviewer, school_request(people[1].id, office.round_id, "甲小"))
    third = accept(far, second.counter.clerk, school_request(people[2].id, office.round_id, "甲小", "乙小")).case
    first.contact()
    second.contact()
    with pytest.raises(UserError, match="才截止"):
        office.rank()
    office.admit(second, third.id)
    clock.advance(timedelta(days=9))
    ranked = office.rank()
    assert [(row.name, row.place) for row in ranked.draft_rows] == [("样*子", "甲小"), ("样*子", None), ("样*子", "乙小")]
    first.contact()
    page = rounds_page(first, people[0].id)
    assert page._facts._figure.text() == "—", "a draft is told to nobody"
    with pytest.raises(UserError, match="要 2 人签名，现有 0 人"):
        office.publish()
    sign(first, reviewer, ranked.list_hash, office.round_id)
    with pytest.raises(UserError, match="现有 1 人"):
        office.publish()
    sign(first, clerk("qian"), ranked.list_hash, office.round_id)
    public = office.publish()
    assert (public.stage, public.notice_until_on, public.signed_by) == (RoundStage.NOTICE, date(2026, 3, 20), ("样zhao", "样qian"))
    first.contact()
    second.contact()
    page = rounds_page(first, people[1].id)
    assert told(page) == ["甲小：名额已满：末位 70.5 分，您 65.5 分，差 5 分"]
    page = rounds_page(second, people[2].id)
    assert told(page) == ["甲小：名额已满：末位 70.5 分，您 60.5 分，差 10 分", "乙小：录取；末位 60.5 分"]
    _object(first, people[1].id, office.round_id)
    first.contact()
    clock.advance(timedelta(days=11))
    with pytest.raises(UserError, match="1 件异议没有答复"):
        office.publish()
    objection = _objection(first, people[1].id)
    decide(desk, reviewer, Verdict(case_id=objection, decision_code="approve", reason_codes=("proven",)))
    first.contact()
    with pytest.raises(UserError, match="现有 0 人"):
        office.publish()
    again = office.rank()
    assert [row.place for row in again.draft_rows] == ["甲小", "乙小", None]
    first.contact()
    assert told(rounds_page(first, people[1].id)) == ["甲小：名额已满：末位 70.5 分，您 65.5 分，差 5 分"], "the public list stands"
    sign(first, reviewer, again.list_hash, office.round_id)
    sign(first, clerk("qian"), again.list_hash, office.round_id)
    assert office.publish().stage is RoundStage.FINAL
    first.contact()
    second.contact()
    page = rounds_page(first, people[1].id)
    assert told(page) == ["甲小：名额已满：末位 70.5 分，您 65.5 分，差 5 分", "乙小：录取；末位 65.5 分"]
    page = rounds_page(second, people[2].id)
    assert told(page)[1] == "乙小：名额已满：末位 65.5 分，您 60.5 分，差 5 分"
    assert need(first, wrong).form["choice_2"] == "乙小"
    assert not [*first.troubles, *second.troubles]


def need(window: DeskWindow, case_id: str) -> Case:
    with reading(window.counter.desk.engine) as connection:
        return Shelf(connection).need(Case, case_id)


def _object(window: DeskWindow, resident_id: str, round_id: str) -> None:
    request = Request(
        item_code="points_objection",
        situation_code="object",
        answers={"round": round_id, "ground": "choices", "note": "第二志愿漏录", "choice_1": "甲小", "choice_2": "乙小"},
        materials=(HandedIn(code="identity", how="card"),),
        resident_id=resident_id,
    )
    accept(window.counter.desk, window.counter.clerk, request)


def _objection(window: DeskWindow, resident_id: str) -> str:
    with reading(window.counter.desk.engine) as connection:
        (found,) = Shelf(connection).find(Case, resident_id=resident_id, item_code="points_objection")
    return found.id


def test_a_forged_signature_is_quarantined_and_does_not_count(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
) -> None:
    office, window = Office(centre, clock, tmp_path), sit_at("li")
    opened = office.open()
    clock.advance(timedelta(days=9))
    ranked = office.rank()
    window.contact()
    forged = RoundSignature(
        id="forged",
        round_id=opened.id,
        stage=RoundStage.NOTICE,
        list_hash=ranked.list_hash,
        clerk_id="clerk-qian",
        clerk_name="样qian",
        signed_at=clock.now(),
        station_code=STATIONS[0].code,
    )
    window.working.act(forged, kind="registration.accept")
    assert window.contact().quarantined == 1
    window.working.act(replace(forged, id="forged-2"), kind=SIGN, clerk=clerk("zhao"))
    assert window.contact().quarantined == 2
    with pytest.raises(UserError, match="现有 0 人"):
        office.publish()


def test_no_list_is_published_that_somebody_else_s_eyes_find_wrong(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, window = Office(centre, clock, tmp_path), sit_at("li")
    opened = office.open()
    people = [applicant(window, "样一"), applicant(window, "样二")]
    window.contact()
    office.score((people[0], 40), (people[1], 30))
    for person in people:
        admitted(window.counter.desk, window.counter.clerk, clerk("zhao"), school_request(person.id, opened.id, "甲小"))
    window.contact()
    with transaction(office.engine) as connection:
        right = ranked_list(connection, opened, CATALOGUE).results
    assert check_list(opened, right) == []
    swapped = (replace(right[0], place=None), replace(right[1], place="甲小"))
    assert check_list(opened, swapped) == [f"{right[0].case_number} 与 甲小 互相更愿意"]
    assert "录取 2，名额 1" in check_list(opened, [replace(entry, place="甲小") for entry in right])[0]
    assert "没有报" in check_list(opened, [right[0], replace(right[1], place="乙小")])[0]
    clock.advance(timedelta(days=9))
    monkeypatch.setattr("nbcase.operations.rank.place", lambda *given: replace(place(*given), schools=_upside_down(place(*given))))
    with pytest.raises(UserError, match=r"没有通过核对.*互相更愿意"):
        office.rank()


def _upside_down(found: Placement) -> dict[str, str | None]:
    """Places to those who got none, and none to those who got one."""
    return {number: None if school is not None else "甲小" for number, school in found.schools.items()}


def test_a_change_after_the_signatures_stops_the_publication(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
) -> None:
    office, window = Office(centre, clock, tmp_path), sit_at("li")
    opened = office.open()
    person = applicant(window, "样一")
    window.contact()
    office.score((person, 40))
    admitted(window.counter.desk, window.counter.clerk, clerk("zhao"), school_request(person.id, opened.id, "甲小"))
    window.contact()
    clock.advance(timedelta(days=9))
    ranked = office.rank()
    window.contact()
    for signer in ("zhao", "qian"):
        sign(window, clerk(signer), ranked.list_hash, opened.id)
    with transaction(office.engine) as connection:
        write_scores(connection, [_score(person, 30, version=1)])
    with pytest.raises(UserError, match="签名之后申请或积分有了变化"):
        office.publish()


def test_loan_tiers_come_from_the_same_ranking(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
) -> None:
    office, window = Office(centre, clock, tmp_path), sit_at("li")
    tiers = '[[place]]\nname = "一档"\nleast_points = 70\n\n[[place]]\nname = "二档"\nleast_points = 60\n'
    opened = office.open(use="loan", places=tiers)
    people = [applicant(window, name) for name in ("样一", "样二", "样三")]
    window.contact()
    for person, months in zip(people, (40, 30, 1), strict=True):
        office.score((person, months))
        request = Request(
            item_code="points_loan",
            situation_code="apply",
            answers={"round": opened.id, "phone": "19900005061"},
            materials=(HandedIn(code="identity", how="card"),),
            resident_id=person.id,
        )
        admitted(window.counter.desk, window.counter.clerk, clerk("zhao"), request)
    window.contact()
    clock.advance(timedelta(days=9))
    with transaction(office.engine) as connection:
        found = ranked_list(connection, opened, CATALOGUE).results
    assert [entry.place for entry in found] == ["一档", "二档", None]
    assert [(choice.why, choice.missing) for choice in found[1].choices] == [("below_least", 450), ("placed", 0)]


def test_where_the_district_takes_the_parent_with_more_points_the_other_ones_count(
    centre: RunningCentre,
    clock: SetClock,
    sit_at: SitAt,  # noqa: F811
    tmp_path: Path,
) -> None:
    office, window = Office(centre, clock, tmp_path), sit_at("li")
    opened = office.open(more='parent = "higher"')
    mother, father = applicant(window, "样母"), applicant(window, "样父")
    number = "330299199407120312"
    other = window.working.resident("样父", number, id=_citizen_id(window, number), birth_on=date(1990, 5, 2))
    window.working.act(other)
    window.contact()
    office.score((mother, 20), (father, 1), (other, 40))
    request = school_request(mother.id, opened.id, "甲小", other_parent_number=number)
    admitted(window.counter.desk, window.counter.clerk, clerk("zhao"), request)
    window.contact()
    with transaction(office.engine) as connection:
        (found,) = ranked_list(connection, opened, CATALOGUE).results
    assert (found.counted_id, found.points) == (other.id, 7050)


def _citizen_id(window: DeskWindow, number: str) -> str:
    return derived_id(window.working.enrolment.identity.id_key, "resident", "citizen", number)
