"""A platform on paper: an adapter without a network, and a sound card that only notes who talks.

Whole engines run on it, with a real store, in milliseconds; time is skipped, not waited for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from softphone.adapters.base import Context
from softphone.audio.leg import Leg, LegStats
from softphone.audio.level import PeakRange
from softphone.audio.report import AudioSettings
from softphone.audio.report import Levels as AudioLevels
from softphone.config import CallsConfig, Config
from softphone.engine.clients import Client, Published
from softphone.engine.engine import Engine
from softphone.engine.link import Role
from softphone.engine.sound import Sound, SoundEngine
from softphone.model import codec
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallInput, EndReason, Party
from softphone.model.capability import Capabilities, Capability
from softphone.model.error import Refused
from softphone.model.presence import Availability, LinkState
from softphone.model.state import ConsoleState
from softphone.store.store import Store

_C = Capability
PLAIN = frozenset(
    {_C.AVAILABILITY, _C.DIAL, _C.ANSWER, _C.DECLINE, _C.IGNORE, _C.HANG_UP, _C.MUTE, _C.TONES}
)
FULL = PLAIN - {_C.AVAILABILITY} | {
    *(_C.HOLD, _C.BLIND_TRANSFER, _C.ATTENDED_TRANSFER, _C.JOIN, _C.FORWARD),
}
_OVER = frozenset({"over"})


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can be moved on."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_s


class PaperPlatform:
    """One account: it does at once what it is asked, unless it is told to refuse."""

    kind = "paper"
    identity = ""
    insecure = False

    def __init__(self, name: str, allowed: Iterable[Capability], *, single: bool) -> None:
        self.name = AccountName(name)
        self.single = single
        self.refuses = False
        self.calls: dict[CallId, str] = {}
        self.ended: Counter[CallId] = Counter()
        self._context: Context | None = None
        missing = frozenset(_C) - frozenset(allowed)
        self._can = Capabilities(allowed, dict.fromkeys(missing, "Not on paper."))

    @property
    def context(self) -> Context:
        assert self._context is not None
        return self._context

    async def run(self, context: Context) -> None:
        self._context = context
        context.emit(e.LinkChanged(self.name, LinkState.ONLINE))
        await asyncio.Event().wait()

    def capabilities(self) -> Capabilities:
        return self._can

    def media(self, call: CallId) -> Leg | None:
        return cast(Leg, object())

    # ---- what the far end does ---------------------------------------------------------------

    def live(self, *states: str) -> list[CallId]:
        return [call for call, state in self.calls.items() if state in (states or _UP)]

    def ring(self) -> CallId:
        call, remote = self.context.new_call_id(), Party("+390200000001")
        if self.single and self.live():
            self.calls[call] = "over"
            self.context.emit(e.CallAutoDeclined(self.name, call, call, remote, Party()))
        else:
            self.calls[call] = "ringing"
            self.context.emit(e.CallOffered(self.name, call, call, remote, Party()))
        return call

    def far_end_goes(self, call: CallId) -> None:
        self._over(call, EndReason.REMOTE_HANGUP)

    def far_end_holds(self, call: CallId, *, on: bool) -> None:
        self.context.emit(e.CallHeldByPeer(call, on))

    def far_end_answers(self, call: CallId) -> None:
        if self.calls[call] == "dialled":
            self.calls[call] = "up"
            self._connect(call)

    # ---- what the operator asks --------------------------------------------------------------

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        await asyncio.sleep(0)  # others act meanwhile
        if self.refuses:
            self.refuses = False
            raise Refused("Not now.")
        match command:
            case c.Dial(to):
                return self._dial(to)
            case c.SetAvailable(_, wanted):
                numbers = ("pn_1",) if wanted else ()
                known = Availability(numbers, numbers, (), confirmed=True)
                self.context.emit(e.AvailabilityChanged(self.name, known))
            case c.TransferTo(call, other):
                self._must_be(call, "up", "held")
                self._must_be(other, "up", "held")
                for one in (call, other):
                    self._over(one, EndReason.TRANSFERRED)
            case (
                c.Answer()
                | c.Decline()
                | c.Ignore()
                | c.HangUp()
                | c.Hold()
                | c.Resume()
                | c.Transfer()
                | c.Forward()
            ):
                self._act(command)
            case _:
                pass
        return None

    def _act(
        self,
        command: c.Answer
        | c.Decline
        | c.Ignore
        | c.HangUp
        | c.Hold
        | c.Resume
        | c.Transfer
        | c.Forward,
    ) -> None:
        call = command.call
        match command:
            case c.Answer():
                self._must_be(call, "ringing")
                self.calls[call] = "up"
                self.context.emit(e.CallProgressed(call, CallInput.ANSWER))
                self._connect(call)
            case c.Decline() | c.Ignore() | c.Forward():
                self._must_be(call, "ringing")
                self._over(call, EndReason.DECLINED)
            case c.HangUp():
                self._must_be(call, "dialled", "up", "held")
                self.ended[call] += 1
                self._over(call, EndReason.HANGUP)
            case c.Transfer():
                self._must_be(call, "up", "held")
                self.ended[call] += 1
                self._over(call, EndReason.TRANSFERRED)
            case c.Hold() | c.Resume():
                self._must_be(call, "up", "held")
                hold = isinstance(command, c.Hold)
                self.calls[call] = "held" if hold else "up"
                what = CallInput.HOLD if hold else CallInput.RESUME
                self.context.emit(e.CallProgressed(call, what))

    def _dial(self, to: str) -> c.CallPlaced:
        call = self.context.new_call_id()
        self.calls[call] = "dialled"
        self.context.emit(e.CallDialed(self.name, call, Party(to), Party()))
        return c.CallPlaced(call)

    def _connect(self, call: CallId) -> None:
        self.context.start_media(call)
        self.context.emit(e.CallProgressed(call, CallInput.CONNECT))

    def _over(self, call: CallId, reason: EndReason) -> None:
        if self.calls[call] != "over":
            self.calls[call] = "over"
            self.context.emit(e.CallOver(call, reason))

    def _must_be(self, call: CallId, *states: str) -> None:
        if self.calls.get(call) not in states:
            raise Refused("That call is over.", code="NO_CALL")


_UP = ("ringing", "dialled", "up", "held")


class PaperCard:
    """Notes for which calls the microphone is open, and complains of two conversations at once."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.wrong: list[str] = []
        self.engine: Engine | None = None

    def set_talk(self, key: str, talk: bool, listen: bool, aside: bool = False) -> None:
        if talk and not aside:
            self.open.add(key)
        else:
            self.open.discard(key)
        self._check()

    def detach(self, key: str) -> None:
        self.open.discard(key)

    def _check(self) -> None:
        if self.engine is None:
            return
        calls = self.engine.book.calls
        for one in self.open:
            strangers = self.open - {one} - calls[CallId(one)].joined
            if strangers:
                self.wrong.append(f"{one} and {sorted(strangers)} hear the operator")

    def remembered(self, key: str) -> None:
        return None

    def levels(self) -> AudioLevels:
        return AudioLevels(-96.0, {})

    def take_microphone_peaks(self) -> PeakRange:
        return PeakRange()

    def stats(self, key: str) -> LegStats:
        return LegStats()

    def selected(self) -> AudioSettings:
        return AudioSettings()

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: None


class PaperDesk:
    """A whole engine on paper, one console in front of it."""

    def __init__(self, folder: Path, **calls: Any) -> None:
        self.loop = SkippingLoop()
        self.database = folder / "softphone.db"
        self.platforms = [
            PaperPlatform("pstn", PLAIN, single=True),
            PaperPlatform("sip", FULL, single=False),
        ]
        self.card = PaperCard()
        self.seen: set[CallId] = set()
        self.seat = ConsoleState()
        self.client: Client | None = None
        self.replies: Counter[str] = Counter()
        config = Config(calls=CallsConfig(**calls))
        self.loop.run_until_complete(self._open(config, folder))

    async def _open(self, config: Config, folder: Path) -> None:
        self.engine = Engine(
            config,
            self.platforms,
            Sound(cast(SoundEngine, self.card)),
            Store(self.database, lambda problem, waiting: None),
            folder,
            monotonic=self.loop.time,
        )
        self.card.engine = self.engine
        self._running = asyncio.create_task(self.engine.run())
        await self.engine.started.wait()
        await asyncio.sleep(0)
        self._standing = set(self.engine._jobs)  # what goes on for as long as the engine does
        self.engine.attendance.stay_up = True  # also when nobody is there for long
        self.sit()

    # ---- the console ---------------------------------------------------------------------------

    def sit(self) -> None:
        """Come to the desk, if nobody is there."""
        if self.client is None:
            snapshot = codec.encode_plain(self.engine.hub.state)
            self.seat = codec.decode(snapshot, ConsoleState)
            self.client = self.engine.attach(Role.CONSOLE, "paper", self._told)

    def leave(self) -> None:
        if self.client is not None:
            self.engine.detach(self.client.id)
            self.client = None

    def _told(self, published: Published) -> None:
        self.seat.apply(published.event)
        if isinstance(published.event, e.CallChanged):
            self.seen.add(published.event.call.id)

    def ask(self, *commands: c.Command) -> list[c.Reply]:
        """Ask for things at the same time, and let everything come of it that does."""
        return self.loop.run_until_complete(self._ask(commands))

    async def _ask(self, commands: Iterable[c.Command]) -> list[c.Reply]:
        who = self.client.id if self.client else "gone"
        replies = await asyncio.gather(*(self.engine.submit(who, one) for one in commands))
        self.replies.update(reply.code for reply in replies)
        await self._settle()
        return replies

    def happens(self, what: Callable[[], object]) -> None:
        """Let something happen from outside, and everything that comes of it."""

        async def happen() -> None:
            what()
            await self._settle()

        self.loop.run_until_complete(happen())

    def skip(self, seconds: float) -> None:
        """Let time go by."""
        self.loop.skipped_s += seconds
        self.happens(lambda: None)

    async def _settle(self) -> None:
        for _ in range(2_000):
            await asyncio.sleep(0)
            if self.engine._jobs <= self._standing:
                break
            await asyncio.sleep(0.0005)
        await self.engine.store.missed()  # behind all that waits to be written

    def calls(self) -> list[CallId]:
        """Return every call there ever was, in order."""
        return [call for platform in self.platforms for call in platform.calls]

    def close(self) -> None:
        """End the engine as it should end."""
        self.loop.run_until_complete(self._close())
        self.loop.close()

    async def _close(self) -> None:
        self.engine.stop("the paper is full")
        with suppress(asyncio.CancelledError):
            await self._running
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
