"""Measure a monitored service: rows that stream, many calls in the console, long reads.

.venv/bin/python -m tests.bench.observer_bench [--long] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import re
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from softphone.cli.bench_load import running_lab
from softphone.model import command as c
from tests.adapters.observer.post import NAME, Post
from tests.adapters.observer.test_load import conditions, drained, plainly
from tests.bench.console_bench import Figure, cpu_s, line_of, memory_mb, own_home, percentile
from tests.e2e.conftest import Home
from tests.e2e.terminal import Terminal

_ROWS_A_SECOND = 1000
_TICK_S = 0.1
_SAME_REPAINT_S = 0.02
_CALLS = 2000
# A filter, key by key, and how many of the rooms "room-0" to "room-1999" hold it then.
_FILTER = (("7", 111), ("7", 11), ("7", 1), ("\x7f", 11), ("\x7f", 111), ("\x7f", 2000))
_PAGE = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="stream for a minute, not ten seconds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with own_home() as home:
        figures = in_console(home, 60.0 if options.long else 8.0, 5 if options.long else 2)
    figures += asyncio.run(long_read(100_000))
    for figure in figures:
        print(json.dumps(_data(figure)) if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


def shown(figure: Figure) -> str:
    """Return a figure as it is printed; one without a limit is only told."""
    if math.isfinite(figure.limit):
        return line_of(figure)
    return f"{figure.name:<40} {figure.value:>10.1f} {figure.unit}"


def _data(figure: Figure) -> dict[str, Any]:
    limit = figure.limit if math.isfinite(figure.limit) else None
    return asdict(figure) | {"limit": limit}


# ---- in the console ------------------------------------------------------------------------------


def in_console(home: Home, seconds: float, rounds: int) -> list[Figure]:
    """Return the figures of a console at 140 by 45 that watches calls."""
    home.run("online")
    home.lab().scenario("quiet")
    with contextlib.closing(Terminal(home.command(), home.env, 140, 45)) as screen:
        screen.wait_for("Available · 2 numbers")
        screen.press("TAB", "O")
        screen.wait_for("online, as of")
        screen.press("ENTER")
        screen.wait_for("kb/s i/o")
        screen.pump(2.0)
        found = _stream(screen, home, seconds)
        screen.press("ESC")
        found += _many_calls(screen, home, rounds)
    return found


def _stream(screen: Terminal, home: Home, seconds: float) -> list[Figure]:
    """Let rows stream into the frames of the call that is shown and of those in the list."""
    lab = home.lab()
    connections = lab.state()["services"]["observer"]["connections"]
    frames = max(1, sum(len(one["frames"]) for one in connections))
    count = max(1, round(_ROWS_A_SECOND * _TICK_S / frames))
    engine = home.engine_pid()
    cpu, engine_cpu, written = cpu_s(screen.pid), cpu_s(engine), screen.bytes_read
    began = time.monotonic()
    repaints, last, ticks = 0, 0.0, 0
    while (now := time.monotonic()) < began + seconds:
        if now >= began + ticks * _TICK_S:
            lab.fault("row_flood", count=count)
            ticks += 1
        if screen.pump_once(0.005):
            now = time.monotonic()
            repaints += now - last > _SAME_REPAINT_S
            last = now
    took = time.monotonic() - began
    return [
        Figure("rows streamed", ticks * count * frames / took, "/s", math.inf),
        Figure("repaints meanwhile", repaints / took, "/s", 10),
        Figure("CPU of the console meanwhile", (cpu_s(screen.pid) - cpu) / took * 100, "%", 15),
        Figure("CPU of the engine meanwhile", (cpu_s(engine) - engine_cpu) / took * 100, "%",
               math.inf),
        Figure("written meanwhile", (screen.bytes_read - written) / took / 1000, "kB/s",
               math.inf),
        Figure("memory of the console", memory_mb(screen.pid), "MB", 70),
    ]  # fmt: skip


def _many_calls(screen: Terminal, home: Home, rounds: int) -> list[Figure]:
    """Filter a list of 2,000 calls key by key; the time is until the new count is painted."""
    home.lab().fault("many_calls", count=_CALLS)
    _wait_until(screen, r" 20\d\d calls ")
    screen.press("/", *"room-")
    _wait_until(screen, r" 2000 of 20\d\d calls ")
    waits = []
    for key, count in _FILTER * rounds:
        screen.pump(0.1)
        began = time.monotonic()
        screen.press_blindly(key)
        _wait_until(screen, rf" {count} of 20\d\d calls ")
        waits.append((time.monotonic() - began) * 1000)
    return [
        Figure("key to paint, 2,000 calls, median", percentile(waits, 0.5), "ms", 100),
        Figure("key to paint, 2,000 calls, worst", max(waits), "ms", 100),
    ]


def _wait_until(screen: Terminal, wanted: str, limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not re.search(wanted, screen.text()):
        assert time.monotonic() < end, f"{wanted!r} never came:\n{screen.text()}"
        screen.pump_once(0.1)


# ---- without it ----------------------------------------------------------------------------------


async def long_read(rows: int) -> list[Figure]:
    """Read so many rows in pages, beside a loop over the socket that only counts."""
    async with running_lab() as ready:
        place, wanted = ready["observer"], conditions()
        plain_s = await plainly(place, wanted, rows)
        post = Post(url=place["ws"], token=place["tokens"]["admin"], row_limit=rows,
                    page_rows=_PAGE, online_at_start=False)  # fmt: skip
        await post.start()
        await post.online()
        before, began = _peak_mb(), time.monotonic()
        frame = await post.frame(
            c.FrameKind.DATABASE, resource="inboundAudioTracks", conditions=json.dumps(wanted)
        )
        count, most = await drained(post, frame.id)
        took_s = time.monotonic() - began
        grown = _peak_mb() - before
        await post.do(c.CloseFrame(NAME, frame.id))
        await post.stop()
    assert count == rows, f"{count} rows came of {rows}"
    return [
        Figure(f"{rows:,} rows, plain loop", plain_s, "s", math.inf),
        Figure(f"{rows:,} rows, adapter", took_s, "s", math.inf),
        Figure("adapter beside plain loop", took_s / plain_s, "times", 4),
        Figure("rows in memory at most", most, "rows", 4 * 2000 + 2 * _PAGE),
        Figure("memory more than before", grown, "MB", 60),
    ]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
