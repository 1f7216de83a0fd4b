"""Which document recognised lines are, and what it says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nbcase.devices.card_fields import CardReading, read_fields
from nbcase.devices.contract import DocumentType, Side
from nbcase.devices.foreign_fields import is_foreigner_card, read_foreigner_card, with_zone
from nbcase.devices.mrz import is_zone_line
from nbcase.devices.text_engine import Line
from nbcase.devices.text_rows import rows_of, tight
from nbcase.domain.identity import Problem
from nbcase.domain.words import tr

_HOUSEHOLD: Final = re.compile(r"常住人口登记卡|居民户口簿|户口登记机关|户主或与|承办人签章|登记事项变更|户别")
_LEASE: Final = re.compile(r"租赁合同|租房合同|房屋租赁|出租方|承租方|出租人|承租人|租金|租赁期限")
_FEWEST_SIGNS: Final = 2
"""Words of a paper that must stand on it before it is taken for one."""


def read_document(lines: Sequence[Line], width: float, *, is_card: bool, today: date | None = None) -> CardReading:
    """The document that upright lines show; `is_card` where the picture is a card and nothing else.

    Lines that are none of the known ones give a reading of unknown type with the problem `not_recognised`.
    """
    if is_foreigner_card(lines):
        return read_foreigner_card(lines, today)
    paper = _paper(lines)
    if paper is not None:
        return paper
    if sum(is_zone_line(line.text) for line in lines) >= 2:
        page = with_zone(None, lines, today)
        if page.type is not DocumentType.UNKNOWN:
            return page
    card = read_fields(lines, width, is_card=is_card, today=today)
    if card.type is DocumentType.UNKNOWN or (not card.fields and card.side is Side.FRONT):
        return CardReading(side=Side.UNKNOWN, fields={}, problems=(_not_recognised(),))
    return card


def _paper(lines: Sequence[Line]) -> CardReading | None:
    """A household page or a lease as plain text, row by row as a person reads it."""
    text = "".join(tight(line.text) for line in lines)
    for type_, pattern in ((DocumentType.HOUSEHOLD_PAGE, _HOUSEHOLD), (DocumentType.LEASE, _LEASE)):
        if len(set(pattern.findall(text))) >= _FEWEST_SIGNS:
            rows = tuple("  ".join(line.text.strip() for line in row.lines) for row in rows_of(lines))
            return replace(CardReading(side=Side.UNKNOWN, fields={}), type=type_, text=rows)
    return None


def _not_recognised() -> Problem:
    text = tr("图片里没有认出证件。请确认放的是身份证、居留证件或护照的资料页，四边都拍进去，或改为手工录入。")
    return Problem(key="not_recognised", text=text)
