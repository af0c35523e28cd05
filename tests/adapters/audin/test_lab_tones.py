"""DTMF end to end: the lab's menu understands messages, tones, and both as one key press."""

from __future__ import annotations

import time

import pytest

from softphone.lab.farends import FAR_ENDS
from softphone.lab.sounds import Menu
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import Refused
from tests.adapters.audin.desk import Desk, Room, until


async def at_the_menu(room: Room, desk: Desk) -> tuple[str, CallId]:
    call = await desk.dial(FAR_ENDS["menu"])
    await desk.active(call)
    await until(lambda: desk.of(e.CallRestarted))
    return desk.of(e.CallNamed)[0].native_id, call


@pytest.mark.parametrize("way", ["control", "inband", "both"])
async def test_the_menu_understands_digits_however_they_are_sent(room: Room, way: str) -> None:
    desk = await room.at_work(dtmf=way)
    sid, call = await at_the_menu(room, desk)

    await desk.do(c.SendTones(call, "5577*", 60, 60))
    await until(lambda: len(room.call(sid)["digits"]) >= 5)
    await desk.do(c.SendTones(call, "#", 60, 60))

    assert (await desk.over(call)).reason.value == "remote_hangup"  # pound says good bye
    assert room.call(sid)["digits"] == "5577*#"


async def test_long_strings_keep_message_and_tone_together(room: Room) -> None:
    desk = await room.at_work(dtmf="both")
    sid, call = await at_the_menu(room, desk)

    await desk.do(c.SendTones(call, "1111222233", 60, 60))
    await desk.do(c.SendTones(call, "4", 60, 60))

    assert await until(lambda: (d := room.call(sid)["digits"])[10:] and d) == "11112222334"
    started = room.call(sid)["received"]["frames"]
    await until(lambda: room.call(sid)["received"]["frames"] > started + 30)
    assert room.call(sid)["digits"] == "11112222334"


async def test_a_comma_is_a_pause_of_two_seconds(room: Room) -> None:
    desk = await room.at_work(dtmf="control")
    sid, call = await at_the_menu(room, desk)
    began = time.monotonic()

    await desk.do(c.SendTones(call, ",7"))

    assert await until(lambda: room.call(sid)["digits"]) == "7"
    assert time.monotonic() - began >= 2.0


async def test_tones_stop_with_their_call(room: Room) -> None:
    desk = await room.at_work(dtmf="control")
    sid, call = await at_the_menu(room, desk)

    await desk.do(c.SendTones(call, "1,2,3,4"))
    await until(lambda: room.call(sid)["digits"] == "1")
    await desk.do(c.HangUp(call))
    await desk.over(call)

    assert await until(lambda: room.call(sid)["reason"]) == "hangup"
    assert desk.codes() == []
    with pytest.raises(Refused):
        await desk.do(c.SendTones(call, "1"))


@pytest.mark.parametrize("digits", ["", "A", "5x", "1" * 65, "+"])
async def test_anything_but_digits_is_refused(room: Room, digits: str) -> None:
    desk = await room.at_work()
    _, call = await at_the_menu(room, desk)

    with pytest.raises(Refused):
        await desk.do(c.SendTones(call, digits))


def test_the_menu_counts_a_message_and_its_tone_once_and_two_presses_twice() -> None:
    menu = Menu()

    for digit, source in (("5", "message"), ("5", "message"), ("5", "tone"), ("5", "tone")):
        menu._take(digit, source)
    for _ in range(51):
        menu.play(b"\xff" * 160)
    menu._take("5", "tone")

    assert menu.digits == "555"
