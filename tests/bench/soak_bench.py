"""Let an engine work through a day, and see what grows: memory, descriptors, threads, files.

.venv/bin/python -m tests.bench.soak_bench [--hours 24] [--json]

A day is 600 calls (half of them come in), 50,000 events of a platform, 100 lost connections, each
fourth of which costs the token, on real sockets, as fast as it goes. What is still needed grows in
the first quarter; what grows later would grow for ever.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from softphone.engine.connect import attach
from softphone.engine.link import Role
from softphone.lab.client import LabClient
from softphone.model import command as c
from softphone.model.call import Call, CallState
from softphone.model.presence import LinkState
from softphone.model.record import HistoryFilter
from tests.bench.console_bench import Figure, memory_mb, own_home
from tests.bench.observer_bench import shown
from tests.e2e.conftest import Home
from tests.engine.office import Seat, until

_CALLS_AN_HOUR = 25
_EVENTS_AN_HOUR = 2_084
_EVENT_RATE = 2_000
_LOSSES_AN_HOUR = 4
_AUTH_CLOSE = 4401
_LIMIT_S = 60.0
_AGENT = "boss"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the engine holds at the end of an hour."""

    memory_mb: float
    descriptors: int
    threads: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with own_home() as home:
        figures = asyncio.run(measure(home, options.hours))
    for figure in figures:
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


async def measure(home: Home, hours: int) -> list[Figure]:
    """Return the figures of an engine that works so many hours."""
    await asyncio.to_thread(home.run, "online")
    lab = home.lab()
    await asyncio.to_thread(lab.scenario, "quiet")
    engine = home.engine_pid()
    seat = Seat(await attach(next((home.folder / "run").glob("*.sock")), Role.CONSOLE, "soak"))
    began, samples, calls = time.monotonic(), [], 0
    try:
        for _ in range(hours):
            calls += await _an_hour(seat, lab)
            samples.append(_sample(engine))
            seat.events.clear()
        recorded = await _recorded(seat, calls)
    finally:
        await seat.leave()
    quarter, last = samples[max(0, len(samples) // 4 - 1)], samples[-1]
    state = sum(
        path.stat().st_size for path in (home.folder / "state").rglob("*") if path.is_file()
    )
    return [
        Figure("hours", hours, "h", math.inf),
        Figure("real time", time.monotonic() - began, "s", math.inf),
        Figure("calls without a record", calls - recorded, "", 0),
        Figure("memory after the first quarter", quarter.memory_mb, "MB", math.inf),
        Figure("memory added later", last.memory_mb - quarter.memory_mb, "MB", 5.0),
        Figure("descriptors added later", last.descriptors - quarter.descriptors, "", 2),
        Figure("threads added later", last.threads - quarter.threads, "", 0),
        Figure("history and logs", state / 1e6, "MB", 50.0),
    ]


async def _an_hour(seat: Seat, lab: LabClient) -> int:
    """Work an hour; return how many calls there were."""
    burst = {"type": "Burst", "data": {}, "count": _EVENTS_AN_HOUR, "rate": _EVENT_RATE}
    await asyncio.to_thread(lab.act, "emit", _AGENT, "agenthub", **burst)
    losses = itertools.cycle([("audin", 1011), ("ribbon", 1006), ("agenthub", 1011),
                              ("audin", _AUTH_CLOSE)])  # fmt: skip
    lost_every = _CALLS_AN_HOUR // _LOSSES_AN_HOUR
    for number in range(_CALLS_AN_HOUR):
        await (_incoming if number % 2 else _outgoing)(seat, lab)
        if number % lost_every == 0 and number < lost_every * _LOSSES_AN_HOUR:
            service, code = next(losses)
            await asyncio.to_thread(lab.drop, service, None, code)
        await _all_up(seat)
    return _CALLS_AN_HOUR


async def _incoming(seat: Seat, lab: LabClient) -> None:
    await asyncio.to_thread(lab.ring, "pn_1", far_end="tone")
    await until(lambda: _in(seat, CallState.RINGING), _LIMIT_S)
    offer = _in(seat, CallState.RINGING)[0]
    await asyncio.sleep(0.01)
    await seat.ask(c.Answer(offer.id))
    await _talk_and_end(seat)


async def _outgoing(seat: Seat, _lab: LabClient) -> None:
    await until_placed(seat)
    await _talk_and_end(seat)


async def until_placed(seat: Seat) -> None:
    """Dial until somebody takes it: the line may just be coming back."""
    for _ in range(100):
        if (await seat.ask(c.Dial("menu@lab.test"))).ok:
            return
        await asyncio.sleep(0.1)


async def _talk_and_end(seat: Seat) -> None:
    """Talk for a moment, hang up, and wait until no call is left."""
    await until(lambda: _in(seat, CallState.ACTIVE) or not _live(seat), _LIMIT_S)
    await asyncio.sleep(0.05)
    for call in _live(seat):
        await seat.ask(c.HangUp(call.id, now=True))
    await until(lambda: not _live(seat), _LIMIT_S)


async def _all_up(seat: Seat) -> None:
    def are_up() -> bool:
        links = [one.link for one in seat.state.accounts.values()]
        return all(link is LinkState.ONLINE for link in links)

    await until(are_up, _LIMIT_S)


def _in(seat: Seat, state: CallState) -> list[Call]:
    return [one for one in seat.state.calls.values() if one.state is state]


def _live(seat: Seat) -> list[Call]:
    return [one for one in seat.state.calls.values() if one.state is not CallState.ENDED]


async def _recorded(seat: Seat, calls: int) -> int:
    """Return how many calls are in the history."""
    found, before = 0, ""
    while found < calls:
        page = await seat.do(c.ListHistory(HistoryFilter(limit=500, before=before)))
        assert isinstance(page, c.HistoryPage)
        found += len(page.records)
        if not page.next:
            break
        before = page.next
    return min(found, calls)


def _sample(pid: int) -> Sample:
    folder = Path(f"/proc/{pid}")
    return Sample(
        memory_mb(pid), len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))
    )


if __name__ == "__main__":
    raise SystemExit(main())
