"""A room made of numbers: how what the speaker plays comes back to the microphone."""

from __future__ import annotations

import numpy as np

from softphone.audio.block import RATE_HZ, Samples


def echo_of(
    played: Samples,
    *,
    delay_ms: float = 40.0,
    level_db: float = -10.0,
    tail_ms: float = 120.0,
    noise_dbfs: float = -65.0,
    seed: int = 5,
) -> Samples:
    """Return what a microphone hears of `played`: the direct sound first, then a decaying tail."""
    random = np.random.default_rng(seed)
    count = max(1, round(tail_ms * RATE_HZ / 1000))
    room = random.normal(0.0, 0.02, count) * np.exp(-6.9 * np.arange(count) / count)
    room[0] = 1.0
    size = 1 << (len(played) + count).bit_length()
    heard = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(room, size), size)
    delay = round(delay_ms * RATE_HZ / 1000)
    echo = np.concatenate([np.zeros(delay), heard])[: len(played)]
    power = float(np.mean(echo**2))
    if power:
        wanted = float(np.mean(played.astype(np.float64) ** 2)) * 10 ** (level_db / 10)
        echo *= np.sqrt(wanted / power)
    echo += random.normal(0.0, 32768 * 10 ** (noise_dbfs / 20), len(played))
    return np.asarray(np.rint(np.clip(echo, -32768, 32767)), np.int16)
