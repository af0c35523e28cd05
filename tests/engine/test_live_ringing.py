"""Ringing as the rules say: heard on the ringer's own device, told with each offer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from softphone.audio.ringtone import RING_TONES, RingSound
from softphone.audio.wav import WavReader
from softphone.config import RING_TONES as TONES_OF_CONFIG
from softphone.config import CallsConfig, RingConfig
from softphone.model import command as c
from softphone.model.call import CallState
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.presence import LinkState
from tests.engine.office import RIBBON, SILENT, Office, Seat, an_office, until

CALLER = "+390245871203"


def rung(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[RingSound | None]:
    """Note how it rings from now on; it rings all the same."""
    told: list[RingSound | None] = []
    ring = office.engine.sound.ring

    def noted(sound: RingSound | None) -> None:
        told.append(sound)
        ring(sound)

    monkeypatch.setattr(office.engine.sound, "ring", noted)
    return told


def silenced(desk: Seat) -> list[bool]:
    return [call.silenced for call in desk.state.offers()]


def test_the_tones_of_the_configuration_are_those_there_are() -> None:
    assert set(TONES_OF_CONFIG) == set(RING_TONES)


async def test_a_call_rings_on_its_accounts_device_in_its_tone(folder: Path) -> None:
    out = folder / "ring.wav"
    rule = RingConfig(device=f"file:out={out}", tone="chime", volume=1.0)
    async with an_office(folder, ring={"audin": rule}) as office:
        desk = await office.at_work()
        await office.ring()
        offer = await desk.offered()
        await until(lambda: out.exists() and out.stat().st_size > 48_000)
        await desk.do(c.Decline(offer.id))
        await desk.over(offer.id)
        await until(lambda: office.engine.sound.selected().ringer == SILENT.ringer)

    with WavReader(out) as reader:
        heard = np.asarray(reader.read(8_000), dtype=float)
    loudest = np.argmax(np.abs(np.fft.rfft(heard * np.hanning(len(heard))))) * 48_000 / len(heard)
    assert abs(loudest - 1047.0) < 12.0


async def test_a_delayed_ring_is_silent_at_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_office(folder, ring={"all": RingConfig(delay_s=30.0)}) as office:
        desk = await office.at_work()
        told = rung(office, monkeypatch)
        await office.ring()
        offer = await desk.offered()
        first = [call.silenced for call in desk.seen(offer.id)]

        office.skip(30.0)
        office.engine.ringing.route()
        await until(lambda: silenced(desk) == [False])
        rings = list(told)

    assert set(first) == {True}
    assert rings == [RingSound()]


async def test_only_favourites_are_heard_during_a_call(folder: Path) -> None:
    rules = {"all": RingConfig(during_call=("vip",))}
    async with an_office(folder, gateway=True, ring=rules) as office:
        desk = await office.at_work()
        await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
        friend = Contact(ContactId(""), "Anna", (ContactAddress(CALLER),), favourite=True)
        await desk.do(c.SaveContact(friend))
        await desk.dial("echo@lab.test", account=RIBBON)

        await office.ring(caller="+390299990001")
        stranger = await desk.offered()
        await desk.do(c.Decline(stranger.id))
        await desk.over(stranger.id)
        await office.ring(caller=CALLER)
        anna = await desk.offered()
        await until(lambda: not desk.state.calls[anna.id].silenced)

    assert desk.seen(stranger.id)[-1].silenced
    assert all(call.silenced for call in desk.seen(stranger.id))


@pytest.mark.nightly
async def test_a_device_that_is_none_is_told_and_rings_as_usual(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_office(folder, ring={"all": RingConfig(device="trumpet")}) as office:
        desk = await office.at_work()
        told = rung(office, monkeypatch)
        await office.ring()
        await desk.offered()
        await until(lambda: told)

    assert told[0] == RingSound()
    assert 'no audio device "trumpet"' in desk.log()


async def test_do_not_disturb_is_told_and_can_be_switched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_office(folder, calls=CallsConfig(do_not_disturb=True)) as office:
        desk = await office.at_work()
        told = rung(office, monkeypatch)
        assert desk.state.desk.quiet
        await office.ring()
        offer = await desk.offered()
        quiet = list(silenced(desk))

        await desk.do(c.SetQuiet())
        await until(lambda: silenced(desk) == [False])
        await desk.do(c.SetQuiet(True))
        await until(lambda: silenced(desk) == [True])

    assert quiet == [True]
    assert told == [RingSound(), None]
    assert desk.state.calls[offer.id].state is CallState.RINGING


@pytest.mark.nightly
async def test_a_call_rings_beside_talk_as_one_soft_tone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_office(folder, gateway=True) as office:
        desk = await office.sit()
        await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
        await office.reachable(desk)
        beeps: list[bool] = []
        monkeypatch.setattr(office.engine.sound, "beep_waiting", lambda: beeps.append(True))
        told = rung(office, monkeypatch)
        await desk.dial("echo@lab.test", account=RIBBON)

        await office.ring()
        await desk.offered()
        await until(lambda: beeps)

    assert beeps == [True]
    assert told == []
