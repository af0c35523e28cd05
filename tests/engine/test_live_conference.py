"""Calls of two platforms in one conversation: what each far end and the operator really hear.

Every party hums at its own pitch, the operator too, so who hears whom is read off a spectrum.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from softphone.config import AudioConfig
from softphone.lab.farends import FAR_ENDS, PREFIX
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState, HoldKind
from softphone.model.presence import LinkState
from tests.engine.office import AUDIN, LIMIT_S, RIBBON, Office, Seat, an_office, until

PSTN, MIC = 1004, 640
SIP, SIP_2, SIP_3 = 440, 1480, 2200
_WINDOW = 4_000  # samples at 8 kHz


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    hum = folder / "operator.wav"
    place = np.arange(8_000) / 8_000
    with wave.open(str(hum), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((6_000 * np.sin(2 * np.pi * MIC * place)).astype("<i2").tobytes())
    audio = AudioConfig(
        input=f"file:in={hum},loop=yes", output=f"file:out={folder}/ear.wav", ringer="null"
    )
    async with an_office(folder, audio=audio, gateway=True) as made:
        yield made


@pytest.fixture
async def desk(office: Office) -> Seat:
    seat = await office.at_work()
    await until(lambda: seat.state.accounts[RIBBON].link is LinkState.ONLINE)
    return seat


def humming(pitch: int) -> str:
    return f"{PREFIX}11{pitch // 40:02d}"


async def pstn_call(desk: Seat) -> Call:
    return await desk.dial(FAR_ENDS["tone"], account=AUDIN)


async def sip_call(desk: Seat, pitch: int = SIP) -> Call:
    return await desk.dial(humming(pitch), account=RIBBON)


async def heard_by(office: Office, call: Call) -> frozenset[int]:
    """Return the pitches that the far end of a call hears just now."""
    native = office.engine.book.calls[call.id].native_id
    data = await office.ask_lab(office.control.heard, native)
    with wave.open(BytesIO(data)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")[-_WINDOW:]
    return pitches(sound, 8_000)


def pitches(sound: np.ndarray, rate_hz: int) -> frozenset[int]:
    """Return which of the parties' pitches stand out of a sound."""
    if len(sound) < rate_hz // 4:
        return frozenset({0})  # too little to tell
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) / len(sound)
    step_hz = rate_hz / len(sound)

    def level(pitch: int) -> float:
        place = round(pitch / step_hz)
        return float(spectrum[place - 3 : place + 4].max())

    return frozenset(p for p in (PSTN, MIC, SIP, SIP_2, SIP_3) if level(p) > 100.0)


async def until_heard(office: Office, call: Call, *wanted: int) -> None:
    """Wait until a far end hears these pitches and no others."""
    found: frozenset[int] = frozenset()
    try:
        async with asyncio.timeout(LIMIT_S * 2):
            while found != frozenset(wanted):
                await asyncio.sleep(0.05)
                found = await heard_by(office, call)
    except TimeoutError:
        raise AssertionError(f"heard {sorted(found)}, not {sorted(wanted)}") from None


async def until_operator_hears(folder: Path, *wanted: int) -> None:
    found: frozenset[int] = frozenset()
    try:
        async with asyncio.timeout(LIMIT_S * 2):
            while found != frozenset(wanted):
                await asyncio.sleep(0.05)
                data = (folder / "ear.wav").read_bytes()[44:]
                sound = np.frombuffer(data[: len(data) // 2 * 2], "<i2")[-24_000:]
                found = pitches(sound, 48_000)
    except TimeoutError:
        raise AssertionError(f"heard {sorted(found)}, not {sorted(wanted)}") from None


async def conference(desk: Seat, *calls: Call) -> None:
    await desk.do(c.Conference(tuple(call.id for call in calls)))
    for call in calls:
        await until(lambda one=call: now(desk, one.id).state is CallState.ACTIVE)  # type: ignore[misc]  # bound now


def now(desk: Seat, call: CallId) -> Call:
    return desk.state.calls[call]


async def test_each_party_of_two_platforms_hears_all_but_itself(
    office: Office, desk: Seat, folder: Path
) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)

    await conference(desk, pstn, sip)

    await until_heard(office, pstn, SIP, MIC)
    await until_heard(office, sip, PSTN, MIC)
    await until_operator_hears(folder, PSTN, SIP)
    assert now(desk, pstn.id).joined == {sip.id}
    assert "is in the conference" in desk.log()


@pytest.mark.nightly
async def test_before_they_are_joined_neither_hears_the_other(office: Office, desk: Seat) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)

    await until_heard(office, sip, MIC)
    await until_heard(office, pstn)

    assert now(desk, pstn.id).hold_kind is HoldKind.LOCAL


async def test_four_legs_hear_each_other_and_one_on_hold_hears_nothing(
    office: Office, desk: Seat
) -> None:
    pstn = await pstn_call(desk)
    calls = [pstn, *[await sip_call(desk, pitch) for pitch in (SIP, SIP_2, SIP_3)]]
    all_ = {PSTN, SIP, SIP_2, SIP_3, MIC}

    await conference(desk, *calls)
    for call, own in zip(calls, (PSTN, SIP, SIP_2, SIP_3), strict=True):
        await until_heard(office, call, *(all_ - {own}))
    await desk.do(c.Hold(pstn.id))

    await until_heard(office, pstn)
    await until_heard(office, calls[1], MIC, SIP_2, SIP_3)


async def test_those_left_to_themselves_talk_on_without_the_operator_until_he_is_back(
    office: Office, desk: Seat, folder: Path
) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)
    await conference(desk, pstn, sip)

    await desk.do(c.StepOut(sip.id))
    await until_heard(office, pstn, SIP)
    await until_heard(office, sip, PSTN)
    await until_operator_hears(folder)
    third = await sip_call(desk, SIP_2)
    await until_heard(office, third, MIC)
    await until_heard(office, pstn, SIP)
    await desk.do(c.StepOut(sip.id))

    await until_heard(office, pstn, SIP, MIC)
    assert now(desk, third.id).state is CallState.HELD


async def test_who_is_left_alone_is_held_and_no_microphone_opens(
    office: Office, desk: Seat
) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)
    await conference(desk, pstn, sip)
    await desk.do(c.StepOut(sip.id))

    await desk.do(c.HangUp(sip.id))
    await desk.over(sip.id)
    await until(lambda: now(desk, pstn.id).state is CallState.HELD)

    await until_heard(office, pstn)
    assert "alone now and was put on hold" in desk.log()
    await desk.do(c.Resume(pstn.id))
    await until_heard(office, pstn, MIC)


@pytest.mark.nightly
async def test_one_leaves_the_conference_and_the_others_go_on(office: Office, desk: Seat) -> None:
    pstn = await pstn_call(desk)
    first, second = await sip_call(desk, SIP), await sip_call(desk, SIP_2)
    await conference(desk, pstn, first, second)

    await desk.do(c.LeaveConference(first.id))
    await until(lambda: now(desk, first.id).state is CallState.HELD)

    await until_heard(office, pstn, SIP_2, MIC)
    assert not now(desk, first.id).joined
    assert now(desk, pstn.id).joined == {second.id}


@pytest.mark.nightly
async def test_a_conference_on_hold_comes_back_as_a_whole(office: Office, desk: Seat) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)
    await conference(desk, pstn, sip)
    third = await sip_call(desk, SIP_2)
    assert {now(desk, one.id).state for one in (pstn, sip)} == {CallState.HELD}

    await desk.do(c.Resume(pstn.id))

    await until_heard(office, sip, PSTN, MIC)
    assert now(desk, third.id).state is CallState.HELD


@pytest.mark.nightly
async def test_muting_one_call_of_a_conference_mutes_for_all(office: Office, desk: Seat) -> None:
    pstn, sip = await pstn_call(desk), await sip_call(desk)
    await conference(desk, pstn, sip)

    await desk.do(c.Mute(pstn.id))

    await until_heard(office, sip, PSTN)
    await until_heard(office, pstn, SIP)


async def test_one_call_is_no_conference(desk: Seat) -> None:
    call = await pstn_call(desk)

    alone = await desk.ask(c.Conference((call.id, call.id)))
    left = await desk.ask(c.LeaveConference(call.id))

    assert "needs two answered calls" in alone.text
    assert "in no conference" in left.text


async def test_a_far_end_that_comes_back_while_another_talks_waits_on_hold(
    office: Office, desk: Seat
) -> None:
    sip = await sip_call(desk)
    office.engine.emit(e.CallHeldByPeer(sip.id, True))
    await until(lambda: now(desk, sip.id).state is CallState.HELD)
    pstn = await pstn_call(desk)

    office.engine.emit(e.CallHeldByPeer(sip.id, False))
    await until(lambda: now(desk, sip.id).held_by_us)

    assert office.engine.sound._floor.operator == {pstn.id}
    await until_heard(office, pstn, MIC)
    await until_heard(office, sip)


async def test_calls_of_two_platforms_are_swapped_by_holding_and_ending(
    office: Office, desk: Seat
) -> None:
    pstn = await pstn_call(desk)
    await office.ask_lab(office.control.ring, "alice@lab.test", far_end="echo")
    offer = await desk.offered()
    await desk.answer(offer)
    await until_heard(office, pstn)
    held = now(desk, pstn.id)

    await desk.do(c.Resume(pstn.id))
    await until(lambda: now(desk, offer.id).state is CallState.HELD)
    await until_heard(office, pstn, MIC)
    await office.ask_lab(office.control.ring, "alice@lab.test", far_end="echo")
    second = await desk.offered()
    await desk.do(c.Answer(second.id, end_others=True))

    assert (held.state, held.hold_kind) == (CallState.HELD, HoldKind.LOCAL)
    await desk.over(pstn.id)
    await desk.until_state(second.id, CallState.ACTIVE)
    assert now(desk, offer.id).state is CallState.HELD
