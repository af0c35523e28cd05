"""Measure the console's memory over a working day: 600 calls, 50,000 events, screens opened.

.venv/bin/python -m tests.bench.day_bench [--calls 600] [--events 50000] [--json]

The day passes as fast as the console takes it. Memory that is still needed grows in the first
quarter; what grows later would grow for ever, and is told as a slope.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from textual.pilot import Pilot

from softphone.config import CallsConfig, UiConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState, EndReason
from softphone.model.message import ScreenPop
from softphone.model.quality import Levels, QualitySample, Warned
from softphone.model.record import CallRecord, TimelineEntry
from softphone.ui.app import SoftphoneApp
from softphone.ui.calm import calm_runtime
from tests.bench.console_bench import Figure, memory_mb
from tests.bench.observer_bench import shown
from tests.ui.conftest import NOW, START, FakeEngine, FrozenClock, World

_BATCH = 50
_QUARTERS = 4
_SCREENS_EVERY = 20
_SIZE = (140, 45)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options.calls, options.events))
    for figure in figures:
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


async def measure(calls: int, events: int) -> list[Figure]:
    """Return the console's memory along the day, in this process."""
    clock = FrozenClock()
    make = World(clock)
    engine = FakeEngine()
    account = make.account()
    engine.state.accounts[account.name] = account
    engine.state.controller = engine.client
    _furnish(engine, make)
    app = SoftphoneApp(
        engine.connect, UiConfig(bell=False, tour=False), {}, calls=CallsConfig(), clock=clock
    )
    async with app.run_test(size=_SIZE, notifications=True) as pilot:
        await pilot.pause()
        calm_runtime()
        began = time.monotonic()
        course = await _day(pilot, engine, clock, make, calls, events)
        took = time.monotonic() - began
    first, last = course[0], course[-1]
    slope = (last - first) / (events * (1 - 1 / _QUARTERS)) * 10_000
    return [
        Figure("events taken", events / took, "/s", math.inf),
        Figure("memory after a quarter of the day", first, "MB", math.inf),
        Figure("memory at the end of the day", last, "MB", math.inf),
        Figure("growth after the first quarter, 10,000 events", slope, "MB", 1.0),
    ]


async def _day(
    pilot: Pilot[None], engine: FakeEngine, clock: FrozenClock, make: World, calls: int, events: int
) -> list[float]:
    """Let the day pass; return the memory (MB) at the end of each quarter."""
    each = max(8, events // calls)
    course: list[float] = []
    for number in range(calls):
        for batch in _batches(list(_call_events(make, number, each)), _BATCH):
            engine.emit(*batch)
            clock.advance(1.0)
            await pilot.pause()
        del engine.sent[:]
        if number % _SCREENS_EVERY == 0:
            await _look_around(pilot)
        if (number + 1) * _QUARTERS // calls > len(course):
            gc.collect()
            course.append(memory_mb(os.getpid()))
    return course


async def _look_around(pilot: Pilot[None]) -> None:
    """Open what an operator opens, and close it again."""
    for keys in (("H", "q", "escape", "escape"), ("ctrl+p", "h", "o", "escape"), ("J", "escape")):
        await pilot.press("ctrl+t", "tab", *keys)
        await pilot.pause()


def _call_events(make: World, number: int, count: int) -> Iterator[e.Event]:
    """Yield all that is told of one call: about `count` events."""
    call_id = f"day{number}"
    offer = make.offer(call_id, caller=f"Caller {number}")
    yield e.CallChanged(offer)
    yield e.Noted(NOW + number, "audin", e.Level.INFO, f"ringing: Caller {number}")
    body = json.dumps({"customer": number})
    yield e.ScreenPopped(ScreenPop(
        f"p{number}", offer.account, NOW, "voice", "+39", str(number), body=body, call=offer.id
    ))  # fmt: skip
    talking = replace(offer, state=CallState.ACTIVE, answered_at=NOW, answered_mono=START)
    yield e.CallChanged(talking)
    for second in range((count - 7) // 2):
        yield e.QualityMeasured(_sample(talking.id, second))
        yield e.LevelsMeasured(talking.id, Levels(-20.0 - second % 9, -30.0))
    over = talking.ended(EndReason.HANGUP, NOW + 60, START + 60)
    yield e.CallChanged(over)
    yield e.Noted(NOW + number, "audin", e.Level.INFO, f"call with Caller {number} ended")
    yield e.CallRemoved(over.id)


def _sample(call: CallId, second: int) -> QualitySample:
    warned = (Warned.JITTER,) if second % 30 == 0 else ()
    return QualitySample(
        call, NOW + second, 80.0, 4.0 + second % 7, 60.0, 30.0, 0.001, 4.2, warnings=warned
    )


def _furnish(engine: FakeEngine, make: World) -> None:
    over = [_record(make.call(f"h{n}", created_at=NOW - n)) for n in range(100)]
    samples = tuple(_sample(CallId("h0"), second) for second in range(300))
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage(tuple(over))))
    engine.reply(c.ShowRecord, c.Reply(value=c.RecordFound(over[0])))
    engine.reply(c.ShowQuality, lambda asked: c.Reply(value=c.QualityFound(
        over[0].quality, tuple(one for one in samples if one.at > asked.after))))  # fmt: skip
    engine.reply(c.SearchContacts, c.Reply(value=c.ContactPage((), 0)))


def _record(call: Call) -> CallRecord:
    ended = call.ended(EndReason.HANGUP, NOW + 60, START)
    return CallRecord(ended, timeline=(TimelineEntry(NOW, "dialled"), TimelineEntry(NOW, "active")))


def _batches(events: list[e.Event], size: int) -> Iterator[list[e.Event]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]


if __name__ == "__main__":
    raise SystemExit(main())
