"""Figures of the signal code, each beside a reference measured in the same run.

Ratios only: this machine may be slow or busy, its `memcpy` is then slow too. Times are the best of
several repeats of CPU-bound loops.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .block import Samples
from .conceal import Concealer, conceal_between
from .g711 import MULAW
from .jitter import JitterBuffer
from .resample import Downsampler, Upsampler

Places: TypeAlias = npt.NDArray[np.float64]

_FRAME = 160
_REPEATS = 7


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured `value` in `unit`; `ratio` is value / the value of `reference`."""

    name: str
    value: float
    unit: str
    reference: str
    ratio: float


def codec_ratio() -> list[Figure]:
    """Return mu-law encode and decode of a 20 ms frame beside a no-op call, memcpy and audioop."""
    pcm = _speech(_FRAME)
    codes = np.zeros(_FRAME, np.uint8)
    back, copy = np.zeros(_FRAME, np.int16), np.zeros(_FRAME, np.int16)

    def both() -> None:
        MULAW.encode_into(pcm, codes)
        MULAW.decode_into(codes, back)

    frame_us = _us(both)
    name = "mu-law frame, encode and decode"
    figures = [
        Figure(name, frame_us, "us", "a no-op call", frame_us / _us(_nothing)),
        Figure(name, frame_us, "us", "memcpy", frame_us / _us(lambda: np.copyto(copy, pcm))),
    ]
    audioop = _audioop()
    if audioop:
        fresh = _speech(80_000)
        ours_us = _us(lambda: MULAW.encode(fresh.tobytes()), 20)
        raw = fresh.tobytes()
        theirs_us = _us(lambda: audioop(raw, 2), 20)
        rate = len(fresh) / ours_us
        figures.append(
            Figure("mu-law encoding", rate, "Msamples/s", "audioop", theirs_us / ours_us)
        )
    return figures


def resample_ratio() -> list[Figure]:
    """Return the cost of 20 ms down and up beside linear interpolation."""
    wide, narrow = _speech(960), np.zeros(_FRAME, np.int16)
    down, up = Downsampler(960), Upsampler(_FRAME)
    wide_place, narrow_place = np.arange(960.0), np.arange(160.0) * 6
    down_us, up_us = _us(lambda: down.run(wide, narrow)), _us(lambda: up.run(narrow, wide))
    linear_down = _us(lambda: _linear(narrow_place, wide_place, wide, narrow))
    linear_up = _us(lambda: _linear(wide_place, narrow_place, narrow, wide))
    return [
        Figure("48 to 8 kHz, 20 ms", down_us, "us", "linear interpolation", down_us / linear_down),
        Figure("8 to 48 kHz, 20 ms", up_us, "us", "linear interpolation", up_us / linear_up),
    ]


def conceal_cost() -> list[Figure]:
    """Return the cost of a lost 20 ms frame, one-sided and two-sided, beside memcpy."""
    sound = _speech(480)
    out = np.zeros(_FRAME, np.int16)
    copy_us = _us(lambda: np.copyto(out, sound[:_FRAME]))

    def one_sided() -> None:
        concealer = Concealer()
        concealer.heard(sound)
        concealer.conceal(out)

    one_us = _us(one_sided, 200)
    two_us = _us(lambda: conceal_between(sound, sound, _FRAME), 200)
    return [
        Figure("lost frame, one-sided", one_us, "us", "memcpy", one_us / copy_us),
        Figure("lost frame, two-sided", two_us, "us", "memcpy", two_us / copy_us),
    ]


def jitter_cost() -> list[Figure]:
    """Return the cost of one frame through the jitter buffer (a push, two pulls) beside memcpy."""
    frame, out = _speech(_FRAME), np.zeros(80, np.int16)
    buffer, now_s = JitterBuffer(), 0.0

    def one() -> None:
        nonlocal now_s
        now_s += 0.02
        buffer.push(frame, now_s)
        buffer.pull(out)
        buffer.pull(out)

    cost_us = _us(one, 500)
    copy_us = _us(lambda: np.copyto(out, frame[:80]))
    return [Figure("jitter buffer, 20 ms", cost_us, "us", "memcpy", cost_us / copy_us)]


def all_figures() -> list[Figure]:
    """Return every figure of this module; takes about a second."""
    return [*codec_ratio(), *resample_ratio(), *conceal_cost(), *jitter_cost()]


def _us(what: Callable[[], object], count: int = 1000) -> float:
    """Return microseconds per call, the best of some repeats."""
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        for _ in range(count):
            what()
        best = min(best, time.perf_counter() - start)
    return best / count * 1e6


def _linear(to: Places, at: Places, sound: Samples, out: Samples) -> None:
    np.copyto(out, np.interp(to, at, sound), casting="unsafe")


def _audioop() -> Callable[[bytes, int], bytes] | None:
    """Return audioop's encoder, None where Python has it no more (3.13)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found: Callable[[bytes, int], bytes] = importlib.import_module("audioop").lin2ulaw
        except ImportError:
            return None
    return found


def _speech(samples: int) -> Samples:
    """Return a voiced sound with noise whose level changes as quickly as speech, over 40 dB."""
    random = np.random.default_rng(1)
    place = np.arange(samples) / 8000
    level = 10 ** random.uniform(-2, 0, samples)
    made = (6000 * np.sin(2 * np.pi * 140 * place) + random.normal(0, 4000, samples)) * level
    return np.asarray(np.clip(np.rint(made), -32768, 32767), np.int16)


def _nothing() -> None:
    """Do nothing, to measure what a call costs."""
