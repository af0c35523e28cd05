"""Speech through our signal code, scored by PESQ (ITU-T P.862), for `softphone bench --audio`.

Each score stands beside plain G.711, linear interpolation or silent gaps with the same speech in
the same run: PESQ of one voice says little, the ratio says much. The voice is espeak-ng's.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from softphone.audio.block import PHONE_RATE_HZ, RATE_HZ, Samples, silence
from softphone.audio.conceal import Concealer, conceal_between
from softphone.audio.figure import Figure, at_least, not_taken, ratio_at_least
from softphone.audio.g711 import MULAW
from softphone.audio.jitter import JitterBuffer
from softphone.audio.resample import Downsampler, RateConverter, Upsampler
from softphone.audio.wav import WavReader

Signal: TypeAlias = npt.NDArray[np.float64]
Score: TypeAlias = Callable[[Signal, Signal], float]
Mend: TypeAlias = Callable[[Samples, set[int]], Samples]

_TEXTS = (
    (
        "en",
        "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    ),
    ("en+f3", "It is easy to tell the depth of a well. These days a chicken leg is a rare dish."),
    ("it", "La linea è occupata, prego attendere. Il suo numero di pratica è quarantadue."),
    ("de+m3", "Bitte warten Sie einen Augenblick. Ihr Anruf wird gleich entgegengenommen."),
)
_SEEDS = (1, 2, 3, 4)
_FRAME = 160
_LEVEL_RMS = 1640.0  # -26 dBov, the level PESQ is made for
_FLOOR_RMS = 33.0  # -60 dBov: a room, not a digitally clean studio
_NAMES = (
    "MOS through 48-8-48 kHz and G.711",
    "MOS through 48-8-48 kHz, over linear interpolation",
    "MOS at 3 % loss, one-sided",
    "MOS at 3 % loss, two-sided",
    "MOS at 10 % loss, one-sided",
    "MOS at 10 % loss, two-sided",
    "MOS at 10 % loss through the jitter buffer",
)


def measure_speech() -> list[Figure]:
    """Return the scores; takes about half a minute."""
    try:
        from pesq import pesq
    except ImportError:
        return [not_taken(name, "pip install 'softphone[bench]'") for name in _NAMES]
    if not shutil.which("espeak-ng"):
        return [not_taken(name, "apt install espeak-ng") for name in _NAMES]

    def score(said: Signal, heard: Signal) -> float:
        return float(pesq(PHONE_RATE_HZ, said, heard, "nb"))

    clips = [_clip(voice, text) for voice, text in _TEXTS]
    return [*_chain(clips, score), *_losses(clips, score)]


def spoken() -> Samples:
    """Return the clips one after the other; needs espeak-ng."""
    return np.concatenate([_clip(voice, text) for voice, text in _TEXTS])


# ---- the figures -------------------------------------------------------------------------------


def _chain(clips: list[Samples], score: Score) -> list[Figure]:
    plain = ours = linear = 0.0
    for clip in clips:
        narrow = _ideal_down(clip)
        plain += score(narrow, _coded(narrow))
        ours += score(narrow, _aligned(narrow, _through(clip)))
        linear += score(narrow, _aligned(narrow, _through_linear(clip)))
    count = len(clips)
    gain = (ours - linear) / count
    return [
        ratio_at_least(_NAMES[0], ours / count, "MOS", "plain G.711", plain / count, 0.96),
        at_least(_NAMES[1], gain, "MOS", 1.0, f"linear: {linear / count:.2f}"),
    ]


def _losses(clips: list[Samples], score: Score) -> list[Figure]:
    pairs = [
        (said, np.asarray(np.rint(_coded(said)), np.int16)) for said in map(_ideal_down, clips)
    ]

    def mean(mend: Mend, loss: float) -> float:
        found = []
        for said, sound in pairs:
            for seed in _SEEDS if loss else _SEEDS[:1]:
                mended = mend(sound, _lost(sound, loss, seed)).astype(np.float64)
                found.append(score(said, _aligned(said, mended)))
        return sum(found) / len(found)

    whole = mean(_silent, 0.0)
    at_3 = [mean(mend, 0.03) for mend in (_one_sided, _two_sided)]
    silent = mean(_silent, 0.10)
    at_10 = [mean(mend, 0.10) for mend in (_one_sided, _two_sided, _buffered)]
    gaps = "silent gaps"
    return [
        ratio_at_least(_NAMES[2], at_3[0], "MOS", "no loss", whole, 0.81),
        ratio_at_least(_NAMES[3], at_3[1], "MOS", "no loss", whole, 0.86),
        ratio_at_least(_NAMES[4], at_10[0], "MOS", gaps, silent, 1.25),
        ratio_at_least(_NAMES[5], at_10[1], "MOS", gaps, silent, 1.40),
        ratio_at_least(_NAMES[6], at_10[2], "MOS", gaps, silent, 1.25),
    ]


# ---- what is done to lost frames ---------------------------------------------------------------


def _silent(sound: Samples, lost: set[int]) -> Samples:
    mended = sound.copy()
    for number in lost:
        mended[number * _FRAME : (number + 1) * _FRAME] = 0
    return mended


def _one_sided(sound: Samples, lost: set[int]) -> Samples:
    mended, concealer = sound.copy(), Concealer()
    for first in range(0, len(sound) - 79, 80):
        block = mended[first : first + 80]
        if first // _FRAME in lost:
            concealer.conceal(block)
        else:
            concealer.heard(block)
    return mended


def _two_sided(sound: Samples, lost: set[int]) -> Samples:
    mended = sound.copy()
    for first, count in _holes(lost):
        start, end = first * _FRAME, (first + count) * _FRAME
        after = sound[end : end + _FRAME]
        mended[start:end] = conceal_between(mended[:start], after, end - start)
    return mended


def _buffered(sound: Samples, lost: set[int]) -> Samples:
    """Mend as a call does: packets with timestamps every 20 ms, blocks of 10 ms out."""
    buffer, out = JitterBuffer(), silence(80)
    played = []
    for number in range(len(sound) // _FRAME):
        start = number * _FRAME
        if number not in lost:
            buffer.push_packet(sound[start : start + _FRAME], number * 0.02, start)
        for _ in range(2):
            buffer.pull(out)
            played.append(out.copy())
    return np.concatenate(played)


def _holes(lost: set[int]) -> Iterable[tuple[int, int]]:
    for number in sorted(lost):
        if number - 1 not in lost:
            count = 1
            while number + count in lost:
                count += 1
            yield number, count


def _lost(sound: Samples, share: float, seed: int) -> set[int]:
    chance = np.random.default_rng(seed).random(len(sound) // _FRAME)
    return {int(number) for number in np.flatnonzero(chance < share) if number > 5}


# ---- ways --------------------------------------------------------------------------------------


def _through(clip: Samples) -> Signal:
    down, up = Downsampler(960), Upsampler(_FRAME)
    narrow, wide = silence(_FRAME), silence(len(clip))
    for first in range(0, len(clip) - 959, 960):
        down.run(clip[first : first + 960], narrow)
        heard = np.frombuffer(MULAW.decode(MULAW.encode(narrow.tobytes())), np.int16)
        up.run(heard, wide[first : first + 960])
    return _ideal_down(wide)


def _through_linear(clip: Samples) -> Signal:
    places = np.arange(0, len(clip), 6)
    heard = _coded(clip[places].astype(np.float64))
    return _ideal_down(np.interp(np.arange(len(clip)), places, heard))


def _coded(sound: Signal) -> Signal:
    samples = np.asarray(np.clip(np.rint(sound), -32768, 32767), np.int16)
    back = MULAW.decode(MULAW.encode(samples.tobytes()))
    return np.frombuffer(back, np.int16).astype(np.float64)


def _ideal_down(sound: npt.ArrayLike) -> Signal:
    """Return sound at 8 kHz, cut exactly at 4 kHz by way of its spectrum."""
    wide = np.asarray(sound, np.float64)
    wide = wide[: len(wide) // 6 * 6]
    kept = len(wide) // 6
    return np.asarray(np.fft.irfft(np.fft.rfft(wide)[: kept // 2 + 1], kept) / 6, np.float64)


def _aligned(said: npt.ArrayLike, heard: Signal) -> Signal:
    """Return `heard` moved to where it fits `said`, and as long."""
    wanted = np.asarray(said, np.float64)
    size = 1 << (len(wanted) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    place = int(np.argmax(np.fft.irfft(product, size)[: len(heard)]))
    part = np.zeros(len(wanted))
    found = heard[place : place + len(wanted)]
    part[: len(found)] = found
    return part


def _clip(voice: str, text: str) -> Samples:
    """Return speech at 48 kHz, -26 dBov with a noise floor, a whole number of 20 ms frames."""
    with tempfile.TemporaryDirectory(prefix="sp-voice-") as folder:
        path = Path(folder) / "voice.wav"
        command = ["espeak-ng", "-v", voice, "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        with WavReader(path) as reader:
            sound = reader.read(round(reader.duration_s * reader.rate_hz))
            converter = RateConverter(reader.rate_hz, RATE_HZ)
    wide = np.concatenate([converter.push(sound), converter.finish()]).astype(np.float64)
    loud = wide[np.abs(wide) > 200]
    wide *= _LEVEL_RMS / np.sqrt(np.mean(loud**2))
    wide += np.random.default_rng(4).normal(0, _FLOOR_RMS, len(wide))
    whole = len(wide) // 960 * 960
    return np.asarray(np.clip(np.rint(wide[:whole]), -32768, 32767), np.int16)
