"""The course of a call on a time axis: a sample a second, and marks for what happened. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from softphone.model.quality import QualitySample
from softphone.model.record import TimelineEntry

from .spans import Span

LONGEST_S = 24 * 3600
GAP_S = 3
"""So many seconds without a figure are a stall: the engine measures every one."""
MADE_UP_MS = 200.0
"""So much sound made up in one second is heard as a hole."""
UNSENT_FRAMES = 10
"""So many frames of 20 ms that could not leave in one second are heard over there."""
_BARS = "▁▂▃▄▅▆▇█"
_STEPS = len(_BARS)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the strip. From `poor` on a value is a warning, from `bad` on it is bad.

    `high` is the upper end of the scale unless values go beyond; a metric that falls (MOS) is
    worse the lower it is.
    """

    name: str
    figure: str
    unit: str
    poor: float
    bad: float
    high: float
    low: float = 0.0
    falls: bool = False
    factor: float = 1.0
    digits: int = 0

    def of(self, sample: QualitySample) -> float | None:
        """Return the value of a second in the metric's unit."""
        value: float | None = getattr(sample, self.figure)
        return None if value is None else value * self.factor

    def role(self, value: float) -> str:
        """Return how good a value is, as the role it is drawn in."""
        if self.falls:
            return "bad" if value < self.bad else "warn" if value < self.poor else "ok"
        return "bad" if value >= self.bad else "warn" if value >= self.poor else "ok"


METRICS = (
    Metric("loss", "loss", "%", 1.0, 5.0, 10.0, factor=100.0, digits=1),
    Metric("jitter", "jitter_ms", "ms", 30.0, 60.0, 80.0),
    Metric("buffer", "buffer_ms", "ms", 120.0, 240.0, 300.0),
    Metric("delay", "delay_ms", "ms", 150.0, 300.0, 400.0),
    Metric("MOS", "mos", "", 3.6, 2.6, 4.5, low=1.0, falls=True, digits=1),
    Metric("loss out", "loss_out", "%", 1.0, 5.0, 10.0, factor=100.0, digits=1),
)
"""The rows, from the top; the last is what the far end loses of what is said here."""

SIGNS = {
    "state": ("|", "dim"),
    "hold": ("H", "held"),
    "mute": ("M", "dim"),
    "warning": ("!", "warn"),
    "device": ("D", "warn"),
    "link": ("L", "bad"),
    "stall": ("S", "bad"),
    "note": ("·", "dim"),
}
_URGENT = ("stall", "link", "device", "warning", "hold", "mute", "state", "note")
_STATES = frozenset({"offered", "dialled", "active", "ended", "alerting", "early_media",
                     "connecting", "ringing", "dialing"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened: `at` seconds after the beginning, of a kind in `SIGNS`."""

    at: float
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Course:
    """A call from its beginning (epoch seconds) on: samples by second, and marks in order."""

    began: float = 0.0
    seconds: int = 0
    samples: dict[int, QualitySample] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    def between(self, first: int, after: int) -> list[QualitySample]:
        """Return the samples of the seconds from `first` to before `after`."""
        return [self.samples[n] for n in range(first, after) if n in self.samples]

    def marks_between(self, first: int, after: int) -> list[Mark]:
        """Return the marks of the seconds from `first` to before `after`."""
        return [mark for mark in self.marks if first <= int(mark.at) < after]


def course_of(
    timeline: Sequence[TimelineEntry], samples: Sequence[QualitySample], until: float = 0.0
) -> Course:
    """Return the course of a call; `until` is now while it is up, else 0."""
    times = [entry.at for entry in timeline] + [sample.at for sample in samples]
    if not times:
        return Course()
    began = min(times)
    seconds = min(LONGEST_S, int(max(*times, until, began) - began) + 1)
    by_second = {min(seconds - 1, int(sample.at - began)): sample for sample in samples}
    marks = [mark for entry in timeline if (mark := _mark(entry, began))]
    marks += [*_stalls(samples, began, list(_holds(timeline)))]
    return Course(began, seconds, by_second, tuple(sorted(marks, key=lambda mark: mark.at)))


def worst(metric: Metric, samples: Iterable[QualitySample]) -> float | None:
    """Return the worst value of several seconds, None when it is known of none."""
    known = [value for sample in samples if (value := metric.of(sample)) is not None]
    if not known:
        return None
    return min(known) if metric.falls else max(known)


def top_of(metric: Metric, course: Course) -> float:
    """Return the upper end of a metric's scale for a call."""
    known = [value for sample in course.samples.values() if (value := metric.of(sample))]
    return max([metric.high, *known]) if not metric.falls else metric.high


def bar(metric: Metric, value: float | None, top: float, rows: int) -> list[Span]:
    """Return a value as a bar of `rows` cells, the upper one first; blank for what is unknown."""
    if value is None:
        return [(" ", "plain")] * rows
    share = (value - metric.low) / (top - metric.low)
    steps = max(1, min(rows * _STEPS, round(share * rows * _STEPS)))
    role = metric.role(value)
    cells: list[Span] = []
    for row in reversed(range(rows)):
        filled = min(_STEPS, steps - row * _STEPS)
        cells.append((_BARS[filled - 1] if filled > 0 else " ", role))
    return cells


def sign_of(marks: Sequence[Mark]) -> Span:
    """Return the sign of the most urgent of several marks, blank for none."""
    if not marks:
        return " ", "plain"
    return SIGNS[min((mark.kind for mark in marks), key=_URGENT.index)]


def _mark(entry: TimelineEntry, began: float) -> Mark | None:
    kind, text = _kind_and_words(entry)
    return Mark(entry.at - began, kind, text) if kind else None


def _kind_and_words(entry: TimelineEntry) -> tuple[str, str]:
    what, detail = entry.what, entry.detail
    on = detail == "True"
    if what == "held":
        return "hold", "on hold"
    if what in _STATES:
        return "state", " ".join(part for part in (what.replace("_", " "), detail) if part)
    if what == "muted":
        return "mute", "microphone closed" if on else "microphone open"
    if what == "link_lost":
        return "link", "connection to the platform lost" if on else "reconnected"
    if what == "media":
        words = {"silent": "no sound comes in", "lost": "sound lost", "flowing": "sound flows"}
        return ("stall" if detail in ("silent", "lost") else "note"), words.get(detail, detail)
    if what in ("warning", "device"):
        return what, detail
    switched = {"True": "on", "False": "off"}.get(detail, detail)
    return "note", f"{what.replace('_', ' ')} {switched}".strip()


def _holds(timeline: Sequence[TimelineEntry]) -> Iterator[tuple[float, float]]:
    """Yield when the call was on hold, from and until: nothing is measured then."""
    since: float | None = None
    for entry in timeline:
        if entry.what == "held":
            since = entry.at
        elif entry.what in ("active", "ended") and since is not None:
            yield since, entry.at
            since = None
    if since is not None:
        yield since, math.inf


def _stalls(
    samples: Sequence[QualitySample], began: float, holds: Sequence[tuple[float, float]]
) -> Iterable[Mark]:
    """Yield seconds in which nothing was measured, or much sound had to be made up."""
    for before, after in pairwise(samples):
        held = any(since <= after.at and before.at <= until for since, until in holds)
        if (gap := after.at - before.at) > GAP_S and not held:
            yield Mark(before.at - began + 1, "stall", f"no figures for {gap:.0f} s")
        made_up = (after.concealed_ms or 0.0) - (before.concealed_ms or 0.0)
        if made_up >= MADE_UP_MS:
            yield Mark(after.at - began, "stall", f"{made_up:.0f} ms of sound made up")
        unsent = (after.frames_unsent or 0) - (before.frames_unsent or 0)
        if unsent >= UNSENT_FRAMES:
            yield Mark(after.at - began, "stall", f"{unsent * 20} ms of your voice did not leave")
