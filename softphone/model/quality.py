"""Call quality as numbers with honest unknowns: None is "not known", never zero."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class Levels:
    """Loudness now, in dBFS (0 is full scale, -96 and below is silence)."""

    microphone_db: float = -96.0
    far_end_db: float = -96.0


@dataclass(frozen=True, slots=True)
class QualitySample:
    """One second of one call. Delays and jitter in ms, loss as a share of 1, MOS 1 to 5."""

    call: CallId
    at: float
    delay_ms: float | None = None
    jitter_ms: float | None = None
    buffer_ms: float | None = None
    round_trip_ms: float | None = None
    loss: float | None = None
    mos: float | None = None
    concealed_ms: float | None = None
    dropped_ms: float | None = None
    frames_sent: int | None = None
    frames_received: int | None = None
    levels: Levels = Levels()


@dataclass(frozen=True, slots=True)
class QualitySummary:
    """A whole call; kept with its record."""

    samples: int = 0
    mean_jitter_ms: float | None = None
    max_jitter_ms: float | None = None
    mean_buffer_ms: float | None = None
    loss: float | None = None
    mos: float | None = None
    concealed_ms: float = 0.0
    dropped_ms: float = 0.0
    frames_sent: int = 0
    frames_received: int = 0

    def with_sample(self, sample: QualitySample) -> QualitySummary:
        """Return the summary with one more second in it; unknown figures change nothing."""
        count = self.samples + 1
        return QualitySummary(
            samples=count,
            mean_jitter_ms=_mean(self.mean_jitter_ms, sample.jitter_ms, count),
            max_jitter_ms=_largest(self.max_jitter_ms, sample.jitter_ms),
            mean_buffer_ms=_mean(self.mean_buffer_ms, sample.buffer_ms, count),
            loss=_mean(self.loss, sample.loss, count),
            mos=_mean(self.mos, sample.mos, count),
            concealed_ms=_latest(self.concealed_ms, sample.concealed_ms),
            dropped_ms=_latest(self.dropped_ms, sample.dropped_ms),
            frames_sent=int(_latest(self.frames_sent, sample.frames_sent)),
            frames_received=int(_latest(self.frames_received, sample.frames_received)),
        )


def _mean(before: float | None, new: float | None, count: int) -> float | None:
    if new is None or before is None:
        return before if new is None else new
    return before + (new - before) / count


def _largest(before: float | None, new: float | None) -> float | None:
    if new is None or before is None:
        return before if new is None else new
    return max(before, new)


def _latest(before: float, new: float | None) -> float:
    return before if new is None else new
