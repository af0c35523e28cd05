"""What the console does to itself: theme, layout, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.config import LAYOUT_PANES
from softphone.model.error import ConfigError

from .clock import local_time
from .screens.dialogs import Answer, AskLine, Question
from .screens.keys import KeysScreen
from .screens.preview import PreviewPick
from .screens.ticks import Ticks
from .screenshot import taken
from .session import EVERYTHING
from .settingsfile import Setting
from .themes import theme_names
from .working import start

if TYPE_CHECKING:
    from .app import SoftphoneApp

_NEW = "new layout"
_PANE_WORDS = {
    "presence": ("Presence", "my status, my numbers, who is there"),
    "call": ("Call", "the call in focus: sound, customer, note"),
    "contacts": ("Contacts", ""),
    "events": ("Events", "what happened, line by line"),
}


class CustomActing:
    """One method an action; what is chosen is shown at once and kept in the configuration."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self.actions: Mapping[str, Callable[[], object]] = {
            "screen.save": lambda: start(app, self._save_screen, group="screenshot"),
            "theme.choose": self._choose_theme,
            "theme.next": self._next_theme,
            "layout.choose": self._choose_layout,
            "layout.next": lambda: self._take_layout(app.custom.next_layout()),
            "keys.edit": self._edit_keys,
            "keys.reset": self._reset_keys,
        }

    def keep(self, section: str, values: dict[str, Setting], said: str) -> None:
        """Write settings into the configuration, and say what came of it."""
        start(self._app, partial(self._keep, section, values, said), group="settings")

    async def _keep(self, section: str, values: dict[str, Setting], said: str) -> None:
        try:
            place = await asyncio.to_thread(self._app.custom.put, section, values)
        except ConfigError as problem:
            self._app.say(f"{said} for now. {problem.message}", "warning")
            return
        self._app.say(f"{said}, kept in {place}" if place else f"{said}, until the console closes")

    # ---- screenshot ----------------------------------------------------------------------------

    async def _save_screen(self) -> None:
        """Write the screen as it is, for the owner alone: it may show who called."""
        app = self._app
        shot = taken(app)
        folder = Path(app.settings.screenshots) if app.settings.screenshots else app.screenshots
        name = f"softphone-{local_time(app.clock.wall()):%Y-%m-%d-%H%M%S}"
        try:
            path = await asyncio.to_thread(shot.write, folder, name)
        except OSError as problem:
            app.say(f"{folder}: {problem.strerror}.", "warning")
            return
        app.say(f"Written: {path}")

    # ---- theme ---------------------------------------------------------------------------------

    def _choose_theme(self) -> None:
        app, before = self._app, self._app.theme
        choices = [(name, name, "as now" if name == before else "") for name in self._themes()]

        def chosen(name: str | None) -> None:
            app.show_theme(name or before)
            if name and name != before:
                self.keep("ui", {"theme": name}, f"Theme: {name}")

        app.push_screen(PreviewPick(app.view, "THEME", choices, before, app.show_theme), chosen)

    def _themes(self) -> list[str]:
        """Return the themes that could be read."""
        return [name for name in theme_names() if name in self._app.available_themes]

    def _next_theme(self) -> None:
        names = self._themes()
        self._app.show_theme(names[(names.index(self._app.theme) + 1) % len(names)])
        self._app.say(f"Theme: {self._app.theme}")

    # ---- layout --------------------------------------------------------------------------------

    def _choose_layout(self) -> None:
        app, before = self._app, self._app.custom.layout
        app.to_main()
        layouts = app.custom.layouts
        choices = [(name, name, ", ".join(panes)) for name, panes in layouts.items()]
        choices.append((_NEW, "…", "a layout of your own"))

        def shown(name: str) -> None:
            app.main.show_panes(layouts.get(name, app.custom.panes))

        def chosen(name: str | None) -> None:
            app.main.show_panes(app.custom.panes)
            if name == _NEW:
                self._make_layout()
            elif name and name != before:
                self._take_layout(name)

        app.push_screen(PreviewPick(app.view, "LAYOUT", choices, before, shown), chosen)

    def _make_layout(self) -> None:
        app = self._app
        choices = [(pane, *_PANE_WORDS[pane]) for pane in LAYOUT_PANES]

        def ticked(panes: tuple[str, ...] | None) -> None:
            app.main.show_panes(app.custom.panes)
            if panes is not None:
                self._name_layout(panes)

        app.push_screen(
            Ticks(app.view, "NEW LAYOUT", choices, app.custom.panes, app.main.show_panes), ticked
        )

    def _name_layout(self, panes: tuple[str, ...]) -> None:
        app = self._app

        def named(name: str | None) -> None:
            if not name:
                return
            name = name.lower().replace(" ", "-")
            app.custom.layouts[name] = panes
            self._take_layout(name, panes)

        text = "Under which name? An old one is replaced; letters, digits, - and _."
        app.push_screen(AskLine(app.view, "NEW LAYOUT", text), named)

    def _take_layout(self, name: str, panes: tuple[str, ...] | None = None) -> None:
        """Show a layout and keep it; with `panes` it is a new one."""
        app = self._app
        app.custom.layout = name
        app.main.show_panes(app.custom.panes)
        start(app, partial(self._keep_layout, name, panes), group="settings")

    async def _keep_layout(self, name: str, panes: tuple[str, ...] | None) -> None:
        if panes is not None:
            try:
                await asyncio.to_thread(self._app.custom.put, "layouts", {name: panes})
            except ConfigError as problem:
                self._app.say(problem.message, "warning")
                return
        await self._keep("ui", {"layout": name}, f"Layout: {name}")

    # ---- keys ----------------------------------------------------------------------------------

    def _edit_keys(self) -> None:
        self._app.acting.open(KeysScreen(self._app.view, self._app.custom, self.keep))

    def _reset_keys(self) -> None:
        app = self._app
        if not app.custom.own_keys:
            app.say("Every action has its default keys.")
            return

        def done(answer: str | None) -> None:
            if answer == "yes":
                old: dict[str, Setting] = dict.fromkeys(app.custom.own_keys)
                app.custom.take_keys({})
                app.changed(EVERYTHING)
                self.keep("keys", old, "Default keys")

        count = len(app.custom.own_keys)
        text = f"Give all actions their default keys again? {count} of yours go."
        answers = (Answer("y", "Default keys", "yes"), Answer("n", "Leave them", "no"))
        app.push_screen(Question(app.view, "DEFAULT KEYS", text, answers), done)
