"""How a call rings: which tone, how loud, on which device."""

from __future__ import annotations

from dataclasses import dataclass

from .tones import RING, Beat

RING_TONES: dict[str, tuple[Beat, ...]] = {
    "classic": RING,
    "bell": (*(Beat((440.0, 480.0), 0.05), Beat((480.0, 620.0), 0.05)) * 10, Beat((), 3.0)),
    "chime": (Beat((1047.0,), 0.25), Beat((784.0,), 0.25), Beat((523.0,), 0.5), Beat((), 3.0)),
    "low": (Beat((294.0, 370.0), 0.6), Beat((), 2.4)),
    "short": (Beat((988.0,), 0.15), Beat((), 3.85)),
}
"""Tones to tell accounts apart by ear; names as in the configuration."""


@dataclass(frozen=True, slots=True)
class RingSound:
    """One way to ring. `dbfs` None and an empty `device` are those of the audio settings."""

    tone: str = "classic"
    dbfs: float | None = None
    device: str = ""


PLAIN = RingSound()
