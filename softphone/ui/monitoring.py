"""What the monitor screens remember: the course of figures, calls that just ended. Pure.

Quality is a letter first (G good, F fair, P poor, B bad), then a colour; what is not known is a
dash. The bands are those of the service's own score and of the usual thresholds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from softphone.model.monitor import ClientQuality, CoursePoint, ObservedCall

from . import words
from .clock import local_time
from .spans import Span

POINTS = 120
BUCKET_S = 5.0
ENDED_SHOWN_S = 30.0
FOLLOWED_MOST, UNSEEN_KEPT_S = 20, 5.0
ORDERS = ("worst", "age", "clients", "issues")
_BARS = "▁▂▃▄▅▆▇█"
_SCORE_BANDS = (4.0, 3.0, 2.0)  # good, fair, poor; below: bad
_RISING_BANDS = {
    "rtt": (50.0, 150.0, 300.0),
    "jitter": (15.0, 30.0, 60.0),
    "loss": (0.01, 0.05, 0.2),
}
_BANDS = (("G", "ok"), ("F", "plain"), ("P", "warn"), ("B", "bad"))


Values: TypeAlias = deque[float | None]
_Key: TypeAlias = tuple[str, float | None]


def _values() -> Values:
    return deque(maxlen=POINTS)


@dataclass(slots=True)
class Course:
    """The last figures of one call or client, the newest at the end: the worst of every five
    seconds, by when it arrived, so that rows out of order or in bursts do not bend the picture."""

    score: Values = field(default_factory=_values)
    rtt: Values = field(default_factory=_values)
    jitter: Values = field(default_factory=_values)
    loss: Values = field(default_factory=_values)
    bucket: int | None = None

    def add(self, figures: ClientQuality | CoursePoint, mono: float) -> None:
        """Take a client's figures that arrived at `mono`."""
        self._turn(mono)
        _worsen(self.score, figures.score, min)
        _worsen(self.rtt, figures.rtt_ms, max)
        _worsen(self.jitter, figures.jitter_ms, max)
        _worsen(self.loss, figures.loss_in, max)

    def precede(self, points: Iterable[CoursePoint]) -> None:
        """Put what was stored, by its own times, before what has arrived here."""
        past = Course()
        for point in sorted(points, key=lambda one: one.at):
            past.add(point, point.at)
        for before, here in zip(past._all(), self._all(), strict=True):
            if here and before:
                before.pop()  # the time of what has arrived is its last bucket
            merged = [*before, *here]
            here.clear()
            here.extend(merged)
        self.bucket = past.bucket if self.bucket is None else self.bucket

    def _all(self) -> tuple[Values, ...]:
        return self.score, self.rtt, self.jitter, self.loss

    def add_score(self, score: float | None, mono: float) -> None:
        """Take a call's score that arrived at `mono`."""
        self._turn(mono)
        _worsen(self.score, score, min)

    def _turn(self, mono: float) -> None:
        """Begin the bucket of this moment. One bucket without arrivals is jitter of what comes
        every five seconds and repeats the value before; more of them are a gap."""
        bucket = int(mono // BUCKET_S)
        begun = 1 if self.bucket is None else min(POINTS, bucket - self.bucket)
        self.bucket = bucket if self.bucket is None else max(bucket, self.bucket)
        for values in self._all():
            if begun == 2:
                values.append(values[-1])
                values.append(None)
            else:
                values.extend([None] * begun)


def _worsen(values: Values, value: float | None, worse: Callable[[float, float], float]) -> None:
    known = values[-1]
    if value is not None:
        values[-1] = value if known is None else worse(known, value)


@dataclass(slots=True)
class CallBoard:
    """The list of ongoing calls: newest data wins, what vanished stays a while as ended."""

    calls: dict[_Key, ObservedCall] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    gone: dict[_Key, float] = field(default_factory=dict)

    def take(self, listed: Iterable[ObservedCall], mono: float) -> None:
        """Take a whole list of ongoing calls."""
        now = {(call.id, call.started_at): call for call in listed}
        for key in self.calls.keys() - now.keys():
            self.gone.setdefault(key, mono)
        self.calls |= now
        for key, call in now.items():
            self.gone.pop(key, None)
            self.courses.setdefault(call.id, Course()).add_score(call.score, mono)
        self._forget(mono)

    def update(self, call: ObservedCall, mono: float) -> bool:
        """Take newer figures of a call in the list; False when it is not there or is over, as
        rows that come late must not bring it back."""
        key = call.id, call.started_at
        known = self.calls.get(key)
        if known is None or key in self.gone:
            return False
        self.calls[key] = replace(
            known, score=call.score, worst_score=call.worst_score, clients=call.clients,
            clients_now=call.clients_now, clients_peak=call.clients_peak, issues=call.issues,
        )  # fmt: skip
        self.courses.setdefault(call.id, Course()).add_score(call.score, mono)
        return True

    def rows(self, order: str = ORDERS[0]) -> list[ObservedCall]:
        """Return the calls in one of the `ORDERS`: the worst, longest or fullest first, or those
        with most issues; what is not known and then ended calls last."""

        def place(entry: tuple[_Key, ObservedCall]) -> tuple[bool, float, str]:
            key, call = entry
            return key in self.gone, _rank(call, order), call.id

        return [call for _, call in sorted(self.calls.items(), key=place)]

    def ended(self, call: ObservedCall) -> bool:
        """Tell whether the call is no longer listed by the service."""
        return (call.id, call.started_at) in self.gone

    def _forget(self, mono: float) -> None:
        for key, since in list(self.gone.items()):
            if mono - since > ENDED_SHOWN_S:
                del self.gone[key], self.calls[key]
        alive = {call_id for call_id, _ in self.calls}
        for call_id in self.courses.keys() - alive:
            del self.courses[call_id]


def _rank(call: ObservedCall, order: str) -> float:
    """Return where a call stands in an order, the least first."""
    if order == "worst":
        score = call.worst_score if call.worst_score is not None else call.score
        return 9.0 if score is None else score
    figures = {"age": call.duration_s, "clients": call.clients_now, "issues": call.issues}
    figure = figures[order]
    return 1.0 if figure is None else -figure


@dataclass(slots=True)
class Followed:
    """Which calls have a frame because they are seen; each is closed a while after it was."""

    seen: dict[str, float] = field(default_factory=dict)

    def look(self, visible: Sequence[str], mono: float) -> tuple[list[str], list[str]]:
        """Return which calls to follow now, and which no longer."""
        fresh = [one for one in visible[:FOLLOWED_MOST] if one not in self.seen]
        self.seen |= dict.fromkeys(visible[:FOLLOWED_MOST], mono)
        old = [one for one, at in self.seen.items() if mono - at >= UNSEEN_KEPT_S]
        for one in old:
            del self.seen[one]
        return fresh, old


def stale_since(epoch: float | None) -> str:
    """Return since when what is shown is no longer fresh, in words."""
    return "stale" if epoch is None else f"stale since {local_time(epoch):%H:%M:%S}"


def squeezed(
    values: Sequence[float | None], width: int, worst: Callable[[Iterable[float]], float]
) -> list[float | None]:
    """Return at most `width` values for a small chart: of those that share a place, the worst."""
    if width <= 0 or len(values) <= width:
        return list(values)
    found: list[float | None] = []
    for place in range(width):
        part = values[place * len(values) // width : (place + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        found.append(worst(known) if known else None)
    return found


def sparkline(values: Sequence[float | None], width: int, low: float, high: float) -> str:
    """Return the newest values as bars of eight heights, blanks where nothing is known."""
    if width <= 0:
        return ""
    shown = list(values)[-width:]
    span = high - low
    bars = [
        " "
        if value is None
        else _BARS[min(7, max(0, int((value - low) / span * 8)))]
        for value in shown
    ]  # fmt: skip
    return "".join(bars).rjust(width)


def rising_top(values: Iterable[float | None], least: float) -> float:
    """Return the upper end of a sparkline: the largest value, and `least` at the least."""
    return max([least, *(value for value in values if value is not None)])


def score_span(score: float | None, *, odd: bool = False) -> Span:
    """Return a score with its letter and role."""
    if score is None:
        return words.DASH, "dim"
    index = next((i for i, limit in enumerate(_SCORE_BANDS) if score >= limit), 3)
    letter, role = _BANDS[index]
    return f"{score:.1f}{'!' if odd else ' '}{letter}", role


def rising_span(kind: str, value: float | None, text: str, *, odd: bool = False) -> Span:
    """Return a figure that is worse the higher it is (rtt, jitter in ms, loss as a share)."""
    if value is None:
        return words.DASH, "dim"
    bands = _RISING_BANDS[kind]
    index = sum(value >= limit for limit in bands)
    letter, role = _BANDS[index]
    return f"{text}{'!' if odd else ' '}{letter}", role


def progress_bar(progress: float | None, width: int = 10) -> str:
    """Return how far something is as a bar and a share, nothing when it is not known."""
    if progress is None:
        return ""
    share = max(0.0, min(1.0, progress))
    full = round(share * width)
    return f"{'█' * full}{'░' * (width - full)} {share:.0%}"


def quality_words(client: ClientQuality) -> str:
    """Return the state of a client in the words of the trade."""
    if client.loss_in is not None and client.loss_in >= _RISING_BANDS["loss"][1]:
        return "packet-loss"
    if client.jitter_ms is not None and client.jitter_ms >= _RISING_BANDS["jitter"][1]:
        return "high-jitter"
    score = client.score
    if score is None:
        return ""
    return "good" if score >= _SCORE_BANDS[0] else "degraded"


def kbits(rate: float | None) -> str:
    """Return a rate in kbit/s."""
    return words.DASH if rate is None else f"{rate / 1000:.0f}"
