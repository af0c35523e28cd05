"""An RTP leg between a sound card and a peer: blocks of 48 kHz on one side, packets on the other.

Encoding happens on the thread that captures, decoding on the one that plays; the event loop only
passes packets. Opus stays wideband all the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from softphone.audio.block import BLOCK_S, PHONE_BLOCK_SAMPLES, Samples, silence
from softphone.audio.framing import SampleJoiner
from softphone.audio.g711 import ALAW, MULAW, Codes
from softphone.audio.leg import LegStats
from softphone.audio.level import Meter
from softphone.audio.resample import Downsampler, Upsampler

from .description import Codec
from .incoming import Incoming
from .media import LinkReport, Terms
from .opus import FRAME_SAMPLES, OpusEncoder
from .outgoing import Outgoing
from .rtp import RtpPacket
from .settings import DEFAULT_CODECS

_PHONE_FRAME = 160


class RtpLeg:
    """Both an `audio.leg.Leg` for the sound engine and the media end of a peer."""

    def __init__(self, codecs: Sequence[str] = DEFAULT_CODECS) -> None:
        self._names = tuple(codecs)
        self._out, self._in = Outgoing(), Incoming()
        self._report = LinkReport()
        self._meter = Meter()
        self._wide: SampleJoiner = SampleJoiner(FRAME_SAMPLES)
        self._narrow = silence(_PHONE_FRAME)
        self._codes: Codes = np.zeros(_PHONE_FRAME, np.uint8)
        self._down = Downsampler(FRAME_SAMPLES)
        self._far, self._up = silence(PHONE_BLOCK_SAMPLES), Upsampler(PHONE_BLOCK_SAMPLES)
        self._encoder: OpusEncoder | None = None
        self._encoder_kbps: int | None = None

    # the sound engine's side

    def capture(self, block48k: Samples) -> None:
        """Encode 480 samples and send a packet whenever 20 ms are complete."""
        if not self._wide.push(block48k):
            return
        codec = self._out.begin()
        if codec is not None:
            self._out.finish(self._encoded(codec))

    def play(self, out48k: Samples) -> None:
        """Fill `out48k` with what the far end says, concealment or silence."""
        if self._in.take() == len(out48k) * 100:
            self._in.pull(out48k)
        else:
            self._in.pull(self._far)
            self._up.run(self._far, out48k)
        self._meter.feed(out48k, BLOCK_S)

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        jitter, heard, report = self._in.stats(), self._in, self._report
        sending = self._out.terms.sending
        return LegStats(
            frames_sent=self._out.frames,
            bytes_received=heard.octets,
            frames_received=heard.packets,
            concealed_ms=jitter.concealed_ms,
            dropped_ms=jitter.dropped_ms,
            depth_ms=jitter.depth_ms,
            target_ms=jitter.target_ms,
            jitter_ms=jitter.jitter_ms,
            last_received_s=heard.last_received_s,
            far_dbfs=self._meter.dbfs,
            digits=heard.digits.digits,
            digits_count=heard.digits.count,
            packets_lost=report.packets_lost,
            codec=heard.codec or (sending.name.lower() if sending else ""),
            remote_jitter_ms=report.remote_jitter_ms,
            remote_lost=report.remote_lost if report.round_trip_ms is not None else None,
            round_trip_ms=report.round_trip_ms,
        )

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

    def _encoded(self, codec: Codec) -> bytes:
        name = codec.name.lower()
        if name == "opus":
            return self._opus().encode(self._wide.frame)
        law = MULAW if name == "pcmu" else ALAW
        self._down.run(self._wide.frame, self._narrow)
        law.encode_into(self._narrow, self._codes)
        return self._codes.tobytes()

    def _opus(self) -> OpusEncoder:
        kbps = self._out.terms.kbps
        if self._encoder is None or kbps != self._encoder_kbps:
            self._encoder, self._encoder_kbps = OpusEncoder(kbps), kbps
        return self._encoder
