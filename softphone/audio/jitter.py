"""The adaptive jitter buffer: samples in when the network brings them, out when played.

Pure: time is an argument, nothing waits. Delay follows the arrival statistics (`arrival.py`):
too deep, and single pitch periods are taken out (fast above 40 ms of excess); too shallow, and
one is repeated. While packets get lost one more packet is kept, so that the sound after a gap is
there when the gap is played: filled from both sides it is heard far less. When the buffer runs
empty the sound is continued by concealment; a TCP stream loses nothing then, so the delay grows by
the gap and is worked off again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .arrival import Arrivals
from .block import PHONE_RATE_HZ, Samples
from .conceal import HISTORY_SAMPLES, Concealer, conceal_between, scale_of
from .stretch import LEAST_SAMPLES, StretchQueue

START_MS = 60
CEILING_MS = 1000
_HURRY_MS, _EXCESS_MS, _LACK_MS = 40, 12, 10
_PULLS_BETWEEN_SHORTER, _PULLS_BETWEEN_LONGER = 3, 10
_PATIENCE_PULLS = 20
_SETTLE = 0.1
_LARGEST_FILL_MS = 200
_LARGEST_JUMP_MS = 2000
_AT_ONCE_S, _PULLS_LOOKED_AT = 0.003, 100
_LOSS_MEMORY = 1 / 250  # packets: five seconds of them
_LOSSY, _CLEAN = 0.02, 0.005  # shares of packets; a single loss is 0.004


@dataclass(frozen=True, slots=True)
class JitterStats:
    """What the buffer has seen; depth, target and jitter are of this moment.

    Concealed milliseconds are counted up to one second of a gap: beyond that nobody is sending.
    """

    received_samples: int
    concealed_ms: int
    dropped_ms: int
    depth_ms: int
    target_ms: int
    jitter_ms: float


class JitterBuffer:
    """One direction of one call. `push` and `pull` must be called by the same thread."""

    def __init__(
        self,
        start_ms: int = START_MS,
        ceiling_ms: int = CEILING_MS,
        rate_hz: int = PHONE_RATE_HZ,
    ) -> None:
        """`rate_hz` is 8000 or a multiple of it: the rate of the samples and timestamps."""
        self._rate, self._scale = rate_hz, scale_of(rate_hz)
        self._per_ms = rate_hz // 1000
        self._start = start_ms * self._per_ms
        self._ceiling = ceiling_ms * self._per_ms
        self._queue = StretchQueue(self._ceiling, rate_hz)
        self._arrivals = Arrivals()
        self._concealer = Concealer(rate_hz)
        self._playing = False
        self._delay = 0.0  # samples between the earliest possible moment and playing
        self._since_change = 0
        self._received = self._concealed = self._dropped = 0
        self._media = 0  # samples on the sender's timeline
        self._next_timestamp: int | None = None
        self._holes: deque[tuple[int, int]] = deque(maxlen=32)
        self._loss = 0.0  # share of packets, of the last seconds
        self._pulled_s = float("-inf")
        self._pulls = self._pairs = 0
        self._reserve = 0  # samples kept beyond the target while packets get lost

    def push(self, samples: Samples, now_s: float) -> None:
        """Take the next samples of a stream that loses nothing (TCP); any length."""
        self._append(samples, now_s)

    def push_packet(self, samples: Samples, now_s: float, timestamp: int) -> None:
        """Take a packet with its RTP timestamp (32 bit, in samples); may be late or out of order.

        A hole before it is concealed from both sides; when the missing packet comes before its
        turn it is put in place, otherwise it is ignored. Duplicates are ignored.
        """
        gap = self._gap_before(timestamp)
        if gap < 0:
            self._repair(samples, timestamp, -gap)
            return
        self._next_timestamp = (timestamp + len(samples)) & 0xFFFFFFFF
        self._follow_loss(gap, len(samples))
        if gap:
            self._fill(samples, timestamp - gap, gap)
        self._append(samples, now_s)

    def new_timeline(self) -> None:
        """Take the next packet's timestamp as it is: another sender goes on from here."""
        self._next_timestamp = None
        self._arrivals.reset()
        self._holes.clear()

    def pull(self, out: Samples, now_s: float | None = None) -> None:
        """Fill `out` with what is to be played now: sound, concealment or zeros.

        With the monotonic time the buffer learns whether the device asks for two blocks at once,
        and stays shallower where it does not.
        """
        if now_s is not None:
            self._follow_pulls(now_s)
        if not self._playing:
            if len(self._queue) < max(self._start, len(out)):
                out.fill(0)
                return
            self._playing, self._delay = True, self._target()
        if self._adapt():
            self._run_dry(out)
            return
        count = self._queue.pull(out)
        if count:
            self._concealer.heard(out[:count])
        if count < len(out):
            self._run_dry(out[count:])

    def stats(self) -> JitterStats:
        """Return the counts so far."""
        return JitterStats(
            self._received,
            self._concealed // self._per_ms,
            self._dropped // self._per_ms,
            len(self._queue) // self._per_ms,
            round(self._target() / self._per_ms),
            self._arrivals.jitter_s * 1000,
        )

    def _follow_pulls(self, now_s: float) -> None:
        self._pairs += now_s - self._pulled_s < _AT_ONCE_S
        self._pulled_s = now_s
        self._pulls += 1
        if self._pulls == _PULLS_LOOKED_AT:
            self._arrivals.pulled_in_pairs = self._pairs > _PULLS_LOOKED_AT // 20
            self._pulls = self._pairs = 0

    def _target(self) -> float:
        """Return the depth that is wanted, in samples."""
        return self._arrivals.target_s * self._rate + self._reserve

    def _follow_loss(self, gap: int, packet: int) -> None:
        """Take note of a packet and of those missing before it."""
        missing = min(round(gap / packet), round(1 / _LOSS_MEMORY)) if packet else 0
        for lost in (*(1,) * missing, 0):
            self._loss += (lost - self._loss) * _LOSS_MEMORY
        if self._loss > _LOSSY:
            self._reserve = packet
        elif self._loss < _CLEAN:
            self._reserve = 0

    def _append(self, samples: Samples, now_s: float) -> None:
        before = len(self._queue)
        late_s = self._arrivals.add(now_s, self._media / self._rate)
        self._media += len(samples)
        self._received += len(samples)
        self._delay += _SETTLE * (before + late_s * self._rate - self._delay)
        self._enqueue(samples)

    def _enqueue(self, samples: Samples) -> None:
        """Append within the ceiling; above it the oldest go, down to the start depth."""
        over = len(self._queue) + len(samples) - self._ceiling
        if over > 0:
            dropped = len(self._queue) + len(samples) - self._start
            from_queue = min(dropped, len(self._queue))
            self._queue.drop(from_queue)
            samples = samples[dropped - from_queue :]
            self._dropped += dropped
            self._delay = float(self._start)
        self._queue.push(samples)

    def _run_dry(self, out: Samples) -> None:
        self._concealer.conceal(out)
        self._concealed += len(out)
        self._delay += len(out)
        if self._concealer.missing_samples >= self._ceiling:
            self._playing = False
            self._arrivals.reset()

    def _adapt(self) -> bool:
        """Bring the delay nearer to the target by one pitch period where it does not hurt.

        True when there is too little sound to repeat: one block must be concealed instead.
        """
        self._since_change += 1
        excess_ms = (self._delay - self._target()) / self._per_ms
        reserve_ms = (len(self._queue) - self._target()) / self._per_ms
        if min(excess_ms, reserve_ms + 20) > _HURRY_MS:
            self._changed(-self._queue.shorten(0.4 if self._since_change < 3 else -1.0))
        elif min(excess_ms, reserve_ms + 20) > _EXCESS_MS:
            if self._since_change >= _PULLS_BETWEEN_SHORTER:
                self._changed(-self._queue.shorten(self._demand()))
        elif excess_ms < -_LACK_MS and self._since_change >= _PULLS_BETWEEN_LONGER:
            if len(self._queue) < LEAST_SAMPLES * self._scale:
                self._since_change = 0
                return True
            self._changed(self._queue.lengthen(self._demand()))
        return False

    def _demand(self) -> float:
        """Return how alike two periods must be: anything goes after 200 ms of waiting."""
        return 0.6 if self._since_change < _PATIENCE_PULLS else -1.0

    def _changed(self, samples: int) -> None:
        if samples:
            self._delay += samples
            self._since_change = 0

    def _gap_before(self, timestamp: int) -> int:
        """Return samples missing before `timestamp`, negative when it was due earlier."""
        if self._next_timestamp is None:
            return 0
        gap = (timestamp - self._next_timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if abs(gap) <= _LARGEST_JUMP_MS * self._per_ms:
            return gap
        self.new_timeline()
        return 0

    def _fill(self, after: Samples, hole_start: int, gap: int) -> None:
        """Put `gap` concealed samples before `after`, less what was concealed while playing."""
        self._media += gap
        if not self._playing and not len(self._queue):
            return
        already = self._concealer.missing_samples if not len(self._queue) else 0
        self._delay -= min(gap, already)
        count = gap - already
        if not 0 < count <= _LARGEST_FILL_MS * self._per_ms:
            return
        before = self._queue.tail(HISTORY_SAMPLES * self._scale)
        made = conceal_between(before, after, count, self._rate)
        self._holes.append(((hole_start + already) & 0xFFFFFFFF, count))
        self._concealed += count
        self._enqueue(made)

    def _repair(self, samples: Samples, timestamp: int, from_end: int) -> None:
        """Put a late packet into its hole, when that was not played yet."""
        timestamp &= 0xFFFFFFFF
        for start, count in self._holes:
            if start <= timestamp < start + count:
                self._concealed -= self._queue.patch(from_end, samples)
                self._received += len(samples)
                return
