"""Papers on their way to a printer."""

import stat
import struct
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nbcase.documents.ipp import IppError, job_request, state_in
from nbcase.documents.printing import CupsQueue, FolderQueue, JobState, PrintJob, QueuesByKind, available_queues
from nbcase.documents.raster import measure_sheet
from nbcase.domain.errors import DeviceError, UserError

PDF = b"%PDF-1.4\n%fake\n"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="CUPS is not on Windows")


def ipp_answer(state: int, *reasons: str, status: int = 0) -> bytes:
    """An answer as CUPS 2.4 gives it to a Get-Job-Attributes request."""
    body = struct.pack(">BBHI", 1, 1, status, 1) + b"\x01"
    body += b"\x47\x00\x12attributes-charset\x00\x05utf-8" + b"\x02"
    body += b"\x23\x00\x09job-state\x00\x04" + struct.pack(">i", state)
    for number, reason in enumerate(reasons):
        name = b"" if number else b"job-state-reasons"
        body += b"\x44" + struct.pack(">H", len(name)) + name + struct.pack(">H", len(reason)) + reason.encode()
    return body + b"\x03"


class FakePrintServer:
    """A print server of one job: answers every question with the state it was told."""

    def __init__(self) -> None:
        self.answer = ipp_answer(3, "none")
        self.asked: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/ipp")
                self.send_header("Content-Length", str(len(outer.answer)))
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the screen."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[FakePrintServer]:
    running = FakePrintServer()
    yield running
    running.close()


def program(folder: Path, name: str, script: str) -> str:
    """A stand-in for one of CUPS's programs."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def queue(folder: Path, server: FakePrintServer, *, printer: str = "is idle.  enabled", lp: str = "") -> CupsQueue:
    """A CUPS queue whose programs keep what they were given in the folder."""
    take = lp or f'printf "%s " "$@" > {folder}/arguments; cat > {folder}/paper.pdf; echo "request id is Counter-12 (0 file(s))"'
    say = f'case "$1" in -H) echo "{server.address}";; -p) echo "printer Counter {printer} since Tue";; -e) echo Counter; echo Back;; esac'
    return CupsQueue("Counter", lp=program(folder, "lp", take), lpstat=program(folder, "lpstat", say))


def test_a_folder_gets_the_whole_paper_and_no_leftovers(tmp_path: Path) -> None:
    folder = FolderQueue(tmp_path / "papers")
    job = folder.submit(PDF, "受理回执 330211/26")
    (path,) = (tmp_path / "papers").iterdir()
    assert path.read_bytes() == PDF
    assert path.name.startswith("受理回执-330211-26-")
    assert folder.state(job) is JobState.PRINTED


def test_two_papers_of_one_title_are_two_files(tmp_path: Path) -> None:
    folder = FolderQueue(tmp_path)
    folder.submit(PDF, "receipt")
    folder.submit(PDF, "receipt")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_paper_taken_out_of_the_folder_is_not_called_printed(tmp_path: Path) -> None:
    folder = FolderQueue(tmp_path)
    job = folder.submit(PDF, "receipt")
    (tmp_path / job.job_id).unlink()
    assert folder.state(job) is JobState.UNKNOWN


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(DeviceError) as caught:
        FolderQueue(tmp_path / "file").submit(PDF, "receipt")
    assert caught.value.safe
    assert caught.value.do


def test_only_a_pdf_is_printed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PDF"):
        FolderQueue(tmp_path).submit(b"hello", "receipt")


@posix_only
def test_a_paper_goes_to_cups_byte_for_byte_and_the_job_number_comes_back(tmp_path: Path, server: FakePrintServer) -> None:
    job = queue(tmp_path, server).submit(PDF, "receipt", copies=2)
    assert job == PrintJob(queue="Counter", job_id="Counter-12")
    assert (tmp_path / "paper.pdf").read_bytes() == PDF
    assert (tmp_path / "arguments").read_text("utf-8").startswith("-d Counter -n 2 -t receipt ")


@posix_only
@pytest.mark.parametrize(
    ("number", "state"),
    [
        (3, JobState.WAITING),
        (4, JobState.STOPPED),
        (5, JobState.PRINTING),
        (6, JobState.STOPPED),
        (7, JobState.STOPPED),
        (8, JobState.STOPPED),
        (9, JobState.PRINTED),
    ],
)
def test_a_job_is_followed_by_the_servers_own_state(tmp_path: Path, server: FakePrintServer, number: int, state: JobState) -> None:
    server.answer = ipp_answer(number, "processing-to-stop-point")
    assert queue(tmp_path, server).state(PrintJob(queue="Counter", job_id="Counter-12")) is state
    assert server.asked == [job_request(12)]


@posix_only
def test_a_job_that_waits_for_a_paused_printer_is_stopped(tmp_path: Path, server: FakePrintServer) -> None:
    assert queue(tmp_path, server, printer="disabled").state(PrintJob(queue="Counter", job_id="Counter-12")) is JobState.STOPPED


@posix_only
def test_a_job_the_server_has_forgotten_is_unknown_and_not_printed(tmp_path: Path, server: FakePrintServer) -> None:
    server.answer = ipp_answer(0, status=0x0406)
    assert queue(tmp_path, server).state(PrintJob(queue="Counter", job_id="Counter-12")) is JobState.UNKNOWN


@posix_only
@pytest.mark.parametrize("script", ['echo "lp: Error - The printer or class does not exist." >&2; exit 1', "echo nothing to say"])
def test_a_refusal_is_a_device_error_with_a_next_step(tmp_path: Path, server: FakePrintServer, script: str) -> None:
    with pytest.raises(DeviceError) as caught:
        queue(tmp_path, server, lp=script).submit(PDF, "receipt")
    assert caught.value.do


@posix_only
def test_queues_of_this_machine_are_found_and_the_folder_comes_last(tmp_path: Path, server: FakePrintServer) -> None:
    queue(tmp_path, server)
    found = available_queues(tmp_path / "papers", search_path=str(tmp_path))
    assert [one.name for one in found] == ["Counter", "Back", "PDF"]


@posix_only
def test_a_print_server_that_is_down_does_not_keep_the_counter_closed(tmp_path: Path) -> None:
    program(tmp_path, "lp", "exit 1")
    program(tmp_path, "lpstat", "exit 1")
    assert available_queues(search_path=str(tmp_path)) == ()


def test_without_cups_only_the_folder_is_there(tmp_path: Path) -> None:
    assert [one.name for one in available_queues(tmp_path, search_path=str(tmp_path))] == ["PDF"]


@pytest.mark.parametrize("answer", [b"", b"HTTP", b"\x01\x01\x00\x00\x00\x00\x00\x01\x01\x03", ipp_answer(99)])
def test_what_is_not_an_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(IppError):
        state_in(answer)


def test_all_reasons_of_a_job_are_read() -> None:
    assert state_in(ipp_answer(3, "printer-stopped", "job-queued")) == ("pending", ("printer-stopped", "job-queued"))


@posix_only
def test_a_paused_printer_says_that_nothing_would_come_out(tmp_path: Path, server: FakePrintServer) -> None:
    assert queue(tmp_path, server).obstacle() == ""
    assert "暂停" in queue(tmp_path, server, printer="disabled").obstacle()


def test_a_folder_that_is_a_file_says_that_nothing_would_come_out(tmp_path: Path) -> None:
    assert FolderQueue(tmp_path / "not yet there").obstacle() == ""
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert FolderQueue(file).obstacle()


def test_two_kinds_in_one_printer_name_its_obstacle_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    queue = FolderQueue(tmp_path / "file")
    assert QueuesByKind(queue, {"acceptance-receipt": FolderQueue(tmp_path / "file")}).obstacle() == queue.obstacle()


def test_what_is_no_scan_of_a_test_sheet_is_told() -> None:
    with pytest.raises(UserError, match="不是能识别的图片"):
        measure_sheet(PDF, 300)
