"""One delivery of one department: a data file with a manifest that says what it is, how many rows and which bytes."""

import hashlib
import re
from pathlib import Path
from typing import Literal

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

MANIFEST = "manifest.json"
NUMBER = "document_number"
"""The column that says whose row it is, in every delivery."""

CHUNK = 1 << 20
MOST_REVISIONS = 999
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class DeliveryError(UserError):
    """A delivery that is not taken in; nothing of it is used."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a department says of its file. `period` is the month it describes, ``2026-10``; a corrected delivery of the same month
    has a higher `revision`. `sha256` is of the file's bytes; `scheme` names the catalogue whose tables it follows.
    """

    scheme: str
    table: str
    period: str
    revision: int
    file: str
    format: Literal["parquet", "csv"]
    rows: int
    sha256: str
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    department: str = ""

    @property
    def key(self) -> str:
        """Period and revision, as text in the order in which deliveries follow each other: three digits are what it has room for."""
        return f"{self.period}-r{self.revision:03d}"


def read_manifest(folder: Path) -> Manifest:
    """The delivery's manifest. Raises `DeliveryError` when it cannot be what it says it is."""
    path = folder / MANIFEST
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise refused(folder, tr("没有 {file}：{text}").format(file=MANIFEST, text=error.strerror or error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(folder, tr("{file} 不合格式：{text}").format(file=MANIFEST, text=error)) from error
    if not _PERIOD.fullmatch(found.period) or not 1 <= found.revision <= MOST_REVISIONS or found.rows < 0:
        raise refused(folder, tr("period、revision 或 rows 的写法不对。"))
    if Path(found.file).name != found.file or found.file.startswith("."):
        raise refused(folder, tr("file 只能是同一文件夹里的文件名。"))
    return found


def check_bytes(folder: Path, manifest: Manifest) -> None:
    """Refuse a file that is not the one of the manifest: cut off, changed, another one."""
    try:
        found = file_hash(folder / manifest.file)
    except OSError as error:
        raise refused(folder, tr("读不到 {file}：{text}").format(file=manifest.file, text=error.strerror or error)) from error
    if found != manifest.sha256:
        raise refused(folder, tr("{file} 的校验值与清单不符，可能没有传完。").format(file=manifest.file))


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside its file."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def refused(folder: Path, what: str) -> DeliveryError:
    """The refusal of a delivery as a whole."""
    return DeliveryError(
        tr("{name} 没有收下：{what}").format(name=folder.name, what=what),
        safe=tr("以前收下的数据没有改动。"),
        do=tr("请部门核对后重新送来。"),
    )
