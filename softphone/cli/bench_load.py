"""Many calls at once, between bare clients and the lab, for `softphone bench`."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from websockets.asyncio.client import connect

from softphone.adapters.audin import wire

from .bench import Figure


async def measure_load(count: int, seconds: float) -> list[Figure]:
    """Let `count` bare clients talk to the lab at once; look at what comes back, and when."""
    async with running_lab() as ready:
        clients = [_Bare(ready, number) for number in range(count)]
        await asyncio.gather(*(client.connect() for client in clients))
        await asyncio.gather(*(client.talk(seconds) for client in clients))
    gaps = sorted(gap for client in clients for gap in client.gaps_s)
    sent = sum(client.sent for client in clients)
    back = sum(client.received for client in clients)
    slots = sum(client.slots for client in clients)
    return [
        Figure(f"{count} calls at once: frames sent", sent, "", f"{slots} slots"),
        Figure(f"{count} calls at once: frames back", back, "", "one for each slot"),
        Figure("spacing of frames, median", statistics.median(gaps) * 1000, "ms", "20"),
        Figure("spacing of frames, p99", gaps[int(len(gaps) * 0.99)] * 1000, "ms", "20"),
    ]


@asynccontextmanager
async def running_lab() -> AsyncIterator[dict[str, Any]]:
    """Run a quiet lab in a process of its own for the length of a block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "softphone", "lab", "--json", "--with-parent"),
        *("--scenario", "quiet"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    assert process.stdout is not None and process.stdin is not None
    yield json.loads(await process.stdout.readline())
    process.stdin.close()
    await process.wait()


class _Bare:
    """One operator without engine: presence, one call to the echo, paced frames."""

    def __init__(self, ready: dict[str, Any], number: int) -> None:
        self._ready = ready
        self._ref = f"bench-{number}"
        self.sent = self.received = self.slots = 0
        self.gaps_s: list[float] = []

    async def connect(self) -> None:
        """Dial the echo and open its audio socket."""
        audin = self._ready["audin"]
        names = wire.Wire()
        number = audin["numbers"][0]
        body = wire.token_request(self._ref, self._ref, (number["id"],))
        async with aiohttp.ClientSession() as session:
            url, headers = audin["token_url"], {wire.API_KEY_HEADER: audin["api_key"]}
            async with session.post(
                url, json=body, headers=headers, allow_redirects=False
            ) as answer:
                token = wire.token_answer(await answer.json()).token
        core = audin["core_url"]
        self._presence = await connect(wire.presence_url(core, token, names))
        dial = wire.StartOutbound(self._ready["far_ends"]["echo"], number["phone_number"])
        await self._presence.send(wire.encode(dial, names))
        while True:
            said = wire.decode_server(str(await self._presence.recv()), names)
            if isinstance(said, wire.OutboundStarted):
                break
        url = wire.audio_url(core, said.call_sid, token, names)
        self._audio = await connect(url, compression=None, max_queue=256)

    async def talk(self, seconds: float) -> None:
        """Send a frame every 20 ms from an absolute schedule; note when frames come."""
        reading = asyncio.create_task(self._read())
        began = time.monotonic()
        frame = b"\x55" * 160
        while (slot := self.slots) < seconds / wire.FRAME_S:
            await asyncio.sleep(max(0.0, began + slot * wire.FRAME_S - time.monotonic()))
            await self._audio.send(frame)
            self.slots += 1
            self.sent += 1
        reading.cancel()
        await self._audio.close()
        await self._presence.close()

    async def _read(self) -> None:
        last = None
        async for _ in self._audio:
            now = time.monotonic()
            if last is not None:
                self.gaps_s.append(now - last)
            last = now
            self.received += 1
