"""The English catalogue is whole: every text of the program is in it, with the same places to fill in."""

import ast
import re
from pathlib import Path

import pytest

from nbcase.domain.words import tr, use_language
from tests.tools.make_catalogue import COMPILED, compiled, found, translations

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"\{([a-z_0-9]*)\}")
SOURCES = sorted(path for package in ("nbcase", "ui") for path in (ROOT / package).rglob("*.py"))


def test_every_text_has_its_english_and_nothing_else_is_there() -> None:
    catalogue = translations()
    known = {message.id: message.string for message in catalogue if message.id}
    assert set(found()) - set(known) == set(), "run python -m tests.tools.make_catalogue"
    assert set(known) - set(found()) == set()
    assert [text for text, english in known.items() if not english] == []
    assert not catalogue.obsolete
    assert not any(message.fuzzy for message in catalogue if message.id)


def test_english_fills_in_the_same_places() -> None:
    different = [
        message.id
        for message in translations()
        if message.id
        and isinstance(message.string, str)
        and sorted(set(PLACES.findall(message.id))) != sorted(set(PLACES.findall(message.string)))
    ]
    assert different == []


def test_the_compiled_catalogue_is_that_of_its_source() -> None:
    assert COMPILED.read_bytes() == compiled(translations())


def test_a_text_is_translated_when_the_language_is_chosen() -> None:
    use_language("en")
    try:
        assert tr("居住登记").isascii()
    finally:
        use_language("zh")
    assert tr("居住登记") == "居住登记"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_translated_at_import_or_put_together_inside_tr(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        early = [node.lineno for node in ast.walk(statement) if _is_call(node, "tr") and not _inside_lambda(statement, node)]
        assert early == [], f"{path.name}: tr at import keeps the language of the start; use mark here and tr where it is shown"
    for node in ast.walk(tree):
        if (_is_call(node, "tr") or _is_call(node, "mark")) and isinstance(node, ast.Call):
            assert len(node.args) == 1
            argument = node.args[0]
            assert not isinstance(argument, (ast.JoinedStr, ast.IfExp, ast.BinOp)), f"{path.name}:{node.lineno}"


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _inside_lambda(statement: ast.stmt, wanted: ast.AST) -> bool:
    return any(wanted in ast.walk(node) for node in ast.walk(statement) if isinstance(node, ast.Lambda))
