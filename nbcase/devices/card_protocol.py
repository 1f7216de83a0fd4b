"""The serial protocol of identity card readers (GA/T 467): frames, answers and the text block of a card.

Pure functions on bytes; `card_reader` speaks them over a real line, `simulated_reader` plays the other end.
A request is AA AA AA 96 69, a two-byte length, command, parameter, data and a check byte; an answer has three
status bytes in place of command and parameter. The length counts what follows it; the check byte is the XOR of
everything between the preamble and itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import xor
from typing import Final

from nbcase.devices.contract import CardData
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import DocumentKind
from nbcase.domain.words import tr

RESET: Final = b"\x10\xff"
STATUS: Final = b"\x11\xff"
SAM_ID: Final = b"\x12\xff"
FIND: Final = b"\x20\x01"
SELECT: Final = b"\x20\x02"
READ: Final = b"\x30\x01"
READ_NEW_ADDRESS: Final = b"\x30\x03"
READ_WITH_FINGERS: Final = b"\x30\x10"
SET_BAUD: Final = {115200: b"\x60\x00", 57600: b"\x60\x01", 38400: b"\x60\x02", 19200: b"\x60\x03", 9600: b"\x60\x04"}
"""Commands by the speed that they set; the order is that of the numbers 0 to 4."""

DONE: Final = 0x90
CARD_FOUND: Final = 0x9F
BAD_REQUEST_CHECK: Final = 0x10
BAD_COMMAND: Final = 0x21
NOT_AUTHENTIC: Final = 0x31
WRONG_CARD: Final = 0x40
READ_FAILED: Final = 0x41
NO_CARD: Final = 0x80
SELECT_FAILED: Final = 0x81
NOT_ON_CARD: Final = 0x91

TEXT_SIZE: Final = 256
PHOTO_SIZE: Final = 1024
NEW_ADDRESS_SIZE: Final = 70

_PREAMBLE: Final = b"\xaa\xaa\xaa\x96\x69"
_LONGEST: Final = 4096
"""Bytes after the length field; the longest real answer (text, photo, two fingerprints) has 2,314."""

_FOLDED: Final = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
"""Public signs for U+E815 to U+E864, where GBK kept them before Unicode had them (GB 18030, rows FE50 to FEA0)."""

_FOREVER: Final = "长期"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reader's answer: the third status byte, which alone carries meaning, and the data."""

    status: int
    data: bytes


def check_byte(content: bytes) -> int:
    """XOR of all bytes between the preamble and the check byte."""
    return reduce(xor, content, 0)


def build_frame(body: bytes) -> bytes:
    """A whole frame around a body (command and parameter, or three status bytes, then data)."""
    content = (len(body) + 1).to_bytes(2, "big") + body
    return _PREAMBLE + content + bytes([check_byte(content)])


def build_answer(status: int, data: bytes = b"") -> bytes:
    """A reader's frame with the status 00 00 `status`."""
    return build_frame(bytes([0, 0, status]) + data)


class FrameParser:
    """Takes bytes as they come and gives back the bodies of whole frames, whatever stands between them.

    The counters tell a wrong speed (noise), a bad cable (wrong checks) and a broken-off answer (short) apart.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self.noise_bytes = 0
        self.bad_checks = 0
        self.short_frames = 0

    @property
    def has_half_frame(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return self._pending.startswith(_PREAMBLE)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Bodies of the frames that these bytes complete, in order."""
        self._pending += chunk
        bodies: list[bytes] = []
        while self._skip_noise():
            length = int.from_bytes(self._pending[5:7], "big")
            if len(self._pending) < 7 + length and length <= _LONGEST:
                break
            body = self._take_frame(length)
            if body is not None:
                bodies.append(body)
        return bodies

    def finish(self) -> list[bytes]:
        """The line has gone quiet: give up the frame that stayed incomplete and look for frames inside it.

        A preamble in noise may announce a length that swallows a good frame; here it comes out again.
        """
        bodies: list[bytes] = []
        while self.has_half_frame:
            self.short_frames += 1
            del self._pending[: len(_PREAMBLE)]
            bodies += self.feed(b"")
        self.noise_bytes += len(self._pending)
        self._pending.clear()
        return bodies

    def _skip_noise(self) -> bool:
        """Drop bytes before the next preamble; whether a preamble and a length are there."""
        start = self._pending.find(_PREAMBLE)
        if start < 0:
            start = len(self._pending) - _overlap(self._pending)
        self.noise_bytes += start
        del self._pending[:start]
        return len(self._pending) >= 7 and self.has_half_frame

    def _take_frame(self, length: int) -> bytes | None:
        """The body of the frame at the front, or None when it is none: then only its preamble is dropped."""
        content = bytes(self._pending[5 : 7 + length])
        if 3 <= length <= _LONGEST and check_byte(content) == 0:
            del self._pending[: 7 + length]
            return content[2:-1]
        self.bad_checks += 1
        del self._pending[: len(_PREAMBLE)]
        return None


def _overlap(pending: bytearray) -> int:
    """How many bytes at the end may be the beginning of a preamble."""
    return next((size for size in range(4, 0, -1) if pending.endswith(_PREAMBLE[:size])), 0)


def parse_answer(body: bytes) -> Answer:
    """The answer in a frame's body.

    Raises DeviceError for a body without the three status bytes.
    """
    if len(body) < 3:
        raise _not_understood()
    return Answer(status=body[2], data=body[3:])


def status_error(status: int) -> DeviceError:
    """The sentence for a status that is not the hoped-for one."""
    again = tr("请把卡片拿起，停一秒，再平放到读卡器上。")
    by_hand = tr("可以改用拍照识别或手工录入。")
    no_card = (tr("读卡器上没有找到卡片。"), again)
    link = (tr("读卡器没有听懂电脑的命令。"), tr("请拔下读卡器的线再插上；仍不行请联系管理员。"))
    not_authentic = (tr("卡片没有通过真伪认证。"), tr("请核对证件是否为本人原件。") + by_hand)
    reader_fault = (tr("读卡器自检没有通过。"), tr("请换一台读卡器，并联系管理员。") + by_hand)
    unlicensed = (tr("读卡器的安全模块没有授权。"), tr("请联系读卡器厂家或管理员。") + by_hand)
    wrong_card = (tr("放上的不是身份证件。"), tr("请放上居民身份证、居住证或永久居留身份证。"))
    failed = (tr("卡片没有读完。"), again)
    meanings = {
        NO_CARD: no_card,
        SELECT_FAILED: failed,
        READ_FAILED: failed,
        0x47: failed,
        BAD_REQUEST_CHECK: link,
        0x11: link,
        BAD_COMMAND: link,
        0x24: link,
        NOT_AUTHENTIC: not_authentic,
        0x32: not_authentic,
        0x33: not_authentic,
        WRONG_CARD: wrong_card,
        0x60: reader_fault,
        0x66: unlicensed,
        NOT_ON_CARD: (tr("卡片里没有这一项内容。"), by_hand),
    }
    unknown = (tr("读卡器报告了未知的错误 {code}。").format(code=f"{status:02X}"), again)
    what, do = meanings.get(status, unknown)
    return DeviceError(what, safe=nothing_changed(), do=do)


def nothing_changed() -> str:
    """What every failed reading may promise."""
    return tr("已填写的内容没有改变。")


def _not_understood() -> DeviceError:
    return DeviceError(
        tr("读卡器的回答不完整，无法识别。"),
        safe=nothing_changed(),
        do=tr("请把卡片拿起再放一次；仍不行请改用拍照识别或手工录入。"),
    )


def build_card_answer(*parts: bytes) -> bytes:
    """Data of the answer to READ (text, photo) or READ_WITH_FINGERS (and fingerprints): the lengths, then the parts."""
    return b"".join(len(part).to_bytes(2, "big") for part in parts) + b"".join(parts)


def split_card_answer(data: bytes, parts: int = 2) -> tuple[bytes, ...]:
    """Text and photo, with three parts also the fingerprints, from the data of an answer.

    Raises DeviceError where the text's length is not a card's or the lengths do not add up.
    """
    sizes = [int.from_bytes(data[2 * place : 2 * place + 2], "big") for place in range(parts)]
    if sizes[0] != TEXT_SIZE or len(data) != 2 * parts + sum(sizes):
        raise _not_understood()
    split, place = [], 2 * parts
    for size in sizes:
        split.append(data[place : place + size])
        place += size
    return tuple(split)


def decode_new_address(data: bytes) -> str:
    """The address that was added later, from the answer to READ_NEW_ADDRESS."""
    return _read_text(data[:NEW_ADDRESS_SIZE])


def fold_private_use(text: str) -> str:
    """Replace the private-use code points of old GBK systems by the public signs, such as U+E863 by 䶮."""
    return "".join(_FOLDED[ord(sign) - 0xE815] if "\ue815" <= sign <= "\ue864" else sign for sign in text)


def decode_card(text: bytes, photo: bytes = b"") -> CardData:
    """What the 256-byte text block says; the letter at offset 248 names the layout.

    Raises DeviceError for a block of another size or with a date that is none.
    """
    if len(text) != TEXT_SIZE:
        raise _not_understood()
    decode = _DECODERS.get(_text_at(text, 248, 2), _decode_citizen)
    return decode(text, photo)


def encode_card(card: CardData) -> bytes:
    """The 256-byte text block of a card: what the simulated reader sends.

    Raises ValueError where a value does not fit into its field.
    """
    block = bytearray(" ".encode("utf-16-le") * (TEXT_SIZE // 2))
    for offset, size, value in _LAYOUTS[card.kind](card):
        encoded = value.encode("utf-16-le")
        if len(encoded) > size:
            raise ValueError(f"{value!r} needs more than {size} bytes at offset {offset}")
        block[offset : offset + len(encoded)] = encoded
    return bytes(block)


def _read_text(raw: bytes) -> str:
    """A padded UTF-16 field; a pair that the field's end cut in two becomes U+FFFD, which asks for a look."""
    return fold_private_use(raw.decode("utf-16-le", errors="replace").strip(" \0\u3000"))


def _text_at(text: bytes, offset: int, size: int) -> str:
    return _read_text(text[offset : offset + size])


def _date_at(text: bytes, offset: int) -> date | None:
    """A date of eight digits, None where the field is blank."""
    shown = _text_at(text, offset, 16)
    if not shown:
        return None
    try:
        if len(shown) != 8 or not shown.isascii():
            raise ValueError
        return date(int(shown[:4]), int(shown[4:6]), int(shown[6:]))
    except ValueError:
        raise DeviceError(
            # What the card says stands in the part that no log takes.
            tr("卡片里的一个日期无法识别。"),
            safe=nothing_changed(),
            do=tr("卡片里写的是“{shown}”：请核对证件，改用拍照识别或手工录入。").format(shown=shown),
        ) from None


def _end_at(text: bytes, offset: int) -> date | None:
    """The end of validity, None only for 长期: a blank end is no promise."""
    if _text_at(text, offset, 16) == _FOREVER:
        return None
    end = _date_at(text, offset)
    if end is None:
        raise _not_understood()
    return end


def _digits(day: date | None) -> str:
    return f"{day.year:04d}{day:%m%d}" if day else ""


def _end_digits(card: CardData) -> str:
    return _digits(card.valid_until_on) or _FOREVER


def _decode_citizen(text: bytes, photo: bytes) -> CardData:
    return CardData(
        kind=DocumentKind.CITIZEN,
        name=_text_at(text, 0, 30),
        sex_code=_text_at(text, 30, 2),
        nation_code=_text_at(text, 32, 4),
        birth_on=_date_at(text, 36),
        address=_text_at(text, 52, 70),
        number=_text_at(text, 122, 36),
        authority=_text_at(text, 158, 30),
        valid_from_on=_date_at(text, 188),
        valid_until_on=_end_at(text, 204),
        photo=photo,
        raw_text=text,
    )


def _decode_hmt_residence(text: bytes, photo: bytes) -> CardData:
    return CardData(
        kind=DocumentKind.HMT_RESIDENCE,
        name=_text_at(text, 0, 30),
        sex_code=_text_at(text, 30, 2),
        birth_on=_date_at(text, 36),
        address=_text_at(text, 52, 70),
        number=_text_at(text, 122, 36),
        authority=_text_at(text, 158, 30),
        valid_from_on=_date_at(text, 188),
        valid_until_on=_end_at(text, 204),
        pass_number=_text_at(text, 220, 18),
        issue_count=_text_at(text, 238, 4),
        photo=photo,
        raw_text=text,
    )


def _decode_foreigner_2017(text: bytes, photo: bytes) -> CardData:
    return CardData(
        kind=DocumentKind.FOREIGNER_2017,
        name_latin=_text_at(text, 0, 120),
        sex_code=_text_at(text, 120, 2),
        number=_text_at(text, 122, 30),
        country_code=_text_at(text, 152, 6),
        name=_text_at(text, 158, 30),
        valid_from_on=_date_at(text, 188),
        valid_until_on=_end_at(text, 204),
        birth_on=_date_at(text, 220),
        version=_text_at(text, 236, 4),
        authority=_text_at(text, 240, 8),
        photo=photo,
        raw_text=text,
    )


def _decode_foreigner_2023(text: bytes, photo: bytes) -> CardData:
    """The layout of 2023; its Latin name goes on at offset 220 where 35 signs were not enough."""
    return CardData(
        kind=DocumentKind.FOREIGNER_2023,
        name=_text_at(text, 0, 30),
        sex_code=_text_at(text, 30, 2),
        issue_count=_text_at(text, 32, 4),
        birth_on=_date_at(text, 36),
        name_latin=_read_text(text[52:122] + text[220:242]),
        number=_text_at(text, 122, 36),
        valid_from_on=_date_at(text, 188),
        valid_until_on=_end_at(text, 204),
        country_code=_text_at(text, 242, 6),
        link=_text_at(text, 250, 6),
        photo=photo,
        raw_text=text,
    )


_Placed = tuple[int, int, str]
"""Offset and size in bytes, and the text that stands there."""


def _place_citizen(card: CardData) -> list[_Placed]:
    return [
        (0, 30, card.name),
        (30, 2, card.sex_code),
        (32, 4, card.nation_code),
        (36, 16, _digits(card.birth_on)),
        (52, 70, card.address),
        (122, 36, card.number),
        (158, 30, card.authority),
        (188, 16, _digits(card.valid_from_on)),
        (204, 16, _end_digits(card)),
    ]


def _place_hmt_residence(card: CardData) -> list[_Placed]:
    return [*_place_citizen(card), (220, 18, card.pass_number), (238, 4, card.issue_count), (248, 2, "J")]


def _place_foreigner_2017(card: CardData) -> list[_Placed]:
    return [
        (0, 120, card.name_latin),
        (120, 2, card.sex_code),
        (122, 30, card.number),
        (152, 6, card.country_code),
        (158, 30, card.name),
        (188, 16, _digits(card.valid_from_on)),
        (204, 16, _end_digits(card)),
        (220, 16, _digits(card.birth_on)),
        (236, 4, card.version),
        (240, 8, card.authority),
        (248, 2, "I"),
    ]


def _place_foreigner_2023(card: CardData) -> list[_Placed]:
    return [
        (0, 30, card.name),
        (30, 2, card.sex_code),
        (32, 4, card.issue_count),
        (36, 16, _digits(card.birth_on)),
        (52, 70, card.name_latin[:35]),
        (122, 36, card.number),
        (188, 16, _digits(card.valid_from_on)),
        (204, 16, _end_digits(card)),
        (220, 22, card.name_latin[35:]),
        (242, 6, card.country_code),
        (248, 2, "Y"),
        (250, 6, card.link),
    ]


_DECODERS: Final[dict[str, Callable[[bytes, bytes], CardData]]] = {
    "J": _decode_hmt_residence,
    "I": _decode_foreigner_2017,
    "Y": _decode_foreigner_2023,
}

_LAYOUTS: Final[dict[DocumentKind, Callable[[CardData], list[_Placed]]]] = {
    DocumentKind.CITIZEN: _place_citizen,
    DocumentKind.HMT_RESIDENCE: _place_hmt_residence,
    DocumentKind.FOREIGNER_2017: _place_foreigner_2017,
    DocumentKind.FOREIGNER_2023: _place_foreigner_2023,
}

CARD_KINDS: Final = tuple(_LAYOUTS)
"""Kinds of documents with a chip that a reader can read."""
