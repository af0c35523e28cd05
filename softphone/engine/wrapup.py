"""After-call work: no offers for a while after a call, then available again by itself.

It ends at its time, by command, or when the operator makes an account available. While a call
waits for a disposition it must have, it goes on. What is left of it survives the engine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from softphone.model.call import AccountName, Call, CallId, EndReason
from softphone.model.capability import Capability
from softphone.model.command import SetAvailable
from softphone.model.error import Refused
from softphone.model.event import Level

if TYPE_CHECKING:
    from .engine import Engine

# Some platforms connect the sound before anybody answers.
_NOT_TALKED = (EndReason.BUSY, EndReason.NO_ANSWER)
_LONGEST_S = 3_600.0


class WrapUp:
    """Withdraws the desk's accounts when its last call ends, and offers them again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._timer: asyncio.TimerHandle | None = None
        self.active = False
        self.until_mono: float | None = None
        self.undisposed: tuple[CallId, ...] = ()
        self._owed = False  # a call was answered and has ended, but another one was up

    def restore(self, left_s: float | None) -> None:
        """Go on where an earlier engine was: so many seconds are left, None: no time was set."""
        if left_s is not None and left_s <= 0:
            left_s = None  # over, unless a disposition is missing
            if not self.undisposed:
                return
        self._start(left_s)

    def call_over(self, call: Call) -> None:
        """Begin after a call that was answered here, once no other one is up."""
        engine = self._engine
        calls = engine.config.calls
        if call.answered and call.end_reason not in _NOT_TALKED and not call.owner:
            self._owed = True
            if calls.needs_disposition(call.account) and not call.disposition:
                self.undisposed = (*self.undisposed, call.id)
                engine.operator.changed()
        if engine.book.live() or not self._owed:
            return
        self._owed = False
        if (calls.wrap_up_s > 0 or self.undisposed) and engine.operator.wants_calls():
            self.begin(calls.wrap_up_s or None)

    def begin(self, wait_s: float | None) -> None:
        """Take no offers for so long; None: until told otherwise."""
        self._start(wait_s)
        for name in self._accounts():
            self._engine.job(self._engine.quietly(SetAvailable(name, False)))
        again = f"available again in {wait_s:g} s, or by key" if wait_s else "until you finish it"
        waits = "; a disposition is needed" if self.undisposed else ""
        self._engine.note("softphone", Level.INFO, f"after-call work: {again}{waits}")

    def extend(self, seconds: float) -> None:
        """Let it last longer; Refused when there is none."""
        if not self.active:
            raise Refused("There is no after-call work to extend.")
        now = self._engine.monotonic()
        left_s = max(0.0, (self.until_mono or now) - now)
        self._start(min(_LONGEST_S, max(1.0, left_s + seconds)))

    def finish(self) -> None:
        """End it now and be available; Refused when there is none, or a disposition is missing."""
        if not self.active:
            raise Refused("There is no after-call work to finish.")
        self.refuse_undisposed()
        self._over()

    def leave(self) -> None:
        """End it without a word: the operator has chosen another state."""
        if self._timer:
            self._timer.cancel()
        self.active, self.until_mono = False, None
        self._engine.operator.changed()

    def disposed(self, call: CallId) -> None:
        """Take note that a call has its disposition."""
        if call not in self.undisposed:
            return
        self.undisposed = tuple(one for one in self.undisposed if one != call)
        until = self.until_mono
        timed = self._engine.config.calls.wrap_up_s > 0
        due = until is None or until <= self._engine.monotonic()
        if self.active and not self.undisposed and due and (timed or until is None):
            self._over()
        self._engine.operator.call_over()  # what waits may have waited for this

    def refuse_undisposed(self) -> None:
        """Raise Refused while a call waits for the disposition it must have."""
        if self.undisposed:
            count = len(self.undisposed)
            what = "the last call" if count == 1 else f"{count} calls"
            raise Refused(f"First say what came of {what}.", code="DISPOSITION")

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer:
            self._timer.cancel()

    def _start(self, wait_s: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self.active = True
        self.until_mono = None if wait_s is None else self._engine.monotonic() + wait_s
        if wait_s is not None:
            later = asyncio.get_running_loop().call_later
            self._timer = later(max(0.0, wait_s), self._due)
        self._engine.operator.changed()

    def _due(self) -> None:
        if self._engine.stopped.is_set() or not self.active:
            return
        if not self.undisposed:
            self._over()
            return
        # Time is over, but what came of a call is not said yet: that ends it.
        self.until_mono = None
        self._engine.operator.changed()
        self._engine.note(
            "softphone", Level.WARNING, "after-call work goes on: a disposition is needed",
            self.undisposed[0], alert=True,
        )  # fmt: skip

    def _over(self) -> None:
        """Be available again where the operator has not chosen otherwise meanwhile."""
        self.leave()
        if self._engine.operator.begin_queued():
            return
        for name in self._accounts():
            self._engine.job(self._engine.quietly(SetAvailable(name, True)))

    def _accounts(self) -> list[AccountName]:
        engine = self._engine
        if not engine.attendance.offering:
            return []
        return [
            name
            for name, adapter in engine.adapters.items()
            if adapter.capabilities().allows(Capability.AVAILABILITY)
            and engine.attendance.is_wanted(name)
        ]
