"""What the desk and a driver's process say to each other: frames of a four-byte length and one msgpack message.

Only plain values travel. Nothing of what a driver sends is executed, and what is no message ends its process.
"""

from typing import Any, BinaryIO, Final, Literal

import msgspec

_LENGTH: Final = 4


class Open(msgspec.Struct, frozen=True, tag="open"):
    """The first message: which driver, and the settings that it is given."""

    driver: str
    options: dict[str, str]


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Call a method of the driver."""

    id: int
    method: str
    arguments: dict[str, Any]


class Nudge(msgspec.Struct, frozen=True, tag="nudge"):
    """Call a method without an answer, during another call: ``cancel`` what is being done, ``shoot`` at once."""

    method: Literal["cancel", "shoot"]


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The driver is alive and knows where it is."""


class Part(msgspec.Struct, frozen=True, tag="part"):
    """One of several values of a call, such as a page; not taken apart before its type is known: 2 MB of empty lists become 137."""

    id: int
    value: msgspec.Raw


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The value of a call, or its end after parts."""

    id: int
    value: msgspec.Raw


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """What a person can mend."""

    id: int
    what: str
    safe: str
    do: str


class Crash(msgspec.Struct, frozen=True, tag="crash"):
    """A bug in the driver; only the kind of the error travels, its words may hold what was read."""

    id: int
    kind: str


ToDriver = Open | Ask | Nudge
FromDriver = Beat | Part | Answer | Refusal | Crash

_encoder = msgspec.msgpack.Encoder()
to_driver: Final[msgspec.msgpack.Decoder[ToDriver]] = msgspec.msgpack.Decoder(ToDriver)
from_driver: Final[msgspec.msgpack.Decoder[FromDriver]] = msgspec.msgpack.Decoder(FromDriver)


class BrokenOff(Exception):
    """The stream ended in the middle of a message."""


class TooLarge(Exception):
    """A message is larger than allowed."""


def raw(value: object) -> msgspec.Raw:
    """A value as it travels in a `Part` or an `Answer`."""
    return msgspec.Raw(_encoder.encode(value))


def pack(message: ToDriver | FromDriver) -> bytes:
    """A whole frame."""
    content = _encoder.encode(message)
    return len(content).to_bytes(_LENGTH, "big") + content


def read_frame(stream: BinaryIO, most: int) -> bytes | None:
    """The content of the next frame, None at the end of the stream.

    Raises TooLarge for a frame of more than `most` bytes, BrokenOff for one that has no end.
    """
    head = stream.read(_LENGTH)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if len(head) < _LENGTH:
        raise BrokenOff
    if size > most:
        raise TooLarge
    content = stream.read(size)
    if len(content) < size:
        raise BrokenOff
    return content
