"""Who is asking: the desk by its key over the whole request, the clerk by a session at that desk."""

import re
from datetime import datetime

import sqlalchemy as sa
from starlette.requests import Request

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import request_bytes
from nbcase.domain.clerk import Clerk
from nbcase.domain.words import tr
from nbcase.operations.contact import find_session
from nbcase.operations.receive import retired
from nbcase.server.centre import Centre
from nbcase.server.nonces import WINDOW
from nbcase.server.refusals import Refused
from nbcase.store.centre_work import EnrolledDesk, find_desk

_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")


def check_desk(
    centre: Centre, connection: sa.Connection, request: Request, body_hash: str, *, may_be_retired: bool = False
) -> EnrolledDesk:
    """The enrolled desk that signed this request just now, for the first time. Raises `Refused` in words."""
    at, nonce = request.headers.get("nbcase-time", ""), request.headers.get("nbcase-nonce", "")
    desk = find_desk(connection, request.headers.get("nbcase-desk", ""))
    message = request_bytes(method=request.method, target=_target(request), at=at, nonce=nonce, body_hash=body_hash)
    if desk is None or not _NONCE.fullmatch(nonce) or not is_signed(desk.public_key, message, request.headers.get("nbcase-signature", "")):
        raise Refused(
            401,
            tr("中心不认识这台电脑的签名。"),
            safe=tr("办件保存在本机，没有丢失。"),
            do=tr("请联系管理员核对这台电脑的登记。"),
        )
    if desk.retired_at is not None and not may_be_retired:
        raise retired()
    now = centre.clock.now()
    check_time(at, now)
    if not centre.nonces.is_new(desk.id, nonce, now):
        raise Refused(401, tr("这个请求已收到过一次。"), safe=tr("没有重复处理。"))
    return desk


def check_session(centre: Centre, connection: sa.Connection, request: Request, desk: EnrolledDesk) -> Clerk:
    """The clerk whose session comes with the request."""
    clerk = find_session(connection, desk, request.headers.get("nbcase-session", ""), centre.clock.now())
    if clerk is None:
        raise Refused(401, tr("登录已过期。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重新登录；不行请退出再登录。"), code="session")
    return clerk


def _target(request: Request) -> str:
    """Path and query exactly as they came."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def check_time(at: str, now: datetime) -> None:
    """Refuse a request from another time, telling the desk the right one."""
    try:
        offset = now - datetime.fromisoformat(at)
    except (ValueError, TypeError) as error:
        raise Refused(401, tr("请求没有带时间。")) from error
    if abs(offset) > WINDOW:
        raise Refused(
            401,
            tr("本机时钟与中心相差 {n} 分钟。").format(n=round(abs(offset).total_seconds() / 60)),
            safe=tr("办件保存在本机，时间会按中心校正。"),
            do=tr("请把电脑时间调准。"),
            code="clock",
            server_at=now,
        )
