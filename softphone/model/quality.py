"""Call quality as numbers with honest unknowns: None is "not known", never zero."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    # How many seconds are in each mean (jitter, buffer, loss, MOS); only while the call is up.
    _known: tuple[int, ...] = field(default=(0, 0, 0, 0), repr=False, compare=False)

    def with_sample(self, sample: QualitySample) -> QualitySummary:
        """Return the summary with one more second in it; unknown figures change nothing."""
        figures = (sample.jitter_ms, sample.buffer_ms, sample.loss, sample.mos)
        before = (self.mean_jitter_ms, self.mean_buffer_ms, self.loss, self.mos)
        known = tuple(n + (new is not None) for n, new in zip(self._known, figures, strict=True))
        jitter, buffer, loss, mos = map(_mean, before, figures, known)
        return QualitySummary(
            samples=self.samples + 1,
            mean_jitter_ms=jitter,
            max_jitter_ms=_largest(self.max_jitter_ms, sample.jitter_ms),
            mean_buffer_ms=buffer,
            loss=loss,
            mos=mos,
            concealed_ms=_latest(self.concealed_ms, sample.concealed_ms),
            dropped_ms=_latest(self.dropped_ms, sample.dropped_ms),
            frames_sent=int(_latest(self.frames_sent, sample.frames_sent)),
            frames_received=int(_latest(self.frames_received, sample.frames_received)),
            _known=known,
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
