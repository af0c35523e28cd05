"""RTP and RTCP: packing, reading anything, and counting what was lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.webrtc.media import Terms
from softphone.webrtc.reports import Ways
from softphone.webrtc.rtp import (
    Reception,
    ReportBlock,
    Reports,
    RtpPacket,
    SenderInfo,
    is_rtcp,
    middle_of_ntp,
    pack_bye,
    pack_receiver_report,
    pack_rtp,
    pack_sender_report,
    unpack_rtcp,
    unpack_rtp,
)

_PACKETS = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.booleans(),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
)


def packet(sequence: int, timestamp: int = 0, ssrc: int = 7) -> RtpPacket:
    return RtpPacket(0, False, sequence & 0xFFFF, timestamp, ssrc, b"x" * 160)


@given(_PACKETS)
def test_a_packet_survives_packing(made: RtpPacket) -> None:
    assert unpack_rtp(pack_rtp(made)) == made


@given(st.binary(max_size=80))
def test_reading_any_bytes_gives_a_packet_or_nothing(data: bytes) -> None:
    unpack_rtp(data)
    unpack_rtcp(data)
    is_rtcp(data)


@given(st.binary(max_size=60), st.integers(0, 31))
def test_reading_any_rtcp_body_raises_nothing(body: bytes, count: int) -> None:
    for kind in (200, 201, 202, 203, 205, 206):
        header = bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big")
        unpack_rtcp(header + body)


def test_header_extensions_sources_and_padding_are_no_payload() -> None:
    plain = pack_rtp(packet(1))
    extended = (
        bytes([plain[0] | 0x31])
        + plain[1:12]
        + b"\0\0\0\x09"
        + b"\xbe\xde\0\x01abcd"
        + b"sound"
        + b"\0\0\x03"
    )

    read = unpack_rtp(extended)

    assert read is not None and read.payload == b"sound"


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, b"\x00" * 12, b"\xa0" + b"\0" * 11])
def test_what_is_no_rtp_packet_is_nothing(data: bytes) -> None:
    assert unpack_rtp(data) is None


def test_a_sender_report_says_what_it_was_given() -> None:
    block = ReportBlock(9, 0.25, 12, 70_000, 33, 0xABCD, 1.5)
    info = SenderInfo(7, 1_700_000_000.5, 1234, 10, 1600)

    read = unpack_rtcp(pack_sender_report(info, [block], "name"))

    assert read.blocks == (block,)
    assert read.senders[0].ssrc == 7 and abs(read.senders[0].ntp_s - info.ntp_s) < 1e-6
    assert (read.senders[0].packets, read.senders[0].octets) == (10, 1600)


def test_a_receiver_report_and_a_goodbye_are_read() -> None:
    block = ReportBlock(9, 0.0, 0, 1, 0, 0, 0.0)

    assert unpack_rtcp(pack_receiver_report(7, [block], "n")).blocks == (block,)
    assert unpack_rtcp(pack_bye(7)) == Reports(ended=(7,))


@given(st.integers(0, 0xFFFF), st.floats(0, 0.5), st.integers(0, 2**32))
def test_losses_are_counted_exactly_under_reordering_duplicates_and_wraps(
    first: int, loss: float, seed: int
) -> None:
    chance = random.Random(seed)
    numbers = list(range(first, first + 400))
    kept = [n for n in numbers if chance.random() >= loss or n in (numbers[0], numbers[-1])]
    arriving = sorted(kept[1:-1], key=lambda n: n + chance.uniform(0, 5))
    arriving = [kept[0], *arriving, kept[-1]]
    reception = Reception(7, 8_000)

    for number in arriving:
        for _ in range(2 if chance.random() < 0.1 else 1):
            reception.add(packet(number), 0.0)

    assert reception.lost == len(numbers) - len(kept)
    assert reception.packets == len(kept)


def test_a_source_that_begins_anew_keeps_its_losses() -> None:
    reception = Reception(7, 8_000)
    for number in (1, 2, 4, 40_000, 40_001):
        reception.add(packet(number), 0.0)

    assert reception.lost == 1


def test_jitter_is_in_units_of_the_clock() -> None:
    reception = Reception(7, 8_000)
    for number in range(500):
        late_s = 0.01 if number % 2 else 0.0
        reception.add(packet(number, number * 160), number * 0.02 + late_s)

    assert abs(reception.jitter - 80) < 8


def test_the_round_trip_is_found_from_an_echoed_report() -> None:
    ways = Ways("n")
    ways.sent(pack_rtp(packet(1, 160, 5)), 100.0)
    sent = unpack_rtcp(ways.report(5, 8_000, 100.0)).senders[0]
    echoed = ReportBlock(5, 0.0, 3, 1, 16, middle_of_ntp(sent.ntp_s), 0.2)

    ways.reported(Reports(blocks=(echoed,), ended=(5,)), 5, 100.25)

    assert ways.round_trip_ms is not None and abs(ways.round_trip_ms - 50) < 1
    assert ways.link(8_000).remote_lost == 3 and ways.link(8_000).remote_jitter_ms == 2.0


def test_only_the_last_sources_are_kept() -> None:
    ways = Ways("n")

    for ssrc in range(20):
        ways.received(packet(1, 0, ssrc), Terms(), 0.0)

    assert ways.source is not None and ways.source.ssrc == 19
    assert ways.packets_received == 20 and ways.lost == 0
