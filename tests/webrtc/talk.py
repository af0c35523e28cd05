"""A call between two people who whistle, each with a tone of their own."""

from __future__ import annotations

from collections.abc import Sequence

from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import PeerSettings
from tests.webrtc.support import Call, Speaker, loudest_hz, rms, until

NEAR_HZ, FAR_HZ = 1000.0, 600.0


class Talk(Call):
    """Two legs, two peers, two pairs of ears."""

    def __init__(
        self,
        codec: str | Sequence[str],
        settings: PeerSettings | None = None,
        far_settings: PeerSettings | None = None,
    ) -> None:
        near = RtpLeg((codec,) if isinstance(codec, str) else codec)
        far = RtpLeg()
        super().__init__(near, far, settings, far_settings)
        self.near_leg, self.far_leg = near, far
        self.near_ear = Speaker(near, NEAR_HZ)
        self.far_ear = Speaker(far, FAR_HZ)

    def start(self) -> None:
        """Let both whistle."""
        self.near_ear.start()
        self.far_ear.start()

    async def begin(self) -> None:
        """Connect, and wait until both hear each other."""
        self.start()
        await self.connect()
        await self.heard_both_ways()

    async def heard_both_ways(self) -> None:
        await until(self._hear_each_other, what="both hear the other's tone")

    async def silent_both_ways(self) -> None:
        await until(self._hear_nothing, what="silence")

    async def end(self) -> None:
        await self.near_ear.stop()
        await self.far_ear.stop()
        await self.close()

    def _hear_each_other(self) -> bool:
        return hears(self.near_ear, FAR_HZ) and hears(self.far_ear, NEAR_HZ)

    def _hear_nothing(self) -> bool:
        return rms(self.near_ear.recent(0.3)) < 5 and rms(self.far_ear.recent(0.3)) < 5


def hears(ear: Speaker, tone_hz: float) -> bool:
    """Return whether the last 300 ms were this tone, loud enough."""
    sound = ear.recent(0.3)
    return abs(loudest_hz(sound) - tone_hz) < 15 and rms(sound) > 3000
