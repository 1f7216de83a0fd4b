"""Two windows change one resident while the line is down: what differs is merged, what collides is decided with keys, nothing is lost."""

from dataclasses import replace

from nbcase.demo.people import people as invented_people
from nbcase.domain.resident import Resident
from nbcase.operations.conflicts import decided_conflicts
from nbcase.operations.offers import present_standing
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages.handle import HandlePage
from ui.pages.sync import SyncPage

THEIRS, YOURS, FOURTH = "19900000002", "19900000003", "19900000004"


def known_at_both(first: DeskWindow, second: DeskWindow) -> Resident:
    """A resident in work with a current registration, whom both windows of the station have."""
    desk = first.counter.desk
    invented = (record for person in invented_people(20, 7, desk.today(), desk.identity.id_key) for record in person.records())
    records = {record.id: replace(record, station_code=desk.station.code) for record in invented}
    first.working.act(*records.values())
    for window in (first, second):
        assert window.contact().problem is None
    with reading(desk.engine) as connection:
        everybody = sorted(Shelf(connection).find(Resident), key=lambda person: person.id)
    return next(person for person in everybody if person.employer and present_standing(desk, person.id).active)


def change(window: DeskWindow, person: Resident, key: str, text: str) -> None:
    """变更登记 by keys: one field, the identity card seen, accepted."""
    window.show("home")
    window.window.open_page("handle", resident_id=person.id, item_code="residence_registration", situation_code="change")
    page = window.window.page("handle")
    assert isinstance(page, HandlePage)
    assert page._form is not None
    page._form.focus_field(key)
    window.keys.press("Ctrl+A")
    window.keys.type(text)
    window.keys.press("Tab", "Alt+1", "Ctrl+Enter")
    assert not window.troubles


def sync_page(window: DeskWindow) -> SyncPage:
    page = window.window.page("sync")
    assert isinstance(page, SyncPage)
    return page


def at(window: DeskWindow, person: Resident) -> Resident:
    found = window.working.get(Resident, person.id)
    assert found is not None
    return found


def disagree(first: DeskWindow, second: DeskWindow) -> Resident:
    """Both have changed the phone; the second one came later to the centre and sits at its conflict."""
    person = known_at_both(first, second)
    change(first, person, "phone", THEIRS)
    change(second, person, "phone", YOURS)
    assert (first.contact().conflicts, second.contact().conflicts) == (0, 1)
    assert "冲突 1" in second.pill.alarms()
    assert at(second, person).phone == THEIRS
    second.window.open_page("sync")
    second.keys.press("Alt+3")
    return person


def test_different_fields_of_one_resident_are_merged_and_nobody_is_asked(sit_at: SitAt) -> None:  # noqa: F811
    first, second = sit_at("li"), sit_at("qian")
    person = known_at_both(first, second)
    change(first, person, "phone", THEIRS)
    change(second, person, "employer", "Hengxi 2")
    for window in (first, second, first):
        window.contact()
    for window in (first, second):
        assert (at(window, person).phone, at(window, person).employer) == (THEIRS, "Hengxi 2")
        assert not window.pill.alarms()
        assert window.pill.confirmed == window.pill.sent


def test_one_field_changed_twice_is_decided_with_three_keys_and_every_value_stays(sit_at: SitAt) -> None:  # noqa: F811
    first, second = sit_at("li"), sit_at("qian")
    person = disagree(first, second)
    page = sync_page(second)
    assert page._dispute.isVisible()
    assert person.name in page._dispute._title.text()
    assert not page._dispute._decide.isEnabled()
    second.keys.count = 0
    second.keys.press("2", "1", "Enter")
    assert second.keys.count == 3
    assert not second.troubles
    assert second.notices[-1].what == "已定：手机用本窗的值。"
    assert page._lists.currentWidget() is page._nothing
    assert page._disputes.seconds

    for window in (second, first):
        assert window.contact().conflicts == 0
        assert at(window, person).phone == YOURS
        (kept,) = decided_conflicts(window.counter.desk)
        conflict = kept.conflict
        assert (conflict.before, conflict.theirs, conflict.yours, conflict.chosen) == (person.phone, THEIRS, YOURS, YOURS)
        assert (conflict.yours_by, conflict.resolved_by) == ("clerk-qian", "clerk-qian")
        assert conflict.reason == "本人到场确认"

    second.keys.press("Alt+5")
    assert page._dispute.isVisible()
    assert "本人到场确认" in page._dispute._verdict.text()
    assert not page._dispute._decide.isVisible()


def test_neither_value_is_right_so_a_third_is_typed_and_a_wrong_one_is_refused_beside_the_field(sit_at: SitAt) -> None:  # noqa: F811
    first, second = sit_at("li"), sit_at("qian")
    person = disagree(first, second)
    page = sync_page(second)
    second.keys.press("3")
    second.keys.type("1990")
    second.keys.press("Enter", "6", "Enter")
    assert "写明" in page._dispute._state.text()
    page._dispute._why.focus_field("words")
    second.keys.type("proof seen")
    second.keys.press("Enter")
    editor = page._dispute._editor
    assert editor is not None
    assert editor.state() == "error"
    assert at(second, person).phone == THEIRS
    second.keys.press("Ctrl+A")
    second.keys.type(FOURTH)
    second.keys.press("Ctrl+Enter")
    assert not second.troubles
    assert at(second, person).phone == FOURTH
    assert decided_conflicts(second.counter.desk)[0].conflict.reason == "proof seen"
