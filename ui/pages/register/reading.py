"""Documents into the form: the chip, photographs, the second look at a name. What was captured is kept before it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from nbcase.devices.contract import CardData, ReadDocument
from nbcase.domain import codes
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.identity import normalise_number
from nbcase.domain.words import sentences, tr
from nbcase.operations.drafts import DraftFile, keep_draft_file
from nbcase.operations.facts import ADULT_AGE
from nbcase.operations.pictures import picture_of
from ui.pages.register.capture import Side, card_answers, card_of, derive, number_check, side_answers, side_of
from ui.pages.register.view import Evidence, Hand, Part
from ui.pages.register.work import CHIP_PHOTO, CHIP_PHOTO_TYPE, Alternative, Work, look_at
from ui.printwork import outcome_notice
from ui.scanfile import media_type_of, read_scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What reading needs of the registration around it: begin another one, look at everything again, keep the draft."""

    next: Callable[[], Work]
    refresh: Callable[[], None]
    keep: Callable[[], None]


class DocumentReading(Part):
    """One document is read at a time."""

    def __init__(self, hand: Hand, form_keys: frozenset[str], session: Session) -> None:
        super().__init__(hand)
        self._form_keys = form_keys
        self._next, self._refresh, self._keep = session.next, session.refresh, session.keep
        self._is_reading = False
        self._last_card: tuple[str, Work | None] = ("", None)
        """Number of the card that was read last, and the registration that it was read for."""

    def forget(self) -> None:
        """Another registration is in hand: what is still being read is not for it."""
        self._is_reading = False
        self._view.show_reading("")

    def show(self) -> None:
        """What was captured so far."""
        work = self._work
        if work is not None:
            self._view.show_evidence(Evidence(card=work.capture.card, sides=work.capture.sides, pictures=work.pictures))

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
        self._is_reading = False
        self._view.show_reading("")
        if self._is_last_person(card.number):
            return
        if self._work is None:
            self._next()
        work = self._work_for(card.number, card.name)
        self._last_card = (card.number, work)
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

    def _is_last_person(self, number: str) -> bool:
        """Whether the reader gave the card of the registration before: a card left lying there, or an answer of before.

        The clerk is told, and nothing is filled in; who really is the same person is taken at the next try.
        """
        last, work = self._last_card
        if not number or number != last or (work is not None and work is self._work):
            return False
        self._last_card = ("", None)
        self._context.trouble(
            DeviceError(
                tr("读到的还是上一份登记的那张卡。"),
                safe=tr("没有填进这张表。"),
                do=tr("请换上这位居民的卡再读；确实是同一人，再读一次就填入。"),
            )
        )
        return True

    def _keep_photo(self, work: Work, photo: bytes) -> None:
        desk = self._context.desk
        keep = partial(keep_draft_file, desk, CHIP_PHOTO, photo, CHIP_PHOTO_TYPE)
        self._context.tasks.run_in_order(keep, then=partial(self._take_photo, work), otherwise=self._context.trouble)

    def _take_photo(self, work: Work, file: DraftFile) -> None:
        work.files = [former for former in work.files if former.role != CHIP_PHOTO] + [file]
        work.hand_in_capture()
        if work is self._work:
            self._view.show_materials(work.lines())
            self._keep()

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
        work = self._next()
        self._context.notify(
            outcome_notice(tr("已为{name}新开一份登记。").format(name=name), (), (), do=tr("{former}的草稿留着。").format(former=former))
        )
        return work

    def _fill(self, work: Work, answers: Mapping[str, str]) -> None:
        work.filled |= set(answers)
        self._view.set_answers(answers)

    def _captured(self, work: Work) -> None:
        """Show what came, keep it, and put the cursor where the clerk is needed."""
        work.hand_in_capture()
        self.show()
        self._refresh()
        self._keep()
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
            self._next()
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
            self._keep()
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
            why = sentences(*(problem.text for problem in document.problems))
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
        """Readings as good by every rule; what the number says of birth date and sex; for the name, that the reader may decide."""
        if key == "name":
            return (
                (Alternative(text=tr("读卡器重读"), source=tr("字形最准"), asks_reader=True),) if self._context.reader is not None else ()
            )
        derived = (
            derive({**self._view.answers(), **answers}, self._work.capture, self._context.desk.today(), ADULT_AGE) if self._work else None
        )
        value = derived.values.get(key) if derived is not None else None
        found = self._work.capture.reading(key) if self._work is not None else None
        alike = tuple(Alternative(text=text, value=text, source=tr("形近")) for text in (found[1].others if found is not None else ()))
        if not value or value == answers.get(key):
            return alike
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


def _spelt(text: str) -> Alternative:
    return Alternative(text=text, value=text)
