"""Files of a case as pictures: scans as they are, PDFs page by page, and a clear word where there is nothing to see."""

from io import BytesIO
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from nbcase.domain.errors import Offline, UserError
from nbcase.operations.desk import Desk
from nbcase.operations.drafts import keep_draft_file
from nbcase.operations.pictures import page_picture


def two_pages() -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(200, 300))
    canvas.drawString(20, 20, "1")
    canvas.showPage()
    canvas.drawString(20, 20, "2")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_a_scan_comes_back_as_it_is(desk: Desk) -> None:
    file = keep_draft_file(desk, "job_proof", b"\xff\xd8\xff picture", "image/jpeg")
    assert page_picture(desk, file.hash).content == b"\xff\xd8\xff picture"


def test_a_pdf_shows_each_of_its_pages(desk: Desk) -> None:
    file = keep_draft_file(desk, "job_proof", two_pages(), "application/pdf")
    first, second = page_picture(desk, file.hash), page_picture(desk, file.hash, 1)
    assert first.content.startswith(b"\x89PNG")
    assert first.page_count == second.page_count == 2
    assert first.content != second.content


def test_what_cannot_be_seen_says_why(desk: Desk) -> None:
    broken = keep_draft_file(desk, "job_proof", b"%PDF-1.4 nonsense", "application/pdf")
    with pytest.raises(UserError, match="打不开"):
        page_picture(desk, broken.hash)
    with pytest.raises(UserError, match="没有这份文件"):
        page_picture(desk, "0" * 64)


def test_a_scan_of_another_desk_says_that_it_opens_with_the_line(desk: Desk, centre: Any) -> None:
    centre.is_reachable = False
    with pytest.raises(Offline) as raised:
        page_picture(desk, "0" * 64)
    assert (raised.value.what, raised.value.do) == ("这份文件是在另一台电脑办理的，本机没有。", "联网后可打开。")
