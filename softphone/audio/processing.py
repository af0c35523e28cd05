"""Echo cancelling, noise suppression and automatic gain for people with open speakers.

The work is done by WebRTC's audio processing (package livekit, extra `aec`), on the microphone's
thread alone: what the speaker plays waits in a ring, so that the speaker never waits for it.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

import numpy as np

from softphone.model.error import AudioError

from .block import BLOCK_SAMPLES, RATE_HZ, Floats, Samples, silence
from .report import Processing
from .ring import SampleRing

MISSING = (
    "Echo cancelling, noise suppression and automatic gain are off: "
    "they need a package more. Run: pip install 'softphone[aec]'"
)
CANNOT_START = (
    "Echo cancelling, noise suppression and automatic gain cannot be started on this system; "
    "calls go on without. The log has the cause."
)
FAILED = (
    "Echo cancelling, noise suppression and automatic gain failed and are off; "
    "calls go on without. The log has the cause."
)
_FAR_BLOCKS = 20
_FAR_MOST = 6  # more than that waits only after the microphone stood still
_SETTLE_BLOCKS = 30  # the library's first blocks have jumps of their own: nobody hears them
_DELAY_HINT_MS = 40  # the canceller finds the true delay by itself within a second


def installed() -> bool:
    """Tell whether the extra is there, without loading it."""
    return importlib.util.find_spec("livekit") is not None


class Processor:
    """Cleans the microphone's blocks; made by the control side, used by the audio threads.

    Each block costs the small request and answer objects that the library makes for its call
    into native code; they are gone when the call returns, and nothing else is made.
    """

    def __init__(self, settings: Processing) -> None:
        """Load the library (about 0.1 s); raises AudioError when that cannot be done."""
        self.settings = settings
        self.failed: Exception | None = None
        """Why blocks now pass unchanged."""
        self._blocks = 0
        rtc = _library()
        try:
            self._module = rtc.AudioProcessingModule(
                echo_cancellation=settings.echo,
                noise_suppression=settings.noise,
                high_pass_filter=True,
                auto_gain_control=settings.gain,
            )
            if settings.echo:
                self._module.set_stream_delay_ms(_DELAY_HINT_MS)
            self._near_frame = rtc.AudioFrame.create(RATE_HZ, 1, BLOCK_SAMPLES)
            self._far_frame = rtc.AudioFrame.create(RATE_HZ, 1, BLOCK_SAMPLES)
        except Exception as error:  # the library has no error class of its own
            raise AudioError(CANNOT_START) from error
        self._near: Samples = np.frombuffer(self._near_frame.data, np.int16)
        self._far: Samples = np.frombuffer(self._far_frame.data, np.int16)
        self._waiting = SampleRing(_FAR_BLOCKS * BLOCK_SAMPLES)

    @property
    def settled(self) -> bool:
        """Whether enough blocks went through for the result to be heard."""
        return self._blocks >= _SETTLE_BLOCKS or self.failed is not None

    def far(self, block: Samples) -> None:
        """Take 480 samples that go to the speaker (speaker's thread)."""
        if self.settings.echo:
            self._waiting.write(block)

    def near(self, block: Samples) -> Samples:
        """Return 480 samples of the microphone cleaned; valid until the next call.

        After a failure the block itself comes back, from then on.
        """
        if self.failed:
            return block
        try:
            self._take_far()
            np.copyto(self._near, block)
            self._module.process_stream(self._near_frame)
            self._blocks += 1
        except Exception as error:  # whatever it is, the call goes on; the keeper tells
            self.failed = error
            return block
        return self._near

    def _take_far(self) -> None:
        waiting = self._waiting
        if len(waiting) > _FAR_MOST * BLOCK_SAMPLES:
            waiting.skip(len(waiting) - _FAR_MOST * BLOCK_SAMPLES)
        while len(waiting) >= BLOCK_SAMPLES:
            waiting.read(self._far)
            self._module.process_reverse_stream(self._far_frame)


class Cleaning:
    """The place of a processor in the microphone's path; it comes and goes without a click."""

    def __init__(self) -> None:
        self.processor: Processor | None = None  # replaced by the control side
        self._used: Processor | None = None
        self._rising: Floats = np.asarray(
            (np.arange(BLOCK_SAMPLES) + 1) / BLOCK_SAMPLES, np.float32
        )
        self._work: Floats = np.zeros(BLOCK_SAMPLES, np.float32)
        self._faded = silence()

    def far(self, out: Samples) -> None:
        """Take what the operator hears."""
        coming, used = self.processor, self._used
        if coming:
            coming.far(out)
        if used and used is not coming:
            used.far(out)

    def near(self, mic: Samples) -> Samples:
        """Return the block that the legs are to get; `mic` itself when nothing is switched on."""
        used, coming = self._used, self.processor
        heard = used.near(mic) if used else mic
        if coming is used:
            return heard
        cleaned = coming.near(mic) if coming else mic
        if coming and not coming.settled:
            return heard
        self._used = coming
        return self._fade(heard, cleaned)

    def _fade(self, old: Samples, new: Samples) -> Samples:
        """Go from one signal to the other over a block."""
        np.subtract(new, old, out=self._work, dtype=np.float32)
        np.multiply(self._work, self._rising, out=self._work)
        np.add(self._work, old, out=self._work)
        np.rint(self._work, out=self._work)
        np.copyto(self._faded, self._work, casting="unsafe")
        return self._faded


def _library() -> ModuleType:
    """Return livekit's module; it costs 0.1 s and 17 MB, so it is loaded only when wanted."""
    try:
        return importlib.import_module("livekit.rtc")
    except (ImportError, OSError) as error:  # absent, or its native part does not fit this system
        raise AudioError(MISSING) from error
