"""Colours, sizes and fonts of the window, read from `resources/theme/tokens.toml`; no widget knows a value of its own.

The look belongs to the application, as Qt's palette and style sheet do: `Theme.apply` puts it there, and a widget that paints
asks `current_theme()` at the moment it paints, so that a change of theme needs nothing but a repaint.
"""

import os
from pathlib import Path
from string import Template
from typing import Literal, cast

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from nbcase.domain.resources import resource_path

Mode = Literal["light", "dark"]
Wanted = Literal["light", "dark", "system"]
"""A mode as it is asked for: one of the two, or what the system has at that moment."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the token file: every key is known, none is missing."""


class Meta(_Section, frozen=True):
    version: int
    grid: int
    base_window: tuple[int, int]


class Colors(_Section, frozen=True):
    """One theme's colours; what each is for stands beside its value in the file."""

    bg: str
    rail: str
    surface: str
    sunken: str
    hover: str
    select: str
    border: str
    border_strong: str
    input_border: str
    text: str
    text2: str
    text3: str
    accent: str
    accent_hover: str
    accent_weak: str
    accent_line: str
    on_accent: str
    on_amber_fill: str
    red: str
    red_weak: str
    amber: str
    amber_fill: str
    amber_weak: str
    green: str
    green_fill: str
    green_weak: str
    bar: str
    bar2: str
    track: str
    hatch: str
    train: str


class Overlay(_Section, frozen=True):
    """Marks on captured papers, which are light in both themes."""

    read: str
    check: str


class ColorSets(_Section, frozen=True):
    light: Colors
    dark: Colors
    overlay: Overlay


class Fonts(_Section, frozen=True):
    family: tuple[str, ...]
    files: tuple[str, ...]
    features: tuple[str, ...]
    size_figure: int
    size_figure_small: int
    size_title: int
    size_panel_title: int
    size_body: int
    size_compact: int
    size_secondary: int
    size_rail_count: int


class Space(_Section, frozen=True):
    xs: int
    s: int
    m: int
    l: int  # noqa: E741 - the token's own name, beside xs, s, m and xl
    xl: int


class Radius(_Section, frozen=True):
    control: int
    tag: int
    bar: int
    pill: int


class Line(_Section, frozen=True):
    hairline: int
    rail_marker: int
    notice_marker: int


class Focus(_Section, frozen=True):
    ring_width: int


class Size(_Section, frozen=True):
    rail: int
    rail_item: int
    top_bar: int
    status_line: int
    page_header: int
    page_header_person: int
    footer_bar: int
    footer_bar_table: int
    filter_bar: int
    search_width: int
    search_height: int
    pill_height: int
    input: int
    form_pitch: int
    label_width: int
    button: int
    button_small: int
    chip: int
    tag: int
    row_table: int
    row_table_compact: int
    row_waterfall: int
    row_list: int
    row_check: int
    row_event: int
    row_completion: int
    table_head: int
    icon: int
    icon_rail: int
    icon_stroke: float
    dot: int
    limit_bar: tuple[int, int]
    pick_list_rows: int
    form_column_max: int
    figure_strip: int


class Layout(_Section, frozen=True):
    compact_below: int
    rail_compact: int
    rail_item_least: int
    strip: int
    form_columns_from: int
    side_panel_max: int


class Wait(_Section, frozen=True):
    """Milliseconds."""

    search: int
    loading_bar: int
    notice: int


class Limit(_Section, frozen=True):
    """Working days left to the promised limit."""

    amber_at_days_left: int
    red_below_days_left: int


class Contrast(_Section, frozen=True):
    """WCAG contrast of `foreground on background` pairs as (light, dark); a test recomputes them."""

    text: dict[str, tuple[float, float]]
    graphic: dict[str, tuple[float, float]]


class Tokens(_Section, frozen=True):
    """The whole token file."""

    meta: Meta
    color: ColorSets
    font: Fonts
    space: Space
    radius: Radius
    line: Line
    focus: Focus
    size: Size
    layout: Layout
    wait: Wait
    limit: Limit
    contrast: Contrast


def load_tokens(path: Path | None = None) -> Tokens:
    """The tokens of the file; a `ValueError` names the file and the key that is unknown, missing or of the wrong type."""
    source = path or resource_path("theme/tokens.toml")
    try:
        return msgspec.toml.decode(source.read_bytes(), type=Tokens)
    except msgspec.DecodeError as error:
        raise ValueError(f"{source}: {error}") from error


class Theme(QObject):
    """The tokens in one of two modes, as Qt's own colours and fonts."""

    changed = Signal()

    def __init__(self, tokens: Tokens, wanted: Wanted = "light") -> None:
        super().__init__()
        self.tokens = tokens
        self.space = tokens.space
        self.size = tokens.size
        self.radius = tokens.radius
        self.line = tokens.line
        self.layout = tokens.layout
        self.mode = _mode(wanted)
        self._colors = _qt_colors(tokens, self.mode)
        self._fonts: dict[tuple[str, bool], QFont] = {}

    def color(self, name: str) -> QColor:
        """A colour by its token name; `overlay.read` and `overlay.check` for marks on captured papers."""
        return self._colors[name]

    def font(self, size: str = "body", *, strong: bool = False) -> QFont:
        """A font by its token name: figure, figure_small, title, panel_title, body, compact, secondary, rail_count."""
        key = (size, strong)
        if key not in self._fonts:
            self._fonts[key] = self._make_font(getattr(self.tokens.font, f"size_{size}"), strong)
        return self._fonts[key]

    def use(self, wanted: Wanted) -> None:
        """Change between light and dark while the window is open."""
        self.mode = _mode(wanted)
        self._colors = _qt_colors(self.tokens, self.mode)
        self._dress(_application())
        self.changed.emit()

    def apply(self, app: QApplication) -> None:
        """Load the fonts and give the application this look; once, before the first widget is shown."""
        for name in self.tokens.font.files:
            QFontDatabase.addApplicationFont(str(resource_path(f"fonts/{name}")))
        app.setStyle("Fusion")
        app.setFont(self.font())
        self.setParent(app)
        app.setProperty(_PROPERTY, self)
        self._dress(app)

    def _dress(self, app: QApplication) -> None:
        app.setPalette(self._palette())
        app.setStyleSheet(self.style_sheet())

    def style_sheet(self) -> str:
        """The style sheet template with every `$token` filled in; an unknown name is a `KeyError`."""
        template = resource_path("theme/counter.qss").read_text(encoding="utf-8")
        return Template(template).substitute(self._substitutes())

    def _substitutes(self) -> dict[str, str]:
        names = {name: color.name() for name, color in self._colors.items() if "." not in name}
        for prefix, section in (
            ("font", self.tokens.font),
            ("size", self.size),
            ("space", self.space),
            ("radius", self.radius),
            ("line", self.line),
        ):
            for field in section.__struct_fields__:
                names[f"{prefix}_{field.removeprefix('size_')}"] = str(getattr(section, field))
        return names

    def _make_font(self, pixels: int, strong: bool) -> QFont:
        font = QFont()
        font.setFamilies(list(self.tokens.font.family))
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight.Bold if strong else QFont.Weight.Normal)
        for feature in self.tokens.font.features:
            font.setFeature(QFont.Tag(feature), 1)
        return font

    def _palette(self) -> QPalette:
        palette = QPalette()
        role = QPalette.ColorRole
        for target, name in (
            (role.Window, "surface"),
            (role.Base, "surface"),
            (role.AlternateBase, "sunken"),
            (role.Button, "surface"),
            (role.WindowText, "text"),
            (role.Text, "text"),
            (role.ButtonText, "text"),
            (role.PlaceholderText, "text3"),
            (role.Highlight, "accent"),
            (role.HighlightedText, "on_accent"),
            (role.ToolTipBase, "surface"),
            (role.ToolTipText, "text"),
            (role.Link, "accent"),
            (role.Mid, "border"),
            (role.Dark, "border_strong"),
        ):
            palette.setColor(target, self.color(name))
        for target in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, target, self.color("text3"))
        return palette


_PROPERTY = "nbcase-theme"


def _mode(wanted: Wanted) -> Mode:
    if wanted == "system":
        return "dark" if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else "light"
    return wanted


def _qt_colors(tokens: Tokens, mode: Mode) -> dict[str, QColor]:
    colors: Colors = getattr(tokens.color, mode)
    named = {name: QColor(getattr(colors, name)) for name in colors.__struct_fields__}
    overlay = tokens.color.overlay
    return named | {f"overlay.{name}": QColor(getattr(overlay, name)) for name in overlay.__struct_fields__}


def _application() -> QApplication:
    return cast(QApplication, QCoreApplication.instance())


def current_theme() -> Theme:
    """The theme that `Theme.apply` gave to the running application."""
    return cast(Theme, _application().property(_PROPERTY))


def use_scale(percent: int) -> None:
    """Scale the whole window by 100–200 %; Qt reads this once, so it is called before the application is made."""
    if not 100 <= percent <= 200:
        raise ValueError(f"a scale of 100 to 200 percent, not {percent}")
    os.environ["QT_SCALE_FACTOR"] = f"{percent / 100:g}"
