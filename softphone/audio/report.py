"""What the audio engine tells its owner, and what it is told at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ReportKind(StrEnum):
    """Kinds of `AudioReport`."""

    DEVICE_CHANGED = "device_changed"
    NO_DEVICE = "no_device"
    """There is no sound card to choose by itself; said by each direction."""
    DEVICE_LOST = "device_lost"
    DEVICE_BACK = "device_back"
    UNDERFLOW = "underflow"
    MIC_SILENT = "mic_silent"
    DIGIT_RECEIVED = "digit_received"
    PLAY_ENDED = "play_ended"
    RECORD_FAILED = "record_failed"


@dataclass(frozen=True, slots=True)
class AudioReport:
    """Something the operator or a call should know; `text` is one sentence.

    `key` names the leg it is about, where there is one; `digit` is set for `digit_received`.
    """

    kind: ReportKind
    text: str
    key: str | None = None
    digit: str | None = None


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """Which devices to use, as spec strings (see `devices.parse_spec`).

    `ringer=None` rings on the output device. `ring_level_dbfs` is the peak of the ring.
    """

    input: str = "auto"
    output: str = "auto"
    ringer: str | None = None
    ring_level_dbfs: float = -12.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Peak levels of the last 10 ms with a 20 dB/s fall, in dBFS (-96 is silence)."""

    mic_dbfs: float
    far_dbfs: Mapping[str, float] = field(default_factory=dict)
