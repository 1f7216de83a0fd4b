"""Papers as they come out: read back as a reader program, a camera and a clerk would."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops

from nbcase.documents.layout import PAGE_FIELDS, PLACEHOLDER, FieldElement, Layout, TextElement, layout_codes, load_layout
from nbcase.documents.render import Rendered, pages_as_png, render
from nbcase.documents.values import Values
from nbcase.domain.errors import UserError

RARE = "李𬭎䶮㛃𫍯"
LONG = "阿卜杜外力·买买提吐尔逊·艾海提江"
CODES = layout_codes()


def squeezed(text: str) -> str:
    return "".join(text.split())


def poppler(program: str, pdf: bytes, folder: Path, *options: str) -> str:
    """What a program of poppler says of a paper."""
    path = folder / "paper.pdf"
    path.write_bytes(pdf)
    target = ["-"] if program == "pdftotext" else []
    return subprocess.run([program, *options, str(path), *target], capture_output=True, check=True, text=True, encoding="utf-8").stdout


def read_text(pdf: bytes, folder: Path) -> str:
    return squeezed(poppler("pdftotext", pdf, folder))


def printed(code: str, *, specimen: bool = False, **changes: object) -> Rendered:
    """A paper with its sample values and these changes."""
    layout = load_layout(code)
    return render(layout, layout.samples() | changes, specimen=specimen)


def words_shown(layout: Layout, values: Mapping[str, object]) -> Iterator[str]:
    """The words of every field that some element of this paper, with these values, prints."""
    filled = Values(layout, values, specimen=False)
    for element in layout.elements:
        if isinstance(element, TextElement | FieldElement) and filled.holds(element.when):
            keys = PLACEHOLDER.findall(element.text) or ([element.field] if isinstance(element, FieldElement) else [])
            yield from (squeezed(filled.text(key)) for key in keys if key not in PAGE_FIELDS)


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("code", CODES)
def test_every_field_can_be_read_from_the_file(code: str, flags: bool, tmp_path: Path) -> None:
    layout = load_layout(code)
    values = layout.samples() | {name_key(layout): RARE} | {field.key: flags for field in layout.fields if field.kind == "flag"}
    words = read_text(render(layout, values, specimen=False).pdf, tmp_path)
    expected = list(words_shown(layout, values))
    assert RARE in expected
    assert [text for text in expected if text not in words] == []


@pytest.mark.parametrize("code", CODES)
def test_the_rows_of_tables_can_be_read_from_the_file(code: str, tmp_path: Path) -> None:
    layout = load_layout(code)
    words = read_text(printed(code).pdf, tmp_path)
    for element in layout.elements:
        columns = [column.key for column in getattr(element, "columns", ())]
        rows = layout.samples()[element.field] if columns else []
        for row in rows:
            for key in columns:
                # A cell of several lines is read line by line, between its neighbours' lines.
                text = squeezed(str(row[key]))
                assert text[:6] in words


@pytest.mark.parametrize("name", [RARE, LONG, "买买提江·阿卜杜热合曼", "欧阳"])
@pytest.mark.parametrize("code", ["acceptance-receipt", "acceptance-receipt-80", "permit-confirmation"])
def test_names_of_all_kinds_can_be_read_and_searched(code: str, name: str, tmp_path: Path) -> None:
    assert name in read_text(printed(code, **{name_key(load_layout(code)): name}).pdf, tmp_path)


@pytest.mark.parametrize("code", CODES)
def test_the_same_values_give_the_same_bytes(code: str) -> None:
    first, second = printed(code), printed(code)
    assert first.pdf == second.pdf
    assert first.sha256 == second.sha256


def test_other_values_give_other_bytes() -> None:
    assert printed("residence-voucher").sha256 != printed("residence-voucher", name="赵试一").sha256


@pytest.mark.parametrize("code", CODES)
def test_all_fonts_are_embedded_and_searchable(code: str, tmp_path: Path) -> None:
    lines = poppler("pdffonts", printed(code, specimen=True).pdf, tmp_path).splitlines()[2:]
    assert lines
    for line in lines:
        embedded, subset, searchable = line.split()[-5:-2]
        assert (embedded, subset, searchable) == ("yes", "yes", "yes"), line


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("specimen", [True, False])
def test_no_word_leaves_the_page(code: str, specimen: bool, tmp_path: Path) -> None:
    layout = load_layout(code)
    boxes = poppler("pdftotext", printed(code, specimen=specimen, **provisional(layout)).pdf, tmp_path, "-bbox")
    wide, high = map(float, re.findall(r'<page width="([\d.]+)" height="([\d.]+)"', boxes)[0])
    words = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', boxes)
    assert len(words) > 20
    for left, top, right, bottom in (tuple(map(float, word)) for word in words):
        assert left >= 0
        assert top >= 0
        assert right <= wide
        assert bottom <= high


def name_key(layout: Layout) -> str:
    """The field for a person's name; an inner paper has only the clerk's, a public list its signers'."""
    return next(key for key in ("name", "applicant", "clerk", "signers") if layout.field(key))


def provisional(layout: Layout) -> dict[str, object]:
    return {"provisional": True} if layout.field("provisional") else {}


@pytest.mark.parametrize("code", CODES)
def test_the_code_is_read_back_at_150_dpi(code: str) -> None:
    (page,) = pages_as_png(printed(code, specimen=True).pdf, 150)
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(page)))
    assert found.text == load_layout(code).samples()["qr_text"]


def test_a_code_too_dense_for_a_camera_is_refused() -> None:
    with pytest.raises(UserError, match="二维码"):
        printed("residence-voucher", qr_text="N" * 700)


def test_every_page_is_of_the_size_its_layout_says() -> None:
    (page,) = pages_as_png(printed("permit-confirmation").pdf, 254)
    assert Image.open(BytesIO(page)).size == pytest.approx((2100, 2970), abs=1)


def test_the_receipt_from_the_roll_is_cut_after_its_last_line() -> None:
    few = Image.open(BytesIO(pages_as_png(printed("acceptance-receipt-80").pdf, 254)[0]))
    rows = [{"number": number, "name": "身份证", "source": "读卡"} for number in range(1, 11)]
    many = Image.open(BytesIO(pages_as_png(printed("acceptance-receipt-80", materials=rows).pdf, 254)[0]))
    # Seven rows of 5.6 mm more, ten pixels a millimetre.
    assert many.height - few.height == pytest.approx(392, abs=2)
    assert few.width == pytest.approx(800, abs=1)


def test_a_missing_value_is_refused_by_its_label() -> None:
    with pytest.raises(UserError, match="居住地址"):
        printed("permit-confirmation", residence_address="")


def test_a_value_that_cannot_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(UserError, match="居住地址"):
        printed("permit-confirmation", residence_address="锦绣里小区" * 60)


def test_a_value_no_layout_declares_is_a_bug() -> None:
    with pytest.raises(TypeError, match="nickname"):
        printed("permit-confirmation", nickname="小丽")


def test_what_is_not_known_is_said_and_never_invented(tmp_path: Path) -> None:
    words = read_text(printed("permit-confirmation").pdf, tmp_path)
    assert "（由签发系统给出）" in words
    assert "（由签发机关填写）" in words


def test_a_long_list_goes_on_on_further_pages_and_loses_nothing(tmp_path: Path) -> None:
    rows = [{"number": number, "name": f"材料第{number}号", "source": "扫描", "remark": ""} for number in range(1, 13)]
    paper = printed("acceptance-receipt", materials=rows)
    words = read_text(paper.pdf, tmp_path)
    assert paper.pages == 3
    assert "第1页，共3页" in words
    assert "第3页，共3页" in words
    assert all(f"材料第{number}号" in words for number in range(1, 13))


def test_signatures_and_seal_stand_on_the_last_page_only(tmp_path: Path) -> None:
    rows = [{"number": number, "name": "相片", "how": "自带", "basis": "第九条"} for number in range(1, 10)]
    paper = printed("one-time-notice", missing=rows)
    assert paper.pages == 2
    assert read_text(paper.pdf, tmp_path).count("申请人签收") == 1


def test_a_specimen_says_so_and_a_real_paper_does_not(tmp_path: Path) -> None:
    specimen = read_text(printed("permit-confirmation", specimen=True).pdf, tmp_path)
    real = read_text(printed("permit-confirmation").pdf, tmp_path)
    assert "样张" in specimen
    assert "样章" in specimen
    assert "样" not in real
    assert "盖章处" in real


@pytest.mark.parametrize("code", [code for code in CODES if load_layout(code).field("provisional")])
def test_a_provisional_paper_shows_the_mark_and_what_it_means(code: str, tmp_path: Path) -> None:
    words = read_text(printed(code, provisional=True).pdf, tmp_path)
    assert "未能连接中心" in words
    assert words.count("暂") > read_text(printed(code).pdf, tmp_path).count("暂") + 1
    assert "未能连接中心" not in read_text(printed(code).pdf, tmp_path)


def test_a_provisional_confirmation_does_not_claim_to_be_checked(tmp_path: Path) -> None:
    assert "与中心核对一致，核对时间" not in read_text(printed("permit-confirmation", provisional=True).pdf, tmp_path)


def test_a_tentative_limit_is_marked_beside_its_date(tmp_path: Path) -> None:
    words = read_text(printed("acceptance-receipt", promised_due_on=date(2027, 1, 4), promised_tentative=True).pdf, tmp_path)
    assert "2027年1月4日（暂定）" in words


def test_a_limit_nobody_set_is_not_given_a_date(tmp_path: Path) -> None:
    words = read_text(printed("acceptance-receipt", promised_limit=None, promised_due_on=None).pdf, tmp_path)
    assert "未承诺" in words
    assert "未承诺，至" not in words


def test_receipts_mask_the_number_even_when_the_caller_did_not(tmp_path: Path) -> None:
    words = read_text(printed("acceptance-receipt").pdf, tmp_path)
    assert "330299********204X" in words
    assert "33029919900318204X" not in words


def test_a_sign_no_font_has_is_drawn_as_a_box_and_warned_of() -> None:
    sign = "\U0010fffd"
    paper = printed("residence-voucher", name=f"李{sign}")
    assert paper.warnings == (sign,)
    with_box = Image.open(BytesIO(pages_as_png(paper.pdf, 100)[0])).convert("L")
    without = Image.open(BytesIO(pages_as_png(printed("residence-voucher", name="李").pdf, 100)[0])).convert("L")
    assert ImageChops.difference(with_box, without).getbbox() is not None


def test_a_photo_is_drawn_in_its_place() -> None:
    buffer = BytesIO()
    Image.new("RGB", (358, 441), (10, 120, 40)).save(buffer, "PNG")
    page = pages_as_png(printed("permit-confirmation", photo=buffer.getvalue()).pdf, 72)[0]
    red, green, blue = Image.open(BytesIO(page)).convert("RGB").getpixel((round(171.5 / 25.4 * 72), round(72 / 25.4 * 72)))
    assert green > 100 > max(red, blue)


def test_an_instant_is_printed_in_the_time_of_china(tmp_path: Path) -> None:
    assert "2026-11-2416:21:33" in read_text(printed("acceptance-receipt").pdf, tmp_path)


def test_every_text_of_a_layout_is_chinese_or_a_place_for_a_value() -> None:
    for code in CODES:
        for element in load_layout(code).elements:
            if isinstance(element, TextElement):
                assert not re.search(r"[A-Za-z]", re.sub(r"\{\w+\}", "", element.text)), element.text
