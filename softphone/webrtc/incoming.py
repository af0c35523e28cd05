"""The receiving half of a media end: packets to sound, with our own jitter buffer.

`receive` runs in the event loop and only queues; everything else runs on the thread that plays.
Opus stays at 48 kHz, G.711 at 8 kHz, each in a buffer of its own rate.
"""

from __future__ import annotations

import time
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
_MOST_HELD = 8  # Opus packets that wait for one before them
_MOST_CONCEALED = 5  # packets; libopus has faded to silence by then
_RESERVE_MS = 15  # with less to play, a missing packet is waited for no longer
_PATIENCE_S = 10.0  # so long after a packet came too late, the next missing one is waited for


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
        self._held: dict[int, tuple[RtpPacket, float]] = {}
        self._next: int | None = None  # sequence number whose turn it is
        self._patient_until_s = 0.0
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
        if self._held:
            self._release()
        return self.rate_hz

    def pull(self, out: Samples) -> None:
        """Fill `out`, samples at `rate_hz`, with sound, concealment or silence."""
        self._jitter.pull(out, time.monotonic())

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
            self.digits.add(self._events.feed(packet.payload, packet.timestamp), "event", now_s)
            if self.codec == "opus":
                self._hold(packet, now_s)
            else:
                self._pass_event(codec, packet, now_s)
        elif name in ("opus", "pcmu", "pcma"):
            self._sound(name, packet, now_s)

    def _begin(self, ssrc: int) -> None:
        """Follow another sender: its numbers and timestamps have nothing to do with the last."""
        self._ssrc = ssrc
        self._numbers.clear()
        self._jitter.new_timeline()
        self._opus = None
        self._held.clear()
        self._next = None
        self._events = EventReceiver()

    def _sound(self, name: str, packet: RtpPacket, now_s: float) -> None:
        self._follow(name)
        if name == "opus":
            self._hold(packet, now_s)
        else:
            law = MULAW if name == "pcmu" else ALAW
            codes = law.decode(packet.payload[:_LONGEST_G711])
            self._play(np.frombuffer(codes, np.int16), packet, now_s)

    def _play(self, samples: Samples, packet: RtpPacket, now_s: float) -> None:
        if len(samples):
            self._jitter.push_packet(samples, now_s, packet.timestamp)
            self.digits.add(self._detector.feed(self._narrow(samples)), "tones", now_s)

    def _hold(self, packet: RtpPacket, now_s: float) -> None:
        """Keep a packet until its turn; one that comes after its turn is of no use any more.

        Opus decodes each packet in the light of the one before, so order matters, and so does
        telling the codec of a loss.
        """
        if self._next is not None and (packet.sequence - self._next & 0xFFFF) >= 0x8000:
            self._patient_until_s = now_s + _PATIENCE_S
            return
        self._held[packet.sequence] = packet, now_s
        self._release()

    def _release(self) -> None:
        """Decode held packets in their order, as far as the turn has come."""
        while self._held:
            if self._next is None:
                self._next = min(self._held)
            if self._next not in self._held and not self._skip():
                return
            packet, now_s = self._held.pop(self._next)
            self._next = (self._next + 1) & 0xFFFF
            codec = self._types.get(packet.payload_type)
            if codec is not None and codec.name.lower() == EVENT_NAME:
                self._pass_event(codec, packet, now_s)
            elif codec is not None:
                self._play(self._decoder().decode(packet.payload), packet, now_s)

    def _skip(self) -> bool:
        """Give up the packets that lack before the next held one; False to wait for them."""
        assert self._next is not None
        turn = self._next
        behind = min((number - turn & 0xFFFF) for number in self._held)
        _, now_s = self._held[(turn + behind) & 0xFFFF]
        patient = now_s < self._patient_until_s and len(self._held) < _MOST_HELD
        if patient and self._jitter.stats().depth_ms > _RESERVE_MS:
            return False
        for _ in range(min(behind, _MOST_CONCEALED)):
            self._decoder().conceal()  # for its state; the jitter buffer fills gaps from both sides
        self._next = (turn + behind) & 0xFFFF
        return True

    def _decoder(self) -> OpusDecoder:
        if self._opus is None:
            self._opus = OpusDecoder()
        return self._opus

    def _follow(self, name: str) -> None:
        """Change to another codec: what the other rate's buffer still had goes."""
        if name == self.codec:
            return
        self._held.clear()
        self._next = None
        rate_hz = RATE_HZ if name == "opus" else PHONE_RATE_HZ
        if rate_hz != self.rate_hz:
            stats = self.stats()
            self._before = stats.concealed_ms, stats.dropped_ms
            self._jitter = JitterBuffer(_START_MS, rate_hz=rate_hz)
        self.codec, self.rate_hz = name, rate_hz

    def _narrow(self, samples: Samples) -> Samples:
        if self.rate_hz == PHONE_RATE_HZ:
            return samples
        usable = len(samples) // 6
        out = silence(usable)
        self._down.run(samples[: usable * 6], out)
        return out

    def _pass_event(self, codec: Codec, packet: RtpPacket, now_s: float) -> None:
        """Let the time a digit takes pass in silence."""
        event, step = unpack(packet.payload), codec.clock_hz // 50
        if event and self.codec and codec.clock_hz == self.rate_hz and event.duration >= step:
            at = (packet.timestamp + event.duration - step) & 0xFFFFFFFF
            self._jitter.push_packet(silence(step), now_s, at)
