"""`softphone bench --audio`: every figure of sound, each beside its reference and its bar."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from softphone.audio.bench import all_figures
from softphone.audio.figure import Figure, not_taken, ratio_at_most

from .bench_aec import measure_aec
from .bench_rtp import measure_rtp
from .bench_speech import measure_speech

_STALL_LIMIT_S = 60.0
_MANY_S = 10.0


def measure_audio() -> Iterator[Figure]:
    """Yield all figures as they are taken; takes about three minutes."""
    parts: Sequence[Callable[[], Sequence[Figure]]] = (
        all_figures,
        measure_speech,
        measure_rtp,
        measure_aec,
        _stall,
        _many,
        _devices,
        _bare,
    )
    for part in parts:
        yield from part()


def line_of(figure: Figure) -> str:
    """Return a figure as it is printed."""
    if not figure.taken:
        return f"{figure.name:<56} {'-':>10} {'':<10} {figure.reference}"
    verdict = "" if figure.ok is None else f"{figure.bar} {'kept' if figure.ok else 'MISSED'}"
    beside = figure.reference
    if figure.reference_value is not None and figure.ratio is not None:
        beside += f" {figure.reference_value:.4g}, {figure.ratio:.2f} x"
    return f"{figure.name:<56} {figure.value:>10.2f} {figure.unit:<10} {beside}  {verdict}".rstrip()


def _stall() -> Sequence[Figure]:
    name = "frames over 200 ms old after a 1.5 s uplink stall"
    command = [sys.executable, "-m", "softphone.cli.bench_stall"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_STALL_LIMIT_S, check=False
        )
        found = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return [not_taken(name, "needs a network namespace of its own (Linux)", "<= 0.25 x")]
    return [ratio_at_most(name, found["ours"], "", "a plain sender", found["naive"], 0.25)]


def _many() -> Sequence[Figure]:
    name = "50 parties mixed (25 G.711, 25 Opus): late frames"
    command = [sys.executable, "-m", "softphone.cli.bench_many", str(_MANY_S)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return [not_taken(name, "the sound engine failed", "<= 0")]
    late, due, cpu = found["late"], found["due"], found["cpu"] * 100
    return [
        Figure(name, late, "", "frames due", late / due, due, "<= 0", late == 0),
        Figure("the same: CPU", cpu, "% core", "100 % is one core", cpu / 100, 100.0),
    ]


def _devices() -> Sequence[Figure]:
    from .bench_devices import measure_devices

    return asyncio.run(measure_devices())


def _bare() -> Sequence[Figure]:
    if sys.platform == "win32":
        return [not_taken("console without sound", "needs a terminal of Unix")]
    from .bench_bare import measure_bare

    return measure_bare()
