"""What 登记 does: reads documents, keeps the draft, says what is known of the person, accepts and prints."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from nbcase.devices.contract import CardData, ReadDocument
from nbcase.domain import codes
from nbcase.domain.document import Document
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.identity import normalise_number
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState
from nbcase.items.fields import AnswersIncomplete, problems
from nbcase.operations.accept import Accepted, Examination, Request, accept, examine
from nbcase.operations.drafts import Draft, DraftFile, discard_draft, drafts, file_content, keep_draft_file, load_draft, save_draft
from nbcase.operations.duplicates import Duplicate, DuplicateCheck, adopt, find_duplicates, side_by_side
from nbcase.operations.facts import ADULT_AGE, Standing
from nbcase.operations.offers import Offer, known_answers, offers, present_standing
from nbcase.operations.papers import notice_pdf
from nbcase.operations.pictures import picture_of
from nbcase.operations.printing import PrintJob
from ui.pages.register.capture import (
    IDENTITY_KEYS,
    Card,
    Derived,
    Side,
    card_answers,
    card_of,
    derive,
    number_check,
    side_answers,
    side_of,
)
from ui.pages.register.work import (
    CHIP_PHOTO,
    CHIP_PHOTO_TYPE,
    ITEM,
    SITUATION,
    Alternative,
    Look,
    MaterialLine,
    Work,
    look_at,
    saved_words,
    work_of,
)
from ui.printwork import outcome_notice, print_papers, printed_words
from ui.scanfile import media_type_of, read_scan

PROPOSED_DEFERRAL = 5
"""Working days proposed for a paper that follows; the clerk may write another day. The law names no period."""

MOST_NEXT = 5
"""Services offered after a registration: one digit each."""

_GIVING = frozenset({"issue_permit", "endorse_permit"})
"""Effects that a resident may want right after a registration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A known resident who may be the one in the form: in words, and beside the form's answers."""

    words: str
    reasons: str
    rows: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the left side shows: the chip's data, the sides, and the bytes of every picture by its hash."""

    card: Card | None
    sides: Mapping[str, Side]
    pictures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An accepted registration."""

    number: str
    name: str
    address: str
    documents: tuple[Document, ...]
    resident_id: str


class RegisterView(Protocol):
    """What the presenter needs of its page."""

    def answers(self) -> dict[str, Any]: ...
    def clear(self) -> None: ...
    def set_answers(self, values: Mapping[str, Any]) -> None: ...
    def show_filled(self, keys: frozenset[str], count: int) -> None: ...
    def show_derived(self, derived: Derived) -> None: ...
    def show_evidence(self, evidence: Evidence) -> None: ...
    def show_looks(self, looks: Mapping[str, Look]) -> None: ...
    def show_materials(self, lines: Sequence[MaterialLine]) -> None: ...
    def show_known(self, known: Known | None) -> None: ...
    def show_comparison(self, on: bool) -> None: ...
    def show_warning(self, text: str) -> None: ...
    def show_reading(self, words: str) -> None: ...
    def show_saved(self, text: str) -> None: ...
    def show_busy(self, on: bool) -> None: ...
    def show_problems(self, found: Mapping[str, str]) -> None: ...
    def show_done(self, done: Done) -> None: ...
    def show_printed(self, words: str, is_printed: bool) -> None: ...
    def show_next(self, found: Sequence[Offer]) -> None: ...
    def focus_gap(self) -> bool: ...
    def focus_field(self, key: str) -> None: ...
    def is_ready(self) -> bool: ...
    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None: ...
    def ask_seen(self, then: Callable[[str], None]) -> None: ...
    def ask_discard(self, then: Callable[[str], None]) -> None: ...


class RegisterPresenter:
    """One registration at a time. What a worker brings for a registration that is no longer in hand is dropped."""

    def __init__(self, view: RegisterView, context: Any) -> None:
        self._view = view
        self._context = context
        self._situation = context.desk.items.situation(ITEM, SITUATION)
        self._form_keys = frozenset(field.key for field in self._situation.fields())
        self._work: Work | None = None
        self._question = 0
        self._examined = 0
        self._is_reading = False

    def opened(self) -> None:
        """The page has come to the front: go on, or take up the newest draft of this clerk."""
        if self._work is not None:
            self._view.focus_gap()
            return
        desk, clerk = self._context.desk, self._context.clerk.record
        self._begin(Work(situation=self._situation), {})
        self._ask(lambda: _newest_draft(desk, clerk), self._restore_if_untouched)

    def open(self, *, draft_id: str = "", resident_id: str = "") -> None:
        """Take up a draft, or begin for a person whom the records know."""
        self.keep()
        desk = self._context.desk
        self._question += 1
        if draft_id:
            self._ask(lambda: _load(desk, draft_id), self._restore)
        elif resident_id:
            self._begin(Work(situation=self._situation), {})
            self._ask(lambda: present_standing(desk, resident_id), self._take_known)

    def start(self) -> None:
        """The next person: what is in hand stays a draft."""
        self.keep()
        self._question += 1
        self._begin(Work(situation=self._situation), {})

    def _begin(self, work: Work, answers: Mapping[str, Any]) -> None:
        self._work = work
        self._is_reading = False
        self._view.clear()
        self._view.set_answers({"document_kind": "citizen", **answers})
        self._view.show_saved("")
        self._view.show_reading("")
        self._show_capture()
        self._refresh()
        self._view.focus_gap()

    def _ask(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Read in a worker; the answer is dropped when another registration was taken up meanwhile."""
        question = self._question

        def take(found: Any) -> None:
            if question == self._question:
                then(found)

        self._context.tasks.run(work, then=take, otherwise=self._context.trouble)

    def _restore_if_untouched(self, found: "_Loaded | None") -> None:
        work = self._work
        if found is not None and work is not None and work.kept is None and work.capture.is_empty and not self._has_typed():
            self._restore(found)

    def _has_typed(self) -> bool:
        return any(value for key, value in self._view.answers().items() if key != "document_kind")

    def _restore(self, found: "_Loaded | None") -> None:
        if found is None:
            self._context.trouble(UserError(tr("这份草稿已经不在了。"), safe=tr("可能已受理。"), do=tr("请在“办件”里查。")))
            return
        work, answers = work_of(found.draft, self._situation)
        work.pictures = dict(found.pictures)
        self._begin(work, answers)
        work.kept = self._snapshot(work)
        self._view.show_saved(saved_words(found.draft))

    def edited(self, key: str) -> None:
        """The clerk has changed a field: a verdict on it no longer holds."""
        work = self._work
        if work is None:
            return
        if work.looks.pop(key, None) is not None:
            self._view.show_looks(work.looks)
        if key == "address":
            work.use_dwelling(None)
            self._view.show_materials(work.lines())

    def field_left(self, key: str) -> None:
        """A field was left: what follows from it is filled in, the draft is kept, everything is looked at again."""
        if self._work is None:
            return
        self._refresh()
        self.keep()

    def _refresh(self) -> None:
        work = self._work
        if work is None:
            return
        answers = self._view.answers()
        derived = derive(answers, work.capture, self._context.desk.today(), ADULT_AGE)
        fresh = {key: value for key, value in derived.values.items() if key not in work.looks and answers.get(key) != value}
        if fresh:
            self._view.set_answers(fresh)
            answers = {**answers, **fresh}
        work.filled |= {key for key in derived.values if key not in work.looks}
        self._view.show_filled(frozenset(work.filled), len(work.filled & set(card_keys(self._situation))))
        self._view.show_derived(derived)
        self._view.show_looks(work.looks)
        self._view.show_materials(work.lines())
        self._look_for_known(work, answers)
        self._examine(work, answers)

    def _show_capture(self) -> None:
        work = self._work
        if work is not None:
            self._view.show_evidence(Evidence(card=work.capture.card, sides=work.capture.sides, pictures=work.pictures))

    def unlock(self) -> None:
        """Open what the document filled in to editing, on purpose."""
        work = self._work
        if work is not None and work.filled:
            first = next((key for key in card_keys(self._situation) if key in work.filled), "name")
            work.filled.clear()
            self._view.show_filled(frozenset(), 0)
            self._view.focus_field(first)

    def read_card(self) -> None:
        """Read the card on the reader in a worker; a failure leaves the form as it is."""
        reader = self._context.reader
        if reader is None:
            self._context.trouble(DeviceError(tr("没有接读卡器。"), safe=tr("表单没有改动。"), do=tr("按 F4 选证件图片，或直接录入。")))
            return
        if self._is_reading:
            return
        self._start_reading(tr("请把证件放到读卡器上…"))
        self._context.tasks.run(reader.read, then=partial(self._take_card, self._work), otherwise=partial(self._failed, self._work))

    def use_camera(self) -> None:
        """Say honestly that there is no camera here."""
        self._context.trouble(DeviceError(tr("没有接高拍仪。"), safe=tr("表单没有改动。"), do=tr("按 F4 选图片文件，或把图片拖进来。")))

    def _start_reading(self, words: str) -> None:
        self._is_reading = True
        self._view.show_reading(words)

    def _failed(self, work: Work | None, error: BaseException) -> None:
        if work is self._work:
            self._is_reading = False
            self._view.show_reading("")
        self._context.trouble(error)

    def _take_card(self, asked: Work | None, data: CardData) -> None:
        if asked is not self._work:
            return
        card = card_of(data)
        if self._work is None:
            self.start()
        work = self._work_for(card.number, card.name)
        self._is_reading = False
        self._view.show_reading("")
        work.capture = replace(work.capture, card=card)
        answers = card_answers(card)
        self._fill(work, answers)
        work.looks.clear()
        if card.has_unreadable_signs:
            work.filled.discard("name")
            work.looks["name"] = look_at(work, "name")
        self._captured(work)
        if data.photo:
            self._keep_photo(work, data.photo)

    def _keep_photo(self, work: Work, photo: bytes) -> None:
        desk = self._context.desk
        keep = partial(keep_draft_file, desk, CHIP_PHOTO, photo, CHIP_PHOTO_TYPE)
        self._context.tasks.run_in_order(keep, then=partial(self._take_photo, work), otherwise=self._context.trouble)

    def _take_photo(self, work: Work, file: DraftFile) -> None:
        work.files = [former for former in work.files if former.role != CHIP_PHOTO] + [file]
        work.hand_in_capture()
        if work is self._work:
            self._view.show_materials(work.lines())
            self.keep()

    def _work_for(self, number: str, name: str) -> Work:
        """The registration that a document belongs to: another person's card never lands in a form that is begun."""
        work = self._work
        assert work is not None
        present = normalise_number(str(self._view.answers().get("document_number") or ""))
        is_same = not present or not number or present == normalise_number(number)
        check = number_check(self._view.answers(), self._context.desk.today())
        if is_same or check is None or not check.valid:
            return work
        former = str(self._view.answers().get("name") or "")
        self.start()
        self._context.notify(
            outcome_notice(tr("已为{name}新开一份登记。").format(name=name), (), (), do=tr("{former}的草稿留着。").format(former=former))
        )
        return self._work

    def _fill(self, work: Work, answers: Mapping[str, str]) -> None:
        work.filled |= set(answers)
        self._view.set_answers(answers)

    def _captured(self, work: Work) -> None:
        """Show what came, keep it, and put the cursor where the clerk is needed."""
        work.hand_in_capture()
        self._show_capture()
        self._refresh()
        self.keep()
        self._view.focus_gap()

    def take_picture(self, path: Path) -> None:
        """A picture of one side of the card: kept on the desk first, then read."""
        self._take_file(lambda: read_scan(path))

    def take_picture_bytes(self, content: bytes, name: str) -> None:
        """The same with bytes, such as a picture from the clipboard."""
        self._take_file(lambda: (content, media_type_of(content, name)))

    def _take_file(self, load: Callable[[], tuple[bytes, str]]) -> None:
        if self._is_reading:
            return
        if self._work is None:
            self.start()
        work, desk = self._work, self._context.desk
        assert work is not None
        self._start_reading(tr("正在存图并识别…"))

        def keep() -> tuple[DraftFile, bytes]:
            content, media_type = load()
            return keep_draft_file(desk, "original", content, media_type), content

        self._context.tasks.run_in_order(keep, then=partial(self._read_picture, work), otherwise=partial(self._failed, work))

    def _read_picture(self, work: Work, kept: tuple[DraftFile, bytes]) -> None:
        original, content = kept
        work.files.append(original)
        work.pictures[original.hash] = content
        if work is self._work:
            self.keep()
        reader, today, desk = self._context.document_reader, self._context.desk.today(), self._context.desk
        if reader is None:
            self._failed(work, DeviceError(tr("本机没有装识别部件。"), safe=tr("图片已存进草稿。"), do=tr("请照图片录入。")))
            return

        def read() -> tuple[ReadDocument, DraftFile]:
            document = reader.read(picture_of(content).content, today)
            return document, keep_draft_file(desk, document.side.value, document.picture, "image/jpeg")

        self._context.tasks.run(read, then=partial(self._take_reading, work, original), otherwise=partial(self._failed, work))

    def _take_reading(self, asked: Work, original: DraftFile, found: tuple[ReadDocument, DraftFile]) -> None:
        if asked is not self._work:
            return
        document, picture = found
        side = side_of(document, original, picture)
        number = side.readings.get("document_number")
        name = side.readings.get("name")
        work = self._work_for(number.value if number else "", name.value if name else "")
        self._is_reading = False
        self._view.show_reading("")
        work.pictures |= {original.hash: asked.pictures[original.hash], picture.hash: document.picture}
        work.files = [file for file in work.files if file.hash not in (original.hash, picture.hash)] + [original, picture]
        work.capture = replace(work.capture, sides={**work.capture.sides, side.side: side})
        if not side.readings:
            why = " ".join(problem.text for problem in document.problems)
            self._context.trouble(
                UserError(why or tr("图片里没有认出证件。"), safe=tr("图片已存进草稿。"), do=tr("请照图片录入，或换一张。"))
            )
        self._take_side(work, side)
        self._captured(work)
        self._read_name_again(work, side, document)

    def _take_side(self, work: Work, side: Side) -> None:
        """Fill what was read; what needs a look is filled too, but stays open until the clerk has looked."""
        answers = side_answers(side, self._form_keys)
        if work.capture.card is not None:  # the chip is right where both speak
            answers = {key: value for key, value in answers.items() if not self._view.answers().get(key)}
        self._fill(work, answers)
        for key in answers:
            reading = side.readings.get(key)
            if reading is not None and reading.needs_look:
                work.filled.discard(key)
                work.looks[key] = look_at(work, key, *self._other_opinions(key, answers))

    def _other_opinions(self, key: str, answers: Mapping[str, Any]) -> tuple[Alternative, ...]:
        """What the number says of birth date and sex; for the name, that the reader may decide."""
        if key == "name":
            return (
                (Alternative(text=tr("读卡器重读"), source=tr("字形最准"), asks_reader=True),) if self._context.reader is not None else ()
            )
        derived = (
            derive({**self._view.answers(), **answers}, self._work.capture, self._context.desk.today(), ADULT_AGE) if self._work else None
        )
        value = derived.values.get(key) if derived is not None else None
        if not value or value == answers.get(key):
            return ()
        text = codes.name("sex", value) if key == "sex_code" else value
        return (Alternative(text=text, value=value, source=tr("按号码")),)

    def _read_name_again(self, work: Work, side: Side, document: ReadDocument) -> None:
        """A second opinion on the name from its own line; shown only when it differs."""
        found = document.fields.get("name")
        if found is None or "name" not in work.looks:
            return
        reader, picture = self._context.document_reader, document.picture
        self._context.tasks.run(
            lambda: reader.read_again(picture, found.box), then=partial(self._take_second, work), otherwise=self._context.trouble
        )

    def _take_second(self, work: Work, second: tuple[str, float]) -> None:
        look = work.looks.get("name")
        text = second[0].replace("・", "·")
        if work is not self._work or look is None or not text or text == look.alternatives[0].text:
            return
        further = (replace(_spelt(text), source=tr("再读 {n}%").format(n=round(second[1] * 100))), *look.alternatives[1:])
        work.looks["name"] = replace(look, alternatives=(look.alternatives[0], *further))
        self._view.show_looks(work.looks)

    def choose(self, key: str, number: int) -> None:
        """Settle a field that waits for a look by one of its alternatives, counted from 1."""
        work = self._work
        look = work.looks.get(key) if work is not None else None
        if work is None or look is None or not 1 <= number <= len(look.alternatives):
            return
        chosen = look.alternatives[number - 1]
        if chosen.asks_reader:
            self.read_card()
            return
        del work.looks[key]
        work.filled.add(key)
        self._view.set_answers({key: chosen.value})
        self._refresh()
        self.keep()
        self._view.focus_gap()

    def pick_dwelling(self, dwelling: Dwelling) -> None:
        """A known dwelling gives its kind, its landlord and, with a lease on record, its proof."""
        work = self._work
        if work is None:
            return
        values = {"place_code": dwelling.place_code, "landlord_name": dwelling.landlord_name, "landlord_phone": dwelling.landlord_phone}
        self._view.set_answers({key: value for key, value in values.items() if value})
        work.use_dwelling(dwelling)
        self._view.show_materials(work.lines())

    def add_proof(self, path: Path) -> None:
        """A scan of the proof of dwelling."""
        work, desk = self._work, self._context.desk
        if work is None:
            return

        def keep() -> tuple[DraftFile, bytes]:
            content, media_type = read_scan(path)
            return keep_draft_file(desk, "dwelling_proof", content, media_type), content

        self._context.tasks.run_in_order(keep, then=partial(self._take_proof, work), otherwise=self._context.trouble)

    def _take_proof(self, work: Work, kept: tuple[DraftFile, bytes]) -> None:
        file, content = kept
        former = work.materials.get("dwelling_proof")
        pages = former.attachments if former is not None and former.how == "scan" else ()
        work.files.append(file)
        work.pictures[file.hash] = content
        work.hand_in("dwelling_proof", "scan", *pages, file.hash)
        if work is self._work:
            self._refresh()
            self.keep()

    def _look_for_known(self, work: Work, answers: Mapping[str, Any]) -> None:
        """Is this person known? Asked when what a person is found by has changed, before anything is saved."""
        wanted = tuple(str(answers.get(key) or "") for key in IDENTITY_KEYS)
        if wanted == work.compared:
            return
        work.compared = wanted
        check = number_check(answers, self._context.desk.today())
        number = check.number if check is not None and check.valid else ""
        birth_on = _day(wanted[3])
        work.duplicates = None
        self._view.show_known(None)
        if not number and not (wanted[2] and birth_on):
            return
        desk, kind, name = self._context.desk, wanted[0], wanted[2]

        def search() -> DuplicateCheck:
            return find_duplicates(desk, document_kind=kind, document_number=number, name=name, birth_on=birth_on)

        self._context.tasks.run(search, then=partial(self._take_duplicates, work, wanted), otherwise=self._context.trouble)

    def _take_duplicates(self, work: Work, wanted: tuple[str, ...], found: DuplicateCheck) -> None:
        if work is not self._work or wanted != work.compared:
            return
        work.duplicates = found
        self._show_known()

    def _show_known(self) -> None:
        work = self._work
        best = self._best()
        if work is None or best is None or work.duplicates is None:
            self._view.show_known(None)
            return
        reasons = list(best.reasons)
        if work.resident_id == best.resident.id:
            reasons.append(tr("已接续"))
        if not work.duplicates.centre_asked:
            reasons.append(tr("离线，只查了本机"))
        others = len(work.duplicates.duplicates) - 1
        words = tr("可能是同一人：{words}").format(words=known_words(best)) + (tr("，另有 {n} 人").format(n=others) if others else "")
        rows = tuple(side_by_side(best.resident, self._view.answers()))
        self._view.show_known(Known(words=words, reasons=" · ".join(reasons), rows=rows))

    def _best(self) -> Duplicate | None:
        """The likeliest: the same number before the same name and birth date."""
        found = self._work.duplicates.duplicates if self._work is not None and self._work.duplicates is not None else ()
        return min(found, key=lambda duplicate: not duplicate.same_number, default=None)

    def compare(self) -> None:
        """The known record beside the form, with what has been typed since."""
        if self._best() is not None:
            self._show_known()
            self._view.show_comparison(True)

    def continue_known(self) -> None:
        """Go on with the known record: what it says and the form does not is filled in."""
        best, desk, clerk = self._best(), self._context.desk, self._context.clerk.record
        if best is None:
            return

        def take_up() -> Standing:
            if best.dossier is not None:
                adopt(desk, clerk, best.dossier)
            return present_standing(desk, best.resident.id)

        self._context.tasks.run_in_order(take_up, then=partial(self._take_known_for, self._work), otherwise=self._context.trouble)

    def _take_known_for(self, work: Work | None, present: Standing) -> None:
        if work is self._work:
            self._take_known(present)

    def _take_known(self, present: Standing) -> None:
        work = self._work
        if work is None:
            return
        known, now = known_answers(self._situation, present), self._view.answers()
        work.resident_id = present.resident.id
        self._view.set_answers({key: value for key, value in known.items() if not now.get(key)})
        if present.dwelling is not None and not now.get("address"):
            work.use_dwelling(present.dwelling)
        self._refresh()
        self._show_known()
        self._view.show_comparison(False)
        self.keep()
        self._view.focus_gap()

    def _examine(self, work: Work, answers: Mapping[str, Any]) -> None:
        """The item's conditions over what is there, in a worker; only the newest answer counts."""
        check = number_check(answers, self._context.desk.today())
        if check is None or not check.valid or not answers.get("name"):
            self._view.show_warning("")
            return
        self._examined += 1
        number, desk, request = self._examined, self._context.desk, work.request(answers)

        def take(found: Examination) -> None:
            if number == self._examined and work is self._work:
                self._view.show_warning(warning_words(found.checks))

        self._context.tasks.run(lambda: _examined(desk, request), then=take, otherwise=self._context.trouble)

    def keep(self) -> None:
        """Keep the draft; an empty form, or one that is kept as it stands, is not written again."""
        work = self._work
        if work is None or work.is_accepting or (not self._has_typed() and not work.files):
            return
        kept = self._snapshot(work)
        if kept == work.kept:
            return
        work.kept = kept
        answers, files = kept
        desk, clerk, draft_id = self._context.desk, self._context.clerk.record, work.draft_id

        def save() -> Draft:
            return save_draft(desk, clerk, draft_id, ITEM, SITUATION, answers, files)

        self._context.tasks.run_in_order(save, then=partial(self._saved, work), otherwise=partial(self._not_saved, work))

    def _snapshot(self, work: Work) -> tuple[dict[str, Any], tuple[DraftFile, ...]]:
        return work.as_draft(self._view.answers()), tuple(work.files)

    def _saved(self, work: Work, draft: Draft) -> None:
        if work is self._work and not work.is_accepting:
            self._view.show_saved(saved_words(draft))

    def _not_saved(self, work: Work, error: BaseException) -> None:
        work.kept = None
        self._context.trouble(error)

    def want_discard(self) -> None:
        """Ask before a draft is thrown away."""
        if self._work is not None and not self._work.is_accepting:
            self._view.ask_discard(self._answer_discard)

    def _answer_discard(self, answer: str) -> None:
        work, desk = self._work, self._context.desk
        if work is None:
            return
        if answer == "discard":
            work.is_accepting = True  # nothing may write it again behind the removal
            self._context.tasks.run_in_order(lambda: discard_draft(desk, work.draft_id), otherwise=self._context.trouble)
        self.start()

    def tell_missing(self) -> None:
        """一次性告知: everything that is missing on one sheet; nothing is recorded."""
        work, queue = self._work, self._context.queue
        if work is None:
            return
        if queue is None:
            self._context.trouble(DeviceError(tr("没有打印机，告知书没有打印。"), safe=tr("草稿完好。"), do=tr("请在“设置”选打印机。")))
            return
        desk, clerk, request = self._context.desk, self._context.clerk.record, work.request(self._view.answers())

        def tell() -> None:
            found = _examined(desk, request)
            person = {
                "name": str(request.answers.get("name") or "—"),
                "document_number": str(request.answers.get("document_number") or "—"),
            }
            pdf = notice_pdf(
                desk,
                clerk,
                item_code=ITEM,
                situation_code=SITUATION,
                person=person,
                checks=found.checks,
                materials=found.missing_materials,
                problems=[problem.text for problem in found.problems],
            )
            queue.submit(pdf, tr("一次性告知书 {name}").format(name=person["name"]))

        told = outcome_notice(tr("一次性告知书已交打印机。"), (), (), do=tr("草稿留在本机，补齐后接着办。"))
        self._context.tasks.run(tell, then=lambda _: self._context.notify(told), otherwise=self._context.trouble)

    def defer(self) -> None:
        """容缺受理: ask by when the papers that may follow are to be there, then accept."""
        work = self._work
        if work is None:
            return
        if not work.deferrable():
            self._context.trouble(UserError(tr("没有可容缺的材料。"), safe=tr("表单没有改动。"), do=tr("材料已齐，请按 Ctrl+Enter 受理。")))
            return
        desk = self._context.desk
        proposed = work.until_on or desk.calendar.add_working_days(desk.today(), PROPOSED_DEFERRAL).due_on
        self._view.ask_until(proposed, self._defer_until)

    def _defer_until(self, text: str) -> None:
        work = self._work
        if work is None:
            return
        until, today = _day(text.strip()), self._context.desk.today()
        if until is None or not today < until <= today + timedelta(days=365):
            self._context.trouble(
                UserError(tr("补交日期要在明天之后、一年之内。"), safe=tr("没有受理。"), do=tr("请写成 2026-12-01 这样的日期。"))
            )
            return
        work.until_on = until
        for material in work.deferrable():
            work.hand_in(material.code, "deferred")
        self._view.show_materials(work.lines())
        self.keep()
        self.accept()

    def accept(self) -> None:
        """受理并打印: first past every field that waits for a look, then past every gap."""
        work = self._work
        if work is None or work.is_accepting:
            return
        if work.looks:
            look = next(iter(work.looks.values()))
            self._view.focus_field(look.key)
            self._context.trouble(
                UserError(tr("{name}还没有对照。").format(name=look.label), safe=tr("没有受理，草稿还在。"), do=look_advice(look))
            )
            return
        if not self._view.is_ready():
            return
        if "identity" not in work.materials:
            self._view.ask_seen(self._identity_seen)
            return
        self._accept(work)

    def _identity_seen(self, _answer: str) -> None:
        if self._work is not None:
            self._work.hand_in("identity", "confirmed")
            self._view.show_materials(self._work.lines())
            self.accept()

    def _accept(self, work: Work) -> None:
        self.keep()
        work.is_accepting = True
        self._view.show_busy(True)
        desk, clerk, request = self._context.desk, self._context.clerk.record, work.request(self._view.answers())
        self._context.tasks.run_in_order(
            lambda: accept(desk, clerk, request), then=partial(self._accepted, work, request), otherwise=partial(self._refused, work)
        )

    def _refused(self, work: Work, error: BaseException) -> None:
        work.is_accepting = False
        if work is self._work:
            self._view.show_busy(False)
            if isinstance(error, AnswersIncomplete):
                self._view.show_problems({problem.key: problem.text for problem in error.problems})
        self._context.trouble(error)

    def _accepted(self, work: Work, request: Request, accepted: Accepted) -> None:
        """Durable: say so, tell the others, print, and offer what comes next; the clerk may have gone on to the next person."""
        is_shown = work is self._work
        if is_shown:
            self._work = None
            self._question += 1
            self._view.show_busy(False)
            self._view.show_done(
                Done(
                    number=accepted.case.number,
                    name=accepted.case.applicant_name,
                    address=str(request.answers.get("address") or ""),
                    documents=accepted.documents,
                    resident_id=accepted.case.resident_id,
                )
            )
        self._context.announce(accepted.changed)
        if self._context.sync is not None:
            self._context.sync.wake()
        print_papers(self._context, accepted.documents, then=partial(self._printed, self._question if is_shown else -1, accepted))
        if not is_shown:
            return
        desk, resident_id = self._context.desk, accepted.case.resident_id
        self._ask(lambda: _next_services(offers(desk, resident_id), accepted.next), self._view.show_next)

    def _printed(self, question: int, accepted: Accepted, jobs: list[PrintJob]) -> None:
        is_printed = len(jobs) == len(accepted.documents) and not any(job.state == "failed" for job in jobs)
        if question == self._question:
            self._view.show_printed(printed_words(accepted.documents, jobs), is_printed)
        elif question < 0 or not is_printed:
            what = tr("已受理 {name}，受理号 {number}。").format(name=accepted.case.applicant_name, number=accepted.case.number)
            self._context.notify(outcome_notice(what, accepted.documents, jobs))


def card_keys(situation: Any) -> tuple[str, ...]:
    """The fields that a document fills, in the form's order."""
    return tuple(field.key for field in situation.fields() if field.from_card)


def look_advice(look: Look) -> str:
    """How to settle a field to check."""
    return tr("请与证件比对：对的按 Alt+1，不对就在栏里改正。") if look.alternatives[0].text else tr("请对照证件在栏里填写。")


def known_words(duplicate: Duplicate) -> str:
    """李𬭎，2023-04 登记在……，2024-06 离开注销."""
    parts = [duplicate.resident.name]
    if duplicate.registration is not None:
        parts.append(_registration_words(duplicate.registration, duplicate.address))
    return "，".join(parts)


def _registration_words(registration: Registration, address: str) -> str:
    began = tr("{month} 登记在{address}").format(month=f"{registration.declared_on:%Y-%m}", address=address or "—")
    if registration.state is RegistrationState.ACTIVE:
        return tr("{began}，在住").format(began=began)
    ended = f"{registration.ended_on:%Y-%m}" if registration.ended_on else "—"
    return tr("{began}，{month} 注销").format(began=began, month=ended)


def warning_words(checks: Sequence[Check]) -> str:
    """What the conditions found that a person should know; a missing guardian is a gap of the form and said there."""
    noted = [check for check in checks if check.state in (CheckState.FAILED, CheckState.LOOK) and check.key != "guardian"]
    return "；".join(tr("{name}：{detail}").format(name=check.name, detail=check.detail) for check in noted)


def _spelt(text: str) -> Alternative:
    return Alternative(text=text, value=text)


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None


def _next_services(found: Sequence[Offer], wanted: Sequence[str]) -> list[Offer]:
    """What the item names first, even when it is not open yet, then what gives the person something now: never an ending."""
    named = [offer for offer in found if f"{offer.item.code}.{offer.situation.code}" in wanted]
    gives = [offer for offer in found if not offer.obstacle and any(step.effect in _GIVING for step in offer.situation.steps)]
    return [*named, *(offer for offer in gives if offer not in named)][:MOST_NEXT]


def _examined(desk: Any, request: Request) -> Examination:
    """Examine a half-filled form: answers that are wrong stay out of the conditions and are told as problems."""
    situation = desk.items.situation(request.item_code, request.situation_code)
    found = problems(situation, request.answers, desk.today())
    wrong = {problem.key for problem in found if not problem.is_missing}
    answers = {key: value for key, value in request.answers.items() if key not in wrong}
    return replace(examine(desk, replace(request, answers=answers)), problems=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """A draft with the bytes of its pictures."""

    draft: Draft
    pictures: Mapping[str, bytes]


def _load(desk: Any, draft_id: str) -> _Loaded | None:
    draft = load_draft(desk, draft_id)
    if draft is None:
        return None
    contents = {file.hash: file_content(desk, file.hash) for file in draft.attachments}
    return _Loaded(draft=draft, pictures={content_hash: content for content_hash, content in contents.items() if content is not None})


def _newest_draft(desk: Any, clerk: Any) -> _Loaded | None:
    newest = next((draft for draft in drafts(desk, clerk) if (draft.item_code, draft.situation_code) == (ITEM, SITUATION)), None)
    return None if newest is None else _load(desk, newest.id)
