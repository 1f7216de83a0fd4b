"""Frames and text blocks of identity card readers, on bytes alone."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nbcase.devices import card_protocol as protocol
from nbcase.devices.contract import CardData, as_plain
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import SYNTHETIC_AREA, DocumentKind, make_number

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"

CITIZEN = CardData(
    kind=DocumentKind.CITIZEN,
    name="样小卡",
    sex_code="1",
    nation_code="01",
    birth_on=date(1990, 1, 1),
    address="样例省样例市样例路1号",
    number=make_number(SYNTHETIC_AREA, date(1990, 1, 1), 31),
    authority="样例市公安局",
    valid_from_on=date(2020, 1, 1),
    valid_until_on=date(2040, 1, 1),
)

bodies = st.binary(min_size=2, max_size=300)
noise = st.binary(max_size=40).filter(lambda drawn: PREAMBLE not in drawn)


def in_slices(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def fed(parser: protocol.FrameParser, slices: list[bytes]) -> list[bytes]:
    return [body for piece in slices for body in parser.feed(piece)]


@pytest.mark.parametrize(
    ("command", "frame"),
    [
        (protocol.STATUS, "aaaaaa9669000311ffed"),
        (protocol.FIND, "aaaaaa96690003200122"),
        (protocol.SELECT, "aaaaaa96690003200221"),
        (protocol.READ, "aaaaaa96690003300132"),
        (protocol.READ_NEW_ADDRESS, "aaaaaa96690003300330"),
    ],
)
def test_commands_have_the_published_frames(command: bytes, frame: str) -> None:
    assert protocol.build_frame(command).hex() == frame


def test_the_answer_to_read_has_the_published_size() -> None:
    data = protocol.build_card_answer(bytes(256), bytes(1024))
    assert len(protocol.build_answer(protocol.DONE, data)) == 1295


@given(st.lists(st.tuples(noise, bodies), max_size=4), noise, st.lists(st.integers(0, 5000), max_size=8))
def test_frames_come_out_whole_whatever_the_slices_and_the_noise_between(
    parts: list[tuple[bytes, bytes]], tail: bytes, cuts: list[int]
) -> None:
    parser = protocol.FrameParser()
    stream = b"".join(before + protocol.build_frame(body) for before, body in parts) + tail
    assert fed(parser, in_slices(stream, cuts)) == [body for _, body in parts]
    assert parser.finish() == []
    assert parser.noise_bytes == sum(len(before) for before, _ in parts) + len(tail)
    assert (parser.bad_checks, parser.short_frames) == (0, 0)


@given(bodies, st.integers(5, 300), bodies)
def test_a_frame_after_a_broken_off_one_is_found(broken: bytes, kept: int, whole: bytes) -> None:
    parser = protocol.FrameParser()
    frame = protocol.build_frame(broken)
    half = frame[: min(kept, len(frame) - 1)]
    # Where the next frame's beginning happens to complete the broken one to a right check nobody could tell (1 of 256).
    assume(protocol.check_byte((half + protocol.build_frame(whole))[5 : len(frame)]) != 0)
    found = parser.feed(half) + parser.feed(protocol.build_frame(whole)) + parser.finish()
    assert found[-1] == whole
    assert parser.bad_checks + parser.short_frames >= 1


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_bytes_are_survived_and_nothing_is_kept_back(chunks: list[bytes]) -> None:
    parser = protocol.FrameParser()
    fed(parser, chunks)
    parser.finish()
    assert not parser.has_half_frame
    assert parser.finish() == []


def test_a_preamble_in_noise_does_not_swallow_the_answer_for_good() -> None:
    parser = protocol.FrameParser()
    assert parser.feed(PREAMBLE + b"\x0f\xff" + protocol.build_frame(b"answer")) == []
    assert parser.has_half_frame
    assert parser.finish() == [b"answer"]
    assert parser.short_frames == 1


@given(bodies, st.integers(0, 7))
def test_a_flipped_bit_in_the_body_is_counted_as_a_wrong_check(body: bytes, bit: int) -> None:
    frame = bytearray(protocol.build_frame(body))
    frame[-2] ^= 1 << bit
    parser = protocol.FrameParser()
    assert parser.feed(bytes(frame)) == []
    assert parser.bad_checks == 1


names = st.text(st.characters(codec="utf-16-le", exclude_categories=["Cs", "Co", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=7)
digits = st.text("0123456789", min_size=1, max_size=2)
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@st.composite
def cards(draw: st.DrawFn) -> CardData:
    card = CardData(
        kind=draw(st.sampled_from(protocol.CARD_KINDS)),
        name=draw(names),
        sex_code=draw(st.sampled_from("12")),
        birth_on=draw(days),
        number="123456789012345",
        valid_from_on=draw(days),
        valid_until_on=draw(st.none() | days),
    )
    latin = draw(st.text("ABCDEFGHIJ ,", max_size=46)).strip()
    match card.kind:
        case DocumentKind.CITIZEN:
            return replace(card, nation_code="01", address=draw(names), authority=draw(names))
        case DocumentKind.HMT_RESIDENCE:
            return replace(card, address=draw(names), authority=draw(names), pass_number="H12345678", issue_count=draw(digits))
        case DocumentKind.FOREIGNER_2017:
            return replace(card, name_latin=latin, country_code="USA", version="01", authority="1234")
        case _:
            return replace(card, name_latin=latin, country_code="840", issue_count=draw(digits), link="123")


@given(cards(), st.binary(max_size=16))
def test_every_layout_comes_back_as_it_was_written(card: CardData, photo: bytes) -> None:
    text = protocol.encode_card(card)
    assert len(text) == 256
    assert protocol.decode_card(text, photo) == replace(card, photo=photo, raw_text=text)


@given(st.binary(min_size=256, max_size=256))
def test_any_text_block_is_a_card_or_a_device_error(text: bytes) -> None:
    with suppress(DeviceError):
        protocol.decode_card(text).name.encode("utf-8")


def test_fields_of_a_citizen_card_stand_at_the_published_offsets() -> None:
    text = protocol.encode_card(CITIZEN)
    assert text[30:32].decode("utf-16-le") == "1"
    assert text[122:158].decode("utf-16-le") == CITIZEN.number
    assert text[204:220].decode("utf-16-le") == "20400101"
    assert text[248:250].decode("utf-16-le") == " "


@pytest.mark.parametrize(
    ("kind", "letter"), [(DocumentKind.HMT_RESIDENCE, "J"), (DocumentKind.FOREIGNER_2017, "I"), (DocumentKind.FOREIGNER_2023, "Y")]
)
def test_the_letter_at_offset_248_names_the_layout(kind: DocumentKind, letter: str) -> None:
    text = protocol.encode_card(replace(CITIZEN, kind=kind, authority="", address="", nation_code="", number="123456789012345"))
    assert text[248:250].decode("utf-16-le") == letter
    assert protocol.decode_card(text).kind is kind


def test_a_long_latin_name_of_2023_goes_on_in_its_second_place() -> None:
    latin = "ABCDEFGHIJ KLMNOPQRST, UVWXYZABCD EFGHIJKLMNOP"
    assert len(latin) == 46
    foreigner = replace(CITIZEN, kind=DocumentKind.FOREIGNER_2023, name_latin=latin, authority="", address="", nation_code="")
    assert protocol.decode_card(protocol.encode_card(foreigner)).name_latin == latin


def test_a_card_without_end_has_no_end() -> None:
    assert protocol.decode_card(protocol.encode_card(replace(CITIZEN, valid_until_on=None))).valid_until_on is None


def test_a_blank_end_is_not_taken_for_no_end() -> None:
    text = bytearray(protocol.encode_card(CITIZEN))
    text[204:220] = " ".encode("utf-16-le") * 8
    with pytest.raises(DeviceError, match="无法识别"):
        protocol.decode_card(bytes(text))


def test_a_date_that_is_none_is_told_with_what_the_card_says() -> None:
    text = bytearray(protocol.encode_card(CITIZEN))
    text[36:52] = "19900230".encode("utf-16-le")
    with pytest.raises(DeviceError) as caught:
        protocol.decode_card(bytes(text))
    assert "19900230" in caught.value.do
    assert "19900230" not in caught.value.what, "the log takes what happened"


def test_old_private_use_signs_are_folded_and_the_raw_bytes_kept() -> None:
    text = protocol.encode_card(replace(CITIZEN, name="样\ue863"))
    card = protocol.decode_card(text)
    assert card.name == "样䶮"
    assert card.raw_text == text
    assert not card.has_unreadable_signs


def test_folding_agrees_with_the_codec_wherever_the_codec_knows_the_public_sign() -> None:
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    known = 0
    for place, trail in enumerate(trails):
        public = bytes([0xFE, trail]).decode("gb18030")
        folded = protocol.fold_private_use(chr(0xE815 + place))
        assert not "\ue000" <= folded <= "\uf8ff"
        if not "\ue000" <= public <= "\uf8ff":
            known += 1
            assert folded == public
    assert known >= 66


def test_private_signs_without_a_public_one_ask_for_a_look() -> None:
    card = protocol.decode_card(protocol.encode_card(replace(CITIZEN, name="样\ue000")))
    assert card.name == "样\ue000"
    assert card.has_unreadable_signs


def test_a_rare_sign_beyond_the_basic_plane_survives() -> None:
    assert protocol.decode_card(protocol.encode_card(replace(CITIZEN, name="李𬭎"))).name == "李𬭎"


def test_a_rare_sign_cut_in_two_by_the_field_asks_for_a_look() -> None:
    text = bytearray(protocol.encode_card(CITIZEN))
    text[0:30] = ("样" * 14 + "𬭎").encode("utf-16-le")[:30]
    card = protocol.decode_card(bytes(text))
    assert card.name == "样" * 14 + "\ufffd"
    assert card.has_unreadable_signs


def test_a_name_too_long_for_its_field_is_not_written() -> None:
    with pytest.raises(ValueError, match="offset 0"):
        protocol.encode_card(replace(CITIZEN, name="样" * 16))


@pytest.mark.parametrize("data", [b"", b"\x01\x00\x04\x00", b"\x00\x10\x00\x00" + bytes(16), b"\x01\x00\x04\x00" + bytes(1279)])
def test_a_reading_whose_lengths_do_not_add_up_is_refused(data: bytes) -> None:
    with pytest.raises(DeviceError, match="不完整"):
        protocol.split_card_answer(data)


@given(st.integers(0, 255))
def test_every_status_has_a_sentence_in_three_parts(status: int) -> None:
    error = protocol.status_error(status)
    assert error.what.endswith("。")
    assert error.safe.endswith("。")
    assert error.do.endswith("。")


def test_an_unknown_status_is_named() -> None:
    assert "FB" in protocol.status_error(0xFB).what


def test_a_card_as_plain_values_has_no_photo_in_it() -> None:
    plain = as_plain(replace(CITIZEN, photo=bytes(1024)))
    assert isinstance(plain, dict)
    assert plain["birth_on"] == "1990-01-01"
    assert plain["kind"] == "citizen"
    assert plain["photo"]["size"] == 1024
