"""Streaming resamplers: 48 <-> 8 kHz for calls, and any rate to any rate for files.

The call resamplers are polyphase FIR filters of 193 taps (Kaiser 8, 3.7 kHz): 2 ms delay, aliases
of 5 kHz at -105 dB, -0.8 dB at 3.4 kHz. Stock streaming resamplers hold back 40-170 ms, linear
interpolation costs more than one MOS. They work in buffers made once and call no BLAS routine
large enough to be spread over threads.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from .block import PHONE_RATE_HZ, RATE_HZ, Floats, Samples

FACTOR = RATE_HZ // PHONE_RATE_HZ
TAPS = 193
_CUTOFF_HZ = 3_700.0
_ROWS = -(-TAPS // FACTOR)  # 33 taps for each of the 6 phases, the last ones zero


class Downsampler:
    """48 kHz to 8 kHz; blocks of any multiple of 6 samples up to `max_samples`."""

    def __init__(self, max_samples: int = 480) -> None:
        most = _blocks(max_samples, FACTOR)
        self._taps = np.ascontiguousarray(_phases()[:, ::-1].T)  # (6, 33), newest sample last
        self._line: Floats = np.zeros((_ROWS - 1 + most, FACTOR), np.float32)
        self._products: Floats = np.zeros((_ROWS - 1 + most, _ROWS), np.float32)
        self._sums: Floats = np.zeros(most, np.float32)
        # diagonal[j, n] is products[n - j + 32, j]: tap row j meets the sample rows j earlier
        row, item = self._products.strides
        self._diagonal = as_strided(
            self._products[_ROWS - 1 :], (_ROWS, most), (item - row, row), writeable=False
        )

    def run(self, block: Samples, out: Samples) -> None:
        """Write len(block) / 6 samples to `out`.

        Raises ValueError when the block is no multiple of 6, too long, or `out` does not fit.
        """
        count = len(block) // FACTOR
        if count * FACTOR != len(block) or len(out) != count or count > len(self._sums):
            raise ValueError(f"cannot turn {len(block)} samples into {len(out)}")
        rows = _ROWS - 1 + count
        self._line[_ROWS - 1 : rows].reshape(-1)[:] = block
        np.matmul(self._line[:rows], self._taps, out=self._products[:rows])
        np.add.reduce(self._diagonal[:, :count], axis=0, out=self._sums[:count])
        _to_int16(self._sums[:count], out)
        self._line[: _ROWS - 1] = self._line[count:rows]


class Upsampler:
    """8 kHz to 48 kHz; blocks of up to `max_samples`."""

    def __init__(self, max_samples: int = 80) -> None:
        most = _blocks(max_samples, 1)
        self._taps = np.ascontiguousarray(_phases()[::-1] * FACTOR)  # (33, 6), oldest sample first
        self._line: Floats = np.zeros(_ROWS - 1 + most, np.float32)
        item = self._line.strides[0]
        self._windows = as_strided(self._line, (most, _ROWS), (item, item), writeable=False)
        self._gathered: Floats = np.zeros((most, _ROWS), np.float32)
        self._wide: Floats = np.zeros((most, FACTOR), np.float32)

    def run(self, block: Samples, out: Samples) -> None:
        """Write len(block) * 6 samples to `out`; raises ValueError when a length does not fit."""
        count = len(block)
        if len(out) != count * FACTOR or count > len(self._wide):
            raise ValueError(f"cannot turn {count} samples into {len(out)}")
        self._line[_ROWS - 1 : _ROWS - 1 + count] = block
        np.copyto(self._gathered[:count], self._windows[:count])
        np.matmul(self._gathered[:count], self._taps, out=self._wide[:count])
        _to_int16(self._wide[:count].reshape(-1), out)
        self._line[: _ROWS - 1] = self._line[count : count + _ROWS - 1]


class RateConverter:
    """Any rate to any rate by windowed sinc, for files; not for the audio thread.

    The filter has 32 zero crossings each side of the lower rate's sinc (delay compensated: the
    first output sample is the first input sample). Feed with `push`, end with `finish`.
    """

    _ZEROS = 32
    _MOST_PHASES = 2048  # rates with more (44,101 Hz) take the phase below: -60 dB or better

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz < 1 or to_hz < 1:
            raise ValueError("sample rates must be positive")
        common = math.gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self._same = from_hz == to_hz
        cutoff = min(1.0, to_hz / from_hz) * 0.95
        self._half = math.ceil(self._ZEROS / cutoff)
        self._phases = min(self._up, self._MOST_PHASES)
        self._taps = _sinc_table(cutoff, self._half, self._phases)
        self._line: npt.NDArray[np.float32] = np.zeros(self._half, np.float32)
        self._start = -self._half  # input index of line[0]
        self._next_out = 0
        self._total_in = 0

    def push(self, samples: Samples) -> Samples:
        """Return the output samples that are now complete; may be empty."""
        self._total_in += len(samples)
        if self._same:
            return samples
        self._line = np.concatenate([self._line, samples.astype(np.float32)])
        return self._make()

    def finish(self) -> Samples:
        """Return the last samples; in all ceil(input * to / from) have been given."""
        if self._same:
            return np.zeros(0, np.int16)
        self._line = np.concatenate([self._line, np.zeros(self._half + 1, np.float32)])
        wanted = -(-self._total_in * self._up // self._down)
        return self._make(wanted)

    def _make(self, limit: int | None = None) -> Samples:
        """Return outputs whose whole window lies in the line, up to output number `limit`."""
        last_centre = self._start + len(self._line) - self._half - 1
        stop = max(self._next_out, last_centre * self._up // self._down + 1)
        stop = stop if limit is None else min(stop, limit)
        made = [self._window(first, stop) for first in range(self._next_out, stop, 4096)]
        self._next_out = max(self._next_out, stop)
        keep_from = self._next_out * self._down // self._up - self._half - self._start
        if keep_from > 0:
            self._line = self._line[keep_from:]
            self._start += keep_from
        return np.concatenate(made) if made else np.zeros(0, np.int16)

    def _window(self, first: int, stop: int) -> Samples:
        """Return outputs `first` to at most 4096 on, before `stop`."""
        place = np.arange(first, min(first + 4096, stop), dtype=np.int64) * self._down
        centre, phase = place // self._up, place % self._up * self._phases // self._up
        offsets = np.arange(-self._half, self._half + 1)
        window = self._line[(centre - self._start)[:, None] + offsets[None, :]]
        made = np.einsum("ij,ij->i", window, self._taps[phase])
        return np.asarray(np.clip(np.rint(made), -32768, 32767), np.int16)


def _sinc_table(cutoff: float, half: int, phases: int) -> Floats:
    """Return Kaiser-windowed sinc taps, one row of 2 * half + 1 for each phase."""
    place = np.arange(-half, half + 1)[None, :] - np.arange(phases)[:, None] / phases
    taper = np.sqrt(np.clip(1.0 - (place / (half + 1)) ** 2, 0.0, 1.0))
    taps = cutoff * np.sinc(cutoff * place) * np.i0(8.0 * taper) / np.i0(8.0)
    return np.asarray(taps, np.float32)


def _phases() -> Floats:
    """Return the filter as (33, 6): row = delay in 8 kHz samples, column = phase; sum is 1."""
    place = np.arange(TAPS) - (TAPS - 1) / 2
    cutoff = 2 * _CUTOFF_HZ / RATE_HZ
    taps = cutoff * np.sinc(cutoff * place) * np.kaiser(TAPS, 8.0)
    padded = np.zeros(_ROWS * FACTOR)
    padded[:TAPS] = taps / taps.sum()
    return padded.reshape(_ROWS, FACTOR).astype(np.float32)


def _blocks(samples: int, unit: int) -> int:
    if samples < unit or samples % unit:
        raise ValueError(f"block sizes must be multiples of {unit}")
    return samples // unit


def _to_int16(values: Floats, out: Samples) -> None:
    np.rint(values, out=values)
    np.clip(values, -32768, 32767, out=values)
    np.copyto(out, values, casting="unsafe")
