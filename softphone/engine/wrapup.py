"""After-call work: no offers for a while after a call, then available again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.model.call import AccountName, Call, EndReason
from softphone.model.capability import Capability
from softphone.model.command import SetAvailable
from softphone.model.event import Level

if TYPE_CHECKING:
    from .engine import Engine

# Some platforms connect the sound before anybody answers.
_NOT_TALKED = (EndReason.BUSY, EndReason.NO_ANSWER)


class WrapUp:
    """Withdraws the desk's accounts when its last call ends, and offers them again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = 0

    def call_over(self, call: Call) -> None:
        """Begin after a call that was answered here, when no other one is up."""
        engine = self._engine
        wait_s = engine.config.calls.wrap_up_s
        names = self._wanted()
        talked = call.answered and call.end_reason not in _NOT_TALKED
        if wait_s <= 0 or not names or not talked or call.owner or engine.book.live():
            return
        self._turn += 1
        turn = self._turn
        for name in names:
            engine.job(engine.quietly(SetAvailable(name, False)))
        text = f"after-call work: available again in {wait_s:g} s, or by key"
        engine.note("softphone", Level.INFO, text)
        engine.later(wait_s, lambda: self._over(turn))

    def _over(self, turn: int) -> None:
        """Be available again where the operator has not chosen otherwise meanwhile."""
        engine = self._engine
        if turn != self._turn or engine.stopped.is_set():
            return  # another call ended later, and has its own time
        for name in self._wanted():
            engine.job(engine.quietly(SetAvailable(name, True)))

    def _wanted(self) -> list[AccountName]:
        engine = self._engine
        if not engine.attendance.offering:
            return []
        return [
            name
            for name, adapter in engine.adapters.items()
            if adapter.capabilities().allows(Capability.AVAILABILITY)
            and engine.attendance.is_wanted(name)
        ]
