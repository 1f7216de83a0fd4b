"""Run the centre: in this process until it is told to stop, or in a thread of another program."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from nbcase.domain.clock import Clock
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.server.app import make_app
from nbcase.server.centre import Centre, open_centre

GRACE_S = 10
"""How long requests in hand may take once the centre was told to stop."""


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: uvicorn would raise them again after a clean stop, and the exit code would say killed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CentreServer:
    """A listening centre. `run` serves in this thread, `start` in another one; `stop` ends both after requests in hand."""

    def __init__(self, centre: Centre, host: str, port: int, *, ready: Callable[[str], None] = lambda url: None) -> None:
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
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
            server_header=False,
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
) -> None:
    """Run the centre until SIGTERM or Ctrl+C. `ready` gets the address, such as ``http://127.0.0.1:43210``; port 0 picks a free one.

    Raises `UserError` when the database does not answer or the port is taken.
    """
    centre = open_centre(database_url, data_folder, clock)
    try:
        server = CentreServer(centre, host, port, ready=ready)
        with _signals(server.request_stop):
            server.run()
    finally:
        centre.close()


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
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        raise UserError(
            tr("端口 {port} 打不开：{text}").format(port=port, text=error.strerror or error),
            do=tr("请换一个端口，或先停止占用它的程序。"),
        ) from error
