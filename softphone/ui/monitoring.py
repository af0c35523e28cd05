"""What the monitor screens remember: the course of figures, calls that just ended. Pure.

Quality is a letter first (G good, F fair, P poor, B bad), then a colour; what is not known is a
dash. The bands are those of the service's own score and of the usual thresholds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from softphone.model.monitor import ClientQuality, ObservedCall

from . import words
from .spans import Span

POINTS = 60
ENDED_SHOWN_S = 30.0
_BARS = "▁▂▃▄▅▆▇█"
_SCORE_BANDS = (4.0, 3.0, 2.0)  # good, fair, poor; below: bad
_RISING_BANDS = {
    "rtt": (50.0, 150.0, 300.0),
    "jitter": (15.0, 30.0, 60.0),
    "loss": (0.01, 0.05, 0.2),
}
_BANDS = (("G", "ok"), ("F", "plain"), ("P", "warn"), ("B", "bad"))


@dataclass(slots=True)
class Course:
    """The last figures of one call or client, the newest at the end."""

    score: deque[float | None] = field(default_factory=lambda: deque(maxlen=POINTS))
    rtt: deque[float | None] = field(default_factory=lambda: deque(maxlen=POINTS))
    jitter: deque[float | None] = field(default_factory=lambda: deque(maxlen=POINTS))
    loss: deque[float | None] = field(default_factory=lambda: deque(maxlen=POINTS))
    at: float | None = None

    def add(self, client: ClientQuality) -> None:
        """Take a client's figures; the same moment again changes nothing."""
        if client.at is not None and client.at == self.at:
            return
        self.at = client.at
        self.score.append(client.score)
        self.rtt.append(client.rtt_ms)
        self.jitter.append(client.jitter_ms)
        self.loss.append(client.loss_in)

    def add_score(self, score: float | None, at: float | None) -> None:
        """Take a call's score."""
        if at is None or at != self.at:
            self.at = at
            self.score.append(score)


@dataclass(slots=True)
class CallBoard:
    """The list of ongoing calls: newest data wins, what vanished stays a while as ended."""

    calls: dict[tuple[str, float | None], ObservedCall] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    gone: dict[tuple[str, float | None], float] = field(default_factory=dict)

    def take(self, listed: Iterable[ObservedCall], at: float | None, mono: float) -> None:
        """Take a whole list of ongoing calls."""
        now = {(call.id, call.started_at): call for call in listed}
        for key in self.calls.keys() - now.keys():
            self.gone.setdefault(key, mono)
        self.calls |= now
        for key, call in now.items():
            self.gone.pop(key, None)
            self.courses.setdefault(call.id, Course()).add_score(call.score, at)
        self._forget(mono)

    def rows(self) -> list[ObservedCall]:
        """Return the calls, the worst first, ended ones last."""

        def place(entry: tuple[tuple[str, float | None], ObservedCall]) -> tuple[bool, float, str]:
            key, call = entry
            score = call.worst_score if call.worst_score is not None else call.score
            return key in self.gone, 9.0 if score is None else score, call.id

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
