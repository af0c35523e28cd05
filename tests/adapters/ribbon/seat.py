"""The real adapter at a lab's gateway: its events, tiny sound cards, and what the lab knows."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import numpy as np

from softphone.adapters.ribbon.client import RibbonAdapter, make
from softphone.audio.leg import Leg
from softphone.audio.tones import dtmf, tone
from softphone.config import AccountConfig, Source
from softphone.lab.client import LabClient
from softphone.lab.farends import Times
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, MediaState
from softphone.model.error import AudioError
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState

T = TypeVar("T")
LIMIT_S = 10.0
NAME = AccountName("ribbon")
_BLOCK = 480
_QUICK = Times(answers_after_s=0.1, gives_up_after_s=0.3, busy_after_s=0.1)


async def until(condition: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """Wait until something is so and return what it is."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


class Pump:
    """A sound card for one leg; a microphone that hums or is silent."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.outgoing = np.zeros(0, np.int16)
        self.loudest = 0
        self.hums = False
        self._hum = tone([440.0], 1.0)
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    def quiet(self) -> None:
        """Forget what was heard so far."""
        self.loudest = 0

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        start, out = now(), np.zeros(_BLOCK, np.int16)
        for block in itertools.count(1):
            if len(self.outgoing) >= _BLOCK:
                near, self.outgoing = self.outgoing[:_BLOCK], self.outgoing[_BLOCK:]
            elif self.hums:
                place = (block * _BLOCK) % (len(self._hum) - _BLOCK)
                near = self._hum[place : place + _BLOCK]
            else:
                near = np.zeros(_BLOCK, np.int16)
            self.leg.capture(np.ascontiguousarray(near))
            self.leg.play(out)
            self.loudest = max(self.loudest, int(np.abs(out.astype(np.int32)).max()))
            await asyncio.sleep(max(0.0, start + block * 0.01 - now()))


class Seat:
    """One user: an adapter that runs, and a `Context` that keeps all it is told."""

    def __init__(self, **table: Any) -> None:
        account = AccountConfig(NAME, "ribbon", table, Source(None))
        self.adapter: RibbonAdapter = make(account)
        self.events: list[AdapterEvent] = []
        self.pumps: dict[CallId, Pump] = {}
        self.legs: dict[CallId, Leg] = {}
        self.microphone = True
        self.fails_once_on: type[AdapterEvent] | None = None
        self.ahead_s = 0.0  # what the adapter's clock is put forward by
        self.looks = 0  # how often it looked at the clock
        self.running: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)

    # ---- Context -------------------------------------------------------------------------------

    def emit(self, event: AdapterEvent) -> None:
        if self.fails_once_on is not None and isinstance(event, self.fails_once_on):
            self.fails_once_on = None
            raise RuntimeError("a defect of the engine")
        self.events.append(event)

    def new_call_id(self) -> CallId:
        return CallId(f"c{next(self._ids)}")

    def monotonic(self) -> float:
        self.looks += 1
        return time.monotonic() + self.ahead_s

    def wall(self) -> float:
        return time.time()

    def start_media(self, call: CallId) -> None:
        if not self.microphone:
            raise AudioError("No microphone.")
        leg = self.adapter.media(call)
        assert leg is not None
        self.legs[call] = leg
        self.pumps[call] = Pump(leg)

    def stop_media(self, call: CallId) -> None:
        pump = self.pumps.pop(call, None)
        if pump is not None:
            pump.stop()

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        pump = self.pumps[call]
        pump.outgoing = np.concatenate([pump.outgoing, dtmf(digits, duration_ms, gap_ms)])

    # ---- doing ---------------------------------------------------------------------------------

    async def start(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self))
        await until(lambda: self.adapter.running)

    async def stop(self) -> None:
        """Cancel the adapter, as the engine does at its end."""
        if self.running is not None:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running

    async def do(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        return await self.adapter.submit(command)

    async def ready(self) -> Seat:
        """Be online."""
        await self.do(c.GoOnline(NAME))
        await self.linked()
        return self

    async def dial(self, to: str, **options: Any) -> CallId:
        placed = await self.do(c.Dial(to, NAME, **options))
        assert isinstance(placed, c.CallPlaced)
        return placed.call

    async def talk(self, to: str, **options: Any) -> CallId:
        """Dial and wait until the far end is up and can be heard."""
        call = await self.dial(to, **options)
        await self.active(call)
        await self.flowing(call)
        return call

    async def offered(self, place: int = 0) -> e.CallOffered:
        """Return an offer: the first, or a later one."""
        return await until(lambda: next(iter(self.of(e.CallOffered)[place : place + 1]), None))

    async def active(self, call: CallId) -> None:
        await until(lambda: "connect" in self.progress(call))

    async def flowing(self, call: CallId) -> None:
        await until(lambda: self.media_of(call)[-1:] == [MediaState.FLOWING])

    async def over(self, call: CallId) -> e.CallOver:
        return await until(lambda: self.end_of(call))

    async def heard(self, call: CallId, *, above: int = 800, limit_s: float = LIMIT_S) -> None:
        """Wait until something loud comes out of the speaker from now on."""
        self.pumps[call].quiet()
        await until(lambda: self.pumps[call].loudest > above, limit_s)

    # ---- looking -------------------------------------------------------------------------------

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def end_of(self, call: CallId) -> e.CallOver | None:
        ends = [over for over in self.of(e.CallOver) if over.call == call]
        assert len(ends) <= 1
        return ends[0] if ends else None

    def progress(self, call: CallId) -> list[str]:
        return [p.what.value for p in self.of(e.CallProgressed) if p.call == call]

    def media_of(self, call: CallId) -> list[MediaState]:
        return [m.media for m in self.of(e.CallMediaChanged) if m.call == call]

    def held_there(self, call: CallId) -> list[bool]:
        return [h.held for h in self.of(e.CallHeldByPeer) if h.call == call]

    def codes(self) -> list[str]:
        return [error.code for error in self.of(e.ErrorRaised)]

    def remarks(self) -> str:
        return "\n".join(remark.text for remark in self.of(e.Remarked))

    @property
    def link(self) -> LinkState:
        changes = self.of(e.LinkChanged)
        return changes[-1].link if changes else LinkState.OFFLINE

    @property
    def links(self) -> list[str]:
        return [change.link.value for change in self.of(e.LinkChanged)]

    async def linked(self, link: LinkState = LinkState.ONLINE) -> e.LinkChanged:
        await until(lambda: self.link is link)
        return self.of(e.LinkChanged)[-1]


class Floor:
    """A quiet lab and the users at its gateway."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.seats: list[Seat] = []
        ready = lab.ready()
        self.control = LabClient(ready["control"], ready["control_key"])

    @property
    def gateway(self) -> Any:
        return next(one for one in self.lab.hub.services if one.name == "ribbon")

    def account(self, user: str = "alice", **changed: Any) -> dict[str, Any]:
        ready = self.lab.ready()["ribbon"]
        sign_in = self.gateway.sign_in(f"{user}@lab.test")
        return {
            "url": ready["http"],
            "websocket_url": ready["ws"],
            "user": sign_in["user"],
            "password": sign_in["password"],
            "online_at_start": False,
            "ice_ideal_s": 0.0,
            "ice_limit_s": 0.5,
            "media_retry_s": 0.0,
            "reconnect_delay_s": 0.3,
            **changed,
        }

    async def seat(self, user: str = "alice", **changed: Any) -> Seat:
        """Return a user whose adapter runs and is offline."""
        seat = Seat(**self.account(user, **changed))
        self.seats.append(seat)
        await seat.start()
        return seat

    async def at_work(self, user: str = "alice", **changed: Any) -> Seat:
        return await (await self.seat(user, **changed)).ready()

    async def ask(self, what: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the lab's own client beside the event loop in which the lab runs."""
        return await asyncio.to_thread(what, *args, **options)

    async def fault(self, name: str, **args: Any) -> None:
        await self.ask(self.control.fault, name, **args)

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.gateway.state()["calls"]
        return found

    def subscriptions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.gateway.state()["subscriptions"]
        return found


@asynccontextmanager
async def a_floor(**settings: Any) -> AsyncIterator[Floor]:
    """Open a lab without callers of its own; close its seats and it at the end."""
    chosen = {"scenario": "quiet", "times": _QUICK, **settings}
    async with running_lab(LabSettings(**chosen)) as lab:
        floor = Floor(lab)
        try:
            yield floor
        finally:
            for seat in floor.seats:
                await seat.stop()
