"""Hanging up at any moment leaves no ghost call; going offline leaves nothing at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import Refused, SoftphoneError
from softphone.model.presence import LinkState
from tests.adapters.audin.desk import MILANO, NAME, Desk, Room, a_room, until
from tests.adapters.audin.test_against_lab import answered


async def accepting(room: Room, desk: Desk) -> CallId:
    """A call that was answered and is not assigned yet."""
    await room.fault("delay_assigned", seconds=0.3)
    call = (await desk.offered(await room.ring())).call
    await desk.do(c.Answer(call))
    return call


async def dialing(room: Room, desk: Desk) -> CallId:
    """A call that was dialled and is not started yet."""
    await room.fault("late_outbound_started", seconds=0.3)
    asyncio.create_task(_dial_and_be_refused(desk))  # noqa: RUF006  # over before the test is
    return (await until(lambda: desk.of(e.CallDialed)))[0].call


async def _dial_and_be_refused(desk: Desk) -> None:
    with contextlib.suppress(Refused):
        await desk.dial(FAR_ENDS["tone"])


async def opening(room: Room, desk: Desk) -> CallId:
    """A call that is started and whose audio socket is not open yet."""
    await desk.do(c.Dial(FAR_ENDS["tone"], NAME, MILANO))
    call = desk.of(e.CallDialed)[0].call
    assert desk.progress(call) == ["dial_accepted"]
    return call


async def active(room: Room, desk: Desk) -> CallId:
    return (await answered(room, desk))[1]


PHASES: dict[str, Callable[[Room, Desk], Awaitable[CallId]]] = {
    "accepting": accepting,
    "dialing": dialing,
    "opening": opening,
    "active": active,
}


@pytest.mark.parametrize("phase", PHASES)
async def test_hanging_up_in_any_phase_ends_the_call_at_the_server_too(
    room: Room, phase: str
) -> None:
    desk = await room.at_work()
    call = await PHASES[phase](room, desk)

    await desk.do(c.HangUp(call))

    reason = "hangup" if phase == "active" else "cancelled"
    assert (await desk.over(call)).reason.value == reason
    assert await until(lambda: room.calls()[0]["reason"]) == "hangup"
    assert room.live() == []


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("how", ["go offline", "end of the program"])
async def test_leaving_in_any_phase_ends_the_call_at_the_server_too(
    room: Room, phase: str, how: str
) -> None:
    desk = await room.at_work()
    call = await PHASES[phase](room, desk)

    if how == "go offline":
        await desk.do(c.GoOffline(NAME))
    else:
        await desk.stop()

    assert (await desk.over(call)).reason.value == "offline"
    assert await until(lambda: room.calls()[0]["reason"]) == "hangup"


async def test_a_new_call_is_possible_after_one_that_was_hung_up_early(room: Room) -> None:
    desk = await room.at_work()
    await desk.do(c.HangUp(await dialing(room, desk)))
    await room.ask(room.control.clear_faults)
    await until(lambda: room.calls() and not room.live())

    call = await desk.dial(FAR_ENDS["tone"])

    await desk.active(call)


# ---- nothing left ----------------------------------------------------------------------------


def sockets() -> set[str]:
    found = set()
    for place in os.listdir("/proc/self/fd"):  # noqa: PTH208  # names only
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{place}")  # noqa: PTH115  # not a file
            found |= {target} if target.startswith("socket:") else set()
    return found


def timers() -> int:
    loop = asyncio.get_running_loop()
    return sum(not handle.cancelled() for handle in loop._scheduled)  # type: ignore[attr-defined]  # no public way


@pytest.mark.parametrize("doing", ["idle", "ringing", "talking", "reconnecting", "connecting"])
async def test_the_end_leaves_no_task_timer_socket_or_thread(room: Room, doing: str) -> None:
    await room.ask(room.control.state)  # whatever the test itself keeps open
    tasks, threads, open_before = asyncio.all_tasks(), threading.active_count(), sockets()
    desk = await room.desk()
    if doing == "connecting":
        await room.fault("slow_token", seconds=30.0)
        await desk.do(c.GoOnline(NAME))
    else:
        await desk.ready()
    if doing == "ringing":
        await desk.offered(await room.ring())
    elif doing == "talking":
        await answered(room, desk)
    elif doing == "reconnecting":
        await room.fault("handshake", status=503)
        await room.ask(room.control.drop, "audin", "op-1", 1011)
        await until(lambda: "reconnecting" in desk.links)

    await desk.stop()

    ours = {task for task in asyncio.all_tasks() - tasks if "lab" not in repr(task.get_coro())}
    assert not {t for t in ours if "softphone/adapters" in repr(t) or "websockets" in repr(t)}
    assert not desk.pumps
    assert threading.active_count() <= threads + 1  # the loop's own pool
    await room.ask(room.control.clear_faults)
    await until(lambda: sockets() <= open_before)
    await until(lambda: not asyncio.all_tasks() - tasks)


async def test_going_offline_leaves_only_the_watch_of_the_clock(room: Room) -> None:
    desk = await room.at_work()
    await answered(room, desk)
    await desk.do(c.GoOffline(NAME))
    await until(lambda: desk.link is LinkState.OFFLINE)

    here = [task for task in asyncio.all_tasks() if "softphone/adapters" in repr(task)]

    assert sorted(task.get_coro().__qualname__ for task in here) == [  # type: ignore[union-attr]  # all are coroutines
        "AudinAdapter.run",
        "PresenceLine.run",
        "watch_clock",
    ]
    assert timers() >= 1


# ---- races -----------------------------------------------------------------------------------


async def test_of_two_operators_in_a_race_exactly_one_has_the_call(nightly: bool) -> None:
    chance = random.Random(4)

    for _ in range(10 if nightly else 1):
        async with a_room() as room:  # a new one: races follow each other as fast as a flood
            await race(room, 20, chance)


async def race(room: Room, times: int, chance: random.Random) -> None:
    desks = [await room.at_work("op-1"), await room.at_work("op-2")]
    for _ in range(times):
        sid = await room.ring(far_end="silence")
        pairs = [(desk, await desk.offered(sid)) for desk in desks]
        chance.shuffle(pairs)
        await asyncio.gather(*(desk.do(c.Answer(offer.call)) for desk, offer in pairs))
        await until(partial(settled, pairs))

        ends = [desk.end_of(offer.call) for desk, offer in pairs]
        lost = [over.reason.value for over in ends if over is not None]
        assert lost == ["taken_by_other"]
        winner, offer = next(p for p, end in zip(pairs, ends, strict=True) if end is None)
        await winner.do(c.HangUp(offer.call))
        await until(lambda: not room.live())
    assert all(len(desk.of(e.CallOver)) == times for desk in desks)


def settled(pairs: list[tuple[Desk, e.CallOffered]]) -> bool:
    """Tell whether each of the two has either the call or its end."""
    return all(
        desk.end_of(offer.call) or desk.progress(offer.call)[-1:] == ["connect"]
        for desk, offer in pairs
    )


async def test_an_answer_after_the_call_was_taken_is_refused_or_lost(room: Room) -> None:
    one, two = await room.at_work("op-1"), await room.at_work("op-2")
    sid = await room.ring()
    mine, theirs = await one.offered(sid), await two.offered(sid)
    await one.do(c.Answer(mine.call))
    await two.over(theirs.call)

    with pytest.raises(SoftphoneError):
        await two.do(c.Answer(theirs.call))
