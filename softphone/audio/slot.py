"""One device slot (microphone, speaker or ringer): open, watch, replace by null, take back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from softphone.model.error import AudioError

from . import portaudio
from .devices import DeviceSpec, Direction, listing_command, listing_environment
from .report import AudioReport, ReportKind
from .stream import (
    BlockUser,
    Stream,
    clip_input,
    file_input,
    file_output,
    null_input,
    null_output,
    provided,
)
from .tones import milliwatt

STALLED_S = 0.25
_RETRY_S, _PATIENT_RETRY_S = 1.0, 10.0  # each try is a process of half a second
_HOPEFUL_S = 120.0
_UNDERFLOWS, _FIRST_UNDERFLOWS = 5, 2  # the smallest buffers are given up sooner
_UNDERFLOW_WINDOW_S = 10.0
_CALM_S = 60.0

_PLUG_IN = "Plug one in, or start PulseAudio or PipeWire; softphone doctor tells more."
_TITLES = {"microphone": "Microphone", "speaker": "Speaker", "ringer": "Ringer"}


class Slot:
    """Used by the engine's thread only; `report` is called on it."""

    def __init__(
        self,
        role: str,
        spec: DeviceSpec,
        user: BlockUser,
        report: Callable[[AudioReport], None],
        wake: Callable[[], None],
    ) -> None:
        self.role = role
        self.spec = spec
        self.stream: Stream | None = None
        self.standing_in = False  # null plays the part of the wanted device
        self._direction: Direction = "input" if role == "microphone" else "output"
        self._user = user
        self._report = report
        self._wake = wake
        self.absent = False
        """Another process has looked and found no sound card: do not load the library to see."""
        self._told: str | None = None
        self._retry_at_s = float("inf")
        self._retry_s = _RETRY_S
        self._lost_at_s = 0.0
        self._probe: subprocess.Popen[bytes] | None = None
        self._profile = 0
        self._underflows_before = 0  # of streams that are closed
        self._underflows_seen = 0
        self._underflow_at_s = self._underflow_told_s = float("-inf")

    @property
    def on_sound_card(self) -> bool:
        """Whether a PortAudio stream is open."""
        return isinstance(self.stream, portaudio.PortAudioStream)

    @property
    def underflows(self) -> int:
        """How often a block came too late for the device, since the slot was made."""
        return self._underflows_before + (self.stream.underflows if self.stream else 0)

    def use(self, spec: DeviceSpec) -> None:
        """Change the device; it is opened at the next `tick` that wants it."""
        self.close()
        self.absent = False
        self.spec, self._profile = spec, 0

    def tick(self, wanted: bool) -> bool:
        """Open, close or watch; True when PortAudio must be refreshed to get the device back."""
        if not wanted:
            self.close()
            return False
        if self.stream is None:
            self._open_first()
            return False
        if self.standing_in:
            return self._try_back()
        if self.stream.dead or time.monotonic() - self.stream.last_call_s > STALLED_S:
            self._lose("stopped")
        else:
            self._watch_underflows(self.stream)
        return False

    def close(self) -> None:
        """Shut the device; nothing is retried until it is wanted again."""
        stream, self.stream = self.stream, None
        if stream:
            stream.disarm()
            stream.stop()
            self._underflows_before += stream.underflows
        self.standing_in = False
        self._end_probe()

    def reopen(self) -> None:
        """Open again after PortAudio was refreshed; without success null stands in."""
        if not self.standing_in:
            self.close()
        self._retry()

    def _open_first(self) -> None:
        try:
            self._set(self._open())
        except AudioError as error:
            never = error.code == "NO_PORTAUDIO"
            self._stand_in(self._missing(error), float("inf") if never else _PATIENT_RETRY_S)

    def _missing(self, error: AudioError) -> AudioReport:
        if self.spec.kind != "auto":
            text = f"{_TITLES[self.role]}: none, calls go on without. {error.message}"
            return AudioReport(ReportKind.DEVICE_LOST, text)
        mend = _PLUG_IN
        if error.code == "NO_PORTAUDIO":
            mend = error.message
        return AudioReport(ReportKind.NO_DEVICE, f"No sound card: calls go on in silence. {mend}")

    def _open(self) -> Stream:
        """Open what the spec says; raises AudioError."""
        spec = self.spec
        if self.absent and spec.kind == "auto":
            self.absent = False  # said once; the next try is a real one
            raise AudioError("There is no sound card.")
        if spec.kind == "remote":
            return provided("remote")(self._direction, spec.name or "", self._user)
        if spec.kind in ("auto", "portaudio"):
            return portaudio.PortAudioStream(
                self._direction, spec.name, self._user, self._wake, self._profile
            )
        if self._direction == "output":
            return file_output(self._user, spec.out_path) if spec.out_path else self._null()
        if spec.kind == "tone":
            return clip_input(self._user, milliwatt(), "tone")
        if spec.kind == "file" and spec.in_path:
            return file_input(self._user, spec.in_path, spec.loop)
        return self._null()

    def _null(self) -> Stream:
        return null_input(self._user) if self._direction == "input" else null_output(self._user)

    def _set(self, stream: Stream) -> None:
        self.stream, self.standing_in = stream, False
        self._underflows_seen = 0
        if stream.name != self._told:
            self._told = stream.name
            title = _TITLES[self.role]
            self._report(AudioReport(ReportKind.DEVICE_CHANGED, f"{title}: {stream.name}."))

    def _stand_in(self, report: AudioReport, retry_s: float) -> None:
        """Let null keep the pace from now on, before anything slow is done."""
        self.stream, self.standing_in = self._null(), True
        self._lost_at_s = time.monotonic()
        self._retry_s = retry_s
        self._retry_at_s = self._lost_at_s + retry_s
        if report.text != self._told:
            self._told = report.text
            self._report(report)

    def _lose(self, what: str) -> None:
        lost = self.stream
        assert lost is not None
        self._underflows_before += lost.underflows
        lost.disarm()
        title = _TITLES[self.role]
        text = f"{title} {what}: {lost.name}. The call goes on without it."
        self._stand_in(AudioReport(ReportKind.DEVICE_LOST, text), _RETRY_S)
        lost.stop()

    def _try_back(self) -> bool:
        """Ask in a process of its own whether the device can be opened; True when it can."""
        if self.spec.kind == "file":
            return self._try_file_back()
        now_s = time.monotonic()
        if self._probe is None:
            if now_s >= self._retry_at_s:
                self._probe = self._start_probe()
            return False
        status = self._probe.poll()
        if status is None:
            return False
        self._end_probe()
        self._try_later()
        return status == 0

    def _try_file_back(self) -> bool:
        if time.monotonic() >= self._retry_at_s:
            self._retry()
        return False

    def _try_later(self) -> None:
        now_s = time.monotonic()
        if now_s - self._lost_at_s > _HOPEFUL_S:
            self._retry_s = max(self._retry_s, _PATIENT_RETRY_S)
        self._retry_at_s = now_s + self._retry_s

    def _retry(self) -> None:
        """Open the real device in place of the stand-in, quietly staying with null if not."""
        try:
            stream = self._open()
        except AudioError:
            if self.stream is None:
                self.stream, self.standing_in = self._null(), True
            self._try_later()
            return
        standing_in, self.stream = self.stream, stream
        if standing_in:
            standing_in.disarm()
            standing_in.stop()
        self.standing_in, self._underflows_seen = False, 0
        if self._told != stream.name:
            self._told = stream.name
            title = _TITLES[self.role]
            self._report(AudioReport(ReportKind.DEVICE_BACK, f"{title} is back: {stream.name}."))

    def _start_probe(self) -> subprocess.Popen[bytes] | None:
        name = [self.spec.name] if self.spec.name else []
        try:
            return subprocess.Popen(
                listing_command("try", self._direction, *name),
                env=listing_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._try_later()
            return None

    def _end_probe(self) -> None:
        probe, self._probe = self._probe, None
        if probe and probe.poll() is None:
            probe.kill()
        if probe:
            probe.wait()

    def _watch_underflows(self, stream: Stream) -> None:
        """After a few underflows in 10 s take larger buffers; say so at most once a minute.

        The first step up is to what every computer should manage: nobody needs to hear of it.
        """
        now_s = time.monotonic()
        if now_s - self._underflow_at_s > _UNDERFLOW_WINDOW_S:
            self._underflow_at_s, self._underflows_seen = now_s, stream.underflows
        most = _UNDERFLOWS if self._profile else _FIRST_UNDERFLOWS
        if stream.underflows - self._underflows_seen < most:
            return
        self._underflow_at_s, self._underflows_seen = now_s, stream.underflows
        larger = self._profile + 1 < len(portaudio.PROFILES)
        if larger:
            self._profile += 1
            self._underflows_before += stream.underflows
            stream.disarm()
            stream.stop()
            self.stream = None
            self._open_first()
        if self._profile == 1 and larger:
            return
        if larger or now_s - self._underflow_told_s > _CALM_S:
            self._underflow_told_s = now_s
            what = "its buffers were made larger" if larger else "this computer is too busy"
            title = _TITLES[self.role]
            self._report(AudioReport(ReportKind.UNDERFLOW, f"{title} stumbles: {what}."))
