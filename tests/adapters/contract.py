"""What every adapter must do, whatever its platform (connect, lose, back off, recover, refuse,
hostile input, cancel, nothing left).

A platform's test module defines a `bench` fixture with a `Bench` of its own and imports the
tests: `from tests.adapters.contract import *`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import pytest

from softphone.adapters.base import Adapter
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.capability import Capability
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState

T = TypeVar("T")
LIMIT_S = 8.0

__all__ = [
    "test_a_cancelled_adapter_leaves_no_task",
    "test_a_command_for_a_call_nobody_knows_is_refused",
    "test_a_lost_line_backs_off_and_recovers",
    "test_a_refused_sign_in_stops_with_a_sentence",
    "test_a_server_that_is_away_is_tried_again_and_told_once",
    "test_cancelling_is_quick_in_every_state",
    "test_commands_before_the_start_are_refused_or_kept",
    "test_every_capability_is_there_or_has_its_reason",
    "test_hostile_input_neither_ends_the_line_nor_raises",
    "test_it_connects_and_says_so_in_order",
    "test_what_the_platform_lacks_is_refused_with_its_reason",
]


class Bench(Protocol):
    """One account at the platform's lab, and what can be done to it there."""

    adapter: Adapter
    events: Sequence[AdapterEvent]
    running: asyncio.Task[None] | None

    async def start(self) -> None:
        """Run the adapter as the engine does, without going online."""
        ...

    async def stop(self) -> None:
        """Cancel it and wait for its end."""
        ...

    async def go_online(self) -> None:
        """Ask for the line; not waiting for it."""
        ...

    async def drop_line(self) -> None:
        """Let the server cut the line."""
        ...

    async def refuse_connections(self, on: bool) -> None:
        """Let the server answer with a temporary failure, or no longer."""
        ...

    async def refuse_sign_in(self) -> None:
        """Let the platform refuse the account for good."""
        ...

    async def send_rubbish(self) -> int:
        """Let the server send everything hostile it knows; return how often the line may go."""
        ...


async def until(condition: Callable[[], T | None]) -> T:
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


def links(bench: Bench) -> list[e.LinkChanged]:
    return [event for event in bench.events if isinstance(event, e.LinkChanged)]


def states(bench: Bench) -> list[str]:
    return [change.link.value for change in links(bench)]


async def online(bench: Bench) -> None:
    await bench.start()
    await bench.go_online()
    await until(lambda: states(bench)[-1:] == ["online"])


async def test_it_connects_and_says_so_in_order(bench: Bench) -> None:
    await online(bench)

    assert states(bench) == ["offline", "connecting", "online"]
    assert all(change.account == bench.adapter.name for change in links(bench))


async def test_a_lost_line_backs_off_and_recovers(bench: Bench) -> None:
    await online(bench)

    await bench.drop_line()
    await until(lambda: states(bench)[3:] == ["reconnecting", "online"])

    loss = links(bench)[3]
    assert loss.cause
    assert loss.retry_mono is not None


async def test_a_server_that_is_away_is_tried_again_and_told_once(bench: Bench) -> None:
    await online(bench)
    await bench.refuse_connections(True)
    await bench.drop_line()
    await until(lambda: states(bench).count("reconnecting") >= 3)

    await bench.refuse_connections(False)
    await until(lambda: states(bench)[-1] == "online")

    errors = [event.text for event in bench.events if isinstance(event, e.ErrorRaised)]
    assert len(errors) == len(set(errors)) <= 1


async def test_a_refused_sign_in_stops_with_a_sentence(bench: Bench) -> None:
    await bench.refuse_sign_in()
    await bench.start()
    await bench.go_online()

    failed = await until(lambda: [x for x in links(bench) if x.link is LinkState.FAILED])

    assert failed[0].code == "UNAUTHORIZED"
    assert failed[0].cause.endswith(".")


async def test_hostile_input_neither_ends_the_line_nor_raises(bench: Bench) -> None:
    await online(bench)

    losses = await bench.send_rubbish()
    await bench.drop_line()
    await until(lambda: states(bench)[-1] == "online" and states(bench).count("online") >= 2)

    assert states(bench).count("reconnecting") <= losses + 1
    assert bench.running is not None
    assert not bench.running.done()


async def test_a_command_for_a_call_nobody_knows_is_refused(bench: Bench) -> None:
    await online(bench)
    nobody = CallId("nobody")

    for command in (
        c.Answer(nobody),
        c.Decline(nobody),
        c.HangUp(nobody),
        c.SendTones(nobody, "1"),
    ):
        with pytest.raises(SoftphoneError):
            await bench.adapter.submit(command)

    assert bench.adapter.media(nobody) is None


async def test_what_the_platform_lacks_is_refused_with_its_reason(bench: Bench) -> None:
    await online(bench)
    call = CallId("nobody")
    lacking: dict[Capability, c.CallCommand] = {
        Capability.HOLD: c.Hold(call),
        Capability.BLIND_TRANSFER: c.Transfer(call, "+390000000"),
        Capability.FORWARD: c.Forward(call, "+390000000"),
        Capability.JOIN: c.Join(call, call),
    }

    for capability, command in lacking.items():
        if not bench.adapter.capabilities().allows(capability):
            with pytest.raises(Refused):
                await bench.adapter.submit(command)


def test_every_capability_is_there_or_has_its_reason(bench: Bench) -> None:
    able = bench.adapter.capabilities()

    for capability in Capability:
        reason = able.why_not(capability)
        assert (reason is None) == able.allows(capability)
        assert reason is None or reason.endswith(".")


async def test_commands_before_the_start_are_refused_or_kept(bench: Bench) -> None:
    with pytest.raises(Refused):
        await bench.adapter.submit(c.HangUp(CallId("nobody")))

    await bench.go_online()
    await bench.start()

    await until(lambda: states(bench)[-1:] == ["online"])


async def test_a_cancelled_adapter_leaves_no_task(bench: Bench) -> None:
    before = asyncio.all_tasks()
    await online(bench)

    await bench.stop()

    await until(lambda: not asyncio.all_tasks() - before)
    assert bench.running is not None
    assert bench.running.cancelled()


@pytest.mark.parametrize("state", ["offline", "connecting", "online", "reconnecting"])
async def test_cancelling_is_quick_in_every_state(bench: Bench, state: str) -> None:
    if state == "reconnecting":
        await bench.refuse_connections(True)
    await bench.start()
    if state != "offline":
        await bench.go_online()
        await until(lambda: state in states(bench))

    async with asyncio.timeout(2.5):
        await bench.stop()
