"""A scan as a file: its bytes and what they are, judged by their beginning and their size before anything is kept."""

from pathlib import Path

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

LARGEST_FILE = 20 * 1024 * 1024
"""Bytes; a scan of some pages has a tenth of it, and every file goes over the wire."""

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}


def read_scan(path: Path) -> tuple[bytes, str]:
    """A scan's content and its media type; raises `UserError` for what is not a JPEG, PNG or PDF of a bearable size."""
    try:
        is_file = path.is_file()
        size = path.stat().st_size
        content = path.read_bytes() if is_file and size <= LARGEST_FILE else b""
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(tr("文件打不开：{reason}").format(reason=reason), safe=tr("材料没有改动。"), do=tr("请核对路径和权限。")) from error
    if is_file and size > LARGEST_FILE:
        raise UserError(tr("文件有 {n} MB，太大了。").format(n=size >> 20), safe=tr("材料没有改动。"), do=tr("请扫成 20 MB 以内。"))
    return content, media_type_of(content, path.name)


def media_type_of(content: bytes, name: str) -> str:
    """What the bytes are; raises `UserError` for anything but the three."""
    for start, media_type in _MAGIC.items():
        if content.startswith(start):
            return media_type
    raise UserError(tr("{name} 不是 JPEG、PNG 或 PDF。").format(name=name), safe=tr("材料没有改动。"), do=tr("请换一个文件。"))
