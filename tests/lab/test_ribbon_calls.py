"""Calls through the lab's Ribbon gateway with real media, by a client that is not ours."""

from __future__ import annotations

from tests.lab.ribbon_place import ECHO, Gateway


async def test_the_echo_gives_back_what_was_said(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    call = await alice.call(ECHO, 440.0)
    await call.answered()

    await call.media.hears(440.0)


async def test_two_users_hear_each_other_and_hold(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")

    call = await alice.call("bob@lab.test", 440.0)
    rung = await bob.incoming()
    await call.told("ringing")
    await rung.answer(700.0)
    await call.answered()

    await call.media.hears(700.0)
    await rung.media.hears(440.0)
