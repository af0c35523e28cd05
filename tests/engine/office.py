"""A whole engine at a quiet lab in one process: real socket, real clients, no sound card."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from softphone.config import (
    AudioConfig,
    CallsConfig,
    Config,
    RecordingConfig,
    RingConfig,
    StoreConfig,
)
from softphone.engine.assembly import assembled
from softphone.engine.connect import SocketLink, attach
from softphone.engine.engine import Engine
from softphone.engine.labs import with_lab_accounts
from softphone.engine.link import LINE_LIMIT, EngineInfo, Role
from softphone.engine.server import Server
from softphone.lab.client import LabClient
from softphone.lab.farends import Times
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, Call, CallId, CallState
from softphone.model.error import LinkError
from softphone.model.presence import LinkState
from softphone.paths import Paths

T = TypeVar("T")
LIMIT_S = 8.0
AUDIN = AccountName("audin")
RIBBON = AccountName("ribbon")
SILENT = AudioConfig(input="null", output="null", ringer="null")
HUMMING = AudioConfig(input="tone", output="null", ringer="null")
_QUICK = Times(answers_after_s=0.1, gives_up_after_s=0.2, busy_after_s=0.1)
_RECONNECT_MS = [50, 100, 2000]


async def until(condition: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """Wait until something is so and return what it is."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


class Seat:
    """One client of the engine: what it sees, folded from its events as a console does."""

    def __init__(self, link: SocketLink) -> None:
        self.link = link
        self.state = link.snapshot
        self.events: list[e.Event] = []
        self.gone = False
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for event in self.link.events():
            self.events.append(event)
            self.state.apply(event)
            self.state.seq += 1
        self.gone = True

    async def leave(self) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await self.link.close()

    # ---- doing ---------------------------------------------------------------------------------

    async def ask(self, command: c.Command) -> c.Reply:
        return await self.link.request(command)

    async def do(self, command: c.Command) -> c.Value | None:
        reply = await self.ask(command)
        assert reply.ok, f"{reply.code}: {reply.text}"
        return reply.value

    async def dial(self, to: str, **options: Any) -> Call:
        """Place a call and return it once it is up."""
        placed = await self.do(c.Dial(to, **options))
        assert isinstance(placed, c.CallPlaced)
        return await self.until_state(placed.call, CallState.ACTIVE)

    async def answer(self, offer: Call) -> Call:
        await self.do(c.Answer(offer.id))
        return await self.until_state(offer.id, CallState.ACTIVE)

    # ---- looking -------------------------------------------------------------------------------

    async def offered(self) -> Call:
        return (await until(self.state.offers))[0]

    async def until_state(self, call: CallId, state: CallState) -> Call:
        await until(lambda: any(one.state is state for one in self.seen(call)))
        return [one for one in self.seen(call) if one.state is state][-1]

    async def over(self, call: CallId) -> Call:
        return await self.until_state(call, CallState.ENDED)

    def seen(self, call: CallId) -> list[Call]:
        """Return every value the call has had since this client came."""
        known = [self.link.snapshot.calls[call]] if call in self.link.snapshot.calls else []
        told = [event.call for event in self.events if isinstance(event, e.CallChanged)]
        return [*(one for one in told if one.id == call), *known]

    def log(self) -> str:
        return "\n".join(note.text for note in self.state.notes)


class Office:
    """The lab, the engine, its socket, and the clients that came."""

    def __init__(self, lab: Lab, engine: Engine, server: Server, paths: Paths) -> None:
        ready = lab.ready()
        self.lab = lab
        self.engine = engine
        self.server = server
        self.paths = paths
        self.control = LabClient(ready["control"], ready["control_key"])
        self.seats: list[Seat] = []
        self._skipped_s = 0.0
        engine.monotonic = lambda: time.monotonic() + self._skipped_s

    # ---- clients -------------------------------------------------------------------------------

    async def sit(self, role: Role = Role.CONSOLE, name: str = "test") -> Seat:
        seat = Seat(await attach(self.paths.socket, role, name))
        self.seats.append(seat)
        return seat

    async def command(self) -> Seat:
        return await self.sit(Role.COMMAND)

    async def at_work(self) -> Seat:
        """Return a console whose account is reachable on pn_1."""
        seat = await self.sit()
        await self.reachable(seat)
        return seat

    async def reachable(self, seat: Seat) -> None:
        def is_so() -> bool:
            account = seat.state.accounts.get(AUDIN)
            return bool(account and account.numbers and account.availability.accepted)

        await until(is_so)

    # ---- time ----------------------------------------------------------------------------------

    def skip(self, seconds: float) -> None:
        """Let the engine believe that so many seconds have passed, and look."""
        self._skipped_s += seconds
        self.engine.attendance.check()

    # ---- the lab -------------------------------------------------------------------------------

    async def ask_lab(self, what: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the lab's own client beside the event loop in which the lab runs."""
        return await asyncio.to_thread(what, *args, **options)

    async def ring(self, **options: Any) -> str:
        return (await self.ask_lab(self.control.ring, "pn_1", **{"far_end": "tone", **options}))[0]

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.lab.hub.services[0].state()["calls"]
        return found

    def call(self, sid: str = "") -> dict[str, Any]:
        return next(call for call in self.calls() if sid in ("", call["sid"]))

    def level(self) -> float:
        """Return how loud the far end of the newest call hears us; -96 is exact silence."""
        found = self.call()["received"]["level_dbfs"]
        return -96.0 if found is None else float(found)

    def frames(self) -> int:
        frames: int = self.call()["received"]["frames"]
        return frames

    def available(self) -> list[str]:
        operators = self.lab.hub.services[0].state()["operators"]
        found: list[str] = next(one["available"] for one in operators if one["ref"] == "op-1")
        return found


class RawClient:
    """A client that writes what it likes to the engine's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, path: Path) -> RawClient:
        return cls(*await asyncio.open_unix_connection(path, limit=LINE_LIMIT))

    @classmethod
    async def welcomed(cls, path: Path, role: str = "command") -> RawClient:
        client = await cls.open(path)
        client.say({"hello": {"version": 1, "role": role, "name": "raw"}})
        assert "welcome" in await client.hear()
        return client

    def say(self, line: object) -> None:
        data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        self.writer.write(data)

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            found: dict[str, Any] = json.loads(await self.reader.readline())
        return found

    async def reply(self) -> dict[str, Any]:
        """Return the next reply, past events."""
        while "reply" not in (line := await self.hear()):
            pass
        found: dict[str, Any] = line["reply"]
        return found

    async def is_dropped(self) -> bool:
        """Wait until the engine closes, whatever it said before."""
        async with asyncio.timeout(LIMIT_S):
            with contextlib.suppress(OSError):
                while await self.reader.read(65_536):
                    pass
        return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def is_online(seat: Seat) -> bool:
    """Tell whether the account is connected."""
    return seat.state.accounts[AUDIN].link is LinkState.ONLINE


def lab_account(config: Config, **changed: Any) -> Config:
    """Return a config whose one account has changed settings."""
    (account,) = (one for one in config.accounts if one.name == AUDIN)
    table = {
        **account.table,
        "phone_number_ids": ["pn_1"],
        "reconnect_backoff_ms": _RECONNECT_MS,
        **changed,
    }
    return replace(config, accounts=(replace(account, table=table),))


def restless(threshold: tuple[int, int, int], switch_s: float) -> None:
    """Take back what an engine does to its process for the sake of the sound."""
    gc.unfreeze()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(switch_s)


@asynccontextmanager
async def an_office(
    folder: Path,
    *,
    audio: AudioConfig = SILENT,
    calls: CallsConfig | None = None,
    store: StoreConfig | None = None,
    recording: RecordingConfig | None = None,
    ring: Mapping[str, RingConfig] | None = None,
    lab: dict[str, Any] | None = None,
    gateway: bool | dict[str, Any] = False,
    **account: Any,
) -> AsyncIterator[Office]:
    """Open a lab, an engine on it and its socket; clients leave at the end.

    `gateway`: there is an account at the lab's gateway too, with these settings, beside the one
    that `account` is for.
    """
    settings = LabSettings(**{"scenario": "quiet", "times": _QUICK, **(lab or {})})
    paths = Paths("test", folder, folder)
    async with AsyncExitStack() as stack:
        stack.callback(restless, gc.get_threshold(), sys.getswitchinterval())
        running = await stack.enter_async_context(running_lab(settings))
        given = Config(
            audio=audio,
            calls=calls or CallsConfig(),
            store=store or StoreConfig(),
            recording=recording or RecordingConfig(),
            ring=ring or {},
        )
        whole = with_lab_accounts(given, running.config)
        config = lab_account(whole, **account)
        if gateway:
            given_too = gateway if isinstance(gateway, dict) else {}
            others = tuple(
                replace(one, table={**one.table, **given_too})
                for one in whole.accounts
                if one.name == RIBBON
            )
            config = replace(config, accounts=(*config.accounts, *others))
        engine = await stack.enter_async_context(assembled(config, paths))
        info = EngineInfo(1, "test", "test", 0.0, "engine.log", running.ready()["http"])
        server = Server(engine, info, paths.socket)
        await server.start()
        stack.push_async_callback(server.close)
        engine.attendance.check()
        office = Office(running, engine, server, paths)
        try:
            yield office
        finally:
            for seat in office.seats:
                with contextlib.suppress(LinkError):
                    await seat.leave()
