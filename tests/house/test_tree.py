"""What lies in the project's folder, and what no file of it may say."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "nbcase",
    "pyproject.toml",
    "requirements.lock",
    "resources",
    "run.py",
    "tests",
    "ui",
}
MADE = {"__pycache__", "build", "dist", "demo-out"}
"""Folders that programs leave behind; for a copy of the project without git, where nobody else knows."""
OF_A_MACHINE = [
    re.compile(r"(?<![\w.~}])/(?:w[o]rk|r[o]ot|h[o]me|o[p]t|Us[e]rs)/"),
    re.compile(r"\b[A-Z]:\\+Us[e]rs\\"),
    re.compile(r"https?://[^\s\"'<>)]*(?:p[y]pi|h[o]sted|r[e]gistry|/s[i]mple\b|//d[e]b\.)"),
]
"""Paths of somebody's machine and addresses of package indexes, written so that this file does not match itself."""


def project_files() -> list[Path]:
    """Files that git has or would take, or where there is no git all but what programs leave behind; relative to the project."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
        )
        found = [Path(name) for name in listing.stdout.split("\0") if name]
        return [path for path in found if (ROOT / path).is_file()]
    everything = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path for path in everything if not path.parts[0].startswith(".") and not MADE & set(path.parts)]


def texts() -> Iterator[tuple[Path, str]]:
    """The project's files that are text."""
    for path in project_files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content[:8192]:
            yield path, content.decode(errors="replace")


def machine_words(text: str) -> list[str]:
    """Lines that name a path of a machine or the address of a package index."""
    return [line for line in text.splitlines() if any(pattern.search(line) for pattern in OF_A_MACHINE)]


def test_the_top_level_has_only_the_known_names() -> None:
    names = {path.parts[0] for path in project_files()}
    assert {name for name in names if not name.startswith(".")} - TOP_LEVEL == set()


def test_no_file_names_a_path_of_a_machine_or_a_package_index() -> None:
    assert {str(path): lines for path, text in texts() if (lines := machine_words(text))} == {}


@pytest.mark.parametrize(
    "word",
    [
        "/{}/me/nbcase".format("home"),
        "C:\\{}\\me".format("Users"),
        "https://{}.example/".format("pypi"),
        "https://a.example/{}/".format("simple"),
    ],
)
def test_such_a_word_is_found(word: str) -> None:
    assert machine_words(f"first\n= '{word}'") == [f"= '{word}'"]


def test_every_module_says_what_it_is_for() -> None:
    modules = {path: text for path, text in texts() if path.suffix == ".py" and path.parts[0] in ("nbcase", "ui", "run.py")}
    assert len(modules) > 3
    assert [str(path) for path, text in modules.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_no_package_marker_lies_below_tests() -> None:
    assert [str(path) for path in project_files() if path.parts[0] == "tests" and path.name == "__init__.py"] == []
