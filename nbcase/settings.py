"""Settings of a desk: declared once here, kept in one TOML file, edited on the page 设置 or by hand.

A file that cannot be understood is never overwritten: the error names file, key and mend.
"""

from pathlib import Path
from typing import Literal

import msgspec
import platformdirs

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.vault import write_durably

SETTINGS_NAME = "settings.toml"

Language = Literal["zh", "en"]
ThemeMode = Literal["light", "dark"]
ReceiptPaper = Literal["a5", "80mm"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a desk may be told. An empty `reader_port` or `queue` means: none is configured."""

    language: Language = "zh"
    theme: ThemeMode = "light"
    scale: int = 100
    reader_port: str = ""
    reader_baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    queue: str = ""
    print_folder: str = ""
    receipt_paper: ReceiptPaper = "a5"
    calendar_file: str = ""
    idle_lock_min: int = 10

    def __post_init__(self) -> None:
        if not 100 <= self.scale <= 200:
            raise ValueError("scale is a percentage from 100 to 200")
        if self.idle_lock_min < 1:
            raise ValueError("idle_lock_min is at least 1")


def default_desk_folder() -> Path:
    """Where a desk keeps its data unless told otherwise."""
    return Path(platformdirs.user_data_dir("nbcase", appauthor=False)) / "desk"


def load_settings(folder: Path) -> Settings:
    """The desk's settings, the defaults without a file; raises `UserError` for a file that cannot be understood."""
    path = folder / SETTINGS_NAME
    if not path.exists():
        return Settings()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings)
    except (msgspec.DecodeError, OSError) as error:
        raise UserError(
            tr("设置文件有错：{path}：{error}").format(path=path, error=error),
            safe=tr("文件没有改动，办件不受影响。"),
            do=tr("请改正这一处；删去该行则用默认值。"),
        ) from error


def save_settings(folder: Path, settings: Settings) -> None:
    """Keep the settings; a power cut leaves the old or the new file."""
    write_durably(folder / SETTINGS_NAME, msgspec.toml.encode(settings))
