"""Fixtures of the audio tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone.model.error import AudioError
from tests.audio.support import Reports, VirtualAudio


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def vaudio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualAudio]:
    """Virtual sound hardware behind PortAudio; the script is in docs, it needs no rights."""
    from softphone.audio import portaudio

    if not shutil.which("pulseaudio") or not shutil.which("parec"):
        pytest.skip("PulseAudio is not installed (apt install pulseaudio pulseaudio-utils)")
    try:
        portaudio.load()
    except AudioError as error:
        pytest.skip(error.message)
    folder = tmp_path / "pulse"
    folder.mkdir(mode=0o700)
    (folder / "asound.conf").write_text(
        "</usr/share/alsa/alsa.conf>\n"
        'pcm.vspk { type pulse device "spk" }\npcm.vmic { type pulse device "mic" }\n'
        'pcm.!default { type asym playback.pcm "vspk" capture.pcm "vmic" }\n'
        "ctl.!default { type pulse }\n"
    )
    environment = {
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_STATE_PATH": str(folder),
        "PULSE_COOKIE": str(folder / "cookie"),
        "PULSE_SERVER": f"unix:{folder / 'native'}",
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    audio = VirtualAudio(folder, environment)
    audio.start()
    portaudio.refresh()
    try:
        yield audio
    finally:
        audio.stop()
        monkeypatch.undo()
        portaudio.refresh()
