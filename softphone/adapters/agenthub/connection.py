"""AgentHub from Python, with the names of the platform's own client.

    connection = Connection()
    connection.on("ScreenPopVoice", lambda event: print(event["eventData"]))
    connection.connect(lambda: token, "https://agenthub.api.olos.live")
    ...
    await connection.close()

Everything belongs to the event loop in which `connect` was called. Handlers may be plain or
async functions; one that raises or is slow harms neither the others nor the connection.
docs/agenthub.md says what each name of the JavaScript client has become.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from softphone.config import AccountConfig, Source
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.error import ConfigError
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState, OnlineUser

from .client import make
from .tokens import GetToken
from .wire import names as n

logger = logging.getLogger(__name__)

Handler = Callable[..., object]

_QUEUE = 10_000
_KEPT = ("ChangeStatus", "ScreenPop", "connected", "disconnected", "onlineUsers")
_NO_ARGUMENT = ("disconnected",)


class Connection:
    """One agent at AgentHub: subscribe with `on`, then `connect`."""

    def __init__(self, **options: Any) -> None:
        """`options` are the keys of an account in config.toml: profile, heartbeat_s, …"""
        self._options = options
        self._handlers: dict[str, list[Handler]] = {}
        self._running: asyncio.Task[None] | None = None
        self._calling: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[str, object]] = deque()
        self._something = asyncio.Event()
        self._adapter: Any = None
        self.dropped = 0
        """Events no handler got, because handlers were too slow for too long."""
        self.state = LinkState.OFFLINE
        self.cause = ""
        """Why the connection is not there, in words."""

    def on(self, name: str, handler: Handler) -> Self:
        """Call `handler` on every event of this name, "any" for all the platform's events."""
        self._handlers.setdefault(name, []).append(handler)
        return self

    def off(self, name: str, handler: Handler | None = None) -> Self:
        """Take back one handler of a name, or all of them."""
        left = [one for one in self._handlers.get(name, []) if handler not in (None, one)]
        self._handlers[name] = left
        return self

    def connect(self, get_token: GetToken, base_url: str) -> None:
        """Connect and stay connected. `get_token` is called at each connect and before expiry.

        Raises ConfigError when the URL or an option is wrong, or when it is connected already.
        """
        if self._running is not None:
            raise ConfigError("This connection is in use already; close it first.")
        table = {**self._options, "base_url": base_url, "online_at_start": True}
        account = AccountConfig(AccountName("agenthub"), "agenthub", table, Source(None))
        self._adapter = make(account, get_token, self._heard)
        self._calling = asyncio.create_task(self._call_handlers(), name="agenthub handlers")
        self._running = asyncio.create_task(self._adapter.run(_Context(self)), name="agenthub")

    async def close(self) -> None:
        """Leave and close; harmless in any state, and at any time."""
        tasks = [task for task in (self._running, self._calling) if task is not None]
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        calling, self._calling = self._calling, None
        if calling is not None and calling is not asyncio.current_task():
            calling.cancel()
            await asyncio.wait(tasks)
        self.state = LinkState.OFFLINE

    async def retry(self) -> None:
        """Try again at once, after the server or the token was refused."""
        if self._adapter is not None and self._running is not None:
            await self._adapter.submit(c.RetryNow(AccountName("agenthub")))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # ---- private -------------------------------------------------------------------------------

    def _heard(self, name: str, value: object) -> None:
        if not self._handlers.get(name):
            return
        if len(self._waiting) >= _QUEUE:
            self._make_room()
        self._waiting.append((name, value))
        self._something.set()

    def _make_room(self) -> None:
        """Drop the oldest event that is neither the client's own nor a status or a pop."""
        self.dropped += 1
        for place, (name, _) in enumerate(self._waiting):
            if not name.startswith(_KEPT):
                del self._waiting[place]
                return
        self._waiting.popleft()

    async def _call_handlers(self) -> None:
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            name, value = self._waiting.popleft()
            for handler in list(self._handlers.get(name, [])):
                await self._call(name, handler, value)

    async def _call(self, name: str, handler: Handler, value: object) -> None:
        if isinstance(value, tuple):
            value = [_row(user) for user in value]
        try:
            done = handler() if name in _NO_ARGUMENT else handler(value)
            if inspect.isawaitable(done):
                await done
        except Exception:
            logger.exception("a handler of %s failed", name)


class _Context:
    """What the adapter needs, for a program without an engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def emit(self, event: AdapterEvent) -> None:
        if isinstance(event, e.LinkChanged):
            self._connection.state, self._connection.cause = event.link, event.cause

    def new_call_id(self) -> CallId:
        return CallId(uuid.uuid4().hex)

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def start_media(self, call: CallId) -> None:
        """AgentHub has no media."""

    def stop_media(self, call: CallId) -> None:
        """AgentHub has no media."""

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        """AgentHub has no media."""


def _row(user: OnlineUser) -> dict[str, Any]:
    """Return a user as the JavaScript client gives it."""
    return {
        "ref": user.ref,
        "userId": user.user_id,
        n.META_USERNAME: user.username,
        n.META_ONLINE_AT: round(user.online_at * 1000),
        n.META_ADDRESS: user.address,
    }
