"""Measure the console on a pty: CPU time, bytes and memory beside the limits of the project.

.venv/bin/python -m tests.bench.console_bench [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Terminal

_PRESSES = 50
_IDLE_S = 10.0
_CALL_S = 10.0
_KEYS = ("7", "\x7f")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside its limit; `limit` 0 with unit bytes means none at all."""

    name: str
    value: float
    unit: str
    limit: float

    @property
    def fits(self) -> bool:
        return self.value <= self.limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with own_home() as home:
        figures = measure(home)
    for figure in figures:
        print(json.dumps(asdict(figure)) if options.json else line_of(figure))
    return 0 if all(figure.fits for figure in figures) else 1


def measure(
    home: Home, presses: int = _PRESSES, idle_s: float = _IDLE_S, call_s: float = _CALL_S
) -> list[Figure]:
    """Return the figures of a console at 80 by 24, the engine being up already."""
    home.run("online")
    home.lab().scenario("quiet")
    found: list[Figure] = []
    argv = home.command()
    with contextlib.closing(Terminal(argv, home.env, 80, 24)) as screen:
        screen.wait_for("Available · 2 numbers")
        found.append(Figure("start, CPU", cpu_s(screen.pid) * 1000, "ms", 500))
        found.append(Figure("start, written", screen.bytes_read / 1000, "kB", 80))
        screen.pump(1.0)
        found.append(Figure("memory, idle", memory_mb(screen.pid), "MB", 70))
        waits = [latency_ms(screen, _KEYS[i % len(_KEYS)]) for i in range(presses)]
        found.append(Figure("key to first byte, median", statistics.median(waits), "ms", 50))
        found.append(Figure("key to first byte, p95", percentile(waits, 0.95), "ms", 50))
        found.append(Figure("written while idle", idle_bytes(screen, idle_s), "bytes", 0))
        found += _in_call(screen, home, call_s)
        screen.press("F8")
        screen.wait_for("ENDED")
    return found


def line_of(figure: Figure) -> str:
    """Return a figure as it is printed."""
    verdict = "" if figure.fits else "  MISSED"
    return (
        f"{figure.name:<40} {figure.value:>10.1f} {figure.unit:<6} limit {figure.limit:g}{verdict}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency_ms(screen: Terminal, key: str) -> float:
    """Return the time from a key press to the first byte that answers it."""
    screen.pump(0.15)
    before, began = screen.bytes_read, time.monotonic()
    screen.press_blindly(key)
    while screen.bytes_read == before and time.monotonic() < began + 1.0:
        screen.pump_once(1.0)
    return (time.monotonic() - began) * 1000


def idle_bytes(screen: Terminal, seconds: float) -> int:
    """Return what is written while nothing happens, away from the minute's change of clock."""
    if 60.0 - time.time() % 60.0 < seconds + 1.0:
        screen.pump(seconds + 2.0)
    screen.pump(0.5)
    before = screen.bytes_read
    screen.pump(seconds)
    return screen.bytes_read - before


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the memory of a process, shared libraries included."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _in_call(screen: Terminal, home: Home, seconds: float) -> list[Figure]:
    screen.press("CTRL+T")
    screen.dial(*["\x7f"] * 40, "speech")
    wait_for(lambda: home.lab().calls()[0]["answered"])
    screen.pump(1.0)
    before, cpu, began = screen.bytes_read, cpu_s(screen.pid), time.monotonic()
    screen.pump(seconds)
    took = time.monotonic() - began
    return [
        Figure("written in a call", (screen.bytes_read - before) / took / 1000, "kB/s", 2),
        Figure("CPU in a call", (cpu_s(screen.pid) - cpu) / took * 100, "%", 15),
        Figure("memory in a call", memory_mb(screen.pid), "MB", 70),
    ]


@contextlib.contextmanager
def own_home() -> Iterator[Home]:
    """Folders of our own, on a lab of our own."""
    folder = Path(tempfile.mkdtemp(prefix="sp-"))
    env = {key: value for key, value in os.environ.items() if not key.startswith("SOFTPHONE_")}
    env |= {
        "SOFTPHONE_STATE_DIR": str(folder / "state"),
        "SOFTPHONE_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "TERM": "xterm-256color",
    }
    home = Home(folder, env)
    try:
        yield home
    finally:
        home.close()


if __name__ == "__main__":
    raise SystemExit(main())
