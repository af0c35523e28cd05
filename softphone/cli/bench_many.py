"""Fifty parties in one conversation, in a sound engine of its own, for `softphone bench --audio`.

    python -m softphone.cli.bench_many SECONDS

Half of them speak G.711 and half Opus, in pairs that hear each other, and all hear all others but
themselves. Prints JSON: frames sent and due, how many came more than 20 ms late, CPU.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from softphone.audio.engine import AudioEngine
from softphone.audio.leg import G711Leg, Leg
from softphone.audio.priority import calm_collector
from softphone.audio.report import AudioSettings
from softphone.webrtc.choice import to_offer
from softphone.webrtc.description import Direction
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.media import Terms
from softphone.webrtc.rtp import unpack_rtp

_CALLS = 50
_SETTLE_S = 2.0
_FRAME_S, _LATE_S = 0.02, 0.04


class _Pace:
    """Counts the frames of one party and those that came too long after the one before."""

    def __init__(self) -> None:
        self.frames = self.late = 0
        self._last_s = 0.0

    def sent(self) -> None:
        """Note one frame."""
        now_s = time.monotonic()
        if self._last_s and now_s - self._last_s > _LATE_S:
            self.late += 1
        self._last_s = now_s
        self.frames += 1


def main(arguments: list[str]) -> int:
    """Measure and print."""
    seconds = float(arguments[0])
    calm_collector()
    engine = AudioEngine(AudioSettings("tone", "null"), lambda report: None)
    paces = [_Pace() for _ in range(_CALLS)]
    engine.start()
    for number, leg in enumerate(_legs(paces)):
        engine.attach(str(number), leg)
        engine.set_talk(str(number), talk=True, listen=True)
    time.sleep(_SETTLE_S)
    for pace in paces:
        pace.frames = pace.late = 0
    cpu_s, began_s = time.process_time(), time.monotonic()
    time.sleep(seconds)
    took_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
    sent, late = sum(pace.frames for pace in paces), sum(pace.late for pace in paces)
    engine.close()
    due = took_s / _FRAME_S * _CALLS
    print(json.dumps({"sent": sent, "due": due, "late": late, "cpu": used_s / took_s}))
    return 0


def _legs(paces: list[_Pace]) -> list[Leg]:
    legs: list[Leg] = []
    for number in range(0, _CALLS, 2):
        make = _g711_pair if number < _CALLS // 2 else _opus_pair
        legs += make(paces[number], paces[number + 1])
    return legs


def _g711_pair(one: _Pace, two: _Pace) -> tuple[Leg, Leg]:
    near: G711Leg = G711Leg("mulaw", lambda frame: _to(two_leg, frame, one))
    two_leg: G711Leg = G711Leg("mulaw", lambda frame: _to(near, frame, two))
    return near, two_leg


def _to(leg: G711Leg, frame: bytes, pace: _Pace) -> None:
    pace.sent()
    leg.receive(frame, time.monotonic())


def _opus_pair(one: _Pace, two: _Pace) -> tuple[Leg, Leg]:
    near, far = RtpLeg(("opus",)), RtpLeg(("opus",))
    codecs = to_offer(("opus",), True, ())
    for leg in (near, far):
        leg.agreed(Terms(codecs, codecs[0], Direction.SENDRECV, None, None))
    near.attach(_packets(far, one))
    far.attach(_packets(near, two))
    return near, far


def _packets(leg: RtpLeg, pace: _Pace) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        pace.sent()
        packet = unpack_rtp(data)
        if packet is not None:
            leg.receive(packet, time.monotonic())

    return send


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
