"""One call through engine and lab, for `softphone bench`: CPU, memory, frames, delay, speech."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from softphone.audio.g711 import decode_mulaw
from softphone.audio.wav import WavReader, WavWriter
from softphone.engine.connect import SocketLink
from softphone.engine.link import Role
from softphone.engine.start import Invocation, find_or_start
from softphone.lab.prompts import prompt
from softphone.lab.sounds import ECHO_DELAY_S
from softphone.model.call import Call
from softphone.model.command import CallPlaced, Dial, HangUp, Reply, Shutdown
from softphone.model.event import CallChanged, QualityMeasured
from softphone.model.quality import QualitySample

from .bench import Figure
from .check import find_bursts, write_bursts
from .options import done
from .watch import Followed, Follower, complete

_RATE_HZ = 8_000
_FRAME_S = 0.02
_ANSWERED_AFTER_S = 3.0  # the lab lets it ring for 2 s
_FREEZE_S = 0.3
_SETTLE_S = 9.0
_NEAR_MS = 10.0
Signal = npt.NDArray[np.float64]


async def measure_call(seconds: float) -> list[Figure]:
    """Measure on an engine and a lab of our own."""
    with tempfile.TemporaryDirectory(prefix="sp-bench-") as name, _own_folders(Path(name)):
        folder = Path(name)
        link = await find_or_start(Invocation(lab=True), Role.COMMAND, "bench")
        try:
            await Follower(link, lambda call: None).online("")
            figures = await _long_call(link, seconds)
            figures += await _freeze(link.engine.pid)
            figures += await _delay(folder)
            figures += await _speech(folder)
        finally:
            await link.request(Shutdown())
            await link.close()
    return figures


# ---- the figures -------------------------------------------------------------------------------


async def _long_call(link: SocketLink, seconds: float) -> list[Figure]:
    """Talk to the echo for a while; read the engine's CPU time and memory."""
    pid = link.engine.pid
    measured: dict[str, float] = {}

    async def measure() -> None:
        await asyncio.sleep(_ANSWERED_AFTER_S)
        cpu, began = _cpu_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        measured["cpu"] = (_cpu_s(pid) - cpu) / (time.monotonic() - began)
        measured["memory"] = _memory_mb(pid)

    followed = await _call_while(Dial("echo"), measure)
    quality, call = followed.quality, followed.call
    sent = quality.frames_sent if quality and quality.frames_sent else 0
    slots = ((call.ended_mono or 0.0) - call.created_mono) / _FRAME_S
    concealed = quality.concealed_ms if quality and quality.concealed_ms is not None else 0.0
    return [
        Figure("engine CPU, one call", measured["cpu"] * 100, "%", "aim 2; baresip 1.2 to 1.5"),
        Figure("engine memory in a call", measured["memory"], "MB", "limit 60; baresip 9.5 to 16"),
        Figure("frames sent in that call", sent, "", f"{slots:.0f} slots at most"),
        Figure("concealed in that call", concealed, "ms", "expected 0"),
    ]


async def _freeze(pid: int) -> list[Figure]:
    """Stop the engine for 300 ms; see how deep its buffer gets, and when it is back."""
    depths: list[tuple[float, float]] = []
    stopped_at = 0.0

    async def freeze() -> None:
        nonlocal stopped_at
        await asyncio.sleep(_ANSWERED_AFTER_S + 4.0)
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(_FREEZE_S)
        os.kill(pid, signal.SIGCONT)
        stopped_at = time.monotonic()
        await asyncio.sleep(_SETTLE_S)

    def seen(sample: QualityMeasured) -> None:
        depths.append((time.monotonic(), sample.sample.buffer_ms or 0.0))

    await _call_while(Dial("tone"), freeze, seen)
    usual = max(depth for at, depth in depths if stopped_at - 4.0 < at < stopped_at - _FREEZE_S)
    after = [(at - stopped_at, depth) for at, depth in depths if at >= stopped_at]
    deep = [at for at, depth in after if depth > usual + _NEAR_MS]
    return [
        Figure("buffer before a 300 ms freeze", usual, "ms", ""),
        Figure("buffer after it, at most", max(depth for _, depth in after), "ms", ""),
        Figure(
            "delay back to usual within", max(deep, default=0.0) + 1.0, "s", "aim 5; baresip never"
        ),
    ]


async def _delay(folder: Path) -> list[Figure]:
    """Measure what comes back of bursts, without the time the echo holds them."""
    sent, back = folder / "bursts.wav", folder / "back.wav"
    seconds = write_bursts(sent)

    async def listen() -> None:
        await asyncio.sleep(_ANSWERED_AFTER_S + seconds + 0.5)

    await _call_while(Dial("echo", play=str(sent), record=str(back), both=True), listen)
    await complete(str(back))
    heard = find_bursts(back)
    trips = sorted(delay - ECHO_DELAY_S * 1000 for delay in heard.delays_ms)
    middle = trips[len(trips) // 2] if trips else float("nan")
    return [
        Figure("bursts heard of those sent", len(trips), "", f"{heard.bursts} sent"),
        Figure("mouth to ear and back, without devices", middle, "ms", "two ways"),
    ]


async def _speech(folder: Path) -> list[Figure]:
    """Send speech to the echo and score what comes back, beside plain G.711."""
    said = np.frombuffer(decode_mulaw(prompt("speech")), np.int16)
    path, back = folder / "said.wav", folder / "heard.wav"
    writer = WavWriter(path, _RATE_HZ)
    writer.write(said)
    writer.close()

    async def listen() -> None:
        await asyncio.sleep(_ANSWERED_AFTER_S + len(said) / _RATE_HZ + 0.5)

    await _call_while(Dial("echo", play=str(path), record=str(back)), listen)
    await complete(str(back))
    with WavReader(back) as reader:
        heard = reader.read(round(reader.duration_s * reader.rate_hz))
    score = _pesq(said.astype(np.float64), heard.astype(np.float64))
    if score is None:
        return []
    return [Figure("speech there and back", score, "MOS", "PESQ; 4.5 is the scale's top")]


def _pesq(said: Signal, heard: Signal) -> float | None:
    """Return narrowband PESQ of the aligned part, None where the package is not installed."""
    try:
        from pesq import pesq
    except ImportError:
        return None
    size = 1 << (len(said) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    place = int(np.argmax(np.fft.irfft(product, size)[: len(heard)]))
    part = heard[place : place + len(said)]
    length = min(len(part), len(said))
    return float(pesq(_RATE_HZ, said[:length], part[:length], "nb"))


# ---- calls -------------------------------------------------------------------------------------


async def _call_while(
    dial: Dial,
    work: Callable[[], Awaitable[None]],
    on_quality: Callable[[QualityMeasured], None] = lambda event: None,
) -> Followed:
    """Keep a call up while `work` runs, then end it."""
    link = await find_or_start(Invocation(lab=True), Role.COMMAND, "bench")
    last: Call | None = None
    quality: QualitySample | None = None
    try:
        placing = asyncio.create_task(link.request(dial))
        working = asyncio.create_task(_then_hang_up(link, placing, work))
        async for event in link.events():
            if isinstance(event, QualityMeasured) and last and event.sample.call == last.id:
                quality = event.sample
                on_quality(event)
            elif isinstance(event, CallChanged) and event.call.owner == link.client:
                last = event.call
                if not last.live:
                    break
        await working
    finally:
        await link.close()
    assert last is not None
    return Followed(last, quality)


async def _then_hang_up(
    link: SocketLink, placing: asyncio.Task[Reply], work: Callable[[], Awaitable[None]]
) -> None:
    placed = done(await placing).value
    assert isinstance(placed, CallPlaced)
    await work()
    await link.request(HangUp(placed.call))


# ---- processes ---------------------------------------------------------------------------------


@contextmanager
def _own_folders(folder: Path) -> Iterator[None]:
    """Use state and runtime folders of our own while the block lasts."""
    wanted = {
        "SOFTPHONE_STATE_DIR": str(folder / "state"),
        "SOFTPHONE_RUNTIME_DIR": str(folder / "run"),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
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
