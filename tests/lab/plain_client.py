"""A bare operator client, written from the SDK's documentation; it imports nothing of ours.

It knows the protocol a second time, so that client and lab cannot agree on the same mistake.
"""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

LIMIT_S = 5.0
SILENCE = b"\xff" * 160


def request(
    method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, dict[str, str]]:
    """Return status, JSON (None when there is none) and headers of one HTTP request."""
    made = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(made, timeout=LIMIT_S) as answer:
            return answer.status, _json(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, _json(problem.read()), dict(problem.headers)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


async def in_thread(
    method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, dict[str, str]]:
    """Do `request` beside the event loop in which the lab runs."""
    return await asyncio.to_thread(request, method, url, body, headers)


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


class Presence:
    """One presence socket; keeps everything it was told in `said`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.said: list[dict[str, Any]] = []

    @classmethod
    async def open(cls, core_url: str, token: str) -> Presence:
        url = f"{core_url.replace('http', 'ws', 1)}/operator-presence/ws?token={quote(token)}"
        return cls(
            await connect(url, proxy=None, max_size=None, max_queue=None, open_timeout=LIMIT_S)
        )

    async def send(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self) -> Any:
        """Return the next message: an object, or the text or bytes when it is none."""
        raw = await asyncio.wait_for(self.socket.recv(), LIMIT_S)
        try:
            message = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        self.said.append(message)
        return message

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of this type, passing over others."""
        while True:
            message = await self.next()
            if isinstance(message, dict) and message.get("type") == kind:
                return message

    async def available(self, *numbers: str) -> dict[str, Any]:
        await self.send(type="set_available", phoneNumberIds=list(numbers))
        return await self.until("available_set")

    async def closed(self) -> int:
        """Return the code with which the server closes, passing over what comes before."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006

    async def nothing_within(self, seconds: float) -> bool:
        """Tell whether no message comes for this time."""
        try:
            await asyncio.wait_for(self.socket.recv(), seconds)
        except TimeoutError:
            return True
        return False


class Audio:
    """One audio socket: sends frames in real time, keeps what it heard."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard = bytearray()
        self.sizes: list[int] = []
        self.texts: list[str] = []
        self.close_code: int | None = None
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._sender: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, core_url: str, sid: str, token: str, sock: socket.socket | None = None
    ) -> Audio:
        """Open the audio socket; `sock` is a TCP connection to use."""
        base = core_url.replace("http", "ws", 1)
        url = f"{base}/operator-audio/ws/{quote(sid, safe='')}?token={quote(token)}"
        return cls(
            await connect(
                url,
                proxy=None,
                compression=None,
                max_size=None,
                max_queue=None,
                open_timeout=LIMIT_S,
                sock=sock,
            )
        )

    async def _read(self) -> None:
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.heard += message
                    self.sizes.append(len(message))
                else:
                    self.texts.append(message)
                self._news.set()
        except ConnectionClosed:
            pass
        self.close_code = self.socket.close_code

    def talk(self, codes: bytes) -> None:
        """Send these codes, 160 every 20 ms, silence after their end."""
        self._sender = asyncio.create_task(self._send(codes))

    async def _send(self, codes: bytes) -> None:
        now = asyncio.get_running_loop().time
        start, slot = now(), 0
        try:
            while True:
                frame = codes[slot * 160 : slot * 160 + 160].ljust(160, b"\xff")
                await self.socket.send(frame)
                slot += 1
                await asyncio.sleep(max(0.0, start + slot * 0.02 - now()))
        except ConnectionClosed:
            pass

    async def control(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, codes: int) -> bytes:
        """Wait until so many mu-law codes have come; return all that were heard."""
        async with asyncio.timeout(codes / 8000 + LIMIT_S):
            while len(self.heard) < codes:
                self._news.clear()
                await self._news.wait()
        return bytes(self.heard)

    async def told(self, kind: str) -> dict[str, Any]:
        """Wait for a control message of this type."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for text in self.texts:
                    message: dict[str, Any] = json.loads(text)
                    if message["type"] == kind:
                        return message
                self._news.clear()
                await self._news.wait()

    async def closed(self) -> int:
        """Return the code with which the socket ended."""
        await asyncio.wait_for(self._reader, LIMIT_S)
        return 1006 if self.close_code is None else self.close_code

    async def hang_up(self) -> int:
        """Say hang-up and close, as the SDK does."""
        await self.control(type="hangup")
        await self.socket.close(1000)
        return await self.closed()

    async def leave(self) -> None:
        """Close whatever is open."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait([self._sender])
        await self.socket.close()
        await asyncio.wait([self._reader])
