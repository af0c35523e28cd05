"""The config.toml that the lab writes for whoever wants to use it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_config(
    folder: Path, accounts: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> Path:
    """Write config.toml, readable by its owner only, and return its path."""
    lines = ["# Written by softphone lab; gone when it ends."]
    for name, settings in accounts.items():
        lines += ["", f"[accounts.{name}]", f"kind = {_value(name)}"]
        lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    lines += ["", "[names]", *(f"{name} = {_value(number)}" for name, number in names.items()), ""]
    path = folder / "config.toml"
    write_private(path, "\n".join(lines))
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first moment on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _value(value: object) -> str:
    """Return a value as TOML; JSON's form of strings, numbers and lists is valid TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
