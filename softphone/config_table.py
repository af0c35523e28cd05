"""How settings are read: a TOML table into a frozen class, each mistake with file, line and key."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .model.error import ConfigError

T = TypeVar("T")
_HEADER = re.compile(r"\s*\[+([^\]]+)\]")
_ENTRY = re.compile(r"""\s*((?:[\w.\s-]|"[^"]*"|'[^']*')+?)\s*=""")
_TYPE_WORDS = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


class Source:
    """The text a config came from; finds the line of a key for error messages."""

    def __init__(self, path: Path | None, text: str = "") -> None:
        self.path = path
        self._lines = text.splitlines()

    def error(self, key: str, problem: str) -> ConfigError:
        """Return an error that names file, line and key."""
        place = str(self.path) if self.path else "config"
        line = self._line(key)
        return ConfigError(
            f"{place}:{line}: {key}: {problem}" if line else f"{place}: {key}: {problem}"
        )

    def _line(self, key: str) -> int:
        """Return the line of `key`, or of the innermost table around it; 0 when there is none."""
        here, best, best_line = "", "", 0
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                here = found = _plain(header.group(1))
            elif entry := _ENTRY.match(line):
                found = f"{here}.{_plain(entry.group(1))}".lstrip(".")
            else:
                continue
            if f"{key}.".startswith(f"{found}.") and len(found) > len(best):
                best, best_line = found, number
        return best_line


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean X?" for the closest known name, or the list of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}."


def read_section(kind: type[T], table: Mapping[str, Any], where: str, source: Source) -> T:
    """Return the settings class `kind` from a TOML table.

    Unknown keys and wrong types raise ConfigError; what values may be is for the caller to check.
    """
    hints = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        full = f"{where}.{key}"
        if key not in hints:
            raise source.error(full, f"unknown key, {nearest(key, hints)}")
        values[key] = _value(hints[key], value, full, source)
    missing = [
        entry.name
        for entry in dataclasses.fields(kind)  # type: ignore[arg-type]  # T is one of ours
        if entry.name not in values
        and entry.default is dataclasses.MISSING
        and entry.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise source.error(where, f"{missing[0]} is missing.")
    return kind(**values)


def refuse_readable_secret(source: Source, key: str) -> None:
    """Raise ConfigError when a secret stands in a file that others can read."""
    path = source.path
    if path is None or not path.exists():
        return
    found = path.stat()
    if found.st_mode & 0o077 or found.st_uid != os.getuid():
        raise source.error(key, f"a secret in a file others can read; run: chmod 600 {path}")


def _plain(key: str) -> str:
    return re.sub(r"""["'\s]""", "", key)


def _value(hint: Any, value: Any, key: str, source: Source) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in get_args(hint) if option is not types.NoneType)
    origin = get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list):
            raise source.error(key, "must be a list.")
        return tuple(_value(get_args(hint)[0], item, key, source) for item in value)
    if origin is not None:
        if not isinstance(value, dict):
            raise source.error(key, "must be a table.")
        inner = get_args(hint)[1]
        if inner is Any:
            return value
        return {name: _value(inner, item, f"{key}.{name}", source) for name, item in value.items()}
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise source.error(key, f"must be {_TYPE_WORDS[hint]}.")
    return value
