"""One call's quality, second by second, made of the counts of its leg. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from softphone.audio.leg import LegStats
from softphone.audio.level import PeakRange
from softphone.model.call import CallId, MediaState
from softphone.model.mos import delay_of, mos
from softphone.model.quality import DeskFigures, Levels, QualitySample, QualitySummary, Warned

from .quality import QualityWatch

SILENT_AFTER_S = 5.0
_FRAME_MS = 20.0
_RESAMPLING_MS = 4.0  # 2 ms each way: audio.resample
_WINDOW_SECONDS = 3
_OUT_WINDOW_SECONDS = 6  # the far end reports only every few seconds
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Second:
    """What a second brought: its sample, whether audio comes, warnings raised and ended."""

    sample: QualitySample
    media: MediaState
    raised: frozenset[Warned] = frozenset()
    ended: frozenset[Warned] = frozenset()


class CallMeter:
    """Follows one call from when its audio was connected; times are monotonic seconds."""

    def __init__(self, call: CallId, began_s: float) -> None:
        self._call = call
        self._began_s = began_s
        self._seen: deque[tuple[float, LegStats]] = deque(
            [(began_s, LegStats())], maxlen=_OUT_WINDOW_SECONDS + 1
        )
        self._watch = QualityWatch()
        self._unsaved: list[QualitySample] = []
        self._resting = False
        self._made_up_at_rest_ms = 0
        self.summary = QualitySummary()

    def rest(self) -> None:
        """Leave out what is counted until the next second: the call is held."""
        self._resting = True

    def second(
        self,
        stats: LegStats,
        microphone_db: float,
        peaks: PeakRange | None,
        at: float,
        now_s: float,
        desk: DeskFigures | None = None,
    ) -> Second:
        """Take the counts as they are now; `at` is epoch seconds.

        `peaks` are the microphone's in this second, None while this call does not get it. `desk`
        are the figures of a desk elsewhere, None without one.
        """
        stats = self._without_rest(stats, now_s)
        _, before = self._seen[-1]
        self._seen.append((now_s, stats))
        measured = self._measured(stats, microphone_db, at)
        last_s = self._began_s if stats.last_received_s is None else stats.last_received_s
        silent = now_s - last_s > SILENT_AFTER_S
        unsent = stats.frames_unsent - before.frames_unsent
        sent = stats.frames_sent - before.frames_sent - unsent
        raised, ended = self._watch.second(measured, peaks, silent=silent, sent=sent, unsent=unsent)
        sample = replace(measured, warnings=self._watch.standing, desk=desk)
        self.summary = self.summary.with_sample(sample)
        self._unsaved.append(sample)
        media = MediaState.SILENT if silent else MediaState.FLOWING
        return Second(sample, media, raised, ended)

    @property
    def unsaved(self) -> tuple[QualitySample, ...]:
        """The samples nobody has taken to write yet."""
        return tuple(self._unsaved)

    def take_unsaved(self, *, all_: bool = False) -> tuple[QualitySample, ...]:
        """Return the samples to be written, once there are ten of them or when `all_` are due."""
        if not all_ and len(self._unsaved) < _BATCH:
            return ()
        due, self._unsaved = tuple(self._unsaved), []
        return due

    def _without_rest(self, stats: LegStats, now_s: float) -> LegStats:
        """Return the counts without the sound made up while the call was held: nobody missed it.

        The second that ends the rest is compared with itself.
        """
        if self._resting:
            self._made_up_at_rest_ms = stats.concealed_ms - self._seen[-1][1].concealed_ms
        made_up_ms = max(0, stats.concealed_ms - self._made_up_at_rest_ms)
        stats = replace(stats, concealed_ms=made_up_ms)
        if self._resting:
            self._resting = False
            self._seen.clear()
            self._seen.append((now_s - 1.0, stats))
        return stats

    def _measured(self, stats: LegStats, microphone_db: float, at: float) -> QualitySample:
        rtp = bool(stats.codec)
        heard = stats.frames_received > 0
        concealed = self._concealed(stats)
        delay_ms = stats.depth_ms + _FRAME_MS + _RESAMPLING_MS + (stats.round_trip_ms or 0.0) / 2
        loss_out = self._lost_out(stats, rtp)
        delay_out_ms = delay_of(stats.round_trip_ms or 0.0, 2 * stats.remote_jitter_ms)
        return QualitySample(
            call=self._call,
            at=at,
            delay_ms=delay_ms,
            jitter_ms=stats.jitter_ms if heard else None,
            buffer_ms=float(stats.depth_ms),
            round_trip_ms=stats.round_trip_ms,
            loss=self._lost_in(stats) if rtp else concealed,
            mos=round(mos(concealed, delay_ms), 2) if heard else None,
            concealed_ms=float(stats.concealed_ms),
            dropped_ms=float(stats.dropped_ms),
            frames_sent=stats.frames_sent,
            frames_received=stats.frames_received,
            levels=Levels(microphone_db, stats.far_dbfs),
            jitter_out_ms=stats.remote_jitter_ms if stats.remote_lost is not None else None,
            loss_out=loss_out,
            mos_out=None if loss_out is None else round(mos(loss_out, delay_out_ms), 2),
            frames_unsent=stats.frames_unsent,
        )

    def _concealed(self, stats: LegStats) -> float:
        """Return the share of what was played that had to be made up."""
        now_s, _ = self._seen[-1]
        then_s, before = self._ago(_WINDOW_SECONDS)
        took_ms = 1000.0 * max(now_s - then_s, 1e-3)
        return min(1.0, max(0, stats.concealed_ms - before.concealed_ms) / took_ms)

    def _lost_in(self, stats: LegStats) -> float:
        _, before = self._ago(_WINDOW_SECONDS)
        lost = max(0, stats.packets_lost - before.packets_lost)
        came = max(0, stats.frames_received - before.frames_received)
        return lost / (lost + came) if lost else 0.0

    def _lost_out(self, stats: LegStats, rtp: bool) -> float | None:
        """Return the lost share of what was sent, None while nobody knows."""
        if (rtp and stats.remote_lost is None) or not stats.frames_sent:
            return None
        _, before = self._ago(_OUT_WINDOW_SECONDS if rtp else _WINDOW_SECONDS)
        sent = stats.frames_sent - before.frames_sent
        if rtp:
            lost = (stats.remote_lost or 0) - (before.remote_lost or 0)
        else:
            lost = stats.frames_unsent - before.frames_unsent
        return min(1.0, max(0, lost) / sent) if sent > 0 else None

    def _ago(self, seconds: int) -> tuple[float, LegStats]:
        return self._seen[max(0, len(self._seen) - 1 - seconds)]
