"""Measure how soon a lost connection is noticed, and how soon after the server's return it is back.

.venv/bin/python -m tests.bench.recovery_bench [--runs 50] [--json]

Every account keeps its platform's own schedule. A server that is away for 0.2 to 4 s is found again
at the next step of that schedule at the latest, so what is judged is what is added to it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from softphone.model import command as c
from softphone.model.call import Call, CallState
from softphone.model.presence import LinkState
from tests.bench.console_bench import Figure, percentile
from tests.bench.observer_bench import shown
from tests.engine.office import until
from tests.faults.site import Site, a_site

_KINDS = ("audin", "ribbon", "agenthub", "observer")
_AWAY_S = (0.2, 4.0)
_STABLE_S = 10.5  # a connection that lasted so long begins its schedule anew
_ADDED_LIMIT_MS = 1_000.0
_IDLE_LIMIT_S = 11.0
_CALL_LIMIT_S = {"audin": 6.5, "ribbon": 11.0}
"""The sound of a gateway has no socket: its signalling is watched as when idle."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--silences", type=int, default=3, help="connections that go silent")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options.runs, options.silences))
    for figure in figures:
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


async def measure(runs: int, silences: int) -> list[Figure]:
    """Return the figures of all platforms, measured beside each other in this process."""
    found = await asyncio.gather(*(_of(kind, runs, silences) for kind in _KINDS))
    return [figure for figures in found for figure in figures]


async def _of(kind: str, runs: int, silences: int) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="sp-"))
    try:
        async with a_site(folder, kind, {}) as site:
            await site.online()
            found = await _outages(site, runs)
            if silences:
                found += await _silent(site, silences)
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _outages(site: Site, runs: int) -> list[Figure]:
    """Let the server be away; the connection may be young, as in a restart that goes wrong."""
    chance = random.Random(6)
    noticed, back, added = [], [], []
    for _ in range(runs):
        losses = len(site.lost())
        began = time.monotonic()
        await site.proxy.down()
        await until(lambda losses=losses: len(site.lost()) > losses, 30.0)  # type: ignore[misc]
        noticed.append(time.monotonic() - began)
        await asyncio.sleep(chance.uniform(*_AWAY_S))
        await site.proxy.up()
        returned = time.monotonic()
        due = max(returned, site.seat.state.accounts[site.account].retry_mono or returned)
        await until(lambda: site.link() is LinkState.ONLINE, 120.0)
        online = time.monotonic()
        back.append(online - returned)
        added.append((online - due) * 1000.0)
        await asyncio.sleep(_STABLE_S if len(back) % 4 == 0 else 0.1)
    name = str(site.account)
    return [
        Figure(f"{name}: cut noticed, p95", percentile(noticed, 0.95) * 1000.0, "ms", 250.0),
        Figure(f"{name}: back after return, p50", percentile(back, 0.5), "s", math.inf),
        Figure(f"{name}: back after return, p95", percentile(back, 0.95), "s", math.inf),
        Figure(f"{name}: added to schedule, p50", percentile(added, 0.5), "ms", _ADDED_LIMIT_MS),
        Figure(f"{name}: added to schedule, p95", percentile(added, 0.95), "ms", _ADDED_LIMIT_MS),
    ]


async def _silent(site: Site, times: int) -> list[Figure]:
    """Let nothing through while every socket stays open (a half-open connection)."""
    name = str(site.account)
    idle = [await _until_noticed(site) for _ in range(times)]
    figures = [Figure(f"{name}: silence noticed, idle", max(idle), "s", _IDLE_LIMIT_S)]
    if name in _CALL_LIMIT_S:
        called = [await _until_noticed(site, in_call=True) for _ in range(times)]
        figures.append(
            Figure(f"{name}: silence noticed, in a call", max(called), "s", _CALL_LIMIT_S[name])
        )
    return figures


async def _until_noticed(site: Site, *, in_call: bool = False) -> float:
    await until(lambda: site.link() is LinkState.ONLINE, 120.0)
    if in_call:
        await site.seat.dial("tone@lab.test" if site.account == "ribbon" else "tone")
    losses, began = len(site.lost()), time.monotonic()
    site.proxy.mute()
    await until(lambda: len(site.lost()) > losses, 90.0)
    noticed = time.monotonic() - began
    site.proxy.cut(reset=True)
    site.proxy.unmute()
    await until(lambda: site.link() is LinkState.ONLINE, 120.0)
    for call in _up(site):
        await site.seat.ask(c.HangUp(call.id, now=True))
    await until(lambda: not _up(site), 30.0)
    return noticed


def _up(site: Site) -> list[Call]:
    return [one for one in site.seat.state.calls.values() if one.state is not CallState.ENDED]


if __name__ == "__main__":
    raise SystemExit(main())
