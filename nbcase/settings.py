"""Settings of a desk: declared once here, kept in one TOML file, edited on the page 设置 or by hand.

A file that cannot be understood is never overwritten: the error names file, key and mend. A variable ``NBCASE_`` with the key in
capitals, such as ``NBCASE_THEME=dark``, goes before the file.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import msgspec
import platformdirs

from nbcase.documents.raster import PrinterSetup
from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.store.vault import write_durably

SETTINGS_NAME = "settings.toml"

Language = Literal["zh", "en"]
ThemeMode = Literal["light", "dark", "system"]
ReceiptPaper = Literal["a5", "80mm", "58mm"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a desk may be told. An empty `reader_port` or `queue` means: none is configured.

    `scanner` is a name in SANE or ``auto`` for the first one, `camera` a number from 0.
    `reader_port` may name several readers with commas between them, `reader_driver` the module of another driver.

    `centre_ca_file` (PEM) is the authority that signed the centre's certificate; empty for the ones that everybody knows.
    """

    language: Language = "zh"
    theme: ThemeMode = "light"
    scale: int = 100
    reader_port: str = ""
    reader_baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    reader_driver: str = ""
    code_scanner: Literal["off", "prefix", "speed"] = "off"
    code_prefix: str = "~"
    scanner: str = ""
    scanner_driver: str = ""
    camera: str = ""
    camera_driver: str = ""
    queue: str = ""
    receipt_queue: str = ""
    print_folder: str = ""
    receipt_paper: ReceiptPaper = "a5"
    verify_page: str = ""
    code_algorithm: Literal["ed25519", "sm2"] = "ed25519"
    calendar_file: str = ""
    centre_ca_file: str = ""
    idle_lock_min: int = 10
    unused_files_days: int = 30

    def __post_init__(self) -> None:
        if not 100 <= self.scale <= 200:
            raise ValueError("scale is a percentage from 100 to 200")
        if self.idle_lock_min < 1:
            raise ValueError("idle_lock_min is at least 1")
        if not 1 <= self.unused_files_days <= 3650:
            raise ValueError("unused_files_days is a number of days from 1 to 3650")


def default_desk_folder() -> Path:
    """Where a desk keeps its data unless told otherwise."""
    return Path(platformdirs.user_data_dir("nbcase", appauthor=False)) / "desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a setting is shown: name and section, names of its closed set of values, and from when a change counts.

    Names are marked for the catalogue; whoever shows them calls `tr`. `takes_effect` is empty for at once.
    """

    key: str
    section: str
    name: str
    choices: Mapping[str, str] | None = None
    placeholder: str = ""
    takes_effect: str = ""


NEXT_START = mark("下次启动起")
NEXT_SIGN_IN = mark("下次登录起")

DECLARED: tuple[Setting, ...] = (
    Setting(
        key="language",
        section=mark("显示"),
        name=mark("语言"),
        choices={"zh": mark("简体中文"), "en": mark("English")},
        takes_effect=NEXT_START,
    ),
    Setting(
        key="theme",
        section=mark("显示"),
        name=mark("主题"),
        choices={"light": mark("浅色"), "dark": mark("深色"), "system": mark("随系统")},
    ),
    Setting(key="scale", section=mark("显示"), name=mark("缩放（%）"), placeholder=mark("100 到 200"), takes_effect=NEXT_START),
    Setting(key="idle_lock_min", section=mark("显示"), name=mark("锁屏（分钟）"), placeholder=mark("无操作多久锁屏")),
    Setting(
        key="reader_port",
        section=mark("读卡器"),
        name=mark("串口"),
        placeholder=mark("没有读卡器可不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(key="reader_baud", section=mark("读卡器"), name=mark("波特率"), choices={}, takes_effect=NEXT_SIGN_IN),
    Setting(
        key="reader_driver",
        section=mark("读卡器"),
        name=mark("驱动"),
        placeholder=mark("串口读卡器可不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="code_scanner",
        section=mark("扫码枪"),
        name=mark("扫码枪"),
        choices={"off": mark("没有"), "prefix": mark("发送前缀（推荐）"), "speed": mark("不发前缀，按速度识别")},
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="code_prefix",
        section=mark("扫码枪"),
        name=mark("前缀"),
        placeholder=mark("在扫码枪里设成同样的字符，后缀设为回车"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="scanner",
        section=mark("扫描"),
        name=mark("扫描仪"),
        placeholder=mark("没有扫描仪可不填；auto 用找到的第一台"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="scanner_driver",
        section=mark("扫描"),
        name=mark("扫描驱动"),
        placeholder=mark("SANE 扫描仪可不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="camera",
        section=mark("扫描"),
        name=mark("高拍仪"),
        placeholder=mark("没有高拍仪可不填；第一台填 0"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="camera_driver",
        section=mark("扫描"),
        name=mark("高拍驱动"),
        placeholder=mark("普通高拍仪可不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="queue",
        section=mark("打印"),
        name=mark("打印机"),
        placeholder=mark("没有选打印机"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="receipt_paper",
        section=mark("打印"),
        name=mark("回执用纸"),
        choices={"a5": mark("A5"), "80mm": mark("80 毫米卷纸"), "58mm": mark("58 毫米卷纸")},
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="verify_page",
        section=mark("打印"),
        name=mark("核验网页"),
        placeholder=mark("如 https://…/verify；不填则二维码不带网址"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="code_algorithm",
        section=mark("打印"),
        name=mark("二维码签名"),
        choices={"ed25519": "Ed25519", "sm2": mark("国密 SM2/SM3")},
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="receipt_queue",
        section=mark("打印"),
        name=mark("回执打印机"),
        placeholder=mark("与打印机相同可不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="print_folder",
        section=mark("打印"),
        name=mark("写成 PDF 到"),
        placeholder=mark("填了文件夹就不用打印机"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="calendar_file",
        section=mark("工作日历"),
        name=mark("放假安排"),
        placeholder=mark("不填则用程序自带的"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="centre_ca_file",
        section=mark("中心"),
        name=mark("根证书文件"),
        placeholder=mark("中心的证书由公认机构签发时不填"),
        takes_effect=NEXT_SIGN_IN,
    ),
    Setting(
        key="unused_files_days",
        section=mark("本机"),
        name=mark("废弃附件保留（天）"),
        placeholder=mark("弃用草稿的扫描件、没取完的附件"),
        takes_effect=NEXT_SIGN_IN,
    ),
)
"""Every setting, in the order of the page."""


def choices_of(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Values of a closed set with their names, in declared order; a value without a name is its own. Empty for an open one."""
    values = get_args(get_type_hints(Settings)[setting.key])
    names = setting.choices or {}
    return tuple((str(value), tr(names[str(value)]) if str(value) in names else str(value)) for value in values)


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Settings from the texts of a form or of variables; raises `SettingRefused` naming the key."""
    plain = {key: _converted(key, value) for key, value in values.items()}
    try:
        return msgspec.convert(plain, Settings)
    except msgspec.ValidationError as error:
        raise SettingRefused(_key_in(str(error)), str(error)) from error


class SettingRefused(ValueError):
    """A value that a setting cannot have."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def _converted(key: str, value: Any) -> Any:
    try:
        return msgspec.convert(value, get_type_hints(Settings)[key], strict=False)
    except msgspec.ValidationError as error:
        raise SettingRefused(key, str(error)) from error


def _key_in(message: str) -> str:
    """The key that a message of `Settings.__post_init__` begins with."""
    return next((key for key in Settings.__struct_fields__ if message.startswith(key)), "")


def load_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The desk's settings, the defaults without a file; raises `UserError` for a file or variable that cannot be understood."""
    return _overridden(_read(folder / SETTINGS_NAME), environment)


def _overridden(settings: Settings, environment: Mapping[str, str]) -> Settings:
    wanted = {key: environment[name] for key in Settings.__struct_fields__ if (name := f"NBCASE_{key.upper()}") in environment}
    if not wanted:
        return settings
    try:
        return settings_from({**msgspec.structs.asdict(settings), **wanted})
    except SettingRefused as error:
        name = f"NBCASE_{error.key.upper()}"
        raise UserError(
            tr("环境变量有错：{name}：{error}").format(name=name, error=error),
            safe=tr("设置文件没有改动，办件不受影响。"),
            do=tr("请改正或去掉这个变量。"),
        ) from error


def _read(path: Path) -> Settings:
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


PRINTERS_NAME = "printers.toml"


def load_printers(folder: Path) -> dict[str, PrinterSetup]:
    """What each printer of this desk is told, by its queue's name; raises `UserError` for a file that cannot be understood."""
    path = folder / PRINTERS_NAME
    if not path.exists():
        return {}
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, PrinterSetup])
    except (msgspec.DecodeError, OSError) as error:
        raise UserError(
            tr("打印机设置文件有错：{path}：{error}").format(path=path, error=error),
            safe=tr("文件没有改动，办件不受影响。"),
            do=tr("请改正这一处，或删去文件后重新打测试页。"),
        ) from error


def save_printer(folder: Path, name: str, setup: PrinterSetup) -> None:
    """Keep what one printer is told, beside the others'."""
    write_durably(folder / PRINTERS_NAME, msgspec.toml.encode({**load_printers(folder), name: setup}))


DESK_CARD_NAME = "desk.json"


class DeskCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the sign-in window shows before the encrypted database is open; nothing personal."""

    station_code: str
    station_name: str
    window: str


def load_desk_card(folder: Path) -> DeskCard | None:
    """Who this desk is, for the sign-in window; None before the enrolment."""
    path = folder / DESK_CARD_NAME
    return msgspec.json.decode(path.read_bytes(), type=DeskCard) if path.exists() else None


def save_desk_card(folder: Path, card: DeskCard) -> None:
    """Keep it beside the encrypted database."""
    write_durably(folder / DESK_CARD_NAME, msgspec.json.encode(card))
