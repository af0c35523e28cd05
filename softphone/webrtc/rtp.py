"""RTP and RTCP packets (RFC 3550) as values, and the counts that reports are made of. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_RTP = struct.Struct("!BBHII")
_REPORT = struct.Struct("!IIIIII")
_HEADER_BYTES = 12
_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_NTP_EPOCH_S = 2_208_988_800
_LARGEST_STEP = 3_000  # RFC 3550 appendix A.1
MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet without its header extensions."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one receiver says about one sender; `jitter` is in units of the sender's clock."""

    ssrc: int
    fraction_lost: float
    lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """When a sender sent its report (middle 32 bits of NTP), and what it has sent so far."""

    ssrc: int
    ntp_s: float
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Reports:
    """The useful content of one RTCP datagram; `ended` are sources that said BYE."""

    senders: tuple[SenderInfo, ...] = ()
    blocks: tuple[ReportBlock, ...] = ()
    ended: tuple[int, ...] = ()


def unpack_rtp(data: bytes) -> RtpPacket | None:
    """Return the packet, None when it is none."""
    if len(data) < _HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _RTP.unpack_from(data)
    if first >> 6 != 2:
        return None
    start = _HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:
        end -= data[-1]
        if not data[-1]:
            return None
    if start > end:
        return None
    return RtpPacket(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end])


def pack_rtp(packet: RtpPacket) -> bytes:
    """Return the packet's bytes."""
    second = packet.payload_type | (0x80 if packet.marker else 0)
    header = _RTP.pack(0x80, second, packet.sequence, packet.timestamp, packet.ssrc)
    return header + packet.payload


def is_rtcp(data: bytes) -> bool:
    """True for RTCP among packets that share a port with RTP (RFC 5761)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def unpack_rtcp(data: bytes) -> Reports:
    """Return what a compound packet says; unknown and broken parts are passed over."""
    senders: list[SenderInfo] = []
    blocks: list[ReportBlock] = []
    ended: list[int] = []
    while len(data) >= 4:
        count, kind = data[0] & 0x1F, data[1]
        length = 4 + 4 * int.from_bytes(data[2:4], "big")
        body, data = data[4:length], data[length:]
        if kind == _SR and len(body) >= 24:
            senders.append(_sender(body))
            blocks += _blocks(body[24:], count)
        elif kind == _RR and len(body) >= 4:
            blocks += _blocks(body[4:], count)
        elif kind == _BYE:
            words = body[: 4 * count]
            ended += [x for (x,) in struct.iter_unpack("!I", words[: len(words) // 4 * 4])]
    return Reports(tuple(senders), tuple(blocks), tuple(ended))


def pack_sender_report(info: SenderInfo, blocks: list[ReportBlock], cname: str) -> bytes:
    """Return SR and SDES as one datagram."""
    whole = int((info.ntp_s + _NTP_EPOCH_S) * 2**32)
    body = struct.pack(
        "!IQIII",
        info.ssrc,
        whole & 0xFFFFFFFFFFFFFFFF,
        info.timestamp,
        info.packets & MASK,
        info.octets & MASK,
    )
    return _part(_SR, len(blocks), body + _packed(blocks)) + _description(info.ssrc, cname)


def pack_receiver_report(ssrc: int, blocks: list[ReportBlock], cname: str) -> bytes:
    """Return RR and SDES as one datagram."""
    body = struct.pack("!I", ssrc) + _packed(blocks)
    return _part(_RR, len(blocks), body) + _description(ssrc, cname)


def pack_bye(ssrc: int) -> bytes:
    """Return a BYE of one source."""
    return _part(_BYE, 1, struct.pack("!I", ssrc))


def middle_of_ntp(ntp_s: float) -> int:
    """Return the middle 32 bits of an NTP time, as reports refer to each other."""
    return int((ntp_s + _NTP_EPOCH_S) * 65_536) & MASK


@dataclass(slots=True)
class Reception:
    """What came of one source (RFC 3550 appendices A.1, A.3 and A.8)."""

    ssrc: int
    clock_hz: int
    packets: int = 0
    jitter: float = 0.0  # in units of the clock
    _first: int = -1
    _highest: int = 0  # extended by the number of wraps
    _transit: float | None = None
    _expected_before: int = 0
    _packets_before: int = 0
    _sender_at_s: float = 0.0
    _sender_ntp: int = 0
    _seen: set[int] = field(default_factory=set)

    def add(self, packet: RtpPacket, now_s: float) -> None:
        """Note a packet; a second copy of one counts once."""
        extended = self._extended(packet.sequence)
        if extended in self._seen:
            return
        self._seen.add(extended)
        if len(self._seen) > 2 * _LARGEST_STEP:
            self._seen = {number for number in self._seen if number > extended - _LARGEST_STEP}
        self._highest = max(self._highest, extended)
        self.packets += 1
        transit = now_s * self.clock_hz - packet.timestamp
        if self._transit is not None:
            step = abs(transit - self._transit)
            if step < self.clock_hz * 2:  # else the sender's timeline broke, or its clock wrapped
                self.jitter += (step - self.jitter) / 16
        self._transit = transit

    @property
    def lost(self) -> int:
        """Packets that never came, so far."""
        return max(0, self._expected() - self.packets)

    def sender_reported(self, info: SenderInfo, now_s: float) -> None:
        """Remember when the source's last report came, to be given back to it."""
        self._sender_ntp, self._sender_at_s = middle_of_ntp(info.ntp_s), now_s

    def block(self, now_s: float) -> ReportBlock:
        """Return the report on this source; the loss fraction is since the last report."""
        expected = self._expected()
        of = expected - self._expected_before
        lost = of - (self.packets - self._packets_before)
        self._expected_before, self._packets_before = expected, self.packets
        return ReportBlock(
            self.ssrc,
            max(0.0, lost / of) if of > 0 else 0.0,
            self.lost,
            self._highest & MASK,
            int(self.jitter),
            self._sender_ntp,
            now_s - self._sender_at_s if self._sender_ntp else 0.0,
        )

    def _expected(self) -> int:
        return self._highest - self._first + 1 if self._first >= 0 else 0

    def _extended(self, sequence: int) -> int:
        if self._first < 0:
            self._first = self._highest = sequence + 65_536
            return self._first
        step = (sequence - self._highest + 0x8000 & 0xFFFF) - 0x8000
        if abs(step) > _LARGEST_STEP:  # the source began anew
            kept_lost = self.lost
            self._highest = sequence + (self._highest + 65_536 & ~0xFFFF)
            self._first = self._highest + 1 - self.packets - kept_lost
            self._first -= 1
            self._seen.clear()
            return self._highest
        return self._highest + step


def _sender(body: bytes) -> SenderInfo:
    ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
    return SenderInfo(ssrc, ntp / 2**32 - _NTP_EPOCH_S, timestamp, packets, octets)


def _blocks(body: bytes, count: int) -> list[ReportBlock]:
    found = []
    for place in range(0, min(len(body) // 24, count) * 24, 24):
        ssrc, loss, highest, jitter, last, delay = _REPORT.unpack_from(body, place)
        lost = loss & 0xFFFFFF
        lost -= 0x1000000 if lost & 0x800000 else 0
        found.append(
            ReportBlock(ssrc, (loss >> 24) / 256, lost, highest, jitter, last, delay / 65_536)
        )
    return found


def _packed(blocks: list[ReportBlock]) -> bytes:
    return b"".join(
        _REPORT.pack(
            b.ssrc,
            min(int(b.fraction_lost * 256), 255) << 24 | min(max(b.lost, 0), 0x7FFFFF),
            b.highest_sequence,
            min(b.jitter, MASK),
            b.last_report,
            min(int(b.delay_s * 65_536), MASK),
        )
        for b in blocks
    )


def _part(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode("ascii", "replace")[:255]
    chunk = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    return _part(_SDES, 1, chunk + b"\0" * (-len(chunk) % 4))
