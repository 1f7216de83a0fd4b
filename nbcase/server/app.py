"""The centre's web application: one small function for each address below /v1."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbcase.domain.clerk import Clerk
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.contact import answer_hello, open_session, reconcile
from nbcase.operations.dossiers import find_dossiers
from nbcase.operations.enrol import admit
from nbcase.operations.messages import (
    ActionBatch,
    DossierRows,
    EnrolRequest,
    HelloRequest,
    ReconcileRequest,
    ResidentAnswer,
    ResidentQuery,
    SessionRequest,
)
from nbcase.operations.receive import receive_batch
from nbcase.server.authentication import check_desk, check_session
from nbcase.server.bodies import Body, packed_reply, read_body, too_large
from nbcase.server.centre import Centre
from nbcase.server.refusals import Refused, from_user_error, reply
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import EnrolledDesk
from nbcase.store.feed import PAGE, START, FeedRow, read_page
from nbcase.store.records import TYPE_NAMES, Record
from nbcase.store.tables import centre_metadata

MOST_ATTACHMENT = 200 << 20
MOST_ACTIONS = 500
MOST_ROWS = 2000

_log = structlog.get_logger()


def make_app(centre: Centre, *, ready: Callable[[], None] = lambda: None) -> Starlette:
    """The application for one centre; `ready` is called when it begins to answer."""
    desks = Desks(centre)
    routes = [
        Route("/v1/healthz", desks.healthz, methods=["GET"]),
        Route("/v1/enrol", desks.enrol, methods=["POST"]),
        Route("/v1/sessions", desks.sessions, methods=["POST"]),
        Route("/v1/hello", desks.hello, methods=["POST"]),
        Route("/v1/attachments/{hash}", desks.has_attachment, methods=["HEAD"]),
        Route("/v1/attachments/{hash}", desks.put_attachment, methods=["PUT"]),
        Route("/v1/actions", desks.actions, methods=["POST"]),
        Route("/v1/changes", desks.changes, methods=["GET"]),
        Route("/v1/reconcile", desks.reconcile, methods=["POST"]),
        Route("/v1/residents/search", desks.search_residents, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {Refused: _refuse, UserError: _refuse_in_words, Exception: _break_down}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=_lifespan(ready))


def _lifespan(ready: Callable[[], None]) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ready()
        yield

    return lifespan


async def _refuse(request: Request, error: Refused) -> Response:
    return error.response()


async def _refuse_in_words(request: Request, error: UserError) -> Response:
    return from_user_error(error).response()


async def _break_down(request: Request, error: Exception) -> Response:
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return Refused(500, tr("中心程序出错。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试；持续出现请联系管理员。")).response()


class Desks:
    """Everything that desks may ask of the centre. Handlers read the body, then work in a thread with one transaction."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def healthz(self, request: Request) -> Response:
        """Whether process and database are up; for load balancers and people."""
        return await run_in_threadpool(self._healthz)

    def _healthz(self) -> Response:
        with transaction(self._centre.engine) as connection:
            connection.execute(sa.select(1))
        return reply({"ok": True, "at": self._centre.clock.now()})

    async def enrol(self, request: Request) -> Response:
        """A computer with a one-time code becomes a desk."""
        asked = (await read_body(request)).decode(EnrolRequest)
        centre = self._centre

        def work() -> Response:
            with transaction(centre.engine) as connection:
                now = centre.clock.now()
                return reply(
                    admit(
                        connection, asked, book=centre.leases, id_key=centre.id_key, centre_public_key=centre.key.public_key, now=now
                    )
                )

        return await run_in_threadpool(work)

    async def sessions(self, request: Request) -> Response:
        """A clerk's signed challenge for a token."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return reply(open_session(connection, desk, body.decode(SessionRequest), self._centre.clock.now()))

        return await self._for_desk(request, body.hash, work)

    async def hello(self, request: Request) -> Response:
        """First words of every contact."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            asked, now = body.decode(HelloRequest), self._centre.clock.now()
            return packed_reply(request, answer_hello(connection, self._centre.leases, desk, asked, now))

        return await self._for_desk(request, body.hash, work)

    async def has_attachment(self, request: Request) -> Response:
        """Whether a file is here already."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return Response(status_code=200 if self._holds(connection, request.path_params["hash"]) else 404)

        return await self._for_desk(request, body.hash, work)

    def _holds(self, connection: sa.Connection, content_hash: str) -> bool:
        # Both: a kill between the file's rename and the row's commit must make the desk send again.
        attachment = centre_metadata.tables["attachment"]
        row = connection.execute(sa.select(attachment.c.hash).where(attachment.c.hash == content_hash)).first()
        return row is not None and self._centre.blobs.has(content_hash)

    async def put_attachment(self, request: Request) -> Response:
        """A file, streamed to where it stays. The name in the address is the hash that the desk signed."""
        content_hash = request.path_params["hash"]
        await self._for_desk(request, content_hash, lambda connection, desk: Response())
        size = 0
        with self._centre.blobs.receive(content_hash) as sink:
            async for chunk in request.stream():
                size += len(chunk)
                if size > MOST_ATTACHMENT:
                    raise too_large()
                await run_in_threadpool(sink.write, chunk)
            await run_in_threadpool(sink.keep)
        media_type = request.headers.get("content-type", "application/octet-stream")
        await run_in_threadpool(self._note_attachment, content_hash, size, media_type)
        return Response(status_code=201)

    def _note_attachment(self, content_hash: str, size: int, media_type: str) -> None:
        values = {"hash": content_hash, "size": size, "media_type": media_type}
        with transaction(self._centre.engine) as connection:
            connection.execute(insert(centre_metadata.tables["attachment"]).values(values).on_conflict_do_nothing())

    async def actions(self, request: Request) -> Response:
        """A batch of what the desk did."""
        body = await read_body(request)

        def work() -> Response:
            centre = self._centre
            with transaction(centre.engine) as connection:
                desk = check_desk(centre, connection, request, body.hash)
                check_session(centre, connection, request, desk)
            batch = body.decode(ActionBatch)
            if len(batch.actions) > MOST_ACTIONS:
                raise too_large()
            answer = receive_batch(centre.engine, desk.id, batch.actions, centre.clock.now())
            return reply(answer, 409 if answer.missing else 200)

        return await run_in_threadpool(work)

    async def changes(self, request: Request) -> Response:
        """What changed for the desk's station since its cursor."""
        body = await read_body(request)
        cursor, limit = request.query_params.get("cursor", START), request.query_params.get("limit", str(PAGE))
        if not (limit.isascii() and limit.isdigit() and 0 < int(limit) <= MOST_ROWS):
            raise Refused(400, tr("limit 要在 1 到 {n} 之间。").format(n=MOST_ROWS))

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return packed_reply(request, read_page(connection, desk.station_code, cursor, int(limit)))

        return await self._for_desk(request, body.hash, work)

    async def reconcile(self, request: Request) -> Response:
        """The signed count and digest of what the desk ever sent."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            asked = body.decode(ReconcileRequest)
            return reply(reconcile(connection, desk, asked, self._centre.key, self._centre.clock.now()))

        return await self._for_desk(request, body.hash, work)

    async def search_residents(self, request: Request) -> Response:
        """Everybody with this document or this name and birth date, at any station."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            clerk = check_session(self._centre, connection, request, desk)
            return packed_reply(request, _search(connection, body, clerk))

        return await self._for_desk(request, body.hash, work)

    async def _for_desk(self, request: Request, body_hash: str, work: Callable[[sa.Connection, EnrolledDesk], Response]) -> Response:
        """Run `work` in a thread, in one transaction, for the desk that signed the request."""

        def in_transaction() -> Response:
            with transaction(self._centre.engine) as connection:
                return work(connection, check_desk(self._centre, connection, request, body_hash))

        return await run_in_threadpool(in_transaction)


def _search(connection: sa.Connection, body: Body, clerk: Clerk) -> ResidentAnswer:
    asked = body.decode(ResidentQuery)
    birth_on = _date(asked.birth_on) if asked.birth_on else None
    found = find_dossiers(
        connection, document_kind=asked.document_kind, document_number=asked.document_number, name=asked.name, birth_on=birth_on
    )
    _log.info("residents_searched", clerk_id=clerk.id, found=len(found))
    return ResidentAnswer(dossiers=[DossierRows(rows=[_row(record) for record in (entry.resident, *entry.records)]) for entry in found])


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, tr("出生日期不合格式：{text}").format(text=text[:20])) from error


def _row(record: Record) -> FeedRow:
    return FeedRow(
        record_type=TYPE_NAMES[type(record)], record_id=record.id, version=record.version, body=msgspec.Raw(msgspec.json.encode(record))
    )
