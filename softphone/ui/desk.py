"""What the operator has in hand: the marked offer, the call in focus, tones on or off.

Nothing that arrives from outside changes what the next key does: after the marked offer or the
call in focus changed by itself, keys that act on it are ignored for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass

from softphone.model.call import Call, CallId, CallState, EndReason, Parameters
from softphone.model.state import ConsoleState

from .situation import Situation

GUARD_S = 0.3
FAREWELL_S = 3.0
_ON_OFFER = frozenset(
    {"call.answer", "call.answer_ending", "call.decline", "call.ignore", "call.forward"}
)
_ON_CALL = frozenset({"call.hold", "call.hang_up", "call.transfer", "call.mute"})
_NOT_TWICE = frozenset({"call.hang_up", "call.decline", "call.answer", "call.hold"})
_SAID = frozenset({EndReason.TAKEN_BY_OTHER, EndReason.CANCELLED, EndReason.LINK_LOST})


@dataclass(frozen=True, slots=True)
class Farewell:
    """A few last words about an offer that is gone."""

    call: Call
    until_mono: float


class Desk:
    """Follow the state, keep the operator's marks, guard the keys."""

    def __init__(self) -> None:
        self.offer_id: CallId | None = None
        self.call_id: CallId | None = None
        self.tones = False
        self.parameters: Parameters = ()
        """Custom parameters of the next call that is dialled."""
        self.farewell: Farewell | None = None
        self._offer_changed = self._call_changed = float("-inf")
        self._pressed: dict[str, float] = {}
        self._ringing: dict[CallId, Call] = {}
        self._painted: CallId | None = None
        self._expected: CallId | None = None

    def follow(self, state: ConsoleState, mono: float) -> None:
        """Take note of a change in the state."""
        self._say_farewell(state, mono)
        self._take_expected(state)
        now = Situation(state, offer_id=self.offer_id, call_id=self.call_id)
        offer, call = now.offer, now.call
        if self._id(offer) != self.offer_id:
            self.offer_id, self._offer_changed = self._id(offer), mono
        if self._id(call) != self.call_id:
            if self.call_id is not None:
                self._call_changed = mono
                self.tones = False
            self.call_id = self._id(call)
        if call is None or call.state not in (CallState.ACTIVE, CallState.HELD):
            self.tones = False

    def painted(self, mono: float) -> None:
        """Take note that the marked offer is on the screen now: the guard starts here."""
        if self._painted != self.offer_id:
            self._painted, self._offer_changed = self.offer_id, mono

    def expect(self, call_id: CallId) -> None:
        """Put a call in focus as soon as it is up, because the operator answered or dialled."""
        self._expected = call_id

    def mark_call(self, call_id: CallId) -> None:
        """Put a call in focus because the operator chose it."""
        if call_id != self.call_id:
            self.call_id, self.tones = call_id, False

    def move_offer(self, state: ConsoleState, step: int) -> None:
        """Mark the next or the offer before, as the operator asked."""
        ids = [call.id for call in state.offers()]
        if ids:
            self._painted = None
            at = ids.index(self.offer_id) if self.offer_id in ids else 0
            self.offer_id = ids[max(0, min(len(ids) - 1, at + step))]

    def too_soon(self, action_id: str, mono: float) -> bool:
        """Tell whether a key press must be ignored: the call changed under the finger, or the
        key is being held down."""
        changed = self._offer_changed if action_id in _ON_OFFER else float("-inf")
        if action_id in _ON_CALL:
            changed = self._call_changed
        last = self._pressed.get(action_id, float("-inf")) if action_id in _NOT_TWICE else changed
        if action_id in _NOT_TWICE:
            self._pressed[action_id] = mono
        return mono - changed < GUARD_S or mono - last < GUARD_S

    def farewell_at(self, mono: float) -> Call | None:
        """Return the call whose end is still to be told."""
        if self.farewell and mono < self.farewell.until_mono:
            return self.farewell.call
        return None

    def _take_expected(self, state: ConsoleState) -> None:
        call = state.calls.get(self._expected) if self._expected else None
        if call and call.live and call.state is not CallState.RINGING:
            self._expected = None
            self.mark_call(call.id)

    def _say_farewell(self, state: ConsoleState, mono: float) -> None:
        for call_id in self._ringing:
            call = state.calls.get(call_id)
            if call and call.end_reason in _SAID:
                self.farewell = Farewell(call, mono + FAREWELL_S)
        self._ringing = {call.id: call for call in state.offers()}

    @staticmethod
    def _id(call: Call | None) -> CallId | None:
        return call.id if call else None
