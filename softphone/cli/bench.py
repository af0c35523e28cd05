"""`softphone bench`: what this machine does. Each figure stands beside its reference or limit."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .options import parse, parser, print_json, with_json

_FRAME_S = 0.02


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `limit` is what we aim at, or what it stands beside."""

    name: str
    value: float
    unit: str
    limit: str


def run(name: str, arguments: Sequence[str]) -> int:
    """Measure and print."""
    made = with_json(
        parser(
            name,
            "Measure what this machine does; leave it alone meanwhile.",
            "softphone bench --audio",
            "softphone bench --seconds 60 --calls 100 --json",
        )
    )
    made.add_argument("--audio", action="store_true", help="only the signal code")
    made.add_argument("--seconds", type=float, default=10.0, metavar="S", help="length of a call")
    made.add_argument("--calls", type=int, default=100, metavar="N", help="calls at once")
    options = parse(made, arguments)
    for figure in _figures(options):
        if options.json:
            print_json({"type": "figure", **asdict(figure)})
        else:
            print(f"{figure.name:<52} {figure.value:>10.2f} {figure.unit:<6} {figure.limit}")
    return 0


def _figures(options: argparse.Namespace) -> Iterator[Figure]:
    from softphone.audio.bench import all_figures

    for figure in all_figures():
        beside = f"{figure.ratio:.1f} x {figure.reference}"
        yield Figure(figure.name, figure.value, figure.unit, beside)
    if not options.audio:
        yield from asyncio.run(_one_call(options.seconds))
        yield from asyncio.run(_many_calls(options.calls, options.seconds))


# ---- one call through engine and lab -----------------------------------------------------------


async def _one_call(seconds: float) -> list[Figure]:
    """Place one call on a lab of its own; read the engine's CPU time and memory."""
    from softphone.engine.start import Invocation, find_or_start
    from softphone.model.command import Dial, HangUp, Shutdown

    from .watch import Follower

    link = None
    with tempfile.TemporaryDirectory(prefix="sp-bench-") as folder, _own_folders(folder):
        from softphone.engine.link import Role

        link = await find_or_start(Invocation(lab=True), Role.COMMAND, "bench")
        follower = Follower(link, lambda call: None)
        await follower.online("")
        pid = link.engine.pid
        following = asyncio.create_task(follower.until_over(lambda c: c.owner == link.client))
        placed = (await link.request(Dial("echo"))).value
        await asyncio.sleep(3.0)  # the lab lets it ring for 2 s
        cpu, began = _cpu_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        share = (_cpu_s(pid) - cpu) / (time.monotonic() - began)
        memory = _memory_mb(pid)
        if placed is not None and hasattr(placed, "call"):
            await link.request(HangUp(placed.call))
        followed = await following
        await link.request(Shutdown())
        await link.close()
    quality = followed.quality
    sent = quality.frames_sent if quality and quality.frames_sent else 0
    wanted = (followed.call.ended_mono or 0.0) - followed.call.created_mono
    return [
        Figure("engine CPU, one call", share * 100, "%", "aim 2; baresip 1.2 to 1.5"),
        Figure("engine memory in a call", memory, "MB", "limit 60; baresip 9.5 to 16"),
        Figure("frames sent in that call", sent, "", f"{wanted / _FRAME_S:.0f} slots at most"),
        Figure("concealed in that call", _of(quality, "concealed_ms"), "ms", "expected 0"),
        Figure("jitter of that call", _of(quality, "jitter_ms"), "ms", ""),
    ]


def _of(quality: object, name: str) -> float:
    value = getattr(quality, name, None)
    return float(value) if value is not None else float("nan")


class _own_folders:
    """State and runtime folders of our own while the block lasts."""

    def __init__(self, folder: str) -> None:
        self._wanted = {
            "SOFTPHONE_STATE_DIR": str(Path(folder) / "state"),
            "SOFTPHONE_RUNTIME_DIR": str(Path(folder) / "run"),
        }
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._wanted}
        os.environ.update(self._wanted)

    def __exit__(self, *_problem: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _cpu_s(pid: int) -> float:
    """Return CPU seconds of a process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


# ---- many calls between bare clients and the lab ------------------------------------------------


async def _many_calls(count: int, seconds: float) -> list[Figure]:
    """Let `count` bare clients talk to the lab at once; look at what comes back, and when."""
    async with _lab() as ready:
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
async def _lab() -> AsyncIterator[dict[str, Any]]:
    import json

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
        import aiohttp
        from websockets.asyncio.client import connect

        from softphone.adapters.audin import wire

        audin = self._ready["audin"]
        names = wire.Wire()
        number = audin["numbers"][0]
        body = wire.token_request(self._ref, self._ref, (number["id"],))
        async with aiohttp.ClientSession() as session:
            url, headers = audin["token_url"], {"X-API-Key": audin["api_key"]}
            async with session.post(url, json=body, headers=headers) as answer:
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
        while (slot := self.slots) < seconds / _FRAME_S:
            await asyncio.sleep(max(0.0, began + slot * _FRAME_S - time.monotonic()))
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
