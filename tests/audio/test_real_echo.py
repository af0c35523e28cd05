"""The echo test through PortAudio, with a speaker that the microphone hears (PulseAudio)."""

from __future__ import annotations

import subprocess

import pytest

from softphone.audio.engine import AudioEngine
from softphone.audio.report import AudioSettings, Processing, ReportKind
from tests.audio.support import Reports, VirtualAudio, wait_for

pytestmark = pytest.mark.real


def let_the_microphone_hear_the_speaker() -> None:
    """Feed the virtual speaker into the virtual microphone, 10 dB softer."""
    loop = ("load-module", "module-loopback", "source=spk.monitor", "sink=micfeed")
    subprocess.run(["pactl", *loop, "latency_msec=40"], check=True, capture_output=True, timeout=20)
    listed = ["pactl", "list", "short", "sink-inputs"]
    found = subprocess.run(listed, check=True, capture_output=True, text=True, timeout=20)
    number = found.stdout.split()[0]
    softer = ["pactl", "set-sink-input-volume", number, "-10dB"]
    subprocess.run(softer, check=True, capture_output=True, timeout=20)


def test_the_echo_of_a_loud_speaker_is_measured_and_cancelled(
    vaudio: VirtualAudio, reports: Reports
) -> None:
    pytest.importorskip("livekit.rtc", reason="needs the extra: pip install 'softphone[aec]'")
    let_the_microphone_hear_the_speaker()
    wanted = AudioSettings("portaudio:vmic", "portaudio:vspk", processing=Processing(echo=True))
    engine = AudioEngine(wanted, reports.append)
    engine.start()
    try:
        engine.test_echo()
        wait_for(lambda: reports.of(ReportKind.ECHO_MEASURED), 40)
    finally:
        engine.close()

    echo = reports.of(ReportKind.ECHO_MEASURED)[0].echo
    assert echo is not None
    assert echo.delay_ms is not None
    assert 10 < echo.delay_ms < 400
    assert echo.level_db == pytest.approx(-10, abs=2)
    assert echo.reduction_db is not None
    assert echo.reduction_db >= 15
