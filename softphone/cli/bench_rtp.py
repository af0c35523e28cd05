"""The WebRTC leg under loss, in numbers, faster than real time, for `softphone bench --audio`."""

from __future__ import annotations

import random

import numpy as np

from softphone.audio.block import BLOCK_SAMPLES, RATE_HZ, Samples, silence
from softphone.audio.figure import Figure, at_most, ratio_at_most
from softphone.webrtc.choice import to_offer
from softphone.webrtc.description import Direction
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.media import Terms
from softphone.webrtc.rtp import unpack_rtp

_CODECS = ("PCMU", "opus")
_SECONDS = 12
_ONE_LOST_AT = 300
_LOSS = 0.03
_STOCK_DELAY_MS = 200.0  # what a single lost packet adds with aiortc 1.16's own buffer


def measure_rtp() -> list[Figure]:
    """Return the figures; takes about ten seconds."""
    found = []
    for codec in _CODECS:
        whole = _Way(codec, set())
        one = _Way(codec, {_ONE_LOST_AT})
        name = f"{codec} by RTP: delay added by one lost packet"
        stock = f"aiortc's own buffer: {_STOCK_DELAY_MS:g} ms"
        found.append(at_most(name, max(0.0, one.depth_ms - whole.depth_ms), "ms", 20.0, stock))
        chance = random.Random(3)
        lost = {n for n in range(_SECONDS * 50) if n > 100 and chance.random() < _LOSS}
        some = _Way(codec, lost)
        missing = 100 * some.concealed_ms / (_SECONDS * 1000)
        share = 100 * len(lost) / (_SECONDS * 50)
        name = f"{codec} by RTP: missing at {share:.1f} % loss"
        found.append(ratio_at_most(name, missing, "%", "packets lost", share, 1.5))
    return found


class _Way:
    """Sound sent from one leg to another, some packets of it lost, 20 ms under way."""

    def __init__(self, codec: str, lost: set[int]) -> None:
        near, far = RtpLeg(), RtpLeg()
        for leg in (near, far):
            leg.agreed(_terms(codec))
        sent: list[bytes] = []
        near.attach(sent.append)
        sound, out, depths = _sound(), silence(), []
        for block in range(_SECONDS * 100):
            first = block * BLOCK_SAMPLES % len(sound)
            near.capture(sound[first : first + BLOCK_SAMPLES])
            number = block // 2
            for data in sent:
                packet = unpack_rtp(data)
                if packet is not None and number not in lost:
                    far.receive(packet, block * 0.01 + 0.02)
            sent.clear()
            far.play(out)
            depths.append(far.stats().depth_ms)
        self.concealed_ms = far.stats().concealed_ms
        self.depth_ms = float(np.mean(depths[-200:]))


def _terms(codec: str) -> Terms:
    codecs = to_offer((codec,), True, ())
    event = next((c for c in codecs if c.name == "telephone-event"), None)
    return Terms(codecs, codecs[0], Direction.SENDRECV, None, event)


def _sound() -> Samples:
    place = np.arange(RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 150 * k * place) / k for k in range(1, 12))
    return np.asarray(np.rint(4000 * voice), np.int16)
