"""Mean opinion score from what can be measured, by the E-model (ITU-T G.107, in short form).

Used for own calls and for monitored ones. Bounds: G.711 or Opus with packet loss concealment
(values of G.113 for G.711), random loss, no echo, ordinary loudness. The delay is what is known:
a network's share that nobody measured is not in it, so the score is then an upper bound.
"""

from __future__ import annotations

_R_DEFAULT = 93.2  # G.107: everything at its default value
_LOSS_ROBUSTNESS = 25.1  # Bpl of G.711 with concealment, ITU-T G.113 Appendix I
_LATE_MS = 177.3
_WORST, _BEST = 1.0, 4.5
_PACKET_MS = 20.0


def mos(loss: float, delay_ms: float) -> float:
    """Return the score, 1 to 4.5, for a loss (share of 1) and a one-way delay."""
    return score_of(rating(loss, delay_ms))


def delay_of(rtt_ms: float, buffer_ms: float) -> float:
    """Return the one-way delay of a stream: packing, jitter buffer, half the round trip."""
    return _PACKET_MS + max(0.0, buffer_ms) + max(0.0, rtt_ms) / 2.0


def rating(loss: float, delay_ms: float) -> float:
    """Return the rating R, 0 to 93.2."""
    lost = 100.0 * min(1.0, max(0.0, loss))
    delay = max(0.0, delay_ms)
    late = max(0.0, delay - _LATE_MS)
    impaired_by_delay = 0.024 * delay + 0.11 * late
    impaired_by_loss = 95.0 * lost / (lost + _LOSS_ROBUSTNESS)
    return max(0.0, _R_DEFAULT - impaired_by_delay - impaired_by_loss)


def score_of(rating_r: float) -> float:
    """Return the score of a rating."""
    found = 1.0 + 0.035 * rating_r + rating_r * (rating_r - 60.0) * (100.0 - rating_r) * 7e-6
    return min(_BEST, max(_WORST, found))
