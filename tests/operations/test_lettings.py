"""出租房登记 through the window's own way: registered once, changed, cancelled, and begun anew."""

from collections.abc import Callable
from typing import Any

import pytest

from nbcase.domain.case import HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.ids import derived_id
from nbcase.operations.accept import Request, accept
from nbcase.operations.offers import dwelling_answers, known_answers, present_standing
from nbcase.operations.residents import find_dwelling, residents
from tests.parts.counter import Counter, counter_for  # noqa: F401 - a fixture

ADDRESS = "镇海区骆驼街道样出租路9号"
HOUSE = {"address": ADDRESS, "landlord_name": "样房东", "landlord_phone": "19900005061"}


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:  # noqa: F811
    return counter_for(people=5)


def act(counter: Counter, situation: str, **answers: Any) -> Dwelling:
    """Accept it for the first resident; the dwelling afterwards."""
    desk = counter.desk
    materials = tuple(HandedIn(code=code, how="scan") for code in ("identity", "dwelling_title"))
    resident_id = residents(desk).rows[0].resident.id
    request = Request(
        item_code="dwelling_registration", situation_code=situation, answers=answers, materials=materials, resident_id=resident_id
    )
    accept(desk, counter.clerk.record, request)
    found = find_dwelling(desk, derived_id(desk.identity.id_key, "dwelling", ADDRESS))
    assert found is not None
    return found


def test_a_letting_is_registered_changed_cancelled_and_registered_again(counter: Counter) -> None:
    today = counter.desk.today()
    begun = act(counter, "new", **HOUSE, rooms="3", capacity="6", fire_exit_code="0")
    assert (begun.registered_on, begun.place_code, begun.rooms, begun.capacity) == (today, "04", 3, 6)
    assert (begun.fire_exit_code, begun.bond_code) == ("0", None), "what nobody asked stays open"
    with pytest.raises(UserError, match="已登记出租"):
        act(counter, "new", **HOUSE)
    changed = act(counter, "change", **HOUSE, capacity="4", hazard="楼道堆物")
    assert (changed.capacity, changed.rooms, changed.hazard) == (4, 3, "楼道堆物")
    with pytest.raises(UserError, match="停租日期"):
        act(counter, "end", address=ADDRESS, cancelled_on="2099-01-01")
    ended = act(counter, "end", address=ADDRESS, cancelled_on=today.isoformat())
    assert not ended.is_registered
    with pytest.raises(UserError, match="没有出租登记"):
        act(counter, "change", **HOUSE)
    assert act(counter, "new", **HOUSE).is_registered


def test_a_lease_that_ends_before_it_begins_is_refused(counter: Counter) -> None:
    with pytest.raises(UserError, match="到期时间早于出租时间"):
        act(counter, "new", **HOUSE, let_from_on="2026-11-01", lease_until_on="2026-10-01")


def test_the_form_begins_without_the_home_of_who_reports_and_takes_a_chosen_house_whole(counter: Counter) -> None:
    desk = counter.desk
    situation = desk.items.situation("dwelling_registration", "change")
    reporter = present_standing(desk, residents(desk).rows[0].resident.id)
    assert reporter.dwelling is not None
    assert known_answers(situation, reporter) == {}
    house = act(counter, "new", **HOUSE, rooms="3")
    answers = dwelling_answers(situation, house)
    assert (answers["address"], answers["rooms"], answers["capacity"]) == (ADDRESS, "3", "")
