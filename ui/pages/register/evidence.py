"""The left side of 登记: the document as captured, what was held against what, the field to compare, the materials."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.casewords import day_words, obtained_words
from ui.pages.register.capture import Mark, Side
from ui.pages.register.cardface import card_back, card_front
from ui.pages.register.view import Evidence
from ui.pages.register.work import Alternative, Look, MaterialLine
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.document import Box, DocumentView
from ui.widgets.icon import Icon, draw_icon
from ui.widgets.ink import draw_ground, draw_key_cap, draw_line, draw_text, key_cap_width, text_width
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import row_of
from ui.widgets.tag import KeyHint
from ui.widgets.text import SectionHeading, Text

_VIEWS = ("front", "back", "original")
_CROP_MARGIN = 0.25
"""Share of a field's height that is shown around it."""


class MarkLine(QWidget):
    """What was held against what, in one line: a tick, a cross or an open circle before each word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marks: tuple[Mark, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Show these in place of the former ones."""
        self._marks = tuple(marks)
        self.setAccessibleName(tr("，").join(f"{mark.name} {_mark_words(mark)}" for mark in marks))
        self.setToolTip("\n".join(mark.why for mark in marks if mark.passed is False))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, current_theme().size.icon + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        widths = [theme.size.icon + theme.space.xs + text_width(mark.name, "compact") for mark in self._marks]
        gap = max(theme.space.xs, (self.width() - sum(widths)) / max(1, len(widths) - 1)) if len(widths) > 2 else theme.space.l
        left = 0.0
        for mark, width in zip(self._marks, widths, strict=True):
            icon, color = _MARK_LOOKS[mark.passed]
            draw_icon(painter, round(left), 1, icon, color)
            area = QRectF(left + theme.size.icon + theme.space.xs, 0, width, self.height())
            draw_text(painter, area, mark.name, "red" if mark.passed is False else "text2", "compact")
            left += width + min(gap, theme.space.l)


_MARK_LOOKS = {True: ("check", "green"), False: ("x", "red"), None: ("circle-dashed", "text3")}


def _mark_words(mark: Mark) -> str:
    return {True: tr("通过"), False: tr("未通过"), None: tr("待定")}[mark.passed]


class _AlternativeRow(QAbstractButton):
    """One reading with its key and its code points. The page registers the key: it works while this panel is folded too."""

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._key = f"Alt+{number}"
        self._source = ""
        self._is_first = number == 1
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_alternative(self, alternative: Alternative) -> None:
        self.setText(alternative.text)
        self._source = alternative.source
        self.setAccessibleName(f"{alternative.text} {alternative.source}")
        self.setAccessibleDescription(self._key)
        self.setToolTip(alternative.text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, current_theme().size.button_small)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        if self._is_first or self.underMouse():
            draw_ground(painter, self.rect(), "select" if self._is_first else "hover", None, radius=theme.radius.tag)
        left = theme.space.xs + 2
        draw_key_cap(painter, left, self.height() / 2, self._key)
        left += key_cap_width(self._key) + theme.space.s
        right = self.width() - theme.space.s
        # The reading itself is what the clerk compares: its source gives way first.
        named = min(text_width(self.text(), "body", strong=self._is_first) + 1, right - left)
        draw_text(painter, QRectF(left, 0, named, self.height()), self.text(), strong=self._is_first)
        begin = left + named + theme.space.s
        width = min(text_width(self._source, "secondary") + 1, right - begin)
        if width > 0:
            draw_text(painter, QRectF(right - width, 0, width, self.height()), self._source, "text2", "secondary")


class LookBox(QWidget):
    """The field that waits for the clerk's look: enlarged as it stands on the document, beside what it may say."""

    chosen = Signal(int)

    _MOST = 3

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, theme.space.m)
        column.setSpacing(theme.space.m)
        self._title = Text("", "strong")
        head = row_of(Icon("triangle-alert", "amber"), self._title, None, KeyHint("F8"), padding=(theme.space.m, 0))
        head.setFixedHeight(theme.size.table_head)
        column.addWidget(head)
        body = QHBoxLayout()
        body.setContentsMargins(theme.space.m, 0, theme.space.m, 0)
        body.setSpacing(theme.space.m)
        self._crop = _Crop()
        body.addWidget(self._crop)
        rows = QVBoxLayout()
        rows.setSpacing(theme.space.xs)
        self._rows = [_AlternativeRow(number, self) for number in range(1, self._MOST + 1)]
        for number, row in enumerate(self._rows, 1):
            row.clicked.connect(lambda _on=False, number=number: self.chosen.emit(number))
            rows.addWidget(row)
        rows.addStretch(1)
        body.addLayout(rows, 1)
        column.addLayout(body)
        self._why = Text("", "meta", wrap=True)
        self._why.setContentsMargins(theme.space.m, 0, theme.space.m, 0)
        column.addWidget(self._why)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_look(self, look: Look | None, picture: QImage) -> None:
        """Show what is to be compared; None hides the box."""
        self.setVisible(look is not None)
        if look is None:
            return
        self._title.setText(tr("{name} {words}，请对照").format(name=look.label, words=look.words))
        self.setAccessibleName(self._title.text())
        self.setToolTip(look.why)
        self._why.setText("" if look.key == "name" else look.why)
        self._why.setVisible(bool(self._why.text()))
        self._crop.show_crop(picture, look.box)
        given = [alternative for alternative in look.alternatives if alternative.text][: self._MOST]
        for place, row in enumerate(self._rows):
            row.setVisible(place < len(given))
            if place < len(given):
                row.show_alternative(given[place])

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        draw_ground(painter, self.rect(), "surface", "amber_fill")
        draw_line(painter, 1, theme.size.table_head, self.width() - 1, theme.size.table_head + 1)


class _Crop(QWidget):
    """A field cut out of the picture, as large as its place allows."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        theme = current_theme()
        self.setFixedSize(theme.size.label_width + 2 * theme.size.tag + theme.size.input, 3 * theme.size.button_small + 2 * theme.space.xs)
        self.setAccessibleName(tr("证件上的字"))

    def show_crop(self, picture: QImage, box: tuple[float, float, float, float] | None) -> None:
        self.setVisible(box is not None and not picture.isNull())
        if box is None or picture.isNull():
            return
        left, top, width, height = box
        wide, high = picture.width(), picture.height()
        margin = height * high * _CROP_MARGIN
        area = QRect(
            round(left * wide - margin), round(top * high - margin), round(width * wide + 2 * margin), round(height * high + 2 * margin)
        )
        self._image = picture.copy(area.intersected(picture.rect()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme.tokens.color.light.select)
        room = self.size() - QSize(theme.space.s, theme.space.s)
        size = self._image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, size.width(), size.height())
        painter.drawImage(place, self._image)
        draw_ground(painter, self.rect(), None, "border_strong")


class EvidencePanel(QWidget):
    """The document and everything about it. `field_wanted` carries the form's key of a box that was clicked."""

    field_wanted = Signal(str)
    alternative_chosen = Signal(str, int)

    def __init__(self, decode: Callable[[bytes, Callable[[QImage], None]], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._decode = decode
        self._evidence = Evidence(card=None, sides={}, pictures={})
        self._images: dict[str, QImage] = {}
        self._looks: Mapping[str, Look] = {}
        self._shown_look = ""
        self._view_code = "front"
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        self._meta = Text("", "meta")
        self._buttons = self._make_buttons()
        column.addWidget(row_of(*self._buttons.values(), None, self._meta, gap=theme.space.xs + 2))
        self._view = DocumentView(tr("证件"), card=True, empty=tr("F2 读卡 · F3 高拍 · F4 选图片，或直接录入"))
        self._view.box_clicked.connect(self.field_wanted)
        column.addWidget(self._view)
        self._marks = MarkLine()
        column.addWidget(self._marks)
        self._look = LookBox()
        self._look.chosen.connect(lambda number: self.alternative_chosen.emit(self._shown_look, number))
        column.addWidget(self._look)
        column.addSpacing(theme.space.xs)
        column.addWidget(SectionHeading(tr("材料")))
        self._materials = LineList(tr("材料"), fits=True, selects=False, padding=0, height=theme.size.row_list - 1)
        column.addWidget(self._materials)
        column.addStretch(1)

    def _make_buttons(self) -> dict[str, KeyButton]:
        group = QButtonGroup(self)
        names = {"front": tr("正面"), "back": tr("反面"), "original": tr("原图")}
        buttons = {}
        for code in _VIEWS:
            button = KeyButton(names[code], small=True)
            button.setCheckable(True)
            button.clicked.connect(lambda _on=False, code=code: self.show_view(code))
            group.addButton(button)
            buttons[code] = button
        buttons["front"].setChecked(True)
        return buttons

    def show_evidence(self, evidence: Evidence) -> None:
        """Show what was captured, the newest side in front."""
        former, self._evidence = self._evidence, evidence
        self._images = {key: image for key, image in self._images.items() if key in evidence.pictures}
        fresh = [code for code in evidence.sides if evidence.sides[code] is not former.sides.get(code)]
        self.show_view("front" if evidence.card is not None or not fresh else fresh[-1])

    def show_view(self, code: str) -> None:
        """Front, back or the original picture."""
        self._view_code = "front" if code == "unknown" else code
        for name, button in self._buttons.items():
            button.setEnabled(self._has(name))
            button.setChecked(name == self._view_code)
        self._meta.setText(self._meta_words())
        self._show_picture()

    def show_live(self, picture: bytes) -> None:
        """What the camera sees now, in place of what was captured, until that is shown again."""
        self._meta.setText(tr("高拍仪"))
        evidence = self._evidence

        def take(image: QImage) -> None:
            if evidence is self._evidence:
                self._view.show_document(image)

        self._decode(picture, take)

    def next_view(self) -> None:
        """The next view that there is: front, back, original."""
        there = [code for code in _VIEWS if self._has(code)]
        if there:
            here = there.index(self._view_code) if self._view_code in there else -1
            self.show_view(there[(here + 1) % len(there)])

    def _has(self, code: str) -> bool:
        sides, card = self._evidence.sides, self._evidence.card
        if code == "original":
            return bool(sides)
        return code in sides or card is not None or (code == "front" and "unknown" in sides)

    def _side(self) -> Side | None:
        """The side whose picture stands in the view."""
        sides = self._evidence.sides
        if self._view_code == "original":
            return next(reversed(list(sides.values()))) if sides else None
        return sides.get(self._view_code) or (sides.get("unknown") if self._view_code == "front" else None)

    def _meta_words(self) -> str:
        side = self._side()
        if side is None:
            return tr("读卡器") if self._evidence.card is not None else ""
        parts = [tr("图片"), tr("{n} 秒").format(n=f"{side.seconds:.1f}"), tr("已摆正") if side.is_straightened else tr("未找到卡边")]
        return " · ".join(parts)

    def _show_picture(self) -> None:
        side, card = self._side(), self._evidence.card
        if side is None:
            draw = card_back if self._view_code == "back" else card_front
            self._view.show_document(QImage() if card is None else draw(card))
            return
        kept = side.original if self._view_code == "original" or side.side == "unknown" else side.picture
        self._with_image(kept.hash, lambda image: self._view.show_document(image, self._boxes(side) if kept is side.picture else ()))

    def _with_image(self, content_hash: str, then: Callable[[QImage], None]) -> None:
        """Decode a picture beside the event loop, once."""
        if content_hash in self._images:
            then(self._images[content_hash])
            return
        content, evidence = self._evidence.pictures.get(content_hash, b""), self._evidence

        def take(image: QImage) -> None:
            self._images[content_hash] = image
            if evidence is self._evidence:
                then(image)

        self._decode(content, take)

    def _boxes(self, side: Side) -> list[Box]:
        return [
            Box(
                key=key,
                left=reading.box[0],
                top=reading.box[1],
                width=reading.box[2],
                height=reading.box[3],
                state="check" if key in self._looks else "read",
                label=reading.text,
            )
            for key, reading in side.readings.items()
        ]

    def show_looks(self, looks: Mapping[str, Look], focused: str = "") -> None:
        """Mark what waits for a look; the box shows the focused field or else the first."""
        self._looks = dict(looks)
        side = self._side()
        if side is not None and self._view_code != "original":
            self._view.show_boxes(self._boxes(side))
        self.show_look_of(focused)

    def show_look_of(self, key: str) -> None:
        """Bring a field that waits into the box and light its place on the picture."""
        if key in self._looks:
            self._turn_to(key)
        self._view.light(key)
        self._shown_look = key if key in self._looks else next(iter(self._looks), "")
        look = self._looks.get(self._shown_look)
        if look is None or not look.picture_hash:
            self._look.show_look(look, QImage())
            return
        self._with_image(look.picture_hash, lambda image: self._look.show_look(look, image))

    def _turn_to(self, key: str) -> None:
        """Bring the side on which a field stands to the front."""
        code = next((code for code, side in self._evidence.sides.items() if key in side.readings), self._view_code)
        if code != self._view_code and self._view_code != "original":
            self.show_view(code)

    @property
    def shown_look(self) -> str:
        """The key of the field in the box."""
        return self._shown_look

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """What was held against what."""
        self._marks.show_marks(marks)

    def show_materials(self, lines: Sequence[MaterialLine], today: date) -> None:
        """The materials with how each came."""
        self._materials.show_rows([_material_row(line, today) for line in lines])


def _material_row(line: MaterialLine, today: date) -> LineRow:
    if line.how == "deferred":
        right = tr("容缺，{day} 前补").format(day=day_words(line.until_on, today) or "—")
        return LineRow(title=line.name, note=line.note, right=right, right_tone="amber")
    if line.how:
        note = " · ".join(part for part in (line.note, obtained_words(line.how)) if part)
        return LineRow(title=line.name, note=note, right=tr("已采集"), right_tone="green")
    return LineRow(title=line.name, note=line.note, right=tr("待采集") if line.is_needed else tr("可不交"), right_tone="neutral")


def read_image(content: bytes) -> QImage:
    """The picture of JPEG or PNG bytes, or of a PDF's first page; a null image where it cannot be decoded."""
    from nbcase.operations.pictures import picture_of

    return QImage.fromData(picture_of(content).content) if content else QImage()
