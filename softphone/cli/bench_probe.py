"""Play bursts into one sound device and find them on another: a process of its own.

    python -m softphone.cli.bench_probe OUTPUT INPUT COUNT [SECONDS]

Plays COUNT bursts, one every 0.4 s or so many SECONDS, which must be more than they take. Prints
JSON: how many ms each burst took from when it was handed to the output device until the
input device gave it back, and when (monotonic) each was. The devices' own buffers are in it.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

import numpy as np

from softphone.audio.block import BLOCK_SAMPLES, RATE_HZ

_HZ, _BURST_S, _PEAK = 1_500.0, 0.02, 12_000
_FIRST_S, _EVERY_S, _SPREAD_S = 1.5, 0.4, 0.1
_LOUD = 2_000
_LATENCY_S = 0.02


def main(arguments: list[str]) -> int:
    """Measure and print."""
    output, input_, count = arguments[0], arguments[1], int(arguments[2])
    every_s = float(arguments[3]) if len(arguments) > 3 else _EVERY_S
    import sounddevice

    player, ear = _Player(count, every_s), _Ear(every_s)
    made = {"samplerate": RATE_HZ, "blocksize": BLOCK_SAMPLES, "channels": 1, "dtype": "int16"}
    made["latency"] = _LATENCY_S
    with (
        sounddevice.RawInputStream(device=input_, callback=ear.captured, **made),
        sounddevice.RawOutputStream(device=output, callback=player.wanted, **made),
    ):
        time.sleep(player.length_s + 1.0)
    found = delays_ms(player.played_s, ear.heard_s, every_s)
    times = {"played_s": player.played_s, "heard_s": ear.heard_s}
    print(json.dumps({"bursts": count, "delays_ms": found, **times}))
    return 0


def delays_ms(played_s: list[float], heard_s: list[float], every_s: float) -> list[float]:
    """Return how long each burst took, of those that came back before the next one."""
    found = []
    for number, at_s in enumerate(played_s):
        limit_s = played_s[number + 1] if number + 1 < len(played_s) else at_s + every_s
        back = next((heard for heard in heard_s if at_s < heard < limit_s), None)
        if back is not None:
            found.append(round((back - at_s) * 1000, 2))
    return found


class _Player:
    """Plays a burst now and then; notes when each was handed over."""

    def __init__(self, count: int, every_s: float) -> None:
        chance = random.Random(1)
        self.played_s: list[float] = []
        self._starts = [
            round((_FIRST_S + n * every_s + chance.uniform(0, _SPREAD_S)) * RATE_HZ)
            for n in range(count)
        ]
        self.length_s = _FIRST_S + count * every_s
        place = np.arange(round((self.length_s + 2) * RATE_HZ)) / RATE_HZ
        self._sound = np.zeros(len(place), np.int16)
        burst = np.rint(_PEAK * np.sin(2 * np.pi * _HZ * place[: round(_BURST_S * RATE_HZ)]))
        for start in self._starts:
            self._sound[start : start + len(burst)] = burst
        self._place = 0

    def wanted(self, data: Any, frames: int, _times: Any, _status: Any) -> None:
        """Fill a block."""
        now_s = time.monotonic()
        first, last = self._place, self._place + frames
        np.copyto(np.frombuffer(data, np.int16), self._sound[first:last])
        for start in self._starts:
            if first <= start < last:
                self.played_s.append(now_s + (start - first) / RATE_HZ)
        self._place = last


class _Ear:
    """Notes when something loud began."""

    def __init__(self, every_s: float) -> None:
        self.heard_s: list[float] = []
        self._apart_s = every_s / 2
        self._quiet_until_s = 0.0

    def captured(self, data: Any, frames: int, _times: Any, _status: Any) -> None:
        """Look into a block, whose last sample was heard just now."""
        now_s = time.monotonic()
        loud = np.flatnonzero(np.abs(np.frombuffer(data, np.int16).astype(np.int32)) > _LOUD)
        if len(loud) and now_s > self._quiet_until_s:
            self.heard_s.append(now_s - (frames - int(loud[0])) / RATE_HZ)
            self._quiet_until_s = now_s + self._apart_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
