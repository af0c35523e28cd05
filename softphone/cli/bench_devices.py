"""Sound through real devices, for `softphone bench --audio`: delay, stumbles, a device that dies.

PortAudio, ALSA and PulseAudio are the real ones, with null sinks in place of cards. The sound
engine is a process of its own, as in the product; it sends to a relay that sends everything back,
so that what is said into `vmic` comes out of `vspk`: mouth to ear, with one network between.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from softphone.audio.figure import Figure, at_most, not_taken, ratio_at_most

from .bench_cards import VirtualCards, why_not
from .bench_line import relay

_BURSTS = 20
_UI_S = 20.0
_LOST_WITHIN_S = 5.0
_CALL_AFTER_S = 2.0
_LIMIT_S = 90.0
_NAMES = (
    "mouth to ear",
    "mouth to ear, beside the bare devices",
    "mouth to ear p95, busy console minus idle",
    "late blocks, engine apart beside engine in the console",
    "console tick lateness p99, our settings beside default",
    "device lost: time to notice",
    "device lost: frames a second the call still sends",
)


async def measure_devices() -> list[Figure]:
    """Return the figures; takes about two minutes."""
    reason = why_not()
    if reason:
        return [not_taken(name, reason) for name in _NAMES]
    with VirtualCards() as cards:
        figures = await _delays_and_stumbles(cards)
        return figures + await _lost(cards)


# ---- delay and stumbles ------------------------------------------------------------------------


async def _delays_and_stumbles(cards: VirtualCards) -> list[Figure]:
    bare = await _probe(cards, "vspk", "vear")
    async with relay() as url:
        async with _engine(cards, url) as engine:
            idle = await _probe(cards, "vfeed", "vear")
            busy_ui = asyncio.create_task(_ui(cards, "--product"))
            busy = await _probe(cards, "vfeed", "vear")
            apart = await busy_ui
        inside = await _ui(cards, "--audio", url)
    if not (bare and idle and busy):
        return [not_taken(name, "no burst came back") for name in _NAMES[:5]]
    loop_ms, mouth_ms = statistics.median(bare), statistics.median(idle)
    grown_ms = _p95(busy) - _p95(idle)
    late = engine.said.get("underflows", 0)
    default, ours = inside["late_p99_ms"], apart["late_p99_ms"]
    return [
        at_most(_NAMES[0], mouth_ms, "ms", 100.0),
        ratio_at_most(_NAMES[1], mouth_ms, "ms", "a bare PortAudio loop", loop_ms, 3.5),
        at_most(_NAMES[2], grown_ms, "ms", 20.0, f"idle p95 {_p95(idle):.0f} ms"),
        ratio_at_most(_NAMES[3], late, "", "engine inside, default", inside["underflows"], 0.1),
        ratio_at_most(_NAMES[4], ours, "ms", "default collector", default, 0.6),
    ]


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


async def _probe(cards: VirtualCards, output: str, input_: str) -> list[float]:
    found = await _run(cards.environment, "bench_probe", output, input_, str(_BURSTS))
    return list(found.get("delays_ms", ()))


async def _ui(cards: VirtualCards, *arguments: str) -> dict[str, Any]:
    return await _run(cards.environment, "bench_ui", str(_UI_S), *arguments)


# ---- a device that dies ------------------------------------------------------------------------


async def _lost(cards: VirtualCards) -> list[Figure]:
    """Kill the sound server in a call: how soon it is noticed, and whether the call goes on."""
    frames = 0

    def heard(_frame: bytes) -> None:
        nonlocal frames
        frames += 1

    async with relay(heard) as url, _engine(cards, url) as engine:
        await asyncio.sleep(_CALL_AFTER_S)
        killed_s = cards.kill()
        noticed_s = await engine.when("device_lost", _LOST_WITHIN_S)
        before = frames
        await asyncio.sleep(_CALL_AFTER_S)
        rate = (frames - before) / _CALL_AFTER_S
    if noticed_s is None:
        return [not_taken(name, "it was never noticed") for name in _NAMES[5:]]
    steady = Figure(_NAMES[6], rate, "", "50", rate / 50, 50.0, ">= 0.9 x", rate >= 45)
    return [at_most(_NAMES[5], 1000 * (noticed_s - killed_s), "ms", 250.0), steady]


# ---- processes ---------------------------------------------------------------------------------


@dataclass
class _Engine:
    """What the engine's process said so far."""

    said: dict[str, Any] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def when(self, report: str, limit_s: float) -> float | None:
        """Return when it reported this (monotonic seconds), None when it does not."""
        try:
            async with asyncio.timeout(limit_s):
                while report not in self.said:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return None
        return float(self.said[report])


@asynccontextmanager
async def _engine(cards: VirtualCards, url: str) -> AsyncIterator[_Engine]:
    """Run the sound engine in a call with a relay while the block lasts."""
    process = await _start(cards.environment, "bench_engine", url, stdin=asyncio.subprocess.PIPE)
    engine = _Engine()
    assert process.stdout is not None and process.stdin is not None
    reading = asyncio.create_task(_read(process.stdout, engine))
    try:
        yield engine
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), _LIMIT_S)
        await reading


async def _read(lines: asyncio.StreamReader, engine: _Engine) -> None:
    async for line in lines:
        said = json.loads(line)
        if "report" in said:
            engine.said.setdefault(said["report"], said["at_s"])
        else:
            engine.said |= said
        engine.news.set()


async def _run(environment: Mapping[str, str], module: str, *arguments: str) -> dict[str, Any]:
    """Run a module of ours and return the JSON it prints."""
    process = await _start(environment, module, *arguments, stdin=asyncio.subprocess.DEVNULL)
    out, _ = await asyncio.wait_for(process.communicate(), _LIMIT_S)
    try:
        return dict(json.loads(out))
    except ValueError:
        return {}


async def _start(
    environment: Mapping[str, str], module: str, *arguments: str, stdin: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"softphone.cli.{module}", *arguments),
        env={**os.environ, **environment},
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
