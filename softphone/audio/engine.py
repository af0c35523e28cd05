"""The audio engine: sound devices on one side, the legs of calls on the other.

Methods are callable from the event loop thread (or any one control thread), return at once and
hold no lock over I/O; what must wait (opening devices) is done on the engine's own thread.
`report` is called on that thread too: pass something like a `call_soon_threadsafe` wrapper.
With no leg, ring, meter or loop wanted, all devices are closed: no CPU, and the microphone is shut.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from .devices import DeviceList
from .leg import Leg, LegStats
from .report import AudioReport, AudioSettings, Levels

RingKind: TypeAlias = Literal["ring", "ringback", "busy"]


class AudioEngine:
    """Runs the devices and mixes; see the module docstring for threads."""

    def __init__(self, settings: AudioSettings, report: Callable[[AudioReport], None]) -> None:
        """Nothing is opened before `start()` and the first need."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the engine's thread; devices open when a leg, ring or meter needs them."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop recordings and devices and end all threads; waits at most 3 s. May be repeated."""
        raise NotImplementedError

    def attach(self, key: str, leg: Leg) -> None:
        """Give `leg` a place: it gets silence and is heard by nobody until `set_talk`.

        From now on the leg sends frames without a gap until `detach`.
        """
        raise NotImplementedError

    def detach(self, key: str) -> None:
        """Take the leg away and end its recording and files; unknown keys are ignored."""
        raise NotImplementedError

    def set_talk(self, key: str, talk: bool, listen: bool) -> None:
        """Open microphone (`talk`) and speaker (`listen`) for this leg.

        Several legs with both on are in a conference: each hears all but itself.
        Raises AudioError for an unknown key, as all methods below that take one.
        """
        raise NotImplementedError

    def set_muted(self, key: str, on: bool) -> None:
        """Mute the microphone towards this leg: exact zeros within 10 ms.

        Files, tones and the other parties of a conference are still sent.
        """
        raise NotImplementedError

    def set_hold(self, key: str, on: bool, music: Path | None = None) -> None:
        """Hold: the far end hears `music` (WAV, repeated) or silence; mic and speaker are shut.

        Raises AudioError when the file cannot be read; the hold is then on, with silence.
        """
        raise NotImplementedError

    def play_file(self, key: str, path: Path, on_end: Callable[[], None] | None = None) -> None:
        """Send a WAV file to this leg instead of the microphone, once.

        `on_end` is called on the engine's thread when it has been sent or was replaced.
        Raises AudioError when the file cannot be read.
        """
        raise NotImplementedError

    def stop_file(self, key: str) -> None:
        """End `play_file` early."""
        raise NotImplementedError

    def record(self, key: str, path: Path, both: bool = False) -> None:
        """Record the far end (mono), or near left and far right (`both`), as 8 kHz 16-bit WAV.

        Raises AudioError when the file cannot be made; later trouble is a `record_failed` report.
        """
        raise NotImplementedError

    def stop_record(self, key: str) -> None:
        """End the recording of this leg; the file is complete within a second."""
        raise NotImplementedError

    def send_tones(self, key: str, digits: str, duration_ms: int = 100, gap_ms: int = 100) -> None:
        """Send DTMF in-band to this leg, with a quiet sidetone here; replaces the microphone.

        Raises AudioError when `digits` has anything but 0-9 * # A-D.
        """
        raise NotImplementedError

    def ring(self, kind: RingKind = "ring") -> None:
        """Sound a ring (ringer device), or ringback or busy tone (output) until `stop_ring`."""
        raise NotImplementedError

    def stop_ring(self) -> None:
        """End `ring`."""
        raise NotImplementedError

    def call_waiting_beep(self) -> None:
        """Sound one soft call waiting tone on the output."""
        raise NotImplementedError

    def set_meter(self, on: bool) -> None:
        """Keep the microphone open for its level without a call (devices screen)."""
        raise NotImplementedError

    def set_loopback(self, on: bool) -> None:
        """Echo test: play the microphone back about half a second later."""
        raise NotImplementedError

    def levels(self) -> Levels:
        """Return the meters of the microphone and of each leg's far end."""
        raise NotImplementedError

    def stats(self, key: str) -> LegStats:
        """Return the counts of a leg."""
        raise NotImplementedError

    def select(
        self, input: str | None = None, output: str | None = None, ringer: str | None = None
    ) -> None:
        """Change devices, in a call too; None keeps the present one.

        Raises AudioError for a spec that cannot be parsed; a device that cannot be opened is a
        `device_lost` report and the null device takes its place.
        """
        raise NotImplementedError

    def selected(self) -> AudioSettings:
        """Return the specs in use."""
        raise NotImplementedError

    def list_devices(self) -> DeviceList:
        """Return the devices present; blocks for about half a second: call it in a thread."""
        raise NotImplementedError
