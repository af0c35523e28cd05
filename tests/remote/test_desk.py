"""A desk and a host over a real Unix socket: sound both ways, cuts, odd visitors."""

from __future__ import annotations

import asyncio
import stat
import threading
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from softphone.audio.engine import AudioEngine
from softphone.audio.report import AudioSettings
from softphone.audio.stream import provide
from softphone.remote.desk import Desk
from softphone.remote.frames import Hello, pack_control, pack_hello
from softphone.remote.host import RemoteCards
from tests.audio.support import FakeLeg, Samples, sine, tone_level

LIMIT_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110  # what threads do sets no event
            await asyncio.sleep(0.02)


@dataclass
class Place:
    """A desk with a tone for a microphone and a file for a speaker, and a host that uses it."""

    folder: Path
    said: list[str] = field(default_factory=list)
    told: list[tuple[str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket = self.folder / "desk.sock"
        self.speaker = self.folder / "speaker.wav"
        self.leg = FakeLeg(sine(400, 480))  # what the call's far end says, block by block
        self.desk: Desk | None = None
        self.cards = RemoteCards(lambda text, sound: self.told.append((text, sound)))
        provide("remote", self.cards.open)
        spec = f"remote:{self.socket}"
        self.engine = AudioEngine(AudioSettings(spec, spec), lambda report: None)
        self.engine.start()

    async def open_desk(self) -> None:
        settings = AudioSettings("tone", f"file:out={self.speaker}")
        self.desk = Desk(settings, self.said.append)
        await self.desk.serve(self.socket)

    def call(self) -> None:
        self.engine.attach("call", self.leg)
        self.engine.set_talk("call", talk=True, listen=True)

    def heard_of_desk(self) -> float:
        """Return the level of the desk's tone in what the call was sent last."""
        sent = self.leg.sent[-20:]
        return tone_level(np.concatenate(sent), 1004, 48_000) if sent else 0.0

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.close)
        if self.desk is not None:
            await self.desk.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    yield made
    await made.close()


def played(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


async def test_the_desks_microphone_is_heard_in_the_call_and_the_call_on_its_speaker(
    place: Place,
) -> None:
    await place.open_desk()
    place.call()
    await until(lambda: place.heard_of_desk() > 500)
    await asyncio.sleep(1.0)
    place.engine.detach("call")
    await until(lambda: "microphone shut" in place.said)

    assert ("Sound comes from the desk.", True) in place.told
    assert tone_level(played(place.speaker)[24_000:43_200], 400, 48_000) > 4_000


async def test_the_microphone_is_open_only_while_there_is_a_call(place: Place) -> None:
    await place.open_desk()
    await asyncio.sleep(0.2)
    before = list(place.said)
    place.call()
    await until(lambda: "microphone open" in place.said)
    place.engine.detach("call")
    await until(lambda: "microphone shut" in place.said)

    assert before == []
    assert place.desk is not None and not place.desk.wanted


async def test_a_call_goes_on_without_the_desk_and_has_sound_again_when_it_is_back(
    place: Place,
) -> None:
    place.call()
    await until(lambda: any("socket is not there" in text for text, _ in place.told))
    frames = place.leg.count
    await until(lambda: place.leg.count > frames + 20)

    await place.open_desk()
    await until(lambda: place.heard_of_desk() > 500)
    assert place.desk is not None
    await place.desk.close()
    await until(lambda: place.heard_of_desk() < 50)
    await place.open_desk()

    await until(lambda: place.heard_of_desk() > 500)


async def test_only_this_user_may_use_the_socket(place: Place) -> None:
    await place.open_desk()

    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "does not answer"),
        (pack_control({"use": True}), "no greeting"),
        (pack_hello(Hello("host", "9.9", protocol=1)), "install the same version on both"),
        (pack_hello(Hello("desk", "1.0")), "Only a host"),
    ],
)
async def test_odd_visitors_get_no_sound_and_the_desk_serves_on(
    place: Place, says: bytes, answer: str
) -> None:
    await place.open_desk()
    _, writer = await asyncio.open_unix_connection(str(place.socket))
    writer.write(says)

    await until(lambda: any(answer in text for text in place.said))
    assert place.desk is not None and not place.desk.wanted
    writer.close()
    place.call()
    await until(lambda: place.heard_of_desk() > 500)


async def test_no_thread_is_left_after_the_last_call(place: Place) -> None:
    await place.open_desk()
    place.call()
    await until(lambda: place.heard_of_desk() > 500)
    place.engine.detach("call")

    await until(lambda: "remote-card" not in {thread.name for thread in threading.enumerate()})


async def test_a_card_that_is_shut_at_once_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    cards = RemoteCards(lambda text, sound: None)
    for n in range(20):
        stream = await asyncio.to_thread(
            cards.open, "input", str(tmp_path / f"{n}.sock"), lambda block: None
        )
        await asyncio.to_thread(stream.stop)

    left = [t for t in threading.enumerate() if t not in before and t.name == "remote-card"]
    assert left == []
