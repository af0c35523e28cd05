"""The engine as its owner uses it, on devices that need no sound card."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from softphone.audio import g711, portaudio
from softphone.audio.block import PHONE_RATE_HZ
from softphone.audio.dtmf import DtmfDetector
from softphone.audio.engine import AudioEngine, RingKind
from softphone.audio.leg import G711Leg
from softphone.audio.player import FilePlayer
from softphone.audio.report import AudioReport, AudioSettings, ReportKind
from softphone.audio.wav import WavReader, WavWriter
from softphone.model.error import AudioError
from tests.audio.support import FakeLeg, Reports, sine, tone_level, wait_for


@pytest.fixture
def make(reports: Reports) -> Iterator[Callable[..., AudioEngine]]:
    made: list[AudioEngine] = []

    def build(input: str = "tone", output: str = "null", ringer: str | None = None) -> AudioEngine:
        engine = AudioEngine(AudioSettings(input, output, ringer), reports.append)
        engine.start()
        made.append(engine)
        return engine

    yield build
    for engine in made:
        engine.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("audio-")])


Make = Callable[..., AudioEngine]


def wav(path: Path, value: int = 77, seconds: float = 0.2) -> Path:
    writer = WavWriter(path, PHONE_RATE_HZ)
    writer.write(np.full(round(seconds * PHONE_RATE_HZ), value, np.int16))
    writer.close()
    return path


def test_a_call_hears_the_microphone_in_frames_at_the_right_pace(make: Make) -> None:
    frames: list[bytes] = []
    engine = make()
    engine.attach("a", G711Leg("mulaw", frames.append))
    engine.set_talk("a", talk=True, listen=True)

    wait_for(lambda: frames)
    start_s = time.monotonic()
    wait_for(lambda: len(frames) >= 75, 30)
    elapsed_s = time.monotonic() - start_s

    heard = np.frombuffer(g711.decode_mulaw(b"".join(frames[10:60])), np.int16)
    assert tone_level(heard, 1004, 8000) > 5000
    assert elapsed_s / 0.02 + 12 >= 74  # never faster than one frame each 20 ms, but to catch up
    assert engine.stats("a").frames_sent >= 75
    assert engine.levels().mic_dbfs > -15
    assert engine.levels().far_dbfs == {"a": -96.0}


def test_muting_sends_only_the_code_of_zero(make: Make) -> None:
    frames: list[bytes] = []
    engine = make()
    engine.attach("a", G711Leg("mulaw", frames.append))
    engine.set_talk("a", True, True)
    wait_for(lambda: len(frames) > 5)

    engine.set_muted("a", True)
    count = len(frames)
    wait_for(lambda: len(frames) > count + 10)

    assert set(b"".join(frames[count + 4 :])) == {0xFF}


def test_without_a_leg_no_device_is_open_and_with_a_meter_only_the_microphone(make: Make) -> None:
    engine = make()
    slots = engine._keeper._slots
    engine.attach("a", FakeLeg())
    wait_for(lambda: slots[0].stream and slots[1].stream)

    engine.detach("a")
    engine.detach("a")
    wait_for(lambda: not slots[0].stream and not slots[1].stream)
    assert engine.levels().mic_dbfs == -96

    engine.set_meter(True)
    wait_for(lambda: engine.levels().mic_dbfs > -20)
    assert slots[1].stream is None
    engine.set_meter(False)
    wait_for(lambda: not slots[0].stream)


def test_the_echo_test_plays_the_microphone_back(make: Make, tmp_path: Path) -> None:
    engine = make(output=f"file:out={tmp_path / 'out.wav'}")

    engine.set_loopback(True)
    wait_for(lambda: _size(tmp_path / "out.wav") > 48_000 * 2)
    engine.set_loopback(False)
    wait_for(lambda: not engine._keeper._speaker.stream)

    with WavReader(tmp_path / "out.wav") as reader:
        assert np.abs(reader.read(480_000)[40_000:]).max() > 5000


def test_hold_music_is_sent_and_hold_ends(make: Make, tmp_path: Path) -> None:
    engine, leg = make("null"), FakeLeg(500)
    engine.attach("a", leg)
    engine.set_talk("a", True, True)

    engine.set_hold("a", True, wav(tmp_path / "music.wav"))
    wait_for(lambda: leg.sent and leg.last[0] == 77)
    with pytest.raises(AudioError, match=r"gone\.wav"):
        engine.set_hold("a", True, tmp_path / "gone.wav")
    wait_for(lambda: leg.last[0] == 0)
    engine.set_hold("a", False)
    assert not engine._lines["a"].held


def test_a_file_is_sent_and_its_end_is_told(make: Make, reports: Reports, tmp_path: Path) -> None:
    engine, leg, ended = make("null"), FakeLeg(), list[str]()
    engine.attach("a", leg)

    engine.play_file("a", wav(tmp_path / "hello.wav"), lambda: ended.append("first"))
    wait_for(lambda: ended == ["first"])
    assert any(block[0] == 77 for block in leg.sent)

    engine.play_file("a", wav(tmp_path / "long.wav", 5, 9), lambda: ended.append("second"))
    engine.play_file("a", wav(tmp_path / "long2.wav", 5, 9), lambda: ended.append("third"))
    wait_for(lambda: ended == ["first", "second"])
    engine.stop_file("a")
    engine.stop_file("a")
    wait_for(lambda: ended == ["first", "second", "third"])
    assert [r.key for r in reports.of(ReportKind.PLAY_ENDED)] == ["a"] * 3


def test_a_file_that_cannot_be_read_is_refused_at_once(make: Make, tmp_path: Path) -> None:
    engine = make("null")
    engine.attach("a", FakeLeg())

    with pytest.raises(AudioError, match=r"gone\.wav"):
        engine.play_file("a", tmp_path / "gone.wav")


def test_a_file_for_a_leg_that_left_is_ended(make: Make, tmp_path: Path) -> None:
    engine, ended = make("null"), list[int]()
    engine.attach("a", FakeLeg())
    line = engine._lines["a"]

    engine.detach("a")
    player = FilePlayer(wav(tmp_path / "a.wav"))
    engine._keeper.post(lambda: engine._start_file(line, player, lambda: ended.append(1)))

    wait_for(lambda: ended)
    assert line.file is None


def test_a_callback_that_fails_does_not_end_the_engine(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make("null")

    engine._keeper.post(_fail)
    wait_for(lambda: "callback of the audio engine failed" in caplog.text)
    engine.set_meter(True)

    wait_for(lambda: engine._keeper._mic.stream)


def test_a_call_is_recorded_on_both_sides(make: Make, tmp_path: Path) -> None:
    engine, leg = make("tone"), FakeLeg(sine(440, 480))
    engine.attach("a", leg)
    engine.set_talk("a", True, True)

    engine.record("a", tmp_path / "call.wav", both=True)
    with pytest.raises(AudioError, match="already"):
        engine.record("a", tmp_path / "other.wav")
    count = leg.count
    wait_for(lambda: leg.count > count + 60)
    engine.stop_record("a")
    engine.stop_record("a")

    wait_for(lambda: _duration_s(tmp_path / "call.wav") > 0.4)
    with WavReader(tmp_path / "call.wav") as reader:
        assert reader.channels == 2


def test_a_recording_goes_on_until_the_engine_closes(make: Make, tmp_path: Path) -> None:
    engine, leg = make("tone"), FakeLeg(100)
    engine.attach("a", leg)
    engine.record("a", tmp_path / "far.wav")
    wait_for(lambda: leg.played > 40)

    engine.close()

    assert _duration_s(tmp_path / "far.wav") > 0.3


def test_a_recording_that_fails_is_reported(make: Make, reports: Reports, tmp_path: Path) -> None:
    engine = make()
    engine.attach("a", FakeLeg(100))
    engine.record("a", tmp_path / "a.wav")
    recorder = engine._lines["a"].recorder
    assert recorder
    recorder._writer._data_bytes = 0xFFFFFF00

    wait_for(lambda: reports.of(ReportKind.RECORD_FAILED))

    assert reports.of(ReportKind.RECORD_FAILED)[0].key == "a"
    assert engine._lines["a"].recorder is None


def test_tones_are_sent_with_a_quiet_sidetone(make: Make, tmp_path: Path) -> None:
    engine, leg = make("null", f"file:out={tmp_path / 'out.wav'}"), FakeLeg()
    engine.attach("a", leg)
    wait_for(lambda: leg.count)

    engine.send_tones("a", "19#", 60, 60)
    wait_for(lambda: engine._lines["a"].tones)
    wait_for(lambda: not engine._lines["a"].tones)

    sent = np.concatenate(leg.sent)[::6].copy()
    assert DtmfDetector().feed(sent) == "19#"
    engine.detach("a")
    wait_for(lambda: not engine._keeper._speaker.stream)
    with WavReader(tmp_path / "out.wav") as reader:
        heard = np.abs(reader.read(480_000)).max()
    assert 500 < heard < np.abs(sent).max() / 4
    with pytest.raises(AudioError, match="no leg"):
        engine.send_tones("a", "1")


def test_wrong_digits_are_refused_before_anything_is_sent(make: Make) -> None:
    engine = make("null")
    engine.attach("a", FakeLeg())

    with pytest.raises(AudioError, match="DTMF"):
        engine.send_tones("a", "1+2")


@pytest.mark.parametrize("kind", ["ring", "ringback", "busy"])
def test_ringing_sounds_until_it_is_stopped(kind: RingKind, make: Make) -> None:
    engine = make("null")

    engine.ring(kind)
    wait_for(lambda: engine._keeper._speaker.stream)
    assert engine._keeper._mic.stream is None
    engine.stop_ring()
    engine.stop_ring()

    wait_for(lambda: not engine._keeper._speaker.stream)


def test_the_ringer_rings_on_its_own_device(make: Make, tmp_path: Path) -> None:
    engine = make("null", "null", f"file:out={tmp_path / 'ring.wav'}")

    engine.ring()
    wait_for(lambda: _size(tmp_path / "ring.wav") > 20_000)
    assert engine._keeper._speaker.stream is None
    engine.stop_ring()
    wait_for(lambda: not engine._keeper._ringer.stream)

    with WavReader(tmp_path / "ring.wav") as reader:
        assert 3000 < np.abs(reader.read(480_000)).max() < 9000


def test_the_call_waiting_beep_ends_by_itself(make: Make) -> None:
    engine = make("null")

    engine.call_waiting_beep()

    wait_for(lambda: engine._keeper._speaker.stream)
    wait_for(lambda: not engine._keeper._speaker.stream)


def test_devices_change_in_a_call(make: Make, reports: Reports) -> None:
    engine, leg = make("null"), FakeLeg()
    engine.attach("a", leg)
    engine.set_talk("a", True, True)
    wait_for(lambda: leg.count)

    engine.select(input="tone", ringer="null")
    wait_for(lambda: leg.last.any())

    assert engine.selected() == AudioSettings("tone", "null", "null")
    assert "Microphone: tone." in [r.text for r in reports.of(ReportKind.DEVICE_CHANGED)]
    engine.select(ringer="")
    assert engine.selected().ringer is None
    with pytest.raises(AudioError, match="no audio device"):
        engine.select(output="loud")
    assert engine.selected().output == "null"


def test_digits_from_the_far_end_are_reported_one_by_one(make: Make, reports: Reports) -> None:
    engine, leg = make("null"), FakeLeg()
    engine.attach("a", leg)

    leg.digits = "1"
    wait_for(lambda: len(reports.of(ReportKind.DIGIT_RECEIVED)) == 1)
    leg.digits = "123"
    wait_for(lambda: len(reports.of(ReportKind.DIGIT_RECEIVED)) == 3)
    engine.detach("a")

    assert [(r.key, r.digit) for r in reports.of(ReportKind.DIGIT_RECEIVED)] == [
        ("a", "1"),
        ("a", "2"),
        ("a", "3"),
    ]
    engine.set_meter(True)
    wait_for(lambda: not engine._keeper._digits_seen)


def test_a_broken_leg_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    engine, leg = make("null"), FakeLeg()
    leg.fails = RuntimeError("loop is closed")

    engine.attach("a", leg)

    wait_for(lambda: "Leg a failed" in caplog.text)
    engine.detach("a")


def test_a_dead_microphone_is_reported(make: Make, reports: Reports) -> None:
    engine = make("null")
    engine.set_meter(True)

    engine._board.mic_died = True

    wait_for(lambda: reports.of(ReportKind.MIC_SILENT))


def test_a_device_that_came_back_makes_portaudio_look_again(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine, refreshed = make("null"), list[int]()
    slot = engine._keeper._mic

    def refresh() -> None:
        refreshed.append(1)
        raise AudioError("The sound system cannot be started.")

    monkeypatch.setattr(portaudio, "refresh", refresh)
    monkeypatch.setattr(slot, "tick", lambda wanted: wanted and not refreshed)
    monkeypatch.setattr(type(engine._keeper._speaker), "on_sound_card", True)

    engine.set_meter(True)

    wait_for(lambda: refreshed and "cannot be started" in caplog.text)
    monkeypatch.undo()


def test_unknown_and_doubled_legs_are_refused(make: Make) -> None:
    engine = make("null")
    engine.attach("a", FakeLeg())

    with pytest.raises(AudioError, match="attached already"):
        engine.attach("a", FakeLeg())
    with pytest.raises(AudioError, match="no leg b"):
        engine.set_muted("b", True)


def test_an_engine_never_started_closes_cleanly(tmp_path: Path) -> None:
    engine = AudioEngine(AudioSettings("null", "null"), _ignore)
    engine.attach("a", FakeLeg())
    engine.set_hold("a", True, wav(tmp_path / "m.wav"))
    engine.record("a", tmp_path / "r.wav")

    engine.close()
    engine.close()


def test_listing_answers_devices_or_a_reason(make: Make) -> None:
    found = make("null").list_devices()

    assert found.devices or found.problem


def _fail() -> None:
    raise ZeroDivisionError


def _ignore(_report: AudioReport) -> None:
    """Nobody is told."""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _duration_s(path: Path) -> float:
    with WavReader(path) as reader:
        return reader.duration_s
