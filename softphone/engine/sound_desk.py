"""The sound of the calls in words and figures: who talks, which devices, how good it is."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.adapters.base import SoundSteps
from softphone.audio.report import AudioReport, ReportKind
from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState, MediaState
from softphone.model.device import AudioStatus
from softphone.model.event import Level
from softphone.model.record import TimelineEntry
from softphone.model.report import SoundStep
from softphone.model.text import clean

from .narrator import device_words, warning_lines

if TYPE_CHECKING:
    from .engine import Engine

logger = logging.getLogger(__name__)

_OURS = "softphone"


class SoundDesk:
    """Brings sound card and calls in step, and tells everybody about both."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def route(self) -> None:
        """Bring sound card and ringer in step with the calls."""
        calls = list(self._engine.book.calls.values())
        self._engine.sound.route(calls, desk_muted=self._engine.attendance.microphones_shut)
        self._engine.ringing.route()

    def reported(self, report: AudioReport) -> None:
        """Take a report of the sound engine (already on this loop)."""
        if report.kind is ReportKind.DIGIT_RECEIVED and report.key:
            self._digit_received(CallId(report.key), report.digit or "")
            return
        if report.kind in (ReportKind.PLAY_ENDED, ReportKind.UNDERFLOW):
            logger.info("%s", report.text)
            return
        told = self._engine.hub.state.audio.problem
        if report.kind is ReportKind.NO_DEVICE and report.text == told:
            return  # microphone and speaker say the same; once is enough
        trouble = report.trouble
        if report.kind is ReportKind.ECHO_MEASURED:
            self.publish(told, echo_test=report.text)
        elif report.kind is ReportKind.PROCESSING_FAILED:
            self.publish(told, hint=report.text)
        else:
            self.publish(report.text if trouble else "")
        failed = trouble or report.kind is ReportKind.PROCESSING_FAILED
        level = Level.WARNING if failed else Level.INFO
        self._engine.note(_OURS, level, report.text, CallId(report.key) if report.key else None)

    def play_file(self, call: CallId, path: str) -> None:
        """Play a file to the far end; the call says so until it is over. Raises AudioError."""
        loop = asyncio.get_running_loop()
        told = f"playing {clean(Path(path).name)}" if path else ""

        def over() -> None:
            known = self._engine.book.calls.get(call)
            if known is not None and known.operation == told:
                self._engine.change_call(call, operation="")
                self.step(call, SoundStep.FILE, over=True)

        def ended() -> None:
            loop.call_soon_threadsafe(over)

        self._engine.sound.play(call, path, ended)
        self._engine.change_call(call, operation=told)
        self.step(call, SoundStep.FILE, over=not path)

    def desk_listed(self) -> None:
        """The cards of a desk elsewhere are known, or others of them are used."""
        self.publish(self._engine.hub.state.audio.problem)

    def devices_changed(self) -> None:
        """Another device is used: note it with the calls that are up."""
        for call in self._engine.book.live():
            if call.state is CallState.ACTIVE:
                self.step(call.id, SoundStep.DEVICE, over=False)
                self.step(call.id, SoundStep.DEVICE, over=True)

    def step(self, call: CallId, step: SoundStep, *, over: bool) -> None:
        """Tell a platform that keeps reports what is done with a call's sound."""
        adapter = self._engine.adapters[self._engine.book.calls[call].account]
        if isinstance(adapter, SoundSteps):
            adapter.sound_step(call, step, over=over)

    def publish(
        self, problem: str, *, hint: str | None = None, echo_test: str | None = None
    ) -> None:
        """Tell which devices are in use; None leaves what was said before."""
        selected = self._engine.sound.selected()
        processing = selected.processing
        before = self._engine.hub.state.audio
        after = AudioStatus(
            selected.input,
            selected.output,
            selected.ringer or "",
            problem,
            hint=before.hint if hint is None else hint,
            silent=bool(problem),
            echo_cancellation=processing.echo,
            noise_suppression=processing.noise,
            automatic_gain=processing.gain,
            echo_test=before.echo_test if echo_test is None else echo_test,
        )
        self._engine.hub.publish(e.AudioChanged(after))
        if changed := device_words(before, after):
            self._write_down("device", changed)

    def _write_down(self, what: str, detail: str) -> None:
        """Write into the timeline of every call that is up what happened to its sound."""
        engine = self._engine
        for call in engine.book.live():
            if call.answered:
                engine.store.add_timeline(call.id, TimelineEntry(engine.wall(), what, detail))

    def measure(self, call: Call) -> MediaState | None:
        """Tell a call's quality; return whether its audio still comes in."""
        engine = self._engine
        second = engine.sound.second(call, engine.wall(), engine.monotonic())
        if second is None:
            return None
        for text in warning_lines(call, second.raised, second.ended):
            engine.note(call.account, *text, call.id)
        for warned in sorted(second.raised):
            engine.store.add_timeline(
                call.id, TimelineEntry(engine.wall(), "warning", warned.words)
            )
        due = engine.sound.unsaved(call.id)
        summary = engine.sound.summary(call.id)
        if due and summary is not None:
            engine.store.add_samples(call.id, due)
            engine.store.save_quality(call.id, summary)
        engine.hub.publish(e.QualityMeasured(second.sample))
        return second.media

    def _digit_received(self, call: CallId, digit: str) -> None:
        engine = self._engine
        known = engine.book.calls.get(call)
        if known is not None and digit:
            engine.store.add_timeline(call, TimelineEntry(engine.wall(), "digit heard", digit))
            engine.note(known.account, Level.INFO, f"heard digit {digit}", call)
