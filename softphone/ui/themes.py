"""Themes: TOML files with the base colours and our own status variables.

Found in the user's folder, then in the package or the checkout. Reading one imports no
textual, so that `check-config` can look at them too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from softphone import paths
from softphone.config import nearest
from softphone.model.error import ConfigError

if TYPE_CHECKING:
    from textual.theme import Theme

_SIZE_LIMIT = 256 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_ANSI = frozenset(
    f"ansi_{bright}{name}"
    for bright in ("", "bright_")
    for name in ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
) | {"ansi_default"}

BASE = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
"""Colours every theme gives; textual's own widgets are drawn with them."""

STATUS = (
    "call-ringing",
    "call-ringing-back",
    "call-dialing",
    "call-active",
    "call-held",
    "call-ended",
    "stale",
    "dim",
    "key",
    "title",
    "frame",
    "frame-focus",
    "cursor",
    "cursor-back",
    "cursor-off-back",
    "bar-back",
    "field-back",
    "badge",
    "badge-back",
    "state-ok",
    "state-warn",
    "state-bad",
    "level-ok",
    "level-hot",
    "level-off",
)
"""Our own variables; the style sheets use these and no colour of their own."""


@dataclass(frozen=True, slots=True)
class ThemeSpec:
    """One theme as its file says it."""

    name: str
    dark: bool
    ansi: bool
    base: Mapping[str, str]
    status: Mapping[str, str]

    def to_textual(self) -> Theme:
        """Return the theme for the application."""
        from textual.theme import Theme  # heavy; only the console needs it

        base = self.base
        return Theme(
            name=self.name,
            primary=base["primary"],
            secondary=base["secondary"],
            accent=base["accent"],
            foreground=base["foreground"],
            background=base["background"],
            surface=base["surface"],
            panel=base["panel"],
            success=base["success"],
            warning=base["warning"],
            error=base["error"],
            dark=self.dark,
            ansi=self.ansi,
            variables={**self.status, **_widget_colours(self)},
        )


def theme_names() -> list[str]:
    """Return the names of all themes that can be chosen."""
    return sorted(_files())


def load_theme(name: str) -> ThemeSpec:
    """Return a theme; ConfigError names file and key of any mistake."""
    files = _files()
    if name not in files:
        raise ConfigError(f"ui.theme: {name!r} is unknown, {nearest(name, files)}")
    return read_theme(files[name])


def read_theme(path: Path) -> ThemeSpec:
    """Return the theme in one file; ConfigError names file and key of any mistake."""
    table = _table(path)
    known = {"dark", "ansi", "colours", "status"}
    for key in table:
        if key not in known:
            raise ConfigError(f"{path}: {key}: unknown key, {nearest(key, known)}")
    ansi = _flag(table, "ansi", False, path)
    return ThemeSpec(
        name=path.stem,
        dark=_flag(table, "dark", True, path),
        ansi=ansi,
        base=_colours(table, "colours", BASE, path),
        status=_colours(table, "status", STATUS, path),
    )


def _files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in (paths.data_file("themes"), paths.themes_folder()):
        if folder.is_dir():
            found |= {p.stem: p for p in sorted(folder.glob("*.toml")) if _NAME.fullmatch(p.stem)}
    return found


def _table(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise ConfigError(f"{path}: larger than {_SIZE_LIMIT // 1024} KiB; not a theme.")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: {problem}") from None
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}.") from None


def _flag(table: Mapping[str, object], key: str, default: bool, path: Path) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise ConfigError(f"{path}: {key}: must be true or false.")
    return value


def _colours(
    table: Mapping[str, object], section: str, names: tuple[str, ...], path: Path
) -> Mapping[str, str]:
    given = table.get(section, {})
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: {section}: must be a table.")
    for key, value in given.items():
        if key not in names:
            raise ConfigError(f"{path}: {section}.{key}: unknown key, {nearest(key, names)}")
        if not isinstance(value, str) or not (_HEX.fullmatch(value) or value in _ANSI):
            raise ConfigError(
                f"{path}: {section}.{key}: {value!r} is not a colour; "
                f"write #rrggbb or ansi_red, ansi_bright_red, ansi_default."
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise ConfigError(f"{path}: {section}.{missing[0]} is missing.")
    return dict(given)


def _widget_colours(spec: ThemeSpec) -> dict[str, str]:
    """Return textual's variables that would otherwise be derived, in this theme's colours."""
    status, base = spec.status, spec.base
    return {
        "ansi-background": base["background"],
        "ansi-foreground": base["foreground"],
        "border": status["frame-focus"],
        "border-blurred": status["frame"],
        "block-cursor-foreground": status["cursor"],
        "block-cursor-background": status["cursor-back"],
        "input-cursor-foreground": base["background"],
        "input-cursor-background": base["foreground"],
        "input-selection-background": status["cursor-back"],
        "scrollbar": status["frame"],
        "scrollbar-hover": status["frame-focus"],
        "scrollbar-active": status["frame-focus"],
        "scrollbar-background": base["background"],
        "scrollbar-background-hover": base["background"],
        "scrollbar-background-active": base["background"],
        "scrollbar-corner-color": base["background"],
    }
