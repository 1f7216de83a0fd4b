"""Makes the English catalogue below `resources/translations`: `python -m tests.tools.make_catalogue`.

Takes every text given to `tr` or `mark` in the two packages, keeps the translations that are there, drops those whose
text is gone, compiles the catalogue and prints the texts that still want a translation. A changed text counts as a new
one: its English is written again, never guessed from a similar one.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "resources/translations/en/LC_MESSAGES/nbcase.po"
COMPILED = CATALOGUE.with_suffix(".mo")
PACKAGES = ("nbcase", "ui")
KEYWORDS = {"tr": None, "mark": None}
LINE_LENGTH = 110


def found() -> dict[str, list[str]]:
    """Every text of the packages with the modules it stands in, in the order of the modules."""
    texts: dict[str, list[str]] = {}
    for package in PACKAGES:
        for module, _, text, _, _ in sorted(
            extract_from_dir(ROOT / package, [("**.py", "python")], keywords=KEYWORDS), key=lambda entry: entry[:2]
        ):
            assert isinstance(text, str), f"{package}/{module}: tr and mark take one text"
            modules = texts.setdefault(text, [])
            if f"{package}/{module}" not in modules:
                modules.append(f"{package}/{module}")
    return texts


def translations() -> Catalog:
    """The catalogue as it stands in its file, an empty one where there is none."""
    if not CATALOGUE.exists():
        return Catalog(locale="en")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def updated(known: Catalog) -> Catalog:
    """A catalogue of the texts that are found, with what is known of their English.

    Modules without line numbers say where a text is used: a line that moves does not change the file.
    """
    fresh = Catalog(locale="en", domain="nbcase", project="nbcase", fuzzy=False)
    # The header of today would make each run differ; it says what gettext needs and no more.
    fresh.mime_headers = [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "8bit"), ("Language", "en")]
    fresh.header_comment = "# English texts of nbcase; the Chinese stands in the source. Made by tests/tools/make_catalogue.py."
    for text, modules in found().items():
        before = known.get(text)
        fresh.add(text, before.string if before else "", locations=[(module, 0) for module in modules])
    return fresh


def written(catalogue: Catalog) -> bytes:
    """The catalogue's source file."""
    file = io.BytesIO()
    write_po(file, catalogue, width=LINE_LENGTH, include_lineno=False)
    return file.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    """Update and compile; say what is missing."""
    catalogue = updated(translations())
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(written(catalogue))
    COMPILED.write_bytes(compiled(catalogue))
    missing = [message.id for message in catalogue if message.id and not message.string]
    print(f"{len(catalogue)} texts, {len(missing)} without English")
    for text in missing:
        print(repr(text))


if __name__ == "__main__":
    main()
