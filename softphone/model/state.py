"""The console's picture of the world, folded from the engine's events.

The engine keeps one as the source of snapshots; every client keeps its own by applying the
same events. Applying an event twice ends like applying it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from . import event as e
from .agent import AgentStatus
from .call import AccountName, Call, CallId, CallState
from .desk import Desk
from .device import AudioStatus
from .message import ScreenPop, Voicemail
from .presence import Account, OnlineUser, Presence
from .quality import Levels, QualitySample

NOTES_KEPT = 500
POPS_KEPT = 50
_OFFERED = (CallState.RINGING,)


@dataclass(slots=True)
class ConsoleState:
    """All that a console shows. `seq` is the number of the last event in it."""

    seq: int = 0
    accounts: dict[AccountName, Account] = field(default_factory=dict)
    calls: dict[CallId, Call] = field(default_factory=dict)
    desk: Desk = Desk()
    audio: AudioStatus = AudioStatus()
    levels: Levels = Levels()
    quality: dict[CallId, QualitySample] = field(default_factory=dict)
    notes: list[e.Noted] = field(default_factory=list)
    presence: dict[str, Presence] = field(default_factory=dict)
    online_users: dict[AccountName, tuple[OnlineUser, ...]] = field(default_factory=dict)
    agents: dict[AccountName, AgentStatus] = field(default_factory=dict)
    voicemail: dict[AccountName, Voicemail] = field(default_factory=dict)
    pops: list[ScreenPop] = field(default_factory=list)
    missed: int = 0
    contacts: int = 0
    unread: int = 0
    store_problem: str = ""
    store_waiting: int = 0
    controller: str = ""
    consoles: int = 0
    stopping: str = ""

    def apply(self, event: e.Event) -> None:
        """Fold one event in."""
        match event:
            case e.AccountChanged(account):
                self.accounts[account.name] = account
            case e.CallChanged(call):
                self.calls[call.id] = call
            case e.CallRemoved(call_id):
                self.calls.pop(call_id, None)
                self.quality.pop(call_id, None)
            case e.AudioChanged(audio):
                self.audio = audio
            case e.LevelsMeasured(_, levels):
                self.levels = levels
            case e.QualityMeasured(sample):
                if sample.call in self.calls:
                    self.quality[sample.call] = sample
            case e.Noted():
                self._note(event)
            case e.HistoryChanged(missed):
                self.missed = missed
            case e.ContactsChanged(count):
                self.contacts = count
            case e.StoreChanged(problem, waiting):
                self.store_problem, self.store_waiting = problem, waiting
            case e.UnreadChanged(unread):
                self.unread = unread
            case e.ControlChanged(controller, consoles):
                self.controller, self.consoles = controller, consoles
            case e.DeskChanged(desk):
                self.desk = desk
            case e.EngineStopping(reason):
                self.stopping = reason
            case _:
                self._apply_platform(event)

    def offers(self) -> list[Call]:
        """Return ringing calls, the oldest first."""
        return sorted(
            (call for call in self.calls.values() if call.state in _OFFERED),
            key=lambda call: (call.created_mono, call.id),
        )

    def live_calls(self) -> list[Call]:
        """Return calls that are up but not merely offered, the oldest first."""
        return sorted(
            (c for c in self.calls.values() if c.live and c.state not in _OFFERED),
            key=lambda call: (call.created_mono, call.id),
        )

    def _apply_platform(
        self,
        event: e.PresenceChanged
        | e.OnlineUsersChanged
        | e.AgentStatusChanged
        | e.MessageChanged
        | e.ConversationCleared
        | e.VoicemailChanged
        | e.ScreenPopped
        | e.PlatformEvent
        | e.FrameChanged
        | e.CallObserved
        | e.ClientObserved,
    ) -> None:
        match event:
            case e.PresenceChanged(presence):
                self.presence[f"{presence.account} {presence.user}"] = presence
            case e.OnlineUsersChanged(account, users):
                self.online_users[account] = users
            case e.AgentStatusChanged(status):
                self.agents[status.account] = status
            case e.VoicemailChanged(voicemail):
                self.voicemail[voicemail.account] = voicemail
            case e.ScreenPopped(pop):
                others = [known for known in self.pops if known.id != pop.id]
                self.pops = [*others, pop][-POPS_KEPT:]
            case e.MessageChanged() | e.ConversationCleared() | e.PlatformEvent():
                pass  # messages are asked for in pages; raw events are only streamed
            case e.FrameChanged() | e.CallObserved() | e.ClientObserved():
                pass  # the screens that watch them keep what they need
            case _:
                assert_never(event)

    def _note(self, note: e.Noted) -> None:
        if note not in self.notes[-20:]:
            self.notes.append(note)
        if len(self.notes) > NOTES_KEPT:
            del self.notes[:-NOTES_KEPT]
