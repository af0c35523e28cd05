"""The receiving half of a media end: packets to sound, with our own jitter buffer.

`receive` runs in the event loop and only queues; everything else runs on the thread that plays.
Opus stays at 48 kHz, G.711 at 8 kHz, each in a buffer of its own rate.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from softphone.audio.block import PHONE_RATE_HZ, RATE_HZ, Samples, silence
from softphone.audio.dtmf import DtmfDetector
from softphone.audio.g711 import ALAW, MULAW
from softphone.audio.jitter import JitterBuffer, JitterStats
from softphone.audio.resample import Downsampler

from .description import Codec
from .media import DigitLog, Terms
from .opus import OpusDecoder
from .rtp import RtpPacket
from .telephone_event import NAME as EVENT_NAME
from .telephone_event import EventReceiver, unpack

_MOST_WAITING = 512
_START_MS = 40
_REMEMBERED = 128
_LONGEST_G711 = 960  # 120 ms; nobody sends more in one packet
_DOWN_SAMPLES = 5760


class Incoming:
    """Packets in, blocks of 10 ms out, at `rate_hz` of the codec that comes."""

    def __init__(self) -> None:
        self.digits = DigitLog()
        self.packets = self.octets = self.unknown = 0
        self.last_received_s: float | None = None
        self.codec = ""
        self.rate_hz = PHONE_RATE_HZ
        self._arrived: deque[tuple[RtpPacket, float]] = deque(maxlen=_MOST_WAITING)
        self._types: dict[int, Codec] = {}
        self._open = False
        self._paused = False
        self._ssrc: int | None = None
        self._numbers: deque[int] = deque(maxlen=_REMEMBERED)
        self._jitter = JitterBuffer(_START_MS)
        self._before = (0, 0)  # concealed and dropped ms of the buffers before this one
        self._opus: OpusDecoder | None = None
        self._events = EventReceiver()
        self._detector = DtmfDetector()
        self._down = Downsampler(_DOWN_SAMPLES)

    def agreed(self, terms: Terms) -> None:
        """Take what may come from now on."""
        self._types = {codec.payload_type: codec for codec in terms.codecs}
        self._open = terms.direction.receives

    def pause(self, on: bool) -> None:
        """Drop what comes while on."""
        self._paused = on

    def receive(self, packet: RtpPacket, now_s: float) -> None:
        """Queue a packet of the network."""
        if self._paused or not self._open:
            return
        self.packets += 1
        self.octets += len(packet.payload)
        self.last_received_s = now_s
        self._arrived.append((packet, now_s))

    def take(self) -> int:
        """Decode what has come; return the rate of what `pull` then gives."""
        while self._arrived:
            self._take(*self._arrived.popleft())
        return self.rate_hz

    def pull(self, out: Samples) -> None:
        """Fill `out`, samples at `rate_hz`, with sound, concealment or silence."""
        self._jitter.pull(out)

    def stats(self) -> JitterStats:
        """Return the buffer's numbers; sums are over all codecs so far."""
        now = self._jitter.stats()
        concealed, dropped = self._before
        return JitterStats(
            now.received_samples,
            now.concealed_ms + concealed,
            now.dropped_ms + dropped,
            now.depth_ms,
            now.target_ms,
            now.jitter_ms,
        )

    def _take(self, packet: RtpPacket, now_s: float) -> None:
        if packet.ssrc != self._ssrc:
            self._begin(packet.ssrc)
        if packet.sequence in self._numbers:
            return
        self._numbers.append(packet.sequence)
        codec = self._types.get(packet.payload_type)
        name = codec.name.lower() if codec else ""
        if codec is None:
            self.unknown += 1
        elif name == EVENT_NAME:
            self._event(codec, packet, now_s)
        elif name in ("opus", "pcmu", "pcma"):
            self._sound(name, packet, now_s)

    def _begin(self, ssrc: int) -> None:
        """Follow another sender: its numbers and timestamps have nothing to do with the last."""
        self._ssrc = ssrc
        self._numbers.clear()
        self._jitter.new_timeline()
        self._opus = None
        self._events = EventReceiver()

    def _sound(self, name: str, packet: RtpPacket, now_s: float) -> None:
        self._follow(name)
        samples = self._decoded(name, packet.payload)
        if not len(samples):
            return
        self._jitter.push_packet(samples, now_s, packet.timestamp)
        self.digits.add(self._detector.feed(self._narrow(samples)), "tones", now_s)

    def _follow(self, name: str) -> None:
        """Change to another codec: what the other rate's buffer still had goes."""
        if name == self.codec:
            return
        rate_hz = RATE_HZ if name == "opus" else PHONE_RATE_HZ
        if rate_hz != self.rate_hz:
            stats = self.stats()
            self._before = stats.concealed_ms, stats.dropped_ms
            self._jitter = JitterBuffer(_START_MS, rate_hz=rate_hz)
        self.codec, self.rate_hz = name, rate_hz

    def _decoded(self, name: str, payload: bytes) -> Samples:
        if name == "opus":
            if self._opus is None:
                self._opus = OpusDecoder()
            return self._opus.decode(payload)
        law = MULAW if name == "pcmu" else ALAW
        return np.frombuffer(law.decode(payload[:_LONGEST_G711]), np.int16)

    def _narrow(self, samples: Samples) -> Samples:
        if self.rate_hz == PHONE_RATE_HZ:
            return samples
        usable = len(samples) // 6
        out = silence(usable)
        self._down.run(samples[: usable * 6], out)
        return out

    def _event(self, codec: Codec, packet: RtpPacket, now_s: float) -> None:
        """Note the digit, and let the time it takes pass in silence."""
        self.digits.add(self._events.feed(packet.payload, packet.timestamp), "event", now_s)
        event = unpack(packet.payload)
        step = codec.clock_hz // 50
        if event and self.codec and codec.clock_hz == self.rate_hz and event.duration >= step:
            at = (packet.timestamp + event.duration - step) & 0xFFFFFFFF
            self._jitter.push_packet(silence(step), now_s, at)
