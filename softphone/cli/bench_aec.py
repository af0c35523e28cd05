"""Echo cancelling in a room made of numbers, for `softphone bench --audio`.

The far end's speech comes back to the microphone 40 ms later and 10 dB softer, with a tail of
120 ms, over a little noise: the room of a hands-free call. Nobody speaks on this side.
"""

from __future__ import annotations

import shutil
import time

import numpy as np
import numpy.typing as npt

from softphone.audio.block import BLOCK_SAMPLES, RATE_HZ, Samples, silence
from softphone.audio.figure import Figure, at_least, at_most, not_taken
from softphone.audio.processing import Cleaning, Processor, installed
from softphone.audio.report import Processing

_ECHO = "echo taken away 3-8 s into a call (ERLE, optional)"
_ALL = "echo taken away with noise suppression on (ERLE, optional)"
_COST = "echo cancelling, CPU of a call (optional)"
_DELAY_S, _TAIL_S = 0.04, 0.12
_LEVEL_DB, _NOISE_DBFS, _SPEECH_DBFS = -10.0, -65.0, -26.0
_FROM_S, _TO_S = 3, 8
_LEAST_DB, _MOST_PERCENT = 30.0, 3.0
_BASE_HZ = 120.0
_VOICE_HZ = 3_400.0

_Signal = npt.NDArray[np.float64]


def measure_aec() -> list[Figure]:
    """Return what cancelling takes and costs; takes about two seconds."""
    if not installed():
        why = "pip install 'softphone[aec]'"
        return [
            not_taken(_ECHO, why, f">= {_LEAST_DB:g}"),
            not_taken(_ALL, why, f">= {_LEAST_DB:g}"),
            not_taken(_COST, why, f"<= {_MOST_PERCENT:g}"),
        ]
    said = _speech()
    heard = _room(said)
    plain = _taken(heard, _run(said, heard, Processing())[0])
    beside = f"no cancelling {plain:.1f} dB; the limit"
    echo, seconds = _run(said, heard, Processing(echo=True))
    both, _ = _run(said, heard, Processing(echo=True, noise=True))
    percent = 100.0 * seconds / (len(said) / RATE_HZ)
    return [
        at_least(_ECHO, _taken(heard, echo), "dB", _LEAST_DB, beside),
        at_least(_ALL, _taken(heard, both), "dB", _LEAST_DB, beside),
        at_most(_COST, percent, "% of a core", _MOST_PERCENT),
    ]


def _run(said: Samples, heard: Samples, settings: Processing) -> tuple[Samples, float]:
    """Return the microphone after processing as a call does it, and the CPU seconds it took."""
    cleaning, sent = Cleaning(), silence(len(heard))
    cleaning.processor = Processor(settings) if settings.any else None
    started_s = time.thread_time()
    for first in range(0, len(said), BLOCK_SAMPLES):
        block = slice(first, first + BLOCK_SAMPLES)
        cleaning.far(said[block])
        sent[block] = cleaning.near(heard[block])
    return sent, time.thread_time() - started_s


def _taken(heard: Samples, sent: Samples) -> float:
    """Return the echo return loss enhancement in dB, in the seconds asked for."""
    span = slice(_FROM_S * RATE_HZ, _TO_S * RATE_HZ)
    before, after = (float(np.mean(s[span].astype(np.float64) ** 2)) for s in (heard, sent))
    return float(10.0 * np.log10(before / max(after, 1e-3)))


def _room(said: Samples) -> Samples:
    random = np.random.default_rng(7)
    count = round(_TAIL_S * RATE_HZ)
    response = random.normal(0.0, 1.0, count) * np.exp(-6.9 * np.arange(count) / count)
    size = 1 << (len(said) + count).bit_length()
    echo = np.fft.irfft(np.fft.rfft(said, size) * np.fft.rfft(response, size), size)
    late = np.concatenate([np.zeros(round(_DELAY_S * RATE_HZ)), echo])[: len(said)]
    loudness = np.sqrt(np.mean(said.astype(np.float64) ** 2) / np.mean(late**2))
    late *= loudness * 10 ** (_LEVEL_DB / 20)
    late += random.normal(0.0, 32768 * 10 ** (_NOISE_DBFS / 20), len(late))
    return np.asarray(np.rint(np.clip(late, -32768, 32767)), np.int16)


def _speech() -> Samples:
    """Return at least 8 s of speech in whole blocks: espeak-ng's, or a sound that is like it."""
    if not shutil.which("espeak-ng"):
        return _like_speech()
    from .bench_speech import spoken

    sound = spoken()
    while len(sound) < _TO_S * RATE_HZ:
        sound = np.concatenate([sound, sound])
    return sound[: _TO_S * RATE_HZ]


def _like_speech() -> Samples:
    """Return gliding harmonics and hiss in the rhythm of syllables, with pauses."""
    count = _TO_S * RATE_HZ
    at_s = np.arange(count) / RATE_HZ
    random = np.random.default_rng(3)
    pitch = _BASE_HZ * (1.0 + 0.2 * np.sin(2 * np.pi * 0.7 * at_s))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    harmonics = range(1, int(_VOICE_HZ / _BASE_HZ))
    voice: _Signal = np.sum([np.sin(number * phase) / number for number in harmonics], axis=0)
    voice += random.normal(0.0, 0.05, count)
    pauses = np.sin(2 * np.pi * 0.4 * at_s) > -0.7
    voice *= np.clip(np.sin(2 * np.pi * 3.0 * at_s), 0.0, 1.0) * pauses
    voice *= 32768 * 10 ** (_SPEECH_DBFS / 20) / np.sqrt(np.mean(voice**2))
    return np.asarray(np.rint(np.clip(voice, -32768, 32767)), np.int16)
