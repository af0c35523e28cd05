"""Conversations of several calls, mixed here: make one, leave it, leave the parties to themselves.

Any accounts will do: what a platform cannot join, the sound board mixes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import Call, CallId, CallState
from softphone.model.capability import Capability
from softphone.model.error import Refused
from softphone.model.event import Level

from .calls import make_room
from .conference import conference_of, joined_together, parted

if TYPE_CHECKING:
    from .engine import Engine

_ANSWERED = (CallState.ACTIVE, CallState.HELD)


class Conferences:
    """Does what is asked about conferences, and keeps them right when calls end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, command: c.ConferenceCommand) -> None:
        """Do it; raises SoftphoneError with the reason why not."""
        match command:
            case c.Conference(calls):
                await self._make(calls)
            case c.LeaveConference(call):
                await self._leave(self._member(call))
            case c.StepOut(call, on):
                await self._step_out(self._member(call), on)

    def of(self, call: Call) -> list[Call]:
        """Return the calls of a conference, this one first; only this one when it has none."""
        return conference_of(self._engine.book.calls, call)

    async def resume(self, call: Call) -> None:
        """Take one call back; the others were dealt with before."""
        adapter = self._engine.adapters[call.account]
        if adapter.capabilities().allows(Capability.HOLD):
            await adapter.submit(c.Resume(call.id))
        else:
            self._engine.call_facts.hold_locally(call.id, False)

    async def come_back(self, call: Call) -> None:
        """Be with a call again that was left to itself with others: hold what is up besides."""
        members = self.of(call)
        await self._make_room({one.id for one in members})
        for one in members:
            self._engine.change_call(one.id, aside=False)

    def call_over(self, call: Call) -> None:
        """Let a call that ended leave its conference; who is alone then is held, not opened."""
        self._keep(parted(self._engine.book.calls, call.id))
        for one in call.joined:
            self._hold_forsaken(one)

    async def _make(self, wanted: Iterable[CallId]) -> None:
        calls = self._engine.book.calls
        members = {one.id for call in map(self._answered, wanted) for one in self.of(call)}
        if len(members) < 2:
            raise Refused("A conference needs two answered calls.")
        await self._make_room(members)
        self._keep(joined_together(calls, [one for one in members if calls[one].live]))
        for one in sorted(members):
            self._engine.acts.forget(one)
            if calls[one].live and calls[one].held_by_us:
                await self.resume(calls[one])
        live = [one for one in sorted(members) if calls[one].live]
        if any(calls[one].recording_paused for one in live):  # what one says is heard on all
            await self._engine.run_command(c.PauseRecording(live[0], True))

    async def _leave(self, call: Call) -> None:
        engine = self._engine
        others = call.joined
        engine.sound.yield_floor(call.id)
        self._keep(parted(engine.book.calls, call.id))
        if call.state is CallState.ACTIVE:
            await engine.run_command(c.Hold(call.id))
        engine.change_call(call.id, aside=False)
        for one in others:
            self._hold_forsaken(one)

    async def _step_out(self, call: Call, on: bool | None) -> None:
        members = self.of(call)
        wanted = not call.aside if on is None else on
        if not wanted:
            await self.come_back(call)
            return
        inside = {one.id for one in members}
        if any(one.aside for one in self._engine.book.live() if one.id not in inside):
            raise Refused("Other calls are left to themselves already; come back to those first.")
        for one in members:
            self._engine.change_call(one.id, aside=True)

    async def _make_room(self, members: Iterable[CallId]) -> None:
        others = [one for one in self._engine.book.live() if one.id not in set(members)]
        for step in make_room(others, end=False):
            await self._engine.run_command(step)

    def _hold_forsaken(self, call_id: CallId) -> None:
        engine = self._engine
        call = engine.book.calls.get(call_id)
        if call is None or not call.live or not call.aside or call.joined:
            return
        text = f"{call.remote.label} is alone now and was put on hold"
        engine.note(call.account, Level.WARNING, text, call.id)
        if call.state is CallState.ACTIVE:
            engine.job(engine.quietly(c.Hold(call.id)))

    def _keep(self, changed: Iterable[Call]) -> None:
        for call in changed:
            self._engine.change_call(call.id, joined=call.joined, aside=call.aside)

    def _answered(self, call_id: CallId) -> Call:
        engine = self._engine
        call = engine.book.calls.get(call_id)
        if call is None or not call.live:
            raise Refused("That call is over.", code="NO_CALL")
        if call.state not in _ANSWERED:
            raise Refused(f"{call.remote.label}: the call is not answered yet.")
        if call.owner or engine.owners.files(call.id).any:
            raise Refused(f"{call.remote.label}: this call belongs to a command or a file.")
        return call

    def _member(self, call_id: CallId) -> Call:
        call = self._answered(call_id)
        if not call.joined:
            raise Refused("This call is in no conference.")
        return call
