"""Customer data beside the call it belongs to: matched by number, a hint, not a promise. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from softphone.model.call import Call
from softphone.model.message import ScreenPop

_LEAST_DIGITS = 5
_ALIKE_DIGITS = 8
FRESH_S = 60.0
"""A pop older than this belongs to an earlier call."""


def matched(pop: ScreenPop, calls: Iterable[Call]) -> ScreenPop:
    """Return the pop with the newest live call of its number; unchanged when there is none."""
    fitting = [call for call in calls if call.live and alike(pop.number, call.remote.address)]
    if not fitting:
        return pop
    return replace(pop, call=max(fitting, key=lambda call: call.created_mono).id)


def waiting(call: Call, pops: Iterable[ScreenPop], now: float) -> list[ScreenPop]:
    """Return the pops that came before their call did, now with it; `now` is epoch seconds."""
    return [
        replace(pop, call=call.id)
        for pop in pops
        if pop.call is None and now - pop.at < FRESH_S and alike(pop.number, call.remote.address)
    ]


def alike(one: str, other: str) -> bool:
    """Tell whether two writings end in the same digits, so that they may be one number."""
    first, second = _digits(one), _digits(other)
    length = min(len(first), len(second), _ALIKE_DIGITS)
    return length >= _LEAST_DIGITS and first[-length:] == second[-length:]


def _digits(text: str) -> str:
    return "".join(char for char in text.partition("@")[0] if char.isascii() and char.isdigit())
