"""Session tokens over real sockets: expiry, refusals, a broken source, wrong clocks, leaks."""

from __future__ import annotations

import logging

import pytest

from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import SoftphoneError
from softphone.model.presence import LinkState
from tests.adapters.audin.desk import NAME, Desk, Room, until
from tests.adapters.audin.test_against_lab import answered


def tokens(room: Room) -> int:
    return sum(text.startswith("token for op-1") for text in room.journal())


async def test_one_token_serves_numbers_line_and_audio(room: Room) -> None:
    desk = await room.at_work()
    await answered(room, desk)

    assert tokens(room) == 1


async def test_a_token_that_expires_in_mid_call_costs_neither_call_nor_line(room: Room) -> None:
    await room.fault("token_life", seconds=1.0)
    desk = await room.at_work()
    sid, call = await answered(room, desk)
    received = room.call(sid)["received"]["frames"]
    await until(lambda: room.call(sid)["received"]["frames"] > received + 75)  # 1.5 s

    await room.ask(room.control.drop, "audin", "op-1", 4401)
    await until(lambda: desk.links.count("online") == 2)

    assert desk.end_of(call) is None
    assert tokens(room) > 1


async def test_a_token_source_that_fails_at_expiry_leaves_the_call_alone(room: Room) -> None:
    await room.fault("token_life", seconds=1.0)
    desk = await room.at_work()
    _, call = await answered(room, desk)
    await room.fault("token_500")

    await room.ask(room.control.drop, "audin", "op-1", 4401)
    await until(lambda: "TOKEN_FAILED" in desk.codes())
    await room.ask(room.control.clear_faults, "token_500")
    await until(lambda: desk.links.count("online") == 2)

    assert desk.end_of(call) is None
    assert desk.codes() == ["TOKEN_FAILED"]


async def test_a_token_source_that_refuses_stops_until_the_operator_acts(room: Room) -> None:
    await room.fault("token_401")
    desk = await room.desk()
    await desk.do(c.GoOnline(NAME))

    failed = await desk.linked(LinkState.FAILED)
    await room.ask(room.control.clear_faults)
    await desk.do(c.RetryNow(NAME))

    assert failed.code == "UNAUTHORIZED"
    assert "127.0.0.1" in failed.cause
    await desk.linked()


async def test_a_slow_token_source_is_asked_once_for_all(room: Room) -> None:
    await room.fault("slow_token", seconds=0.4)

    await room.at_work()

    assert tokens(room) == 1


async def test_a_token_source_that_is_gone_is_tried_again() -> None:
    desk = Desk(
        core_url="http://127.0.0.1:9", token_url="http://127.0.0.1:9", reconnect_backoff_ms=[50]
    )
    await desk.start()
    await until(lambda: desk.links.count("reconnecting") >= 3)
    await desk.stop()

    assert set(desk.codes()) == {"TOKEN_FAILED"}


@pytest.mark.parametrize("hours", [-12, 12])
async def test_a_wall_clock_that_is_hours_off_does_no_harm(room: Room, hours: int) -> None:
    await room.fault("token_life", seconds=120.0)
    desk = await room.desk()
    desk.wall_offset = hours * 3600.0

    await desk.ready()
    await answered(room, desk)

    assert tokens(room) == 1


@pytest.mark.parametrize(("count", "listed"), [(1, True), (0, False)])
async def test_numbers_are_asked_for_twice_when_the_token_is_refused(
    room: Room, count: int, listed: bool
) -> None:
    desk = await room.at_work()
    before = len(desk.of(e.NumbersListed))
    await room.fault("numbers_401", count=count)

    if listed:
        await desk.do(c.ListNumbers(NAME))
    else:
        with pytest.raises(SoftphoneError) as refused:
            await desk.do(c.ListNumbers(NAME))
        assert refused.value.code == "UNAUTHORIZED"

    assert len(desk.of(e.NumbersListed)) == before + listed


async def test_the_account_key_can_be_used_on_a_trusted_machine(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = room.lab.ready()["audin"]
    monkeypatch.setenv("AUDIN_KEY", ready["api_key"])
    desk = Desk(
        core_url=ready["core_url"],
        api_url=ready["core_url"],
        api_key_env="AUDIN_KEY",
        operator_ref="op-1",
        phone_number_ids=["pn_1"],
        online_at_start=False,
    )
    room.desks.append(desk)
    await desk.start()

    await desk.ready()

    assert room.available() == ["pn_1"]


async def test_a_key_that_is_not_there_stops_with_its_name(room: Room) -> None:
    ready = room.lab.ready()["audin"]
    desk = Desk(
        core_url=ready["core_url"],
        api_url=ready["core_url"],
        api_key_command=["false"],
        operator_ref="op-1",
    )
    room.desks.append(desk)
    await desk.start()

    failed = await desk.linked(LinkState.FAILED)

    assert "api_key_command" in failed.cause


async def test_no_token_ever_shows(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    canary = "eyJcanary.eyJcanary.canary"
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.DEBUG)
    said: list[str] = []

    async def get_token() -> str:
        return canary

    desk = Desk(get_token, **(room.account() | {"token_url": ""}))
    room.desks.append(desk)
    await desk.start()
    await desk.do(c.GoOnline(NAME))
    await desk.linked(LinkState.FAILED)
    for command in (c.ListNumbers(NAME), c.Dial(FAR_ENDS["tone"], NAME)):
        with pytest.raises(SoftphoneError) as problem:
            await desk.do(command)
        said += [str(problem.value), repr(problem.value), repr(problem.value.__cause__)]

    told = "\n".join([*said, caplog.text, *map(repr, desk.events), repr(vars(desk.adapter))])
    assert "UNAUTHORIZED" in told
    assert "canary" not in told
