"""Measure a conference of four calls on two platforms, and fifty callers at once.

.venv/bin/python -m tests.bench.conference_bench [--seconds 10] [--json]

One call is Audin's (G.711), three are the gateway's (Opus). Who speaks reads a text, or is the
operator; what everybody else hears is scored with PESQ beside one call alone in the same run. The
delay is there and back through one party that sends back what it hears, beside the same in one
call. Needs softphone[bench] for the scores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np

from softphone.audio.g711 import decode_mulaw
from softphone.cli.bench_call import _pesq
from softphone.cli.check import _TONE_HZ, BURST_S, _starts
from softphone.engine.connect import attach
from softphone.engine.link import Role
from softphone.lab.prompts import prompt
from softphone.model import command as c
from softphone.model.call import Call
from softphone.model.presence import LinkState
from tests.bench.console_bench import Figure, cpu_s, own_home, percentile
from tests.bench.observer_bench import shown
from tests.e2e.conftest import Home
from tests.e2e.terminal import Terminal
from tests.engine.office import AUDIN, RIBBON, Seat, until

T = TypeVar("T")
_RATE_HZ = 8_000
_EVERY_S = 1.5
_HEADER_BYTES = 44
_ECHO_MS = 200.0  # the lab's echo waits so long
_LEGS = ("pn_1", "alice@lab.test", "alice@lab.test", "alice@lab.test")
_NAMES = ("Audin", "gateway 1", "gateway 2", "gateway 3")
_CALLERS = 50
_REST_S = 5.0  # a hundred messages at once are a flood to an account; it takes no more for a while


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    fits = True
    for figure in measure(options.seconds):
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure), flush=True)
        fits = fits and figure.fits
    return 0 if fits else 1


def measure(seconds: float) -> Iterator[Figure]:
    """Yield all figures; each part has an engine and a lab of its own."""
    for part in (_ringing, _scores, _delays):
        with own_home() as home:
            yield from asyncio.run(part(home, seconds))


class Desk:
    """An engine with a file for a microphone, and a console's view of it."""

    def __init__(self, home: Home, seat: Seat) -> None:
        self.home = home
        self.seat = seat

    @classmethod
    async def open(cls, home: Home, microphone: Path) -> Desk:
        config = home.folder / "config" / "softphone" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(
            f'[audio]\ninput = "file:in={microphone},loop=yes"\noutput = "null"\n'
            'ringer = "null"\n[calls]\nundo_s = 0\n',
            encoding="utf-8",
        )
        await asyncio.to_thread(home.run, "online")
        await asyncio.to_thread(home.lab().scenario, "quiet")
        socket = next((home.folder / "run").glob("*.sock"))
        seat = Seat(await attach(socket, Role.CONSOLE, "bench"))
        accounts = seat.state.accounts
        await until(lambda: accounts[RIBBON].link is LinkState.ONLINE, 30.0)
        await until(lambda: accounts[AUDIN].availability.accepted, 30.0)
        return cls(home, seat)

    async def lab(self, what: Callable[..., T], *given: object, **options: object) -> T:
        return await asyncio.to_thread(what, *given, **options)

    async def calls(self, far_ends: Sequence[str]) -> list[Call]:
        """Take one call of each leg, the far ends as given, and join them."""
        taken = []
        for leg, far_end in zip(_LEGS, far_ends, strict=False):
            await self.lab(self.home.lab().ring, leg, far_end=far_end)
            taken.append(await self.seat.answer(await self.seat.offered()))
        if len(taken) > 1:
            await self.seat.do(c.Conference(tuple(call.id for call in taken)))
        return [self.seat.state.calls[call.id] for call in taken]

    async def end(self, calls: Sequence[Call]) -> None:
        for call in calls:
            await self.seat.do(c.HangUp(call.id, now=True))
            await self.seat.over(call.id)

    async def heard(self, call: Call) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return what the far end of a call has heard so far."""
        data = await self.lab(self.home.lab().heard, call.native_id)
        with wave.open(BytesIO(data)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return sound.astype(np.float64)


# ---- how it sounds, and what it costs ------------------------------------------------------------


def _said() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.frombuffer(decode_mulaw(prompt("speech")), np.int16)


async def _scores(home: Home, seconds: float) -> list[Figure]:
    microphone = home.folder / "operator.wav"
    said = _said()
    with wave.open(str(microphone), "wb") as file:
        file.setparams((1, 2, _RATE_HZ, 0, "NONE", ""))
        file.writeframes(said.astype("<i2").tobytes())
    desk = await Desk.open(home, microphone)
    listen_s = 2 * len(said) / _RATE_HZ + 1.0
    alone, one_cpu = await _one_call(desk, listen_s, seconds)
    found = [Figure("MOS: operator to one call alone", alone, "", math.inf)]
    calls = await desk.calls(["silence"] * len(_LEGS))
    pid = desk.home.engine_pid()
    began, before = time.monotonic(), cpu_s(pid)
    await asyncio.sleep(max(seconds, listen_s))
    cpu = (cpu_s(pid) - before) / (time.monotonic() - began) * 100
    found += [
        Figure("engine CPU, one call", one_cpu, "%", math.inf),
        Figure("engine CPU, conference of four", cpu, "%", math.inf),
        Figure("engine CPU, four over one", cpu / one_cpu, "times", 6.0),
    ]
    for name, call in zip(_NAMES, calls, strict=True):
        found.append(_score(f"operator to {name}", said, await desk.heard(call), alone))
    await desk.end(calls)
    await desk.seat.do(c.SelectDevices(input="null"))
    for speaker in (0, 1):
        far_ends = ["speech" if leg == speaker else "silence" for leg in range(len(_LEGS))]
        calls = await desk.calls(far_ends)
        await asyncio.sleep(listen_s)
        for leg, call in enumerate(calls):
            if leg != speaker:
                name = f"{_NAMES[speaker]} to {_NAMES[leg]}"
                found.append(_score(name, said, await desk.heard(call), alone))
        await desk.end(calls)
    await desk.seat.leave()
    return found


async def _one_call(desk: Desk, listen_s: float, seconds: float) -> tuple[float, float]:
    """Return the score and the CPU (%) of one call alone, on the gateway."""
    await desk.lab(desk.home.lab().ring, _LEGS[1], far_end="silence")
    call = await desk.seat.answer(await desk.seat.offered())
    pid = desk.home.engine_pid()
    began, before = time.monotonic(), cpu_s(pid)
    await asyncio.sleep(max(seconds, listen_s))
    cpu = (cpu_s(pid) - before) / (time.monotonic() - began) * 100
    call = desk.seat.state.calls[call.id]
    score = _pesq(_said().astype(np.float64), await desk.heard(call))
    await desk.end([call])
    return (math.nan if score is None else score), cpu


def _score(
    name: str,
    said: np.ndarray[tuple[int], np.dtype[np.int16]],
    heard: np.ndarray[tuple[int], np.dtype[np.float64]],
    alone: float,
) -> Figure:
    """Return how much worse a path scores than one call alone; a whole MOS is too much."""
    score = _pesq(said.astype(np.float64), heard)
    value = math.nan if score is None else score
    return Figure(f"MOS: {name} ({value:.2f}), below one call alone", alone - value, "", 1.0)


# ---- how late it comes ------------------------------------------------------------------------


async def _delays(home: Home, seconds: float) -> list[Figure]:
    bursts = home.folder / "bursts.wav"
    _write_bursts(bursts)
    desk = await Desk.open(home, bursts)
    found = []
    for place, name in ((0, "Audin"), (1, "the gateway")):
        trips = []
        for several in (False, True):
            far_ends = ["silence"] * len(_LEGS)
            far_ends[place] = "echo"
            if several:
                calls = await desk.calls(far_ends)
            else:
                await desk.lab(desk.home.lab().ring, _LEGS[place], far_end="echo")
                calls = [await desk.seat.answer(await desk.seat.offered())]
            echo = calls[place if several else 0]
            # A busy machine deepens the buffers for seconds: the better of two counts.
            trips.append(min([await _trip_ms(desk, echo, seconds) for _ in range(2)]))
            await desk.end(calls)
        one, four = trips
        found.append(Figure(f"there and back through {name}, one call", one, "ms", math.inf))
        found.append(Figure(f"there and back through {name}, of four", four, "ms", one + 40.0))
    await desk.seat.leave()
    return found


async def _trip_ms(desk: Desk, call: Call, seconds: float) -> float:
    """Record both directions of the call that echoes, and return the median way round."""
    await asyncio.sleep(2.0)  # buffers find their depth
    await desk.seat.do(c.Record(call.id, True))
    await asyncio.sleep(seconds)
    await desk.seat.do(c.Record(call.id, False))
    await asyncio.sleep(1.5)
    made = (desk.home.folder / "state").rglob(f"*-{call.id}*.wav")
    recording = max(made, key=lambda path: path.stat().st_mtime_ns)
    data = np.fromfile(recording, np.dtype("<i2"), offset=_HEADER_BYTES).reshape(-1, 2)
    sent, back = (_starts(data[:, side].astype(np.float64)) for side in (0, 1))
    trips = [
        (heard - start) * 1000 / _RATE_HZ - _ECHO_MS
        for start in sent
        for heard in back
        if _ECHO_MS < (heard - start) * 1000 / _RATE_HZ < _EVERY_S * 1000
    ]
    return percentile(trips, 0.5) if trips else math.inf


def _write_bursts(path: Path) -> None:
    """Write one burst, and silence for longer than it takes there and back."""
    time_s = np.arange(round(_EVERY_S * _RATE_HZ)) / _RATE_HZ
    burst = np.where(time_s < BURST_S, 12_000 * np.sin(2 * np.pi * _TONE_HZ * time_s), 0.0)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _RATE_HZ, 0, "NONE", ""))
        file.writeframes(burst.astype("<i2").tobytes())


# ---- fifty at once -------------------------------------------------------------------------------


async def _ringing(home: Home, seconds: float) -> list[Figure]:
    desk = await Desk.open(home, _silence(home.folder))
    told, drawn, asked = [], [], []
    with contextlib.closing(Terminal(home.command(), home.env, 140, 45)) as screen:
        await asyncio.to_thread(screen.wait_for, "Available")
        for _ in range(3):
            began = time.perf_counter()
            painting = asyncio.create_task(
                asyncio.to_thread(screen.wait_for, f"{_CALLERS - 1} more waiting")
            )
            sids = await desk.lab(desk.home.lab().ring, "pn_1", count=_CALLERS, far_end="silence")
            asked.append((time.perf_counter() - began) * 1000)
            await until(lambda: len(desk.seat.state.offers()) == _CALLERS, 30.0)
            told.append((time.perf_counter() - began) * 1000)
            await painting
            drawn.append((time.perf_counter() - began) * 1000)
            for sid in sids:
                await desk.lab(desk.home.lab().hang_up, sid)
            await until(lambda: not desk.seat.state.offers(), 30.0)
            await asyncio.to_thread(screen.wait_gone, "more waiting")
            await asyncio.sleep(_REST_S)
    await desk.seat.leave()
    return [
        Figure("reference: the lab's own time for 50 callers", max(asked), "ms", math.inf),
        Figure("50 callers at once, all told to a client, worst of 3", max(told), "ms", 1_000),
        Figure("50 callers at once, drawn in the console, worst of 3", max(drawn), "ms", 1_000),
    ]


def _silence(folder: Path) -> Path:
    path = folder / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _RATE_HZ, 0, "NONE", ""))
        file.writeframes(bytes(2 * _RATE_HZ))
    return path


if __name__ == "__main__":
    raise SystemExit(main())
