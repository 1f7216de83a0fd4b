"""What 设置 does: a form made from the declared settings, checked before it is kept, and a try of the card reader."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.words import sentences, tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.settings import DECLARED, Setting, SettingRefused, Settings, choices_of, settings_from
from ui.context import Notice
from ui.widgets.fields import Option
from ui.widgets.form import FieldSpec, FormSection

if TYPE_CHECKING:
    from nbcase.devices.contract import CardReader

WIDE = frozenset({"print_folder", "calendar_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What this computer offers: names of print queues, serial ports with what stands at them."""

    queues: tuple[str, ...]
    ports: tuple[tuple[str, str], ...]


class SettingsView(Protocol):
    """What the presenter needs of its page."""

    def values(self) -> Mapping[str, str]: ...
    def show_values(self, values: Mapping[str, str]) -> None: ...
    def show_problems(self, problems: Mapping[str, str]) -> None: ...
    def show_surroundings(self, found: Surroundings) -> None: ...
    def show_is_changed(self, on: bool) -> None: ...
    def show_busy(self, on: bool) -> None: ...


class SettingsPresenter:
    """Holds the settings as they are kept, to tell what was changed."""

    def __init__(self, view: SettingsView, context: Any) -> None:
        self._view = view
        self._context = context
        self._kept: Settings = context.settings

    @property
    def is_changed(self) -> bool:
        """Whether the form differs from what is kept."""
        return any(text != plain_values(self._kept).get(key, "") for key, text in self._view.values().items())

    def refresh(self) -> None:
        """Show what is kept, unless the clerk is in the middle of a change, and look what the computer offers."""
        if not self.is_changed or not any(self._view.values().values()):
            self._kept = self._context.settings
            self._view.show_values(plain_values(self._kept))
        self._view.show_is_changed(False)
        self._context.tasks.run(surroundings, then=self._view.show_surroundings, otherwise=self._context.trouble)

    def discard(self) -> None:
        """Back to what is kept."""
        self._view.show_values(plain_values(self._kept))
        self._view.show_is_changed(False)

    def edited(self) -> None:
        """The form was touched."""
        self._view.show_is_changed(self.is_changed)

    def save(self) -> None:
        """Check the form, in a worker what needs files, and keep it."""
        try:
            wanted = settings_from(self._view.values())
        except SettingRefused as error:
            self._view.show_problems({error.key: refusal_words(error.key)})
            return
        self._view.show_busy(True)
        self._context.tasks.run(lambda: file_problems(wanted), then=lambda problems: self._keep(wanted, problems), otherwise=self._failed)

    def _keep(self, wanted: Settings, problems: Mapping[str, str]) -> None:
        self._view.show_busy(False)
        if problems:
            self._view.show_problems(problems)
            return
        before, self._kept = self._kept, wanted
        try:
            self._context.save_settings(wanted)
        except (UserError, OSError) as error:
            self._kept = before
            self._context.trouble(_not_written(error))
            return
        self._view.show_is_changed(False)
        self._context.notify(Notice(what=tr("设置已保存。"), do=effect_words(before, wanted)))

    def _failed(self, error: BaseException) -> None:
        self._view.show_busy(False)
        self._context.trouble(error)

    def try_reader(self) -> None:
        """Ask the reader that the form names, and read the card if one lies on it; nothing is kept."""
        port = self._view.values()["reader_port"]
        if not port:
            self._view.show_problems({"reader_port": tr("先填串口")})
            return
        baud, driver = int(self._view.values()["reader_baud"] or 115200), self._view.values()["reader_driver"]
        self._view.show_busy(True)

        def take(notice: Notice) -> None:
            self._view.show_busy(False)
            self._context.notify(notice)

        self._context.tasks.run(lambda: reader_notice(port, baud, driver), then=take, otherwise=self._failed)


def plain_values(settings: Settings) -> dict[str, str]:
    """The settings as the texts of a form."""
    return {key: str(value) for key, value in msgspec.structs.asdict(settings).items()}


def form_sections() -> tuple[FormSection, ...]:
    """The declared settings as sections of the window's form."""
    titles = list(dict.fromkeys(setting.section for setting in DECLARED))
    return tuple(
        FormSection(title=tr(title), fields=tuple(_field(setting) for setting in DECLARED if setting.section == title)) for title in titles
    )


def _field(setting: Setting) -> FieldSpec:
    choices = choices_of(setting)
    if setting.key == "language":
        choices = tuple(choice for choice in choices if choice[0] in languages())
    is_choice = bool(choices) or setting.key == "queue"
    return FieldSpec(
        key=setting.key,
        label=tr(setting.name),
        kind="choice" if is_choice else "completion" if setting.key == "reader_port" else "text",
        options=tuple(Option(code=code, label=label) for code, label in choices),
        placeholder=tr(setting.placeholder),
        span=2 if setting.key in WIDE else 1,
    )


def languages() -> tuple[str, ...]:
    """Languages that there is a catalogue of; Chinese is the source."""
    english = resource_path("translations").joinpath("en", "LC_MESSAGES", "nbcase.mo")
    return ("zh", "en") if english.is_file() else ("zh",)


def surroundings() -> Surroundings:
    """Ask the system; takes up to some seconds, so it is called in a worker."""
    from nbcase.devices.card_reader import serial_ports
    from nbcase.documents.printing import available_queues

    return Surroundings(queues=tuple(queue.name for queue in available_queues()), ports=serial_ports())


def refusal_words(key: str) -> str:
    """Why a value cannot be kept, in the clerk's words."""
    words = {
        "scale": tr("缩放填 100 到 200 的整数。"),
        "idle_lock_min": tr("分钟填 1 以上的整数。"),
        "unused_files_days": tr("天数填 1 到 3650 的整数。"),
        "reader_baud": tr("请选一个波特率。"),
    }
    return words.get(key, tr("请从列表里选一个。"))


def file_problems(wanted: Settings) -> dict[str, str]:
    """What is wrong with the files and folders that are named; called in a worker."""
    problems: dict[str, str] = {}
    if wanted.calendar_file:
        try:
            WorkingCalendar.load(Path(wanted.calendar_file))
        except UserError as error:
            problems["calendar_file"] = sentences(error.what, error.do)
        except OSError as error:
            problems["calendar_file"] = tr("文件打不开：{reason}").format(reason=error.strerror or error)
    folder = Path(wanted.print_folder)
    if wanted.print_folder and not folder.is_absolute():
        problems["print_folder"] = tr("请填完整路径。")
    elif wanted.print_folder and folder.exists() and not folder.is_dir():
        problems["print_folder"] = tr("这是一个文件，不是文件夹。")
    return problems


def effect_words(before: Settings, after: Settings) -> str:
    """From when the changes count, as far as it is not at once."""
    later: dict[str, list[str]] = {}
    for setting in DECLARED:
        if setting.takes_effect and getattr(before, setting.key) != getattr(after, setting.key):
            later.setdefault(tr(setting.takes_effect), []).append(tr(setting.name))
    return tr("；").join(tr("{names}{when}生效").format(names=tr("、").join(names), when=when) for when, names in later.items())


def reader_notice(port: str, baud: int, driver: str) -> Notice:
    """What the reader at a port says; called in a worker."""
    from nbcase.devices.hosted import hosted_reader

    with closing(hosted_reader(port, baud, driver)) as reader:
        return _said_by(reader, port)


def _said_by(reader: "CardReader", port: str) -> Notice:
    status = reader.status()
    if not status.is_ready:
        return Notice(what=tr("{port}：{words}").format(port=port, words=status.text), kind="warn", do=tr("请核对串口、波特率和接线。"))
    try:
        card = reader.read()
    except UserError as error:
        return Notice(what=tr("{port}：读卡器应答正常。").format(port=port), do=error.what)
    return Notice(what=tr("{port}：读卡正常，姓 {first}。").format(port=port, first=card.name[:1]))


def _not_written(error: BaseException) -> BaseException:
    if isinstance(error, OSError):
        return UserError(
            tr("设置没有写入：{reason}").format(reason=error.strerror or error),
            safe=tr("原来的设置没有改动。"),
            do=tr("请检查磁盘空间和文件夹权限，再保存一次。"),
        )
    return error


def queue_options(found: Sequence[str], chosen: str) -> list[Option]:
    """Queues to choose from; one that is chosen and not there stays, and says so."""
    options = [Option(code=name, label=name) for name in found]
    if chosen and chosen not in found:
        options.append(Option(code=chosen, label=tr("{name}（现在找不到）").format(name=chosen)))
    return options
