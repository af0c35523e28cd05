"""What came of a call: words the configuration gives each account, and a platform's own codes.

The chosen one is kept with the call's record; a platform's own is told to the platform too, about
the call it waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.config import nearest
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentStatus
from softphone.model.call import Call, CallId
from softphone.model.capability import Capability
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.record import HistoryFilter, TimelineEntry

if TYPE_CHECKING:
    from .engine import Engine


async def meant_call(engine: Engine, wanted: CallId) -> Call:
    """Return the call that is meant: the named one, else the last; raises Refused for none."""
    known = engine.book.calls
    if wanted in known:
        return known[wanted]
    if not wanted and known:
        return max(known.values(), key=lambda call: call.created_mono)
    if wanted:
        record = await engine.store.record(wanted)
    else:
        records = (await engine.store.history(HistoryFilter(limit=1))).records
        record = next(iter(records), None)
    if record is None:
        raise Refused("There is no such call, and no last one.", code="NO_CALL")
    return record.call


class Dispositions:
    """Lists what can be said, and writes the chosen one down."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, command: c.DispositionCommand) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        call = await self._meant(command.call)
        codes = await self._codes(call)
        match command:
            case c.ListCodes():
                return c.CodedNames(codes)
            case c.Dispose(code):
                await self._dispose(call, code, codes)
        return None

    async def _meant(self, wanted: CallId) -> Call:
        """Return the named call; else the oldest that needs a disposition; else the last."""
        undisposed = self._engine.wrap_up.undisposed
        return await meant_call(self._engine, wanted or next(iter(undisposed), CallId("")))

    async def _codes(self, call: Call) -> tuple[c.CodedName, ...]:
        words = self._engine.config.calls.dispositions_of(call.account)
        own = tuple(c.CodedName(word, word) for word in words)
        found = own + await self._platform_codes()
        if not found:
            raise Refused(f"No words for {call.account} in calls.dispositions of the config.")
        return found

    def _waiting(self) -> Sequence[AgentStatus]:
        """Return the agents whose platform waits for the disposition of a call."""
        adapters = self._engine.adapters
        return [
            agent
            for agent in self._engine.hub.state.agents.values()
            if agent.may_dispose
            and adapters[agent.account].capabilities().allows(Capability.AGENT_COMMANDS)
        ]

    async def _platform_codes(self) -> tuple[c.CodedName, ...]:
        found: list[c.CodedName] = []
        for agent in self._waiting():
            wanted = c.ListDispositions(agent.account, agent.campaign_id)
            try:
                listed = await self._engine.adapters[agent.account].submit(wanted)
            except SoftphoneError as problem:  # the words of the configuration do without
                self._engine.note(agent.account, Level.WARNING, problem.message)
                continue
            if isinstance(listed, c.CodedNames):
                found += [replace(one, source=agent.account) for one in listed.names]
        return tuple(found)

    async def _dispose(self, call: Call, given: str, codes: Sequence[c.CodedName]) -> None:
        wanted = given.strip().casefold()
        chosen = next((x for x in codes if wanted in (x.code.casefold(), x.name.casefold())), None)
        if chosen is None:
            known = [one.name for one in codes]
            raise Refused(f"{given[:40]!r} is not possible, {nearest(given, known)}")
        for agent in self._waiting():
            if agent.account == chosen.source:
                command = c.DisposeCall(agent.account, agent.native_call, chosen.code)
                await self._engine.adapters[agent.account].submit(command)
        self._write(call, chosen.name)

    def _write(self, call: Call, word: str) -> None:
        engine = self._engine
        entry = TimelineEntry(engine.wall(), "disposition", word)
        if call.id in engine.book.calls:
            engine.change_call(call.id, disposition=word)
            engine.store.add_timeline(call.id, entry)
        else:
            disposed = replace(call, disposition=word)
            engine.store.save_call(disposed, (entry,))
            engine.hub.publish(e.CallChanged(disposed))
            engine.hub.publish(e.CallRemoved(call.id))  # it had left the list already
        engine.note(call.account, Level.INFO, f"{call.remote.label}: {word}", call.id)
        engine.wrap_up.disposed(call.id)
