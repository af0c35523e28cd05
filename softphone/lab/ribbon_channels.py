"""Subscriptions of the lab's Ribbon gateway and their notification channels (reference, 2, 3)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from softphone.adapters.ribbon import wire
from softphone.secret import Secret

from .client_socket import ClientSocket
from .hub import Hub
from .ribbon_users import Credentials

CHANNEL_PATH = f"{wire.VERSION_PATH}/websocket"
_FRAME_LIMIT = 64 * 1024
_QUEUE = 1_000
_GRACE_S = 2.0
_LINGER_S = 1.0
_NOTHING_BUT_PINGS = 20  # noted; more is not worth a line


@dataclass(eq=False, slots=True)
class Subscription:
    """One subscribed client: a user may have several, told apart by their correlators."""

    id: str
    user: str
    correlator: str
    services: dict[str, str]
    supported: tuple[str, ...]
    expires_s: int
    channel: str
    session: str
    began: float
    socket: ClientSocket | None = None
    queue: deque[str] = field(default_factory=lambda: deque(maxlen=_QUEUE))
    limit: asyncio.TimerHandle | None = None
    sent: int = 0
    pings: int = 0

    @property
    def url(self) -> str:
        """The path that changes and ends it."""
        return wire.resource_path(self.user, wire.Resource.SUBSCRIPTION, self.id)

    def has(self, service: str) -> bool:
        """Tell whether a service was ever asked for (2.3, quirk): names have no case."""
        return service.lower() in self.services

    def granted(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the answer that grants these services."""
        return wire.Subscription(
            self.url,
            f"{CHANNEL_PATH}/{self.channel}",
            names,
            self.expires_s,
            self.correlator,
            Secret(self.session),
            wire.TurnCredentials(f"{int(time.time()) + 3600}:{self.user}", Secret("lab-turn")),
        ).body()

    def state(self) -> dict[str, Any]:
        """Return everything about it, for people and tests."""
        return {
            "id": self.id,
            "user": self.user,
            "correlator": self.correlator,
            "services": sorted(self.services.values()),
            "expires_s": self.expires_s,
            "connected": self.socket is not None,
            "queued": len(self.queue),
            "notifications": self.sent,
            "pings": self.pings,
        }


class Channels:
    """All subscriptions, their sockets, and the way of every notification."""

    def __init__(self, hub: Hub, credentials: Credentials) -> None:
        self._hub = hub
        self._credentials = credentials
        self.subscriptions: dict[str, Subscription] = {}
        self.edit: Callable[[str, wire.Notice, str], list[str]] = lambda _user, _notice, text: [
            text
        ]
        """What faults make of a notification that is to be sent."""
        self._counter = 0
        self._forgotten: list[ClientSocket] = []

    # ---- subscriptions -------------------------------------------------------------------------

    def subscribe(self, user: str, asked: wire.SubscribeRequest, expires_s: int) -> Subscription:
        """Add a subscription; one with the same correlator is replaced (2.6)."""
        for old in [s for s in self.of(user) if s.correlator == asked.correlator]:
            self.override(old)
        made = Subscription(
            id=secrets.token_hex(8),
            user=user,
            correlator=asked.correlator,
            services={name.lower(): name for name in asked.service},
            supported=asked.supported,
            expires_s=expires_s,
            channel=secrets.token_urlsafe(24),
            session=secrets.token_urlsafe(18),
            began=self._hub.now,
        )
        self.subscriptions[made.id] = made
        self._expire_later(made)
        self._hub.note(f"{user} subscribed {', '.join(asked.service)}")
        return made

    def extend(self, one: Subscription, asked: wire.SubscribeRequest, expires_s: int) -> None:
        """Keep a subscription for longer, with further services."""
        one.services |= {name.lower(): name for name in asked.service}
        one.expires_s = expires_s
        self._expire_later(one)

    def of(self, user: str) -> list[Subscription]:
        """Return the subscriptions of a user."""
        return [one for one in self.subscriptions.values() if one.user == user]

    def with_service(self, user: str, service: str) -> list[Subscription]:
        """Return the subscriptions of a user that have a service."""
        return [one for one in self.of(user) if one.has(service)]

    def remove(self, one: Subscription, code: int | None = None) -> None:
        """Forget a subscription; its socket is closed with `code`, or by its client."""
        if self.subscriptions.pop(one.id, None) is None:
            return
        if one.limit is not None:
            one.limit.cancel()
        socket = one.socket
        if socket is not None:
            close = socket.close
            if code is None:
                self._hub.after(_LINGER_S, lambda: close(1000))
            else:
                close(code)

    def override(self, one: Subscription) -> None:
        """Tell a client that another one has taken its place (2.6)."""
        self._lose(one, wire.EventType.OVERRIDDEN)

    def gone(self, one: Subscription) -> None:
        """Tell a client that its subscription is over (2.6)."""
        self._lose(one, wire.EventType.GONE)

    def forget(self, one: Subscription) -> None:
        """End a subscription without a word: the client learns it from its next refresh (2.3)."""
        self.subscriptions.pop(one.id, None)
        if one.limit is not None:
            one.limit.cancel()
        if one.socket is not None:
            self._forgotten.append(one.socket)

    def close(self) -> None:
        """Close every socket: going away."""
        self.drop(None, 1001)
        for socket in self._forgotten:
            socket.close(1001)

    def _lose(self, one: Subscription, event: wire.EventType) -> None:
        self._hub.note(f"{one.user} {event.value}")
        self.send(one, wire.LossNotice(event, self.event_id()))
        self.remove(one)

    def _expire_later(self, one: Subscription) -> None:
        if one.limit is not None:
            one.limit.cancel()
        one.limit = self._hub.after(one.expires_s + _GRACE_S, lambda: self.gone(one))

    # ---- notifications -------------------------------------------------------------------------

    def event_id(self) -> str:
        """Return an id that no other notification has."""
        self._counter += 1
        return f"lab-{self._counter}-{secrets.token_hex(3)}"

    def tell(self, user: str, service: str, notice: wire.Notice) -> int:
        """Send a notification to every subscription of a user that has the service."""
        found = self.with_service(user, service)
        for one in found:
            self.send(one, notice)
        return len(found)

    def send(self, one: Subscription, notice: wire.Notice) -> None:
        """Send one notification, or what a fault makes of it."""
        text = wire.encode(notice, round(time.time() * 1000))
        for item in self.edit(one.user, notice, text):
            self.put(one, item)

    def put(self, one: Subscription, text: str) -> None:
        """Send a text, or keep it until the channel has a socket again."""
        one.sent += 1
        if one.socket is None:
            one.queue.append(text)
        else:
            one.socket.put(text)

    def drop(self, user: str | None, code: int) -> int:
        """Close the sockets of a user, or of all; the subscriptions stay."""
        found = [
            one
            for one in self.subscriptions.values()
            if user in (None, one.user) and one.socket is not None
        ]
        for one in found:
            assert one.socket is not None
            one.socket.close(code)
        return len(found)

    # ---- sockets -------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one notification socket; an unknown channel is refused at the upgrade (3.1)."""
        channel = request.match_info["channel"]
        one = next((s for s in self.subscriptions.values() if s.channel == channel), None)
        if one is None:
            return web.json_response({"message": "There is no such channel."}, status=404)
        fault = self._hub.faults.get("handshake", one.user, socket="notification")
        if fault is not None:
            return web.json_response({"message": "Refused."}, status=fault["status"])
        token = request.query.get(wire.QUERY_ACCESS_TOKEN)
        if token is not None and not self._credentials.is_bearer(one.user, token):
            return web.json_response({"message": "The token is not valid."}, status=401)
        socket = ClientSocket(request, _FRAME_LIMIT, compress=False)
        await socket.open()
        sender = asyncio.create_task(socket.send_all())
        self._connected(one, socket)
        try:
            await self._read(one, socket)
        finally:
            if one.socket is socket:
                one.socket = None
            await socket.finish(sender)
            one.queue.extendleft(reversed(socket.unsent_texts()))
        return socket.ws

    def _connected(self, one: Subscription, socket: ClientSocket) -> None:
        if one.socket is not None:
            one.socket.cut()
        one.socket = socket
        self._hub.note(f"{one.user} connected, {len(one.queue)} waiting")
        while one.queue:
            socket.put(one.queue.popleft())

    async def _read(self, one: Subscription, socket: ClientSocket) -> None:
        """Read pings until the end. They are never answered (3.2)."""
        while (message := await socket.receive()) is not None:
            if message == wire.PING_TEXT or _is_ping(message):
                one.pings += 1
            elif one.pings < _NOTHING_BUT_PINGS:
                self._hub.note(f"{one.user} sent something that is no ping")


def _is_ping(message: str | bytes) -> bool:
    if isinstance(message, bytes):
        return False
    try:
        return wire.parse_object(message).get("message_type") == "ping"
    except wire.BadMessage:
        return False
