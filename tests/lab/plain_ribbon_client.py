"""A bare client of the WebRTC gateway, written from its protocol reference: aiohttp and aiortc.

It imports nothing of ours and knows the protocol a second time, so that client and lab cannot
agree on the same mistake. `python plain_ribbon_client.py URL` with a password in the environment
runs the main flows against a gateway; see `main`.
"""

from __future__ import annotations

import asyncio
import base64
import fractions
import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np
from aioice import ice
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from av import AudioFrame
from yarl import URL

LIMIT_S = 8.0
REST = "/rest/version/1/user"
RATE_HZ = 48_000
_SAMPLES = 960


_addresses = ice.get_host_addresses


def _gather_loopback() -> None:
    """Let a machine with nothing but 127.0.0.1 have a candidate: aioice leaves that out."""
    ice.get_host_addresses = lambda use_ipv4, use_ipv6: (
        _addresses(use_ipv4, use_ipv6) or ["127.0.0.1"]
    )


class Tone(AudioStreamTrack):
    """A sine, or silence with 0 Hz."""

    def __init__(self, hz: float = 0.0) -> None:
        super().__init__()
        self.hz = hz
        self.second_hz = 0.0
        self._place = 0
        self._began: float | None = None

    def play_pair(self, low_hz: float, high_hz: float) -> None:
        """Say two frequencies from now on, as a key does."""
        self.hz, self.second_hz = low_hz, high_hz

    async def recv(self) -> AudioFrame:
        if self._began is None:
            self._began = time.monotonic()
        due = self._began + self._place / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        at = (np.arange(_SAMPLES) + self._place) / RATE_HZ
        both = np.sin(2 * np.pi * self.hz * at) + np.sin(2 * np.pi * self.second_hz * at)
        sound = (8000 * both).astype(np.int16)
        frame = AudioFrame.from_ndarray(sound.reshape(1, -1), layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, self._place
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        self._place += _SAMPLES
        return frame


class Media:
    """One peer connection: says a tone, keeps what it hears. Gives every SDP one `o=` id."""

    def __init__(self, hz: float = 0.0, codec: str = "") -> None:
        _gather_loopback()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.tone = Tone(hz)
        self.heard: list[np.ndarray] = []
        self.frames = 0
        self._codec = codec
        self._id = str(int(time.time() * 1e6))
        self._version = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.pc.on("track", self._track)

    def _add(self) -> None:
        if not self.pc.getTransceivers():
            self.pc.addTransceiver(self.tone, direction="sendrecv")
        self._prefer()

    def _prefer(self) -> None:
        if self._codec:
            every = RTCRtpSender.getCapabilities("audio").codecs
            only = [c for c in every if c.mimeType.lower() == f"audio/{self._codec.lower()}"]
            for one in self.pc.getTransceivers():
                if one.kind == "audio":
                    one.setCodecPreferences(only)

    async def offer(self, direction: str = "sendrecv") -> str:
        self._add()
        for one in self.pc.getTransceivers():
            one.direction = direction
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self._text()

    async def answer(self, offer: str) -> str:
        offer = offer.replace("a=setup:active", "a=setup:actpass")
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for one in self.pc.getTransceivers():
            if one.kind == "video":
                one.direction = "inactive"
        senders = [x for x in self.pc.getTransceivers() if x.kind == "audio"]
        if senders and not senders[0].sender.track:
            senders[0].sender.replaceTrack(self.tone)
            senders[0].direction = "sendrecv"
        self._prefer()
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self._text()

    async def accept(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def _text(self) -> str:
        self._version += 1
        text = re.sub(
            r"o=(\S+) \S+ \S+ ",
            rf"o=\1 {self._id} {self._version} ",
            self.pc.localDescription.sdp,
            count=1,
        )
        return "".join(x for x in text.splitlines(True) if not x.startswith("a=extmap"))

    def _track(self, track: Any) -> None:
        receivers: Any = self.pc.getReceivers()
        for one in receivers:
            # An RTCP BYE must not end the track for good.
            one._handle_rtcp_packet = _without_bye(one._handle_rtcp_packet)
        self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: Any) -> None:
        try:
            while True:
                frame = await track.recv()
                sound = frame.to_ndarray().reshape(-1)
                channels = len(frame.layout.channels)
                self.heard.append(sound[::channels].astype(np.int16))
                self.frames += 1
        except MediaStreamError:
            pass

    def recent(self, seconds: float = 0.5) -> np.ndarray:
        """Return the last of what was heard, 48 kHz."""
        count = round(seconds * 50)
        return np.concatenate(self.heard[-count:]) if self.heard else np.zeros(1, np.int16)

    def loudest_hz(self, seconds: float = 0.5) -> float:
        sound = self.recent(seconds).astype(float)
        if len(sound) < 4800 or np.abs(sound).max() < 200:
            return 0.0
        rate = RATE_HZ if len(sound) >= seconds * 40_000 else 8_000
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        return float(np.argmax(spectrum)) * rate / len(sound)

    def strength(self, hz: float, seconds: float = 0.5) -> tuple[float, float]:
        """Return how much of a frequency was heard last, and how much of any other one."""
        sound = self.recent(seconds).astype(float)
        if len(sound) < 2400:
            return 0.0, 0.0
        rate = RATE_HZ if len(sound) >= seconds * 40_000 else 8_000
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        place = round(hz * len(sound) / rate)
        near = spectrum[max(0, place - 4) : place + 5].max()
        return float(near), float(np.median(spectrum[: len(spectrum) // 6]))

    def has_hz(self, hz: float, seconds: float = 0.5) -> bool:
        """Tell whether a frequency stands out in what was heard last."""
        near, usual = self.strength(hz, seconds)
        return near > 10 * usual and near > 20_000

    def level(self, seconds: float = 0.3) -> float:
        return float(np.sqrt(np.mean(self.recent(seconds).astype(float) ** 2)))

    async def hears(self, hz: float) -> None:
        await until(lambda: self.has_hz(hz), f"{hz} Hz")

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _without_bye(handle: Any) -> Any:
    async def handler(packet: Any) -> None:
        if type(packet).__name__ != "RtcpByePacket":
            await handle(packet)

    return handler


async def until(condition: Callable[[], object], what: str = "", limit_s: float = LIMIT_S) -> Any:
    """Wait until something is so and return it."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                if found := condition():
                    return found
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what or condition}") from None


class Client:
    """One device of a user: REST, one notification socket, everything told in `said`."""

    def __init__(self, url: str, user: str, password: str, **how: Any) -> None:
        self.url, self.user, self.password = url.rstrip("/"), user, password
        self.how = how
        self.said: list[dict[str, Any]] = []
        self.subscription: dict[str, Any] = {}
        self.closed_with: int | None = None
        self.http = aiohttp.ClientSession()
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self.media: list[Media] = []
        self._seen = 0

    @property
    def headers(self) -> dict[str, str]:
        if "session" in self.how:
            return {"x-session": self.how["session"]}
        if "hmac" in self.how:
            return {"x-token": self.how["hmac"]}
        if "bearer" in self.how:
            return {"Authorization": f"Bearer {self.how['bearer']}"}
        pair = f"{self.how.get('authname', self.user)}:{self.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    async def rest(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON (None without a body) of one request below the user's path."""
        place = path if path.startswith("/rest") else f"{REST}/{self.user}/{path}"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        data = None if body is None else json.dumps(body)
        address = URL(self.url + place, encoded=True)
        async with self.http.request(
            method,
            address,
            data=data,
            headers={**headers, **self.headers},
            ssl=self.how.get("ssl", True),
        ) as answer:
            text = await answer.text()
            try:
                return answer.status, json.loads(text) if text else None
            except ValueError:
                return answer.status, text

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, said = await self.rest(method, path, body)
        assert 200 <= status < 300, (method, path, status, said)
        return said

    async def subscribe(self, *services: str, correlator: str = "", **more: Any) -> Any:
        wanted = {
            "expires": 3600,
            "service": list(services or ("call", "IM", "Presence", "MWI", "custom")),
            "localization": "English_US",
            "useTurn": True,
            "notificationType": "WebSocket",
            "supported": ["RingingFeedback"],
            **({"clientCorrelator": correlator} if correlator else {}),
            **more,
        }
        said = await self.ok("POST", "subscription", {"subscribeRequest": wanted})
        self.subscription = said["subscribeResponse"]
        if "hmac" in self.how:
            self.how["session"] = self.subscription["subscriptionParams"]["sessionId"]
        return self.subscription

    async def connect(self, query: str = "") -> None:
        channel = self.subscription["subscriptionParams"]["notificationChannel"]
        address = self.url.replace("http", "ws", 1) + channel + query
        self.socket = await self.http.ws_connect(
            address, ssl=self.how.get("ssl", True), max_msg_size=0
        )
        self._reader = asyncio.create_task(self._read(self.socket))

    async def start(self, *services: str, **more: Any) -> Client:
        await self.subscribe(*services, **more)
        await self.connect()
        return self

    async def _read(self, socket: Any) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.said.append(json.loads(message.data)["notificationMessage"])
        self.closed_with = socket.close_code

    async def told(self, event: str, session: str = "") -> Any:
        """Wait for the next notification of a kind (about a session); each is given once."""

        def find() -> Any:
            for one in self.said:
                own = one.get("sessionParams", {}).get("sessionData", "")
                if one["eventType"] == event and session in ("", own):
                    return one
            return None

        found = await until(find, f"{event} for {self.user}, got {self.events()}")
        self.said.remove(found)
        return found

    def events(self) -> list[str]:
        return [one["eventType"] for one in self.said]

    # calls

    async def call(self, to: str, hz: float = 0.0, codec: str = "", **more: Any) -> Call:
        media = self._new_media(hz, codec)
        request = {
            "type": "callStart",
            "to": to if to.startswith("sip:") else f"sip:{to}",
            "from": f"sip:{self.user}",
            "sdp": await media.offer(),
            **more,
        }
        said = await self.ok("POST", "callControl", {"callControlRequest": request})
        return Call(self, said["callControlResponse"]["sessionData"], media)

    async def incoming(self) -> Call:
        """Wait until it rings, and say that it does."""
        notice = await self.told("call")
        call = Call(self, notice["sessionParams"]["sessionData"], self._new_media())
        call.notice = notice
        await call.put(type="ringing")
        return call

    def _new_media(self, hz: float = 0.0, codec: str = "") -> Media:
        media = Media(hz, codec)
        self.media.append(media)
        return media

    async def close(self) -> None:
        for media in self.media:
            await media.close()
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self.http.close()


class Call:
    """A call as this device sees it."""

    def __init__(self, client: Client, session: str, media: Media) -> None:
        self.client, self.session, self.media = client, session, media
        self.notice: dict[str, Any] = {}

    @property
    def path(self) -> str:
        return f"callControl/callSessions/{self.session}"

    async def put(self, **request: Any) -> Any:
        return await self.client.ok("PUT", self.path, {"callControlRequest": request})

    async def told(self, event: str) -> Any:
        return await self.client.told(event, self.session)

    async def answered(self) -> Any:
        """Wait for the answer to what was offered and apply it."""
        notice = await self.told("respondCallUpdate")
        await self.media.accept(notice["sessionParams"]["sdp"])
        return notice

    async def answer(self, hz: float = 0.0) -> None:
        self.media.tone.hz = hz
        offer = self.notice["sessionParams"].get("sdp")
        sdp = await self.media.answer(offer) if offer else await self.media.offer()
        await self.put(type="callAnswer", sdp=sdp)

    async def change(self, direction: str) -> Any:
        """Offer a hold (inactive) or the end of one (sendrecv)."""
        await self.put(type="startCallUpdate", sdp=await self.media.offer(direction))
        return await self.answered()

    async def respond(self) -> Any:
        """Wait for the other side's offer and answer it; a new far end gets a new connection."""
        notice = await self.told("startCallUpdate")
        offer = notice["sessionParams"].get("sdp")
        if offer is None or self._is_new(offer):
            self._renew()
        sdp = await self.media.answer(offer) if offer else await self.media.offer()
        await self.put(type="respondCallUpdate", sdp=sdp)
        return notice

    def _is_new(self, offer: str) -> bool:
        known = self.media.pc.remoteDescription
        return known is not None and _origin(known.sdp) != _origin(offer)

    def _renew(self) -> None:
        self.media = self.client._new_media(self.media.tone.hz)

    async def end(self) -> None:
        await self.client.rest("DELETE", self.path)


def _origin(sdp: str) -> str:
    found = re.search(r"^o=\S+ (\S+)", sdp, re.MULTILINE)
    return found[1] if found else ""


async def main(url: str, user: str, peer: str) -> None:
    """Sign in as `user`, call `peer`, hold, resume, hang up; the password is in PASSWORD."""
    client = Client(url, user, os.environ["PASSWORD"])
    try:
        await client.start()
        call = await client.call(peer, 440.0)
        await call.answered()
        await call.media.hears(440.0)
        await call.change("inactive")
        await call.change("sendrecv")
        await call.end()
        await client.rest("DELETE", client.subscription["subscription"])
        print("done")
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
