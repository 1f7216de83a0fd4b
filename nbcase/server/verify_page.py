"""The centre's page on which anybody checks a paper, on a telephone too: a code from a link or a file, no account.

Nothing that is asked is kept. A code in a link stands behind ``#`` and comes in a body, so that no name gets into a log of addresses.
"""

import asyncio
import hashlib
import tomllib
from collections.abc import AsyncGenerator
from functools import cache
from html import escape
from string import Template
from urllib.parse import parse_qs

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbcase.domain.clock import CHINA
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr
from nbcase.operations.verifying import known_trust, verdict_words, verify_code, verify_file
from nbcase.proof.claims import MOST_TEXT
from nbcase.proof.examination import MOST_BYTES
from nbcase.proof.trust import Trust
from nbcase.proof.verdict import Answer, Verdict
from nbcase.server.admission import Gate
from nbcase.server.bodies import SILENT_S, read_body, stream
from nbcase.server.centre import Centre
from nbcase.server.refusals import Refused
from nbcase.store.centre_database import transaction

FORM_BYTES = 3 * MOST_TEXT + 1_000
"""A code in a form, percent-encoded."""

FILE_BYTES = MOST_BYTES + 10_000
SLOTS, WAITING = 2, 20
"""Files looked into at once, and forms that wait for it: each is a process with bounds."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

ENGLISH = {
    Answer.VALID: "valid",
    Answer.PROVISIONAL: "provisional",
    Answer.EXPIRED: "expired",
    Answer.REVOKED: "revoked",
    Answer.ALTERED: "altered",
    Answer.FORGED: "forged",
    Answer.UNKNOWN_ISSUER: "issuer unknown",
    Answer.NOT_OURS: "not one of ours",
}


class _InMemory(MultiPartParser):
    """Uploads stay in memory: somebody's permit is not left in a folder for temporary files."""

    spool_max_size = 2 * MOST_BYTES


class VerifyPage:
    """The page, its looks and its answers."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._gate = Gate(slots=SLOTS, waiting=WAITING)
        self._trust: tuple[object, Trust] | None = None

    def routes(self) -> list[Route]:
        """Where it is."""
        return [
            Route("/verify", self.show, methods=["GET"]),
            Route("/verify", self.check, methods=["POST"]),
            Route("/verify.css", _style, methods=["GET"]),
            Route("/verify.js", _script, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The empty page."""
        return await run_in_threadpool(self._page, "")

    async def check(self, request: Request) -> Response:
        """The verdict on a code or a file. What cannot be looked into is refused on the page, in words."""
        try:
            asked = await self._asked(request)
            async with self._gate.place() as place:
                await place.turn()
                verdict = await run_in_threadpool(self._judge, asked)
        except Refused as error:
            words = error.trouble
            text = f'<section class="bad" data-verdict="refused"><h2>{escape(words.what)}</h2><p>{escape(words.do)}</p></section>'
            return await run_in_threadpool(self._page, text, error.status)
        return await run_in_threadpool(self._page, _result(verdict))

    async def _asked(self, request: Request) -> str | bytes:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            body = await read_body(request, FORM_BYTES)
            try:
                return parse_qs(body.sent.decode("utf-8", "replace"), max_num_fields=4).get("code", [""])[0]
            except ValueError as error:  # more fields than the form has
                raise Refused(400, tr("上传的内容不完整。"), do=tr("请重新扫码。")) from error
        try:
            async with asyncio.timeout(2 * SILENT_S):
                form = await _InMemory(request.headers, _bounded(request), max_files=1, max_fields=2, max_part_size=FORM_BYTES).parse()
        except (MultiPartException, TimeoutError) as error:
            raise Refused(400, tr("上传的内容不完整。"), do=tr("请重新选择文件。")) from error
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refused(400, tr("没有收到文件。"), do=tr("请选择一份 PDF 或一张照片。"))
        try:
            return await file.read()
        finally:
            await form.close()

    def _judge(self, asked: str | bytes) -> Verdict:
        trust, now = self._known(), self._centre.clock.now()
        return verify_code(trust, asked, now) if isinstance(asked, str) else verify_file(trust, asked, now)

    def _known(self) -> Trust:
        """The lists as they are now; read anew only when one has got another revision."""
        with transaction(self._centre.engine) as connection:
            revisions = connection.execute(sa.text("SELECT name, revision, checksum FROM publication ORDER BY name")).all()
            key = [tuple(row) for row in revisions]
            if self._trust is None or self._trust[0] != key:
                self._trust = (key, known_trust(connection))
            return self._trust[1]

    def _page(self, result: str, status: int = 200) -> Response:
        as_of = self._known().as_of
        text = f"收回名单截至 {as_of.astimezone(CHINA):%Y-%m-%d %H:%M}" if as_of else "还没有收回名单"
        fingerprint = hashlib.sha256(bytes.fromhex(self._centre.key.public_key)).hexdigest()[:16]
        spaced = " ".join(fingerprint[start : start + 4] for start in range(0, 16, 4))
        page = _template().substitute(result=result, list=escape(text), fingerprint=spaced)
        return Response(page, status_code=status, media_type="text/html", headers=HEADERS)


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, refused as soon as it is past the bound, whatever its header says."""
    size = 0
    async for chunk in stream(request):
        size += len(chunk)
        if size > FILE_BYTES:
            raise Refused(413, tr("文件过大，最大 {n} MB。").format(n=MOST_BYTES >> 20), do=tr("请拍一张清楚的照片再试。"))
        yield chunk


def _result(verdict: Verdict) -> str:
    words = verdict_words(verdict)
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in words.facts)
    parts = [
        f'<section class="{words.tone}" data-verdict="{verdict.answer.value}" data-yes="{str(verdict.is_yes).lower()}" role="status">',
        f'<h2>{escape(words.title)} <small lang="en">{ENGLISH[verdict.answer]}</small></h2>',
        f"<p>{escape(words.why)}</p>",
        f'<p class="do">{escape(words.do)}</p>' if words.do else "",
        f"<dl>{rows}</dl>" if rows else "",
        "</section>",
    ]
    return "".join(parts)


@cache
def _template() -> Template:
    return Template(resource_path("web/verify.html").read_text("utf-8"))


@cache
def _sheet() -> str:
    """The colours of the program's own theme, then the rules."""
    colours = tomllib.loads(resource_path("theme/tokens.toml").read_text("utf-8"))["color"]

    def variables(theme: str) -> str:
        return "".join(f"--{name}:{value};" for name, value in colours[theme].items())

    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {variables('dark')} color-scheme: dark; }} }}\n"
    return f":root {{ {variables('light')} }}\n{dark}" + resource_path("web/verify.css").read_text("utf-8")


async def _style(request: Request) -> Response:
    return Response(_sheet(), media_type="text/css", headers=HEADERS)


async def _script(request: Request) -> Response:
    return Response(resource_path("web/verify.js").read_bytes(), media_type="text/javascript", headers=HEADERS)
