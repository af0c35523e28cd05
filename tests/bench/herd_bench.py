"""Count how 500 clients come back when their server was away: the share in the busiest 100 ms.

.venv/bin/python -m tests.bench.herd_bench [--clients 500] [--json]

Time is simulated. The schedules are the platforms' own, and where one says little jitter, many
clients come together: full jitter, which is used where no platform says otherwise, is the measure.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from softphone.adapters.agenthub.settings import AgentHubSettings
from softphone.adapters.audin.settings import AudinSettings
from softphone.adapters.observer import wire as observer
from softphone.adapters.retry import Backoff, Schedule
from tests.bench.console_bench import Figure
from tests.bench.observer_bench import shown

_SLICE_S = 0.1
_AWAY_S = (0.5, 5.0, 30.0)
_LIMIT = 10.0
_FULL = Schedule((1.0, 2.0, 5.0, 10.0, 30.0))


def schedules() -> dict[str, Schedule]:
    """Return each schedule with the jitter that its platform's reference gives."""
    audin = AudinSettings().reconnect_backoff_ms
    hub = AgentHubSettings().reconnect_backoff_ms
    return {
        "full jitter": _FULL,
        "audin": Schedule(tuple(ms / 1000.0 for ms in audin), 0.1),
        "agenthub": Schedule(tuple(ms / 1000.0 for ms in hub), 0.2),
        "observer": Schedule(tuple(observer.RECONNECT_STEPS_S), 0.1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when full jitter misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = measure(options.clients)
    for figure in figures:
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


def measure(clients: int) -> list[Figure]:
    """Return the busiest slice of each schedule, in percent of the clients."""
    return [
        Figure(
            f"{name}: away {away_s:g} s, busiest 100 ms",
            100.0 * busiest(schedule, clients, away_s) / clients,
            "%",
            _LIMIT if schedule is _FULL and away_s >= 5.0 else math.inf,
        )
        for name, schedule in schedules().items()
        for away_s in _AWAY_S
    ]


def busiest(schedule: Schedule, clients: int, away_s: float, seed: int = 11) -> int:
    """Return how many clients try in the busiest slice after the server is back.

    Each was connected for long, is cut at 0 and tries until the server takes it.
    """
    chance = random.Random(seed)
    tries: list[tuple[float, int]] = []
    waiting = [Backoff(schedule, chance.random) for _ in range(clients)]
    for number, backoff in enumerate(waiting):
        backoff.opened(-3600.0)
        heapq.heappush(tries, (backoff.closed(0.0), number))
    slices: Counter[int] = Counter()
    while tries:
        now, number = heapq.heappop(tries)
        if now >= away_s:
            slices[int(now / _SLICE_S)] += 1
        else:
            heapq.heappush(tries, (now + waiting[number].closed(now), number))
    return max(slices.values())


if __name__ == "__main__":
    raise SystemExit(main())
