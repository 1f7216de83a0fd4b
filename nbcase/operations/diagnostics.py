"""What somebody who helps from afar needs to know of a desk, in one file, without a person in it.

Of the logs only events, times, kinds of errors and drivers are taken: what was said to a clerk may name somebody and stays here.
"""

import io
import json
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import msgspec

from nbcase.settings import Settings

MOST_LINES: Final = 5_000
"""Of the newest logs; some weeks of a desk."""

_KEPT: Final = ("timestamp", "level", "event", "kind", "driver", "fault", "number", "where")
_DIGITS: Final = re.compile(r"\d{11,}")
"""Numbers of documents and telephones."""


def bundle(report: Iterable[Mapping[str, str]], settings: Settings, folder: Path, version: str) -> bytes:
    """A zip of `checks.json`, `settings.json`, `system.json` and `log.jsonl`; nothing else is read."""
    system = {
        "nbcase": version,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "packages": dict(sorted((each.name, each.version) for each in distributions())),
        "sizes": {path.name: path.stat().st_size for path in sorted(folder.glob("*")) if path.is_file()},
    }
    # Folders and files are named by people, with their names in them.
    plain = msgspec.structs.asdict(settings)
    told = {key: bool(value) if key in ("print_folder", "calendar_file", "centre_ca_file") else value for key, value in plain.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("checks.json", _json([{"key": row["key"], "state": row["state"]} for row in report]))
        file.writestr("settings.json", _json(told))
        file.writestr("system.json", _json(system))
        file.writestr("log.jsonl", "".join(f"{_json(line)}\n" for line in _log_lines(folder / "log")))
    return buffer.getvalue()


def _json(value: Any) -> str:
    return _DIGITS.sub("…", json.dumps(value, ensure_ascii=False))


def _log_lines(folder: Path) -> list[dict[str, str]]:
    """The newest lines, cut down to what can hold no person."""
    lines: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8", "replace").splitlines():
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if isinstance(values, dict):
                lines.append({key: str(values[key])[:80] for key in _KEPT if key in values})
    return lines[-MOST_LINES:]
