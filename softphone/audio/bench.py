"""Figures of the signal code, each beside a reference measured in the same run.

Ratios only: this machine may be slow or busy, its `memcpy` is then slow too. Times are the best of
several repeats of CPU-bound loops.
"""

from __future__ import annotations

import importlib
import itertools
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .block import BLOCK_SAMPLES, PHONE_RATE_HZ, RATE_HZ, Samples, silence
from .conceal import Concealer, conceal_between
from .figure import Figure, at_least, at_most, not_taken, ratio_at_least, ratio_at_most
from .g711 import MULAW
from .jitter import JitterBuffer
from .leg import G711Leg
from .resample import Downsampler, Upsampler

Places: TypeAlias = npt.NDArray[np.float64]

_FRAME = 160
_REPEATS = 7
_FRESH = 20
_STALL_S, _BEFORE_S, _AFTER_S = 0.5, 10.0, 12.0


def all_figures() -> list[Figure]:
    """Return every figure of this module; takes a few seconds."""
    return [
        *codec_tables(),
        *codec_ratio(),
        *filter_figures(),
        *resample_ratio(),
        *conceal_cost(),
        *jitter_cost(),
        *chain_cost(),
        stall_recovery(),
    ]


# ---- mu-law ------------------------------------------------------------------------------------


def codec_tables() -> list[Figure]:
    """Return how far the tables are from the textbook coder, the ITU's rounding and audioop.

    Audin's known answers ask for the textbook coder (see `g711`), which differs from the ITU's
    rounding by one step on 127 inputs, each a tie.
    """
    sound = np.arange(-32768, 32768, dtype=np.int16)
    codes = np.frombuffer(MULAW.encode(sound.tobytes()), np.uint8)
    textbook, itu = _textbook_codes(sound), _itu_codes(sound)
    equal = int(np.count_nonzero(codes == textbook))
    off_itu = int(np.abs(_steps(codes) - _steps(itu)).max())
    figures = [
        at_least("mu-law codes as the textbook coder's", equal, "of 65536", 65536),
        at_most("mu-law codes, worst step from the ITU's", off_itu, "steps", 1, "127 ties differ"),
    ]
    audioop = _audioop()
    if audioop is None:
        why = "this Python has no audioop"
        return [*figures, not_taken("mu-law decoding as audioop", why, ">= 256")]
    every = bytes(range(256))
    theirs = np.frombuffer(audioop.ulaw2lin(every, 2), np.int16)
    ours = np.frombuffer(MULAW.decode(every), np.int16)
    same = int(np.count_nonzero(ours == theirs))
    there = np.frombuffer(audioop.lin2ulaw(sound.tobytes(), 2), np.uint8)
    worst = int(np.abs(_steps(codes) - _steps(there)).max())
    return [
        *figures,
        at_least("mu-law decoding as audioop", same, "of 256", 256),
        at_most("mu-law codes, worst step from audioop", worst, "steps", 1),
    ]


def codec_ratio() -> list[Figure]:
    """Return mu-law encode and decode of a 20 ms frame beside a no-op call, memcpy and audioop."""
    pcm = _speech(_FRAME)
    codes = np.zeros(_FRAME, np.uint8)
    back, copy = np.zeros(_FRAME, np.int16), np.zeros(_FRAME, np.int16)

    def both() -> None:
        MULAW.encode_into(pcm, codes)
        MULAW.decode_into(codes, back)

    frame_us, no_op_us = _us(both), _us(_nothing)
    copy_us = _us(lambda: np.copyto(copy, pcm))
    name = "mu-law frame, encode and decode"
    figures = [
        ratio_at_most(name, frame_us, "us", "a no-op call", no_op_us, 100),
        Figure(name, frame_us, "us", "memcpy", frame_us / copy_us, copy_us),
    ]
    audioop = _audioop()
    if audioop is None:
        why = "this Python has no audioop"
        return [*figures, not_taken("mu-law encoding of fresh sound", why, ">= 20 x")]
    # Sound heard before is quicker for audioop: the processor has learnt its branches.
    raw = _speech(80_000 * _FRESH).tobytes()
    parts = [raw[first : first + 160_000] for first in range(0, len(raw), 160_000)]
    ours = 80_000 / _us_each(MULAW.encode, parts)
    theirs = 80_000 / _us_each(lambda part: audioop.lin2ulaw(part, 2), parts)
    name = "mu-law encoding of fresh sound"
    return [*figures, ratio_at_least(name, ours, "Msamples/s", "audioop", theirs, 20)]


def _textbook_codes(sound: Samples) -> npt.NDArray[np.uint8]:
    """Encode sample by sample: sign, clip, bias, segment, four bits, all inverted."""
    found = np.zeros(len(sound), np.uint8)
    for place, sample in enumerate(sound.tolist()):
        biased = min(abs(sample), 32_635) + 132
        segment = biased.bit_length() - 8
        code = (0x80 if sample < 0 else 0) | segment << 4 | biased >> (segment + 3) & 0xF
        found[place] = ~code & 0xFF
    return found


def _itu_codes(sound: Samples) -> npt.NDArray[np.uint8]:
    """Encode after the text of G.711: 14 bits, ones' complement for negatives, segment by size."""
    linear = sound.astype(np.int64)
    positive = linear >= 0
    size = np.where(positive, linear, ~linear) >> 2
    biased = np.minimum(size + 33, 0x1FFF)
    segment = np.floor(np.log2(biased)).astype(np.int64) - 5
    step = (biased >> (segment + 1)) & 0xF
    code = (segment << 4 | step) ^ np.where(positive, 0xFF, 0x7F)
    return np.asarray(code, np.uint8)


def _steps(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the number of each code's quantiser step, counted from the most negative."""
    plain = codes.astype(np.int64) ^ 0xFF
    return np.where(plain & 0x80, -(plain & 0x7F) - 1, plain & 0x7F)


# ---- filters -----------------------------------------------------------------------------------


def filter_figures() -> list[Figure]:
    """Return what the filters stop and pass, and how long they hold sound back."""
    alias_db = _gain_db(5_000, 3_000, _down)
    pass_db = _gain_db(3_400, 3_400, _down)
    return [
        at_most("48 to 8 kHz: alias of 5 kHz", alias_db, "dB", -90, "0 dB by linear interpolation"),
        at_least("48 to 8 kHz: gain at 3.4 kHz", pass_db, "dB", -1.0, "0 dB"),
        at_most("48 to 8 kHz: delay", _delay_ms(down=True), "ms", 2.5),
        at_most("8 to 48 kHz: delay", _delay_ms(down=False), "ms", 2.5),
    ]


def resample_ratio() -> list[Figure]:
    """Return the cost of 20 ms down and up beside linear interpolation."""
    wide, narrow = _speech(960), np.zeros(_FRAME, np.int16)
    down, up = Downsampler(960), Upsampler(_FRAME)
    wide_place, narrow_place = np.arange(960.0), np.arange(160.0) * 6
    down_us, up_us = _us(lambda: down.run(wide, narrow)), _us(lambda: up.run(narrow, wide))
    linear_down = _us(lambda: _linear(narrow_place, wide_place, wide, narrow))
    linear_up = _us(lambda: _linear(wide_place, narrow_place, narrow, wide))
    beside = "linear interpolation"
    return [
        ratio_at_most("48 to 8 kHz, 20 ms", down_us, "us", beside, linear_down, 4),
        ratio_at_most("8 to 48 kHz, 20 ms", up_us, "us", beside, linear_up, 4),
    ]


def _gain_db(in_hz: float, out_hz: float, filter_: Callable[[Samples], Samples]) -> float:
    place = np.arange(RATE_HZ) / RATE_HZ
    heard = filter_(np.asarray(np.rint(16_000 * np.sin(2 * np.pi * in_hz * place)), np.int16))
    steady = heard[800:].astype(np.float64) * np.hanning(len(heard) - 800)
    turn = np.exp(-2j * np.pi * out_hz * np.arange(len(steady)) / PHONE_RATE_HZ)
    amplitude = 4 * abs(steady @ turn) / len(steady)
    return float(20 * np.log10(max(amplitude, 1e-3) / 16_000))


def _delay_ms(*, down: bool) -> float:
    """Return where an impulse comes out, in ms after where it went in."""
    if down:
        sound = silence(4800)
        sound[2400] = 20_000
        return 1000 * (int(np.abs(_down(sound).astype(int)).argmax()) / 8000 - 2400 / 48000)
    sound = silence(800)
    sound[400] = 20_000
    return 1000 * (int(np.abs(_up(sound).astype(int)).argmax()) / 48000 - 400 / 8000)


def _down(sound: Samples) -> Samples:
    filter_, out = Downsampler(960), silence(len(sound) // 6)
    for first in range(0, len(sound) - 959, 960):
        filter_.run(sound[first : first + 960], out[first // 6 : first // 6 + 160])
    return out


def _up(sound: Samples) -> Samples:
    filter_, out = Upsampler(_FRAME), silence(len(sound) * 6)
    for first in range(0, len(sound) - 159, 160):
        filter_.run(sound[first : first + 160], out[first * 6 : first * 6 + 960])
    return out


# ---- receiving ---------------------------------------------------------------------------------


def conceal_cost() -> list[Figure]:
    """Return the cost of a lost 20 ms frame, one-sided and two-sided, beside memcpy."""
    sound = _speech(480)
    out = np.zeros(_FRAME, np.int16)

    def one_sided() -> None:
        concealer = Concealer()
        concealer.heard(sound)
        concealer.conceal(out)

    one_us = _us(one_sided, 200)
    two_us = _us(lambda: conceal_between(sound, sound, _FRAME), 200)
    return [
        at_most("lost frame, one-sided", one_us, "us", 200),
        at_most("lost frame, two-sided", two_us, "us", 200),
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
    return [Figure("jitter buffer, 20 ms", cost_us, "us", "memcpy", cost_us / copy_us, copy_us)]


def chain_cost() -> list[Figure]:
    """Return the share of a core of codec, resampler, buffer and concealment of one call."""
    near, far, now_s = _speech(BLOCK_SAMPLES), silence(), 0.0
    frames: list[bytes] = []
    leg = G711Leg("mulaw", frames.append)
    numbers = itertools.count()

    def twenty_ms() -> None:
        nonlocal now_s
        now_s += 0.02
        leg.capture(near)
        leg.capture(near)
        number = next(numbers)
        if number % 10:  # every tenth is lost
            leg.receive(frames[-1], now_s, number * _FRAME)
        leg.play(far)
        leg.play(far)
        del frames[:-1]

    share = _us(twenty_ms, 500) / 20_000 * 100
    name = "codec, resampling, buffer, concealment of a call"
    return [at_most(name, share, "% core", 1.0, "at 10 % loss")]


def stall_recovery() -> Figure:
    """Return after how long the delay is back within 30 ms of what it was before a 0.5 s stall.

    Beside it a plain queue, which keeps the stall for the rest of the call.
    """
    sound = _speech(PHONE_RATE_HZ)
    buffer, out = JitterBuffer(), silence(80)
    arrivals = [_arrival_s(number) for number in range(round((_BEFORE_S + _AFTER_S) / 0.02))]
    came = played = usual = 0
    back_s = _AFTER_S
    for block in range(round((_BEFORE_S + _AFTER_S) / 0.01)):
        now_s = block * 0.01
        while came < len(arrivals) and arrivals[came] <= now_s:
            first = came * _FRAME % (len(sound) - _FRAME)
            buffer.push(sound[first : first + _FRAME], arrivals[came])
            came += 1
        buffer.pull(out)
        played += 80
        depth = buffer.stats().depth_ms
        if now_s < _BEFORE_S:
            usual = depth
        elif now_s > _BEFORE_S + _STALL_S and depth > usual + 30:
            back_s = now_s - _BEFORE_S - _STALL_S + 0.01
    never = _AFTER_S - _STALL_S
    name = "delay back within 30 ms after a 0.5 s stall"
    reference = f"a plain queue: not within {never:g} s"
    settled = 0.01 if back_s == _AFTER_S else back_s
    return Figure(name, settled, "s", reference, settled / never, never, "<= 6", settled <= 6.0)


def _arrival_s(number: int) -> float:
    usual_s = number * 0.02
    stalled = _BEFORE_S <= usual_s < _BEFORE_S + _STALL_S
    return _BEFORE_S + _STALL_S if stalled else usual_s


# ---- private -----------------------------------------------------------------------------------


def _us(what: Callable[[], object], count: int = 1000) -> float:
    """Return microseconds per call, the best of some repeats."""
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        for _ in range(count):
            what()
        best = min(best, time.perf_counter() - start)
    return best / count * 1e6


def _us_each(what: Callable[[bytes], object], parts: list[bytes]) -> float:
    """Return microseconds per call, each with sound that was never seen; the best call."""
    best = float("inf")
    for part in parts:
        start = time.perf_counter()
        what(part)
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def _linear(to: Places, at: Places, sound: Samples, out: Samples) -> None:
    np.copyto(out, np.interp(to, at, sound), casting="unsafe")


def _audioop() -> ModuleType | None:
    """Return audioop, None where Python has it no more (3.13)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module("audioop")
        except ImportError:
            return None


def _speech(samples: int) -> Samples:
    """Return a voiced sound with noise whose level changes as quickly as speech, over 40 dB."""
    random = np.random.default_rng(1)
    place = np.arange(samples) / 8000
    level = 10 ** random.uniform(-2, 0, samples)
    made = (6000 * np.sin(2 * np.pi * 140 * place) + random.normal(0, 4000, samples)) * level
    return np.asarray(np.clip(np.rint(made), -32768, 32767), np.int16)


def _nothing() -> None:
    """Do nothing, to measure what a call costs."""
