"""A clerk changes theme and scale in 设置 with keys alone; a slip is marked at its field."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.settings import Settings
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from ui.pages import PageSpec
from ui.pages.settings import SettingsPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def test_settings_are_changed_refused_mended_and_kept_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=5)
    counter.tasks = tasks
    spec = PageSpec(code="settings", title="设置", icon="settings", order=1, roles=frozenset(), make=SettingsPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("settings")
    page, keys = window.page("settings"), Keyboard(window)
    assert isinstance(page, SettingsPage)
    until(lambda: tasks.pending == 0)
    assert not page._save.isEnabled()

    keys.press("Tab", "2", "Tab")
    keys.type("250")
    assert page._save.isEnabled()
    keys.press("Ctrl+Enter")
    assert page._form.field("scale").state() == "error"
    assert page._form.field("scale").focusProxy().hasFocus()
    keys.press("Ctrl+A")
    keys.type("125")
    keys.press("Ctrl+Enter")
    until(lambda: counter.settings == Settings(theme="dark", scale=125))
    assert "缩放" in counter.notices[-1].do
    assert not page._save.isEnabled()
    assert page._form.field("scale").state() == "normal"

    keys.press("Tab", "5")
    assert page._presenter.is_changed
    keys.press("Alt+Z")
    assert not page._presenter.is_changed
    assert not counter.troubles
