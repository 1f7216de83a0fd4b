"""Labels and facts: what they replace must not come back as a window of its own."""

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QWidget

from ui.widgets.text import Facts


def test_facts_that_change_twice_at_once_do_not_become_windows(app: QApplication, show: Callable[..., QWidget]) -> None:
    facts = Facts()
    show(facts)
    facts.show_facts([("环节", "待审核")])
    facts.show_facts([("环节", "办结")])
    app.processEvents()
    assert [widget for widget in app.topLevelWidgets() if widget.isVisible()] == [facts]
