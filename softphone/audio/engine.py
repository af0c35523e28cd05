"""The audio engine: sound devices on one side, the legs of calls on the other.

Methods are callable from the event loop thread (or any one control thread), return at once and
hold no lock over I/O; what must wait (opening devices) is done on the engine's own thread.
`report` is called on that thread too: pass something like a `call_soon_threadsafe` wrapper.
With no leg, ring, meter or loop wanted, all devices are closed: no CPU, and the microphone is shut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

from softphone.model.error import AudioError

from .block import Samples
from .board import Board, Line, Overlay
from .devices import DeviceList, list_devices, parse_spec
from .echotest import EchoTest
from .keeper import Keeper, changed
from .leg import Leg, LegStats
from .level import PeakRange
from .player import FilePlayer
from .recorder import Recorder
from .replay import Replay, Stereo
from .report import AudioReport, AudioSettings, Levels, Processing, ReportKind
from .ringtone import PLAIN, RING_TONES, RingSound
from .tones import BUSY, CALL_WAITING, RINGBACK, Clip, check_dtmf, dtmf, sequence

RingKind: TypeAlias = Literal["ring", "ringback", "busy"]

_CADENCES = {"ringback": RINGBACK, "busy": BUSY}
_BEEP_DBFS = -26.0
_RECORD_BEEP_DBFS = -30.0
_PROGRESS_DBFS = -20.0
_SIDETONE_SHIFT = 3  # 18 dB below what is sent
_TWO_TONES_DB = 6.0


class AudioEngine:
    """Runs the devices and mixes; see the module docstring for threads."""

    def __init__(self, settings: AudioSettings, report: Callable[[AudioReport], None]) -> None:
        """Nothing is opened before `start()` and the first need."""
        self._board = Board()
        self._keeper = Keeper(self._board, settings, report)
        self._lines: dict[str, Line] = {}
        self._ringing: Overlay | None = None  # keeper's thread
        self._rings_elsewhere = False  # keeper's thread
        self._back: Overlay | None = None  # keeper's thread

    def start(self) -> None:
        """Start the engine's thread; devices open when a leg, ring or meter needs them."""
        self._keeper.start()

    def close(self) -> None:
        """Stop recordings and devices and end all threads; waits at most 3 s. May be repeated."""
        recorders = [line.recorder for line in self._lines.values() if line.recorder]
        for key in list(self._lines):
            self.detach(key)
        self._keeper.close()
        for recorder in recorders:
            recorder.join(1.0)

    def attach(self, key: str, leg: Leg, remember: bool = False) -> None:
        """Give `leg` a place: it gets silence and is heard by nobody until `set_talk`.

        From now on the leg sends frames without a gap until `detach`. `remember`: the last half
        minute of both directions is kept in memory, for `remembered`.
        """
        if key in self._lines:
            raise AudioError(f"The leg {key} is attached already.")
        self._lines[key] = line = Line(key, leg)
        line.replay = Replay() if remember else None
        self._publish()

    def detach(self, key: str) -> None:
        """Take the leg away and end its recording and files; unknown keys are ignored."""
        line = self._lines.pop(key, None)
        if line is None:
            return
        self._publish()
        self._keeper.post(lambda: self._clear(line))

    def set_talk(self, key: str, talk: bool, listen: bool, aside: bool = False) -> None:
        """Open microphone (`talk`) and speaker (`listen`) for this leg.

        Several legs with both on are in a conference: each hears all but itself. Those set
        `aside` are in one of their own, without microphone and speaker.
        Raises AudioError for an unknown key, as all methods below that take one.
        """
        line = self._line(key)
        line.talk, line.listen, line.aside = talk, listen, aside

    def set_muted(self, key: str, on: bool) -> None:
        """Mute the microphone towards this leg: exact zeros within 10 ms.

        Files, tones and the other parties of a conference are still sent.
        """
        self._line(key).muted = on

    def set_hold(self, key: str, on: bool, music: Path | None = None) -> None:
        """Hold: the far end hears `music` (WAV, repeated) or silence; mic and speaker are shut.

        Raises AudioError when the file cannot be read; the hold is then on, with silence.
        """
        line = self._line(key)
        old, line.music = line.music, None
        line.held = on
        if old:
            old.close()
        if on and music:
            line.music = FilePlayer(music, repeat=True)

    def play_file(self, key: str, path: Path, on_end: Callable[[], None] | None = None) -> None:
        """Send a WAV file to this leg instead of the microphone, once.

        `on_end` is called on the engine's thread when it has been sent or was replaced.
        Raises AudioError when the file cannot be read.
        """
        line = self._line(key)
        player = FilePlayer(path)
        self._keeper.post(lambda: self._start_file(line, player, on_end))

    def stop_file(self, key: str) -> None:
        """End `play_file` early."""
        line = self._line(key)
        self._keeper.post(lambda: self._keeper.end_file(line))

    def record(self, key: str, path: Path, both: bool = False) -> None:
        """Record the far end (mono), or near left and far right (`both`), as 8 kHz 16-bit WAV.

        Raises AudioError when the file cannot be made; later trouble is a `record_failed` report.
        """
        line = self._line(key)
        if line.recorder:
            raise AudioError(f"The leg {key} is being recorded already.")
        line.recorder = Recorder(path, both, lambda text: self._record_failed(line, text))

    def stop_record(self, key: str) -> None:
        """End the recording of this leg; the file is complete within a second."""
        recorder, line.recorder = (line := self._line(key)).recorder, None
        if recorder:
            recorder.stop()

    def set_private(self, key: str, on: bool) -> None:
        """Record and remember silence instead of this call, until it is switched off again."""
        self._line(key).private = on

    def remembered(self, key: str) -> Stereo | None:
        """Return the last half minute of a leg; None when it is not remembered."""
        replay = self._line(key).replay
        return replay.last() if replay else None

    def play_back(self, samples: Samples) -> None:
        """Let only the operator hear 48 kHz samples, beside the calls, until `stop_back`."""
        self._keeper.post(lambda: self._start_back(samples))

    def stop_back(self) -> None:
        """End `play_back`."""
        self._keeper.post(self._end_back)

    def record_beep(self, key: str) -> None:
        """Sound one soft tone on the output and to this leg, beside everything else."""
        samples = sequence(CALL_WAITING, _RECORD_BEEP_DBFS)
        self._line(key).beep = Clip(samples)
        self._keeper.post(lambda: self._keeper.add_overlay(Overlay(Clip(samples))))

    def send_tones(self, key: str, digits: str, duration_ms: int = 100, gap_ms: int = 100) -> None:
        """Send DTMF in-band to this leg, with a quiet sidetone here; replaces the microphone.

        Raises AudioError when `digits` has anything but 0-9 * # A-D.
        """
        line = self._line(key)
        check_dtmf(digits, duration_ms, gap_ms)
        self._keeper.post(lambda: self._start_tones(line, dtmf(digits, duration_ms, gap_ms)))

    def ring(self, kind: RingKind = "ring", sound: RingSound = PLAIN) -> None:
        """Sound a ring (ringer device), or ringback or busy tone (output) until `stop_ring`.

        `sound` is how to ring; raises AudioError for a device that cannot be parsed.
        """
        if sound.device:
            parse_spec(sound.device)
        self._keeper.post(lambda: self._start_ring(kind, sound))

    def stop_ring(self) -> None:
        """End `ring`."""
        self._keeper.post(self._end_ring)

    def call_waiting_beep(self) -> None:
        """Sound one soft call waiting tone on the output."""
        self._keeper.post(
            lambda: self._keeper.add_overlay(Overlay(Clip(sequence(CALL_WAITING, _BEEP_DBFS))))
        )

    def set_meter(self, on: bool) -> None:
        """Keep the microphone open for its level without a call (devices screen)."""
        self._keeper.meter = on
        self._keeper.look()

    def set_loopback(self, on: bool) -> None:
        """Echo test: play the microphone back about half a second later."""
        self._board.loopback = on
        self._keeper.look()

    def test_echo(self) -> None:
        """Play a noise for 4 s and report (`echo_measured`) what the microphone hears of it.

        Raises AudioError while there are calls: their far ends would hear it.
        """
        if self._lines:
            raise AudioError("The echo test plays a noise. End the call first.")
        self._keeper.post(self._start_echo_test)

    def levels(self) -> Levels:
        """Return the meters of the microphone and of each leg's far end."""
        far = {key: line.meter.dbfs for key, line in self._lines.items()}
        return Levels(self._board.mic_meter.dbfs, far)

    @property
    def underflows(self) -> int:
        """How often a device did not get or give its sound in time, since the start."""
        return self._keeper.underflows

    def take_microphone_peaks(self) -> PeakRange:
        """Return how loud the microphone was since the last time this was asked."""
        return self._board.mic_peaks.take()

    def stats(self, key: str) -> LegStats:
        """Return the counts of a leg."""
        return self._line(key).leg.stats()

    def select(
        self, input: str | None = None, output: str | None = None, ringer: str | None = None
    ) -> None:
        """Change devices, in a call too; None keeps the present one, ringer="" means none.

        Raises AudioError for a spec that cannot be parsed; a device that cannot be opened is a
        `device_lost` report and the null device takes its place.
        """
        self._keeper.select(changed(self._keeper.settings, input, output, ringer))

    def process(
        self, echo: bool | None = None, noise: bool | None = None, gain: bool | None = None
    ) -> None:
        """Switch echo cancelling, noise suppression, automatic gain; None leaves one as it is.

        Works at once, in a call too. What cannot be had is a `processing_failed` report.
        """
        settings = self._keeper.settings
        old = settings.processing
        wanted = Processing(
            echo=old.echo if echo is None else echo,
            noise=old.noise if noise is None else noise,
            gain=old.gain if gain is None else gain,
        )
        self._keeper.select(replace(settings, processing=wanted))

    def selected(self) -> AudioSettings:
        """Return the specs in use."""
        return self._keeper.settings

    def list_devices(self) -> DeviceList:
        """Return the devices present; blocks for about half a second: call it in a thread."""
        return list_devices()

    def _line(self, key: str) -> Line:
        try:
            return self._lines[key]
        except KeyError:
            raise AudioError(f"There is no leg {key} in the audio engine.") from None

    def _publish(self) -> None:
        self._board.lines = tuple(self._lines.values())
        self._keeper.look()

    def _clear(self, line: Line) -> None:
        """End what belongs to a detached line (keeper's thread)."""
        self._keeper.end_file(line)
        if line.music:
            line.music.close()
        if line.recorder:
            line.recorder.stop()

    def _start_file(
        self, line: Line, player: FilePlayer, on_end: Callable[[], None] | None
    ) -> None:
        self._keeper.end_file(line)
        line.file, line.file_end = player, on_end
        if line not in self._board.lines:  # detached meanwhile
            self._keeper.end_file(line)

    def _record_failed(self, line: Line, text: str) -> None:
        line.recorder = None
        said = AudioReport(ReportKind.RECORD_FAILED, f"Recording ended: {text}", line.key)
        self._keeper.post(lambda: self._keeper.report(said))

    def _start_tones(self, line: Line, samples: Samples) -> None:
        line.tones.append(Clip(samples))
        self._keeper.add_overlay(Overlay(Clip(samples >> _SIDETONE_SHIFT)))

    def _start_back(self, samples: Samples) -> None:
        self._end_back()
        self._back = Overlay(Clip(samples))
        self._keeper.add_overlay(self._back)

    def _end_back(self) -> None:
        if self._back:
            self._back.ending = True
            self._back = None

    def _start_echo_test(self) -> None:
        if self._board.echo_test is None:
            processor = self._board.cleaning.processor
            self._board.echo_test = EchoTest(bool(processor and processor.settings.echo))

    def _start_ring(self, kind: RingKind, sound: RingSound) -> None:
        self._end_ring()
        settings = self._keeper.settings
        loudest = settings.ring_level_dbfs if sound.dbfs is None else sound.dbfs
        level = loudest - _TWO_TONES_DB if kind == "ring" else _PROGRESS_DBFS
        beats = RING_TONES[sound.tone] if kind == "ring" else _CADENCES[kind]
        self._ringing = Overlay(Clip(sequence(beats, level), repeat=True))
        if sound.device:
            self._keeper.use_ringer(sound.device)
            self._rings_elsewhere = True
        if kind == "ring" and (sound.device or settings.ringer):
            self._board.ringing = self._ringing
        else:
            self._keeper.add_overlay(self._ringing)

    def _end_ring(self) -> None:
        if self._ringing:
            self._ringing.ending = True
            self._ringing = None
        if self._rings_elsewhere:
            self._rings_elsewhere = False
            self._keeper.use_ringer(self._keeper.settings.ringer or "null")
