"""What the operator has made his own: theme, layout and keys, applied at once and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from softphone.config import BUILT_IN_LAYOUTS

from .keymap import KeyMap, validate_keys
from .settingsfile import Setting, SettingsFile

Panes = tuple[str, ...]


class Custom:
    """Settings as they are now; `file` is where they are kept, None where nothing is read."""

    def __init__(
        self,
        keys: KeyMap,
        layouts: Mapping[str, Panes],
        layout: str,
        file: SettingsFile | None,
    ) -> None:
        self.own_keys: dict[str, tuple[str, ...]] = dict(keys)
        self.keys: dict[str, tuple[str, ...]] = dict(validate_keys(keys))
        self.layouts: dict[str, Panes] = {**BUILT_IN_LAYOUTS, **layouts}
        self.layout = layout if layout in self.layouts else "all"
        self.file = file
        self.keys_changed: Callable[[], None] = lambda: None

    @property
    def panes(self) -> Panes:
        """Return the panes of the layout."""
        return self.layouts[self.layout]

    def next_layout(self) -> str:
        """Return the name of the layout after this one."""
        names = list(self.layouts)
        return names[(names.index(self.layout) + 1) % len(names)]

    def take_keys(self, own: KeyMap) -> None:
        """Let other keys hold from now on; ConfigError when two actions would share one."""
        whole = validate_keys(own)
        self.own_keys = dict(own)
        self.keys.clear()
        self.keys.update(whole)
        self.keys_changed()

    def put(self, section: str, values: dict[str, Setting]) -> str:
        """Keep settings; return where. Blocking. Raises ConfigError."""
        if self.file is None:
            return ""
        self.file.put(section, values)
        return str(self.file.path)
