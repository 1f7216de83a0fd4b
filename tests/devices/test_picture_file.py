"""Opening picture files: limits before decoding, every kind of colour, and a sentence for whatever is no picture."""

import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from nbcase.devices.picture_file import MOST_BYTES, open_picture
from nbcase.devices.sample_card import SamplePerson, draw_front
from nbcase.domain.errors import UserError

FRONT = draw_front(SamplePerson())


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def refusal(source: Path | bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        open_picture(source)
    assert caught.value.what.endswith("。")
    assert caught.value.safe.endswith("。")
    assert caught.value.do.endswith("。")
    return caught.value


SMALL_JPEG = encoded(FRONT.resize((400, 252)))
SMALL_PNG = encoded(FRONT.resize((400, 252)), "PNG")


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_every_kind_of_colour_is_understood(mode: str) -> None:
    deep = FRONT.convert("L").convert("I").point(lambda light: light * 256).convert("I;16")
    image = deep if mode == "I;16" else FRONT.convert(mode)
    found = open_picture(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert 150 < found.mean() < 245


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (1011, 638), (0, 0, 0, 0))
    image.paste(FRONT.crop((0, 0, 600, 300)), (0, 0))
    assert open_picture(encoded(image, "PNG"))[-5, -5].tolist() == [255, 255, 255]


def huge_png(width: int, height: int) -> bytes:
    """A few bytes that promise a very large picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize(("width", "height"), [(10_000, 6_001), (60_000, 60_000)])
def test_a_huge_picture_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    assert f"{width}×{height}" in refusal(huge_png(width, height)).what


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert "41 MB" in refusal(path).what


def test_huge_bytes_are_refused_too() -> None:
    assert "太大" in refusal(bytes(MOST_BYTES + 1)).what


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空的"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x00\x00\x00\x18ftypheic....", "HEIC"),
        (b"hello, world", "不是能识别的图片"),
        (b"GIF89a......", "不是能识别的图片"),
        (b"\xff\xd8\xff", "损坏"),
        (b"\x89PNG\r\n\x1a\n", "损坏"),
        (b"BM", "损坏"),
        (SMALL_JPEG[: len(SMALL_JPEG) // 2], "损坏"),
        (SMALL_PNG[: len(SMALL_PNG) // 2], "损坏"),
        (encoded(Image.new("RGB", (100, 100), "red")), "太小"),
        (encoded(Image.new("RGB", (600, 400), "black")), "全黑"),
        (encoded(Image.new("RGB", (600, 400), "white")), "空白"),
    ],
)
def test_whatever_is_no_usable_picture_gets_its_own_sentence(data: bytes, words: str) -> None:
    assert words in refusal(data).what


def test_a_missing_file_a_folder_and_an_impossible_name_are_told_apart(tmp_path: Path) -> None:
    assert "找不到" in refusal(tmp_path / "none.jpg").what
    assert "不是文件" in refusal(tmp_path).what
    assert "打不开" in refusal(Path("a\0b.jpg")).what


def test_a_compressed_note_that_would_fill_the_memory_is_refused() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("comment", "a" * 80_000_000, zip=True)
    assert "损坏" in refusal(encoded(FRONT, "PNG", pnginfo=notes)).what


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"]), st.binary(max_size=400))
def test_any_bytes_are_a_picture_or_a_sentence(magic: bytes, rest: bytes) -> None:
    with suppress(UserError):
        open_picture(magic + rest)


@settings(deadline=None)
@given(st.sampled_from([SMALL_JPEG, SMALL_PNG]), st.data())
def test_a_damaged_picture_is_a_picture_or_a_sentence(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UserError):
        open_picture(bytes(damaged))


_MEASURED = """
import resource, sys
from pathlib import Path
from nbcase.devices.picture_file import open_picture
from nbcase.domain.errors import UserError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_picture(Path(sys.argv[1]))
except UserError as error:
    assert error.what and error.safe and error.do
    print("refused", end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def growth_of(path: Path) -> tuple[str, int]:
    """What became of a picture in a process of its own, and by how many MB that process grew at most."""
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, encoding="utf-8", check=True)
    words = done.stdout.split()
    return words[0], int(words[-1])


@pytest.mark.parametrize("kind", ["jpg", "png", "bmp"])
def test_a_hundred_megapixels_are_refused_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"huge.{kind}"
    if kind == "bmp":
        path.write_bytes(b"BM" + struct.pack("<IHHIIIIHHIIIIII", 54, 0, 0, 54, 40, 12_000, 9_000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(1000))
    else:
        Image.new("L", (12_000, 9_000), 128).save(path, quality=30)
    verdict, grown = growth_of(path)
    assert verdict == "refused"
    assert grown < 60


def test_a_large_photograph_of_a_phone_is_opened_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    FRONT.resize((8_000, 6_000)).save(path, quality=60)
    verdict, grown = growth_of(path)
    assert verdict != "refused"
    assert grown < 150
