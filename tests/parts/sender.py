"""Requests signed as a desk would sign them, with any part replaced: for what a desk's program would not send."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from nbcase.crypto.requests import request_bytes
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


@dataclass
class Sender:
    """Sends requests as a desk would, with any part replaced."""

    desk: WorkingDesk
    url: str
    http: requests.Session = field(default_factory=requests.Session)

    def send(
        self, method: str, target: str, body: bytes = b"", /, *, headers: dict[str, str] | None = None, **parts: Any
    ) -> requests.Response:
        """One request; `parts` replaces the key, the desk's id, the nonce, or what is signed."""
        identity = self.desk.enrolment.identity
        signed = {
            "at": self.desk.clock.now().isoformat(),
            "nonce": parts.pop("nonce", "nonce-" + hashlib.sha256(body + target.encode()).hexdigest()[:20]),
            "body_hash": hashlib.sha256(body).hexdigest(),
            "method": method,
            "target": target,
            **{name: value for name, value in parts.items() if name in ("at", "body_hash", "method", "target")},
        }
        key = parts.get("key", self.desk.signed_in.secrets.device)
        sent = {
            "Nbcase-Desk": parts.get("desk_id", identity.desk_id),
            "Nbcase-Time": signed["at"],
            "Nbcase-Nonce": signed["nonce"],
            "Nbcase-Signature": key.sign(request_bytes(**signed)),
            **(headers or {}),
        }
        return self.http.request(method, self.url + target, data=body, headers=sent, timeout=10)


@pytest.fixture
def sender(centre: RunningCentre, make_desk: MakeDesk) -> Iterator[Sender]:
    """A desk of the first station whose requests the test writes itself."""
    with requests.Session() as http:
        yield Sender(make_desk("li"), centre.url, http)
