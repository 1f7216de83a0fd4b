"""Record ids: time-ordered for what a desk makes, derived for what has a natural key."""

import hashlib
import hmac
import os
import time
import unicodedata
from datetime import datetime
from uuid import UUID


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random; sorts by time of making."""
    value = int.from_bytes(os.urandom(16), "big")
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | value & (1 << 80) - 1
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def least_id(at: datetime) -> str:
    """Sorts before every UUIDv7 that is made at that moment or later, and behind all earlier ones."""
    text = f"{round(at.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:]}"


def derived_id(key: bytes, kind: str, *parts: str) -> str:
    """A UUIDv8 that two desks compute alike from the same natural key.

    Keyed, so that a leaked id does not tell which identity number it stands for: 18-digit numbers are few enough
    to try them all against a plain hash.
    """
    text = "\x1f".join((kind, *(_normal(part) for part in parts)))
    value = int.from_bytes(hmac.new(key, text.encode(), hashlib.sha256).digest()[:16], "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    return str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def _normal(part: str) -> str:
    return "".join(unicodedata.normalize("NFKC", part).upper().split())
