"""Files of a case as pictures: a page of a PDF or a scan as it is, for eyes that compare it with the record."""

from dataclasses import dataclass

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.files import need_file

_DPI = 120
"""A sheet of A4 is 990 pixels wide then: as wide as the review page shows it at twice its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """One page as PNG or JPEG bytes, and how many pages its file has."""

    content: bytes
    page_count: int = 1


def page_picture(desk: Desk, content_hash: str, page: int = 0) -> PagePicture:
    """A page of a kept file, from 0; raises `UserError` where the file cannot be had or cannot be read."""
    return picture_of(need_file(desk, content_hash), page)


def picture_of(content: bytes, page: int = 0) -> PagePicture:
    """A page of a file's content; a picture is given back as it is."""
    if not content.startswith(b"%PDF-"):
        return PagePicture(content=content)
    from nbcase.documents.raster import pdfium_turn
    from nbcase.documents.render import pages_as_png

    try:
        with pdfium_turn:
            pages = pages_as_png(content, _DPI)
    except RuntimeError as error:  # pypdfium2 raises its own subclass for a damaged file
        raise UserError(tr("这份 PDF 打不开。"), safe=tr("办件没有改动。"), do=tr("请要求补充一份清晰的材料。")) from error
    return PagePicture(content=pages[min(page, len(pages) - 1)], page_count=len(pages))
