"""Refusals as HTTP: status for the program, three sentences for the clerk."""

from datetime import datetime
from typing import Literal

import msgspec
from starlette.responses import Response

from nbcase.domain.errors import Conflict, NotAllowed, UserError
from nbcase.operations.messages import Trouble

JSON = "application/json"
Code = Literal["", "clock", "session", "busy"]


class Refused(Exception):
    """A request that is not answered; `code` tells the desk's program what it can mend by itself, `retry_after_s` when to come again."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        safe: str = "",
        do: str = "",
        code: Code = "",
        server_at: datetime | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.retry_after_s = retry_after_s
        self.trouble = Trouble(what=what, safe=safe, do=do, code=code, server_at=server_at)

    def response(self) -> Response:
        """As sent."""
        response = reply(self.trouble, self.status)
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(self.retry_after_s)
        return response


def from_user_error(error: UserError) -> Refused:
    """The refusal for what an operation refused."""
    if isinstance(error, NotAllowed):
        return Refused(403, error.what, safe=error.safe, do=error.do)
    if isinstance(error, Conflict):
        return Refused(503, error.what, safe=error.safe, do=error.do, code="busy")
    return Refused(400, error.what, safe=error.safe, do=error.do)


def reply(message: object, status: int = 200) -> Response:
    """A JSON response."""
    return Response(msgspec.json.encode(message), status_code=status, media_type=JSON)
