"""What was done in a shift: sums of calls for each account and day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """Calls of one account that began on one day (ISO 8601, the engine's own time zone).

    Of calls that came in: taken, missed, declined, blocked. Of calls placed: how many, and how
    many were answered. `talk_s` is the time of all answered calls, `wait_s` how long callers who
    were answered had waited in sum, `wait_longest_s` the longest of them. `dispositions` tells
    how many calls each came of, the most frequent first.
    """

    day: str
    account: str
    taken: int = 0
    missed: int = 0
    declined: int = 0
    blocked: int = 0
    placed: int = 0
    reached: int = 0
    talk_s: float = 0.0
    longest_s: float = 0.0
    wait_s: float = 0.0
    wait_longest_s: float = 0.0
    dispositions: tuple[tuple[str, int], ...] = ()

    @property
    def wait_mean_s(self) -> float | None:
        """Return how long a caller waited on the average, None when nobody was answered."""
        return self.wait_s / self.taken if self.taken else None

    @property
    def talk_mean_s(self) -> float | None:
        """Return the average length of an answered call, None when there was none."""
        answered = self.taken + self.reached
        return self.talk_s / answered if answered else None


def summed(rows: Iterable[ShiftRow], day: str = "", account: str = "") -> ShiftRow:
    """Return the sum of rows, under a day and an account of one's own."""
    found: Sequence[ShiftRow] = tuple(rows)
    return ShiftRow(
        day,
        account,
        taken=sum(row.taken for row in found),
        missed=sum(row.missed for row in found),
        declined=sum(row.declined for row in found),
        blocked=sum(row.blocked for row in found),
        placed=sum(row.placed for row in found),
        reached=sum(row.reached for row in found),
        talk_s=sum(row.talk_s for row in found),
        longest_s=max((row.longest_s for row in found), default=0.0),
        wait_s=sum(row.wait_s for row in found),
        wait_longest_s=max((row.wait_longest_s for row in found), default=0.0),
        dispositions=_counted(row.dispositions for row in found),
    )


def _counted(rows: Iterable[tuple[tuple[str, int], ...]]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for code, count in (pair for row in rows for pair in row):
        counts[code] = counts.get(code, 0) + count
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
