"""The desk's side of HTTP: signed requests, bounded answers, and failures told apart in the clerk's words."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests
import urllib3
import zstandard

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.pulse import pulse_proof
from nbcase.crypto.requests import EMPTY_HASH, request_bytes, session_bytes
from nbcase.domain.clock import Clock
from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import NotAllowed, Offline, UserError
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.desk import Dossier
from nbcase.operations.messages import (
    BatchAnswer,
    EnrolAnswer,
    EnrolRequest,
    FilesLacking,
    FilesQuery,
    HelloAnswer,
    HelloRequest,
    HistoryAnswer,
    IssuingAnswer,
    IssuingRequest,
    PublicationAnswer,
    PulseAnswer,
    ReconcileAnswer,
    ReconcileRequest,
    ResidentAnswer,
    ResidentQuery,
    RetireAnswer,
    RetireRequest,
    SealedReceipt,
    SealedRequest,
    SessionAnswer,
    SessionRequest,
    StoredActions,
    Trouble,
)
from nbcase.store.feed import FeedPage, FeedRow
from nbcase.store.records import RECORD_TYPES, from_plain

CONNECT_S = 5.0
ANSWER_S = 30.0
SEALED_S = 180.0
"""A sealed file may hold weeks of work; a repeat after this finds what was taken in."""

SEARCH_S = 3.0
"""A clerk is waiting: after this the desk goes on without the centre's word."""

PULSE_S = 10.0

MOST_ANSWER = 64 << 20
WORTH_PACKING = 1024

T = TypeVar("T")


class Busy(Offline):
    """The centre is there but cannot answer now; `retry_after_s` is what it asked for, if it did."""

    def __init__(self, what: str, *, safe: str = "", do: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(what, safe=safe, do=do)
        self.retry_after_s = retry_after_s


class Signer(Protocol):
    """What proves the clerk: a `ClerkKey`."""

    def sign(self, message: bytes) -> str:
        """The signature in hex."""
        ...


class _WrongClock(Exception):
    def __init__(self, server_at: datetime) -> None:
        super().__init__("the desk's clock is off")
        self.server_at = server_at


class _Dated(msgspec.Struct):
    """As much of an action as the line looks at."""

    estimated_at: str


class _NoSession(Exception):
    """The centre wants a session first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back over the line, before anybody judged whether it is a centre's; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Line(Protocol):
    """Carries one request to the centre and its answer back; threads may share it.

    Raises `Offline` in words when nothing or something broken came back.
    """

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        """The answer, whatever its status; its content unpacked and bounded."""
        ...

    def close(self) -> None:
        """Drop its connections."""
        ...


class HttpLine:
    """The real line. Each request that is under way has a connection of its own, so that a clerk's question does not wait
    behind a long upload; connections are kept for whichever thread asks next, because the window's threads come and go.

    `ca_file` (PEM) is the only authority whose certificate the centre may have; empty for those that everybody knows.
    Raises `UserError` where there is no such file.
    """

    def __init__(self, ca_file: str = "") -> None:
        if ca_file and not Path(ca_file).is_file():
            raise UserError(tr("没有根证书文件：{path}").format(path=ca_file), do=tr("请管理员核对设置 centre_ca_file。"))
        self._http = _http_session(ca_file)

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        """One HTTP request."""
        kept = tr("办件保存在本机，连上后自动上传。")
        try:
            with self._http.request(
                method, url, data=body or None, headers=headers, timeout=(CONNECT_S, answer_s), allow_redirects=False, stream=True
            ) as response:
                content = _read(response)
                lowered = {name.lower(): text for name, text in response.headers.items()}
                return Reply(status=response.status_code, headers=lowered, content=content)
        except requests.exceptions.SSLError as error:
            raise Offline(
                tr("中心的证书不被信任，没有发送任何数据。"), safe=kept, do=tr("请先核对电脑时间，再请管理员检查证书或网络代理。")
            ) from error
        except requests.exceptions.Timeout as error:
            raise Offline(tr("中心没有按时回应。"), safe=kept, do=tr("程序会自动重试。")) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            # An answer is read below requests, which then does not translate what urllib3 raises when it breaks off.
            raise Offline(tr("连不上中心。"), safe=kept, do=tr("请检查网线和网络；程序会自动重试。")) from error

    def close(self) -> None:
        """Drop its connections."""
        self._http.close()


class CentreClient:
    """Everything a desk asks of its centre, over one line; threads may share it.

    Every call raises `Offline` when the centre cannot be reached or does not answer as a centre, `UserError` with the
    centre's words when it refuses. `clock_offset` is how far the centre's clock is ahead of this one; `url` may be
    set anew when the centre moves.
    """

    def __init__(self, url: str, desk_id: str, device: SigningKey, clock: Clock, line: Line | None = None) -> None:
        self.url = checked_url(url)
        self._desk_id = desk_id
        self._device = device
        self._clock = clock
        self._line = line or HttpLine()
        self._clerk: tuple[str, Signer] | None = None
        self._token = ""
        self._pulse_key, self._pulse_mark = b"", ""
        self.clock_offset = timedelta(0)

    def sign_in(self, login: str, key: Signer) -> None:
        """Act for this clerk from now on; the session is opened with the first request that needs one."""
        self._clerk, self._token = (login, key), ""

    def sign_out(self) -> None:
        """Act for nobody."""
        self._clerk, self._token = None, ""

    def close(self) -> None:
        """Drop the connections of all threads."""
        self._line.close()

    def hello(self, request: HelloRequest) -> HelloAnswer:
        """First words; measures the clock's offset, half of the way there and back taken off."""
        sent_at = self._clock.now()
        answer = self._ask("POST", "/v1/hello", HelloAnswer, request)
        self._measure(sent_at, answer.server_at)
        self._pulse_key, self._pulse_mark = bytes.fromhex(answer.pulse_key), answer.pulse_mark
        return answer

    def has_news(self, *, cursor: str, sequence: int) -> bool:
        """Whether the centre has anything that this desk does not know: the one question of a quiet desk. Measures the clock too.

        `cursor` is how far the desk has read, `sequence` the last of its acts that the centre has. True as well where the
        centre does not know the question.
        """
        if not self._pulse_key:
            return True
        target = f"/v1/pulse?cursor={cursor}&sequence={sequence}&mark={self._pulse_mark}"
        sent_at = self._clock.now()
        reply = self._at_the_right_time(lambda: self._send_pulse(target))
        if reply.status != requests.codes.ok:
            return True
        answer = _decode(reply.content, PulseAnswer)
        self._measure(sent_at, answer.server_at)
        return answer.has_news

    def _measure(self, sent_at: datetime, server_at: datetime) -> None:
        received_at = self._clock.now()
        self.clock_offset = server_at - (sent_at + (received_at - sent_at) / 2)

    def lacking_files(self, hashes: Sequence[str]) -> Sequence[str]:
        """Those of these files that the centre does not have."""
        return self._ask("POST", "/v1/attachments/known", FilesLacking, FilesQuery(hashes=list(hashes))).hashes

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str], *, answer_s: float = ANSWER_S) -> Reply:
        """One signed request for those who judge status and headers themselves: see `nbcase.sync.files`."""
        body_hash = hashlib.sha256(body).hexdigest() if body else EMPTY_HASH
        return self._at_the_right_time(lambda: self._send_once(method, target, body, headers, body_hash, answer_s))

    def send_as_clerk(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        """The same with the clerk's session, without a body."""
        return self._as_clerk(lambda token: self.send(method, target, b"", {**headers, "Nbcase-Session": token}))

    def push(self, bodies: Sequence[bytes], lacking: Sequence[str] = ()) -> BatchAnswer:
        """Send actions, each in its canonical form, in order; see `BatchAnswer.missing` and `.refused`.

        `lacking` are ids of those whose files will never come: the centre puts these into quarantine and goes on.
        """
        message = StoredActions(actions=[msgspec.Raw(body) for body in bodies], lacking=list(lacking))
        oldest = {"Nbcase-Oldest": msgspec.json.decode(bodies[0], type=_Dated).estimated_at} if bodies else {}
        return self._ask("POST", "/v1/actions", BatchAnswer, message, as_clerk=True, also=(409,), more_headers=oldest)

    def publication(self, name: str, after: int) -> PublicationAnswer:
        """What changed of a published list after a revision; 0 for the whole."""
        return self._ask("GET", f"/v1/publications/{quote(name, safe='')}?after={after}", PublicationAnswer)

    def certify(self, request: IssuingRequest) -> IssuingAnswer:
        """A certificate for keys that this desk has made to sign papers."""
        return self._ask("POST", "/v1/issuing", IssuingAnswer, request)

    def history(self, after: int) -> HistoryAnswer:
        """The first of the desk's own actions after a sequence number, as the centre holds them; none at the end."""
        return self._ask("GET", f"/v1/actions?after={after}", HistoryAnswer)

    def changes(self, cursor: str, limit: int, *, whole: bool = False) -> FeedPage:
        """The page of the feed after `cursor`; `whole` for a desk that fetches all of its station, and wants no older versions."""
        return self._ask("GET", f"/v1/changes?cursor={cursor}&limit={limit}{'&whole=1' if whole else ''}", FeedPage)

    def reconcile(self, request: ReconcileRequest) -> ReconcileAnswer:
        """The centre's count and digest for this desk; the caller checks the signature."""
        return self._ask("POST", "/v1/reconcile", ReconcileAnswer, request)

    def take_in_sealed(self, content_hash: str) -> SealedReceipt:
        """Have the centre open a sealed file that it has been sent."""
        return self._ask("POST", "/v1/sealed", SealedReceipt, SealedRequest(content_hash=content_hash), as_clerk=True, answer_s=SEALED_S)

    def retire(self, request: RetireRequest) -> RetireAnswer:
        """Take the desk out of service; one that is out already gets its answer again, without a session."""
        try:
            return self._ask("POST", "/v1/retire", RetireAnswer, request)
        except _NoSession:
            return self._ask("POST", "/v1/retire", RetireAnswer, request, as_clerk=True)

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        """Residents with this document, or with this name and birth date, at any station."""
        query = ResidentQuery(
            document_kind=document_kind,
            document_number=document_number,
            name=name,
            birth_on=birth_on.isoformat() if birth_on else "",
        )
        answer = self._ask("POST", "/v1/residents/search", ResidentAnswer, query, as_clerk=True, answer_s=SEARCH_S)
        return [_dossier(entry.rows) for entry in answer.dossiers]

    def _ask(
        self,
        method: str,
        target: str,
        kind: type[T],
        message: msgspec.Struct | None = None,
        *,
        as_clerk: bool = False,
        also: Sequence[int] = (),
        answer_s: float = ANSWER_S,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> T:
        body, headers = _packed(message) if message is not None else (b"", {})
        headers = {**headers, **more_headers}
        if as_clerk:
            reply = self._as_clerk(lambda token: self.send(method, target, body, {**headers, "Nbcase-Session": token}, answer_s=answer_s))
        else:
            reply = self.send(method, target, body, headers, answer_s=answer_s)
        if reply.status != requests.codes.ok and reply.status not in also:
            raise refusal(reply)
        return _decode(reply.content, kind)

    def _as_clerk(self, send: Callable[[str], Reply]) -> Reply:
        """Send with the clerk's token; when the centre does not know it (any more), open a session and send once more."""
        if self._token:
            try:
                return send(self._token)
            except _NoSession:
                self._token = ""
        self._token = self._open_session()
        try:
            return send(self._token)
        except _NoSession as error:
            raise NotAllowed(tr("中心没有承认登录。"), safe=tr("办件保存在本机。"), do=tr("请退出后重新登录。")) from error

    def _open_session(self) -> str:
        if self._clerk is None:
            raise NotAllowed(tr("没有人登录，中心不收办件。"), safe=tr("办件保存在本机。"), do=tr("登录后自动上传。"))
        login, key = self._clerk
        at, nonce = self._time(), _nonce()
        signature = key.sign(session_bytes(desk_id=self._desk_id, login=login, at=at, nonce=nonce))
        return self._ask("POST", "/v1/sessions", SessionAnswer, SessionRequest(login=login, at=at, nonce=nonce, signature=signature)).token

    def _time(self) -> str:
        return (self._clock.now() + self.clock_offset).isoformat()

    def _at_the_right_time(self, send: Callable[[], Reply]) -> Reply:
        """Send; a wrong clock is corrected by what the centre says, and the request signed anew, once."""
        try:
            return send()
        except _WrongClock as error:
            self.clock_offset = error.server_at - self._clock.now()
        try:
            return send()
        except _WrongClock as error:
            raise Offline(tr("本机时钟不稳定，中心不收。"), safe=tr("办件保存在本机。"), do=tr("请把电脑时间调准。")) from error

    def _send_once(self, method: str, target: str, body: bytes, headers: Mapping[str, str], body_hash: str, answer_s: float) -> Reply:
        at, nonce = self._time(), _nonce()
        message = request_bytes(method=method, target=target, at=at, nonce=nonce, body_hash=body_hash)
        signed = {
            **headers,
            "Nbcase-Desk": self._desk_id,
            "Nbcase-Time": at,
            "Nbcase-Nonce": nonce,
            "Nbcase-Signature": self._device.sign(message),
        }
        return exchange(self._line, method, self.url + target, body, signed, answer_s)

    def _send_pulse(self, target: str) -> Reply:
        at = self._time()
        proven = {
            "Nbcase-Desk": self._desk_id,
            "Nbcase-Time": at,
            "Nbcase-Signature": pulse_proof(self._pulse_key, target=target, at=at),
        }
        return exchange(self._line, "GET", self.url + target, b"", proven, PULSE_S)


def checked_url(url: str) -> str:
    """The centre's address without a last slash. Plain http is for this machine alone: the centre's answers are not signed,
    and a forged list of clerks would open the desk to a stranger. Raises `UserError`.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        return url.rstrip("/")
    raise UserError(
        tr("中心地址要以 https:// 开头：{url}").format(url=url),
        safe=tr("没有发送任何数据。"),
        do=tr("请管理员为中心配好证书；只有本机测试可用 http://127.0.0.1。"),
    )


def enrol_over_http(url: str, request: EnrolRequest, ca_file: str = "") -> EnrolAnswer:
    """Carry an enrolment to the centre at `url` and the answer back: the `exchange` of `nbcase.operations.enrol.enrol`."""
    line = HttpLine(ca_file)
    try:
        headers = {"Content-Type": "application/json"}
        reply = exchange(line, "POST", f"{checked_url(url)}/v1/enrol", msgspec.json.encode(request), headers, ANSWER_S)
    finally:
        line.close()
    if reply.status != requests.codes.ok:
        raise refusal(reply)
    return _decode(reply.content, EnrolAnswer)


def _http_session(ca_file: str) -> requests.Session:
    http = requests.Session()
    http.verify = ca_file or True
    # Only what was signed and meant: no credentials from .netrc, no proxy that happens to be set.
    http.trust_env = False
    # Nor cookies of whoever answers; without any, threads share nothing but the pool of connections, which is made for that.
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return http


def exchange(line: Line, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
    """Send one request. Everything that is not a centre's answer is `Offline`, with the cause in words."""
    reach("desk.request.before")
    answer = line.carry(method, url, body, {"Accept": "application/json", "Accept-Encoding": "zstd", **headers}, answer_s)
    reach("desk.request.after")
    return _checked(answer)


def _read(response: requests.Response) -> bytes:
    chunks, size = [], 0
    while chunk := response.raw.read(1 << 16, decode_content=False):
        size += len(chunk)
        if size > MOST_ANSWER:
            raise requests.exceptions.ContentDecodingError("the answer is too large")
        chunks.append(chunk)
    content = b"".join(chunks)
    if response.headers.get("Content-Encoding", "").lower() != "zstd":
        return content
    try:
        with zstandard.ZstdDecompressor().stream_reader(content) as reader:
            unpacked: bytes = reader.read(MOST_ANSWER + 1)
    except zstandard.ZstdError as error:
        raise requests.exceptions.ContentDecodingError(str(error)) from error
    if len(unpacked) > MOST_ANSWER:
        raise requests.exceptions.ContentDecodingError("the answer is too large")
    return unpacked


def _checked(answer: Reply) -> Reply:
    status, content = answer.status, answer.content
    kind = answer.headers.get("content-type", "")
    is_ours = (
        kind.startswith("application/json") or status == requests.codes.partial_content or (not content and status in (200, 201, 204, 404))
    )
    if 300 <= status < 400 or (not is_ours and kind.startswith("text/html")):
        raise Offline(
            tr("网络要求先登录（收到的是网页，不是中心）。"),
            safe=tr("办件保存在本机，没有发给那个网页。"),
            do=tr("请在浏览器里完成网络认证，或联系网络管理员。"),
        )
    if status >= 500:
        raise _busy(answer)
    if not is_ours:
        raise Offline(tr("收到的不是中心的回应。"), safe=tr("办件保存在本机。"), do=tr("请请管理员核对中心地址。"))
    if status == 401:
        _raise_mendable(content)
    return answer


def _busy(answer: Reply) -> Busy:
    try:
        trouble = msgspec.json.decode(answer.content, type=Trouble)
    except msgspec.DecodeError:
        trouble = Trouble(what=tr("中心暂时不能服务（{status}）。").format(status=answer.status))
    wait = answer.headers.get("retry-after", "")
    return Busy(
        trouble.what,
        safe=trouble.safe or tr("办件保存在本机。"),
        do=trouble.do or tr("程序会自动重试。"),
        retry_after_s=float(wait) if wait.isascii() and wait.isdigit() else None,
    )


def _raise_mendable(content: bytes) -> None:
    if not content:
        return
    trouble = _decode(content, Trouble)
    if trouble.code == "clock" and trouble.server_at is not None:
        raise _WrongClock(trouble.server_at)
    if trouble.code == "session":
        raise _NoSession


def refusal(reply: Reply) -> UserError:
    """What the centre said as an error."""
    trouble = _decode(reply.content, Trouble)
    kind = NotAllowed if reply.status in (401, 403) else UserError
    return kind(trouble.what, safe=trouble.safe, do=trouble.do)


def _decode(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Offline(tr("中心的回应看不懂。"), safe=tr("办件保存在本机。"), do=tr("两端程序版本可能不同，请联系管理员升级。")) from error


def _packed(message: msgspec.Struct) -> tuple[bytes, dict[str, str]]:
    plain = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json"}
    if len(plain) < WORTH_PACKING:
        return plain, headers
    return zstandard.ZstdCompressor(level=3).compress(plain), {**headers, "Content-Encoding": "zstd"}


def _nonce() -> str:
    return secrets.token_urlsafe(18)


def _dossier(rows: Sequence[FeedRow]) -> Dossier:
    records = [from_plain(RECORD_TYPES[row.record_type], msgspec.json.decode(row.body)) for row in rows]
    resident = records[0]
    if not isinstance(resident, Resident):
        raise Offline(tr("中心的回应看不懂。"))
    return Dossier(resident=resident, records=tuple(records[1:]))
