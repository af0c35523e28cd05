"""Hold music, computed: a slow four-chord loop with a plucked voice. Nobody's copyright."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from softphone.audio.block import PHONE_RATE_HZ
from softphone.audio.g711 import encode_mulaw

_BEAT_S = 0.3
_BEATS_A_CHORD = 8
# C major, A minor, F major, G major, as MIDI notes.
_CHORDS = ((60, 64, 67, 72), (57, 60, 64, 69), (53, 57, 60, 65), (55, 59, 62, 67))
_PATTERN = (0, 1, 2, 3, 2, 1, 2, 1)
_LOUDNESS = 5_000.0


@lru_cache(maxsize=1)
def hold_music() -> bytes:
    """Return one turn of the loop (9.6 s) as mu-law; it can be repeated without a click."""
    beats = len(_CHORDS) * _BEATS_A_CHORD
    whole = np.zeros(round(beats * _BEAT_S * PHONE_RATE_HZ))
    for beat in range(beats):
        chord = _CHORDS[beat // _BEATS_A_CHORD]
        note = _pluck(chord[_PATTERN[beat % len(_PATTERN)]])
        at = round(beat * _BEAT_S * PHONE_RATE_HZ)
        # A note that sounds past the end goes on at the start.
        np.add.at(whole, (at + np.arange(len(note))) % len(whole), note)
    scaled = whole / np.abs(whole).max() * _LOUDNESS * 2
    return encode_mulaw(np.rint(scaled).astype("<i2").tobytes())


def _pluck(note: int) -> npt.NDArray[np.float64]:
    """Return one decaying note with three partials below 3.4 kHz."""
    frequency_hz = 440.0 * 2 ** ((note - 69) / 12)
    time_s = np.arange(PHONE_RATE_HZ) / PHONE_RATE_HZ
    partials = sum(np.sin(2 * np.pi * frequency_hz * n * time_s) / n**2 for n in (1, 2, 3))
    attack = np.minimum(time_s / 0.008, 1.0)
    return np.asarray(partials * attack * np.exp(-4.0 * time_s))
