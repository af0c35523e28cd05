"""The echo test: play a known noise, find it in what the microphone hears, and measure it.

`EchoTest` collects on the audio threads; `estimate` is pure.
"""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt

from .block import BLOCK_S, BLOCK_SAMPLES, RATE_HZ, Samples, silence
from .report import EchoFigures

LEAD_S, NOISE_S, TAIL_S = 0.5, 4.0, 0.5
PROBE_S = LEAD_S + NOISE_S + TAIL_S
LONGEST_DELAY_S = 0.5
_RMS = 32768.0 * 10 ** (-26 / 20)
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 6_000.0
_SYLLABLES_HZ = 4.0  # cancellers are made for speech; they learn less from a steady noise
_SURE = 10.0  # without an echo the highest of 24,000 places stays below 6
_FIRST_SHARE = 0.5  # in a room the direct sound is not always the strongest
_LEAST_OVER_NOISE = 4.0  # 6 dB: below that a reduction says more about the room than about us
_MOST_DB = 90.0

_Signal = npt.NDArray[np.float64]


class EchoTest:
    """One run: the speaker's thread takes the probe, the microphone's gives what it heard."""

    def __init__(self, cancelling: bool) -> None:
        """`cancelling`: whether the second signal of `hear` has its echo cancelled."""
        self._cancelling = cancelling
        self._probe = probe()
        self._raw, self._cleaned = silence(len(self._probe)), silence(len(self._probe))
        self._played = self._heard = 0
        self._played_at_s = self._heard_at_s = 0.0

    @property
    def done(self) -> bool:
        """Whether all was played and heard."""
        return self._heard >= len(self._raw)

    def next_block(self) -> Samples:
        """Return the next 480 samples for the speaker; silence at the end."""
        if not self._played:
            self._played_at_s = time.monotonic()
        block = self._probe[self._played : self._played + BLOCK_SAMPLES]
        if len(block) == BLOCK_SAMPLES:
            self._played += BLOCK_SAMPLES
            return block
        return self._probe[:BLOCK_SAMPLES]  # the lead is silence

    def hear(self, raw: Samples, cleaned: Samples) -> None:
        """Take 480 samples of the microphone, and the same as the legs get them."""
        if not self._played or self.done:
            return
        if not self._heard:
            self._heard_at_s = time.monotonic()
        place = slice(self._heard, self._heard + BLOCK_SAMPLES)
        self._raw[place], self._cleaned[place] = raw, cleaned
        self._heard += BLOCK_SAMPLES

    def figures(self) -> EchoFigures:
        """Return what was measured, when it is done."""
        # A block that was just handed over began 10 ms ago.
        ahead_s = self._heard_at_s - BLOCK_S - self._played_at_s
        cleaned = self._cleaned if self._cancelling else None
        return estimate(self._probe, self._raw, cleaned, ahead_s)


def probe() -> Samples:
    """Return the signal to play: silence, noise in the rhythm of speech, silence; always alike."""
    count = round(NOISE_S * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(1876).normal(0.0, 1.0, count))
    frequencies = np.fft.rfftfreq(count, 1.0 / RATE_HZ)
    spectrum[(frequencies < _LOWEST_HZ) | (frequencies > _HIGHEST_HZ)] = 0.0
    spectrum /= np.sqrt(np.maximum(frequencies, _LOWEST_HZ))
    rhythm = 0.55 - 0.45 * np.cos(2 * np.pi * _SYLLABLES_HZ * np.arange(count) / RATE_HZ)
    noise = np.fft.irfft(spectrum, count) * rhythm
    noise *= _RMS / math.sqrt(float(np.mean(noise**2)))
    whole = np.zeros(round(PROBE_S * RATE_HZ))
    start = round(LEAD_S * RATE_HZ)
    whole[start : start + count] = noise
    return np.asarray(np.rint(np.clip(whole, -32768, 32767)), np.int16)


def estimate(
    played: Samples, raw: Samples, cleaned: Samples | None, ahead_s: float = 0.0
) -> EchoFigures:
    """Return delay, level and reduction of the echo of `played` (a probe) in `raw`.

    `raw` starts `ahead_s` after `played` did. `cleaned` is `raw` after cancelling, None without.
    """
    sent, heard = played.astype(np.float64), raw.astype(np.float64)
    lag = _first_echo(sent, heard)
    if lag is None:
        return EchoFigures()
    start, count = round(LEAD_S * RATE_HZ), round(NOISE_S * RATE_HZ)
    here = slice(start + lag, start + lag + count)
    quiet = _power(heard[: start - BLOCK_SAMPLES])
    echo = _power(heard[here]) - quiet
    if echo <= 0.0:
        return EchoFigures()
    reduction = None
    if cleaned is not None and echo >= _LEAST_OVER_NOISE * quiet:
        learnt = slice(start + lag + count // 2, start + lag + count)
        left = _power(cleaned[learnt].astype(np.float64))
        reduction = _decibels(_power(heard[learnt]), left)
    level = _decibels(echo, _power(sent[start : start + count]))
    return EchoFigures(max(0.0, (lag / RATE_HZ + ahead_s) * 1000.0), level, reduction)


def _first_echo(sent: _Signal, heard: _Signal) -> int | None:
    """Return after how many samples the echo begins, None when there is none."""
    size = 1 << (len(sent) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size))
    likeness = np.abs(np.fft.irfft(product, size)[: round(LONGEST_DELAY_S * RATE_HZ)])
    highest = float(likeness.max())
    if highest <= _SURE * float(np.median(likeness)):
        return None
    return int(np.argmax(likeness >= _FIRST_SHARE * highest))


def _power(signal: _Signal) -> float:
    return float(np.mean(signal**2)) if len(signal) else 0.0


def _decibels(power: float, reference: float) -> float:
    if power <= 0.0:
        return -_MOST_DB
    if reference <= 0.0:
        return _MOST_DB
    return min(_MOST_DB, max(-_MOST_DB, 10.0 * math.log10(power / reference)))
