"""Who rings, how and when: the rules of each account. Pure: time and state are arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from softphone.config import EVERY_ACCOUNT, RingConfig
from softphone.model.call import Call, CallId, CallState

from .dialing import same_beginning

VIP = "vip"
NOBODY = "none"


@dataclass(frozen=True, slots=True)
class Moment:
    """What the rules look at besides the calls. `mono` are monotonic seconds.

    `away` are accounts that bring calls although the operator takes none just now.
    """

    mono: float
    quiet: bool = False
    vips: Collection[CallId] = ()
    away: Collection[str] = ()


class RingRules:
    """The rules of the configuration; the first table that fits an account counts."""

    def __init__(self, rings: Mapping[str, RingConfig]) -> None:
        self._rings = dict(rings)

    def of(self, account: str) -> RingConfig:
        """Return how the calls of an account ring."""
        return self._rings.get(account) or self._rings.get(EVERY_ACCOUNT) or RingConfig()

    def silenced(self, call: Call, calls: Iterable[Call], now: Moment) -> bool:
        """Tell whether an offer may not be heard just now."""
        rule = self.of(call.account)
        if now.quiet or call.account in now.away or now.mono < call.created_mono + rule.delay_s:
            return True
        busy = any(one.live and one.state is not CallState.RINGING for one in calls)
        return busy and not _may_interrupt(call, rule, call.id in now.vips)

    def next_change(self, calls: Iterable[Call], mono: float) -> float | None:
        """Return when an offer's delay ends next (monotonic seconds), None when there is none."""
        ends = [
            call.created_mono + self.of(call.account).delay_s
            for call in calls
            if call.state is CallState.RINGING
        ]
        return min((end for end in ends if end > mono), default=None)


def _may_interrupt(call: Call, rule: RingConfig, vip: bool) -> bool:
    """Tell whether somebody may be heard while the operator talks."""
    for who in rule.during_call:
        if who in (EVERY_ACCOUNT, call.account) or (who == VIP and vip):
            return True
        if same_beginning(who, call.remote.address):
            return True
    return False
