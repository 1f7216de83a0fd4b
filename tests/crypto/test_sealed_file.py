"""Sealed files frame by frame: who opens them, who may have written them, and what one spoilt byte costs."""

import hashlib
import io

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealed_file import (
    FRAME_MAGIC,
    HEAD_BYTES,
    SIGNED,
    TRAILER_BYTES,
    Header,
    KeyOf,
    Kind,
    SealedReader,
    SegmentSeal,
    centre_opens,
    derived_sealing_key,
    desk_opens,
)
from nbcase.crypto.sealing import sealing_public_key

CENTRE, DESK = derived_sealing_key(b"c" * 32, "centre"), derived_sealing_key(b"d" * 32, "desk")
DEVICE = SigningKey(b"e" * 32)
PIECE = bytes(range(256)) * 40
EVERY_KIND = ((Kind.MARK, b"mark"), (Kind.FILE, b"file"), (Kind.CHUNK, PIECE), (Kind.ACTION, b"act 1"), (Kind.ACTION, b"act 2"))


def new_seal(device: SigningKey = DEVICE) -> SegmentSeal:
    return SegmentSeal(
        desk_id="desk",
        number=1,
        made_at="2026-03-02T01:00:00+00:00",
        device=device,
        centre_key=sealing_public_key(CENTRE),
        desk_key=sealing_public_key(DESK),
    )


def segment(device: SigningKey = DEVICE) -> bytes:
    seal = new_seal(device)
    return seal.header + b"".join(seal.close(kind, plain) for kind, plain in EVERY_KIND)


def reader_of(
    content: bytes, key_of: KeyOf | None = None, *, wanted: frozenset[Kind] = frozenset(Kind), checks_signatures: bool = True
) -> SealedReader:
    def signer(header: Header) -> str:
        return DEVICE.public_key

    key_of = key_of or centre_opens(CENTRE)
    return SealedReader(io.BytesIO(content), key_of, signer, wanted=wanted, checks_signatures=checks_signatures)


def plains(reader: SealedReader) -> list[bytes]:
    return [frame.plain for frame in reader]


def test_centre_and_desk_read_what_was_sealed_and_nobody_else() -> None:
    everything = [plain for _, plain in EVERY_KIND]
    assert plains(reader_of(segment())) == plains(reader_of(segment(), desk_opens(DESK))) == everything
    stranger = reader_of(segment(), centre_opens(derived_sealing_key(b"x" * 32, "centre")))
    assert plains(stranger) == []
    assert stranger.foreign == ["desk"]


def test_a_segment_that_another_wrote_in_the_desks_name_is_foreign() -> None:
    forged = reader_of(segment(SigningKey(b"f" * 32)))
    assert plains(forged) == []
    assert (forged.foreign, forged.headers) == (["desk"], [])


def test_an_act_whose_signature_is_spoilt_counts_for_a_rescue_only() -> None:
    content = bytearray(segment())
    content[-1] ^= 1
    checked, rescuing = reader_of(bytes(content)), reader_of(bytes(content), checks_signatures=False)
    assert plains(checked)[-1] == b"act 1"
    assert [damage.is_tail for damage in checked.damages] == [True]
    assert plains(rescuing)[-1] == b"act 2"
    assert rescuing.damages == []


def test_a_spoilt_length_that_is_passed_over_hides_no_act_behind_it() -> None:
    seal = new_seal()
    before = seal.header + seal.close(Kind.MARK, b"mark")
    content = bytearray(before + b"".join(seal.close(kind, plain) for kind, plain in EVERY_KIND[2:]))
    for bit in range(24):
        spoilt = bytearray(content)
        spoilt[len(before) + HEAD_BYTES - 1 - bit // 8] ^= 1 << bit % 8
        assert plains(reader_of(bytes(spoilt), wanted=frozenset({Kind.MARK, Kind.ACTION}))) == [b"mark", b"act 1", b"act 2"]


def test_the_chain_runs_from_the_header_past_what_was_taken_back() -> None:
    seal = new_seal()
    frames = [seal.close(Kind.MARK, b"mark")]
    chain = seal.chain
    taken_back = seal.close(Kind.ACTION, b"nobody was told")
    seal.chain = chain
    frames += [seal.close(kind, plain) for kind, plain in EVERY_KIND[1:]]
    expected = hashlib.sha256(seal.header).digest()
    counters = [taken_back[5:13]]
    for frame in frames:
        assert frame.startswith(FRAME_MAGIC)
        is_signed = frame[4] in SIGNED
        if is_signed:
            assert frame[-TRAILER_BYTES:-64] == expected
        expected = hashlib.sha256(expected + (frame[:-TRAILER_BYTES] if is_signed else frame)).digest()
        counters.append(frame[5:13])
    assert len(set(counters)) == len(counters), "a nonce was used twice"
