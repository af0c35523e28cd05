"""Settings that change while the adapter runs."""

from __future__ import annotations

from typing import Any

from softphone.config import AccountConfig, Source
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.presence import Activity
from tests.adapters.ribbon.seat import NAME, Floor, Seat, until


async def take(floor: Floor, seat: Seat, **changed: Any) -> frozenset[str]:
    table = {**floor.account("alice"), **changed}
    return await seat.adapter.reload(AccountConfig(NAME, "ribbon", table, Source(None)))


async def test_services_taken_offline_are_asked_for_at_the_next_sign_in(floor: Floor) -> None:
    alice = await floor.seat()

    await take(floor, alice, services=["call"])
    await alice.ready()

    assert [tuple(one["services"]) for one in floor.subscriptions()] == [("call",)]


async def test_whom_the_settings_watch_follows_the_settings(floor: Floor) -> None:
    bob, carol = await floor.at_work("bob"), await floor.at_work("carol")
    alice = await floor.at_work("alice", watch=["bob"])

    await take(floor, alice, watch=["carol"])
    alice.events.clear()
    for seat in (bob, carol):
        await seat.do(c.SetPresence(NAME, Activity.LUNCH))

    await until(lambda: alice.of(e.PresenceChanged))
    await until(lambda: alice.of(e.PresenceChanged)[-1].presence.activity is Activity.LUNCH)
    assert {x.presence.user for x in alice.of(e.PresenceChanged)} == {"carol@lab.test"}


async def test_the_keep_alive_is_switched_by_the_settings(floor: Floor) -> None:
    alice = await floor.at_work()

    await take(floor, alice, check_connectivity=False)

    assert alice.adapter._running is not None
    assert not alice.adapter._running.protocol.session.keep_alive


async def test_another_password_counts_at_the_next_sign_in(floor: Floor) -> None:
    alice = await floor.at_work()

    late = await take(floor, alice, password="wrong")
    await alice.do(c.GoOffline(NAME))
    await alice.do(c.GoOnline(NAME))

    assert "password" not in late
    await until(lambda: "UNAUTHORIZED" in alice.codes())


async def test_who_the_account_is_stays_until_a_new_start(floor: Floor) -> None:
    alice = await floor.at_work()

    late = await take(floor, alice, user="bob@lab.test", correlator="other")

    assert {"user", "correlator"} <= late
    assert alice.adapter.settings.user == "alice@lab.test"
