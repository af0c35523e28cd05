"""Garbage collection and thread switches, set for a program that must answer keys at once."""

from __future__ import annotations

import gc
import sys

_THRESHOLDS = (100_000, 50, 100)


def calm_runtime() -> None:
    """Full collections held the interpreter for 140 to 180 ms (audio.md, section 0)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(0.0005)
