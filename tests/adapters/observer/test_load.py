"""Figures: a flood of rows for long, and 100,000 rows beside a plain loop over the socket."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import connect

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.monitor import FrameId
from tests.adapters.observer.post import NAME, Post, Site, until

_ROWS = 100_000


def conditions() -> dict[str, object]:
    now = round(time.time() * 1000)
    return {"timestamp": {"gte": now - 16 * 3_600_000, "lte": now - 60_000}}


async def test_ten_thousand_rows_a_second_stay_bounded_and_keys_are_answered(
    site: Site, nightly: bool
) -> None:
    floods = 10 if nightly else 2
    post = await site.watching()
    call = site.running()
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    await post.fetched(frame.id)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    told, worst = len(post.events), 0.0

    for flood in range(1, floods + 1):
        await site.fault("row_flood", count=10_000)
        asked = time.monotonic()
        await post.read(frame.id, 0, 1)
        worst = max(worst, time.monotonic() - asked)
        await until(lambda: post.stored(frame.id).received > flood * 10_000, 20.0)  # noqa: B023

    took = time.monotonic() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    changes = [x for x in post.events[told:] if isinstance(x, e.FrameChanged | e.CallObserved)]
    print(
        f"{floods * 10_000:,} rows in {took:.1f} s, read in {worst * 1000:.0f} ms, {grown} KiB more"
    )
    assert post.stored(frame.id).kept <= 2000
    assert len(changes) <= 8 * took + 6
    assert worst < 5.0  # the figure itself is one of the bench
    assert grown < 120 * 1024


async def test_a_hundred_thousand_rows_take_little_longer_than_a_plain_loop(
    site: Site, nightly: bool
) -> None:
    rows = _ROWS if nightly else _ROWS // 10
    wanted = conditions()
    plain_s = await plainly(site.ready, wanted, rows)
    post = await site.watching(row_limit=rows, page_rows=500)
    began = time.monotonic()
    frame = await post.frame(
        c.FrameKind.DATABASE, resource="inboundAudioTracks", conditions=json.dumps(wanted)
    )
    count, most = await drained(post, frame.id)
    took_s = time.monotonic() - began

    print(f"adapter {took_s:.1f} s, plain loop {plain_s:.1f} s, at most {most} rows kept")
    assert count == rows
    assert most <= 4 * 2000 + 2 * 500
    assert took_s < 4 * plain_s + 2


async def drained(post: Post, frame: FrameId) -> tuple[int, int]:
    count = after = most = 0
    async with asyncio.timeout(120.0):
        while True:
            page = await post.do(c.ReadFrame(NAME, frame, after, 1000))
            count, after = count + len(page.rows), page.next
            most = max(most, page.frame.kept)
            assert not page.missed
            if not page.rows and not page.frame.updating:
                return count, most
            if not page.rows:
                await asyncio.sleep(0.001)


async def plainly(ready: Mapping[str, Any], wanted: dict[str, object], rows: int) -> float:
    """Return how long a loop over the socket takes that does nothing but count."""
    url = f"{ready['ws']}?accessToken={ready['tokens']['admin']}"
    began = time.monotonic()
    async with connect(url, max_size=None) as socket:

        async def ask(number: int, kind: str, payload: Mapping[str, object]) -> dict[str, object]:
            message = {"kind": "request", "requestId": str(number), "type": kind}
            await socket.send(json.dumps(message | {"payload": payload}))
            while True:
                answer = json.loads(await socket.recv())
                if answer["kind"] == "response":
                    found: dict[str, object] = answer["payload"]
                    return found

        asked = {"resourceId": "inboundAudioTracks", "conditions": wanted, "accept": ["newrows"]}
        made = await ask(0, "createDatabaseFrame", asked)
        cursor: object = None
        for number in range(1, rows // 500 + 1):
            params = {"limit": 500} | ({"cursor": cursor} if cursor else {})
            answer = await ask(number, "dataFrame", {**made, "action": "update", "params": params})
            cursor = answer["nextCursor"]
    return time.monotonic() - began
