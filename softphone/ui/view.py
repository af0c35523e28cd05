"""What every pane and screen gets: the state, the clock, the keys, and a way to ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from softphone.config import CallsConfig, UiConfig
from softphone.model.command import Command, Reply
from softphone.model.state import ConsoleState

from . import phone
from .actions import Scope, find
from .clock import Clock
from .desk import Desk
from .keymap import KeyMap, main_key
from .session import Session
from .situation import Situation


@dataclass(frozen=True, slots=True)
class View:
    """The console's world, shared by its panes."""

    session: Session
    desk: Desk
    clock: Clock
    keys: KeyMap
    settings: UiConfig
    calls: CallsConfig
    act: Callable[[str], None]
    region: str = ""

    @property
    def state(self) -> ConsoleState:
        """Return the engine's state as folded so far."""
        return self.session.state

    @property
    def now(self) -> Situation:
        """Return what is going on, for the registry's checks."""
        return Situation(
            self.state,
            self.session.me,
            self.desk.offer_id,
            self.desk.call_id,
            self.session.connected,
        )

    @property
    def request(self) -> Callable[[Command], Awaitable[Reply]]:
        """Return the way to send a command and get its reply."""
        return self.session.request

    def mono(self) -> float:
        """Return monotonic seconds."""
        return self.clock.mono()

    def number(self, address: str) -> str:
        """Return an address for reading."""
        return phone.shown(address, self.region)

    def key(self, action_id: str) -> str:
        """Return the printed key of an action."""
        return main_key(self.keys, action_id)

    def keys_to(self, action_id: str) -> str:
        """Return what to press for a call's action from anywhere: letters need the call bar."""
        key = self.key(action_id)
        action = find(action_id)
        in_bar = len(key) == 1 and action is not None and action.scope is Scope.CALL
        return f"{self.key('bar.focus')} {key}" if in_bar else key
