"""The straight design that the sync is measured against: it sends and stores the same bytes and checks nothing.

A SQLCipher outbox, batches of 500 packed with zstd, a bare ASGI application that decodes them with msgspec, one PostgreSQL
transaction with one jsonb parameter, and an acknowledgement. ``python -m tests.benchmarks.straight DATABASE_URL`` serves it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import requests
import sqlcipher3.dbapi2 as sqlcipher
import uvicorn
import zstandard

from nbcase.domain.action import Action

BATCH = 500
SCHEMA = """
CREATE TABLE act (id text PRIMARY KEY, sequence int NOT NULL, body jsonb NOT NULL);
CREATE TABLE feed (position bigint PRIMARY KEY, id text NOT NULL, body bytea NOT NULL);
"""
TAKE = """
INSERT INTO act (id, sequence, body)
SELECT e ->> 'id', (e ->> 'sequence')::int, e FROM jsonb_array_elements(%s::jsonb) AS e ON CONFLICT DO NOTHING
"""
PAGE = "SELECT position, id, body FROM feed WHERE position > %s ORDER BY position LIMIT %s"


class Row(msgspec.Struct):
    """A record in the feed."""

    position: int
    id: str
    body: msgspec.Raw


class StraightCentre:
    """The whole application: POST takes acts, GET answers a page of the feed."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        answer = self._take(body) if scope["method"] == "POST" else self._page(int(scope["query_string"]))
        packed = zstandard.ZstdCompressor(level=1).compress(answer)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(packed)).encode())]})
        await send({"type": "http.response.body", "body": packed})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        print("ready", flush=True)
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _take(self, packed: bytes) -> bytes:
        body = zstandard.ZstdDecompressor().decompress(packed)
        actions = msgspec.json.decode(body, type=list[Action])
        with self._connection.transaction():
            self._connection.execute(TAKE, [body.decode()])
        return msgspec.json.encode([action.id for action in actions])

    def _page(self, after: int) -> bytes:
        with self._connection.transaction():
            rows = self._connection.execute(PAGE, [after, BATCH]).fetchall()
        return msgspec.json.encode([Row(position, record_id, msgspec.Raw(body)) for position, record_id, body in rows])


class StraightDesk:
    """An outbox to send and a table to pull into, in one encrypted file."""

    def __init__(self, path: Path, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._file: Any = sqlcipher.connect(str(path), isolation_level=None)
        for statement in (
            f"PRAGMA key = \"x'{bytes(32).hex()}'\"",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB, is_sent INTEGER)",
            "CREATE TABLE record (id TEXT PRIMARY KEY, body BLOB)",
            "CREATE TABLE place (cursor INTEGER)",
            "INSERT INTO place VALUES (0)",
        ):
            self._file.execute(statement)

    def fill(self, acts: Sequence[tuple[int, str, bytes]]) -> None:
        """Acts to be sent: sequence, id and body."""
        self._file.execute("BEGIN IMMEDIATE")
        self._file.executemany("INSERT INTO outbox VALUES (?, ?, ?, 0)", acts)
        self._file.execute("COMMIT")

    def forget(self) -> None:
        """Send everything once more."""
        self._file.execute("UPDATE outbox SET is_sent = 0")

    def push(self) -> int:
        """Send what waits; answers how many."""
        sent = 0
        while rows := self._file.execute("SELECT body FROM outbox WHERE is_sent = 0 ORDER BY sequence LIMIT ?", [BATCH]).fetchall():
            body = zstandard.ZstdCompressor(level=1).compress(b"[" + b",".join(row[0] for row in rows) + b"]")
            done = msgspec.json.decode(self._ask("POST", "", body), type=list[str])
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("UPDATE outbox SET is_sent = 1 WHERE id = ?", [(action_id,) for action_id in done])
            self._file.execute("COMMIT")
            sent += len(done)
        return sent

    def pull(self) -> int:
        """Write what came; answers how many records."""
        pulled = 0
        while True:
            (after,) = self._file.execute("SELECT cursor FROM place").fetchone()
            rows = msgspec.json.decode(self._ask("GET", f"?{after}", b""), type=list[Row])
            if not rows:
                return pulled
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", [(row.id, bytes(row.body)) for row in rows])
            self._file.execute("UPDATE place SET cursor = ?", [rows[-1].position])
            self._file.execute("COMMIT")
            pulled += len(rows)

    def _ask(self, method: str, query: str, body: bytes) -> bytes:
        return zstandard.ZstdDecompressor().decompress(self._http.request(method, self._url + query, data=body).content)

    def close(self) -> None:
        """Give back file and line."""
        self._http.close()
        self._file.close()


def main(database_url: str, port: int) -> None:
    """Serve until it is ended."""
    uvicorn.run(StraightCentre(database_url), host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
