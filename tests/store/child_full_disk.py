"""A child that runs out of disk: writes until the limit, keeps its rows, writes them later."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from softphone.model.call import AccountName, Call, CallId, CallState, Direction, Party
from softphone.model.record import HistoryFilter
from softphone.store.store import Store

NAME = "x" * 2000


def a_call(number: int) -> Call:
    return Call(
        CallId(f"c{number:04}"),
        AccountName("desk"),
        Direction.INBOUND,
        CallState.RINGING,
        remote=Party("", NAME),
        created_at=float(number),
    )


async def count(store: Store) -> int:
    """Return how many rows there are, page by page."""
    rows, before = 0, ""
    while True:
        page = await store.history(HistoryFilter(limit=1000, before=before))
        rows, before = rows + len(page.records), page.next
        if not before:
            return rows


async def main(path: Path) -> dict[str, object]:
    """Fill the disk, make room, and return what was told meanwhile."""
    told: list[tuple[str, int]] = []
    news = asyncio.Event()

    def trouble(problem: str, waiting: int) -> None:
        told.append((problem, waiting))
        news.set()

    store = Store(path, trouble, retry_s=0.05)
    await store.open(0.0, 30)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    saved = 0
    while not told:
        store.save_call(a_call(saved))
        saved += 1
        await store.notes(1)
    first = saved
    for _ in range(20):
        store.save_call(a_call(saved))
        saved += 1
    news.clear()
    await news.wait()
    problem, waiting = told[-1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    while told[-1][0]:
        news.clear()
        await news.wait()
    rows = await count(store)
    await store.close()
    return {
        "problem": problem,
        "waiting": waiting,
        "saved_while_full": 1 + saved - first,
        "healed": told[-1],
        "rows": rows,
        "saved": saved,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
