"""Acts that wait a moment, so that a slip of a key can be taken back: ending a held call, and
sending a far end on without asking there. And a key held down that must not end two calls.

Nothing is told to the platform before the time is over, so an engine that dies leaves the call as
it was. A console that goes changes nothing: the engine does it. An engine that stops does it first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import Call, CallId, CallState, Pending, PendingKind
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import Level

from .link import Role

if TYPE_CHECKING:
    from .engine import Engine

HELD_KEY_S = 0.8
"""A key that is held repeats within this: the first time after 250 to 660 ms, then faster."""


class Acts:
    """Keeps what is pending beside the calls; `Call.pending` tells everybody."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._timers: dict[CallId, asyncio.TimerHandle] = {}
        self._order: list[CallId] = []
        self._last_end: dict[str, tuple[CallId, float]] = {}

    async def hang_up(self, client_id: str, call: Call, command: c.HangUp) -> None:
        """End a call, at once or in a moment; a second press changes nothing."""
        self._refuse_held_key(client_id, command)
        if self._waits(client_id, now=command.now) and call.state is CallState.HELD:
            if call.pending is None or call.pending.kind is not PendingKind.END:
                self._postpone(call, PendingKind.END)
            return
        self.forget(call.id)
        await self._engine.adapters[call.account].submit(c.HangUp(call.id))

    async def transfer(self, client_id: str, call: Call, command: c.Transfer) -> None:
        """Send the far end of a call on, at once or in a moment."""
        if self._waits(client_id, now=command.now):
            self._postpone(call, PendingKind.TRANSFER, command.to)
            return
        self.forget(call.id)
        await self._submit(call, command)

    def undo(self, command: c.Undo) -> None:
        """Take one back; raises Refused when nothing waits any more."""
        chosen = command.call or (self._order[-1] if self._order else CallId(""))
        if not self.forget(chosen):
            raise Refused("There is nothing to undo; it was done, or never begun.", code="LATE")
        call = self._engine.book.calls[chosen]
        self._engine.note(call.account, Level.INFO, f"undone: {call.remote.label} stays", chosen)

    def forget(self, call: CallId) -> bool:
        """Do nothing of what was pending for a call; tell whether anything was."""
        timer = self._timers.pop(call, None)
        if timer is None:
            return False
        timer.cancel()
        self._order.remove(call)
        self._engine.change_call(call, pending=None)
        return True

    async def settle(self) -> None:
        """Do now what still waits: the engine is about to end."""
        for call in list(self._order):
            await self._do(call)

    def _waits(self, client_id: str, *, now: bool) -> bool:
        """Tell whether this may be a slip: a key in a console, where a moment is configured."""
        client = self._engine.hub.clients.get(client_id)
        at_console = client is not None and client.role is Role.CONSOLE
        return at_console and not now and self._engine.config.calls.undo_s > 0

    def _refuse_held_key(self, client_id: str, command: c.HangUp) -> None:
        """Refuse to end a second call while the key that ended the first may still be down."""
        client = self._engine.hub.clients.get(client_id)
        if client is None or client.role is not Role.CONSOLE or command.now:
            return
        now = self._engine.monotonic()
        ended, at = self._last_end.get(client_id, (command.call, now))
        held = ended != command.call and now - at < HELD_KEY_S
        self._last_end = {client_id: (ended if held else command.call, now)}
        if held:
            raise Refused(
                "A call was ended a moment ago; let go of the key to end another.", code="HELD_KEY"
            )

    def _postpone(self, call: Call, kind: PendingKind, to: str = "") -> None:
        self.forget(call.id)
        engine = self._engine
        wait_s = engine.config.calls.undo_s
        later = asyncio.get_running_loop().call_later
        self._timers[call.id] = later(wait_s, lambda: engine.job(self._do(call.id)))
        self._order.append(call.id)
        pending = Pending(kind, engine.monotonic() + wait_s, to)
        engine.change_call(call.id, pending=pending)
        engine.note(call.account, Level.INFO, _told(call, pending, wait_s), call.id)

    async def _do(self, call_id: CallId) -> None:
        """The moment is over: do it, if the call is still there."""
        call = self._engine.book.calls.get(call_id)
        pending = call.pending if call else None
        if not self.forget(call_id) or call is None or pending is None or not call.live:
            return
        try:
            if pending.kind is PendingKind.END:
                await self._engine.adapters[call.account].submit(c.HangUp(call.id))
            else:
                await self._submit(call, c.Transfer(call.id, pending.to), alert=True)
        except SoftphoneError as problem:
            if pending.kind is PendingKind.END:
                self._engine.note(call.account, Level.WARNING, problem.message, call.id)

    async def _submit(self, call: Call, command: c.Transfer, *, alert: bool = False) -> None:
        """Do it, and keep a refusal in the event log: it may come long after the key."""
        try:
            await self._engine.adapters[call.account].submit(command)
        except SoftphoneError as problem:
            text = f"{call.remote.label}: {problem.message}"
            self._engine.note(call.account, Level.WARNING, text, call.id, alert=alert)
            raise


def _told(call: Call, pending: Pending, wait_s: float) -> str:
    what = "ends" if pending.kind is PendingKind.END else f"goes to {pending.to}"
    return f"{call.remote.label} {what} in {wait_s:g} s, unless undone"
