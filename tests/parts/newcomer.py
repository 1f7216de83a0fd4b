"""A newcomer with a card: what the chip says, a reader that gives it, and a reader of pictures that needs no engine."""

from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path

from PIL import Image

from nbcase.devices.contract import CardData, DocumentType, FieldReading, ReadDocument, ReaderStatus, Side
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import DocumentKind, make_number

NUMBER = make_number("330299", date(1994, 7, 12), 31)

CARD = CardData(
    kind=DocumentKind.CITIZEN,
    name="李𬭎",
    number=NUMBER,
    sex_code="1",
    nation_code="01",
    birth_on=date(1994, 7, 12),
    valid_from_on=date(2019, 8, 20),
    valid_until_on=date(2039, 8, 20),
    address="安徽省南塘县白鹭镇樟树村六组21号",
    authority="南塘县公安局",
    photo=bytes(1024),
)


@dataclass
class ReaderWithCard:
    """A card reader on which a card lies; without one it tells what a real reader tells."""

    card: CardData | None = CARD

    def read(self, deadline_s: float = 3.0) -> CardData:
        if self.card is None:
            raise DeviceError("读卡器上没有证件。", safe="表单没有改动。", do="请放好证件再按 F2。")
        return self.card

    def status(self) -> ReaderStatus:
        return ReaderStatus(port="fake", is_ready=True, text="就绪")

    def is_ready(self) -> bool:
        return True

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def _jpeg(color: str) -> bytes:
    """A small picture that can really be shown."""
    buffer = BytesIO()
    Image.new("RGB", (337, 213), color).save(buffer, format="JPEG")
    return buffer.getvalue()


def _field(text: str, value: str, top: int, confidence: float = 1.0, why: str = "") -> FieldReading:
    box = ((180, top), (380, top), (380, top + 48), (180, top + 48))
    return FieldReading(text=text, value=value, confidence=confidence, box=box, needs_look=bool(why), why=why)


@dataclass
class ReadyReader:
    """A reader of pictures whose answers the test sets, by the picture's bytes."""

    documents: dict[bytes, ReadDocument] = field(default_factory=dict)
    second: tuple[str, float] = ("李𬭎", 0.9)

    def read(self, source: Path | bytes, today: date | None = None) -> ReadDocument:
        assert isinstance(source, bytes)
        return self.documents[source]

    def read_again(self, picture: bytes, box: object) -> tuple[str, float]:
        return self.second


FRONT = ReadDocument(
    side=Side.FRONT,
    fields={
        "name": _field("李鈜", "李鈜", 86, 0.71, "姓名没有可核对的依据，请与图片逐字比对。"),
        "sex_code": _field("男", "1", 164),
        "nation_code": _field("汉", "01", 164),
        "birth_on": _field("1994年7月12日", "1994-07-12", 240),
        "address": _field("安徽省南塘县白鹭镇樟树村六组21号", "安徽省南塘县白鹭镇樟树村六组21号", 316),
        "number": _field(NUMBER, NUMBER, 536),
    },
    picture=_jpeg("white"),
    width=1011,
    height=638,
    problems=(),
    seconds=0.3,
)
BACK = replace(
    FRONT,
    side=Side.BACK,
    fields={"authority": _field("南塘县公安局", "南塘县公安局", 464), "valid_until_on": _field("2039.08.20", "2039-08-20", 540)},
    picture=_jpeg("silver"),
)
PASSPORT = replace(
    FRONT,
    fields={
        "name_latin": _field("SAMPLE ANNA", "SAMPLE ANNA", 520, 0.97, "姓名没有校验位，请与证件逐字比对。"),
        "number": replace(_field("EG1234567", "EG1234567", 560, 0.98, "校验位分不清的形近字"), others=("E61234567",)),
        "birth_on": _field("1985-03-17", "1985-03-17", 560),
        "sex_code": _field("F", "2", 560),
        "valid_until_on": _field("2031-05-06", "2031-05-06", 560),
        "country_code": _field("CHN", "CHN", 560),
    },
    picture=_jpeg("linen"),
    type=DocumentType.PASSPORT,
    document_kind=DocumentKind.PASSPORT.value,
)
PASSPORT_FILE = _jpeg("navy")
FRONT_FILE, BACK_FILE = _jpeg("tan"), _jpeg("brown")
"""Bytes of the two photographs that `ReadyReader` knows."""


def ready_reader() -> ReadyReader:
    """Knows the three photographs."""
    return ReadyReader({FRONT_FILE: FRONT, BACK_FILE: BACK, PASSPORT_FILE: PASSPORT})
