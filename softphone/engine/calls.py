"""The book of calls, and the policy across accounts. Pure: time comes in as an argument.

Adapters report facts; the book turns them into `Call` values through the one transition
table. What does not fit is dropped and counted, and leaves the call as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from softphone.model import event as e
from softphone.model.call import (
    Call,
    CallId,
    CallInput,
    CallState,
    Direction,
    EndReason,
    HoldKind,
    MediaState,
    Party,
)
from softphone.model.command import CallCommand, HangUp, Hold
from softphone.model.error import OutOfOrder

logger = logging.getLogger(__name__)

CallFact = (
    e.CallOffered
    | e.CallDialed
    | e.CallNamed
    | e.CallProgressed
    | e.CallRestarted
    | e.CallMediaChanged
    | e.CallHeldByPeer
    | e.CallParameters
    | e.CallWorking
    | e.CallOver
    | e.CallAutoDeclined
)

ENDED_SHOWN_S = 3.0
"""How long an ended call stays in the list, so that the reason can be read."""


@dataclass(slots=True)
class CallBook:
    """All calls the engine knows of: live ones, and those that ended a moment ago."""

    calls: dict[CallId, Call] = field(default_factory=dict)
    out_of_order: int = 0

    def apply(self, fact: CallFact, at: float, mono: float) -> Call | None:
        """Fold one fact in; return the call when it changed. `at` is wall time."""
        known = self.calls.get(fact.call)
        try:
            changed = _new_call(fact, at, mono) if known is None else _step(known, fact, at, mono)
        except OutOfOrder as problem:
            self.out_of_order += 1
            logger.info("call %s: %s", fact.call, problem)
            return None
        if changed is None or changed == known:
            return None
        self.calls[changed.id] = changed
        return changed

    def change(self, call_id: CallId, **values: object) -> Call | None:
        """Set fields the engine owns (mute, hold, owner, tones…); None when nothing changed."""
        known = self.calls.get(call_id)
        if known is None:
            return None
        changed = replace(known, **values)  # type: ignore[arg-type]  # names of Call's own fields
        if changed == known:
            return None
        self.calls[call_id] = changed
        return changed

    def hold_locally(self, call_id: CallId, held: bool) -> Call | None:
        """Hold a call by our own means, or take it back; None when that changes nothing."""
        call = self.calls.get(call_id)
        if call is None or call.held_by_us == held:
            return None
        kind = HoldKind.LOCAL if held else HoldKind.NONE
        changed = _held(replace(call, held_by_us=held, hold_kind=kind))
        self.calls[call_id] = changed
        return changed

    def put(self, call: Call) -> None:
        """Keep a call as it is given."""
        self.calls[call.id] = call

    def live(self) -> list[Call]:
        """Return every call that is not over, the oldest first."""
        return [call for call in self.calls.values() if call.live]

    def talking(self) -> list[Call]:
        """Return the calls whose audio belongs to the operator now."""
        return [call for call in self.calls.values() if call.state is CallState.ACTIVE]

    def forget(self, mono: float) -> list[CallId]:
        """Drop calls that ended long enough ago; return their ids."""
        gone = [
            call.id
            for call in self.calls.values()
            if call.ended_mono is not None and mono - call.ended_mono >= ENDED_SHOWN_S
        ]
        for call_id in gone:
            del self.calls[call_id]
        return gone


def make_room(others: Iterable[Call], *, end: bool) -> list[CallCommand]:
    """Return what must happen to the other calls before one may talk: hold them, or end them.

    A call that is still on its way up is never held: ending it is the operator's decision. Nor
    are those the operator left to themselves.
    """
    return [
        HangUp(call.id) if end else Hold(call.id)
        for call in others
        if call.state is CallState.ACTIVE and not call.aside
    ]


def next_offer(calls: Iterable[Call], account: str) -> Call | None:
    """Return the oldest ringing call, of one account when it is named."""
    ringing = [
        call
        for call in calls
        if call.state is CallState.RINGING and (not account or call.account == account)
    ]
    return min(ringing, key=lambda call: call.created_mono, default=None)


def _new_call(fact: CallFact, at: float, mono: float) -> Call | None:
    match fact:
        case e.CallOffered():
            return replace(
                _offered(fact, at, mono),
                received_parameters=fact.parameters,
                video_offered=fact.video,
            )
        case e.CallDialed(account, call, remote, local, parameters):
            return Call(
                id=call,
                account=account,
                direction=Direction.OUTBOUND,
                state=CallState.DIALING,
                remote=remote,
                local=local,
                parameters=parameters,
                created_at=at,
                created_mono=mono,
            )
        case e.CallAutoDeclined():
            why = "another call is up on this account"
            return _offered(fact, at, mono).ended(EndReason.DECLINED, at, mono, "busy", why)
        case _:
            return None


def _offered(fact: e.CallOffered | e.CallAutoDeclined, at: float, mono: float) -> Call:
    return Call(
        id=fact.call,
        account=fact.account,
        direction=Direction.INBOUND,
        state=CallState.RINGING,
        remote=fact.remote,
        local=fact.local,
        native_id=fact.native_id,
        created_at=at,
        created_mono=mono,
    )


def _step(call: Call, fact: CallFact, at: float, mono: float) -> Call | None:
    match fact:
        case e.CallProgressed(_, what):
            return _progressed(call, what, at, mono)
        case e.CallOver(_, reason, code, detail):
            return call.ended(reason, at, mono, code, detail)
        case e.CallOffered(_, _, _, remote, local, _):
            return replace(call, remote=_named(remote, call.remote), local=local)
        case e.CallNamed(_, native_id, named_remote, named_local):
            remote = _named(named_remote, call.remote) if named_remote else call.remote
            return replace(
                call, native_id=native_id, remote=remote, local=named_local or call.local
            )
        case e.CallRestarted() if call.live and call.answered:
            return replace(call, answered_at=at, answered_mono=mono)
        case e.CallMediaChanged(_, media) if call.live:
            return replace(call, media=media)
        case e.CallParameters(_, parameters):
            return replace(call, received_parameters=parameters)
        case e.CallWorking(_, operation) if call.live:
            return replace(call, operation=operation)
        case e.CallHeldByPeer(_, held) if call.live:
            return _held(replace(call, held_by_them=held))
        case _:
            return None


def _progressed(call: Call, what: CallInput, at: float, mono: float) -> Call:
    if what is CallInput.END:
        raise OutOfOrder("an end without a reason", call.state)
    stepped = call.stepped(what)
    if what in (CallInput.HOLD, CallInput.RESUME):
        kind = HoldKind.WIRE if what is CallInput.HOLD else HoldKind.NONE
        return _held(replace(call, held_by_us=what is CallInput.HOLD, hold_kind=kind))
    if what is CallInput.CONNECT and call.answered_at is None:
        return replace(stepped, answered_at=at, answered_mono=mono, media=MediaState.FLOWING)
    if stepped.state is CallState.CONNECTING and call.media is MediaState.NONE:
        return replace(stepped, media=MediaState.OPENING)
    return stepped


def _held(call: Call) -> Call:
    """Return the call in the state its two hold flags call for."""
    if call.held_by_us or call.held_by_them:
        return call.stepped(CallInput.HOLD)
    return call.stepped(CallInput.RESUME) if call.state is CallState.HELD else call


def _named(new: Party, old: Party) -> Party:
    return replace(new, known=new.known or old.known)
