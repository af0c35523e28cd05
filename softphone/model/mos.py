"""Mean opinion score from what can be measured, by the E-model (ITU-T G.107, in short form).

Bounds: G.711 with packet loss concealment, random loss, no echo, ordinary loudness. The delay is
what our own side knows; a network's share that nobody measured is not in it, so the score is an
upper bound.
"""

from __future__ import annotations

_R_DEFAULT = 93.2  # G.107: everything at its default value
_LOSS_ROBUSTNESS = 25.1  # Bpl of G.711 with concealment, ITU-T G.113 Appendix I
_LATE_MS = 177.3
_WORST = 1.0


def mos(loss: float, delay_ms: float) -> float:
    """Return the score, 1 to 4.5, for a loss (share of 1) and a one-way delay."""
    lost = 100.0 * min(1.0, max(0.0, loss))
    delay = max(0.0, delay_ms)
    late = max(0.0, delay - _LATE_MS)
    impaired_by_delay = 0.024 * delay + 0.11 * late
    impaired_by_loss = 95.0 * lost / (lost + _LOSS_ROBUSTNESS)
    return _from_rating(_R_DEFAULT - impaired_by_delay - impaired_by_loss)


def _from_rating(rating: float) -> float:
    if rating <= 0.0:
        return _WORST
    return max(_WORST, 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6)
