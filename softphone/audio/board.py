"""The patch board: what each leg hears and what the operator hears, block by block.

`capture` runs on the microphone's thread, `play` on the speaker's. Both take no lock and make no
buffers; the control side changes single attributes and replaces the tuple of lines as a whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from .block import BLOCK_S, BLOCK_SAMPLES, RATE_HZ, Samples, silence
from .echotest import EchoTest
from .leg import Leg
from .level import DeadMicDetector, Meter, PeakWatch
from .mixer import Mixer
from .player import FilePlayer
from .processing import Cleaning
from .ramp import Join, Ramp
from .recorder import Recorder
from .replay import Replay
from .ring import SampleRing
from .tones import Clip

_SHARED_BLOCKS = 6
_SHARED_MOST, _SHARED_KEEP = 3, 1
_LOOP_DELAY_S = 0.5
_NOTHING = silence()


class Line:
    """One leg's place on the board."""

    def __init__(self, key: str, leg: Leg) -> None:
        self.key = key
        self.leg = leg
        self.talk = self.listen = self.muted = self.held = False
        self.aside = False  # the parties set aside talk to each other, not with the operator
        self.music: FilePlayer | None = None
        self.file: FilePlayer | None = None
        self.file_end: Callable[[], None] | None = None
        self.tones: deque[Clip] = deque()
        self.recorder: Recorder | None = None
        self.replay: Replay | None = None
        self.private = False  # nothing of this call is recorded or kept just now
        self.beep: Clip | None = None  # told to the far end beside everything else
        self.mix: Mixer | None = None  # of the conference this block
        self.problem: Exception | None = None
        self.meter = Meter()
        self.mic_ramp, self.ear_ramp = Ramp(), Ramp()
        self.near_join = Join()
        self.near, self.far = silence(), silence()
        self.party, self.extra = silence(), silence()
        self.shared = SampleRing(_SHARED_BLOCKS * BLOCK_SAMPLES)  # far sound for the conference

    @property
    def joined(self) -> bool:
        """Whether this leg is a party of the conversation."""
        return self.talk and self.listen and not self.held

    @property
    def mic_open(self) -> bool:
        """Whether the microphone goes to this leg."""
        return self.talk and not (self.muted or self.held or self.aside or self.file or self.tones)

    def source(self, joined: int) -> tuple[object, ...]:
        """Return what stands for the sources this leg hears: it differs when they change."""
        return self.held, self.music, self.file, bool(self.tones), self.joined and joined > 1

    def keep_near(self) -> None:
        """Record what is sent; silence while the call is private."""
        heard = _NOTHING if self.private else self.near
        if self.recorder:
            self.recorder.near(heard)
        if self.replay:
            self.replay.near(heard)

    def keep_far(self) -> None:
        """Record what the far end says; silence while the call is private."""
        heard = _NOTHING if self.private else self.far
        if self.recorder:
            self.recorder.far(heard)
        if self.replay:
            self.replay.far(heard)

    def read_shared(self) -> None:
        """Fetch this party's sound for the others; the two clocks may drift, so keep it short."""
        if len(self.shared) > _SHARED_MOST * BLOCK_SAMPLES:
            self.shared.skip(len(self.shared) - _SHARED_KEEP * BLOCK_SAMPLES)
        self.party[self.shared.read(self.party) :] = 0


class Overlay:
    """A clip over what the operator hears (ring, beep, sidetone); ends without a click."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._ramp = Ramp(open_=True)
        self._block = silence()
        self.ending = False

    @property
    def over(self) -> bool:
        """Whether nothing more will be heard."""
        return self._clip.ended or self._ramp.closed

    def read(self) -> Samples:
        """Return the next block; valid until the next read."""
        self._clip.read(self._block)
        self._ramp.apply(self._block, not self.ending)
        return self._block


class Board:
    """Mixes; the attributes are set by the control side."""

    def __init__(self) -> None:
        self.lines: tuple[Line, ...] = ()
        self.overlays: tuple[Overlay, ...] = ()
        self.ringing: Overlay | None = None  # on the ringer's own device
        self.loopback = False
        self.mic_real = False  # a sound card: only then is constant silence worth a warning
        self.mic_died = False
        self.mic_meter, self.mic_peaks = Meter(), PeakWatch()
        self._dead_mic = DeadMicDetector()
        self.cleaning = Cleaning()
        self.echo_test: EchoTest | None = None
        self._near_mix, self._far_mix = Mixer(), Mixer()
        self._party_mix, self._aside_mix = Mixer(), Mixer()
        self._loop = SampleRing(RATE_HZ)
        self._loop_block = silence()
        self._loop_running = False
        self._out_join = Join()

    def capture(self, mic: Samples) -> None:
        """Take 480 samples of the microphone and send every leg what it is to hear."""
        self.mic_meter.feed(mic, BLOCK_S)
        self.mic_peaks.feed(mic)
        if self.mic_real and self._dead_mic.feed(mic, BLOCK_S):
            self.mic_died = True
        raw, mic = mic, self.cleaning.near(mic)
        echo_test = self.echo_test
        if echo_test:
            echo_test.hear(raw, mic)
        if self.loopback:
            self._loop.write(mic)
        lines = self.lines
        rooms = self._gather_parties(lines)
        for line in lines:
            joined = rooms[line.aside]
            self._make_near(line, mic)
            line.near_join.apply(line.near, line.source(joined))
            line.keep_near()
            try:
                line.leg.capture(line.near)
            except Exception as error:  # a broken leg must not silence the others; keeper tells
                line.problem = error

    def play(self, out: Samples) -> None:
        """Fill 480 samples with what the operator is to hear."""
        self._far_mix.clear()
        lines = self.lines
        rooms = _rooms(lines)
        for line in lines:
            self._hear(line, rooms[line.aside] > 1)
        for overlay in self.overlays:
            if not overlay.over:
                self._far_mix.add(overlay.read())
        if self.loopback:
            self._play_loop()
        echo_test = self.echo_test
        if echo_test:
            self._far_mix.add(echo_test.next_block())
        self._far_mix.write(out)
        self._out_join.apply(out, lines)
        self.cleaning.far(out)

    def ring(self, out: Samples) -> None:
        """Fill 480 samples for the ringer's own device."""
        ringing = self.ringing
        if ringing is None or ringing.over:
            out.fill(0)
        else:
            np.copyto(out, ringing.read())

    def forget_mic(self) -> None:
        """Reset what is known of the microphone, when it is closed."""
        self.mic_meter = Meter()
        self._dead_mic = DeadMicDetector()

    def _gather_parties(self, lines: tuple[Line, ...]) -> tuple[int, int]:
        """Sum the far ends of each conference; return how many parties the two rooms have."""
        self._party_mix.clear()
        self._aside_mix.clear()
        rooms = _rooms(lines)
        for line in lines:
            line.mix = None
            if line.joined and rooms[line.aside] > 1:
                line.mix = self._aside_mix if line.aside else self._party_mix
                line.read_shared()
                line.mix.add(line.party)
        return rooms

    def _make_near(self, line: Line, mic: Samples) -> None:
        """Write what this leg is to hear into `line.near`."""
        near = line.near
        np.copyto(near, mic)
        line.mic_ramp.apply(near, line.mic_open)
        music, file, tones = line.music, line.file, line.tones
        if line.held:
            if music:
                music.read(near)
            return
        if line.mix:
            line.mix.write_minus(line.party, line.extra)
            self._add(near, line.extra)
        if file:
            file.read(line.extra)
            self._add(near, line.extra)
        if line.beep and not line.beep.ended:
            line.beep.read(line.extra)
            self._add(near, line.extra)
        if tones:
            tones[0].read(near)
            if tones[0].ended:
                tones.popleft()

    def _add(self, near: Samples, extra: Samples) -> None:
        self._near_mix.clear()
        self._near_mix.add(near)
        self._near_mix.add(extra)
        self._near_mix.write(near)

    def _hear(self, line: Line, conference: bool) -> None:
        try:
            line.leg.play(line.far)
        except Exception as error:  # as in capture
            line.problem = error
            line.far.fill(0)
        line.meter.feed(line.far, BLOCK_S)
        line.keep_far()
        if conference and line.joined:
            line.shared.write(line.far)
        line.ear_ramp.apply(line.far, line.listen and not (line.held or line.aside))
        self._far_mix.add(line.far)

    def _play_loop(self) -> None:
        if not self._loop_running:
            self._loop_running = len(self._loop) >= _LOOP_DELAY_S * RATE_HZ
        if self._loop_running:
            self._loop_block[self._loop.read(self._loop_block) :] = 0
            self._far_mix.add(self._loop_block)


def _rooms(lines: tuple[Line, ...]) -> tuple[int, int]:
    """Count the parties of the operator's conversation, and of the one set aside."""
    return (
        sum(line.joined and not line.aside for line in lines),
        sum(line.joined and line.aside for line in lines),
    )
