"""The Textual application: wires session, desk, screens and keys together, and acts nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingsMap
from textual.filter import LineFilter
from textual.timer import Timer

from softphone.config import CallsConfig, UiConfig
from softphone.model.error import ConfigError

from . import crash
from .acting import Acting
from .alerts import Alerts
from .binding import bindings_of
from .calm import calm_runtime
from .clock import Clock, SystemClock
from .custom import Custom
from .desk import Desk
from .keymap import KeyMap
from .linefilter import ControlFilter
from .panes.contacts import ContactsPane
from .panes.dialer import DialerPane
from .panes.pane import Act, OpenFor, Say, Send, ToDialer
from .screens.base import ConsoleScreen, Dialog
from .screens.main import MainScreen
from .session import EVERYTHING, Connect, Session, Topic
from .settingsfile import SettingsFile
from .themes import load_theme, theme_names
from .ticking import wait_s
from .view import View
from .working import start

FLUSH_S = 0.1


class SoftphoneApp(App[None]):
    """The operator console."""

    CSS_PATH: ClassVar[list[str | Path]] = [  # type: ignore[assignment]  # a list of files
        "styles/base.tcss",
        "styles/panes.tcss",
        "styles/dialogs.tcss",
    ]
    ENABLE_COMMAND_PALETTE = False
    TITLE = "softphone"

    def __init__(
        self,
        connect: Connect,
        settings: UiConfig,
        keys: KeyMap,
        *,
        calls: CallsConfig,
        region: str = "",
        clock: Clock | None = None,
        crash_file: Path | None = None,
        retry_s: Sequence[float] | None = None,
        calm: bool = False,
        layouts: Mapping[str, tuple[str, ...]] | None = None,
        settings_file: SettingsFile | None = None,
        screenshots: Path = Path("screenshots"),
    ) -> None:
        self._control = ControlFilter()
        super().__init__()
        self.custom = Custom(keys, layouts or {}, settings.layout, settings_file)
        self.custom.keys_changed = self._keys_changed
        whole = self.custom.keys
        retry = {} if retry_s is None else {"retry_s": retry_s}
        self.alerts = Alerts(self)
        self.session = Session(connect, self.changed, self.alerts.heard, **retry)
        self.clock = clock or SystemClock()
        self.view = View(self.session, Desk(), self.clock, whole, settings, calls, self.act, region)
        self.settings = settings
        self.screenshots = screenshots
        self._crash_file = crash_file
        self._calm = calm
        self.main = MainScreen(self.view)
        self.acting = Acting(self)
        self._dirty: frozenset[Topic] = frozenset()
        self._flush_timer: Timer | None = None
        self._flushed = float("-inf")
        self._tick: Timer | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self.animation_level = "none"
        self._broken_themes = self._register_themes()
        self.theme = settings.theme
        self.main.body.shown = frozenset(self.custom.panes)
        self.bind_keys()

    @property
    def frame(self) -> ConsoleScreen:
        """Return the full screen that is seen, below any dialog."""
        stack = self.screen_stack
        return next((s for s in reversed(stack) if isinstance(s, ConsoleScreen)), self.main)

    def get_default_screen(self) -> MainScreen:
        """Return the main screen."""
        return self.main

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return textual's filters with ours before them."""
        return [self._control, *super().get_line_filters()]

    def on_mount(self) -> None:
        """Start to follow the engine; then make garbage collection rare and threads quick."""
        self._own_loop = asyncio.get_running_loop()
        start(self, self.session.run, group="session")
        self._schedule_tick()
        if self._broken_themes:
            self.say(self._broken_themes[0], "warning")
        if self._calm:
            self.call_after_refresh(calm_runtime)

    def _register_themes(self) -> tuple[str, ...]:
        """Make all themes known; return what is wrong with the operator's own ones."""
        broken = []
        for name in theme_names():
            try:
                self.register_theme(load_theme(name).to_textual())
            except ConfigError as problem:
                if name == self.settings.theme:
                    raise
                broken.append(problem.message)
        return tuple(broken)

    def on_unmount(self) -> None:
        """Leave the terminal as it was."""
        self.alerts.leave_title()

    # ---- what arrives ----------------------------------------------------------------------

    def changed(self, topics: frozenset[Topic]) -> None:
        """Take note of a change; panes are painted at most ten times a second."""
        self.view.desk.follow(self.view.state, self.view.mono())
        self._dirty |= topics
        if self._flush_timer is None and self._dirty:
            wait = self._flushed + FLUSH_S - self.clock.mono()
            self._flush_timer = self.set_timer(max(0.001, min(FLUSH_S, wait)), self.flush)

    def changed_desk(self) -> None:
        """Paint what depends on the operator's marks, at once."""
        self._dirty |= {Topic.DESK}
        self.view.desk.follow(self.view.state, self.view.mono())
        self.flush()

    def flush(self) -> None:
        """Bring the screens up to date with all that changed."""
        if self._flush_timer is not None:
            self._flush_timer.stop()
            self._flush_timer = None
        topics, self._dirty = self._dirty, frozenset()
        self._flushed = self.clock.mono()
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen | Dialog) and screen.is_mounted:
                screen.show(topics)
        self.view.desk.painted(self._flushed)
        self.alerts.tell_sound()
        self.alerts.show_title()
        if topics - {Topic.LEVELS, Topic.QUALITY}:
            self._schedule_tick()

    def _schedule_tick(self) -> None:
        if self._tick is not None:
            self._tick.stop()
        wait = wait_s(self.view.state, self.clock.wall(), self.clock.mono())
        farewell = self.view.desk.farewell
        if farewell and (left := farewell.until_mono - self.clock.mono()) > 0:
            wait = min(wait, left + 0.01)
        self._tick = self.set_timer(wait, self._on_tick)

    def _on_tick(self) -> None:
        self.changed(frozenset({Topic.CLOCK}))

    # ---- what the operator does ------------------------------------------------------------

    def act(self, action_id: str) -> None:
        """Do an action of the registry."""
        if action_id == "desk.changed":
            self.changed_desk()
        else:
            self.acting.act(action_id)

    def action_act(self, action_id: str) -> None:
        """Do an action whose key is bound in the app."""
        self.act(action_id)

    def say(self, text: str, severity: str = "information") -> None:
        """Show one sentence for a few seconds."""
        self.alerts.say(text, severity)

    @property
    def is_saying(self) -> bool:
        """Tell whether a sentence is shown just now."""
        return len(self._notifications) > 0

    def on_notify(self) -> None:
        """Say one sentence at a time: what was said before goes when the next one comes.

        Textual takes the sentences away but leaves their holders, one more for each.
        """
        self.clear_notifications()
        for screen in self.screen_stack:
            screen.query("ToastHolder").remove()

    def write_out(self, sequence: str) -> None:
        """Write a control sequence of our own making to the terminal."""
        if sequence and self._driver:
            self._driver.write(sequence)

    def to_main(self) -> None:
        """Go back to the main screen."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def show_theme(self, name: str) -> None:
        """Show everything in a theme."""
        self.theme = name
        self.changed(EVERYTHING)

    def bind_keys(self) -> None:
        """Let the keys of the key map work."""
        self._bindings = BindingsMap(bindings_of(self.custom.keys))

    def _keys_changed(self) -> None:
        self.bind_keys()
        self.changed(EVERYTHING)

    def unbind_keys(self) -> None:
        """Let no key work by itself, so that the next one can be named."""
        self._bindings = BindingsMap()

    def on_act(self, message: Act) -> None:
        """Do what a pane asks for."""
        self.act(message.action_id)

    def on_send(self, message: Send) -> None:
        """Send what a pane asks for."""
        self.acting.send(message.commands)

    def on_say(self, message: Say) -> None:
        """Say what a pane has to say."""
        self.say(message.text, message.severity)

    def on_to_dialer(self, message: ToDialer) -> None:
        """Put an address into the dialer, for the operator to dial or not."""
        self.to_main()
        self.main.dialer.put(message.address)

    def on_open_for(self, message: OpenFor) -> None:
        """Open a screen for somebody or something."""
        self.acting.open_for(message.action_id, message.value)

    def on_dialer_pane_wanted(self, message: DialerPane.Wanted) -> None:
        """Dial."""
        self.acting.dial(message.command)

    def on_contacts_pane_edit(self, message: ContactsPane.Edit) -> None:
        """Open the contact editor."""
        self.acting.edit_contact(message.contact)

    def on_contacts_pane_delete(self, message: ContactsPane.Delete) -> None:
        """Delete after asking."""
        self.acting.delete_contact(message.contact)

    def leave_soon(self, code: int) -> bool:
        """Leave with a code, asked by a signal handler; False when nothing runs yet to leave.

        `call_later` and `exit` alone would not wake a loop that waits for a key.
        """
        if self._own_loop is None:
            return False
        self._own_loop.call_soon_threadsafe(partial(self.exit, return_code=code))
        return True

    # ---- when it goes wrong ----------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """Leave with a code that says so; textual would print local variables."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Write the crash file and print one line."""
        error = self._exception or RuntimeError("unknown")
        written = self._crash_file is not None and crash.write(
            self._crash_file, crash.report(error)
        )
        self._exit_renderables.append(
            Text(crash.sentence(error, self._crash_file if written else None))
        )
        self._close_messages_no_wait()
