"""A call with a real sound card (PulseAudio's) at our end: speech in at the microphone, out at
the speaker, through PortAudio, engine, sockets and the lab's echo."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from softphone.audio.resample import RateConverter
from tests.audio.conftest import vaudio
from tests.audio.support import VirtualAudio
from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for

__all__ = ["vaudio"]

pytestmark = pytest.mark.real


def speaker(raw: Path) -> hearing.Signal:
    """Return what the virtual speaker played, at 8 kHz."""
    samples = np.fromfile(raw, np.int16)
    return np.asarray(RateConverter(48_000, hearing.RATE_HZ).push(samples), np.float64)


def talking(home: Home) -> bool:
    calls = home.status().get("calls", [])
    return bool(calls) and calls[0]["state"] == "active"


def test_speech_goes_from_the_microphone_through_the_echo_to_the_speaker(
    vaudio: VirtualAudio, home: Home, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech
    home.env.update(vaudio.environment)
    home.start("call", "echo")
    wait_for(lambda: talking(home))
    wait_for(lambda: "picked up" in home.run("events").stdout)
    raw = home.folder / "speaker.raw"

    for _ in range(3):  # the wave form moves when a busy machine makes sound late
        listening = vaudio.listen(raw)
        vaudio.say(path)
        time.sleep(len(said) / hearing.RATE_HZ + 1.5)  # as long as it is said, and comes back
        listening.terminate()
        listening.wait(10)
        score = hearing.score(said, speaker(raw))
        if score.gaps <= 2 and score.snr_db > 8.0:
            break

    assert home.status()["audio"]["problem"] is None
    assert score.gaps <= 2
    assert score.snr_db > 8.0


def test_the_call_goes_on_when_the_sound_server_dies(vaudio: VirtualAudio, home: Home) -> None:
    home.env.update(vaudio.environment)
    home.start("call", "tone")
    wait_for(lambda: talking(home))
    frames = home.lab().calls()[0]["received"]["frames"]

    vaudio.kill()

    wait_for(lambda: home.status()["audio"]["problem"], 10.0)
    assert talking(home)
    wait_for(lambda: home.lab().calls()[0]["received"]["frames"] > frames + 100, 10.0)
