"""Figures of a WebRTC call: what it costs, and how long it takes to stand. Real sockets, one loop.

CPU figures stand beside a paced no-op of the same run: a loop that wakes as often and does nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from softphone.audio.block import BLOCK_S, BLOCK_SAMPLES, RATE_HZ, Samples, silence
from softphone.audio.figure import Figure

from .leg import RtpLeg
from .media import Media
from .peer import Peer, PeerSettings, PeerState, warm_up

_CODECS = ("opus", "PCMU")
_SETUPS = 5
_CONNECT_LIMIT_S = 20.0


@dataclass(slots=True)
class _Ends:
    """Two peers connected with each other; tells when both are ready."""

    near: Peer
    far: Peer


class _Quiet:
    """An owner that only needs to know that something changed."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        self.changed.set()

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        return


async def all_figures(seconds: float) -> list[Figure]:
    """Return the figures of this module; each CPU figure takes `seconds`."""
    warm_up()
    found = [await setup_time()]
    idle = await idle_share(seconds)
    found += [await call_share(codec, seconds, idle) for codec in _CODECS]
    return found


async def setup_time() -> Figure:
    """Return the time from an offer to both ends ready for sound, the median of some calls."""
    spent = []
    for _ in range(_SETUPS):
        start_s = time.perf_counter()
        ends = await _connected(RtpLeg(), RtpLeg())
        spent.append(time.perf_counter() - start_s)
        await _close(ends)
    bare_ms = 1000 * await _round_trips()
    median_ms = 1000 * sorted(spent)[_SETUPS // 2]
    return Figure(
        "WebRTC call set up, loopback",
        median_ms,
        "ms",
        "10 loopback exchanges",
        median_ms / bare_ms,
    )


async def call_share(codec: str, seconds: float, idle: float) -> Figure:
    """Return the share of a core that one end of a call takes: half of what both ends do."""
    near, far = RtpLeg((codec,)), RtpLeg((codec,))
    ends = await _connected(near, far)
    share = await _share(_both(near, far), seconds) / 2
    await _close(ends)
    name = f"WebRTC call with {codec}, one end"
    return Figure(name, share * 100, "% core", "a no-op every 10 ms", share / max(idle, 1e-6))


async def idle_share(seconds: float) -> float:
    """Return the share of a core that waking every 10 ms takes."""
    return await _share(lambda: None, seconds)


def _both(near: RtpLeg, far: RtpLeg) -> Callable[[], None]:
    """Return what one tick of 10 ms does at both ends."""
    sound, out = _speech(), silence()
    place = 0

    def step() -> None:
        nonlocal place
        block = sound[place : place + BLOCK_SAMPLES]
        for leg in (near, far):
            leg.capture(block)
            leg.play(out)
        place = (place + BLOCK_SAMPLES) % len(sound)

    return step


async def _share(step: Callable[[], None], seconds: float) -> float:
    """Return CPU time over real time of a step every 10 ms, with all that happens beside it."""
    loop = asyncio.get_running_loop()
    start_s, start_cpu_s = loop.time(), time.process_time()
    next_s = start_s
    while next_s < start_s + seconds:
        step()
        next_s += BLOCK_S
        await asyncio.sleep(max(0.0, next_s - loop.time()))
    return (time.process_time() - start_cpu_s) / (loop.time() - start_s)


async def _connected(near: Media, far: Media) -> _Ends:
    owner = _Quiet()
    ends = _Ends(Peer(PeerSettings(), owner, near), Peer(PeerSettings(), owner, far))
    await ends.near.accept(await ends.far.answer(await ends.near.offer()))
    async with asyncio.timeout(_CONNECT_LIMIT_S):
        while not all(p.state is PeerState.COMPLETED for p in (ends.near, ends.far)):
            owner.changed.clear()
            await owner.changed.wait()
    return ends


async def _close(ends: _Ends) -> None:
    await ends.near.close()
    await ends.far.close()


async def _round_trips() -> float:
    """Return the seconds of ten exchanges over a bare TCP connection on loopback."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    start_s = time.perf_counter()
    for _ in range(10):
        writer.write(b"x")
        await reader.readexactly(1)
    spent_s = time.perf_counter() - start_s
    writer.close()
    await writer.wait_closed()
    server.close()
    return spent_s


def _speech() -> Samples:
    """Return ten seconds of a voiced sound with pauses."""
    place = np.arange(10 * RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 140 * k * place) / k for k in range(1, 20))
    made = 4000 * voice * (np.sin(2 * np.pi * 0.7 * place) > -0.3)
    return np.asarray(np.clip(np.rint(made), -32768, 32767), np.int16)
