"""A sealed file from a stick, brought to the centre by any desk that is online. The desk cannot read it, and need not."""

import hashlib
from pathlib import Path

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import sealed_receipt_bytes
from nbcase.crypto.sealed_file import MAGIC
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.messages import SealedReceipt
from nbcase.sync.client import CentreClient
from nbcase.sync.files import Outgoing, send_content

MEDIA_TYPE = "application/vnd.nbcase.sealed"


def import_sealed(client: CentreClient, path: Path, centre_public_key: str) -> SealedReceipt:
    """Send the file as it is, in pieces that go on where they were cut, and bring back the centre's signed receipt.

    Again for the same file is no harm. Raises `Offline`, or `UserError` for what is no sealed file, what the centre refuses
    and a receipt that the centre has not signed.
    """
    file = _described(path)

    def read(offset: int, most: int) -> bytes:
        with path.open("rb") as source:
            source.seek(offset)
            return source.read(most)

    send_content(client, Outgoing(file=file, read=read, check=lambda: _check_same(path, file)))
    receipt = client.take_in_sealed(file.hash)
    signed = sealed_receipt_bytes(
        desk_id=receipt.desk_id, count=receipt.count, digest=receipt.digest, content_hash=receipt.content_hash, at=receipt.at
    )
    if receipt.content_hash != file.hash or not is_signed(centre_public_key, signed, receipt.signature):
        raise UserError(tr("中心的回执签名不对。"), safe=tr("U 盘上的文件没有改动。"), do=tr("请联系管理员核对中心。"))
    return receipt


def _described(path: Path) -> Attachment:
    try:
        with path.open("rb") as source:
            if source.read(len(MAGIC)) != MAGIC:
                raise UserError(
                    tr("这不是密封文件：{name}").format(name=path.name), safe=tr("没有发送任何内容。"), do=tr("请选 .nbseal 结尾的文件。")
                )
            source.seek(0)
            digest = hashlib.file_digest(source, "sha256").hexdigest()
            return Attachment(hash=digest, size=source.tell(), media_type=MEDIA_TYPE)
    except OSError as error:
        raise UserError(
            tr("文件读不出来：{text}").format(text=error.strerror or str(error)),
            safe=tr("没有改动任何数据。"),
            do=tr("请换一个 U 盘接口再试。"),
        ) from error


def _check_same(path: Path, file: Attachment) -> None:
    if _described(path).hash != file.hash:
        raise UserError(tr("文件在导入时变了。"), safe=tr("中心没有收下。"), do=tr("请拔插 U 盘后再导入一次。"))
