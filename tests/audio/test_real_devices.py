"""The engine over PortAudio and PulseAudio null sinks: the nearest thing to a headset."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from softphone.audio import g711, portaudio
from softphone.audio.devices import list_devices
from softphone.audio.engine import AudioEngine
from softphone.audio.leg import G711Leg
from softphone.audio.report import AudioSettings, ReportKind
from softphone.audio.wav import WavWriter
from softphone.model.error import AudioError
from tests.audio.support import Reports, VirtualAudio, sine, tone_level, wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def engine(vaudio: VirtualAudio, reports: Reports) -> Iterator[AudioEngine]:
    made = AudioEngine(AudioSettings("portaudio:vmic", "portaudio:vspk"), reports.append)
    made.start()
    yield made
    made.close()


def test_a_tone_into_the_microphone_arrives_as_mulaw_frames(
    vaudio: VirtualAudio, engine: AudioEngine, tmp_path: Path
) -> None:
    writer = WavWriter(tmp_path / "tone.wav", 48_000)
    writer.write(sine(1000, 48_000 * 5))
    writer.close()
    frames: list[bytes] = []

    engine.attach("call", G711Leg("mulaw", frames.append))
    engine.set_talk("call", talk=True, listen=True)
    vaudio.say(tmp_path / "tone.wav")

    wait_for(lambda: _level(frames[-10:]) > 7000)
    assert {len(frame) for frame in frames} == {160}


def test_frames_from_the_network_come_out_of_the_speaker(
    vaudio: VirtualAudio, engine: AudioEngine, tmp_path: Path
) -> None:
    voice = g711.encode_mulaw(sine(1000, 8000, 8000).tobytes())
    leg = G711Leg("mulaw", _ignore)
    recorder = vaudio.listen(tmp_path / "heard.raw")

    engine.attach("call", leg)
    engine.set_talk("call", talk=True, listen=True)
    with _feeding(leg, voice):
        wait_for(lambda: tone_level(_raw(tmp_path / "heard.raw")[-24_000:], 1000, 48_000) > 7000)

    assert recorder.poll() is None


def test_frames_keep_flowing_when_the_sound_server_dies_and_it_is_taken_back(
    vaudio: VirtualAudio, engine: AudioEngine, reports: Reports
) -> None:
    at_s: list[float] = []
    engine.attach("call", G711Leg("mulaw", lambda _: at_s.append(time.monotonic())))
    engine.set_talk("call", talk=True, listen=True)
    wait_for(lambda: len(at_s) > 25)

    vaudio.kill()
    wait_for(lambda: len(reports.of(ReportKind.DEVICE_LOST)) == 2)
    count = len(at_s)
    wait_for(lambda: len(at_s) > count + 50)
    vaudio.start()

    wait_for(lambda: len(reports.of(ReportKind.DEVICE_BACK)) == 2, 30)
    assert max(np.diff(at_s)) < 2.0
    count = len(at_s)
    wait_for(lambda: len(at_s) > count + 50)


def test_the_microphone_is_shut_without_a_call(vaudio: VirtualAudio, engine: AudioEngine) -> None:
    engine.attach("call", G711Leg("mulaw", _ignore))
    wait_for(lambda: engine._keeper._mic.on_sound_card)

    engine.detach("call")

    wait_for(lambda: engine._keeper._mic.stream is None)


def test_the_devices_are_listed_by_name(vaudio: VirtualAudio) -> None:
    found = list_devices()

    names = {device.name for device in found.devices}
    assert {"vmic", "vspk"} <= names
    assert found.problem is None


def test_without_a_sound_server_there_is_a_reason_instead_of_devices(vaudio: VirtualAudio) -> None:
    vaudio.kill()
    portaudio.refresh()

    with pytest.raises(AudioError, match="Cannot open"):
        portaudio.PortAudioStream("input", "vmic", lambda _: None, lambda: None)


def test_an_unknown_name_lists_the_devices_there_are(vaudio: VirtualAudio) -> None:
    with pytest.raises(AudioError, match=r"no such device; there are: .*vmic"):
        portaudio.PortAudioStream("input", "Headset 9000", lambda _: None, lambda: None)


def test_auto_takes_the_default_sound_card(vaudio: VirtualAudio, reports: Reports) -> None:
    engine = AudioEngine(AudioSettings(), reports.append)
    engine.start()

    engine.set_meter(True)

    wait_for(lambda: engine._keeper._mic.on_sound_card)
    wait_for(lambda: reports.of(ReportKind.DEVICE_CHANGED))
    engine.close()


def test_a_silent_microphone_is_reported_within_six_seconds(
    vaudio: VirtualAudio, engine: AudioEngine, reports: Reports
) -> None:
    engine.set_meter(True)

    wait_for(lambda: reports.of(ReportKind.MIC_SILENT), 15)


def _raw(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    raw = path.read_bytes()
    return np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)


def _level(frames: list[bytes]) -> float:
    pcm = np.frombuffer(g711.decode_mulaw(b"".join(frames)), np.int16)
    return tone_level(pcm, 1000, 8000)


def _ignore(_frame: bytes) -> None:
    """Send nowhere."""


class _feeding:
    """Feeds a leg in real time from a thread while the block runs."""

    def __init__(self, leg: G711Leg, voice: bytes) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(leg, voice))

    def __enter__(self) -> Callable[[], None]:
        self._thread.start()
        return self._stop.set

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self, leg: G711Leg, voice: bytes) -> None:
        place = 0
        while not self._stop.wait(0.02):
            leg.receive((voice + voice)[place : place + 160], time.monotonic())
            place = (place + 160) % len(voice)
