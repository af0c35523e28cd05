"""Nobody at the console: what becomes of microphone, offers and calls. The clock is skipped."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone.audio.ringtone import RingSound
from softphone.config import CallsConfig
from softphone.model import command as c
from softphone.model.call import Call, CallState, EndReason
from tests.engine.office import AUDIN, HUMMING, Office, Seat, an_office, is_online, until


@pytest.fixture
async def humming(folder: Path) -> AsyncIterator[Office]:
    """An office whose microphone hums, so that silence can be told."""
    async with an_office(folder, audio=HUMMING) as made:
        yield made


async def talking(office: Office) -> tuple[Seat, Call]:
    """Return a console in a call."""
    desk = await office.at_work()
    return desk, await desk.dial("tone")


def kept(office: Office) -> Call:
    """Return the one call of the engine."""
    (call,) = office.engine.book.calls.values()
    return call


async def test_the_microphone_is_shut_within_200_ms_and_the_call_is_kept(humming: Office) -> None:
    desk, call = await talking(humming)
    await until(lambda: humming.level() > -40)

    await desk.leave()
    left = time.monotonic()
    await until(lambda: humming.engine.attendance.microphones_shut)
    assert time.monotonic() - left < 0.2

    await until(lambda: humming.level() <= -90)
    assert kept(humming).state is CallState.ACTIVE
    assert call.id == kept(humming).id


async def test_a_console_back_in_time_finds_the_microphone_as_it_was(humming: Office) -> None:
    desk, call = await talking(humming)
    await desk.leave()
    await until(lambda: humming.engine.attendance.microphones_shut)

    humming.skip(9.0)
    again = await humming.sit()

    await until(lambda: humming.level() > -40)
    assert not again.state.calls[call.id].muted
    assert "microphone as before" in again.log()


async def test_a_console_back_later_stays_muted_until_it_unmutes(humming: Office) -> None:
    desk, call = await talking(humming)
    await desk.leave()
    await until(lambda: humming.engine.attendance.microphones_shut)

    humming.skip(11.0)
    again = await humming.sit()
    await until(lambda: again.state.calls[call.id].muted)
    assert humming.level() <= -90
    await again.do(c.Mute(call.id, False))

    await until(lambda: humming.level() > -40)
    assert "F4 opens" in again.log()


async def test_offers_stop_after_ten_seconds_alone_and_come_again(office: Office) -> None:
    desk = await office.at_work()

    await desk.leave()
    await until(lambda: not office.engine.hub.consoles())
    office.skip(9.0)
    assert office.available() == ["pn_1"]
    office.skip(1.5)
    await until(lambda: office.available() == [])
    again = await office.sit()

    await until(lambda: office.available() == ["pn_1"])
    assert is_online(again)


async def test_a_pause_stays_one_when_the_console_comes_back(office: Office) -> None:
    desk = await office.at_work()
    await desk.do(c.SetAvailable(AUDIN, False))
    await until(lambda: office.available() == [])

    await desk.leave()
    await until(lambda: not office.engine.hub.consoles())
    office.skip(10.5)
    again = await office.sit()
    await again.do(c.Ask(c.Query.CONTACTS))

    assert office.available() == []


async def test_a_call_nobody_comes_back_to_is_given_up(office: Office) -> None:
    desk, _ = await talking(office)
    await desk.leave()
    await until(lambda: office.engine.attendance.microphones_shut)

    office.skip(60.0)

    await until(lambda: not kept(office).live)
    assert kept(office).end_reason is EndReason.OPERATOR_LOST
    await until(lambda: office.call()["phase"] == "over")


async def test_the_site_can_have_calls_held_instead(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(on_detach="hold")) as office:
        desk, _ = await talking(office)

        await desk.leave()

        await until(lambda: kept(office).state is CallState.HELD)


async def test_the_site_can_have_calls_ended_at_once(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(on_detach="hangup")) as office:
        desk, _ = await talking(office)

        await desk.leave()

        await until(lambda: not kept(office).live)


async def test_an_engine_nobody_needs_ends_after_a_minute(office: Office) -> None:
    desk = await office.at_work()
    await desk.leave()
    await until(lambda: not office.engine.hub.clients)

    office.skip(59.0)
    assert not office.engine.stopped.is_set()
    office.skip(1.5)

    assert office.engine.stopped.is_set()


async def test_online_keeps_engine_and_offers_without_anybody(office: Office) -> None:
    command = await office.command()
    await command.do(c.StayUp(True))
    await command.do(c.GoOnline(AUDIN))
    await until(lambda: office.available() == ["pn_1"])

    await command.leave()
    await until(lambda: not office.engine.hub.clients)
    office.skip(300.0)
    assert not office.engine.stopped.is_set()
    assert office.available() == ["pn_1"]
    other = await office.command()
    await other.do(c.StayUp(False))
    await other.leave()
    await until(lambda: not office.engine.hub.clients)
    office.skip(61.0)

    assert office.engine.stopped.is_set()


async def test_a_desk_that_goes_shuts_no_microphone_of_a_command(humming: Office) -> None:
    command = await humming.command()
    desk = await humming.at_work()
    await command.dial("tone")
    await until(lambda: humming.level() > -40)

    await desk.leave()
    await until(lambda: len(humming.engine.hub.clients) == 1)
    humming.skip(11.0)
    await humming.sit()
    frames = humming.frames()
    await until(lambda: humming.frames() > frames + 25)

    assert humming.level() > -40
    assert not kept(humming).muted


async def test_a_ring_without_a_console_makes_no_noise(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[RingSound | None] = []
    monkeypatch.setattr(office.engine.sound, "ring", rung.append)
    command = await office.command()
    await command.do(c.StayUp(True))
    await command.do(c.GoOnline(AUDIN))
    await until(lambda: office.available() == ["pn_1"])

    await office.ring()
    await command.offered()
    assert rung == []
    await office.sit()

    assert rung == [RingSound()]
