"""Text for people: written in Simplified Chinese in the source, translated by gettext catalogues."""

import gettext
from collections.abc import Callable

from nbcase.domain.resources import resource_path

_translate: Callable[[str], str] = str
_language = "zh"


def use_language(language: str) -> None:
    """Choose the language of all later `tr` calls: ``zh`` (the source) or ``en``."""
    global _translate, _language
    _language = language
    if language == "zh":
        _translate = str
        return
    folder = resource_path("translations")
    _translate = gettext.translation("nbcase", str(folder), languages=[language]).gettext


def is_english() -> bool:
    """Whether people read English now: for data files that carry both languages."""
    return _language == "en"


def tr(text: str) -> str:
    """The text in the chosen language; the Chinese itself where a translation is missing."""
    return _translate(text)


def sentences(*parts: str) -> str:
    """Whole sentences one after the other; between Chinese ones stands no blank."""
    return (" " if is_english() else "").join(part for part in parts if part)


def mark(text: str) -> str:
    """The text unchanged: names it for the catalogue where it is declared, to be given to `tr` where it is shown."""
    return text
