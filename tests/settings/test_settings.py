"""Settings of a desk: kept whole, refused by name, and each declared once for the page."""

from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.settings import DECLARED, SETTINGS_NAME, SettingRefused, Settings, choices_of, load_settings, save_settings, settings_from


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    settings = Settings(theme="dark", scale=150, reader_port="COM3", queue="A4", idle_lock_min=3)
    save_settings(tmp_path, settings)
    assert load_settings(tmp_path, {}) == settings
    assert load_settings(tmp_path / "nothing here", {}) == Settings()


def test_a_file_that_cannot_be_understood_names_file_and_key_and_stays(tmp_path: Path) -> None:
    path = tmp_path / SETTINGS_NAME
    for text, key in (('theme = "pink"', "theme"), ("scale = 250", "scale"), ("colour = 1", "colour")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as refused:
            load_settings(tmp_path, {})
        assert SETTINGS_NAME in refused.value.what
        assert key in refused.value.what
        assert refused.value.do
        assert path.read_text(encoding="utf-8") == text


def test_a_variable_goes_before_the_file_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    save_settings(tmp_path, Settings(theme="dark", scale=125))
    settings = load_settings(tmp_path, {"NBCASE_THEME": "light", "NBCASE_READER_BAUD": "9600", "NBCASE_OTHER": "x"})
    assert (settings.theme, settings.scale, settings.reader_baud) == ("light", 125, 9600)
    with pytest.raises(UserError, match="NBCASE_SCALE"):
        load_settings(tmp_path, {"NBCASE_SCALE": "250"})
    with pytest.raises(UserError, match="NBCASE_IDLE_LOCK_MIN"):
        load_settings(tmp_path, {"NBCASE_IDLE_LOCK_MIN": "soon"})


def test_every_setting_is_declared_once() -> None:
    assert sorted(setting.key for setting in DECLARED) == sorted(Settings.__struct_fields__)


def test_a_closed_set_offers_its_values_with_names_and_an_open_one_none() -> None:
    by_key = {setting.key: setting for setting in DECLARED}
    assert choices_of(by_key["theme"]) == (("light", "浅色"), ("dark", "深色"), ("system", "随系统"))
    assert [code for code, _ in choices_of(by_key["reader_baud"])] == ["9600", "19200", "38400", "57600", "115200"]
    assert choices_of(by_key["queue"]) == ()


def test_texts_of_a_form_become_settings_and_a_wrong_one_is_named() -> None:
    assert settings_from({"scale": "150", "reader_baud": "9600"}) == Settings(scale=150, reader_baud=9600)
    for key, text in (("scale", "99"), ("scale", "big"), ("idle_lock_min", "0"), ("reader_baud", "1"), ("theme", "")):
        with pytest.raises(SettingRefused) as refused:
            settings_from({key: text})
        assert refused.value.key == key
