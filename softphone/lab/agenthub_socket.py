"""Phoenix sockets of the lab's AgentHub: upgrade, frames, channels (reference, 2 to 6)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import hdrs, web

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import Claims, Frame
from softphone.adapters.agenthub.wire import names as n

from .agenthub_people import agent_named
from .agenthub_tokens import AgentTokens
from .client_socket import ClientSocket
from .hub import Hub

_numbers = itertools.count(1)


class PhoenixSocket:
    """One connection of an agent, and the channels it has joined."""

    def __init__(self, claims: Claims, socket: ClientSocket, address: str) -> None:
        self.id = f"ws-{next(_numbers)}"
        self.claims = claims
        self.socket = socket
        self.address = address
        self.channels: dict[str, str] = {}
        """Joined topics and the reference of the join in force."""
        self.presence_ref = ""
        self.received = 0

    def push(self, topic: str, event: str, payload: Mapping[str, Any]) -> None:
        """Send to this one only."""
        join_ref = self.channels.get(topic)
        if join_ref is not None:
            self.send(Frame(join_ref, None, topic, event, payload))

    def broadcast(self, topic: str, event: str, payload: Mapping[str, Any]) -> None:
        """Send what goes to everybody on a topic."""
        if topic in self.channels:
            self.send(Frame(None, None, topic, event, payload))

    def send(self, frame: Frame) -> None:
        """Queue a frame; who reads too slowly is cut off, and the others go on."""
        self.socket.put(wire.encode(frame))


class SocketDesk:
    """All sockets. What joining means is decided by `may_join`, `joined` and `left`."""

    def __init__(self, hub: Hub, tokens: AgentTokens, profile: wire.Profile) -> None:
        self._hub = hub
        self._tokens = tokens
        self._profile = profile
        self.sockets: list[PhoenixSocket] = []
        self.may_join: Callable[[PhoenixSocket, str], str] = lambda socket, topic: ""
        self.joined: Callable[[PhoenixSocket, str], None] = lambda socket, topic: None
        self.left: Callable[[PhoenixSocket, str], None] = lambda socket, topic: None
        self.join_answer: Callable[[PhoenixSocket, str], dict[str, Any]] = lambda s, t: {}

    @property
    def path(self) -> str:
        """Where the sockets are."""
        return self._profile.socket_path + n.SOCKET_SUFFIX

    def on(self, topic: str) -> Iterator[PhoenixSocket]:
        """Yield who has joined a topic."""
        return (socket for socket in list(self.sockets) if topic in socket.channels)

    def of_user(self, user: str | None) -> list[PhoenixSocket]:
        """Return the sockets of a user, or all; Refused for somebody AgentHub does not know."""
        if not user:
            return list(self.sockets)
        agent = agent_named(user)
        whose = (agent.tenant, agent.id)
        return [socket for socket in self.sockets if socket.claims.person == whose]

    # ---- the upgrade (2.2, 2.3) ----------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket from handshake to end."""
        if request.method != hdrs.METH_GET:
            return web.Response(status=400)
        offered = [
            part.strip()
            for value in request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
            for part in value.split(",")
        ]
        await self._tokens.prepare()
        claims = self._tokens.check(self._token(request, offered))
        if claims is None or not self._version_fits(request) or not _offer_fits(offered):
            return web.Response(status=403)
        fault = self._hub.faults.get("handshake", claims.username, socket="agenthub")
        if fault is not None:
            return web.Response(status=fault["status"])
        if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
            return web.Response(status=400, text="Not a WebSocket upgrade.")
        protocols = (n.SUBPROTOCOL,) if n.SUBPROTOCOL in offered else ()
        inner = ClientSocket(request, n.FRAME_LIMIT, compress=False, protocols=protocols)
        await inner.open()
        socket = PhoenixSocket(claims, inner, request.remote or "")
        self.sockets.append(socket)
        self._hub.note(f"{claims.username} connected to AgentHub")
        sender = asyncio.create_task(inner.send_all())
        try:
            await self._serve(socket)
        finally:
            self.sockets.remove(socket)
            for topic in list(socket.channels):
                self._leave(socket, topic)
            self._hub.note(f"{claims.username} disconnected from AgentHub")
            await inner.finish(sender)
        return inner.ws

    def _token(self, request: web.Request, offered: list[str]) -> str | None:
        found = wire.token_in_subprotocols(offered)
        return request.query.get(self._profile.token_param) if found is None else found

    def _version_fits(self, request: web.Request) -> bool:
        return request.query.get(n.VSN_PARAM, "1.0.0").startswith("2.")

    # ---- frames (3, 4.1) -----------------------------------------------------------------------

    async def _serve(self, socket: PhoenixSocket) -> None:
        """Read until the end; silence for too long is an end too."""
        limit_s = min(n.IDLE_LIMIT_S, self._hub.settings.idle_limit_s)
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    message = await socket.socket.receive()
            except TimeoutError:
                return await self._end(socket, n.CLOSE_NORMAL)
            if message is None:
                return None
            socket.received += 1
            try:
                if isinstance(message, str):
                    frame = wire.decode(message)
                else:
                    frame = wire.decode_from_client(message)
            except wire.BadFrame as problem:
                self._hub.note(f"{socket.claims.username} sent {problem}")
                return await self._end(socket, n.CLOSE_CRASH)  # Phoenix's process crashes
            self._take(socket, frame)

    async def _end(self, socket: PhoenixSocket, code: int) -> None:
        """Close with a code and wait until that is done."""
        socket.socket.close(code)
        while await socket.socket.receive() is not None:
            pass

    def _take(self, socket: PhoenixSocket, frame: Frame) -> None:
        if frame.topic == n.TOPIC_PHOENIX and frame.event == n.EVENT_HEARTBEAT:
            if not self._hub.faults.on("no_heartbeat", socket.claims.username):
                socket.send(wire.reply_to(frame, n.OK))
        elif frame.event == n.EVENT_JOIN:
            self._join(socket, frame)
        elif frame.event == n.EVENT_LEAVE:
            self._leave_asked(socket, frame)
        elif frame.topic not in socket.channels:
            unmatched = wire.reply_to(frame, n.ERROR, {n.REASON: n.REASON_UNMATCHED})
            socket.send(Frame(None, unmatched.ref, frame.topic, n.EVENT_REPLY, unmatched.payload))
        elif frame.join_ref in (None, socket.channels[frame.topic]):
            socket.send(wire.reply_to(frame, n.ERROR, {n.REASON: n.REASON_UNKNOWN_EVENT}))

    def _join(self, socket: PhoenixSocket, frame: Frame) -> None:
        topic = frame.topic
        if topic in socket.channels:  # the older channel is closed, then the join is taken
            old = socket.channels[topic]
            self._leave(socket, topic)
            socket.send(Frame(old, old, topic, n.EVENT_CLOSE))
        if len(socket.channels) >= n.CHANNELS_LIMIT:
            socket.send(wire.reply_to(frame, n.ERROR, {n.REASON: n.REASON_TOO_MANY}))
            return
        faults, who = self._hub.faults, socket.claims.username
        if faults.on("no_join_reply", who):
            return
        refused = self.may_join(socket, topic)
        if not refused and faults.on("join_crash", who):
            refused = "join crashed"
        if refused:
            answer = wire.reply_to(frame, n.ERROR, {n.REASON: refused})
            if refused == n.REASON_UNMATCHED:
                answer = Frame(None, answer.ref, topic, n.EVENT_REPLY, answer.payload)
            socket.send(answer)
            return
        socket.channels[topic] = frame.join_ref or ""
        socket.send(wire.reply_to(frame, n.OK, self.join_answer(socket, topic)))
        self.joined(socket, topic)

    def _leave_asked(self, socket: PhoenixSocket, frame: Frame) -> None:
        join_ref = socket.channels.get(frame.topic)
        if join_ref is not None and frame.join_ref not in (None, join_ref):
            return  # of an older join: ignored
        socket.send(wire.reply_to(frame, n.OK))
        if join_ref is not None:
            self._leave(socket, frame.topic)
            socket.send(Frame(join_ref, join_ref, frame.topic, n.EVENT_CLOSE))

    def end_channel(self, socket: PhoenixSocket, topic: str, event: str) -> None:
        """Close or crash a channel from our side."""
        join_ref = socket.channels.get(topic)
        if join_ref is not None:
            self._leave(socket, topic)
            socket.send(Frame(join_ref, join_ref, topic, event))

    def _leave(self, socket: PhoenixSocket, topic: str) -> None:
        if socket.channels.pop(topic, None) is not None:
            self.left(socket, topic)


def _offer_fits(offered: list[str]) -> bool:
    """Tell whether what is offered is ours: nothing, or `phoenix` and a token."""
    return not offered or n.SUBPROTOCOL in offered
