"""Single pages of an SQLCipher 4 database, opened without SQLite: for what is left of a damaged file.

Each page of 4,096 bytes ends with its own nonce (16) and HMAC-SHA256 (32) over ciphertext, nonce and page number, so that every
page proves itself and one spoilt page says nothing about the next. The HMAC key comes from the raw key and the file's salt.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

PAGE = 4096
SALT = 16
RESERVE = 48
"""Bytes at the end of each page that are not encrypted: nonce and HMAC."""

_NONCE = 16
_MASK = 0x3A
_BEGIN = b"SQLite format 3\0"


class PageCipher:
    """Opens the pages of one database by its 32-byte raw key and its 16-byte salt."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        self._key = AES256(key)
        masked = bytes(byte ^ _MASK for byte in salt)
        self._hmac_key = hashlib.pbkdf2_hmac("sha512", key, masked, 2, 32)

    def open(self, number: int, page: bytes) -> bytes | None:
        """The plain page, its reserve zeroed; None when it is not this database's page `number` or was changed."""
        if len(page) != PAGE:
            return None
        begin = SALT if number == 1 else 0
        end = PAGE - RESERVE
        signed = page[begin : end + _NONCE] + number.to_bytes(4, "little")
        if not hmac.compare_digest(hmac.digest(self._hmac_key, signed, "sha256"), page[end + _NONCE :]):
            return None
        opener = Cipher(self._key, CBC(page[end : end + _NONCE])).decryptor()
        plain = opener.update(page[begin:end]) + opener.finalize()
        return (_BEGIN if number == 1 else b"") + plain + bytes(RESERVE)
