"""Sample cards through the real engine: photographed, turned, dim, and things that are no card."""

import json
import pickle
import random
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from nbcase.devices.contract import DocumentType, ReadDocument, Side, as_plain
from nbcase.devices.document_reader import DocumentReader
from nbcase.devices.mrz import Layout
from nbcase.devices.sample_card import FLAT, TILTED_PHOTO, SamplePerson, Shot, draw_back, draw_front, photograph, write_sample
from nbcase.domain.errors import UserError
from nbcase.domain.identity import SYNTHETIC_AREA, make_number
from nbcase.domain.resources import resource_path
from tests.benchmarks import mrz, ocr
from tests.parts.cardpictures import front_of, people
from tests.parts.cardpictures import picture_of as card_under
from tests.parts.zonepictures import holders, page_of, picture_of, written

TODAY = date(2026, 11, 24)
LIN = SamplePerson()
SHE = SamplePerson(
    name="李四",
    sex="男",
    nation="畲",
    birth_on=date(2001, 10, 10),
    address="浙江省宁波市鄞州区样例街道鄞县大道1299弄16号楼2单元1103室",
    number=make_number(SYNTHETIC_AREA, date(2001, 10, 10), 3),
    valid_until_on=None,
)


@pytest.fixture(scope="module")
def reader() -> DocumentReader:
    return DocumentReader()


def encoded(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def values(document: ReadDocument) -> dict[str, str]:
    return {key: field.value for key, field in document.fields.items()}


@pytest.mark.parametrize(
    ("person", "shot"),
    [
        (LIN, FLAT),
        (SHE, TILTED_PHOTO),
        (LIN, Shot(on_desk=True, tilt=5, light=0.42)),
        (SHE, Shot(on_desk=True, tilt=3, blur=2.6)),
        (LIN, Shot(on_desk=True, tilt=90)),
        (SHE, Shot(on_desk=True, tilt=180)),
        (SHE, Shot(on_desk=True, tilt=4, desk_size=(800, 600))),
    ],
)
def test_a_photographed_front_fills_the_form(reader: DocumentReader, person: SamplePerson, shot: Shot) -> None:
    document = reader.read(encoded(photograph(draw_front(person), shot)), TODAY)
    assert document.side is Side.FRONT
    assert document.problems == ()
    assert values(document) == {
        "name": person.name,
        "sex_code": "2" if person.sex == "女" else "1",
        "nation_code": "01" if person.nation == "汉" else "22",
        "birth_on": person.birth_on.isoformat(),
        "address": person.address,
        "number": person.number,
    }
    looks = {key for key, field in document.fields.items() if field.needs_look}
    assert "name" in looks
    assert looks <= {"name", "nation_code"}
    assert all(check.passed for check in document.checks)
    assert document.confidence == min(field.confidence for field in document.fields.values())


@pytest.mark.parametrize(("person", "shot", "end"), [(LIN, TILTED_PHOTO, "2041-03-09"), (SHE, Shot(on_desk=True, tilt=178), "")])
def test_a_photographed_back_gives_authority_and_validity(reader: DocumentReader, person: SamplePerson, shot: Shot, end: str) -> None:
    document = reader.read(encoded(photograph(draw_back(person), shot)), TODAY)
    assert document.side is Side.BACK
    assert values(document) == {"authority": person.authority, "valid_from_on": "2021-03-09", "valid_until_on": end}


def test_the_picture_that_comes_back_is_upright_and_the_boxes_are_on_it(reader: DocumentReader) -> None:
    document = reader.read(encoded(photograph(draw_front(LIN), Shot(on_desk=True, tilt=180))), TODAY)
    with Image.open(BytesIO(document.picture)) as picture:
        assert picture.size == (document.width, document.height) == (1011, 638)
        difference = ImageChops.difference(picture.convert("L"), draw_front(LIN).convert("L"))
        assert ImageStat.Stat(difference).mean[0] < 10
    left, top = document.fields["number"].box[0]
    assert top > 500
    assert 280 < left < 400
    assert document.fields["name"].box[0][1] < 150


def test_a_card_on_white_paper_is_read_from_the_whole_picture(reader: DocumentReader) -> None:
    sheet = Image.new("RGB", (1100, 1100), (226, 236, 240))
    sheet.paste(draw_front(LIN), (40, 200))
    for turned in (sheet, sheet.rotate(90), sheet.rotate(270)):
        document = reader.read(encoded(turned), TODAY)
        assert "card_not_found" in [problem.key for problem in document.problems]
        assert values(document)["number"] == LIN.number
        assert values(document)["name"] == LIN.name
        assert values(document)["address"].startswith(LIN.address)


def test_a_name_the_engine_cannot_know_is_never_passed_as_sure(reader: DocumentReader) -> None:
    document = reader.read(encoded(draw_front(SamplePerson(name="覃𬭎"))), TODAY)
    assert document.fields["name"].needs_look


def test_a_picture_of_no_card_says_so(reader: DocumentReader) -> None:
    noise = Image.frombytes("L", (640, 480), random.Random(7).randbytes(640 * 480)).convert("RGB")
    document = reader.read(encoded(noise), TODAY)
    assert document.side is Side.UNKNOWN
    assert "not_recognised" in [problem.key for problem in document.problems]


def test_a_mirrored_card_gives_no_sure_number(reader: DocumentReader) -> None:
    document = reader.read(encoded(ImageOps.mirror(draw_front(LIN))), TODAY)
    assert "number" not in document.fields or document.fields["number"].needs_look


def test_a_file_is_read_by_its_path_and_its_plain_form_has_no_picture_in_it(reader: DocumentReader, tmp_path: Path) -> None:
    path = tmp_path / "card.png"
    write_sample(path, LIN)
    plain = as_plain(reader.read(path, TODAY))
    assert isinstance(plain, dict)
    assert plain["side"] == "front"
    assert plain["fields"]["number"]["value"] == LIN.number
    assert set(plain["picture"]) == {"size", "sha256"}


def test_what_is_no_picture_is_refused_without_loading_the_engine() -> None:
    fresh = DocumentReader()
    with pytest.raises(UserError, match="不是能识别的图片"):
        fresh.read(b"no picture")
    assert not fresh.engine.is_loaded


def test_a_document_survives_the_way_out_of_a_worker_process(reader: DocumentReader) -> None:
    document = reader.read(encoded(draw_back(LIN)), TODAY)
    assert pickle.loads(pickle.dumps(document)) == document


def test_the_benchmark_still_runs_and_lets_no_wrong_number_pass(capsys: pytest.CaptureFixture[str]) -> None:
    ocr.main(["--json", "--people", "1"])
    result = json.loads(capsys.readouterr().out)
    assert result["wrong_sure"] == 0
    assert result["ratio"] > 0
    assert {"name", "figure", "unit", "yardstick", "ratio", "sizes", "versions"} <= set(result)


def test_a_name_is_read_again_from_its_own_line(reader: DocumentReader) -> None:
    document = reader.read(encoded(draw_front(LIN)), TODAY)
    text, confidence = reader.read_again(document.picture, document.fields["name"].box)
    assert text == LIN.name
    assert 0.5 < confidence <= 1
    assert reader.read_again(b"no picture", document.fields["name"].box) == ("", 0.0)


@pytest.mark.parametrize(("layout", "kind"), [(Layout.TD3, "passport"), (Layout.TD1, "hk_macao_pass")])
def test_a_photographed_page_gives_what_its_zone_says(reader: DocumentReader, layout: Layout, kind: str) -> None:
    holder = holders(1, 5, layout)[0]
    document = reader.read(picture_of(written(holder, layout), layout, "tilted", random.Random(3)), TODAY)
    assert document.document_kind == kind
    assert document.fields["number"].value == holder.number
    assert document.fields["birth_on"].value == holder.birth_on.isoformat()
    assert document.fields["name_latin"].needs_look
    assert all(check.passed for check in document.checks if check.key.startswith("mrz_"))


def test_a_page_on_its_head_is_not_mistaken_for_a_zone_that_runs_the_other_way(reader: DocumentReader) -> None:
    holder = holders(2, 6, Layout.TD3)[1]
    page = Image.fromarray(page_of(written(holder, Layout.TD3), Layout.TD3)[:, :, ::-1]).rotate(180)
    assert reader.read(encoded(page), TODAY).fields["number"].value == holder.number


def test_a_lease_and_a_household_page_come_as_text(reader: DocumentReader) -> None:
    sheet = Image.new("RGB", (1240, 1754), "white")
    pen = ImageDraw.Draw(sheet)
    face = ImageFont.truetype(str(resource_path("fonts/NotoSansSC-Regular.ttf")), 34)
    rows = ("房屋租赁合同", "出租方：样例一", "承租方：样例二", "租赁期限：2026年1月1日至2026年12月31日", "租金：每月1000元")
    for row, text in enumerate(rows):
        pen.text((150, 200 + 90 * row), text, font=face, fill="black")
    document = reader.read(encoded(sheet.rotate(4, expand=True, fillcolor="white")), TODAY)
    assert document.type is DocumentType.LEASE
    assert [text.replace(":", "：").replace(" ", "") for text in document.text] == list(rows)


def test_glare_over_a_field_is_told_and_makes_it_doubtful(reader: DocumentReader) -> None:
    front = draw_front(LIN)
    ImageDraw.Draw(front).ellipse((300, 300, 560, 380), fill="white")
    document = reader.read(encoded(front), TODAY)
    assert "glare" in [problem.key for problem in document.problems]
    assert document.fields["address"].needs_look
    assert not document.fields["number"].needs_look


@pytest.mark.parametrize("condition", ["white_desk", "hand", "glare", "turned"])
def test_a_card_is_read_on_a_white_desk_and_in_a_hand(reader: DocumentReader, condition: str) -> None:
    dice = random.Random(11)
    person = people(1, 11)[0]
    document = reader.read(card_under(front_of(person, dice), condition, dice), TODAY)
    assert document.fields["number"].value == person.number


def test_a_card_whose_own_number_is_wrong_is_never_sure(reader: DocumentReader) -> None:
    wrong = LIN.number[:16] + str((int(LIN.number[16]) + 2) % 10) + LIN.number[17]
    document = reader.read(encoded(draw_front(SamplePerson(number=wrong))), TODAY)
    assert document.fields["number"].needs_look
    assert [check.passed for check in document.checks if check.key == "checksum"] == [False]


def test_the_zone_benchmark_still_runs(capsys: pytest.CaptureFixture[str]) -> None:
    mrz.main(["--json", "--documents", "1"])
    result = json.loads(capsys.readouterr().out)
    assert result["wrong_sure"] == 0
    assert {"name", "figure", "unit", "yardstick", "ratio", "sizes", "versions"} <= set(result)
