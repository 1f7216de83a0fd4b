"""The chip's data drawn like the card: the clerk compares it with the paper at one glance. No photo: its format is the maker's own."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen

from nbcase.domain import codes
from nbcase.domain.words import tr
from nbcase.operations.papers import nation_words
from ui.pages.register.capture import Card, validity_words
from ui.theme import current_theme
from ui.widgets.document import CARD_SIZE

_WIDTH = 428
_SCALE = 2
"""Logical pixels of the drawing, and how many device pixels each has: sharp on a screen at 200 % too."""

_LABEL = 64
_ROW = 30


def card_front(card: Card) -> QImage:
    """Name, sex, nation, birth date, address and number, with a figure where the photo would be."""
    image, painter = _sheet(tr("读卡器数据"))
    rows = [
        (tr("姓名"), card.name),
        (tr("性别"), codes.name("sex", card.sex_code)),
        (tr("民族"), nation_words(card.nation_code) or "—"),
        (tr("出生"), card.birth_on or "—"),
        (tr("住址"), card.address or "—"),
    ]
    top = 40.0
    for label, value in rows:
        top += _row(painter, top, label, value, width=_WIDTH - _LABEL - 24 - 128)
    _row(painter, _height() - 44, tr("证件号码"), card.number, width=_WIDTH - _LABEL - 40, strong=True)
    _figure(painter, QRectF(_WIDTH - 124, 46, 100, 124))
    painter.end()
    return image


def card_back(card: Card) -> QImage:
    """Authority and validity."""
    image, painter = _sheet(tr("读卡器数据"))
    top = _height() / 2 - _ROW
    top += _row(painter, top, tr("签发机关"), card.authority or "—", width=_WIDTH - _LABEL - 40)
    _row(painter, top, tr("有效期限"), validity_words(card), width=_WIDTH - _LABEL - 40)
    painter.end()
    return image


def _height() -> int:
    return round(_WIDTH * CARD_SIZE[1] / CARD_SIZE[0])


def _ink(name: str) -> QColor:
    """Captured papers are light in both themes."""
    return QColor(getattr(current_theme().tokens.color.light, name))


def _sheet(title: str) -> tuple[QImage, QPainter]:
    image = QImage(_WIDTH * _SCALE, _height() * _SCALE, QImage.Format.Format_RGB32)
    image.fill(_ink("select"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(_SCALE, _SCALE)
    painter.setPen(_ink("text2"))
    painter.setFont(_font("secondary"))
    painter.drawText(QRectF(0, 12, _WIDTH - 16, 18), Qt.AlignmentFlag.AlignRight, title)
    return image, painter


def _font(size: str, *, strong: bool = False) -> QFont:
    return current_theme().font(size, strong=strong)


def _row(painter: QPainter, top: float, label: str, value: str, *, width: float, strong: bool = False) -> float:
    """A label and its value, wrapped where it is long; returns its height."""
    painter.setPen(_ink("accent"))
    painter.setFont(_font("secondary"))
    painter.drawText(QRectF(20, top + 3, _LABEL, 18), Qt.AlignmentFlag.AlignLeft, label)
    painter.setPen(_ink("text"))
    painter.setFont(_font("panel_title" if strong else "body", strong=strong))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWrapAnywhere
    area = QRectF(20 + _LABEL, top, width, _ROW * 3)
    used = painter.boundingRect(area, flags, value)
    painter.drawText(area, flags, value)
    return max(float(_ROW), used.height() + 10)


def _figure(painter: QPainter, area: QRectF) -> None:
    """Head and shoulders within a frame."""
    painter.setPen(QPen(_ink("border_strong"), 1))
    painter.setBrush(_ink("surface"))
    painter.drawRect(area)
    path = QPainterPath()
    path.addEllipse(area.center().x() - 21, area.top() + 22, 42, 50)
    shoulders = QRectF(area.center().x() - 40, area.top() + 80, 80, 88)
    path.addEllipse(shoulders)
    painter.save()
    painter.setClipRect(area.adjusted(1, 1, -1, -1))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_ink("bar2"))
    painter.drawPath(path)
    painter.restore()
