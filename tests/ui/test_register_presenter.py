"""登记 without a window: capture, look, known residents, drafts, acceptance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nbcase.domain.case import Case
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.identity import make_number
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Dossier
from nbcase.operations.drafts import drafts, file_content
from nbcase.operations.residents import complete_address, residents
from nbcase.store.desk_database import reading, writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, make_counter
from tests.parts.newcomer import BACK_FILE, CARD, FRONT_FILE, NUMBER, PASSPORT_FILE, ReaderWithCard, ready_reader
from ui.pages.register.presenter import RegisterPresenter
from ui.pages.register.view import Done, Evidence, Known
from ui.pages.register.work import Look, MaterialLine

KEYS = (
    *("document_kind", "document_number", "name", "birth_on", "sex_code", "nation_code", "home_address", "authority", "valid_until_on"),
    *("address", "place_code", "landlord_name", "reason_code", "landlord_phone", "stay_code", "arrived_on", "phone", "education_code"),
    *("occupation_code", "employer", "political_code", "marital_code", "guardian_name", "guardian_phone"),
)
REST = {
    "address": "骆驼街道锦绣里小区3幢2单元401室",
    "place_code": "04",
    "reason_code": "01",
    "stay_code": "2",
    "phone": "19900005061",
    "education_code": "61",
    "political_code": "13",
    "marital_code": "20",
}


@dataclass
class FormFake:
    """The page as the presenter sees it: it remembers what it was last told."""

    values: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(KEYS, ""))
    filled: frozenset[str] = frozenset()
    derived: Any = None
    evidence: Evidence | None = None
    looks: Mapping[str, Look] = field(default_factory=dict)
    materials: dict[str, str] = field(default_factory=dict)
    known: Known | None = None
    compared: bool = False
    warning: str = ""
    reading: str = ""
    saved: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    done: Done | None = None
    printed: str = ""
    next: Sequence[Any] = ()
    focused: str = ""
    busy: bool = False
    asked: list[tuple[str, Callable[[str], None]]] = field(default_factory=list)

    def answers(self) -> dict[str, Any]:
        return dict(self.values)

    def clear(self) -> None:
        self.values = dict.fromkeys(KEYS, "")
        self.done = None

    def set_answers(self, values: Mapping[str, Any]) -> None:
        self.values |= values

    def show_filled(self, keys: frozenset[str], count: int) -> None:
        self.filled = keys

    def show_derived(self, derived: Any) -> None:
        self.derived = derived

    def show_evidence(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def show_looks(self, looks: Mapping[str, Look]) -> None:
        self.looks = dict(looks)

    def show_materials(self, lines: Sequence[MaterialLine]) -> None:
        self.materials = {line.name: line.how for line in lines}

    def show_known(self, known: Known | None) -> None:
        self.known = known

    def show_comparison(self, on: bool) -> None:
        self.compared = on

    def show_warning(self, text: str) -> None:
        self.warning = text

    def show_reading(self, words: str) -> None:
        self.reading = words

    def show_live(self, picture: bytes) -> None:
        self.live = picture

    def show_saved(self, text: str) -> None:
        self.saved = text

    def show_busy(self, on: bool) -> None:
        self.busy = on

    def show_problems(self, found: Mapping[str, str]) -> None:
        self.problems = found

    def show_done(self, done: Done) -> None:
        self.done = done

    def show_printed(self, words: str, is_printed: bool) -> None:
        self.printed = words

    def show_next(self, found: Sequence[Any]) -> None:
        self.next = found

    def focus_gap(self) -> bool:
        return True

    def focus_field(self, key: str) -> None:
        self.focused = key

    def is_ready(self) -> bool:
        return True

    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None:
        self.asked.append((proposed.isoformat(), then))

    def ask_seen(self, then: Callable[[str], None]) -> None:
        self.asked.append(("seen", then))

    def ask_discard(self, then: Callable[[str], None]) -> None:
        self.asked.append(("discard", then))


Scene = tuple[Counter, FormFake, RegisterPresenter]


@pytest.fixture
def scene(counter_for: Callable[..., Counter]) -> Scene:
    counter = counter_for(people=15)
    counter.reader = ReaderWithCard()
    counter.document_reader = ready_reader()
    view = FormFake()
    presenter = RegisterPresenter(view, counter)
    presenter.opened()
    return counter, view, presenter


def type_rest(view: FormFake, presenter: RegisterPresenter, **values: str) -> None:
    for key, value in {**REST, **values}.items():
        view.values[key] = value
        presenter.edited(key)
        presenter.field_left(key)


def take_pictures(folder: Path, presenter: RegisterPresenter) -> None:
    for name, content in (("front.jpg", FRONT_FILE), ("back.jpg", BACK_FILE)):
        (folder / name).write_bytes(content)
        presenter.documents.take_picture(folder / name)


def find(counter: Counter, kind: type, **where: object) -> list[Any]:
    with reading(counter.desk.engine) as connection:
        return Shelf(connection).find(kind, **where)


def own_drafts(counter: Counter) -> list[Any]:
    return drafts(counter.desk, counter.clerk.record)


def test_a_card_fills_what_it_says_and_is_kept_at_once(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    assert view.values["name"] == "李𬭎"
    assert view.values["valid_until_on"] == "2039-08-20"
    assert {"name", "birth_on", "sex_code", "home_address"} <= view.filled
    assert view.derived.notes["birth_on"] == ("32 周岁", False)
    assert view.derived.notes["home_address"] == ("省外县", False)
    assert [mark.passed for mark in view.derived.marks] == [True, True, True]
    assert view.materials == {"居民身份证": "card", "照片": "card", "住所证明": ""}
    assert own_drafts(counter)[0].answers["name"] == "李𬭎"
    assert view.saved == "草稿已存本机 16:21:00"


def test_a_reader_that_fails_leaves_the_form_as_it_is(scene: Scene) -> None:
    counter, view, presenter = scene
    view.values["phone"] = "19900005061"
    counter.reader.card = None
    presenter.documents.read_card()
    assert isinstance(counter.troubles[0], DeviceError)
    assert view.values["phone"] == "19900005061"
    assert view.reading == ""


def test_without_a_camera_it_is_said_and_another_way_offered(scene: Scene) -> None:
    counter, _, presenter = scene
    presenter.imaging.capture_card()
    assert isinstance(counter.troubles[0], DeviceError)
    assert "F4" in counter.troubles[0].do


def test_the_number_alone_gives_birth_date_and_sex(scene: Scene) -> None:
    _, view, presenter = scene
    view.values["document_number"] = NUMBER
    presenter.field_left("document_number")
    assert (view.values["birth_on"], view.values["sex_code"]) == ("1994-07-12", "1")


def test_a_wrong_number_gives_nothing_and_says_why(scene: Scene) -> None:
    _, view, presenter = scene
    view.values["document_number"] = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    presenter.field_left("document_number")
    assert view.values["birth_on"] == ""
    assert "校验" in view.derived.problems["document_number"]


def test_a_picture_is_kept_before_anything_is_read_from_it(scene: Scene, tmp_path: Path) -> None:
    counter, view, presenter = scene

    def breaks(*_: object) -> None:
        raise UserError("引擎坏了")

    counter.document_reader.read = breaks
    (tmp_path / "front.jpg").write_bytes(FRONT_FILE)
    presenter.documents.take_picture(tmp_path / "front.jpg")
    kept = own_drafts(counter)[0].attachments
    assert [file.role for file in kept] == ["original"]
    assert file_content(counter.desk, kept[0].hash) == FRONT_FILE
    assert view.reading == ""


def test_a_name_from_a_picture_waits_for_a_look_with_other_opinions(scene: Scene, tmp_path: Path) -> None:
    counter, view, presenter = scene
    take_pictures(tmp_path, presenter)
    look = view.looks["name"]
    assert look.words == "识别 71%"
    assert [(entry.text, entry.source) for entry in look.alternatives] == [
        ("李鈜", "U+674E U+921C"),
        ("李𬭎", "再读 90%"),
        ("读卡器重读", "字形最准"),
    ]
    assert "name" not in view.filled
    presenter.acceptance.accept()
    assert view.focused == "name"
    assert "对照" in str(counter.troubles[-1])
    presenter.choose("name", 2)
    assert view.values["name"] == "李𬭎"
    assert not view.looks


def test_a_passport_fills_the_form_and_its_doubtful_signs_are_asked(scene: Scene, tmp_path: Path) -> None:
    _, view, presenter = scene
    (tmp_path / "passport.jpg").write_bytes(PASSPORT_FILE)
    presenter.documents.take_picture(tmp_path / "passport.jpg")
    assert (view.values["document_kind"], view.values["document_number"]) == ("passport", "EG1234567")
    assert (view.values["name"], view.values["birth_on"], view.values["sex_code"]) == ("SAMPLE ANNA", "1985-03-17", "2")
    assert set(view.looks) == {"name", "document_number"}
    assert [entry.text for entry in view.looks["document_number"].alternatives] == ["EG1234567", "E61234567"]
    presenter.acceptance.accept()
    assert view.done is None
    presenter.choose("document_number", 2)
    presenter.choose("name", 1)
    assert (view.values["document_number"], view.looks) == ("E61234567", {})


def test_the_card_reader_may_decide_what_a_picture_left_open(scene: Scene, tmp_path: Path) -> None:
    _, view, presenter = scene
    take_pictures(tmp_path, presenter)
    presenter.choose("name", 3)
    assert view.values["name"] == CARD.name
    assert not view.looks


def test_an_edit_settles_a_field_to_check(scene: Scene, tmp_path: Path) -> None:
    _, view, presenter = scene
    take_pictures(tmp_path, presenter)
    view.values["name"] = "李宏"
    presenter.edited("name")
    assert not view.looks


def test_another_persons_card_never_lands_in_a_form_that_is_begun(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    type_rest(view, presenter)
    counter.reader.card = replace(
        CARD, name="王芳", number=make_number("330299", date(1990, 1, 1), 22), birth_on=date(1990, 1, 1), sex_code="2"
    )
    presenter.documents.read_card()
    assert (view.values["name"], view.values["phone"]) == ("王芳", "")
    assert {draft.title: draft.answers["phone"] for draft in own_drafts(counter)} == {"李𬭎": "19900005061", "王芳": ""}
    assert "李𬭎" in counter.notices[-1].do


def test_a_known_resident_is_told_with_the_reason_and_continued(scene: Scene) -> None:
    counter, view, presenter = scene
    known = next(row.resident for row in residents(counter.desk).rows if row.address and row.resident.phone)
    view.values |= {"document_number": known.document_number, "name": known.name}
    presenter.field_left("name")
    assert view.known is not None
    assert view.known.reasons == "证件号码相同 · 姓名相同 · 出生日期相同"
    presenter.known.compare()
    assert view.compared
    presenter.known.go_on()
    assert view.values["phone"] == known.phone
    assert own_drafts(counter)[0].answers["resident_id"] == known.id


def test_offline_the_search_says_that_only_this_desk_was_asked(scene: Scene) -> None:
    counter, view, presenter = scene
    counter.centre.is_reachable = False
    known = residents(counter.desk).rows[0].resident
    view.values |= {"document_number": known.document_number, "name": known.name}
    presenter.field_left("name")
    assert view.known is not None
    assert "只查了本机" in view.known.reasons


def test_a_resident_of_another_station_is_adopted_before_going_on(scene: Scene) -> None:
    counter, view, presenter = scene
    stranger = Resident(
        id="stranger",
        document_kind="citizen",
        document_number=NUMBER,
        name="李𬭎",
        birth_on=date(1994, 7, 12),
        phone="19911112222",
        station_code="X",
    )
    counter.centre.dossiers = [Dossier(resident=stranger, records=())]
    presenter.documents.read_card()
    presenter.known.go_on()
    assert view.values["phone"] == "19911112222"
    assert find(counter, Resident, id="stranger")


def test_a_known_dwelling_gives_landlord_kind_and_proof_until_the_address_changes(scene: Scene) -> None:
    counter, view, presenter = scene
    dwelling = next(hit.dwelling for hit in complete_address(counter.desk, "小区", 50) if hit.dwelling.lease_until_on)
    view.values["address"] = dwelling.address
    presenter.edited("address")
    presenter.pick_dwelling(dwelling)
    assert (view.values["place_code"], view.values["landlord_name"]) == (dwelling.place_code, dwelling.landlord_name)
    assert view.materials["住所证明"] == "shared"
    presenter.edited("address")
    assert view.materials["住所证明"] == ""


def test_an_overcrowded_dwelling_is_told_with_its_figures_and_does_not_stop_the_work(scene: Scene) -> None:
    counter, view, presenter = scene
    found = complete_address(counter.desk, "街道", 50)
    full = next(hit for hit in found if hit.occupants)
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(replace(full.dwelling, capacity=full.occupants))
    presenter.documents.read_card()
    type_rest(view, presenter, address=full.dwelling.address)
    assert f"住 {full.occupants + 1} 人，限 {full.occupants} 人" in view.warning
    assert "请核实实住人数" in view.warning
    presenter.acceptance.accept()
    assert view.done is not None


def test_a_child_needs_a_guardian(scene: Scene) -> None:
    _, view, presenter = scene
    view.values["document_number"] = make_number("330299", date(2015, 1, 1), 231)
    presenter.field_left("document_number")
    assert view.derived.is_minor


def test_the_draft_comes_back_with_its_pictures_and_what_waits_for_a_look(scene: Scene, tmp_path: Path) -> None:
    counter, view, presenter = scene
    take_pictures(tmp_path, presenter)
    view.values["phone"] = "19900005061"
    presenter.field_left("phone")
    again = FormFake()
    RegisterPresenter(again, counter).opened()
    assert again.values["phone"] == "19900005061"
    assert again.looks["name"].alternatives[0].text == "李鈜"
    assert again.filled == view.filled
    assert again.evidence is not None
    assert view.evidence is not None
    assert again.evidence.sides == view.evidence.sides
    assert FRONT_FILE in again.evidence.pictures.values()
    assert again.materials == view.materials


def test_what_stands_as_it_was_kept_is_not_written_again(scene: Scene) -> None:
    counter, view, presenter = scene
    view.values["phone"] = "19900005061"
    presenter.field_left("phone")
    first = own_drafts(counter)[0]
    counter.clock.at = counter.clock.at.replace(minute=45)
    presenter.field_left("phone")
    assert own_drafts(counter)[0].saved_at == first.saved_at


def test_an_empty_form_leaves_no_draft(scene: Scene) -> None:
    counter, _, presenter = scene
    presenter.field_left("phone")
    presenter.start()
    assert own_drafts(counter) == []


def test_a_discarded_draft_is_gone_and_a_kept_one_stays(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    presenter.want_discard()
    view.asked.pop()[1]("keep")
    assert [draft.title for draft in own_drafts(counter)] == ["李𬭎"]
    assert view.values["name"] == ""
    presenter.documents.read_card()
    presenter.want_discard()
    view.asked.pop()[1]("discard")
    assert len(own_drafts(counter)) == 1


def test_a_draft_that_is_gone_is_told(scene: Scene) -> None:
    counter, _, presenter = scene
    presenter.open(draft_id="nowhere")
    assert "不在了" in str(counter.troubles[0])


def test_acceptance_is_durable_printed_announced_and_leads_on(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    type_rest(view, presenter)
    presenter.acceptance.accept()
    assert counter.troubles == []
    assert view.done is not None
    assert view.done.number == "LT-26-9000001"
    assert view.printed == "已打印 受理回执、居住登记凭证。"
    assert len(list((counter.folder / "printed").glob("*.pdf"))) == 2
    assert "registration" in counter.changed[0]
    assert own_drafts(counter) == []
    case = find(counter, Case, number=view.done.number)[0]
    assert {material.code: material.how for material in case.materials} == {"identity": "card", "photo": "card"}
    assert find(counter, Registration, case_id=case.id)
    assert [offer.situation.code for offer in view.next] == ["apply"]
    assert view.next[0].obstacle


def test_what_is_typed_without_a_document_needs_the_clerks_word(scene: Scene) -> None:
    counter, view, presenter = scene
    view.values |= {"document_number": NUMBER, "name": "李𬭎", "nation_code": "01", "home_address": "安徽省南塘县白鹭镇"}
    presenter.field_left("home_address")
    type_rest(view, presenter)
    presenter.acceptance.accept()
    assert view.done is None
    question, answer = view.asked.pop()
    assert question == "seen"
    answer("seen")
    assert view.done is not None
    assert find(counter, Case, number=view.done.number)[0].materials[0].how == "confirmed"


def test_papers_that_may_follow_are_deferred_to_a_day_in_the_future(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    type_rest(view, presenter)
    presenter.acceptance.defer()
    proposed, answer = view.asked.pop()
    assert proposed == "2026-12-01"
    answer("2026-11-24")
    assert view.done is None
    answer("2026-12-01")
    assert view.done is not None
    case = find(counter, Case, number=view.done.number)[0]
    assert case.deferred_until_on == date(2026, 12, 1)
    assert case.materials[-1].how == "deferred"


def test_a_refused_acceptance_keeps_the_draft_and_names_the_fields(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    type_rest(view, presenter, phone="12")
    presenter.acceptance.accept()
    assert view.problems == {"phone": "手机：手机应为 11 位数字，座机带区号"}
    assert view.done is None
    assert not view.busy
    assert len(own_drafts(counter)) == 1


def test_the_one_time_notice_goes_to_the_printer_and_records_nothing(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    view.values["arrived_on"] = "irgendwann"
    presenter.acceptance.tell_missing()
    assert counter.troubles == []
    assert len(list((counter.folder / "printed").glob("*.pdf"))) == 1
    assert find(counter, Case, resident_id="x") == []


def test_a_scan_of_the_proof_is_kept_and_handed_in(scene: Scene, tmp_path: Path) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    (tmp_path / "lease.pdf").write_bytes(b"%PDF-1.4 lease")
    presenter.add_proof(tmp_path / "lease.pdf")
    type_rest(view, presenter)
    assert view.materials["住所证明"] == "scan"
    presenter.acceptance.accept()
    assert view.done is not None
    case = find(counter, Case, number=view.done.number)[0]
    proof = next(material for material in case.materials if material.code == "dwelling_proof")
    assert file_content(counter.desk, proof.attachments[0]) == b"%PDF-1.4 lease"


def test_a_file_that_is_no_picture_is_refused_and_nothing_changes(scene: Scene, tmp_path: Path) -> None:
    counter, view, presenter = scene
    (tmp_path / "note.txt").write_text("不是图片", encoding="utf-8")
    presenter.documents.take_picture(tmp_path / "note.txt")
    presenter.documents.take_picture(tmp_path / "nowhere.jpg")
    assert len(counter.troubles) == 2
    assert all(isinstance(error, UserError) for error in counter.troubles)
    assert view.reading == ""


def test_the_next_card_may_be_laid_on_right_after_the_receipt(scene: Scene) -> None:
    counter, view, presenter = scene
    presenter.documents.read_card()
    type_rest(view, presenter)
    presenter.acceptance.accept()
    counter.reader.card = replace(
        CARD, name="王芳", number=make_number("330299", date(1990, 1, 1), 22), birth_on=date(1990, 1, 1), sex_code="2"
    )
    presenter.documents.read_card()
    assert view.done is None
    assert view.values["name"] == "王芳"


def test_a_desk_opened_again_offers_the_newest_draft(tmp_path: Path) -> None:
    counter = make_counter(tmp_path, people=3)
    counter.reader = ReaderWithCard()
    first = FormFake()
    presenter = RegisterPresenter(first, counter)
    presenter.opened()
    presenter.documents.read_card()
    again = FormFake()
    RegisterPresenter(again, counter).opened()
    assert again.values["name"] == "李𬭎"
    counter.desk.engine.dispose()
