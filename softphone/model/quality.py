"""Call quality as numbers with honest unknowns: None is "not known", never zero.

"In" is what is heard here, "out" what the far end hears. A figure named without either is of "in",
or of the way as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from .call import CallId


class Warned(StrEnum):
    """What may be wrong with a call's sound, the most telling first; the values are for scripts."""

    NO_AUDIO_IN = "no_audio_in"
    NO_AUDIO_OUT = "no_audio_out"
    LOSS_IN = "loss_in"
    LOSS_OUT = "loss_out"
    DELAY = "delay"
    JITTER = "jitter"
    SCORE_IN = "score_in"
    SCORE_OUT = "score_out"
    CLIPPING = "clipping"
    QUIET = "quiet"

    @property
    def words(self) -> str:
        """Return what the operator is told."""
        return _WORDS[self]


_WORDS = {
    Warned.NO_AUDIO_IN: "no sound comes from the far end",
    Warned.NO_AUDIO_OUT: "your voice does not leave: the connection is stalled",
    Warned.LOSS_IN: "the network loses sound on its way to you",
    Warned.LOSS_OUT: "the network loses your voice on its way",
    Warned.DELAY: "the delay is long: let each other finish",
    Warned.JITTER: "the network delivers unevenly",
    Warned.SCORE_IN: "the sound you hear is poor",
    Warned.SCORE_OUT: "your voice arrives poorly",
    Warned.CLIPPING: "your microphone is too loud and distorts: turn it down",
    Warned.QUIET: "your microphone is quiet: turn it up or come nearer",
}


@dataclass(frozen=True, slots=True)
class Levels:
    """Loudness now, in dBFS (0 is full scale, -96 and below is silence)."""

    microphone_db: float = -96.0
    far_end_db: float = -96.0


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """The way between this host and a desk elsewhere, apart from the platform's.

    The delay is one way: network, packing, and the desk's buffer. What was lost counts since the
    connection to the desk was made, in ms of sound: `in` towards the operator, `out` of the
    operator's voice.
    """

    delay_ms: float | None = None
    jitter_ms: float = 0.0
    lost_in_ms: float = 0.0
    lost_out_ms: float = 0.0
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class QualitySample:
    """One second of one call. Delays and jitter in ms, loss as a share of 1, MOS 1 to 5.

    Loss and MOS are over the last three seconds. `warnings` are those that stand now.
    """

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
    jitter_out_ms: float | None = None
    loss_out: float | None = None
    mos_out: float | None = None
    frames_unsent: int | None = None
    warnings: tuple[Warned, ...] = ()
    desk: DeskFigures | None = None


_MEANS = {  # of the summary, and of what in the samples
    "mean_jitter_ms": "jitter_ms",
    "mean_buffer_ms": "buffer_ms",
    "loss": "loss",
    "mos": "mos",
    "mean_delay_ms": "delay_ms",
    "mean_round_trip_ms": "round_trip_ms",
    "loss_out": "loss_out",
    "mos_out": "mos_out",
}


@dataclass(frozen=True, slots=True)
class QualitySummary:
    """A whole call; kept with its record. `warned` are the warnings it had, each once."""

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
    mean_delay_ms: float | None = None
    mean_round_trip_ms: float | None = None
    max_round_trip_ms: float | None = None
    loss_out: float | None = None
    mos_out: float | None = None
    least_mos: float | None = None
    frames_unsent: int = 0
    warned: tuple[Warned, ...] = ()
    desk: DeskFigures | None = None
    """What was told last of the way to a desk elsewhere."""
    # How many seconds are in each mean, in the order of _MEANS; only while the call is up.
    _known: tuple[int, ...] = field(default=(0,) * len(_MEANS), repr=False, compare=False)

    def with_sample(self, sample: QualitySample) -> QualitySummary:
        """Return the summary with one more second in it; unknown figures change nothing."""
        new = {mean: getattr(sample, figure) for mean, figure in _MEANS.items()}
        known = tuple(
            n + (value is not None) for n, value in zip(self._known, new.values(), strict=True)
        )
        means = {
            mean: _mean(getattr(self, mean), value, count)
            for (mean, value), count in zip(new.items(), known, strict=True)
        }
        return QualitySummary(
            samples=self.samples + 1,
            max_jitter_ms=_extreme(max, self.max_jitter_ms, sample.jitter_ms),
            max_round_trip_ms=_extreme(max, self.max_round_trip_ms, sample.round_trip_ms),
            least_mos=_extreme(min, self.least_mos, sample.mos),
            concealed_ms=_latest(self.concealed_ms, sample.concealed_ms),
            dropped_ms=_latest(self.dropped_ms, sample.dropped_ms),
            frames_sent=int(_latest(self.frames_sent, sample.frames_sent)),
            frames_received=int(_latest(self.frames_received, sample.frames_received)),
            frames_unsent=int(_latest(self.frames_unsent, sample.frames_unsent)),
            warned=tuple(dict.fromkeys((*self.warned, *sample.warnings))),
            desk=sample.desk or self.desk,
            _known=known,
            **means,
        )


def _mean(before: float | None, new: float | None, count: int) -> float | None:
    if new is None or before is None:
        return before if new is None else new
    return before + (new - before) / count


def _extreme(
    which: Callable[[float, float], float], before: float | None, new: float | None
) -> float | None:
    if new is None or before is None:
        return before if new is None else new
    return which(before, new)


def _latest(before: float, new: float | None) -> float:
    return before if new is None else new
