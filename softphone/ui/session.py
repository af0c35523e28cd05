"""The console's end of the link: folds events, sends commands, comes back after a loss.

Imports no textual; the line mode uses it too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import assert_never

from softphone.engine.link import EngineInfo, Link
from softphone.model import event as e
from softphone.model.call import Call
from softphone.model.command import Command, Reply
from softphone.model.error import SoftphoneError
from softphone.model.state import ConsoleState

logger = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[Link]]
RETRY_S = (0.3, 0.5, 1.0, 2.0, 5.0)
_LOST = "The engine is not connected; it is being restarted."


class Topic(Enum):
    """What a pane may care about."""

    ENGINE = auto()
    ACCOUNTS = auto()
    CALLS = auto()
    LEVELS = auto()
    QUALITY = auto()
    AUDIO = auto()
    NOTES = auto()
    HISTORY = auto()
    CONTACTS = auto()
    CONTROL = auto()
    MESSAGES = auto()
    RAW = auto()
    MONITOR = auto()
    CLOCK = auto()
    DESK = auto()


EVERYTHING = frozenset(Topic)
_RAW_KEPT = 300
_NAMED = 3  # calls named when they are lost with the engine


class Session:
    """Keep one `ConsoleState` up to date. `changed` is called at once for every change."""

    def __init__(
        self,
        connect: Connect,
        changed: Callable[[frozenset[Topic]], None],
        heard: Callable[[e.Event], None] | None = None,
        retry_s: Sequence[float] = RETRY_S,
    ) -> None:
        self.state = ConsoleState()
        self.me = ""
        self.engine: EngineInfo | None = None
        self.problem = ""
        self.was_connected = False
        self.platform_events: deque[tuple[int, e.PlatformEvent]] = deque(maxlen=_RAW_KEPT)
        self.listeners: list[Callable[[e.Event], None]] = []
        self._raw_seen = 0
        self._connect = connect
        self._changed = changed
        self._heard = heard
        self._retry_s = retry_s
        self._link: Link | None = None
        self._left: tuple[Call, ...] = ()  # calls that lived when the engine was lost

    @property
    def connected(self) -> bool:
        """Tell whether commands can be sent now."""
        return self._link is not None

    async def run(self) -> None:
        """Attach, follow events, attach again after a loss; until cancelled."""
        tries = 0
        while True:
            try:
                link = await self._connect()
            except (SoftphoneError, OSError) as problem:
                self.problem = str(problem) or type(problem).__name__
                self._changed(frozenset({Topic.ENGINE}))
                await asyncio.sleep(self._retry_s[min(tries, len(self._retry_s) - 1)])
                tries += 1
                continue
            tries = 0
            await self._follow(link)
            await asyncio.sleep(self._retry_s[0])

    async def request(self, command: Command) -> Reply:
        """Send a command; a lost engine is an answer, not an exception."""
        link = self._link
        if link is None:
            return Reply(False, "LINK_FAILED", _LOST)
        try:
            return await link.request(command)
        except (SoftphoneError, OSError) as problem:
            return Reply(False, "LINK_FAILED", str(problem) or _LOST)

    async def _follow(self, link: Link) -> None:
        lost = self._lost_calls(link)
        self._link, self.state, self.me = link, link.snapshot, link.client
        self.engine, self.problem, self.was_connected = link.engine, "", True
        self._changed(EVERYTHING)
        if lost is not None:
            self._take(lost)
        try:
            async for event in link.events():
                self._take(event)
        except (SoftphoneError, OSError) as problem:
            logger.warning("link to the engine broke: %s", type(problem).__name__)
        finally:
            self._link = None
            with contextlib.suppress(SoftphoneError, OSError):
                await link.close()
        self._left = tuple(call for call in self.state.calls.values() if call.live)
        self.problem = self.state.stopping or "engine lost"
        self._changed(EVERYTHING)

    def _take(self, event: e.Event) -> None:
        self.state.apply(event)
        if isinstance(event, e.PlatformEvent):
            self._raw_seen += 1
            self.platform_events.append((self._raw_seen, event))
        self._changed(topics_of(event))
        if self._heard is not None:
            self._heard(event)
        for listener in list(self.listeners):
            listener(event)

    def _lost_calls(self, link: Link) -> e.Noted | None:
        """Return what to say when an engine started anew knows nothing of the calls before."""
        left, self._left = self._left, ()
        before = self.engine
        if before is None or before.pid == link.engine.pid:
            return None
        lost = [call.remote.label for call in left if call.id not in link.snapshot.calls]
        if not lost:
            return None
        count = "1 call was" if len(lost) == 1 else f"{len(lost)} calls were"
        names = ", ".join(lost[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
        text = f"{count} lost with the old engine, a new one runs: {names}"
        at = link.engine.started_at
        return e.Noted(at, "softphone", e.Level.WARNING, text, alert=True)


def topics_of(event: e.Event) -> frozenset[Topic]:
    """Return what an event changes on the screen."""
    match event:
        case e.CallChanged(call):
            return _CALLS if call.live else _CALLS | _HISTORY  # its record is complete now
        case e.CallRemoved():
            return _CALLS
        case e.LevelsMeasured():
            return _LEVELS
        case e.QualityMeasured():
            return _QUALITY
        case e.AccountChanged() | e.AgentStatusChanged() | e.VoicemailChanged():
            return _ACCOUNTS
        case e.OnlineUsersChanged() | e.DeskChanged():
            return _ACCOUNTS
        case e.PresenceChanged():
            return _CONTACTS
        case e.ContactsChanged():
            return _CONTACTS
        case e.Noted():
            return _NOTES
        case e.HistoryChanged():
            return _HISTORY
        case e.AudioChanged() | e.StoreChanged():
            return _AUDIO
        case e.ControlChanged():
            return _CONTROL
        case e.EngineStopping():
            return _ENGINE
        case e.ScreenPopped():
            return _CALLS
        case e.MessageChanged() | e.ConversationCleared() | e.UnreadChanged():
            return _MESSAGES
        case e.PlatformEvent():
            return _RAW
        case e.FrameChanged() | e.CallObserved() | e.ClientObserved():
            return _MONITOR
        case _:
            assert_never(event)


_CALLS = frozenset({Topic.CALLS})
_LEVELS = frozenset({Topic.LEVELS})
_QUALITY = frozenset({Topic.QUALITY})
_ACCOUNTS = frozenset({Topic.ACCOUNTS})
_CONTACTS = frozenset({Topic.CONTACTS})
_NOTES = frozenset({Topic.NOTES})
_HISTORY = frozenset({Topic.HISTORY})
_AUDIO = frozenset({Topic.AUDIO})
_CONTROL = frozenset({Topic.CONTROL})
_ENGINE = frozenset({Topic.ENGINE})
_MESSAGES = frozenset({Topic.MESSAGES})
_RAW = frozenset({Topic.RAW})
_MONITOR = frozenset({Topic.MONITOR})
