"""A bad network between the lab's gateway and its clients: loss and delay of media packets."""

from __future__ import annotations

import random

from .faults import Faults

_GROUP = 20


class BadNetwork:
    """What the fault `bad_network` says now, to packets of one party, both ways.

    Of each twenty packets the same number is lost, at random places, so that a share can be read
    off within seconds.
    """

    def __init__(self, faults: Faults, who: str) -> None:
        self._faults, self._who = faults, who
        self._chance = random.Random(1)
        self._fates: list[bool] = []
        self._share = self._rest = 0.0

    def fate(self) -> float | None:
        """Return after how many seconds a packet goes on; None: it is lost."""
        wanted = self._faults.get("bad_network", self._who)
        if wanted is None:
            return 0.0
        if self._lost(float(wanted["loss"])):
            return None
        uneven = self._chance.uniform(0.0, float(wanted["jitter_ms"]))
        return (float(wanted["delay_ms"]) + uneven) / 1000.0

    def _lost(self, share: float) -> bool:
        if not self._fates or share != self._share:
            self._share = share
            due = share * _GROUP + self._rest
            count = min(_GROUP, int(due))
            self._rest = due - count
            self._fates = [place < count for place in range(_GROUP)]
            self._chance.shuffle(self._fates)
        return self._fates.pop()
