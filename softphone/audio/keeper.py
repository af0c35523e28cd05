"""The audio engine's own thread: opens, watches and replaces devices, and tells what happened.

Everything that may wait is done here, so that neither the event loop nor the audio threads do.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from softphone.model.error import AudioError

from . import portaudio
from .board import Board, Line, Overlay
from .devices import list_devices, parse_spec
from .processing import FAILED, Processor
from .report import AudioReport, AudioSettings, Processing, ReportKind
from .slot import Slot

logger = logging.getLogger(__name__)

_WATCH_S = 0.05
_CLOSE_S = 3.0


class Keeper:
    """Owns the device slots and the overlays of the board."""

    def __init__(
        self, board: Board, settings: AudioSettings, report: Callable[[AudioReport], None]
    ) -> None:
        """Raises AudioError for a spec that cannot be parsed."""
        self.settings = settings
        self.report = report
        self.meter = False
        self._board = board
        self._todo: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._stop = False
        self._thread: threading.Thread | None = None
        self._digits_seen: dict[Line, int] = {}
        specs = (settings.input, settings.output, settings.ringer or "null")
        users = (board.capture, board.play, board.ring)
        self._mic, self._speaker, self._ringer = self._slots = [
            Slot(role, parse_spec(spec), user, report, self._wake.set)
            for role, spec, user in zip(
                ("microphone", "speaker", "ringer"), specs, users, strict=True
            )
        ]

    def start(self) -> None:
        """Start the thread; once."""
        self._thread = threading.Thread(target=self._run, name="audio-keeper", daemon=True)
        self._thread.start()
        if self.settings.processing.any:
            self.post(self._use_processing)
        if any(slot.spec.kind == "auto" for slot in self._slots) and not portaudio.loaded():
            threading.Thread(target=self._look_for_cards, name="audio-look", daemon=True).start()

    def close(self) -> None:
        """End the thread; the devices are closed when this returns, unless it takes over 3 s."""
        self._stop = True
        self._wake.set()
        if self._thread:
            self._thread.join(_CLOSE_S)
        else:
            self._do_posted()

    @property
    def underflows(self) -> int:
        """How often a block came too late, of all devices."""
        return sum(slot.underflows for slot in self._slots)

    def post(self, what: Callable[[], None]) -> None:
        """Have `what` done on this thread, soon and in order."""
        self._todo.append(what)
        self._wake.set()

    def look(self) -> None:
        """Look at once whether devices must be opened or closed."""
        self._wake.set()

    def select(self, settings: AudioSettings) -> None:
        """Change the devices whose spec differs; raises AudioError before anything changes."""
        old, self.settings = self.settings, settings
        pairs = (
            (self._mic, old.input, settings.input),
            (self._speaker, old.output, settings.output),
            (self._ringer, old.ringer or "null", settings.ringer or "null"),
        )
        for slot, before, after in pairs:
            if before != after:
                spec = parse_spec(after)
                self.post(lambda slot=slot, spec=spec: slot.use(spec))  # type: ignore[misc]
        if old.processing != settings.processing:
            self.post(self._use_processing)

    def use_ringer(self, spec: str) -> None:
        """Ring on another device, until told otherwise (on this thread)."""
        self._ringer.use(parse_spec(spec))

    def add_overlay(self, overlay: Overlay) -> None:
        """Let the operator hear a clip (on this thread)."""
        self._board.overlays = (*self._board.overlays, overlay)

    def _look_for_cards(self) -> None:
        """Ask a process of its own: without a card the library is 20 MB for nothing."""
        found = list_devices()
        if not found.devices and not portaudio.loaded():
            for slot in self._slots:
                slot.absent = True

    def _run(self) -> None:
        try:
            while not self._stop:
                self._wake.wait(_WATCH_S if self._busy() else None)
                self._wake.clear()
                self._step()
        finally:
            self._do_posted()
            for slot in self._slots:
                slot.close()

    def _busy(self) -> bool:
        return any(slot.stream for slot in self._slots)

    def _step(self) -> None:
        self._do_posted()
        self._watch_devices()
        self._watch_board()
        for line in self._board.lines:
            self._watch_line(line)
        if len(self._digits_seen) > len(self._board.lines):
            lines = set(self._board.lines)
            self._digits_seen = {k: v for k, v in self._digits_seen.items() if k in lines}

    def _do_posted(self) -> None:
        while self._todo:
            what = self._todo.popleft()
            try:
                what()
            except Exception:
                logger.exception("A callback of the audio engine failed")

    def _watch_devices(self) -> None:
        board = self._board
        near = bool(board.lines) or board.loopback or board.echo_test is not None
        wants = (near or self.meter, near or bool(board.overlays), board.ringing is not None)
        for slot, wanted in zip(self._slots, wants, strict=True):
            if slot.tick(wanted):
                self._refresh(slot)
        board.mic_real = self._mic.on_sound_card
        if self._mic.stream is None:
            board.forget_mic()

    def _refresh(self, asking: Slot) -> None:
        """Let PortAudio see a device that came (back); its open streams must be closed for it."""
        others = [slot for slot in self._slots if slot.on_sound_card]
        for slot in others:
            slot.close()
        try:
            portaudio.refresh()
        except AudioError as error:
            logger.warning("%s", error)
        for slot in (asking, *others):
            slot.reopen()

    def _watch_board(self) -> None:
        board = self._board
        if any(overlay.over for overlay in board.overlays):
            board.overlays = tuple(overlay for overlay in board.overlays if not overlay.over)
        if board.ringing and board.ringing.over:
            board.ringing = None
        if board.mic_died:
            board.mic_died = False
            text = "The microphone sends silence: check its switch and the permission to use it."
            self.report(AudioReport(ReportKind.MIC_SILENT, text))
        processor = board.cleaning.processor
        if processor and processor.failed:
            logger.error("Sound processing failed", exc_info=processor.failed)
            self._end_processing(FAILED)
        self._watch_echo_test()

    def _watch_echo_test(self) -> None:
        test = self._board.echo_test
        if test is None:
            return
        if self._board.lines:
            text = "The echo test was broken off: there is a call."
            said = AudioReport(ReportKind.ECHO_MEASURED, text)
        elif test.done:
            figures = test.figures()
            said = AudioReport(ReportKind.ECHO_MEASURED, figures.words, echo=figures)
        else:
            return
        self._board.echo_test = None
        self.report(said)

    def _use_processing(self) -> None:
        """Load what the settings ask for; without it calls go on unprocessed."""
        wanted = self.settings.processing
        try:
            self._board.cleaning.processor = Processor(wanted) if wanted.any else None
        except AudioError as error:
            logger.warning("%s", error, exc_info=error.__cause__)
            self._end_processing(error.message)

    def _end_processing(self, why: str) -> None:
        self._board.cleaning.processor = None
        self.settings = replace(self.settings, processing=Processing())
        self.report(AudioReport(ReportKind.PROCESSING_FAILED, why))

    def _watch_line(self, line: Line) -> None:
        stats = line.leg.stats()
        fresh = stats.digits_count - self._digits_seen.get(line, 0)
        if fresh:
            self._digits_seen[line] = stats.digits_count
            for digit in stats.digits[-fresh:]:
                text = f"The far end pressed {digit}."
                self.report(AudioReport(ReportKind.DIGIT_RECEIVED, text, line.key, digit))
        file = line.file
        if file and file.ended:
            self.end_file(line, file.problem)
        if line.problem:
            logger.error("Leg %s failed in the audio engine", line.key, exc_info=line.problem)
            line.problem = None

    def end_file(self, line: Line, problem: str | None = None) -> None:
        """Take the file off the line and tell so (on this thread)."""
        file, line.file = line.file, None
        if file is None:
            return
        file.close()
        text = problem or "The file has been played."
        self.report(AudioReport(ReportKind.PLAY_ENDED, text, line.key))
        done, line.file_end = line.file_end, None
        if done:
            done()


def changed(
    settings: AudioSettings, input_: str | None, output: str | None, ringer: str | None
) -> AudioSettings:
    """Return the settings with the given specs; None keeps one, an empty ringer means none."""
    for spec in (input_, output, ringer):
        if spec:
            parse_spec(spec)
    return replace(
        settings,
        input=input_ or settings.input,
        output=output or settings.output,
        ringer=settings.ringer if ringer is None else ringer or None,
    )
