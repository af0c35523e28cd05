"""Calls and the sound engine: who hears whom, when it rings, what is measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from softphone.audio.block import Samples
from softphone.audio.devices import DeviceList as AudioDevices
from softphone.audio.engine import RingKind
from softphone.audio.leg import Leg, LegStats
from softphone.audio.level import PeakRange
from softphone.audio.replay import Stereo
from softphone.audio.report import AudioSettings
from softphone.audio.report import Levels as AudioLevels
from softphone.audio.ringtone import RingSound
from softphone.model.call import Call, CallId, CallState
from softphone.model.device import Device
from softphone.model.error import AudioError
from softphone.model.quality import DeskFigures, Levels, QualitySample, QualitySummary
from softphone.remote.choices import choices, desk_choices
from softphone.remote.control import DESK
from softphone.remote.host import RemoteCards
from softphone.secret import Secret

from .conference import Floor
from .measuring import CallMeter, Second

logger = logging.getLogger(__name__)

_SILENCE_DB = -96.0


class SoundEngine(Protocol):
    """What of `audio.engine.AudioEngine` is used here."""

    def attach(self, key: str, leg: Leg, remember: bool = False) -> None: ...
    def detach(self, key: str) -> None: ...
    def set_talk(self, key: str, talk: bool, listen: bool, aside: bool = False) -> None: ...
    def set_muted(self, key: str, on: bool) -> None: ...
    def set_hold(self, key: str, on: bool, music: Path | None = None) -> None: ...
    def play_file(self, key: str, path: Path, on_end: Callable[[], None] | None = None) -> None: ...
    def stop_file(self, key: str) -> None: ...
    def record(self, key: str, path: Path, both: bool = False) -> None: ...
    def stop_record(self, key: str) -> None: ...
    def record_beep(self, key: str) -> None: ...
    def set_private(self, key: str, on: bool) -> None: ...
    def remembered(self, key: str) -> Stereo | None: ...
    def play_back(self, samples: Samples) -> None: ...
    def stop_back(self) -> None: ...
    def send_tones(
        self, key: str, digits: str, duration_ms: int = 100, gap_ms: int = 100
    ) -> None: ...
    def ring(self, kind: RingKind = "ring", sound: RingSound = ...) -> None: ...
    def stop_ring(self) -> None: ...
    def call_waiting_beep(self) -> None: ...
    def set_meter(self, on: bool) -> None: ...
    def set_loopback(self, on: bool) -> None: ...
    def test_echo(self) -> None: ...
    def levels(self) -> AudioLevels: ...
    def take_microphone_peaks(self) -> PeakRange: ...
    def stats(self, key: str) -> LegStats: ...
    def select(
        self, input: str | None = None, output: str | None = None, ringer: str | None = None
    ) -> None: ...
    def process(
        self, echo: bool | None = None, noise: bool | None = None, gain: bool | None = None
    ) -> None: ...
    def selected(self) -> AudioSettings: ...
    def list_devices(self) -> AudioDevices: ...


@dataclass(frozen=True, slots=True)
class Files:
    """Files a call was placed or answered with; such a call never touches the sound card."""

    play: str = ""
    record: str = ""
    both: bool = False
    """Record what is sent too, on the left; what is heard is on the right then."""

    @property
    def any(self) -> bool:
        """Tell whether the call has a file at either end."""
        return bool(self.play or self.record)


@dataclass(frozen=True, slots=True)
class _Attached:
    files: Files
    meter: CallMeter


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a call's sound: its quality, and the samples not written yet."""

    summary: QualitySummary
    samples: tuple[QualitySample, ...]


class Sound:
    """Keeps the sound engine in step with the calls."""

    def __init__(self, engine: SoundEngine, *, desks: RemoteCards | None = None) -> None:
        self._engine = engine
        self._desks = desks
        self._desk_of = self._desk_at = ""
        self._before_desk = "", ""
        self._ringing = False
        self._attached: dict[CallId, _Attached] = {}
        self._floor = Floor()
        self._talking: CallId | None = None
        self._last_levels = Levels()
        self._over: tuple[CallId, Stereo] | None = None
        self._peaks = PeakRange()

    # ---- calls -------------------------------------------------------------------------------

    def attach(self, call: CallId, leg: Leg, files: Files, now: float) -> None:
        """Give a call its place; raises AudioError when a file cannot be used."""
        self._attached[call] = _Attached(files, CallMeter(call, now))
        remember = not files.any
        if remember:
            self._over = None
        self._engine.attach(call, leg, remember)
        try:
            if files.play:
                self._engine.play_file(call, Path(files.play))
            if files.record:
                self._engine.record(call, Path(files.record), both=files.both)
        except AudioError:
            self.detach(call)
            raise

    def detach(self, call: CallId) -> Kept | None:
        """Take a call out; return its quality, None when it had no audio."""
        attached = self._attached.pop(call, None)
        if attached is None:
            return None
        remembered = self._engine.remembered(call)
        if remembered is not None:
            self._over = call, remembered
        self._engine.detach(call)
        return Kept(attached.meter.summary, attached.meter.take_unsaved(all_=True))

    def route(self, calls: Iterable[Call], *, desk_muted: bool) -> None:
        """Open and close microphone and speaker for each call as its state says.

        `desk_muted`: nobody is at the console, so the microphone is shut for the desk's calls.
        """
        known = [call for call in calls if call.id in self._attached]
        floor = self._floor
        floor.take([call for call in known if self._wants_card(call)])
        # Those that lose the microphone come first: it is never open for two conversations.
        for call in sorted(known, key=lambda call: call.id in floor.operator):
            self._engine.set_muted(call.id, call.muted or (desk_muted and not call.owner))
            aside = call.id in floor.aside
            open_ = aside or call.id in floor.operator
            self._engine.set_talk(call.id, talk=open_, listen=open_, aside=aside)
        if self._talking not in floor.operator:
            self._talking = next((call.id for call in known if call.id in floor.operator), None)

    def yield_floor(self, call: CallId) -> None:
        """Let the microphone stay with the others when a call leaves them."""
        self._floor.drop(call)

    def waits_behind(self, before: Call, after: Call) -> bool:
        """Tell whether a far end took its call back while the operator talks to somebody else."""
        returned = before.held_by_them and not (before.held_by_us or after.held_by_them)
        up = self._wants_card(after) and not after.aside
        return returned and up and after.id not in self._floor.operator

    def _wants_card(self, call: Call) -> bool:
        attached = self._attached.get(call.id)
        return call.state is CallState.ACTIVE and bool(attached and not attached.files.any)

    def play_again(self, call: CallId) -> None:
        """Start a call's file over: only now is there somebody to hear it."""
        attached = self._attached.get(call)
        if attached is not None and attached.files.play:
            self._engine.play_file(call, Path(attached.files.play))

    def set_hold(self, call: CallId, on: bool, music: str) -> None:
        """Hold locally: the far end hears music or silence, the operator nothing."""
        if call in self._attached:
            self._engine.set_hold(call, on, Path(music) if on and music else None)

    def play(self, call: CallId, path: str, on_end: Callable[[], None]) -> None:
        """Play a file into a call, or stop doing so; `on_end` is called on a thread of its own."""
        self._known(call)
        if path:
            self._engine.play_file(call, Path(path), on_end)
        else:
            self._engine.stop_file(call)

    def record(self, call: CallId, path: str) -> None:
        """Record both sides of a call (left: operator), or stop when the path is empty."""
        self._known(call)
        if path:
            self._engine.record(call, Path(path), both=True)
        else:
            self._engine.stop_record(call)

    def beep(self, call: CallId) -> None:
        """Tell both ends by a soft tone that the call is being recorded."""
        if call in self._attached:
            self._engine.record_beep(call)

    def set_private(self, call: CallId, on: bool) -> None:
        """Keep silence instead of the call, in its recording and for a replay."""
        self._known(call)
        self._engine.set_private(call, on)

    def remembered(self, call: CallId) -> Stereo | None:
        """Return the last half minute of a call; also for a while after its end."""
        if call in self._attached:
            return self._engine.remembered(call)
        return self._over[1] if self._over and self._over[0] == call else None

    def forget(self, call: CallId) -> None:
        """Forget the sound of a call that is over."""
        if self._over and self._over[0] == call:
            self._over = None

    def replay(self, samples: Samples | None) -> None:
        """Let only the operator hear something once more; None ends that."""
        if samples is None:
            self._engine.stop_back()
        else:
            self._engine.play_back(samples)

    def has(self, call: CallId) -> bool:
        """Tell whether a call has its place on the sound board."""
        return call in self._attached

    def send_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        """Put DTMF into the outgoing audio of a call."""
        self._known(call)
        self._engine.send_tones(call, digits, duration_ms, gap_ms)

    # ---- ringing -----------------------------------------------------------------------------

    def ring(self, sound: RingSound | None) -> None:
        """Ring like this until something else is asked for; None: no more."""
        self._ringing = sound is not None
        if sound is None:
            self._engine.stop_ring()
        else:
            self._engine.ring(sound=sound)

    def beep_waiting(self) -> None:
        """Sound one soft tone: somebody rings while the operator talks."""
        self._engine.call_waiting_beep()

    def test_ring(self, on: bool) -> None:
        """Ring for the devices screen."""
        if on:
            self._engine.ring()
        elif not self._ringing:
            self._engine.stop_ring()

    # ---- measuring ---------------------------------------------------------------------------

    def levels(self) -> tuple[CallId | None, Levels] | None:
        """Return the meters when they moved by a decibel or more since the last time."""
        now = self._engine.levels()
        heard = (now.far_dbfs.get(call, _SILENCE_DB) for call in self._floor.operator)
        far = max(heard, default=_SILENCE_DB)
        levels = Levels(round(now.mic_dbfs), round(far))
        if levels == self._last_levels:
            return None
        self._last_levels = levels
        return self._talking, levels

    def begin_second(self) -> None:
        """Close a second of the microphone; the calls are measured next."""
        self._peaks = self._engine.take_microphone_peaks()

    def rest(self, call: CallId) -> None:
        """Leave a held call's sound out of its figures."""
        if attached := self._attached.get(call):
            attached.meter.rest()

    def second(self, call: Call, at: float, now: float) -> Second | None:
        """Return the last second of a call's quality, None when it has no audio."""
        attached = self._attached.get(call.id)
        if attached is None:
            return None
        open_ = call.id in self._floor.operator and not call.muted
        peaks = self._peaks if open_ else None
        stats = self._engine.stats(call.id)
        desk = None if attached.files.any else self.desk_figures()
        return attached.meter.second(stats, self._last_levels.microphone_db, peaks, at, now, desk)

    def unsaved(self, call: CallId) -> tuple[QualitySample, ...]:
        """Return samples of a call that are due to be written, a few at a time."""
        attached = self._attached.get(call)
        return attached.meter.take_unsaved() if attached else ()

    def fresh(self, call: CallId) -> tuple[QualitySample, ...]:
        """Return the samples of a call that are not written yet."""
        attached = self._attached.get(call)
        return attached.meter.unsaved if attached else ()

    def summary(self, call: CallId) -> QualitySummary | None:
        """Return the quality of a call so far, None when it has no audio."""
        attached = self._attached.get(call)
        return attached.meter.summary if attached else None

    # ---- a desk elsewhere --------------------------------------------------------------------

    def use_desk(self, client: str, place: str, token: Secret) -> None:
        """Take the sound of a desk for as long as this client is there."""
        if self._desks is None:
            raise AudioError("The sound of another machine is not to be had here.")
        if not self._desk_of:
            chosen = self._engine.selected()
            self._before_desk = chosen.input, chosen.output
        self._desk_of, self._desk_at = client, place
        self._desks.trust(place, token)
        self._engine.select(f"remote:{place}", f"remote:{place}")

    def leave_desk(self, client: str) -> None:
        """Go back to the devices before, when it is this client's desk that is used."""
        if client and client == self._desk_of:
            self._desk_of = ""
            self._engine.select(*self._before_desk)
            if self._desks is not None:
                self._desks.leave(self._desk_at)

    def desk_figures(self) -> DeskFigures | None:
        """Return how the way to the desk does, None while its sound is not used."""
        return self._desks.figures() if self._desks else None

    # ---- devices -----------------------------------------------------------------------------

    def select(self, input: str | None, output: str | None, ringer: str | None) -> None:
        """Change devices; raises AudioError for a spec that is none."""
        here = {"input": input, "output": output, "ringer": ringer}
        there = {key: spec for key, spec in here.items() if spec and spec.startswith(DESK)}
        if there:
            if self._desks is None or not self._desk_of:
                raise AudioError("There is no desk with devices of its own here.")
            wish = {k: v.removeprefix(DESK) for k, v in there.items() if k != "ringer"}
            self._desks.tell({"select": wish})
            here |= dict.fromkeys(there, f"remote:{self._desk_at}")
        self._engine.select(**here)

    def process(self, echo: bool | None, noise: bool | None, gain: bool | None) -> None:
        """Switch what is done to the microphone's sound; None leaves one as it is."""
        self._engine.process(echo, noise, gain)

    def selected(self) -> AudioSettings:
        """Return the devices in use, and what is done to the microphone's sound."""
        used = self._engine.selected()
        desk = self._desks.devices() if self._desks and self._desk_of else None
        if desk is None:
            return used
        there = f"remote:{self._desk_at}"
        return replace(
            used,
            input=DESK + desk.input if used.input == there else used.input,
            output=DESK + desk.output if used.output == there else used.output,
        )

    def meter(self, on: bool, loopback: bool) -> None:
        """Open the microphone for the devices screen, and play it back when wanted."""
        self._engine.set_meter(on)
        self._engine.set_loopback(on and loopback)

    def test_echo(self) -> None:
        """Start the echo test; raises AudioError while there are calls."""
        self._engine.test_echo()

    def devices(self) -> tuple[tuple[Device, ...], str]:
        """Return all devices and what is wrong; takes up to seconds: call it in a thread."""
        found = self._engine.list_devices()
        desk = self._desks.devices() if self._desks else None
        tone = Device("tone", "1004 Hz test tone", True, False)
        return (*desk_choices(desk), *choices(found), tone), found.problem or ""

    def _known(self, call: CallId) -> None:
        if call not in self._attached:
            raise AudioError("This call has no audio yet.")
