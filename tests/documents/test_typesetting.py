"""Chinese lines: where they break and how text is made to fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.documents.layout import TextStyle
from nbcase.documents.typesetting import DoesNotFit, clean, fit, pieces, width, words, wrap

STYLE = TextStyle(face="sans", size=12, least=6)
SIGNS = st.text(alphabet="宁波市鄞州区〇𬭎，。、《》（）“”·—…7A0b1 -:", max_size=60)


@given(text=SIGNS, room=st.integers(min_value=4, max_value=30))
def test_nothing_is_lost_and_no_line_is_wider_than_its_room(text: str, room: int) -> None:
    lines = wrap(text, "sans", 0.0, float(room))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line, "sans", 0.0) <= room for line in lines)


@given(text=st.text(alphabet="宁波市，。《》（）、！·", max_size=60).filter(lambda text: "宁" in text))
def test_lines_break_only_where_words_end(text: str) -> None:
    ends, at = set(), 0
    for word in words(text):
        at += len(word)
        ends.add(at)
    at = 0
    for line in wrap(text, "sans", 0.0, 100.0):
        at += len(line)
        assert at in ends


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("申请人，请在窗口办理", 3.4, ("申请", "人，请", "在窗口", "办理")),
        ("依据《居住证暂行条例》", 3.0, ("依据", "《居住", "证暂行", "条例》")),
        ("到2026-11-24止", 7.0, ("到2026-11-24", "止")),
        ("阿依古丽·买买提", 4.0, ("阿依古", "丽·买买", "提")),
    ],
)
def test_no_line_starts_with_a_closing_mark_nor_ends_with_an_opening_one(text: str, room: float, lines: tuple[str, ...]) -> None:
    assert wrap(text, "sans", 0.0, room) == lines


def test_a_word_longer_than_the_line_is_cut_rather_than_run_over_the_edge() -> None:
    assert "".join(wrap("CHRISTOPHERSON-WOLLSTONECRAFT", "sans", 0.0, 6.0)) == "CHRISTOPHERSON-WOLLSTONECRAFT"


def test_neighbouring_marks_share_their_blank_halves() -> None:
    assert width("甲》，乙", "sans", 0.0) == pytest.approx(3.5)


def test_an_opening_mark_at_the_start_stands_flush() -> None:
    assert next(pieces("《条例》")).gap == -0.5


def test_chinese_and_latin_signs_get_air_that_no_reader_takes_for_a_space() -> None:
    gaps = [piece.gap for piece in pieces("小区7幢")]
    assert gaps == [0.0, 0.09, 0.09]
    assert max(gaps) < 0.1


def test_a_short_text_keeps_its_size() -> None:
    block = fit("赵试一", STYLE, 100, 20)
    assert (block.size, block.lines) == (12, ("赵试一",))


def test_a_text_a_little_too_long_shrinks_on_one_line() -> None:
    block = fit("赵试一二三四五六七八", STYLE, 110, 40)
    assert len(block.lines) == 1
    assert 9.6 <= block.size < 12


def test_a_long_text_goes_on_on_a_second_line() -> None:
    block = fit("黔西南布依族苗族自治州兴义市", STYLE, 110, 40)
    assert len(block.lines) == 2
    assert block.size == 12


def test_a_text_that_cannot_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(DoesNotFit):
        fit("字" * 200, STYLE, 60, 20)


@given(text=st.text(alphabet="宁波市鄞州区首南街道12号", min_size=1, max_size=60))
def test_what_fits_stays_inside_its_place(text: str) -> None:
    try:
        block = fit(text, STYLE, 120, 30)
    except DoesNotFit:
        return
    assert block.height <= 30 or len(block.lines) == 1
    assert all(width(line, "sans", 0.0) * block.size <= 120 for line in block.lines)


def test_invisible_signs_are_dropped_but_a_name_is_not_normalised() -> None:
    assert clean("葛\U000e0100城\u200b\x07") == "葛城"
    assert clean("\ufa0e") == "\ufa0e"
    assert clean("\uf9d8") == "\uf9d8"


def test_a_name_of_several_parts_breaks_between_them() -> None:
    name = "阿卜杜热合曼·买买提吐尔逊江·阿卜力孜"
    assert wrap(name, "sans", 0.0, 17.0) == ("阿卜杜热合曼·", "买买提吐尔逊江·阿卜力孜")
    assert wrap(name, "sans", 0.0, 20.0) == (name,)
