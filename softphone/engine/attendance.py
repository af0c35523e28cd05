"""Do what the rules for unattended calls ask: mute, hold, withdraw, give up, exit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from softphone.model.call import AccountName, Call, CallState
from softphone.model.capability import Capability
from softphone.model.command import HangUp, Hold, SetAvailable
from softphone.model.event import Level

from .detach import DetachRules, Duty, Watch

if TYPE_CHECKING:
    from .engine import Engine

logger = logging.getLogger(__name__)


class Attendance:
    """Whether somebody is at the desk, and what follows from it."""

    def __init__(self, engine: Engine) -> None:
        calls = engine.config.calls
        self._engine = engine
        self._rules = DetachRules(calls.on_detach, calls.detach_limit_s)
        self._timer: asyncio.TimerHandle | None = None
        self._wants_calls: dict[AccountName, bool] = {}
        self._offering = False
        self.microphones_shut = False
        self.stay_up = False

    def check(self) -> None:
        """Look at who is there and do what is due."""
        watch = self._watch()
        now = self._engine.monotonic()
        for duty in self._rules.step(watch, now):
            self._do(duty)
            self._engine.operator.changed()
        if self._timer:
            self._timer.cancel()
        due = self._rules.next_wake(watch)
        if due is not None and not self._engine.stopped.is_set():
            delay = max(0.01, due - now)
            self._timer = asyncio.get_running_loop().call_later(delay, self.check)

    def wants_calls(self, account: AccountName, wanted: bool) -> None:
        """Remember the operator's own choice: a pause stays one when a console comes back."""
        self._wants_calls[account] = wanted

    def is_wanted(self, account: AccountName) -> bool:
        """Tell whether the operator wants calls of an account while somebody is there."""
        return self._wants_calls.get(account, True)

    @property
    def offering(self) -> bool:
        """Tell whether somebody is there to take offers."""
        return self._offering

    def _watch(self) -> Watch:
        engine = self._engine
        live = engine.book.live()
        return Watch(
            consoles=len(engine.hub.consoles()),
            clients=len(engine.hub.clients),
            desk_calls=len(self._desk_calls(live)),
            calls=len(live),
            stay_up=self.stay_up,
            waiting=bool(engine.owners.waiters),
        )

    def _do(self, duty: Duty) -> None:
        match duty:
            case Duty.MUTE:
                self._shut_microphones(True, "nobody at the console: microphone closed")
            case Duty.RESTORE:
                self._shut_microphones(False, "console is back: microphone as before")
            case Duty.STAY_MUTED:
                self._come_back_muted()
            case Duty.HOLD:
                self._each_desk_call(Hold)
            case Duty.HANG_UP:
                self._each_desk_call(HangUp)
            case Duty.GIVE_UP:
                self._give_up()
            case Duty.WITHDRAW:
                self._offer(False)
            case Duty.OFFER_AGAIN:
                self._offer(True)
            case Duty.EXIT:
                self._engine.stop("no call and no client")

    def _shut_microphones(self, shut: bool, text: str) -> None:
        self.microphones_shut = shut
        self._engine.sound_desk.route()
        self._engine.note("softphone", Level.WARNING if shut else Level.INFO, text)

    def _come_back_muted(self) -> None:
        """After a long absence the operator opens the microphone deliberately (F4)."""
        for call in self._desk_calls(self._engine.book.talking()):
            self._engine.change_call(call.id, muted=True)
        self._shut_microphones(
            False, "you were away for a while: the microphone is muted, F4 opens"
        )

    def _each_desk_call(self, command: type[Hold] | type[HangUp]) -> None:
        for call in self._desk_calls(self._engine.book.talking()):
            self._engine.job(self._engine.quietly(command(call.id)))

    def _give_up(self) -> None:
        for call in self._desk_calls(self._engine.book.live()):
            self._engine.call_facts.lost_operator.add(call.id)
            self._engine.job(self._engine.quietly(HangUp(call.id)))

    @staticmethod
    def _desk_calls(calls: Iterable[Call]) -> list[Call]:
        """Return the calls of the desk: those of a command end with it, offers with the caller."""
        return [c for c in calls if not c.owner and c.state is not CallState.RINGING]

    def _offer(self, wanted: bool) -> None:
        self._offering = wanted
        for name, adapter in self._engine.adapters.items():
            if adapter.capabilities().allows(Capability.AVAILABILITY):
                resting = self._engine.wrap_up.active
                available = wanted and self._wants_calls.get(name, True) and not resting
                self._engine.job(self._engine.quietly(SetAvailable(name, available)))
