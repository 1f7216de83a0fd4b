"""设置 without a window: what is kept, what is refused and where it says so, from when it counts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.settings import DECLARED, Settings
from tests.parts.counter import Counter
from ui.pages.settings.presenter import (
    SettingsPresenter,
    Surroundings,
    effect_words,
    form_sections,
    languages,
    plain_values,
    queue_options,
)


class FakePage:
    """A form as a mapping."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {setting.key: "" for setting in DECLARED}
        self.problems: Mapping[str, str] = {}
        self.surroundings: Surroundings | None = None
        self.is_changed = False
        self.busy: list[bool] = []

    def values(self) -> Mapping[str, str]:
        return self.texts

    def show_values(self, values: Mapping[str, str]) -> None:
        self.texts = dict(values)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        self.problems = problems

    def show_surroundings(self, found: Surroundings) -> None:
        self.surroundings = found

    def show_is_changed(self, on: bool) -> None:
        self.is_changed = on

    def show_busy(self, on: bool) -> None:
        self.busy.append(on)


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(people=5)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> SettingsPresenter:
    made = SettingsPresenter(view, counter)
    made.refresh()
    return made


def test_the_form_has_every_setting_and_shows_what_is_kept(presenter: SettingsPresenter, view: FakePage) -> None:
    assert [field.key for section in form_sections() for field in section.fields] == [setting.key for setting in DECLARED]
    assert view.texts == plain_values(Settings())
    assert not view.is_changed
    assert view.surroundings is not None


def test_a_change_is_kept_and_says_from_when_it_counts(presenter: SettingsPresenter, view: FakePage, counter: Counter) -> None:
    view.texts |= {"scale": "150", "theme": "dark", "reader_port": "COM3"}
    presenter.edited()
    assert view.is_changed
    presenter.save()
    assert counter.settings == Settings(scale=150, theme="dark", reader_port="COM3")
    assert counter.notices[-1].do == "缩放（%）下次启动起生效；串口下次登录起生效"
    assert not view.is_changed
    assert view.busy == [True, False]


def test_a_value_that_cannot_be_kept_is_marked_and_nothing_is_kept(presenter: SettingsPresenter, view: FakePage, counter: Counter) -> None:
    for key, text in (("scale", "250"), ("scale", "x"), ("idle_lock_min", "0"), ("theme", "")):
        view.texts = plain_values(Settings()) | {key: text}
        presenter.save()
        assert list(view.problems) == [key]
        assert view.problems[key]
    assert counter.settings == Settings()


def test_a_calendar_or_folder_that_is_wrong_says_what_and_where(
    presenter: SettingsPresenter, view: FakePage, counter: Counter, tmp_path: Path
) -> None:
    wrong = tmp_path / "holidays.toml"
    wrong.write_text("year = 2026", encoding="utf-8")
    for key, text in (
        ("calendar_file", str(wrong)),
        ("calendar_file", str(tmp_path / "missing.toml")),
        ("print_folder", "papers"),
        ("print_folder", str(wrong)),
    ):
        view.texts = plain_values(Settings()) | {key: text}
        presenter.save()
        assert list(view.problems) == [key]
        assert view.problems[key]
    assert counter.settings == Settings()
    view.texts = plain_values(Settings()) | {"print_folder": str(tmp_path / "new")}
    presenter.save()
    assert counter.settings.print_folder == str(tmp_path / "new")


def test_a_disk_that_refuses_is_told_and_the_former_settings_stand(
    presenter: SettingsPresenter, view: FakePage, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(settings: Settings) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(counter, "save_settings", refuse)
    view.texts |= {"theme": "dark"}
    presenter.save()
    (error,) = counter.troubles
    assert isinstance(error, UserError)
    assert error.safe
    assert presenter.is_changed


def test_taking_a_change_back_shows_what_is_kept(presenter: SettingsPresenter, view: FakePage) -> None:
    view.texts |= {"theme": "dark"}
    presenter.refresh()
    assert view.texts["theme"] == "dark", "coming back to the page keeps what was begun"
    presenter.discard()
    assert view.texts == plain_values(Settings())


def test_a_reader_without_a_port_or_an_answer_is_told(presenter: SettingsPresenter, view: FakePage, counter: Counter) -> None:
    presenter.try_reader()
    assert list(view.problems) == ["reader_port"]
    view.texts |= {"reader_port": "no-such-port"}
    presenter.try_reader()
    assert counter.notices[-1].kind == "warn"
    assert "no-such-port" in counter.notices[-1].what
    assert counter.settings == Settings(), "a try keeps nothing"


def test_a_chosen_queue_that_is_gone_stays_and_says_so() -> None:
    assert [option.label for option in queue_options(("A4",), "A5")] == ["A4", "A5（现在找不到）"]
    assert [option.code for option in queue_options(("A4",), "A4")] == ["A4"]


def test_nothing_changed_has_no_effect_and_a_language_without_a_catalogue_is_not_offered() -> None:
    assert effect_words(Settings(), Settings()) == ""
    offered = next(field for section in form_sections() for field in section.fields if field.key == "language")
    assert tuple(option.code for option in offered.options) == languages()
