"""A second gateway, written from the protocol reference with aiohttp and aiortc alone.

It imports nothing of ours, so that both sides of a mistake cannot be the same one. Whoever is
dialled echoes; `ring` lets an echo call the user. Answers first, notifications 50 ms later.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from typing import Any

from aiohttp import WSMsgType, web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

USER, PASSWORD = "alice@example.com", "geheim"
BASE = f"/rest/version/1/user/{USER}"


class Echo:
    """One far end: an aiortc connection that sends back what it gets."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection()
        self.origin = str(id(self))
        self.version = 0
        self.frames = 0

    def sent(self) -> str:
        """The local description with a constant o= id and no header extensions."""
        self.version += 1
        text = re.sub(
            r"(?m)^o=- \d+ \d+", f"o=- {self.origin} {self.version}", self.pc.localDescription.sdp
        )
        return re.sub(r"(?m)^a=extmap:.*\r?\n", "", text)

    async def answer(self, offer: str) -> str:
        """Answer an offer; the first one brings the track to echo."""

        @self.pc.on("track")
        def came(track: MediaStreamTrack) -> None:
            if track.kind == "audio":
                self.pc.addTrack(track)

        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.sent()

    async def offer(self) -> str:
        """Offer a line that sends silence (aiortc's own track) and takes what comes."""
        from aiortc.mediastreams import AudioStreamTrack

        self.pc.addTrack(AudioStreamTrack())

        @self.pc.on("track")
        def came(track: MediaStreamTrack) -> None:
            self.reading = asyncio.ensure_future(self._read(track))

        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.sent()

    async def take(self, answer: str) -> None:
        """Take the answer to the own offer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                await track.recv()
            except Exception:  # the track's end, which aiortc tells in this way
                return
            self.frames += 1


class PlainGateway:
    """One user, one subscription, any number of calls with echoes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.sessions: dict[str, Echo] = {}
        self.rings: dict[str, Echo] = {}
        self.deleted: list[str] = []
        self.socket: web.WebSocketResponse | None = None
        self.frames: list[str] = []
        self._ids = itertools.count(1)
        self._jobs: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen and return the base URL."""
        app = web.Application()
        app.router.add_get("/rest/version/1/websocket/ch-1", self._channel)
        app.router.add_route("*", "/rest/version/1/user/{user}/{rest:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        for echo in (*self.sessions.values(), *self.rings.values()):
            await echo.pc.close()
        if self.socket is not None:
            await self.socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def ring(self) -> str:
        """Let an echo call the user; return the session."""
        session, echo = f"B{next(self._ids)}", Echo()
        self.rings[session] = echo
        await self.tell("call", session, {"sdp": await echo.offer()})
        return session

    async def tell(self, event: str, session: str, more: dict[str, Any] | None = None) -> None:
        names = dict.fromkeys(("callerName", "remoteName"), "Plain Echo")
        numbers = dict.fromkeys(("callerDisplayNumber", "remoteDisplayNumber"), "echo@example.com")
        message = {
            "eventType": event,
            "eventId": f"e{next(self._ids)}",
            "sessionParams": {"sessionData": session, **(more or {})},
            "callNotificationParams": {**names, **numbers, "calleeDisplayNumber": USER},
        }
        assert self.socket is not None
        await self.socket.send_str(json.dumps({"notificationMessage": message}))

    # ---- requests ------------------------------------------------------------------------------

    async def _channel(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        async for message in self.socket:
            if message.type is WSMsgType.TEXT:
                self.frames.append(message.data)
        return self.socket

    async def _rest(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        rest = request.match_info["rest"]
        if given != right or "@" not in request.raw_path:
            return web.json_response({"subscribeResponse": {"statusCode": 4}}, status=403)
        body = json.loads(await request.text() or "{}")
        self.seen.append((request.method, rest, body))
        if rest.startswith("subscription"):
            return self._subscription(request.method, body)
        if rest.startswith("callControl"):
            return await self._call(request.method, rest, body.get("callControlRequest", {}))
        if rest == "calldisposition":
            return web.json_response({"callDispositionResponse": {"statusCode": 0}})
        return web.json_response({"message": "nothing here"}, status=404)

    def _subscription(self, method: str, body: Any) -> web.Response:
        if method == "DELETE":
            return web.Response(status=204)
        asked = body["subscribeRequest"]
        params = {
            "expires": asked["expires"],
            "service": asked["service"],
            "notificationType": "WebSocket",
            "notificationChannel": "/rest/version/1/websocket/ch-1",
            "clientCorrelator": asked.get("clientCorrelator"),
        }
        answer = {"statusCode": 0, "subscription": f"{BASE}/subscription/s1"}
        return web.json_response({"subscribeResponse": {**answer, "subscriptionParams": params}})

    async def _call(self, method: str, rest: str, request: Any) -> web.Response:
        session = rest.rpartition("/")[2]
        if method == "DELETE":
            self.deleted.append(session)
            return web.Response(status=200)  # an empty body is fine here (1.5)
        kind = request.get("type")
        if kind == "callStart":
            session = f"A{next(self._ids)}"
            self.sessions[session] = Echo()
            self._soon(self._answered(session, request["sdp"], rings=True))
            return web.json_response(
                {"callControlResponse": {"statusCode": 0, "sessionData": session}}
            )
        if session not in self.sessions and session not in self.rings:
            return web.json_response({"callControlResponse": {"statusCode": 42}}, status=404)
        if kind == "startCallUpdate":
            self._soon(self._answered(session, request["sdp"], rings=False))
        if kind == "callAnswer":
            await self.rings[session].take(request["sdp"])
            self.sessions[session] = self.rings[session]
        return web.json_response({"callControlResponse": {"statusCode": 0}})

    async def _answered(self, session: str, offer: str, *, rings: bool) -> None:
        await asyncio.sleep(0.05)  # the answer to the request goes first (4.5)
        if rings:
            await self.tell("ringing", session)
        answer = await self.sessions[session].answer(offer)
        await self.tell("respondCallUpdate", session, {"sdp": answer})

    def _soon(self, work: Any) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
