"""A media end for servers: 20 ms of mu-law in and out, whatever codec was agreed with the peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from softphone.audio.block import PHONE_RATE_HZ, Samples, silence
from softphone.audio.g711 import ALAW, MULAW, Codes
from softphone.audio.resample import Downsampler, Upsampler

from .incoming import Incoming
from .media import LinkReport, Terms
from .opus import FRAME_SAMPLES, OpusEncoder
from .outgoing import Outgoing
from .rtp import RtpPacket
from .settings import DEFAULT_CODECS

FRAME_BYTES = 160


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What went through a frame end so far."""

    frames_sent: int
    frames_received: int
    concealed_ms: int
    packets_lost: int
    digits: str
    digits_count: int
    codec: str
    last_received_s: float | None
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None


class FrameEnd:
    """`put` and `get` every 20 ms, on one thread (the event loop's will do)."""

    def __init__(self, codecs: Sequence[str] = DEFAULT_CODECS) -> None:
        self._names = tuple(codecs)
        self._out, self._in = Outgoing(), Incoming()
        self._report = LinkReport()
        self._up, self._down = Upsampler(FRAME_BYTES), Downsampler(FRAME_SAMPLES)
        self._near48k, self._far48k = silence(FRAME_SAMPLES), silence(FRAME_SAMPLES)
        self._far: Samples = silence(FRAME_BYTES)
        self._codes: Codes = np.zeros(FRAME_BYTES, np.uint8)
        self._encoder: OpusEncoder | None = None

    def put(self, frame: bytes) -> None:
        """Send 20 ms (160 bytes of mu-law); raises ValueError for any other length."""
        if len(frame) != FRAME_BYTES:
            raise ValueError("a frame has 160 bytes")
        codec = self._out.begin()
        if codec is None:
            return
        name = codec.name.lower()
        if name == "pcmu":
            self._out.finish(bytes(frame))
            return
        sound = np.frombuffer(MULAW.decode(frame), np.int16)
        if name == "pcma":
            ALAW.encode_into(sound, self._codes)
            self._out.finish(self._codes.tobytes())
            return
        self._up.run(sound, self._near48k)
        if self._encoder is None:
            self._encoder = OpusEncoder(self._out.terms.kbps)
        self._out.finish(self._encoder.encode(self._near48k))

    def get(self) -> bytes:
        """Return the 20 ms to be heard now (160 bytes of mu-law)."""
        if self._in.take() == PHONE_RATE_HZ:
            self._in.pull(self._far)
        else:
            self._in.pull(self._far48k)
            self._down.run(self._far48k, self._far)
        MULAW.encode_into(self._far, self._codes)
        return self._codes.tobytes()

    def counts(self) -> FrameCounts:
        """Return the counts so far."""
        heard = self._in
        return FrameCounts(
            self._out.frames,
            heard.packets,
            heard.stats().concealed_ms,
            self._report.packets_lost,
            heard.digits.digits,
            heard.digits.count,
            heard.codec,
            heard.last_received_s,
            heard.stats().jitter_ms,
            self._report.round_trip_ms,
        )

    @property
    def digits(self) -> str:
        """The last digits heard, as events or tones."""
        return self._in.digits.digits

    @property
    def digits_count(self) -> int:
        """How many digits were heard in all."""
        return self._in.digits.count

    def send_tones(self, digits: str, duration_ms: int, gap_ms: int) -> bool:
        """Send digits as RTP events; False when that was not agreed: play tones instead."""
        return self._out.press(digits, duration_ms, gap_ms)

    def pause(self, on: bool) -> None:
        """While on, send nothing and drop what comes."""
        self._out.pause(on)
        self._in.pause(on)

    # the peer's side

    @property
    def codecs(self) -> tuple[str, ...]:
        """Names of the codecs this end speaks, best first."""
        return self._names

    @property
    def ssrc(self) -> int:
        """The source this end sends as."""
        return self._out.ssrc

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Send packets with this from now on."""
        self._out.attach(send)

    def detach(self, send: Callable[[bytes], None]) -> None:
        """Send with it no more, unless another took its place already."""
        self._out.detach(send)

    def agreed(self, terms: Terms) -> None:
        """Follow these terms from now on."""
        self._out.agreed(terms)
        self._in.agreed(terms)

    def receive(self, packet: RtpPacket, now_s: float) -> None:
        """Take a packet of the network."""
        self._in.receive(packet, now_s)

    def reported(self, report: LinkReport) -> None:
        """Take what is known about the way."""
        self._report = report
