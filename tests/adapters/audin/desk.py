"""The real adapter at a lab: its events, a tiny sound card, and what the lab knows of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import numpy as np

from softphone.adapters.audin.client import AudinAdapter, make
from softphone.adapters.audin.rest import GetToken
from softphone.audio.leg import Leg
from softphone.audio.tones import dtmf, tone
from softphone.config import AccountConfig, Source
from softphone.lab.client import LabClient
from softphone.lab.farends import Times
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.error import AudioError
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState

T = TypeVar("T")
LIMIT_S = 8.0
NAME = AccountName("audin")
MILANO = "+390299999999"
_BLOCK = 480
_QUICK = Times(answers_after_s=0.1, gives_up_after_s=0.2, busy_after_s=0.1)


async def until(condition: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """Wait until something is so and return what it is."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


class Pump:
    """A sound card for one leg: 20 ms in, 20 ms out; a microphone that hums or is silent."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.outgoing = np.zeros(0, np.int16)
        self.heard_dbfs = -96.0
        self.hums = False
        self._hum = tone([440.0], 1.0)
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        start, out = now(), np.zeros(_BLOCK, np.int16)
        for block in itertools.count(1):
            if len(self.outgoing) >= _BLOCK:
                near, self.outgoing = self.outgoing[:_BLOCK], self.outgoing[_BLOCK:]
            else:
                at = block * _BLOCK % (len(self._hum) - _BLOCK)
                near = self._hum[at : at + _BLOCK] if self.hums else np.zeros(_BLOCK, np.int16)
            self.leg.capture(near)
            self.leg.play(out)
            self.heard_dbfs = max(self.heard_dbfs, self.leg.stats().far_dbfs)
            await asyncio.sleep(max(0.0, start + block * 0.01 - now()))


class Desk:
    """One operator: an adapter that runs, and a `Context` that keeps all it is told."""

    def __init__(self, get_token: GetToken | None = None, **table: Any) -> None:
        account = AccountConfig(NAME, "audin", table, Source(None))
        self.adapter: AudinAdapter = make(account, get_token)
        self.events: list[AdapterEvent] = []
        self.pumps: dict[CallId, Pump] = {}
        self.wall_offset = 0.0
        self.microphone = True
        self.running: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)

    # ---- Context -------------------------------------------------------------------------------

    def emit(self, event: AdapterEvent) -> None:
        self.events.append(event)

    def new_call_id(self) -> CallId:
        return CallId(f"c{next(self._ids)}")

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time() + self.wall_offset

    def start_media(self, call: CallId) -> None:
        if not self.microphone:
            raise AudioError("No microphone.")
        leg = self.adapter.media(call)
        assert leg is not None
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

    async def ready(self, *numbers: str) -> Desk:
        """Be online and available, as the server has confirmed."""
        await self.do(c.GoOnline(NAME, numbers or ("pn_1",)))
        await self.do(c.SetAvailable(NAME, True))
        await until(lambda: self.accepted)
        await until(lambda: self.of(e.NumbersListed))
        return self

    async def dial(self, to: str) -> CallId:
        placed = await self.do(c.Dial(to, NAME, MILANO))
        assert isinstance(placed, c.CallPlaced)
        return placed.call

    async def offered(self, sid: str = "") -> e.CallOffered:
        """Return the offer of this call, or the first one."""
        return await until(
            lambda: next((o for o in self.of(e.CallOffered) if sid in ("", o.native_id)), None)
        )

    async def active(self, call: CallId) -> None:
        await until(lambda: self.progress(call)[-1:] == ["connect"])

    async def over(self, call: CallId) -> e.CallOver:
        return await until(lambda: self.end_of(call))

    # ---- looking -------------------------------------------------------------------------------

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def end_of(self, call: CallId) -> e.CallOver | None:
        ends = [over for over in self.of(e.CallOver) if over.call == call]
        assert len(ends) <= 1
        return ends[0] if ends else None

    def progress(self, call: CallId) -> list[str]:
        return [p.what.value for p in self.of(e.CallProgressed) if p.call == call]

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

    @property
    def accepted(self) -> tuple[str, ...]:
        changes = self.of(e.AvailabilityChanged)
        return changes[-1].availability.accepted if changes else ()

    async def linked(self, link: LinkState = LinkState.ONLINE) -> e.LinkChanged:
        await until(lambda: self.link is link)
        return self.of(e.LinkChanged)[-1]


class Room:
    """A quiet lab and the desks in it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.desks: list[Desk] = []
        ready = lab.ready()
        self.control = LabClient(ready["control"], ready["control_key"])

    def account(self, ref: str = "op-1", **changed: Any) -> dict[str, Any]:
        ready = self.lab.ready()["audin"]
        return {
            "core_url": ready["core_url"],
            "token_url": ready["token_urls"][ref],
            "reconnect_backoff_ms": [50, 100, 2000],
            "phone_number_ids": ["pn_1"],
            "online_at_start": False,
            **changed,
        }

    async def desk(self, ref: str = "op-1", **changed: Any) -> Desk:
        """Return a desk that runs and is offline."""
        desk = Desk(**self.account(ref, **changed))
        self.desks.append(desk)
        await desk.start()
        return desk

    async def at_work(self, ref: str = "op-1", **changed: Any) -> Desk:
        return await (await self.desk(ref, **changed)).ready()

    async def ask(self, what: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the lab's own client beside the event loop in which the lab runs."""
        return await asyncio.to_thread(what, *args, **options)

    async def ring(self, **options: Any) -> str:
        return (await self.ask(self.control.ring, **options))[0]

    async def fault(self, name: str, **args: Any) -> None:
        await self.ask(self.control.fault, name, **args)

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.lab.hub.services[0].state()["calls"]
        return found

    def call(self, sid: str) -> dict[str, Any]:
        return next(call for call in self.calls() if call["sid"] == sid)

    def live(self) -> list[dict[str, Any]]:
        return [call for call in self.calls() if call["phase"] != "over"]

    def available(self, ref: str = "op-1") -> list[str]:
        operators = self.lab.hub.services[0].state()["operators"]
        found: list[str] = next(one["available"] for one in operators if one["ref"] == ref)
        return found

    def journal(self) -> list[str]:
        return [line["text"] for line in self.lab.hub.journal]


@asynccontextmanager
async def a_room(**settings: Any) -> AsyncIterator[Room]:
    """Open a lab without callers of its own; close its desks and it at the end."""
    chosen = {"scenario": "quiet", "times": _QUICK, **settings}
    async with running_lab(LabSettings(**chosen)) as lab:
        room = Room(lab)
        try:
            yield room
        finally:
            for desk in room.desks:
                await desk.stop()
