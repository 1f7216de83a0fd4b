"""The sign-in window: the first thing a clerk sees in the morning, so it needs little and shows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields.choice import ChoiceField, Option
from ui.widgets.fields.frame import Field
from ui.widgets.fields.text import TextField
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground
from ui.widgets.notice import NoticeStrip
from ui.widgets.text import Line, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """What the clerk entered."""

    station_id: str
    login: str
    password: str

    def __repr__(self) -> str:
        """Never the password, which must not reach a log."""
        return f"SignInRequest(station_id={self.station_id!r}, login={self.login!r})"


class SignIn(QWidget):
    """Station, clerk, password. Enter goes on; what is wrong stands beside its field.

    `submitted` carries the request; the caller checks it beside the event loop and answers with `show_problem` or by closing
    the window.
    """

    submitted = Signal(object)

    def __init__(
        self,
        stations: Sequence[Option],
        parent: QWidget | None = None,
        *,
        station_id: str = "",
        login: str = "",
        window_name: str = "",
        version: str = "",
    ) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setWindowTitle(tr("登录"))
        self.setProperty("ground", "bg")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.resize(theme.size.search_width + theme.size.label_width, theme.size.search_width - theme.size.label_width)
        self.station = ChoiceField(tr("受理点"), stations, required=True)
        self.login = TextField(tr("工号"), required=True)
        self.password = TextField(tr("密码"), required=True)
        self.password.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._submit = KeyButton(tr("登录"), key="Enter", role="primary", registers=False)
        self._submit.clicked.connect(self._try)
        self._notice = NoticeStrip("", "warn", icon="cloud-off")
        self._build(window_name, version)
        self._fill(stations, station_id, login)

    def _build(self, window_name: str, version: str) -> None:
        theme = current_theme()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.space.l, theme.space.l, theme.space.l, theme.space.l)
        card = _SignInCard()
        card.setFixedWidth(theme.size.search_width - theme.size.label_width)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.space.xl, theme.space.xl, theme.space.xl, theme.space.l)
        column.setSpacing(theme.space.s)
        head = QHBoxLayout()
        head.setSpacing(theme.space.m)
        head.addWidget(_Sign())
        head.addWidget(Text(tr("新居民办件"), "title"), 1)
        head.addWidget(Text(window_name, "meta"))
        column.addLayout(head)
        column.addSpacing(theme.space.s)
        column.addWidget(self._notice)
        for field in (self.station, self.login, self.password):
            column.addLayout(_labelled(field))
        column.addSpacing(theme.space.xs)
        column.addWidget(Line())
        foot = QHBoxLayout()
        foot.setContentsMargins(0, theme.space.s, 0, 0)
        foot.addWidget(Text(version, "hint"), 1)
        foot.addWidget(self._submit)
        column.addLayout(foot)

    def _fill(self, stations: Sequence[Option], station_id: str, login: str) -> None:
        """One station is no choice; the cursor goes to the first thing that is missing."""
        if len(stations) == 1:
            self.station.set_value(stations[0].code)
            self.station.set_state("read_only")
        elif station_id:
            self.station.set_value(station_id)
        self.login.set_value(login)
        first = next((field for field in (self.station, self.login) if field.is_empty()), self.password)
        first.setFocus()

    def show_problem(self, reason: str, *, field: str = "password") -> None:
        """Say beside a field (station, login, password) why it does not go on; the clerk may try again."""
        self.set_busy(False)
        editor: Field = getattr(self, field)
        if field == "password":
            self.password.set_value("")
        editor.set_state("error", reason)
        editor.setFocus()

    def show_offline(self, text: str) -> None:
        """Say that the centre cannot be reached and until when signing in still works; nothing hides it."""
        self._notice.show_text(text, "warn")

    def show_retired(self, text: str) -> None:
        """Say that nobody can sign in here any more, and take nothing."""
        self._notice.show_text(text, "warn")
        for field in (self.station, self.login, self.password):
            field.set_state("read_only")
        self._submit.set_off(text)

    def set_busy(self, busy: bool) -> None:
        """The password is being checked."""
        if busy:
            self._submit.set_off(tr("正在核对"))
        else:
            self._submit.set_on()

    def _try(self) -> None:
        if not self._submit.isEnabled():
            return
        for field in (self.station, self.login, self.password):
            if field.is_empty():
                field.set_state("error", tr("请填写{name}").format(name=field.name))
                field.setFocus()
                return
        self.set_busy(True)
        self.submitted.emit(
            SignInRequest(
                station_id=str(self.station.value()),
                login=str(self.login.value()),
                password=self.password.edit.text(),
            )
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._advance()
            return
        super().keyPressEvent(event)

    def _advance(self) -> None:
        """Enter goes to the next empty field, and from the last one in."""
        empty = [field for field in (self.station, self.login, self.password) if field.is_empty()]
        proxy = empty[0].focusProxy() if empty else None
        if empty and proxy is not None and not proxy.hasFocus():
            empty[0].setFocus()
            return
        self._try()


def _labelled(field: Field) -> QHBoxLayout:
    theme = current_theme()
    row = QHBoxLayout()
    row.setSpacing(theme.space.m)
    label = Text(field.name, "label")
    label.setFixedSize(theme.size.label_width - theme.space.xl, theme.size.input)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(field, 1)
    return row


class _SignInCard(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self.rect(), "surface", "border_strong")


class _Sign(QWidget):
    """The program's sign."""

    def __init__(self) -> None:
        super().__init__()
        side = current_theme().size.button
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        draw_ground(painter, self.rect(), "accent", None)
        inset = (self.width() - theme.size.icon) / 2
        draw_icon(painter, inset, inset, "house", "on_accent")
