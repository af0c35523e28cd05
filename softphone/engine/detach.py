"""What happens to calls when nobody watches them any more. Pure; see docs/architecture.md.

A terminal that died must not leave an open microphone, a ringing desk or a call that nobody
will ever end; a terminal that comes back within seconds must find everything as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WITHDRAW_AFTER_S = 10.0
RESTORE_WITHIN_S = 10.0
EXIT_AFTER_S = 60.0


class Duty(StrEnum):
    """What the engine must do now."""

    MUTE = "mute"
    HOLD = "hold"
    HANG_UP = "hang_up"
    RESTORE = "restore"
    STAY_MUTED = "stay_muted"
    WITHDRAW = "withdraw"
    OFFER_AGAIN = "offer_again"
    GIVE_UP = "give_up"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is there: consoles, other clients, calls of a console, and whether to stay up."""

    consoles: int
    clients: int
    desk_calls: int
    calls: int
    stay_up: bool
    """`softphone online`: the engine runs and stays available without a client."""
    waiting: bool
    """A command waits for a call, so offers are wanted."""


@dataclass(slots=True)
class DetachRules:
    """The clock of an unattended engine. Time is monotonic and comes in as an argument."""

    on_detach: str
    limit_s: float
    _alone_since: float | None = None
    _idle_since: float | None = None
    _shut: bool = False
    _withdrawn: bool = True
    _given_up: bool = False
    _seen_console: bool = False

    def step(self, watch: Watch, now: float) -> list[Duty]:
        """Return what to do now; call it on every change, and at `next_wake`."""
        duties = self._calls(watch, now)
        duties += self._offers(watch, now)
        duties += self._exit(watch, now)
        return duties

    def next_wake(self, watch: Watch) -> float | None:
        """Return when `step` must be called again, or None."""
        times = []
        if self._alone_since is not None:
            if not self._withdrawn and not _attended(watch):
                times.append(self._alone_since + WITHDRAW_AFTER_S)
            if watch.desk_calls and not self._given_up:
                times.append(self._alone_since + self.limit_s)
        if self._idle_since is not None:
            times.append(self._idle_since + EXIT_AFTER_S)
        return min(times, default=None)

    def _calls(self, watch: Watch, now: float) -> list[Duty]:
        if watch.consoles:
            return self._back(now)
        if self._alone_since is None:
            self._alone_since = now
            return self._gone(watch)
        if watch.desk_calls and not self._given_up and now - self._alone_since >= self.limit_s:
            self._given_up = True
            return [Duty.GIVE_UP]
        return []

    def _gone(self, watch: Watch) -> list[Duty]:
        if not self._seen_console or not watch.desk_calls or self.on_detach == "keep":
            return []
        self._shut = True
        return {"mute": [Duty.MUTE], "hold": [Duty.HOLD], "hangup": [Duty.HANG_UP]}[self.on_detach]

    def _back(self, now: float) -> list[Duty]:
        alone, self._alone_since = self._alone_since, None
        self._given_up = False
        self._seen_console = True
        if not self._shut or alone is None:
            return []
        self._shut = False
        return [Duty.RESTORE if now - alone <= RESTORE_WITHIN_S else Duty.STAY_MUTED]

    def _offers(self, watch: Watch, now: float) -> list[Duty]:
        attended = _attended(watch)
        if attended and self._withdrawn:
            self._withdrawn = False
            return [Duty.OFFER_AGAIN]
        alone_long = self._alone_since is not None and now - self._alone_since >= WITHDRAW_AFTER_S
        if not attended and not self._withdrawn and alone_long:
            self._withdrawn = True
            return [Duty.WITHDRAW]
        return []

    def _exit(self, watch: Watch, now: float) -> list[Duty]:
        if watch.clients or watch.calls or watch.stay_up:
            self._idle_since = None
            return []
        if self._idle_since is None:
            self._idle_since = now
        return [Duty.EXIT] if now - self._idle_since >= EXIT_AFTER_S else []


def _attended(watch: Watch) -> bool:
    """Tell whether somebody wants offers."""
    return bool(watch.consoles) or watch.stay_up or watch.waiting
