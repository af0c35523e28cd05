"""Losing the line and the audio: close codes, handshake statuses (10.1), reconnecting (10.2)."""

from __future__ import annotations

import asyncio
import time

import pytest

from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.presence import LinkState
from tests.adapters.audin.desk import NAME, Desk, Room, until
from tests.adapters.audin.test_against_lab import answered


def losses(desk: Desk) -> list[e.LinkChanged]:
    return [x for x in desk.of(e.LinkChanged) if x.link is LinkState.RECONNECTING]


async def lost(desk: Desk) -> tuple[e.LinkChanged, float]:
    """Return the first loss, and how many seconds the next try is away from it, about."""
    change = (await until(lambda: losses(desk)))[0]
    assert change.retry_mono is not None
    return change, change.retry_mono - time.monotonic()


# ---- presence --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1006, 1007, 1009, 1011, 1012, 1014, 4999])
async def test_a_closed_line_comes_back_by_schedule(room: Room, code: int) -> None:
    desk = await room.at_work()

    await room.ask(room.control.drop, "audin", "op-1", code)
    change, _ = await lost(desk)
    await until(lambda: desk.links.count("online") == 2)

    assert change.cause == ("connection lost" if code == 1006 else f"closed ({code})")
    assert await until(room.available) == ["pn_1"]


@pytest.mark.parametrize("code", [1008, 4001, 4003, 4401, 4403])
async def test_a_close_for_lack_of_authority_takes_a_fresh_token(room: Room, code: int) -> None:
    desk = await room.at_work()
    before = room.journal().count("token for op-1, 3600 s")

    await room.ask(room.control.drop, "audin", "op-1", code)
    await until(lambda: desk.links.count("online") == 2)

    assert room.journal().count("token for op-1, 3600 s") == before + 1


async def test_a_close_for_another_reason_keeps_the_token(room: Room) -> None:
    desk = await room.at_work()
    before = room.journal().count("token for op-1, 3600 s")

    await room.ask(room.control.drop, "audin", "op-1", 1011)
    await until(lambda: desk.links.count("online") == 2)

    assert room.journal().count("token for op-1, 3600 s") == before


async def test_a_second_console_of_the_same_operator_stops_the_first(room: Room) -> None:
    first = await room.at_work("op-1")

    second = await room.at_work("op-1")

    assert (await first.linked(LinkState.FAILED)).code == "REPLACED"
    assert first.of(e.ErrorRaised)[-1].text == "This operator has connected elsewhere."
    assert second.link is LinkState.ONLINE
    assert losses(first) == []


@pytest.mark.parametrize("code", [4404, 4410])
async def test_configuration_trouble_stops_and_is_told(room: Room, code: int) -> None:
    desk = await room.at_work()

    await room.ask(room.control.drop, "audin", "op-1", code)

    assert (await desk.linked(LinkState.FAILED)).cause == f"closed ({code})"
    assert losses(desk) == []


async def test_a_lost_heartbeat_reconnects_at_the_first_step(room: Room) -> None:
    desk = await room.at_work(reconnect_backoff_ms=[50, 60_000])
    await room.ask(room.control.drop, "audin", "op-1", 1011)
    await until(lambda: desk.links.count("online") == 2)

    await room.ask(room.control.drop, "audin", "op-1", 4408)

    await until(lambda: desk.links.count("online") == 3)


@pytest.mark.parametrize("room", [{"idle_limit_s": 0.3}], indirect=True)
async def test_the_server_dropping_an_idle_line_is_no_drama(room: Room) -> None:
    desk = await room.at_work()

    change, _ = await lost(desk)

    assert change.cause == "closed (4408)"


async def test_a_server_that_asks_for_patience_gets_the_longest_step(room: Room) -> None:
    desk = await room.at_work(reconnect_backoff_ms=[50, 20_000])

    await room.ask(room.control.drop, "audin", "op-1", 1013)

    _, wait = await lost(desk)
    assert wait == pytest.approx(20, abs=2.5)


@pytest.mark.parametrize(
    ("status", "after", "wait"),
    [(429, 0, 20.0), (429, 40, 40.0), (429, 9999, 120.0), (503, 0, 0.1)],
)
async def test_a_handshake_status_says_when_to_come_back(
    room: Room, status: int, after: int, wait: float
) -> None:
    await room.fault("handshake", status=status, retry_after_s=after)
    desk = await room.desk(reconnect_backoff_ms=[100, 20_000])

    await desk.do(c.GoOnline(NAME))

    change, waits = await lost(desk)
    assert waits == pytest.approx(wait, rel=0.13, abs=0.1)
    assert f"HTTP {status}" in change.cause


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_refused_three_times_stops(room: Room, status: int) -> None:
    await room.fault("handshake", status=status)
    desk = await room.desk()

    await desk.do(c.GoOnline(NAME))

    assert (await desk.linked(LinkState.FAILED)).code == "UNAUTHORIZED"
    assert len(losses(desk)) == 2
    assert sum(text.startswith("token for op-1") for text in room.journal()) == 3


async def test_a_token_refused_once_is_only_replaced(room: Room) -> None:
    await room.fault("handshake", status=401, count=1)

    desk = await room.at_work()

    assert len(losses(desk)) == 1


async def test_an_unknown_path_stops_and_going_online_again_tries_again(room: Room) -> None:
    await room.fault("handshake", status=404)
    desk = await room.desk()
    await desk.do(c.GoOnline(NAME))
    await desk.linked(LinkState.FAILED)

    await room.ask(room.control.clear_faults)
    await desk.do(c.GoOnline(NAME))

    await desk.linked()


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_is_not_followed_for_it_would_carry_the_token(
    room: Room, status: int
) -> None:
    await room.fault("handshake", status=status)
    desk = await room.desk()

    await desk.do(c.GoOnline(NAME))

    change, _ = await lost(desk)
    assert f"HTTP {status}" in change.cause


# ---- audio -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason", "detail"),
    [
        (1000, "remote_hangup", ""),
        (1001, "remote_hangup", ""),
        (1002, "failed", "audio connection lost"),
        (1006, "failed", "audio connection lost"),
        (1011, "failed", "audio connection lost"),
        (4401, "failed", "session expired"),
        (4403, "failed", "session expired"),
        (4404, "failed", "audio connection lost"),
        (4409, "failed", "audio connection lost"),
        (4480, "no_answer", ""),
        (4486, "busy", "busy"),
    ],
)
async def test_the_close_of_a_calls_audio_is_its_end_with_a_reason(
    room: Room, code: int, reason: str, detail: str
) -> None:
    desk = await room.at_work()
    _, call = await answered(room, desk)

    await room.fault("close", code=code, socket="audio")

    over = await desk.over(call)
    assert (over.reason.value, over.detail) == (reason, detail)
    assert desk.link is LinkState.ONLINE


async def test_a_cut_audio_connection_ends_the_call_as_failed(room: Room) -> None:
    desk = await room.at_work()
    _, call = await answered(room, desk)

    await room.fault("drop_audio")

    assert (await desk.over(call)).reason.value == "failed"


@pytest.mark.parametrize(
    ("status", "count", "reason"),
    [(401, 1, ""), (403, 1, ""), (401, 0, "failed"), (404, 0, "failed"), (503, 0, "failed")],
)
async def test_a_refused_audio_socket_is_repeated_once_with_a_fresh_token(
    room: Room, status: int, count: int, reason: str
) -> None:
    desk = await room.at_work()
    await room.fault("handshake", socket="audio", status=status, count=count)
    call = (await desk.offered(await room.ring())).call

    await desk.do(c.Answer(call))

    if reason:
        assert (await desk.over(call)).reason.value == reason
    else:
        await desk.active(call)


# ---- the server goes and comes back ------------------------------------------------------------


async def test_after_a_restart_of_the_server_the_same_numbers_are_available_again() -> None:
    async with running_lab(LabSettings(scenario="quiet", seed=7)) as lab:
        port = lab.port
        desk = await Room(lab).desk()
        await desk.ready("pn_2", "pn_1")
        before = desk.of(e.AvailabilityChanged)[-1].availability
    await until(lambda: len(losses(desk)) >= 2)
    assert desk.accepted == ()

    again = Lab(LabSettings(scenario="quiet", seed=7, port=port))
    await again.start()
    try:
        await desk.linked()
        room = Room(again)
        assert await until(room.available) == ["pn_1", "pn_2"]
        await until(lambda: desk.accepted)
        assert desk.of(e.AvailabilityChanged)[-1].availability == before
    finally:
        await desk.stop()
        await again.close()


async def test_a_server_that_stays_away_is_told_once_and_tried_by_schedule() -> None:
    async with running_lab(LabSettings(scenario="quiet")) as lab:
        desk = await Room(lab).desk(reconnect_backoff_ms=[50, 60, 70])
        await desk.ready()
    await until(lambda: len(losses(desk)) >= 4)
    await desk.stop()

    assert len(desk.codes()) == 1
    assert "refused" in losses(desk)[-1].cause


async def test_retry_now_skips_the_wait(room: Room) -> None:
    await room.fault("handshake", status=503, count=1)
    desk = await room.desk(reconnect_backoff_ms=[60_000])
    await desk.do(c.GoOnline(NAME))
    await lost(desk)

    await desk.do(c.RetryNow(NAME))

    await desk.linked()


async def test_going_offline_while_waiting_or_connecting_is_at_once(room: Room) -> None:
    await room.fault("slow_token", seconds=5.0)
    desk = await room.desk()
    await desk.do(c.GoOnline(NAME))
    await desk.linked(LinkState.CONNECTING)

    async with asyncio.timeout(1.0):
        await desk.do(c.GoOffline(NAME))
        await desk.linked(LinkState.OFFLINE)

    assert losses(desk) == []
