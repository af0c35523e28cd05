"""Figures: events a second without loss, a long list with many changes, memory flat."""

from __future__ import annotations

import json
import tracemalloc

from softphone.adapters.agenthub.presence import PresenceList
from softphone.model import event as e
from tests.adapters.agenthub.agent import Floor, until

RATE = 2000


async def test_two_thousand_events_a_second_are_taken_without_loss(
    floor: Floor, nightly: bool
) -> None:
    seat = await floor.at_work()
    count = RATE * (60 if nightly else 3)

    await floor.emit("Burst", {}, count=count, rate=RATE)
    await until(lambda: len(seat.raw("Burst")) == count, 90.0 if nightly else 10.0)

    places = [json.loads(raw.body)["eventData"]["place"] for raw in seat.raw("Burst")]
    assert places == list(range(count))
    assert seat.links == ["offline", "connecting", "online"]


async def test_five_thousand_users_and_two_hundred_changes_a_second_are_followed(
    floor: Floor,
) -> None:
    await floor.act("crowd", "acme", count=5000)
    boss = await floor.at_work("boss")
    await until(lambda: len(boss.users) == 5001)

    await floor.act("churn", "acme", rate=200, count=400)
    known = floor.hub._lists.of("acme")
    await floor.emit("After", {}, user="boss")
    await boss.seen("After")
    await until(lambda: len(boss.of(e.OnlineUsersChanged)) > 2)

    def same() -> bool:
        shown = {user.ref for user in boss.of(e.OnlineUsersChanged)[-1].users}
        held = {m["phx_ref"] for metas in known.known.values() for m in metas}
        return shown == held

    await until(same)
    assert boss.links == ["offline", "connecting", "online"]


def test_ten_thousand_changes_leave_memory_as_it_was() -> None:
    known = PresenceList()
    known.joining("1")
    known.state({})

    def churn(count: int) -> None:
        for place in range(count):
            user = {"k": {"metas": [{"phx_ref": f"r{place}", "username": "u"}]}}
            known.diff({"joins": user, "leaves": {}})
            known.diff({"joins": {}, "leaves": user})

    churn(1000)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    churn(10_000)
    grown = sum(
        entry.size_diff for entry in tracemalloc.take_snapshot().compare_to(before, "lineno")
    )
    tracemalloc.stop()

    assert grown < 50_000
