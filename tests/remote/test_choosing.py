"""The devices of a desk, listed and chosen at the host, and the figures of the way between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from softphone.audio.engine import AudioEngine
from softphone.audio.report import AudioSettings
from softphone.audio.stream import provide
from softphone.engine.sound import Files, Sound
from softphone.model.call import AccountName, Call, CallId, CallState, Direction
from softphone.model.device import Device
from softphone.model.error import AudioError
from softphone.remote.control import device_fields, read_devices, read_stats
from softphone.remote.desk import Desk
from softphone.remote.frames import pack_control
from softphone.remote.host import RemoteCards
from softphone.secret import Secret
from tests.audio.support import FakeLeg, sine

from .test_desk import until

TOKEN = Secret("of-this-session")
CALL = CallId("c1")


@dataclass
class Office:
    """A desk with a tone for a microphone, and the calls of a host that may use it."""

    folder: Path
    said: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def open(self) -> None:
        self.place = self.folder / "desk.sock"
        self.desk = Desk(AudioSettings("tone", "null"), self.said.append, TOKEN)
        await self.desk.serve(self.place)
        cards = RemoteCards(lambda text, _: self.told.append(text))
        provide("remote", cards.open)
        self.engine = AudioEngine(AudioSettings("null", "null"), lambda report: None)
        self.engine.start()
        self.sound = Sound(self.engine, desks=cards)

    async def close(self) -> None:
        self.sound.leave_desk("console")
        await asyncio.to_thread(self.engine.close)
        await self.desk.close()

    def names(self) -> dict[str, str]:
        return {device.spec: device.name for device in self.sound.devices()[0]}

    def call(self, leg: FakeLeg) -> Call:
        call = Call(CALL, AccountName("audin"), Direction.OUTBOUND, CallState.ACTIVE)
        self.sound.attach(CALL, leg, Files(), 0.0)
        self.sound.route([call], desk_muted=False)
        return call


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_the_desks_cards_are_listed_and_the_choice_is_made_there(office: Office) -> None:
    office.sound.use_desk("console", str(office.place), TOKEN)
    await until(lambda: office.sound.selected().input == "desk:tone")
    listed = await asyncio.to_thread(office.names)

    office.sound.select("desk:null", None, None)
    await until(lambda: office.sound.selected().input == "desk:null")

    assert listed["desk:auto"] == "Desk: Automatic"
    assert "desk:null" in listed
    assert "auto" in listed
    assert office.sound.selected().output == "desk:null"


async def test_a_host_cannot_choose_a_file_of_the_desk(office: Office) -> None:
    office.sound.use_desk("console", str(office.place), TOKEN)
    await until(lambda: office.sound.selected().input == "desk:tone")
    target = office.folder / "out.wav"

    office.sound.select(None, f"desk:file:out={target}", None)
    office.sound.select("desk:null", None, None)
    await until(lambda: office.sound.selected().input == "desk:null")

    assert office.sound.selected().output == "desk:null"
    assert not target.exists()


async def test_without_a_desk_there_is_none_to_choose_of(office: Office) -> None:
    with pytest.raises(AudioError, match="no desk"):
        office.sound.select("desk:auto", None, None)


async def test_the_way_has_figures_of_its_own_while_a_call_uses_it(office: Office) -> None:
    office.sound.use_desk("console", str(office.place), TOKEN)
    await until(lambda: "Sound comes from the desk." in office.told)
    before = office.sound.desk_figures()
    leg = FakeLeg(sine(400, 480))
    call = office.call(leg)
    await until(lambda: (way := office.sound.desk_figures()) and way.delay_ms)
    await until(lambda: leg.count > 50)
    second = office.sound.second(call, 0.0, 1.0)

    assert before is None
    assert second is not None
    assert second.sample.desk is not None
    assert second.sample.desk.delay_ms is not None
    assert 10.0 <= second.sample.desk.delay_ms < 2_000.0
    office.sound.detach(CALL)
    await until(lambda: office.said[-1:] == ["microphone shut"])
    assert office.sound.desk_figures() is None


async def test_after_the_desk_left_the_devices_before_are_used(office: Office) -> None:
    office.sound.use_desk("console", str(office.place), TOKEN)
    await until(lambda: office.sound.selected().input == "desk:tone")

    office.sound.leave_desk("another")
    still = office.sound.selected().input
    office.sound.leave_desk("console")

    assert still == "desk:tone"
    assert office.sound.selected().input == "null"
    await until(lambda: "the host is gone" in office.said)


async def test_a_host_with_another_token_gets_no_sound(office: Office) -> None:
    office.sound.use_desk("console", str(office.place), Secret("guessed"))
    office.call(FakeLeg(sine(400, 480)))

    await until(lambda: any("token" in text for text in office.said))
    assert "microphone open" not in office.said
    office.sound.detach(CALL)


@pytest.mark.parametrize(
    "fields",
    [
        {"devices": "no", "stats": "no"},
        {"stats": [1, 2]},
        {"stats": [1, -2, 3]},
        {"stats": [True, 1, 1]},
        {"stats": [1e300, 1, 1]},
    ],
)
def test_odd_figures_are_none(fields: dict[str, object]) -> None:
    assert read_stats(fields) is None
    assert read_devices(fields) is None


def test_however_many_devices_a_desk_has_the_message_fits() -> None:
    many = [Device(f"portaudio:{n}" + "ü" * 90, "Ü" * 90, True, True) for n in range(200)]

    fields = device_fields(many, "auto", "auto", "x" * 10_000)
    found = read_devices(fields)

    assert len(pack_control(fields)) < 8_192
    assert found is not None
    assert 4 <= len(found.devices) <= 64
    assert found.devices[0].spec == many[0].spec


def test_odd_devices_are_left_out_and_their_names_made_harmless() -> None:
    found = read_devices(
        {
            "devices": [{"spec": "a", "name": "\x1b[31mred", "input": 1}, {"name": "b"}, 7] * 100,
            "input": 5,
            "output": "a",
        }
    )

    assert found is not None
    assert len(found.devices) <= 64
    assert all("\x1b" not in device.name and not device.input for device in found.devices)
    assert (found.input, found.output) == ("", "a")
