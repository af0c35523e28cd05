"""Calls of the lab's Audin side: offered, assigned, connected, over. No sockets here."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from softphone.adapters.audin import wire

from . import farends
from .audin_call import AudioPeer, Call, Messenger, Phase
from .farends import FarEnd, Turn
from .hub import Hub, RingRequest
from .sounds import Patch
from .world import NUMBERS, Caller

_OVER_KEPT = 200


class AudinCalls:
    """All calls; every rule about who gets which message is here."""

    def __init__(self, hub: Hub, messenger: Messenger) -> None:
        self._hub = hub
        self._say = messenger
        self._calls: dict[str, Call] = {}
        self._over: deque[Call] = deque(maxlen=_OVER_KEPT)
        self.last_change = 0.0

    # ---- looking -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, sid: str) -> Call | None:
        """Return a call that is not over."""
        return self._calls.get(sid)

    def find(self, sid: str) -> Call | None:
        """Return a call, also one that is over."""
        return self._calls.get(sid) or next((c for c in self._over if c.sid == sid), None)

    def state(self) -> list[dict[str, Any]]:
        """Return all calls, those that are over last."""
        now = self._hub.now
        return [call.state(now) for call in (*self._calls.values(), *reversed(self._over))]

    # ---- calls that come in --------------------------------------------------------------------

    def ring(self, request: RingRequest, number: wire.PhoneNumber) -> Call:
        """Let one caller ring for everybody who is available on the number."""
        times = self._hub.settings.times
        far_end = farends.caller(request.caller.sound, times, request.talks_s)
        return self._offer_new(
            number, request.caller, far_end, request.ring_limit_s, request.to_user
        )

    def ring_user(self, ref: str, caller: Caller, patch: Patch) -> bool:
        """Ring one operator for another; False when that one is not available."""
        numbers = self._say.available_numbers(ref)
        number = next((n for n in NUMBERS if n.id in numbers), None)
        if number is None:
            return False
        far_end = FarEnd(patch.far, answered=True)
        call = self._offer_new(number, caller, far_end, None, ref)
        call.patch = patch
        patch.listeners.append(lambda: self._patch_ended(call))
        return True

    def offer_waiting(self, ref: str, number_ids: frozenset[str]) -> None:
        """Offer what still rings to an operator who has just become available."""
        for call in list(self._calls.values()):
            if call.phase is Phase.RINGING and call.number.id in number_ids:
                self._offer(call, ref)

    def forget_offers(self, ref: str) -> None:
        """An operator's line is gone: its offers would be made anew."""
        for call in self._calls.values():
            call.offered.discard(ref)

    def accept(self, ref: str, sid: str) -> None:
        """Take `accept`: the first one wins."""
        call = self._calls.get(sid)
        if call is None or ref not in call.offered:
            if call is None and self.find(sid) is not None:
                self._say.tell(ref, wire.CallTaken(sid))
                return
            self._error(ref, "UNKNOWN_CALL", "There is no such call.", wire.ACCEPT, sid)
            return
        if call.phase is not Phase.RINGING:
            if call.operator != ref:
                self._say.tell(ref, wire.CallTaken(sid))
            return
        self._assign(call, ref)

    def reject(self, ref: str, sid: str) -> None:
        """Take `reject`; when nobody is left the caller is turned away."""
        call = self._calls.get(sid)
        if call is None or call.phase is not Phase.RINGING or ref not in call.offered:
            return
        call.declined.add(ref)
        self._hub.note(f"{ref} declined {sid}")
        if call.declined >= call.offered:
            self._end(call, "declined", patch_reason="busy")

    # ---- calls that go out ---------------------------------------------------------------------

    def start_outbound(self, ref: str, wanted: wire.StartOutbound) -> None:
        """Take `start_outbound`: answer with `outbound_started` or `error`."""
        number = next((n for n in NUMBERS if n.phone_number == wanted.caller_id), None)
        refused = self._refusal(wanted.to, number)
        if refused is not None or number is None:
            self._error(ref, *(refused or ("", "")), wire.START_OUTBOUND)
            return
        caller = Caller(wanted.caller_id, number.display_name)
        far_end = self._far_end(wanted.to, ref, caller)
        if far_end is None:
            self._error(ref, "NOT_REACHABLE", "Nobody is there.", wire.START_OUTBOUND)
            return
        call = self._add("outbound", number, caller, wanted.to, far_end)
        call.operator = ref
        call.phase = Phase.ASSIGNED
        self._hub.note(f"{ref} calls {wanted.to} ({call.sid})")
        self._started(call, wanted)

    def _started(self, call: Call, wanted: wire.StartOutbound) -> None:
        ref = call.operator
        if self._hub.faults.on("no_outbound_started", ref):
            return
        late = self._hub.faults.get("late_outbound_started", ref)

        def tell() -> None:
            self._say.tell(ref, wire.OutboundStarted(call.sid, wanted.to, wanted.caller_id))
            self._say.reached(ref, "started")
            self._limit(call, self._hub.settings.audio_open_limit_s, "no_audio")

        _now_or_later(self._hub, late, tell)

    def _refusal(self, to: str, number: wire.PhoneNumber | None) -> tuple[str, str] | None:
        if not wire.is_e164(to):
            return "BAD_NUMBER", "The number must be international, with plus."
        if number is None:
            return "BAD_CALLER_ID", "The caller id is not a number of this account."
        if to.endswith(farends.REJECTED):
            return "REJECTED", "The network refuses this number."
        return None

    def _far_end(self, to: str, ref: str, caller: Caller) -> FarEnd | None:
        if farends.operator_in(to) is None and farends.user_in(to) is None:
            return farends.dialled(to, self._hub.settings.times)
        patch = Patch()
        if to.endswith(_own_digits(ref)) or not self._hub.reach(to, caller, patch):
            return None
        return farends.PatchedFarEnd(patch.near)

    # ---- audio ---------------------------------------------------------------------------------

    def audio_opened(self, call: Call, peer: AudioPeer) -> None:
        """The operator's audio socket is there."""
        _cancel(call)
        call.phase = Phase.UP
        call.audio = peer
        if call.direction == "inbound":
            call.answered = True
            self._hub.tell_call(call.sid, "answered")
        if call.patch is not None:
            call.patch.answered = True

    def turned(self, call: Call, turn: Turn) -> None:
        """Do what the far end decided."""
        audio, names = call.audio, self._hub.settings.names
        if audio is None:
            return
        match turn:
            case Turn.ANSWERED:
                call.answered = True
                audio.say(wire.Answered())
            case Turn.HANG_UP:
                audio.say(wire.Ended("remote_hangup"))
                self._end(call, "remote_hangup", 1000)
            case Turn.BUSY:
                self._end(call, "busy", names.busy_close_code)
            case Turn.NO_ANSWER:
                self._end(call, "no_answer", names.no_answer_close_code)
            case Turn.DROP:
                audio.cut()
                self._end(call, "dropped")

    def controlled(self, call: Call, message: wire.AudioControl | wire.Unknown) -> None:
        """Take a control message of the audio socket."""
        match message:
            case wire.MuteControl(muted):
                call.muted = muted
            case wire.DtmfControl(digit):
                if call.far_end.answered:
                    call.digits = (call.digits + digit)[-64:]
                call.far_end.press(digit)
            case wire.HangupControl():
                self._end(call, "hangup", 1000)
            case wire.Unknown():
                self._hub.note(f"{call.sid}: unknown control {message.type}")

    def audio_closed(self, call: Call) -> None:
        """The audio socket is gone, however it went."""
        self._end(call, "closed")

    def hang_up(self, sid: str, code: int | None) -> bool:
        """End a call from the lab's side: the far end hangs up, or a caller gives up."""
        call = self._calls.get(sid)
        if call is None:
            return False
        if call.audio is not None and code is None:
            self.turned(call, Turn.HANG_UP)
        else:
            self._end(call, "cancelled", code, patch_reason="cancelled")
        return True

    def close(self) -> None:
        """Forget all calls; sockets are closed by their owners."""
        for call in list(self._calls.values()):
            _cancel(call)
        self._calls.clear()

    # ---- private -------------------------------------------------------------------------------

    def _add(
        self, direction: str, number: wire.PhoneNumber, caller: Caller, to: str, far_end: FarEnd
    ) -> Call:
        sid = "CA" + secrets.token_hex(16)
        call = Call(sid, direction, number, caller, to, far_end, self._hub.now)
        self._calls[sid] = call
        return call

    def _offer_new(
        self,
        number: wire.PhoneNumber,
        caller: Caller,
        far_end: FarEnd,
        limit_s: float | None,
        only: str | None,
    ) -> Call:
        call = self._add("inbound", number, caller, number.phone_number, far_end)
        call.only = only
        self._hub.note(f"{caller.number or 'anonymous'} rings {number.id} ({call.sid})")
        self._limit(call, limit_s or self._hub.settings.ring_limit_s, wire.REASON_NO_ANSWER)
        for ref in self._say.available_on(number.id):
            self._offer(call, ref)
        self._hub.tell_call(call.sid, "rings", caller.number, caller.name)
        return call

    def _offer(self, call: Call, ref: str) -> None:
        if ref in call.offered or ref in call.declined or call.only not in (None, ref):
            return
        call.offered.add(ref)
        left_s = call.limit.when() - self._hub.now if call.limit is not None else 0.0
        offer = wire.IncomingCall(
            call.sid,
            call.caller.number,
            call.to,
            call.number.id,
            call.caller.name,
            max(1, round(left_s * 1000)),
        )
        self._say.tell(ref, offer)
        self._say.reached(ref, "incoming_call")

    def _assign(self, call: Call, ref: str) -> None:
        _cancel(call)
        call.phase, call.operator = Phase.ASSIGNED, ref
        self._limit(call, self._hub.settings.audio_open_limit_s, "no_audio")
        self._hub.note(f"{ref} answered {call.sid}")
        self._say.reached(ref, "accept")
        faults = self._hub.faults
        assigned = wire.CallAssigned(call.sid, call.caller.number, call.to)
        others = [other for other in call.offered - call.declined if other != ref]

        def tell_winner() -> None:
            self._say.tell(ref, assigned)
            if faults.on("taken_after_assigned", ref):
                self._say.tell(ref, wire.CallTaken(call.sid))
            self._say.reached(ref, "assigned")

        swapped = faults.on("swap_assigned_taken", ref)
        if swapped:
            self._tell_taken(call, others)
        if not faults.on("no_assigned", ref):
            _now_or_later(self._hub, faults.get("delay_assigned", ref), tell_winner)
        if not swapped:
            self._tell_taken(call, others)

    def _tell_taken(self, call: Call, refs: list[str], reason: str | None = None) -> None:
        for ref in refs:
            if reason == "cancelled" and self._hub.faults.on("gone_extension", ref):
                self._say.tell(ref, wire.CallGone(call.sid, reason))
            else:
                self._say.tell(ref, wire.CallTaken(call.sid, reason))

    def _limit(self, call: Call, seconds: float, reason: str) -> None:
        _cancel(call)
        call.limit = self._hub.after(
            seconds, lambda: self._end(call, reason, self._hub.settings.names.idle_close_code)
        )

    def _patch_ended(self, call: Call) -> None:
        if call.phase in (Phase.RINGING, Phase.ASSIGNED):
            self._end(call, "cancelled")

    def _end(
        self, call: Call, reason: str, code: int | None = None, patch_reason: str = ""
    ) -> None:
        """End a call once: tell whoever it rings for, close its audio."""
        if self._calls.pop(call.sid, None) is None:
            return
        _cancel(call)
        if call.phase is Phase.RINGING:
            waiting = sorted(call.offered - call.declined)
            told = reason if reason in ("no_answer", "cancelled") else None
            self._tell_taken(call, waiting, told)
        call.phase, call.reason = Phase.OVER, reason
        self.last_change = self._hub.now
        self._over.append(call)
        self._hub.note(f"{call.sid} over: {reason}")
        self._hub.tell_call(call.sid, "over")
        if call.patch is not None:
            call.patch.end(patch_reason or reason)
        call.far_end.leave()
        if call.audio is not None and code is not None:
            call.audio.close(code)

    def _error(
        self, ref: str, code: str, message: str, answering: str, sid: str | None = None
    ) -> None:
        self._hub.note(f"{ref} refused: {message}")
        self._say.tell(ref, wire.ServerError(code, message, sid, answering))


def _own_digits(ref: str) -> str:
    """Return the last digits under which an operator is called: op-7 is 0907."""
    number = ref.rpartition("-")[2]
    return f"09{int(number):02d}" if number.isdecimal() else "none"


def _cancel(call: Call) -> None:
    if call.limit is not None:
        call.limit.cancel()
        call.limit = None


def _now_or_later(hub: Hub, late: dict[str, Any] | None, do: Callable[[], None]) -> None:
    if late is None:
        do()
    else:
        hub.after(late["seconds"], do)
