"""WebRTC calls for `softphone bench`: what one costs, and twenty at once on the lab's gateway."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from softphone.adapters.ribbon import wire
from softphone.webrtc import bench
from softphone.webrtc.frames import FrameEnd
from softphone.webrtc.peer import Peer, PeerSettings, PeerState, warm_up

from .bench import Figure
from .bench_load import running_lab

_FRAME_S = 0.02
_UP_LIMIT_S = 30.0


async def measure_gateway(count: int, seconds: float) -> list[Figure]:
    """Measure the WebRTC layer by itself, then `count` calls of one user to the lab's echo."""
    figures = [
        Figure(one.name, one.value, one.unit, f"{one.ratio or 0:.1f} x {one.reference}")
        for one in await bench.all_figures(seconds)
    ]
    async with running_lab() as ready:
        return figures + await _many(ready["ribbon"], count, seconds)


async def _many(gateway: dict[str, Any], count: int, seconds: float) -> list[Figure]:
    warm_up()
    user = gateway["users"][0]
    secret = base64.b64encode(f"{user['user']}:{user['password']}".encode()).decode()
    headers = {wire.HEADER_AUTHORIZATION: f"Basic {secret}"}
    async with aiohttp.ClientSession(gateway["http"], headers=headers) as session:
        line = _Line(session, user["user"])
        await line.open(gateway["ws"])
        calls = [_Call(line) for _ in range(count)]
        began = time.monotonic()
        await asyncio.gather(
            *(call.place(f"echo@{wire.domain_of(user['user'])}") for call in calls)
        )
        up_s = time.monotonic() - began
        await asyncio.gather(*(call.talk(seconds) for call in calls))
        await asyncio.gather(*(call.close() for call in calls))
        await line.close()
    sent = sum(call.sent for call in calls)
    back = sum(call.media.counts().frames_received for call in calls)
    return [
        Figure(f"{count} WebRTC calls at once: all up after", up_s, "s", "the lab rings 2 s"),
        Figure(f"{count} WebRTC calls at once: frames sent", sent, "", f"{seconds:.0f} s each"),
        Figure(f"{count} WebRTC calls at once: packets back", back, "", "one for each frame"),
    ]


class _Line:
    """One user's subscription; hands answers of the far ends to their calls."""

    def __init__(self, session: aiohttp.ClientSession, user: str) -> None:
        self.session = session
        self.user = user
        self.calls: dict[str, asyncio.Future[str]] = {}
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._url = ""

    async def open(self, sockets: str) -> None:
        """Subscribe to calls and open the notification socket."""
        wanted = wire.SubscribeRequest((wire.Service.CALL.value,), wire.EXPIRES_S, "bench")
        path = wire.resource_path(self.user, wire.Resource.SUBSCRIPTION)
        granted = wire.Subscription.read(await self.send("POST", path, wanted.body(first=True)))
        self._url = granted.url
        self._socket = await connect(f"{sockets}{granted.channel}")
        self._reading = asyncio.create_task(self._read(self._socket))

    async def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send one request and return the answer's JSON."""
        async with self.session.request(method, path, json=body, allow_redirects=False) as answer:
            answer.raise_for_status()
            return dict(await answer.json()) if answer.content_length else {}

    async def close(self) -> None:
        """Leave."""
        if self._reading is not None and self._socket is not None:
            self._reading.cancel()
            await self._socket.close()
        await self.send("DELETE", self._url)

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            notice = wire.decode(str(text))
            if not isinstance(notice, wire.CallNotice) or not notice.sdp:
                continue
            waiting = self.calls.get(notice.session)
            if waiting is not None and not waiting.done():
                waiting.set_result(notice.sdp)


class _Call:
    """One call with 20 ms mu-law frames at this end."""

    def __init__(self, line: _Line) -> None:
        self.media = FrameEnd(("PCMU",))
        self.sent = 0
        self._line = line
        self._up = asyncio.Event()
        self._peer = Peer(PeerSettings(codecs=("PCMU",)), self, self.media)
        self._path = ""

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        """Take note that sound can flow."""
        if state is PeerState.COMPLETED:
            self._up.set()

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        """Nothing depends on it here."""

    async def place(self, to: str) -> None:
        """Dial, and wait until sound flows."""
        line = self._line
        start = wire.CallRequest(
            wire.CallRequestType.START,
            sdp=await self._peer.offer(),
            to=wire.normalised(to, wire.domain_of(line.user)),
            from_=f"sip:{line.user}",
        )
        path = wire.resource_path(line.user, wire.Resource.CALL_CONTROL)
        session = wire.session_of(await line.send("POST", path, start.body()))
        answer = line.calls[session] = asyncio.get_running_loop().create_future()
        self._path = wire.resource_path(line.user, wire.Resource.CALL_SESSIONS, session)
        async with asyncio.timeout(_UP_LIMIT_S):
            await self._peer.accept(await answer)
            await self._up.wait()

    async def talk(self, seconds: float) -> None:
        """Send a frame every 20 ms from an absolute schedule."""
        began = time.monotonic()
        for slot in range(round(seconds / _FRAME_S)):
            await asyncio.sleep(max(0.0, began + slot * _FRAME_S - time.monotonic()))
            self.media.put(b"\x55" * 160)
            self.media.get()
            self.sent += 1

    async def close(self) -> None:
        """Hang up."""
        await self._line.send("DELETE", self._path)
        await self._peer.close()
