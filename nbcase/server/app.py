"""The centre's web application: one small function for each address below /v1."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from nbcase.domain.clerk import Clerk
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.contact import answer_hello, history, open_session, publication, reconcile
from nbcase.operations.dossiers import find_dossiers
from nbcase.operations.enrol import admit
from nbcase.operations.issuing import certify_keys
from nbcase.operations.messages import (
    ActionBatch,
    DossierRows,
    EnrolRequest,
    HelloRequest,
    IssuingRequest,
    ReconcileRequest,
    ResidentAnswer,
    ResidentQuery,
    RetireRequest,
    SealedRequest,
    SessionRequest,
)
from nbcase.operations.paper_states import publish_states
from nbcase.operations.receive import receive_batch
from nbcase.operations.retire import release
from nbcase.operations.scheme_publishing import publish_after
from nbcase.operations.sealed_import import take_in_blob
from nbcase.server.admission import Gate
from nbcase.server.alongside import alongside
from nbcase.server.attachments import Attachments
from nbcase.server.authentication import check_desk, check_session
from nbcase.server.bodies import Body, packed_reply, read_body, too_large
from nbcase.server.centre import Centre
from nbcase.server.pulse import Board, pulse_first, refreshing
from nbcase.server.refusals import Refused, from_user_error, reply
from nbcase.server.uploads import Uploads, sweep_daily
from nbcase.server.verify_page import VerifyPage
from nbcase.server.withdrawals import publish_again_and_again
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import EnrolledDesk
from nbcase.store.feed import PAGE, START, FeedRow, count_rows, read_page
from nbcase.store.records import TYPE_NAMES, Record

MOST_ACTIONS = 1000
MOST_ROWS = 2000
MOST_PLACE = 999_999_999
"""A sequence or a revision: 32 bits in the database."""

CLERK_SLOTS, CONTACT_SLOTS, BACKLOG_SLOTS, UPLOAD_SLOTS, DOWNLOAD_SLOTS = 6, 3, 2, 2, 2
"""Requests that work at once in each process: a clerk waits; a contact begins or ends; a desk brings what it did; files come and go.
Their sum stays below the connections that `open_centre_database` gives."""

CLERKS_WAITING, CONTACTS_WAITING, BACKLOGS_WAITING, FILES_WAITING = 500, 1000, 16, 500

_log = structlog.get_logger()


def make_app(centre: Centre, *, ready: Callable[[], None] = lambda: None) -> ASGIApp:
    """The application for one centre; `ready` is called when it begins to answer."""
    board = Board(centre)
    desks = Desks(centre, board)
    uploads = Uploads(centre, Gate(slots=UPLOAD_SLOTS, waiting=FILES_WAITING))
    attachments = Attachments(centre, Gate(slots=DOWNLOAD_SLOTS, waiting=FILES_WAITING))
    routes = [
        *uploads.routes(),
        *attachments.routes(),
        *VerifyPage(centre).routes(),
        Route("/v1/healthz", desks.healthz, methods=["GET"]),
        Route("/v1/enrol", desks.enrol, methods=["POST"]),
        Route("/v1/sessions", desks.sessions, methods=["POST"]),
        Route("/v1/hello", desks.hello, methods=["POST"]),
        Route("/v1/actions", desks.actions, methods=["POST"]),
        Route("/v1/actions", desks.history, methods=["GET"]),
        Route("/v1/issuing", desks.issuing, methods=["POST"]),
        Route("/v1/publications/{name}", desks.publication, methods=["GET"]),
        Route("/v1/changes", desks.changes, methods=["GET"]),
        Route("/v1/reconcile", desks.reconcile, methods=["POST"]),
        Route("/v1/retire", desks.retire, methods=["POST"]),
        Route("/v1/sealed", desks.sealed, methods=["POST"]),
        Route("/v1/residents/search", desks.search_residents, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {Refused: _refuse, UserError: _refuse_in_words, Exception: _break_down}
    return pulse_first(board, Starlette(routes=routes, exception_handlers=handlers, lifespan=_lifespan(centre, board, uploads, ready)))


def _lifespan(
    centre: Centre, board: Board, uploads: Uploads, ready: Callable[[], None]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with refreshing(board), alongside(sweep_daily(uploads)), alongside(publish_again_and_again(centre)):
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

    def __init__(self, centre: Centre, board: Board) -> None:
        self._centre = centre
        self._board = board
        self._clerks = Gate(slots=CLERK_SLOTS, waiting=CLERKS_WAITING)
        self._contacts = Gate(slots=CONTACT_SLOTS, waiting=CONTACTS_WAITING)
        self._backlogs = Gate(slots=BACKLOG_SLOTS, waiting=BACKLOGS_WAITING)

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
                return reply(admit(connection, asked, book=centre.leases, id_key=centre.id_key, centre_key=centre.key, now=now))

        return await run_in_threadpool(work)

    async def sessions(self, request: Request) -> Response:
        """A clerk's signed challenge for a token."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return reply(open_session(connection, desk, body.decode(SessionRequest), self._centre.clock.now()))

        return await self._for_desk(request, body.hash, work, gate=self._clerks)

    async def hello(self, request: Request) -> Response:
        """First words of every contact."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            asked, now = body.decode(HelloRequest), self._centre.clock.now()
            mark = self._board.mark(desk.station_code)
            answer = answer_hello(connection, self._centre.leases, desk, asked, now)
            return packed_reply(request, msgspec.structs.replace(answer, pulse_key=self._board.key(desk.id), pulse_mark=mark))

        return await self._for_desk(request, body.hash, work)

    async def actions(self, request: Request) -> Response:
        """A batch of what the desk did. Only here does the centre put desks off; before the body is read where it can."""
        async with self._backlogs.place(waiting_since(request)) as place:
            body = await read_body(request)
            await place.turn()
            return await run_in_threadpool(self._take_in, request, body)

    def _take_in(self, request: Request, body: Body) -> Response:
        centre, desk = self._centre, self._with_session(request, body)
        batch = body.decode(ActionBatch)
        if len(batch.actions) > MOST_ACTIONS:
            raise too_large()
        answer = receive_batch(centre.engine, desk.id, batch.actions, centre.clock.now(), lacking=frozenset(batch.lacking))
        publish_after(centre.engine, centre.key, batch.actions, centre.clock.now())
        return reply(answer, 409 if answer.missing else 200)

    async def publication(self, request: Request) -> Response:
        """A list that is published to every desk."""
        body = await read_body(request)
        after = _number(request, "after", 0, most=MOST_PLACE)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return packed_reply(request, publication(connection, request.path_params["name"], after))

        return await self._for_desk(request, body.hash, work)

    async def issuing(self, request: Request) -> Response:
        """A certificate for the keys with which a desk signs papers."""
        body = await read_body(request)
        centre = self._centre

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            now = centre.clock.now()
            answer = certify_keys(connection, centre.authority, centre.key, desk, body.decode(IssuingRequest), now)
            publish_states(connection, centre.key, now)
            return reply(answer)

        return await self._for_desk(request, body.hash, work)

    async def history(self, request: Request) -> Response:
        """What the desk did, for a desk whose database is older than that."""
        body = await read_body(request)
        after = _number(request, "after", 0, most=MOST_PLACE)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            return packed_reply(request, history(connection, desk, after, MOST_ACTIONS))

        return await self._for_desk(request, body.hash, work)

    async def changes(self, request: Request) -> Response:
        """What changed for the desk's station since its cursor."""
        body = await read_body(request)
        cursor, limit = request.query_params.get("cursor", START), _number(request, "limit", PAGE, least=1, most=MOST_ROWS)
        is_whole = request.query_params.get("whole") == "1"

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            page = read_page(connection, desk.station_code, cursor, limit, compact=is_whole)
            if is_whole and cursor == START:
                page = msgspec.structs.replace(page, total=count_rows(connection, desk.station_code))
            return packed_reply(request, page)

        return await self._for_desk(request, body.hash, work)

    async def reconcile(self, request: Request) -> Response:
        """The signed count and digest of what the desk ever sent."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            asked = body.decode(ReconcileRequest)
            return reply(reconcile(connection, desk, asked, self._centre.key, self._centre.clock.now()))

        return await self._for_desk(request, body.hash, work)

    async def retire(self, request: Request) -> Response:
        """A desk goes out of service. One that is out already is told so again: its first answer may have got lost."""
        body = await read_body(request)
        centre = self._centre

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            clerk = check_session(centre, connection, request, desk) if desk.retired_at is None else None
            return reply(release(connection, desk, body.decode(RetireRequest), clerk, centre.key, centre.clock.now()))

        return await self._for_desk(request, body.hash, work, may_be_retired=True)

    async def sealed(self, request: Request) -> Response:
        """A sealed file, of whichever desk, that this one has brought: opened, checked and taken in."""
        body = await read_body(request)

        def work() -> Response:
            centre = self._centre
            self._with_session(request, body)
            return reply(take_in_blob(centre.engine, centre.blobs, centre.key, body.decode(SealedRequest).content_hash, centre.clock.now()))

        async with self._backlogs.place() as place:
            await place.turn()
            return await run_in_threadpool(work)

    async def search_residents(self, request: Request) -> Response:
        """Everybody with this document or this name and birth date, at any station."""
        body = await read_body(request)

        def work(connection: sa.Connection, desk: EnrolledDesk) -> Response:
            clerk = check_session(self._centre, connection, request, desk)
            return packed_reply(request, _search(connection, body, clerk))

        return await self._for_desk(request, body.hash, work, gate=self._clerks)

    def _with_session(self, request: Request, body: Body) -> EnrolledDesk:
        """The desk that signed the request, with a clerk's session: for work that opens transactions of its own."""
        with transaction(self._centre.engine) as connection:
            desk = check_desk(self._centre, connection, request, body.hash)
            check_session(self._centre, connection, request, desk)
        return desk

    async def _for_desk(
        self,
        request: Request,
        body_hash: str,
        work: Callable[[sa.Connection, EnrolledDesk], Response],
        *,
        gate: Gate | None = None,
        may_be_retired: bool = False,
    ) -> Response:
        """Run `work` in a thread, in one transaction, for the desk that signed the request; through the contacts' gate or another."""

        def in_transaction() -> Response:
            with transaction(self._centre.engine) as connection:
                return work(connection, check_desk(self._centre, connection, request, body_hash, may_be_retired=may_be_retired))

        async with (gate or self._contacts).place() as place:
            await place.turn()
            return await run_in_threadpool(in_transaction)


def waiting_since(request: Request) -> float:
    """Since when the oldest act waits at the desk, in seconds of the epoch. Not signed: a lie gains a place in the line, no more."""
    try:
        return datetime.fromisoformat(request.headers.get("nbcase-oldest", "")).timestamp()
    except ValueError:
        return math.inf


def _number(request: Request, name: str, default: int, *, least: int = 0, most: int) -> int:
    """A whole number in the query. Raises `Refused` for anything else."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise Refused(400, tr("{name} 要在 {least} 到 {most} 之间。").format(name=name, least=least, most=most))
    return int(text)


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
