"""How far a print job is, asked of the print server in its own protocol (IPP/1.1, RFC 8010 and 8011).

``lpstat`` cannot say it: CUPS 2.4 lists a printed and a cancelled job alike, with the same reason. One read-only request
of some hundred bytes can.
"""

import http.client
import socket
import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_TIMEOUT = 15
_GET_JOB_ATTRIBUTES = 0x0009
_OPERATION_GROUP, _END_GROUP = b"\x01", b"\x03"
_URI, _CHARSET, _LANGUAGE, _KEYWORD, _ENUM = 0x45, 0x47, 0x48, 0x44, 0x23
_FIRST_VALUE_TAG = 0x10

# RFC 8011, 5.3.7: the states of a job.
JOB_STATES: Mapping[int, str] = MappingProxyType(
    {3: "pending", 4: "held", 5: "processing", 6: "stopped", 7: "canceled", 8: "aborted", 9: "completed"}
)


class IppError(Exception):
    """The server did not answer, or not with a job's state."""


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over the socket file that a print server on this machine listens at."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)


def job_state(server: str, job_number: int) -> tuple[str, tuple[str, ...]]:
    """A job's state and the server's reasons for it; ``server`` as ``lpstat -H`` names it: a socket file or host:port.

    Raises IppError when the server cannot be asked or does not know the job.
    """
    connection = _SocketConnection(server) if server.startswith("/") else http.client.HTTPConnection(server, timeout=_TIMEOUT)
    try:
        connection.request("POST", "/jobs", job_request(job_number), {"Content-Type": "application/ipp"})
        answer = connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise IppError(str(error)) from error
    finally:
        connection.close()
    return state_in(answer)


def job_request(job_number: int) -> bytes:
    """A Get-Job-Attributes request for the state of one job."""
    return b"".join(
        (
            struct.pack(">BBHI", 1, 1, _GET_JOB_ATTRIBUTES, 1),
            _OPERATION_GROUP,
            _attribute(_CHARSET, "attributes-charset", "utf-8"),
            _attribute(_LANGUAGE, "attributes-natural-language", "en"),
            _attribute(_URI, "job-uri", f"ipp://localhost/jobs/{job_number}"),
            _attribute(_KEYWORD, "requested-attributes", "job-state"),
            _attribute(_KEYWORD, "", "job-state-reasons"),
            _END_GROUP,
        )
    )


def state_in(answer: bytes) -> tuple[str, tuple[str, ...]]:
    """State and reasons in a server's answer; raises IppError for a refusal and for what is not an answer."""
    try:
        status = struct.unpack_from(">H", answer, 2)[0]
        values = list(_values(answer)) if status < 0x100 else []
    except struct.error as error:
        raise IppError("not an IPP answer") from error
    state = next((int.from_bytes(value, "big") for name, tag, value in values if name == "job-state" and tag == _ENUM), 0)
    if state not in JOB_STATES:
        raise IppError(f"status {status:#06x}, no job state")
    return JOB_STATES[state], tuple(value.decode("utf-8", "replace") for name, _, value in values if name == "job-state-reasons")


def _attribute(tag: int, name: str, value: str) -> bytes:
    """One attribute; an empty name adds a value to the attribute before it."""
    key, content = name.encode(), value.encode()
    return struct.pack(">BH", tag, len(key)) + key + struct.pack(">H", len(content)) + content


def _values(answer: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Name, value tag and bytes of every value in an answer."""
    at, name = 8, ""
    while at < len(answer):
        tag = answer[at]
        at += 1
        if tag < _FIRST_VALUE_TAG:
            continue
        (length,) = struct.unpack_from(">H", answer, at)
        name = answer[at + 2 : at + 2 + length].decode("utf-8", "replace") or name
        at += 2 + length
        (length,) = struct.unpack_from(">H", answer, at)
        yield name, tag, answer[at + 2 : at + 2 + length]
        at += 2 + length
