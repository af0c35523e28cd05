"""When a call's sound is so poor that the operator must be told. Pure.

A warning is raised when three of the last five seconds were bad, and stands until five seconds in
a row were good, so that one bad second says nothing and a bad minute is said once.
"""

from __future__ import annotations

from collections import deque

from softphone.audio.level import PeakRange
from softphone.model.quality import QualitySample, Warned

ROUND_TRIP_MS = 400.0
JITTER_MS = 30.0
LOSS = 0.03
LEAST_MOS = 3.5
QUIET_DBFS = -36.0
CLIPPED_DBFS = -0.05

_BAD_SECONDS, _OF_SECONDS = 3, 5
_GOOD_SECONDS = 5
_NOISE_DBFS = -55.0  # sound below it is the room, not a voice
_VOICE_RANGE_DB = 15.0  # a voice has pauses between its syllables; hum and wind have not
_VOICED_SECONDS = 10
_SENT_SHARE = 0.1  # of what there was to send


class QualityWatch:
    """Follows one call, second by second."""

    def __init__(self) -> None:
        self._bad: dict[Warned, deque[bool]] = {kind: deque(maxlen=_OF_SECONDS) for kind in Warned}
        self._good_for: dict[Warned, int] = dict.fromkeys(Warned, 0)
        self._standing: set[Warned] = set()
        self._voice: deque[bool] = deque(maxlen=_VOICED_SECONDS)

    @property
    def standing(self) -> tuple[Warned, ...]:
        """The warnings that stand, the most telling first."""
        return tuple(kind for kind in Warned if kind in self._standing)

    def second(
        self,
        sample: QualitySample,
        microphone: PeakRange | None,
        *,
        silent: bool,
        sent: int,
        unsent: int,
    ) -> tuple[frozenset[Warned], frozenset[Warned]]:
        """Take one second; return the warnings it raised and those it ended.

        `microphone` has the peaks of this second, None while it is shut. `silent`: nothing has
        come for so long that it needs no more proof. `sent` and `unsent` are the frames of this
        second that left, and that a stalled connection did not take.
        """
        if silent:  # nothing else can be told of a line on which nothing comes
            fresh = frozenset({Warned.NO_AUDIO_IN} - self._standing)
            self._standing.add(Warned.NO_AUDIO_IN)
            return fresh, frozenset()
        bad = complaints(sample, sent=sent, unsent=unsent) | self._of_microphone(microphone)
        for kind, seconds in self._bad.items():
            seconds.append(kind in bad)
            self._good_for[kind] = 0 if kind in bad else self._good_for[kind] + 1
        raised = {kind for kind, seconds in self._bad.items() if sum(seconds) >= _BAD_SECONDS}
        ended = {kind for kind in self._standing if self._good_for[kind] >= _GOOD_SECONDS}
        ended -= raised
        ended |= self._standing & {Warned.NO_AUDIO_IN}
        fresh = frozenset(raised - self._standing - ended)
        self._standing = (self._standing | fresh) - ended
        return fresh, frozenset(ended)

    def _of_microphone(self, second: PeakRange | None) -> frozenset[Warned]:
        if second is None:
            return frozenset()
        found = set()
        if second.highest_dbfs >= CLIPPED_DBFS:
            found.add(Warned.CLIPPING)
        spoke = second.highest_dbfs - second.lowest_dbfs >= _VOICE_RANGE_DB
        if spoke and second.highest_dbfs > _NOISE_DBFS:
            self._voice.append(second.highest_dbfs < QUIET_DBFS)
        if len(self._voice) == _VOICED_SECONDS and all(self._voice):
            found.add(Warned.QUIET)
        return frozenset(found)


def complaints(sample: QualitySample, *, sent: int, unsent: int) -> frozenset[Warned]:
    """Return what is bad about one second by its figures; an unknown figure is never bad."""
    bad = {
        Warned.DELAY: _above(sample.round_trip_ms, ROUND_TRIP_MS),
        Warned.JITTER: _above(sample.jitter_ms, JITTER_MS),
        Warned.LOSS_IN: _above(sample.loss, LOSS),
        Warned.LOSS_OUT: _above(sample.loss_out, LOSS),
        Warned.SCORE_IN: sample.mos is not None and sample.mos < LEAST_MOS,
        Warned.SCORE_OUT: sample.mos_out is not None and sample.mos_out < LEAST_MOS,
        Warned.NO_AUDIO_OUT: unsent > 0 and sent < _SENT_SHARE * (sent + unsent),
    }
    return frozenset(kind for kind, is_bad in bad.items() if is_bad)


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit
