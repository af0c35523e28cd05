"""What the console itself writes into the configuration file; comments and order stay."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from softphone.config import load
from softphone.model.error import ConfigError

Setting = str | Sequence[str] | None
_HEADER = "# Written by the console; every key is in config.example.toml.\n"


class SettingsFile:
    """One configuration file, changed a setting at a time. Blocking: not for the screen's loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()  # each setting is written on a thread of its own

    def put(self, section: str, values: dict[str, Setting]) -> None:
        """Set keys of a table; None takes a key out. Raises ConfigError and changes nothing."""
        with self._lock:
            self._put(section, values)

    def _put(self, section: str, values: dict[str, Setting]) -> None:
        import tomlkit  # heavy; only needed when something is written
        from tomlkit.exceptions import TOMLKitError

        try:
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else _HEADER
            document = tomlkit.parse(text)
            if section not in document:
                document[section] = tomlkit.table()
            table = document[section]
            if not isinstance(table, dict):
                raise ConfigError(f"{self.path}: {section} is no table; nothing was written.")
            for key, value in values.items():
                if value is not None:
                    table[key] = value if isinstance(value, str) else list(value)
                elif key in table:
                    del table[key]
            self._replace(tomlkit.dumps(document))
        except (OSError, UnicodeDecodeError, TOMLKitError) as problem:
            why = getattr(problem, "strerror", None) or str(problem)
            raise ConfigError(f"{self.path}: {why}; nothing was written.") from None

    def _replace(self, text: str) -> None:
        """Write beside the file, read it as it will be read, then put it in its place."""
        place = self.path.resolve()  # a link stays a link
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".config-", suffix=".toml")
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
            if place.exists():
                fresh.chmod(place.stat().st_mode & 0o777)
            load(fresh)
            fresh.replace(place)
        except ConfigError as problem:
            raise ConfigError(problem.message.replace(name, str(self.path))) from None
        finally:
            fresh.unlink(missing_ok=True)
