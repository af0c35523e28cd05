"""Two legs joined by a network that exists only in numbers: exact, and faster than real time."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import numpy.typing as npt

from softphone.audio.block import BLOCK_SAMPLES, Samples, silence
from softphone.audio.g711 import MULAW
from softphone.audio.resample import Downsampler, Upsampler
from softphone.webrtc.choice import to_offer
from softphone.webrtc.description import Direction
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.media import Terms
from softphone.webrtc.rtp import unpack_rtp

Signal = npt.NDArray[np.float64]


@dataclass
class Network:
    """Loses, delays, swaps and doubles packets by chance, always the same for one seed."""

    loss: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    seed: int = 1
    drop: set[int] = field(default_factory=set)  # packets by number, besides the chance
    sent: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._flying: list[tuple[float, int, bytes]] = []

    def send(self, packet: bytes, now_s: float) -> None:
        self.sent += 1
        if self._chance.random() < self.loss or self.sent in self.drop:
            self.lost += 1
            return
        delay_s = 0.02 + self._chance.uniform(0, self.jitter_ms / 1000)
        if self._chance.random() < self.reorder:
            delay_s += 0.03
        heapq.heappush(self._flying, (now_s + delay_s, self.sent, packet))
        if self._chance.random() < self.duplicate:
            heapq.heappush(self._flying, (now_s + delay_s + 0.001, -self.sent, packet))

    def due(self, now_s: float) -> list[tuple[float, bytes]]:
        found = []
        while self._flying and self._flying[0][0] <= now_s:
            at_s, _, packet = heapq.heappop(self._flying)
            found.append((at_s, packet))
        return found


def terms(codec: str) -> Terms:
    codecs = to_offer((codec,), True, ())
    event = next((c for c in codecs if c.name == "telephone-event"), None)
    return Terms(codecs, codecs[0], Direction.SENDRECV, None, event)


@dataclass
class Line:
    """One way from a near leg to a far leg, 10 ms at a time."""

    codec: str
    network: Network

    def __post_init__(self) -> None:
        self.near, self.far = RtpLeg(), RtpLeg()
        self.now_s = 0.0
        self.depths: list[int] = []
        for leg in (self.near, self.far):
            leg.agreed(terms(self.codec))
        self.near.attach(lambda packet: self.network.send(packet, self.now_s))

    def run(self, sound: Samples) -> Samples:
        """Return what is played while `sound` (48 kHz) is said."""
        heard = []
        for start in range(0, len(sound) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
            self.near.capture(sound[start : start + BLOCK_SAMPLES])
            for at_s, data in self.network.due(self.now_s):
                packet = unpack_rtp(data)
                assert packet
                self.far.receive(packet, at_s)
            out = silence()
            self.far.play(out)
            heard.append(out)
            self.depths.append(self.far.stats().depth_ms)
            self.now_s += 0.01
        return np.concatenate(heard)


def speech() -> Samples:
    """Return the lab's spoken prompts as one sound at 48 kHz."""
    folder = resources.files("softphone.lab.prompts")
    names = ("speech.ul", "greeting.ul", "menu.ul")
    codes = b"".join((folder / name).read_bytes() + b"\xff" * 1600 for name in names)
    narrow = np.frombuffer(MULAW.decode(codes), np.int16)
    return to_48k(narrow[: len(narrow) // 80 * 80])


def to_48k(narrow: Samples) -> Samples:
    up, out = Upsampler(80), np.zeros(len(narrow) * 6, np.int16)
    for place in range(0, len(narrow), 80):
        up.run(narrow[place : place + 80], out[place * 6 : place * 6 + 480])
    return out


def to_8k(wide: Samples) -> Samples:
    down, out = Downsampler(480), np.zeros(len(wide) // 6, np.int16)
    for place in range(0, len(wide) // 480 * 480, 480):
        down.run(wide[place : place + 480], out[place // 6 : place // 6 + 80])
    return out


def delay_ms(said: Samples, heard: Samples, most_ms: int = 400) -> float:
    """Return how much later `heard` (8 kHz) is than `said`, by correlation."""
    count = len(said) - most_ms * 8
    window = said[:count].astype(np.float64)
    size = 1 << int(np.ceil(np.log2(len(said) * 2)))
    product = np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(window, size))
    return float(np.argmax(np.fft.irfft(product, size)[: most_ms * 8]) / 8)
