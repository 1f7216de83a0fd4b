"""Run the centre: in this process until it is told to stop, in several processes, or in a thread of another program."""

import contextlib
import gc
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

import uvicorn

from nbcase.domain.clock import Clock
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.logs import configure_logs
from nbcase.server.app import make_app
from nbcase.server.centre import Centre, open_centre
from nbcase.server.workers import WorkerPlan, WorkerTree, follow

Tls = tuple[Path, Path]
"""Files of the certificate (with its chain) and of its private key."""

GRACE_S = 10
"""How long requests in hand may take once the centre was told to stop."""

KEEP_ALIVE_S = 75
"""A quiet desk asks every 15 s and keeps its connection between: a new one costs more than the question."""

BACKLOG = 2048
"""Callers that the system holds for us while all desks come back at once."""

ACCEPTED_AT_ONCE = 8
"""Connections that one process takes in a row: with all of `BACKLOG` the first to wake would take every desk, and the others none."""


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: uvicorn would raise them again after a clean stop, and the exit code would say killed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            # asyncio has one number for both what it takes in a row and what the system holds; here the second is set again.
            listener.listen(BACKLOG)


class CentreServer:
    """A listening centre. `run` serves in this thread, `start` in another one; `stop` ends both after requests in hand.

    With `tls` (files of certificate and key, PEM) it speaks https.
    """

    def __init__(
        self,
        centre: Centre,
        host: str,
        port: int,
        *,
        ready: Callable[[str], None] = lambda url: None,
        listener: socket.socket | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._socket = listener or _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = _url(self._socket, host, tls)
        self._is_ready = threading.Event()

        def announce() -> None:
            self._is_ready.set()
            ready(self.url)

        config = uvicorn.Config(
            make_app(centre, ready=announce),
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
            backlog=ACCEPTED_AT_ONCE,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            server_header=False,
            # What nobody here uses, paid for with every request otherwise.
            date_header=False,
            proxy_headers=False,
            ws="none",
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def start(self) -> None:
        """Serve in a thread; answers once the centre takes requests."""
        self._thread = threading.Thread(target=self.run, name="centre", daemon=True)
        self._thread.start()
        if not self._is_ready.wait(GRACE_S):
            raise RuntimeError("the centre did not start")

    def request_stop(self) -> None:
        """Ask it to end; safe in a signal handler."""
        self._server.should_exit = True

    def stop(self) -> None:
        """End it and wait for the thread."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join()


def serve(
    database_url: str,
    data_folder: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ready: Callable[[str], None] = lambda url: None,
    clock: Clock | None = None,
    workers: int = 1,
    tls: Tls | None = None,
) -> None:
    """Run the centre until SIGTERM or Ctrl+C. `ready` gets the address, such as ``http://127.0.0.1:43210``; port 0 picks a free one.

    One worker is this process itself; more are processes of their own (which go by the system's clock).
    Raises `UserError` when the database does not answer, the port is taken or the certificate is not good.
    """
    _check_tls(tls)
    centre = open_centre(database_url, data_folder, clock)
    try:
        if workers > 1:
            _serve_in_workers(WorkerPlan(database_url=database_url, data_folder=data_folder, tls=tls), host, port, workers, ready)
            return
        server = CentreServer(centre, host, port, ready=ready, tls=tls)
        _spare_collector()
        with _signals(server.request_stop):
            server.run()
    finally:
        centre.close()


def _serve_in_workers(plan: WorkerPlan, host: str, port: int, workers: int, ready: Callable[[str], None]) -> None:
    with _listen(host, port) as listener:
        tree = WorkerTree(_work, plan, listener, workers)
        with _signals(tree.request_stop):
            tree.run(lambda: ready(_url(listener, host, plan.tls)))


def _work(listener: socket.socket, lifeline: Connection, plan: WorkerPlan) -> None:
    """One worker process, from its start to its end."""
    configure_logs()
    centre = open_centre(plan.database_url, plan.data_folder, is_prepared=True)
    try:
        host, port = listener.getsockname()[:2]
        server = CentreServer(centre, host, port, ready=lambda url: lifeline.send_bytes(b"ready"), listener=listener, tls=plan.tls)
        follow(lifeline, server.request_stop)
        _spare_collector()
        server.run()
    finally:
        centre.close()


def _spare_collector() -> None:
    """Leave what was loaded at the start out of every later search for garbage: the program itself, some 20 ms a time."""
    gc.collect()
    gc.freeze()


def _url(listener: socket.socket, host: str, tls: Tls | None) -> str:
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _check_tls(tls: Tls | None) -> None:
    if tls is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*tls)
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            tr("证书或密钥文件不能用：{text}").format(text=error), do=tr("请给出 PEM 格式、互相匹配的证书和密钥文件。")
        ) from error


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG)
        # asyncio sends at once only where the socket says that it is TCP; else every answer would wait 40 ms for the desk's ACK.
        return socket.socket(listening.family, listening.type, socket.IPPROTO_TCP, fileno=listening.detach())
    except OSError as error:
        raise UserError(
            tr("端口 {port} 打不开：{text}").format(port=port, text=error.strerror or error),
            do=tr("请换一个端口，或先停止占用它的程序。"),
        ) from error
