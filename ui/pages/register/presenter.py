"""What 登记 does with one registration, from the first key to its end; its parts have modules of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.accept import Examination, examine_unfinished
from nbcase.operations.drafts import Draft, DraftFile, discard_draft, drafts, file_content, keep_draft_file, load_draft, save_draft
from nbcase.operations.facts import ADULT_AGE, Standing
from nbcase.operations.offers import known_answers, present_standing
from ui.pages.register.acceptance import Acceptance
from ui.pages.register.capture import derive, number_check
from ui.pages.register.examination import warning_words
from ui.pages.register.imaging import Imaging
from ui.pages.register.known import KnownPeople
from ui.pages.register.reading import DocumentReading, Session
from ui.pages.register.view import Hand, Part, RegisterView
from ui.pages.register.work import ITEM, SITUATION, Work, saved_words, work_of
from ui.scanfile import media_type_of, read_scan


class RegisterPresenter(Part):
    """One registration at a time: its beginning, its draft and what follows from each answer.

    `documents` reads cards and pictures, `known` knows the resident, `acceptance` ends it.
    """

    def __init__(self, view: RegisterView, context: Any) -> None:
        super().__init__(Hand(view, context))
        self._situation = context.desk.items.situation(ITEM, SITUATION)
        self._examined = 0
        form_keys = frozenset(field.key for field in self._situation.fields())
        self.documents = DocumentReading(self._hand, form_keys, Session(next=self._next_work, refresh=self._refresh, keep=self.keep))
        self.imaging = Imaging(self._hand, self._take_captured, self.add_proof_picture, self.documents.show)
        self.known = KnownPeople(self._hand, self._take_known)
        self.acceptance = Acceptance(self._hand, self.keep)

    def opened(self) -> None:
        """The page has come to the front: go on, or take up the newest draft of this clerk."""
        if self._work is not None:
            self._view.focus_gap()
            return
        desk, clerk = self._context.desk, self._context.clerk.record
        self._begin(self._blank(), {})
        self._hand.ask(lambda: _newest_draft(desk, clerk), self._restore_if_untouched)

    def open(self, *, draft_id: str = "", resident_id: str = "") -> None:
        """Take up a draft, or begin for a person whom the records know; a draft that is in hand stays as it is."""
        if self._work is not None and draft_id == self._work.draft_id:
            return
        self.keep()
        desk = self._context.desk
        self._hand.question += 1
        if draft_id:
            self._hand.ask(lambda: _load(desk, draft_id), self._restore)
        elif resident_id:
            self._begin(self._blank(), {})
            self._hand.ask(lambda: present_standing(desk, resident_id), self._take_known)

    def start(self) -> None:
        """The next person: what is in hand stays a draft."""
        self._next_work()

    def _next_work(self) -> Work:
        self.keep()
        self._hand.question += 1
        work = self._blank()
        self._begin(work, {})
        return work

    def _blank(self) -> Work:
        return Work(situation=self._situation, language=self._context.language)

    def _begin(self, work: Work, answers: Mapping[str, Any]) -> None:
        self._hand.work = work
        self._view.clear()
        self._view.set_answers({"document_kind": "citizen", **answers})
        self._view.show_saved("")
        self.documents.forget()
        self.documents.show()
        self._refresh()
        self._view.focus_gap()

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
        work, answers = work_of(found.draft, self._situation, self._context.language)
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
        self.known.look_for(work, answers)
        self._examine(work, answers)

    def unlock(self) -> None:
        """Open what the document filled in to editing, on purpose."""
        work = self._work
        if work is not None and work.filled:
            first = next((key for key in card_keys(self._situation) if key in work.filled), "name")
            work.filled.clear()
            self._view.show_filled(frozenset(), 0)
            self._view.focus_field(first)

    def choose(self, key: str, number: int) -> None:
        """Settle a field that waits for a look by one of its alternatives, counted from 1."""
        work = self._work
        look = work.looks.get(key) if work is not None else None
        if work is None or look is None or not 1 <= number <= len(look.alternatives):
            return
        chosen = look.alternatives[number - 1]
        if chosen.asks_reader:
            self.documents.read_card()
            return
        del work.looks[key]
        work.filled.add(key)
        self._view.set_answers({key: chosen.value})
        self._refresh()
        self.keep()
        self._view.focus_gap()

    def _take_captured(self, work: Work | None, picture: bytes) -> None:
        """A card's picture, unless another registration was taken up while the device worked."""
        if work is self._work:
            self.documents.take_picture_bytes(picture, tr("证件图片"))

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
        self._keep_proof(self._work, lambda: read_scan(path))

    def add_proof_picture(self, work: Work | None, picture: bytes) -> None:
        """The same from a scanner or a camera."""
        self._keep_proof(work, lambda: (picture, media_type_of(picture, tr("扫描件"))))

    def _keep_proof(self, work: Work | None, load: Callable[[], tuple[bytes, str]]) -> None:
        desk = self._context.desk
        if work is None:
            return

        def keep() -> tuple[DraftFile, bytes]:
            content, media_type = load()
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
        self.known.show()
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

        self._context.tasks.run(lambda: examine_unfinished(desk, request), then=take, otherwise=self._context.trouble)

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


def card_keys(situation: Any) -> tuple[str, ...]:
    """The fields that a document fills, in the form's order."""
    return tuple(field.key for field in situation.fields() if field.from_card)


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
