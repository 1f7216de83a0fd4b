from dataclasses import replace
from pathlib import Path
import pytest
from tests.parts.windows import sit_at  # noqa
from tests.sync.test_restored_centre import forget
from ui.pictures import render
from PySide6.QtWidgets import QApplication
from ui.theme import current_theme
from nbcase.domain.words import use_language
OUT=Path('/tmp/guard/pics')
def test_pics(sit_at, centre):
    first, second = sit_at("li"), sit_at("qian")
    p = first.working.resident(phone="13900000000")
    first.working.act(p); first.contact(); second.contact()
    second.working.change(p, phone="13911111111"); second.contact()
    forget(centre)
    second.show()
    second.contact()
    second.keys.press("Alt+1")
    render(second.window, OUT/"held.png", size=(1366,768), scale=1.0)
    render(second.window, OUT/"held-200.png", size=(683,384), scale=2.0)
    second.window.open_page("settings"); QApplication.processEvents()
    render(second.window, OUT/"settings.png", size=(1366,768), scale=1.0)
def test_en(sit_at):
    use_language("en")
    try:
        first, second = sit_at("li"), sit_at("sun")
        p = first.working.resident(phone="13900000000")
        first.working.act(p); first.contact()
        second.working.act(second.working.resident(number=p.document_number, phone="13922222222", name=p.name))
        second.working.act(second.working.resident("样错", station_code="3302129999"), files=(b"\x89PNG x",))
        second.contact()
        second.show(); second.keys.press("Alt+3"); QApplication.processEvents()
        render(second.window, OUT/"en-conflict.png", size=(1366,768), scale=1.0)
        second.keys.press("Alt+4")
        render(second.window, OUT/"en-quarantined.png", size=(1366,768), scale=1.0)
        second.window.open_page("settings"); QApplication.processEvents()
        render(second.window, OUT/"en-settings.png", size=(1366,768), scale=1.0)
    finally:
        use_language("zh")
