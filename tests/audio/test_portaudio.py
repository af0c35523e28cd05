"""The PortAudio backend against a stand-in for the library; the real one: test_real_devices."""

from __future__ import annotations

import threading
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from softphone.audio import portaudio
from softphone.audio.devices import Direction
from softphone.audio.portaudio import PortAudioStream
from softphone.model.error import AudioError
from tests.audio.support import Samples

OK = types.SimpleNamespace(input_overflow=False, output_underflow=False)
LATE = types.SimpleNamespace(input_overflow=True, output_underflow=True)


class FakeError(Exception):
    """PortAudio's own exception."""


class FakeStream:
    """What sounddevice's raw streams look like to us."""

    fails: str | None = None

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[str] = []

    def start(self) -> None:
        if FakeStream.fails == "start":
            raise FakeError("Device unavailable [PaErrorCode -9985]")
        self.calls.append("start")

    def abort(self, ignore_errors: bool) -> None:
        if FakeStream.fails == "stop":
            raise FakeError("gone")
        self.calls.append("abort")

    def close(self, ignore_errors: bool) -> None:
        self.calls.append("close")


class FakeLibrary:
    PortAudioError = FakeError
    RawInputStream = RawOutputStream = FakeStream
    default = types.SimpleNamespace(device=(0, 1))
    entries = (
        {"name": "Desk microphone", "max_input_channels": 1, "max_output_channels": 0},
        {"name": "Headset", "max_input_channels": 1, "max_output_channels": 2},
        {"name": "Headset 2", "max_input_channels": 0, "max_output_channels": 2},
    )

    @classmethod
    def query_devices(cls, index: int | None = None, direction: str | None = None) -> Any:
        if direction is None:
            return cls.entries
        if not cls.entries:
            raise FakeError("Error querying device -1")
        return cls.entries[index if index is not None else 0]


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> type[FakeLibrary]:
    monkeypatch.setattr(portaudio, "load", lambda: FakeLibrary)
    monkeypatch.setattr(FakeStream, "fails", None)
    return FakeLibrary


def nothing(_block: Samples) -> None:
    """Use no block."""


def open_stream(
    direction: Direction = "input",
    name: str | None = None,
    user: Callable[[Samples], None] = nothing,
    ended: Callable[[], None] = lambda: None,
    profile: int = 0,
) -> tuple[PortAudioStream, Any]:
    stream = PortAudioStream(direction, name, user, ended, profile)
    return stream, stream._stream


def test_streams_are_48_khz_mono_int16_with_5_ms_first() -> None:
    _, raw = open_stream()

    assert raw.options["samplerate"] == 48_000
    assert (raw.options["blocksize"], raw.options["latency"]) == (240, 0.01)
    assert (raw.options["channels"], raw.options["dtype"]) == (1, "int16")
    assert raw.calls == ["start"]


def test_larger_buffers_are_still_used_in_blocks_of_10_ms() -> None:
    blocks: list[int] = []
    stream, raw = open_stream(user=lambda b: blocks.append(int(b[0])), profile=2)
    data = np.repeat(np.array([5, 6], np.int16), 480).tobytes()

    stream._captured(data, 960, None, OK)

    assert raw.options["blocksize"] == 960
    assert blocks == [5, 6]
    assert stream.underflows == 0


@pytest.mark.parametrize("frames", [1, 7, 240, 480, 1000])
def test_devices_may_ask_for_any_number_of_samples(frames: int) -> None:
    said = np.arange(4800, dtype=np.int16)
    heard: list[int] = []
    stream, _ = open_stream(user=lambda block: heard.extend(block.tolist()))
    for first in range(0, 4800, frames):
        part = said[first : first + frames]
        stream._captured(part.tobytes(), len(part), None, OK)

    asked = iter(range(100))
    speaker, _ = open_stream("output", user=lambda out: out.fill(next(asked)))
    played: list[int] = []
    while len(played) < 4800:
        data = bytearray(2 * frames)
        speaker._wanted(data, frames, None, OK)
        played += np.frombuffer(data, np.int16).tolist()

    assert heard == said.tolist()
    assert played[:4800] == np.repeat(np.arange(10), 480).tolist()


def test_a_speaker_is_filled_and_silent_once_disarmed() -> None:
    stream, _ = open_stream("output", user=lambda out: out.fill(9))
    data = bytearray(b"\1" * 960)

    stream._wanted(data, 480, None, LATE)
    assert (np.frombuffer(data, np.int16) == 9).all()
    assert stream.underflows == 1
    stream.disarm()
    stream._wanted(data, 480, None, OK)
    assert np.abs(np.diff(np.frombuffer(data, np.int16))).max() <= 1
    assert data[-2:] == b"\0\0"
    stream._wanted(data, 480, None, OK)

    assert not any(data)


def test_a_speaker_that_plays_comes_down_softly_before_it_is_closed() -> None:
    stream, raw = open_stream("output", user=lambda out: out.fill(8000))
    data = bytearray(960)
    stream._wanted(data, 480, None, OK)
    closing = threading.Thread(target=stream.stop)
    closing.start()
    while stream._armed:
        time.sleep(0.001)
    stream._wanted(data, 480, None, OK)
    closing.join(5)

    assert np.frombuffer(data, np.int16)[0] == 8000
    assert np.abs(np.diff(np.frombuffer(data, np.int16).astype(int))).max() < 20
    assert raw.calls[-2:] == ["abort", "close"]


def test_a_microphone_that_was_disarmed_is_heard_no_more() -> None:
    blocks: list[int] = []
    stream, _ = open_stream(user=lambda _: blocks.append(1))
    stream.disarm()

    stream._captured(bytes(960), 480, None, LATE)

    assert blocks == []
    assert stream.underflows == 1


def test_a_device_that_ends_by_itself_is_dead_and_told_but_not_one_we_stop() -> None:
    told: list[int] = []
    stream, raw = open_stream(ended=lambda: told.append(1))
    raw.options["finished_callback"]()
    assert stream.dead
    assert told == [1]

    other, raw = open_stream(ended=lambda: told.append(2))
    other.stop()
    raw.options["finished_callback"]()

    assert raw.calls == ["start", "abort", "close"]
    assert not other.dead
    assert told == [1]


def test_closing_a_device_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, _ = open_stream()
    monkeypatch.setattr(FakeStream, "fails", "stop")

    stream.stop()

    assert stream.dead


@pytest.mark.parametrize(
    ("direction", "name", "index"),
    [
        ("input", "Headset", 1),
        ("output", "headset 2", 2),
        ("output", "head", 1),
        ("input", "desk", 0),
    ],
)
def test_names_are_matched_exactly_first_and_then_in_part(
    direction: Direction, name: str, index: int
) -> None:
    stream, raw = open_stream(direction, name)

    assert raw.options["device"] == index
    assert stream.name == FakeLibrary.entries[index]["name"]


@pytest.mark.parametrize(
    ("fails", "name", "reason"),
    [
        ("start", None, "the default device as microphone: another program uses it alone"),
        (None, "Piano", '"Piano" as microphone: no such device; there are: Desk microphone, Head'),
    ],
)
def test_a_device_that_cannot_be_opened_says_why(
    fails: str | None, name: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeStream, "fails", fails)

    with pytest.raises(AudioError, match=reason):
        open_stream(name=name)


def test_a_machine_without_a_sound_card_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLibrary, "entries", ())

    with pytest.raises(AudioError, match="there is no sound card"):
        open_stream()


def test_devices_are_told_with_their_defaults() -> None:
    found = portaudio.devices()

    assert [(d.name, d.default_input, d.default_output) for d in found] == [
        ("Desk microphone", True, False),
        ("Headset", False, True),
        ("Headset 2", False, False),
    ]
