"""Logs as JSON lines without personal data: events and error types, never the values of local variables."""

import sys
from pathlib import Path
from typing import TextIO

import structlog


def configure_logs(path: Path | None = None) -> None:
    """Write logs to a file, or to stderr without one. structlog's own console would print local variables, with people in them."""
    stream: TextIO = sys.stderr
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
