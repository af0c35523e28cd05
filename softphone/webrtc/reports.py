"""What a peer knows of the packets that went both ways, and the RTCP that says so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .media import LinkReport, Terms
from .rtp import (
    MASK,
    Reception,
    Reports,
    RtpPacket,
    SenderInfo,
    middle_of_ntp,
    pack_receiver_report,
    pack_sender_report,
    unpack_rtp,
)

_MOST_SOURCES = 4


@dataclass(slots=True)
class Ways:
    """Counts of both ways of one peer; times are `time.monotonic()`."""

    cname: str
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_received: int = 0
    bytes_received: int = 0
    remote_lost: int = 0
    remote_jitter: int = 0
    round_trip_ms: float | None = None
    last_rtp_s: float | None = None
    _last_sent: tuple[int, int, float] | None = None  # ssrc, timestamp, when
    _sources: dict[int, Reception] = field(default_factory=dict)
    # one offset, so that time never jumps
    _wall_s: float = field(default_factory=lambda: time.time() - time.monotonic())

    @property
    def source(self) -> Reception | None:
        """The source heard last."""
        return next(reversed(self._sources.values()), None) if self._sources else None

    @property
    def lost(self) -> int:
        """Packets of the far end that never came, of all its sources."""
        return sum(source.lost for source in self._sources.values())

    def sent(self, data: bytes, now_s: float) -> None:
        """Note a packet of ours."""
        packet = unpack_rtp(data)
        if packet is None:
            return
        self.packets_sent += 1
        self.bytes_sent += len(packet.payload)
        self._last_sent = packet.ssrc, packet.timestamp, now_s

    def received(self, packet: RtpPacket, terms: Terms, now_s: float) -> None:
        """Note a packet of the far end."""
        self.packets_received += 1
        self.bytes_received += len(packet.payload)
        self.last_rtp_s = now_s
        source = self._sources.get(packet.ssrc)
        if source is None:
            source = self._begin(packet, terms)
        source.add(packet, now_s)

    def reported(self, reports: Reports, ssrc: int, now_s: float) -> None:
        """Take what the far end's RTCP says. A BYE means nothing: a held line may come back."""
        for info in reports.senders:
            if info.ssrc in self._sources:
                self._sources[info.ssrc].sender_reported(info, now_s)
        for block in reports.blocks:
            if block.ssrc == ssrc:
                self.remote_lost, self.remote_jitter = max(block.lost, 0), block.jitter
                self._follow_round_trip(block.last_report, block.delay_s, now_s)

    def report(self, ssrc: int, clock_hz: int, now_s: float) -> bytes:
        """Return the RTCP to send now."""
        source = self.source
        blocks = [source.block(now_s)] if source else []
        if self._last_sent is None:
            return pack_receiver_report(ssrc, blocks, self.cname)
        own, timestamp, at_s = self._last_sent
        info = SenderInfo(
            own,
            now_s + self._wall_s,
            (timestamp + int((now_s - at_s) * clock_hz)) & MASK,
            self.packets_sent,
            self.bytes_sent,
        )
        return pack_sender_report(info, blocks, self.cname)

    def link(self, clock_hz: int) -> LinkReport:
        """Return what the media end wants to know."""
        return LinkReport(
            self.lost,
            self.remote_lost,
            self.remote_jitter * 1000 / clock_hz,
            self.round_trip_ms,
        )

    def _begin(self, packet: RtpPacket, terms: Terms) -> Reception:
        if len(self._sources) >= _MOST_SOURCES:
            del self._sources[next(iter(self._sources))]
        clocks = (c.clock_hz for c in terms.codecs if c.payload_type == packet.payload_type)
        source = Reception(packet.ssrc, next(clocks, 8_000))
        self._sources[packet.ssrc] = source
        return source

    def _follow_round_trip(self, last_report: int, delay_s: float, now_s: float) -> None:
        if not last_report:
            return
        sent_ago = (middle_of_ntp(now_s + self._wall_s) - last_report) & MASK
        round_trip_ms = (sent_ago / 65_536 - delay_s) * 1000
        if -5.0 < round_trip_ms < 60_000.0:
            self.round_trip_ms = max(0.0, round_trip_ms)
