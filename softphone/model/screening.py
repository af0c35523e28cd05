"""Whose calls are declined at once: numbers, and beginnings of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """Block an address, or allow it where a longer rule would block it.

    An address that ends in `*` is a beginning. `since` is epoch seconds.
    """

    address: str
    blocked: bool = True
    reason: str = ""
    since: float = 0.0


def blocking(rules: Iterable[ScreeningRule], address: str) -> ScreeningRule | None:
    """Return the rule that blocks an address, None when it may ring.

    The address itself decides before a beginning, a longer beginning before a shorter.
    """
    fitting = [rule for rule in rules if _fits(rule.address, address)]
    best = max(fitting, key=lambda rule: (rule.address == address, len(rule.address)), default=None)
    return best if best is not None and best.blocked else None


def _fits(pattern: str, address: str) -> bool:
    if pattern.endswith(ANY):
        return address.startswith(pattern[:-1])
    return bool(address) and pattern == address
