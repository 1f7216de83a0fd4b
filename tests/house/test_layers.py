"""The import order of the house, and that breaking it is noticed."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `folder/pyproject.toml` on the packages of that folder (not of this environment)."""
    return subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, '.'); {LINT}"], cwd=folder, capture_output=True, text=True
    )


@pytest.fixture
def bare_house(tmp_path: Path) -> Path:
    """A house of empty rooms: the packages of the real one, one empty module each."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    rooms = re.findall(r"\w+", " ".join(contracts[0]["layers"]))
    for room in ["nbcase", "ui", *(f"nbcase/{name}" for name in rooms)]:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    return tmp_path


def test_the_import_layers_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_house_of_empty_rooms_keeps_the_contracts(bare_house: Path) -> None:
    result = lint(bare_house)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("nbcase/domain/__init__.py", "import nbcase.store", "An upper layer"),
        ("nbcase/store/__init__.py", "import nbcase.documents", "An upper layer"),
        ("nbcase/devices/__init__.py", "from PySide6 import QtCore", "never heard of Qt"),
        ("nbcase/cli/__init__.py", "import ui", "never heard of Qt"),
        ("ui/__init__.py", "import sqlalchemy", "never see SQL or HTTP"),
        ("ui/__init__.py", "import requests", "never see SQL or HTTP"),
        ("nbcase/stray.py", "", "stray"),
    ],
)
def test_an_import_against_the_order_is_named(bare_house: Path, module: str, line: str, broken: str) -> None:
    (bare_house / module).write_text(line)
    result = lint(bare_house)
    assert result.returncode == 1
    assert broken in result.stdout.split("Broken contracts")[-1]
