"""Tones: DTMF to send, and what the operator hears (ring, ringback, busy, call waiting)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softphone.model.error import AudioError

from .block import RATE_HZ, Samples

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
DTMF_FREQUENCIES = {
    key: (low, high)
    for low, row in zip(LOW_HZ, KEYS, strict=True)
    for high, key in zip(HIGH_HZ, row, strict=True)
}
TEST_TONE_HZ = 1004.0  # not a divisor of 8 kHz, so it visits all codes

# ITU-T Q.23/Q.24 receivers want -3..-24 dBm; the high group is sent 2 dB louder because lines
# lose more there. The sum peaks at -6 dBFS.
_LOW_DBFS, _HIGH_DBFS = -13.0, -11.0
_EDGE_S = 0.004
_SHORTEST_MS, _LONGEST_MS = 40, 2_000


@dataclass(frozen=True, slots=True)
class Beat:
    """Frequencies (none is silence) sounding together for a time."""

    frequencies_hz: tuple[float, ...]
    duration_s: float


# Frequencies and cadences of ringback, busy and call waiting: Europe (ETSI TR 101 041-2, 425 Hz).
RING = (Beat((784.0, 988.0), 0.4), Beat((), 0.2), Beat((784.0, 988.0), 0.4), Beat((), 2.0))
RINGBACK = (Beat((425.0,), 1.0), Beat((), 4.0))
BUSY = (Beat((425.0,), 0.5), Beat((), 0.5))
CALL_WAITING = (Beat((425.0,), 0.2),)


def tone(
    frequencies_hz: Sequence[float],
    duration_s: float,
    dbfs: float | Sequence[float] = -12.0,
    rate_hz: int = RATE_HZ,
) -> Samples:
    """Return sines together, with 4 ms soft edges; `dbfs` is the peak of each sine."""
    count = round(duration_s * rate_hz)
    levels = [dbfs] * len(frequencies_hz) if isinstance(dbfs, (int, float)) else list(dbfs)
    place = np.arange(count) / rate_hz
    made = np.zeros(count)
    for frequency_hz, level in zip(frequencies_hz, levels, strict=True):
        made += 32_767.0 * 10 ** (level / 20) * np.sin(2 * np.pi * frequency_hz * place)
    edge = min(round(_EDGE_S * rate_hz), count // 2)
    rising = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(edge, 1))
    made[:edge] *= rising
    made[count - edge :] *= rising[::-1]
    return np.asarray(np.clip(np.rint(made), -32768, 32767), np.int16)


def sequence(beats: Sequence[Beat], dbfs: float = -12.0, rate_hz: int = RATE_HZ) -> Samples:
    """Return the beats one after the other; repeat the result for a cadence."""
    return np.concatenate([tone(b.frequencies_hz, b.duration_s, dbfs, rate_hz) for b in beats])


def dtmf(digits: str, duration_ms: int = 100, gap_ms: int = 100, rate_hz: int = RATE_HZ) -> Samples:
    """Return the digits as tone pairs, each followed by a gap.

    Raises AudioError for anything but 0-9 * # A-D (either case), for none or more than 64 digits,
    and for times outside 40 to 2000 ms, which receivers need not accept.
    """
    check_dtmf(digits, duration_ms, gap_ms)
    gap = np.zeros(round(gap_ms * rate_hz / 1000), np.int16)
    levels = (_LOW_DBFS, _HIGH_DBFS)
    parts: list[Samples] = []
    for digit in digits.upper():
        parts += [tone(DTMF_FREQUENCIES[digit], duration_ms / 1000, levels, rate_hz), gap]
    return np.concatenate(parts)


def check_dtmf(digits: str, duration_ms: int, gap_ms: int) -> None:
    """Raise the AudioError that `dtmf` would raise."""
    if not 1 <= len(digits) <= 64 or set(digits.upper()) - DTMF_FREQUENCIES.keys():
        raise AudioError("DTMF can be 1 to 64 of the digits 0-9, *, # and A-D.")
    for time_ms in (duration_ms, gap_ms):
        if not _SHORTEST_MS <= time_ms <= _LONGEST_MS:
            raise AudioError("DTMF tones and gaps must be 40 to 2000 ms long.")


class Clip:
    """Samples with a reading position: plays once or for ever, block by block."""

    def __init__(self, samples: Samples, repeat: bool = False) -> None:
        self._samples = samples
        self._repeat = repeat and len(samples) > 0
        self._place = 0

    @property
    def ended(self) -> bool:
        """Whether everything was read."""
        return not self._repeat and self._place >= len(self._samples)

    def read(self, out: Samples) -> None:
        """Fill `out` with what comes next, zeros after the end; allocates nothing."""
        filled = 0
        while filled < len(out) and not self.ended:
            count = min(len(out) - filled, len(self._samples) - self._place)
            out[filled : filled + count] = self._samples[self._place : self._place + count]
            filled += count
            self._place += count
            if self._repeat and self._place == len(self._samples):
                self._place = 0
        out[filled:] = 0


def milliwatt(dbfs: float = -10.0) -> Clip:
    """Return an endless 1004 Hz tone at 48 kHz; it closes on itself after 250 ms (251 periods)."""
    place = np.arange(RATE_HZ // 4) / RATE_HZ
    made = 32_767.0 * 10 ** (dbfs / 20) * np.sin(2 * np.pi * TEST_TONE_HZ * place)
    return Clip(np.rint(made).astype(np.int16), repeat=True)
