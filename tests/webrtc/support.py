"""Two ends of a call for the tests: peers, owners that remember, and sound in and out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from softphone.audio.block import BLOCK_SAMPLES, RATE_HZ, Samples, silence
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.media import Media
from softphone.webrtc.peer import Peer, PeerSettings, PeerState
from softphone.webrtc.sdp import Direction


async def until(condition: Callable[[], bool], limit_s: float = 10.0, what: str = "") -> None:
    """Wait until the condition holds; fail after the limit."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, f"it did not happen: {what}"
        await asyncio.sleep(0.01)


class Owner:
    """Remembers what a peer tells."""

    def __init__(self) -> None:
        self.states: list[PeerState] = []
        self.silences: list[bool] = []

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        self.states.append(state)

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        self.silences.append(silent)


class Speaker:
    """Captures a tone and plays what comes, in real time, as a sound engine would."""

    def __init__(self, leg: RtpLeg, tone_hz: float = 440.0) -> None:
        self.leg, self.tone_hz = leg, tone_hz
        self.heard: list[Samples] = []
        self._task: asyncio.Task[None] | None = None
        self._at = 0

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def recent(self, seconds: float) -> Samples:
        """Return the last seconds that were played."""
        blocks = self.heard[-round(seconds * 100) :]
        return np.concatenate(blocks) if blocks else silence(0)

    async def _run(self) -> None:
        next_s = time.monotonic()
        while True:
            self._step()
            next_s += 0.01
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    def _step(self) -> None:
        self.leg.capture(sine(self.tone_hz, self._at))
        self._at += BLOCK_SAMPLES
        out = silence()
        self.leg.play(out)
        self.heard.append(out)


def sine(tone_hz: float, start: int = 0, count: int = BLOCK_SAMPLES) -> Samples:
    """Return a tone of -12 dBFS from sample `start` on, at 48 kHz."""
    place = np.arange(start, start + count)
    return np.asarray(np.rint(8000 * np.sin(2 * np.pi * tone_hz * place / RATE_HZ)), np.int16)


def loudest_hz(sound: npt.NDArray[np.int16], rate_hz: int = RATE_HZ) -> float:
    """Return the strongest frequency, 0 for silence."""
    if not len(sound) or not sound.any():
        return 0.0
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(power) * rate_hz / len(sound))


def rms(sound: npt.NDArray[np.int16]) -> float:
    """Return the level in steps."""
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0


class Call:
    """Two peers in one process."""

    def __init__(
        self,
        near: Media,
        far: Media,
        settings: PeerSettings | None = None,
        far_settings: PeerSettings | None = None,
    ) -> None:
        self.near_owner, self.far_owner = Owner(), Owner()
        self.near = Peer(settings or PeerSettings(), self.near_owner, near)
        self.far = Peer(far_settings or settings or PeerSettings(), self.far_owner, far)

    async def connect(self) -> None:
        """Let the near end call, and wait until sound can flow."""
        await self.negotiate(self.near, self.far)
        await until(self.connected, what="connected")

    def connected(self) -> bool:
        return all(p.state is PeerState.COMPLETED for p in (self.near, self.far))

    async def negotiate(
        self,
        offering: Peer,
        answering: Peer,
        direction: Direction = Direction.SENDRECV,
        answer: Direction = Direction.SENDRECV,
    ) -> tuple[str, str]:
        """Offer and answer once; return both descriptions."""
        offered = await offering.offer(direction)
        answered = await answering.answer(offered, answer)
        await offering.accept(answered)
        return offered, answered

    async def close(self) -> None:
        await asyncio.gather(self.near.close(), self.far.close())
