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
    PROCESSING_FAILED = "processing_failed"
    ECHO_MEASURED = "echo_measured"


@dataclass(frozen=True, slots=True)
class EchoFigures:
    """What an echo test measured; None is what could not be.

    `delay_ms` is from the sample handed to the speaker to its echo taken from the microphone,
    `level_db` that echo beside what was played, `reduction_db` what cancelling took of it (ERLE).
    """

    delay_ms: float | None = None
    level_db: float | None = None
    reduction_db: float | None = None

    @property
    def words(self) -> str:
        """Return the figures as a sentence."""
        if self.delay_ms is None or self.level_db is None:
            return "Echo test: nothing of the speaker reaches the microphone."
        side = "below" if self.level_db <= 0 else "above"
        found = f"Echo test: after {self.delay_ms:.0f} ms, {abs(self.level_db):.0f} dB {side} "
        if self.reduction_db is None:
            return f"{found}what is played."
        return f"{found}what is played; cancelling takes {self.reduction_db:.0f} dB of it."


@dataclass(frozen=True, slots=True)
class AudioReport:
    """Something the operator or a call should know; `text` is one sentence.

    `key` names the leg it is about, where there is one; `digit` is set for `digit_received`,
    `echo` for `echo_measured`, unless the test was broken off.
    """

    kind: ReportKind
    text: str
    key: str | None = None
    digit: str | None = None
    echo: EchoFigures | None = None

    @property
    def trouble(self) -> bool:
        """Tell whether it is a problem the operator should see until it is mended."""
        return self.kind in _TROUBLE


_TROUBLE = frozenset(
    (
        ReportKind.NO_DEVICE,
        ReportKind.DEVICE_LOST,
        ReportKind.RECORD_FAILED,
        ReportKind.MIC_SILENT,
    )
)


@dataclass(frozen=True, slots=True)
class Processing:
    """What is done to the microphone's sound; needs the extra `aec` unless all is off."""

    echo: bool = False
    noise: bool = False
    gain: bool = False

    @property
    def any(self) -> bool:
        """Tell whether anything is switched on."""
        return self.echo or self.noise or self.gain


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """Which devices to use, as spec strings (see `devices.parse_spec`).

    `ringer=None` rings on the output device. `ring_level_dbfs` is the peak of the ring.
    """

    input: str = "auto"
    output: str = "auto"
    ringer: str | None = None
    ring_level_dbfs: float = -12.0
    processing: Processing = Processing()


@dataclass(frozen=True, slots=True)
class Levels:
    """Peak levels of the last 10 ms with a 20 dB/s fall, in dBFS (-96 is silence)."""

    mic_dbfs: float
    far_dbfs: Mapping[str, float] = field(default_factory=dict)
