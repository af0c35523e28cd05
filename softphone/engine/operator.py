"""The operator's own state over all platforms: asked for once, done on each in its own way.

Where a platform knows agents, it is the agent's status; where it knows availability, that; where
it knows presence only, the presence tells of it. What waits for the last call to end is kept here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from softphone.adapters.base import Adapter
from softphone.model import codec
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName, CallId, CallState
from softphone.model.capability import Capability
from softphone.model.desk import Desk, DeskState, NextState
from softphone.model.error import ProtocolError, Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.presence import Activity, LinkState
from softphone.model.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from .engine import Engine

_PAUSED = "paused"
_AGENT_WORDS = {DeskState.ROUTABLE: "available", DeskState.NOT_ROUTABLE: _PAUSED}
_NOT_ROUTABLE = (AgentGroup.PAUSED, AgentGroup.LEAVING, AgentGroup.UNKNOWN)
_IN_CALL = (AgentGroup.BUSY, AgentGroup.HELD)
_UP = (LinkState.ONLINE, LinkState.RECONNECTING, LinkState.CONNECTING)
_SETTING = "desk"
_ABSENT = "nobody at the console"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the next engine has to know. `until` is epoch seconds."""

    chosen: NextState
    queued: NextState | None
    working: bool
    until: float | None
    undisposed: tuple[CallId, ...]


class Operator:
    """Knows what the operator chose, asks the platforms for it, and tells how the desk stands."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._chosen = NextState(DeskState.ROUTABLE)
        self._queued: NextState | None = None
        self._kept = ""
        self._rests = False

    # ---- what is asked -------------------------------------------------------------------------

    async def run(self, command: c.OperatorCommand) -> None:
        """Do it; raises SoftphoneError with the reason why not."""
        try:
            await self._do(command)
        finally:
            self.changed()  # also when one platform of several refused

    async def _do(self, command: c.OperatorCommand) -> None:
        match command:
            case c.Undo():
                self._engine.acts.undo(command)
            case c.SetDesk():
                await self._set(command)
            case c.DropQueued():
                if self._queued is None:
                    raise Refused("No state waits for the end of a call.")
                self._queued = None
            case c.ExtendWrapUp(seconds):
                self._engine.wrap_up.extend(seconds)
            case c.FinishWrapUp():
                self._engine.wrap_up.finish()
            case c.SetQuiet(on):
                self._engine.preferences.set_quiet(on)
            case c.ChooseCallerId(account, number):
                self._engine.preferences.choose_caller_id(account, number)

    def chose(self, available: bool) -> None:
        """Take note that the operator made an account available, or not."""
        wrap_up = self._engine.wrap_up
        if available:
            wrap_up.refuse_undisposed()
            self._chosen = NextState(DeskState.ROUTABLE)
            if wrap_up.active:
                wrap_up.leave()

    def away(self) -> list[AccountName]:
        """Return the accounts that ring silently now: nothing else can be told to their platform.

        Those are accounts without availability and agents, while the operator takes no calls.
        """
        if self.wants_calls() and not self._engine.wrap_up.active:
            return []
        known = (Capability.AVAILABILITY, Capability.AGENT_COMMANDS)
        return [
            name
            for name, adapter in self._engine.adapters.items()
            if not any(adapter.capabilities().allows(one) for one in known)
        ]

    def wants_calls(self) -> bool:
        """Tell whether the operator has chosen to take calls."""
        return self._chosen.state is DeskState.ROUTABLE

    def call_over(self) -> None:
        """Begin what was queued, when this was the last call and no after-call work follows."""
        if not self._busy() and not self._engine.wrap_up.active:
            self.begin_queued()
        self.changed()

    def agent_changed(self) -> None:
        """Take note of an agent's new status: a call of the platform may be over."""
        if self._queued is not None:
            self.call_over()
        self.changed()

    def begin_queued(self) -> bool:
        """Begin the state that waited for the last call to end; tell whether there was one."""
        queued = self._queued
        if queued is None:
            return False
        if queued.state is DeskState.ROUTABLE and self._engine.wrap_up.undisposed:
            return False  # it would be refused: it waits for the disposition too
        self._queued = None
        self._engine.job(self._engine.quietly(c.SetDesk(queued.state, queued.reason)))
        return True

    async def _set(self, command: c.SetDesk) -> None:
        state, reason = command.state, clean(command.reason, NAME_LIMIT).strip()
        busy = self._busy()
        if command.when_free and (busy or self._engine.wrap_up.active):
            self._queued = NextState(state, reason)
            await self._each(self._queue_agents(state, reason))
            return
        if state is DeskState.ROUTABLE:
            self._engine.wrap_up.refuse_undisposed()
        self._queued = None
        if state is DeskState.AFTER_CALL:
            if busy:
                raise Refused("After-call work begins when the call has ended.")
            self._engine.wrap_up.begin(self._engine.config.calls.wrap_up_s or None)
            return
        self._chosen = NextState(state, reason)
        self._engine.wrap_up.leave()
        for name in self._engine.adapters:
            self._engine.attendance.wants_calls(name, state is DeskState.ROUTABLE)
        what = f"{state.words}{f' ({reason})' if reason else ''}"
        self._engine.note("softphone", Level.INFO, f"you are {what}")
        await self._each(self._platforms(state, reason))

    async def _each(self, commands: Iterator[tuple[AccountName, c.Command]]) -> None:
        """Ask each platform; one that refuses does not keep the others from it."""
        problems = []
        for name, command in list(commands):
            try:
                if isinstance(command, c.SetAgentStatus) and command.status == _PAUSED:
                    command = replace(command, reason=await self._reason(name, command.reason))
                await self._engine.run_command(command)
            except SoftphoneError as problem:
                problems.append(f"{name}: {problem.message}")
        if problems:
            raise Refused(" ".join(problems))

    async def _reason(self, account: AccountName, word: str) -> str:
        """Return the platform's own reason for the operator's word, else its first one."""
        found = await self._engine.adapters[account].submit(c.ListReasons(account))
        return reason_meant(word, found.names if isinstance(found, c.CodedNames) else ())

    def _platforms(self, state: DeskState, reason: str) -> Iterator[tuple[AccountName, c.Command]]:
        """Yield what a state is on each platform."""
        accounts = self._engine.hub.state.accounts
        for name, adapter in self._engine.adapters.items():
            up = accounts[name].link in _UP
            if state is DeskState.OFFLINE:
                if up:
                    yield name, c.GoOffline(name)
            elif not up:
                if state is DeskState.ROUTABLE and _takes_calls(adapter):
                    yield name, c.GoOnline(name)
            else:
                yield from self._status(adapter, state, reason)

    def _status(
        self, adapter: Adapter, state: DeskState, reason: str
    ) -> Iterator[tuple[AccountName, c.Command]]:
        name, able = adapter.name, adapter.capabilities().allows
        available = state is DeskState.ROUTABLE
        if able(Capability.AGENT_COMMANDS):
            agent = self._engine.hub.state.agents.get(name)
            waits = agent is not None and bool(agent.queued) and not available
            if not waits:  # else the platform has it queued already
                word = _AGENT_WORDS[state]
                yield name, c.SetAgentStatus(name, word, "" if available else reason)
        elif able(Capability.AVAILABILITY):
            if not available or self._engine.attendance.offering:
                yield name, c.SetAvailable(name, available)
        elif able(Capability.OWN_PRESENCE) and self._own_presence(name) is not None:
            activity = Activity.ACTIVE if available else _activity(reason)
            yield name, c.SetPresence(name, activity, reason, available)

    def _queue_agents(
        self, state: DeskState, reason: str
    ) -> Iterator[tuple[AccountName, c.Command]]:
        """Yield what platforms can queue themselves: those whose agent is in a call of theirs."""
        for name, agent in self._engine.hub.state.agents.items():
            able = self._engine.adapters[name].capabilities().allows
            queues = able(Capability.AGENT_COMMANDS) and agent.group in _IN_CALL
            if queues and state in _AGENT_WORDS:
                yield name, c.SetAgentStatus(name, _AGENT_WORDS[state], reason)

    # ---- how it stands -------------------------------------------------------------------------

    def changed(self) -> None:
        """Tell how the desk stands, if that is something new, and keep it."""
        engine = self._engine
        before, wrap_up = engine.hub.state.desk, engine.wrap_up
        state, reason = self._state()
        now = Desk(
            state,
            reason,
            before.since_mono if before.state is state else engine.monotonic(),
            wrap_up.until_mono,
            self._queued,
            wrap_up.undisposed,
            engine.preferences.quiet,
        )
        if now != before and not self._rests:
            engine.hub.publish(e.DeskChanged(now))
            self._keep()
            if state is not before.state:
                engine.ringing.route()

    def _state(self) -> tuple[DeskState, str]:
        if self._engine.wrap_up.active:
            return DeskState.AFTER_CALL, ""
        found = list(self._sources())
        chosen = "" if self.wants_calls() else self._chosen.reason
        reason = chosen or next((why for state, why in found if why), "")
        states = [state for state, _ in found]
        for state in (DeskState.AFTER_CALL, DeskState.ROUTABLE, DeskState.NOT_ROUTABLE):
            if state in states:
                return state, reason if state is DeskState.NOT_ROUTABLE else ""
        return DeskState.OFFLINE, chosen

    def _sources(self) -> Iterator[tuple[DeskState, str]]:
        """Yield the state on each platform that is up and could bring calls, and why."""
        engine = self._engine
        yes, no = DeskState.ROUTABLE, DeskState.NOT_ROUTABLE
        for name, adapter in engine.adapters.items():
            known = engine.hub.state.accounts.get(name)
            if known is None or known.link not in _UP or not _takes_calls(adapter):
                continue
            agent = engine.hub.state.agents.get(name)
            if agent is not None:
                talks = agent.group in _IN_CALL and not self.wants_calls()
                yield (no if talks else _state_of(agent)), agent.reason
            elif not engine.attendance.offering:
                yield no, _ABSENT
            elif not adapter.capabilities().allows(Capability.AGENT_STATUS):
                wanted = engine.attendance.is_wanted(name) and self.wants_calls()
                yield yes if wanted else no, ""

    def _busy(self) -> bool:
        """Tell whether the operator is in a call, of this console or of a platform's own."""
        live = self._engine.book.live()
        ours = any(call.state is not CallState.RINGING and not call.owner for call in live)
        return ours or any(a.group in _IN_CALL for a in self._engine.hub.state.agents.values())

    def _own_presence(self, account: AccountName) -> object | None:
        state = self._engine.hub.state
        return state.presence.get(f"{account} {state.accounts[account].identity}")

    # ---- what survives the engine ----------------------------------------------------------------

    def _keep(self) -> None:
        """Write what an engine that comes after a crash has to know."""
        engine, wrap_up = self._engine, self._engine.wrap_up
        left_s = None
        if wrap_up.until_mono is not None:
            left_s = wrap_up.until_mono - engine.monotonic()
        kept = Kept(
            self._chosen,
            self._queued,
            wrap_up.active,
            None if left_s is None else round(engine.wall() + left_s, 1),
            wrap_up.undisposed,
        )
        text = codec.dumps(codec.encode_plain(kept))
        if text != self._kept:
            self._kept = text
            engine.store.save_setting(_SETTING, text)

    async def load(self) -> None:
        """Take up what an earlier engine left; raises StoreError."""
        text = await self._engine.store.setting(_SETTING)
        if not text:
            return
        try:
            kept = codec.decode(codec.loads(text), Kept)
        except ProtocolError:
            return  # written by another version: begin anew
        # The calls that a queued state waited for are over.
        self._chosen = kept.chosen if kept.working or not kept.queued else kept.queued
        self._queued = kept.queued if kept.working else None
        for name in self._engine.adapters:
            self._engine.attendance.wants_calls(name, self.wants_calls())
        left_s = None if kept.until is None else kept.until - self._engine.wall()
        self._engine.wrap_up.undisposed = kept.undisposed
        if kept.working:
            self._engine.wrap_up.restore(left_s)

    def rest(self) -> None:
        """The engine ends as it should: the next one begins available, but for unfinished work."""
        self._engine.wrap_up.stop()
        self._rests = True
        self._chosen, self._queued = NextState(DeskState.ROUTABLE), None
        self._keep()


def reason_meant(word: str, listed: Sequence[c.CodedName]) -> str:
    """Return the code of the reason that is called so, or whose name holds the word; the first
    one where none does, and the word itself where a platform lists none."""
    wanted = word.casefold()
    names = [(one.code, one.name.casefold()) for one in listed]
    exact = (code for code, name in names if wanted in (code.casefold(), name))
    close = (code for code, name in names if wanted and wanted in name)
    return next(exact, "") or next(close, "") or next((code for code, _ in names), word)


def _takes_calls(adapter: Adapter) -> bool:
    able = adapter.capabilities().allows
    return able(Capability.ANSWER) or able(Capability.AGENT_STATUS)


def _state_of(agent: AgentStatus) -> DeskState:
    if agent.group is AgentGroup.AFTER_CALL:
        return DeskState.AFTER_CALL
    return DeskState.NOT_ROUTABLE if agent.group in _NOT_ROUTABLE else DeskState.ROUTABLE


def _activity(reason: str) -> Activity:
    """Return the activity a reason names ("lunch"), else away."""
    known = {activity.value: activity for activity in Activity}
    return known.get(reason.casefold(), Activity.AWAY)
