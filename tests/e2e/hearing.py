"""How well a recording holds what was said: aligned segmental SNR, level, gaps."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from softphone.audio.resample import RateConverter
from softphone.audio.wav import WavReader, WavWriter

RATE_HZ = 8_000
_FRAME = 160
Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """`snr_db`: mean over spoken 20 ms frames; `gaps`: spoken frames that came back silent."""

    snr_db: float
    gaps: int
    frames: int
    delay_ms: float


def read(path: Path) -> Signal:
    """Return a WAV file as 8 kHz samples."""
    with WavReader(path) as reader:
        samples = reader.read(round(reader.duration_s * reader.rate_hz))
        if reader.rate_hz == RATE_HZ:
            return np.asarray(samples, np.float64)
        return RateConverter(reader.rate_hz, RATE_HZ).push(samples).astype(np.float64)


def score(said: Signal, heard: Signal) -> Score:
    """Compare what was said with a recording that holds it somewhere, 20 ms frame by frame."""
    size = 1 << (len(said) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    place = int(np.argmax(np.fft.irfft(product, size)[: len(heard)]))
    found = heard[place : place + len(said)]
    found = np.pad(found, (0, len(said) - len(found)))
    gain = float(found @ said) / max(1.0, float(said @ said))
    ratios, gaps, spoken = [], 0, 0
    for start in range(0, len(said) - _FRAME, _FRAME):
        reference = said[start : start + _FRAME] * gain
        power = float(reference @ reference)
        if power / _FRAME < 300.0**2 * gain**2:
            continue
        spoken += 1
        error = found[start : start + _FRAME] - reference
        ratio = 10 * np.log10(power / max(1e-9, float(error @ error)))
        ratios.append(float(np.clip(ratio, -10.0, 35.0)))
        heard_power = float(found[start : start + _FRAME] @ found[start : start + _FRAME])
        gaps += heard_power < 0.05 * power
    return Score(float(np.mean(ratios)) if ratios else -10.0, gaps, spoken, place / 8.0)


def write_speech(path: Path) -> Signal:
    """Write a few seconds of speech-like sound (or real speech, where espeak-ng is there)."""
    text = "Hello operator, this is a test call. One, two, three, four, five."
    try:
        subprocess.run(["espeak-ng", "-v", "en", "-w", str(path), text], check=True)
        return read(path)
    except (OSError, subprocess.CalledProcessError):
        return _write_syllables(path)


def _write_syllables(path: Path) -> Signal:
    """Harmonic bursts with a moving pitch: as easy to align as speech, and always there."""
    rng = np.random.default_rng(7)
    parts = []
    for _ in range(14):
        time = np.arange(round(RATE_HZ * rng.uniform(0.1, 0.25))) / RATE_HZ
        pitch = rng.uniform(95, 210)
        tone = sum(
            np.sin(2 * np.pi * pitch * k * time + rng.uniform(0, 6)) / k for k in range(1, 9)
        )
        parts += [tone * np.hanning(len(time)), np.zeros(round(RATE_HZ * rng.uniform(0.03, 0.1)))]
    signal = np.concatenate(parts)
    samples = (signal / np.abs(signal).max() * 12_000).astype(np.int16)
    writer = WavWriter(path, RATE_HZ)
    writer.write(samples)
    writer.close()
    return np.asarray(samples, np.float64)
