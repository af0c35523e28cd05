"""Spec strings, paced devices, and the sound card that is missing, dies, stumbles or comes back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from softphone.audio import devices, listing, portaudio
from softphone.audio import slot as slot_module
from softphone.audio.devices import (
    DeviceInfo,
    DeviceSpec,
    is_plug_in,
    list_devices,
    parse_spec,
    readable_name,
)
from softphone.audio.report import ReportKind
from softphone.audio.slot import Slot
from softphone.audio.stream import (
    BlockUser,
    PacedStream,
    Schedule,
    file_input,
    file_output,
    null_input,
)
from softphone.audio.wav import WavReader, WavWriter
from softphone.model.error import AudioError
from tests.audio.support import Reports, Samples, sine, wait_for


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("auto", DeviceSpec("auto")),
        (" null ", DeviceSpec("null")),
        ("tone", DeviceSpec("tone")),
        ("portaudio", DeviceSpec("portaudio")),
        ("portaudio:USB: Headset", DeviceSpec("portaudio", name="USB: Headset")),
        ("file:a b.wav", DeviceSpec("file", in_path=Path("a b.wav"))),
        (
            "file:in=a.wav,out=b.wav,loop=yes",
            DeviceSpec("file", in_path=Path("a.wav"), out_path=Path("b.wav"), loop=True),
        ),
        ("file:out=b.wav", DeviceSpec("file", out_path=Path("b.wav"))),
    ],
)
def test_spec_strings_are_understood(text: str, spec: DeviceSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    "text",
    ["", "alsa", "null:x", "auto:1", "tone:9", "file", "file:", "file:in=a,in=b", "file:in="],
)
def test_other_specs_are_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(AudioError, match=r"there are auto|is not in=PATH"):
        parse_spec(text)


def test_importing_the_devices_loads_no_sound_library() -> None:
    code = "import sys, softphone.audio.engine; sys.exit('sounddevice' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_schedule_is_absolute_and_skips_instead_of_bursting() -> None:
    schedule = Schedule(100.0)

    assert schedule.done(100.001) == pytest.approx(0.019)
    assert schedule.done(100.045) == 0
    assert schedule.done(100.046) == pytest.approx(0.014)
    assert schedule.done(101.0) == 0
    assert schedule.skipped in (45, 46)
    assert schedule.due_s == pytest.approx(101.0, abs=0.021)


def test_a_paced_device_keeps_the_pace_of_the_clock() -> None:
    count = 0

    def use(_block: Samples) -> None:
        nonlocal count
        count += 1

    start_s = time.monotonic()
    stream = null_input(use)
    wait_for(lambda: count >= 150, 30)
    elapsed_s = time.monotonic() - start_s
    stream.stop()

    assert elapsed_s > 1.4
    assert count <= elapsed_s / 0.01 + 4
    assert not stream.dead


def test_a_file_is_heard_and_what_is_played_is_written(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "in.wav", 8000)
    writer.write(sine(1000, 1600, 8000))
    writer.close()
    heard: list[Samples] = []

    source = file_input(lambda block: heard.append(block.copy()), tmp_path / "in.wav", False)
    sink = file_output(lambda out: out.fill(55), tmp_path / "out.wav")
    wait_for(lambda: len(heard) > 30)
    source.stop()
    sink.stop()

    assert np.abs(np.concatenate(heard[:18])).max() > 7900
    assert not heard[-1].any()
    with WavReader(tmp_path / "out.wav") as reader:
        assert (reader.read(4800) == 55).all()


def test_a_full_disk_ends_the_file_but_not_the_pace(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which only Linux has")
    with pytest.raises(AudioError, match="No space"):
        file_output(lambda out: out.fill(0), Path("/dev/full"))
    calls: list[int] = []
    stream = file_output(lambda _: calls.append(1), tmp_path / "out.wav")
    sink = stream._closed.__self__  # type: ignore[attr-defined]
    sink._writer._data_bytes = 0xFFFFFF00

    wait_for(sink._stop.is_set)
    count = len(calls)
    wait_for(lambda: len(calls) > count + 10)
    stream.stop()


class FakeCard(PacedStream):
    """A sound card that can be missing, break, stall and stumble."""

    missing: str | None = None
    code = "AUDIO_FAILED"
    made: list[FakeCard]

    def __init__(
        self,
        direction: str,
        name: str | None,
        user: BlockUser,
        ended: Callable[[], None],
        profile: int = 0,
    ) -> None:
        if FakeCard.missing:
            raise AudioError(FakeCard.missing, code=FakeCard.code)
        self.broken = self.stalled = False
        self.profile = profile
        self.underflows = 0
        super().__init__(name or "default card", user, lambda: None)
        FakeCard.made.append(self)

    @property
    def dead(self) -> bool:
        return self.broken

    def stall(self) -> None:
        self.disarm()


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> type[FakeCard]:
    monkeypatch.setattr(portaudio, "PortAudioStream", FakeCard)
    monkeypatch.setattr(FakeCard, "missing", None)
    monkeypatch.setattr(FakeCard, "code", "AUDIO_FAILED")
    monkeypatch.setattr(FakeCard, "made", [], raising=False)
    monkeypatch.setattr(slot_module, "_RETRY_S", 0.02)
    monkeypatch.setattr(slot_module, "_PATIENT_RETRY_S", 0.02)
    answer_with(monkeypatch, 0)
    return FakeCard


def answer_with(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    command = [sys.executable, "-S", "-c", f"raise SystemExit({status})"]
    monkeypatch.setattr(slot_module, "listing_command", lambda *_: command)


def slot_for(spec: str, reports: Reports, role: str = "microphone") -> tuple[Slot, list[int]]:
    blocks: list[int] = []
    slot = Slot(role, parse_spec(spec), lambda _: blocks.append(1), reports.append, lambda: None)
    return slot, blocks


def test_a_card_is_opened_when_wanted_and_closed_when_not(
    card: type[FakeCard], reports: Reports
) -> None:
    slot, blocks = slot_for("portaudio:Headset", reports)

    slot.tick(wanted=True)
    wait_for(lambda: blocks)
    slot.tick(wanted=False)

    assert slot.stream is None
    assert [r.text for r in reports] == ["Microphone: Headset."]


@pytest.mark.parametrize("how", ["broken", "stalled"])
def test_a_lost_card_is_replaced_reported_and_taken_back(
    how: str, card: type[FakeCard], reports: Reports
) -> None:
    slot, blocks = slot_for("portaudio:Headset", reports)
    slot.tick(True)
    if how == "broken":
        card.made[0].broken = True
    else:
        card.made[0].stall()
        card.made[0].last_call_s -= 1

    slot.tick(True)
    count = len(blocks)
    wait_for(lambda: len(blocks) > count + 5)
    wait_for(lambda: slot.tick(True))
    slot.reopen()

    assert [r.kind for r in reports[1:]] == [ReportKind.DEVICE_LOST, ReportKind.DEVICE_BACK]
    assert "Headset" in reports[1].text
    assert slot.on_sound_card
    slot.close()


def test_a_card_that_stays_away_is_asked_for_without_a_report_each_time(
    card: type[FakeCard], reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, 1)
    monkeypatch.setattr(slot_module, "_HOPEFUL_S", 0.0)
    card.missing = "No such device."
    slot, blocks = slot_for("portaudio:Headset", reports)

    slot.tick(True)
    for _ in range(3):
        wait_for(lambda: slot.tick(True) or slot._probe)
        wait_for(lambda: slot.tick(True) or not slot._probe)
    slot.reopen()

    assert len(reports.of(ReportKind.DEVICE_LOST)) == 1
    assert slot.standing_in
    assert blocks
    slot.close()


def test_a_card_closed_for_a_refresh_may_fail_to_come_back(
    card: type[FakeCard], reports: Reports
) -> None:
    slot, _ = slot_for("portaudio:Headset", reports)
    slot.tick(True)
    card.missing = "Busy."

    slot.reopen()

    assert slot.standing_in
    slot.close()


def test_auto_without_a_card_says_why_and_goes_on_without(
    card: type[FakeCard], reports: Reports
) -> None:
    card.missing = "The PortAudio library cannot be loaded; install it."
    card.code = "NO_PORTAUDIO"
    slot, blocks = slot_for("auto", reports, "speaker")

    slot.tick(True)
    wait_for(lambda: blocks)
    assert not slot.tick(True)

    assert slot._retry_at_s == float("inf")
    assert reports[0].kind is ReportKind.NO_DEVICE
    assert "install it" in reports[0].text
    slot.close()


def test_a_probe_that_cannot_start_is_tried_again_and_one_that_runs_is_ended(
    card: type[FakeCard], reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    card.missing = "Gone."
    slot, _ = slot_for("portaudio", reports)
    slot.tick(True)
    monkeypatch.setattr(slot_module, "listing_command", lambda *_: ["/no/such/program"])
    wait_for(lambda: time.monotonic() > slot._retry_at_s)
    assert not slot.tick(True)
    assert slot._probe is None

    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(slot_module, "listing_command", lambda *_: command)
    wait_for(lambda: slot.tick(True) or slot._probe)
    slot.close()

    assert slot._probe is None


def test_a_card_that_stumbles_gets_larger_buffers_thrice_and_tells_of_all_but_the_first(
    card: type[FakeCard], reports: Reports
) -> None:
    slot, _ = slot_for("portaudio:Headset", reports, "speaker")
    slot.tick(True)

    told = []
    for late in (2, 5, 5, 5, 5):
        slot.tick(True)
        card.made[-1].underflows += late
        slot.tick(True)
        told.append(len(reports.of(ReportKind.UNDERFLOW)))

    assert [made.profile for made in card.made] == [0, 1, 2, 3]
    assert told == [0, 1, 2, 2, 2]  # with the largest buffers it is said once a minute
    assert slot.underflows == 22
    slot.close()


@pytest.mark.parametrize("spec", ["null", "tone", "file:out=OUT"])
def test_devices_without_a_card_are_opened_in_both_directions(
    spec: str, tmp_path: Path, reports: Reports
) -> None:
    text = spec.replace("OUT", str(tmp_path / "out.wav"))
    for role in ("microphone", "speaker"):
        slot, blocks = slot_for(text, reports, role)
        slot.tick(True)
        wait_for(partial(len, blocks))
        slot.close()

    assert not reports.of(ReportKind.DEVICE_LOST)


def test_a_missing_file_is_reported_and_taken_when_it_comes(
    tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_module, "_PATIENT_RETRY_S", 0.02)
    slot, _ = slot_for(f"file:{tmp_path / 'in.wav'}", reports)
    slot.tick(True)
    assert "No such file" in reports[0].text
    slot.tick(True)

    WavWriter(tmp_path / "in.wav", 8000).close()
    wait_for(lambda: slot.tick(True) or not slot.standing_in)

    assert reports[-1].kind is ReportKind.DEVICE_BACK
    slot.close()


def test_without_the_library_there_is_a_sentence_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    with pytest.raises(AudioError, match="install it") as caught:
        portaudio.load()
    assert caught.value.code == "NO_PORTAUDIO"


def test_the_listing_process_answers_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = DeviceInfo("Headset", 1, 2, True, False)
    monkeypatch.setattr(portaudio, "devices", lambda: (info,))
    assert listing.main([]) == 0
    assert json.loads(capsys.readouterr().out)["devices"][0]["name"] == "Headset"

    def missing() -> None:
        raise AudioError("Install it.")

    monkeypatch.setattr(portaudio, "devices", missing)
    assert listing.main([]) == 0
    assert json.loads(capsys.readouterr().out)["problem"] == "Install it."


def test_the_listing_process_tries_a_device(card: type[FakeCard]) -> None:
    assert listing.main(["try", "input", "Headset"]) == 0
    assert listing.main(["try", "output"]) == 0
    card.missing = "Gone."
    assert listing.main(["try", "input"]) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('{"devices": []}', "no sound card"),
        ('{"devices": [], "problem": "Install it."}', "Install it"),
        ("not json", "cannot be listed"),
        ('{"devices": [{"nonsense": 1}]}', "cannot be listed"),
    ],
)
def test_a_listing_without_devices_says_why(
    answer: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-S", "-c", f"print({answer!r})"]
    monkeypatch.setattr(devices, "listing_command", lambda: command)

    found = list_devices()

    assert found.devices == ()
    assert problem in (found.problem or "")


def test_the_listing_process_finds_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(Path(devices.__file__).parents[2])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert devices.listing_environment()["PYTHONPATH"] == root
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert devices.listing_environment()["PYTHONPATH"].startswith(root)
    assert devices.listing_command("try")[-1] == "try"


def test_a_sound_system_that_cannot_start_is_an_audio_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Trouble(Exception):
        pass

    def fail() -> None:
        raise Trouble("no host")

    fake = types.SimpleNamespace(_terminate=fail, _initialize=fail, PortAudioError=Trouble)
    monkeypatch.setattr(portaudio, "load", lambda: fake)

    with pytest.raises(AudioError, match="no host"):
        portaudio.refresh()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", "HDA Intel PCH · ALC257 Analog"),
        ("Jabra EVOLVE 20: USB Audio (hw:1,0)", "Jabra EVOLVE 20 · USB Audio"),
        ("USB PnP Sound Device: Audio (hw:2,0)", "USB PnP Sound Device"),
        ("Webcam: Webcam (plughw:3,0)", "Webcam"),
        ("pipewire", "PipeWire (what the desktop chose)"),
        ("MacBook Pro Microphone", "MacBook Pro Microphone"),
    ],
)
def test_names_are_shown_without_what_the_sound_system_adds(name: str, shown: str) -> None:
    assert readable_name(name) == shown


def test_converters_of_alsa_are_no_devices_to_choose() -> None:
    assert is_plug_in("dmix")
    assert is_plug_in("surround51")
    assert not is_plug_in("pulse")
