"""A console over an engine that exists only in memory, with a clock that stands still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from textual.pilot import Pilot

from softphone.config import CallsConfig, UiConfig
from softphone.engine.link import EngineInfo
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, Call, CallId, CallState, Direction, Party
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.presence import Account, Availability, LinkState, OwnNumber
from softphone.model.record import CallRecord
from softphone.model.state import ConsoleState
from softphone.ui.app import SoftphoneApp

T = TypeVar("T")
NOW = 1_790_000_000.0  # 2026-09-21, some afternoon
START = 5_000.0
AUDIN = AccountName("audin")


@dataclass
class FrozenClock:
    """Time that moves only when a test says so."""

    offset: float = 0.0

    def wall(self) -> float:
        return NOW + self.offset

    def mono(self) -> float:
        return START + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds


@dataclass
class FakeEngine:
    """The far side of the link: remembers commands, answers as scripted, emits events."""

    state: ConsoleState = field(default_factory=ConsoleState)
    client: str = "c1"
    lab: str = ""
    pid: int = 4711
    replies: dict[type, Callable[[Any], c.Reply]] = field(default_factory=dict)
    sent: list[c.Command] = field(default_factory=list)
    links: list[FakeLink] = field(default_factory=list)
    refuse: Exception | None = None
    gates: dict[type, asyncio.Event] = field(default_factory=dict)
    """Commands of these types are answered only when their event is set."""

    async def connect(self) -> FakeLink:
        if self.refuse is not None:
            raise self.refuse
        self.links.append(FakeLink(self))
        return self.links[-1]

    def emit(self, *events: e.Event) -> None:
        for event in events:
            self.links[-1].queue.put_nowait(event)

    def lose(self) -> None:
        self.links[-1].queue.put_nowait(None)

    def reply(self, kind: type[T], answer: Callable[[T], c.Reply] | c.Reply) -> None:
        self.replies[kind] = answer if callable(answer) else lambda _command: answer


class FakeLink:
    """One attachment of a console."""

    def __init__(self, engine: FakeEngine) -> None:
        self.owner = engine
        self.client = engine.client
        self.engine = EngineInfo(engine.pid, "0.1", "test", NOW, "/tmp/engine.log", engine.lab)
        self.snapshot = engine.state
        self.queue: asyncio.Queue[e.Event | None] = asyncio.Queue()

    async def request(self, command: c.Command) -> c.Reply:
        self.owner.sent.append(command)
        if gate := self.owner.gates.get(type(command)):
            await gate.wait()
        answer = self.owner.replies.get(type(command))
        return answer(command) if answer else c.Reply()

    async def events(self) -> AsyncIterator[e.Event]:
        while (event := await self.queue.get()) is not None:
            yield event

    async def close(self) -> None:
        pass


class World:
    """Makes model objects for tests, in one line each."""

    clock: FrozenClock

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock

    def account(self, name: str = "audin", **changes: Any) -> Account:
        given: dict[str, Any] = {
            "kind": "audin",
            "link": LinkState.ONLINE,
            "since_mono": START - 60,
            "identity": "op-1",
            "numbers": (
                OwnNumber("pn_1", "+390212345678", "Milano"),
                OwnNumber("pn_2", "+390655501010", "Roma"),
            ),
            "availability": Availability(("pn_1",), ("pn_1",), (), True),
            "refusals": (
                ("blind_transfer", "Audin has no transfer."),
                ("join", "Audin cannot join calls."),
                ("forward", "Audin cannot forward a ringing call."),
            ),
        }
        return Account(AccountName(name), **{**given, **changes})

    def call(
        self, call_id: str = "c1", state: CallState = CallState.ACTIVE, **changes: Any
    ) -> Call:
        given: dict[str, Any] = {
            "account": AUDIN,
            "direction": Direction.OUTBOUND,
            "remote": Party("+390655501012", "Bob Rossi"),
            "local": Party("+390212345678", "Milano"),
            "created_at": NOW - 200,
            "created_mono": START - 200,
        }
        if state in (CallState.ACTIVE, CallState.HELD):
            given |= {"answered_at": NOW - 192, "answered_mono": START - 192}
        return Call(CallId(call_id), state=state, **{**given, **changes})

    def offer(self, call_id: str = "c1", caller: str = "ACME Srl", **changes: Any) -> Call:
        given: dict[str, Any] = {
            "direction": Direction.INBOUND,
            "remote": Party("+39021234567", caller),
            "created_mono": self.clock.mono(),
            "created_at": self.clock.wall(),
        }
        return self.call(call_id, CallState.RINGING, **{**given, **changes})

    def contact(self, name: str, address: str = "+390655501012", **changes: Any) -> Contact:
        addresses = (ContactAddress(address),) if address else ()
        return Contact(ContactId(name), name, addresses, **changes)


class Console:
    """A running console, driven by keys and read as text."""

    def __init__(
        self, app: SoftphoneApp, pilot: Pilot[None], engine: FakeEngine, clock: FrozenClock
    ) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = engine
        self.clock = clock
        self.make = World(clock)

    async def settle(self) -> None:
        """Wait until nothing is under way any more, and everything is painted."""
        for _ in range(2):
            await self.pilot.pause()
            self.app.flush()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], limit_s: float = 10.0) -> None:
        """Wait for what takes more than one round, such as a page that is fetched."""
        end = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < end, f"it never came:\n{self.screen_text()}"
            await self.settle()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def emit(self, *events: e.Event) -> None:
        self.engine.emit(*events)
        await self.settle()

    async def show_calls(self, *calls: Call) -> None:
        """Let calls appear and let the guard time pass."""
        await self.emit(*(e.CallChanged(call) for call in calls))
        self.clock.advance(1.0)
        await self.settle()

    async def focus(self, pane: str) -> None:
        self.app.main.go_to(pane)
        await self.settle()

    @property
    def focused(self) -> str:
        """The id of the pane, dialog or bar that has the focus."""
        node: Any = self.app.focused
        while node is not None and _place(node) not in _PLACES:
            node = node.parent
        return _place(node) if node is not None else ""

    def commands(self, kind: type[T]) -> list[T]:
        return [command for command in self.engine.sent if isinstance(command, kind)]

    def screen_text(self) -> str:
        """What the terminal shows, as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


_PLACES = {
    "presence", "dialer", "calls", "call", "contacts", "events", "callbar",
    "question", "askline", "palette", "contact", "history", "devices", "help", "keys", "pick",
    "ticks", "capture",
}  # fmt: skip


def _place(node: Any) -> str:
    """Panes have an id, screens a name."""
    return node.id or node.name or ""


OpenConsole = Callable[..., AbstractAsyncContextManager[Console]]


@pytest.fixture(autouse=True)
def quick_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pilot waits for the process to be idle in steps of 20 ms; 4 ms are enough here."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.004)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 0.0008)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def engine(clock: FrozenClock) -> FakeEngine:
    make = World(clock)
    fake = FakeEngine()
    fake.state.accounts[AUDIN] = make.account()
    fake.state.controller = fake.client
    people = (
        make.contact("Anna Bianchi", "+390655501011", favourite=True),
        make.contact("Bob Rossi", "+390655501012", company="ACME"),
    )
    fake.reply(c.SearchContacts, lambda asked: c.Reply(value=_search(people, asked)))
    fake.reply(c.ListHistory, c.Reply(value=c.HistoryPage(())))
    fake.reply(c.ShowRecord, c.Reply(value=c.RecordFound(None)))
    return fake


@pytest.fixture
def open_console(engine: FakeEngine, clock: FrozenClock) -> OpenConsole:
    """Return a way to open a console of any size."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (140, 45), **changes: Any) -> AsyncIterator[Console]:
        settings = changes.pop("settings", UiConfig(bell=False, tour=False))
        app = SoftphoneApp(
            engine.connect,
            settings,
            changes.pop("keys", {}),
            calls=changes.pop("calls", CallsConfig()),
            clock=clock,
            retry_s=(0.01,),
            **changes,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            console = Console(app, pilot, engine, clock)
            await console.settle()
            yield console

    return opened


@pytest.fixture
async def console(open_console: OpenConsole) -> AsyncIterator[Console]:
    async with open_console() as opened:
        yield opened


def _search(people: tuple[Contact, ...], asked: c.SearchContacts) -> c.ContactPage:
    wanted = asked.text.casefold()
    found = [p for p in people if wanted in f"{p.name} {p.company} {p.main_address}".casefold()]
    return c.ContactPage(tuple(found[: asked.limit]), len(found))


__all__ = ["CallRecord", "Console", "FakeEngine", "FrozenClock", "OpenConsole", "World"]
