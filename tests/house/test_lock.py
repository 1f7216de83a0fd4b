"""The lock file: covers what pyproject.toml asks for, pins by hash, names no address."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> list[Requirement]:
    """The pinned requirements of the lock file, with their markers."""
    lines = [line.rstrip(" \\") for line in LOCK.splitlines() if line and line[0] not in "# "]
    return [Requirement(line) for line in lines]


def asked_for() -> list[Requirement]:
    """All dependencies of the project, with those of its tests; the benchmarks' yardsticks are for who wants to measure."""
    return [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]]


def test_the_lock_pins_everything_the_project_asks_for_within_its_ranges() -> None:
    locked = {canonicalize_name(pin.name): [spec.version for spec in pin.specifier] for pin in pins()}
    missing = [
        str(wanted) for wanted in asked_for() if not any(map(wanted.specifier.contains, locked.get(canonicalize_name(wanted.name), [])))
    ]
    assert missing == []


def test_every_pin_is_exact_and_has_hashes() -> None:
    assert [str(pin) for pin in pins() if [spec.operator for spec in pin.specifier] != ["=="]] == []
    blocks = re.split(r"\n(?=[^\s#])", LOCK)[1:]
    assert len(blocks) == len(pins())
    assert [block.split()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []


def test_the_lock_names_no_address_and_no_place_to_look() -> None:
    assert re.findall(r"\S*://\S*|\s@\s.*|--(?:extra-)?index-url.*|--find-links.*|--trusted-host.*", LOCK.split("\n", 2)[2]) == []


def test_the_lock_says_how_it_was_made() -> None:
    assert "uv pip compile pyproject.toml --universal" in LOCK.splitlines()[1]
