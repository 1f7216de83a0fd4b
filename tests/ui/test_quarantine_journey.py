"""What the centre keeps aside: why, put right in place and sent anew, or let go with a reason; by keys."""

from dataclasses import replace

from nbcase.domain.resident import Resident
from nbcase.operations.quarantine import settled_quarantine
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages.sync import SyncPage


def refused_act(window: DeskWindow) -> Resident:
    """A registration by somebody whom the centre does not know, kept aside there."""
    person = window.working.resident("样隔离", phone="19900000001")
    stranger = replace(window.counter.clerk, id="clerk-gone", name="样离岗")
    window.working.act(person, clerk=stranger)
    assert window.contact().quarantined == 1
    assert "隔离 1" in window.pill.alarms()
    window.show()
    window.keys.press("Alt+4")
    return person


def sync_page(window: DeskWindow) -> SyncPage:
    page = window.window.page("sync")
    assert isinstance(page, SyncPage)
    return page


def test_it_says_why_and_goes_anew_with_what_was_put_right(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("li")
    person = refused_act(desk)
    panel = sync_page(desk)._quarantined
    assert panel.isVisible()
    assert "中心没有采用" in panel._reason._text.text()
    assert "可以直接重发" in panel._way._text.text()
    assert panel._form is not None
    key = f"resident.{person.id}.phone"
    assert panel._form.values()[key] == "19900000001"
    panel._form.focus_field(key)
    desk.keys.press("Ctrl+A")
    desk.keys.type("1990")
    desk.keys.press("Ctrl+Enter")
    assert panel._form.field(key).state() == "error"
    desk.keys.press("Ctrl+A")
    desk.keys.type("19900000009")
    desk.keys.press("Ctrl+Enter")
    assert not desk.troubles
    status = desk.contact()
    assert (status.quarantined, status.waiting, status.is_equal) == (0, 0, True)
    found = desk.working.get(Resident, person.id)
    assert found is not None
    assert (found.phone, found.version) == ("19900000009", 1)
    assert not desk.pill.alarms()
    assert "已改好重发" in panel._way._text.text()
    assert not panel._footer.isVisible()


def test_letting_it_go_asks_why_and_the_act_stays_on_record(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("li")
    refused_act(desk)
    desk.keys.press("Ctrl+U", "2")
    assert not desk.troubles
    assert desk.contact().quarantined == 0
    (kept,) = settled_quarantine(desk.counter.desk)
    assert kept.given_up_because == "申请人不办了"
    panel = sync_page(desk)._quarantined
    assert "申请人不办了" in panel._way._text.text()
    assert not panel._footer.isVisible()
