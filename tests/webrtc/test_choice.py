"""Which codecs are offered and agreed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.error import ProtocolError
from softphone.webrtc.choice import agreed, answered_direction, from_offer, to_offer
from softphone.webrtc.media import Terms
from softphone.webrtc.peer import codecs_available
from softphone.webrtc.sdp import Codec, CodecSelector, Direction, MediaLine, parse
from tests.webrtc.data import SDK_OFFER

AUDIO = parse(SDK_OFFER).media[0]


def line(*codecs: Codec, direction: Direction = Direction.SENDRECV) -> MediaLine:
    return MediaLine("audio", 9, direction, "0", codecs, 0)


def test_all_we_speak_is_offered_with_events_of_each_clock() -> None:
    offered = [(c.payload_type, c.name, c.clock_hz) for c in codecs_available()]

    assert offered == [
        (111, "opus", 48_000),
        (0, "PCMU", 8_000),
        (8, "PCMA", 8_000),
        (110, "telephone-event", 48_000),
        (101, "telephone-event", 8_000),
    ]


def test_numbers_of_a_call_keep_their_meaning_and_no_number_has_two() -> None:
    known = (Codec(101, "opus", 48_000, 2), Codec(111, "telephone-event", 48_000))
    before = Terms(known, known[0])

    offered = to_offer(("PCMU", "opus"), True, (), before)

    numbers = {(c.name, c.clock_hz): c.payload_type for c in offered}
    assert offered[0].name == "opus"
    assert numbers[("opus", 48_000)] == 101 and numbers[("telephone-event", 48_000)] == 111
    assert len(set(numbers.values())) == len(numbers)


def test_only_what_is_allowed_is_taken_from_an_offer() -> None:
    narrow = from_offer(AUDIO, ("pcma",), True, ())
    plain = from_offer(AUDIO, ("opus", "PCMU"), False, [CodecSelector("opus")])

    assert [(c.name, c.payload_type) for c in narrow] == [("PCMA", 8), ("telephone-event", 126)]
    assert [c.name for c in plain] == ["PCMU"]


def test_an_offer_without_a_codec_of_ours_is_refused_by_name() -> None:
    with pytest.raises(ProtocolError, match="G722, CN") as caught:
        from_offer(line(Codec(9, "G722", 8_000), Codec(13, "CN", 8_000)), ("opus",), True, ())

    assert caught.value.code == "NO_CODEC"


def test_opus_at_another_rate_is_not_our_opus() -> None:
    with pytest.raises(ProtocolError):
        from_offer(line(Codec(111, "opus", 16_000)), ("opus",), True, ())


def test_a_far_end_may_ask_for_less_than_we_would_send() -> None:
    theirs = line(Codec(111, "opus", 48_000, 2, "minptime=10;maxaveragebitrate=20000"))
    ours = line(*to_offer(("opus",), False, ()))

    assert agreed(ours, theirs, answered_by_us=True).kbps == 20
    assert agreed(ours, theirs, answered_by_us=True, kbps=16).kbps == 16


def test_what_we_offered_may_come_even_if_the_answer_left_it_out() -> None:
    ours = line(*to_offer(("opus", "PCMU"), True, ()))
    theirs = line(Codec(0, "PCMU", 8_000))

    terms = agreed(ours, theirs, answered_by_us=False)

    assert terms.sending == Codec(0, "PCMU", 8_000)
    assert terms.codecs == ours.codecs and terms.event is None


@given(st.sampled_from(list(Direction)), st.sampled_from(list(Direction)))
def test_an_answer_never_goes_beyond_the_offer(wanted: Direction, offered: Direction) -> None:
    answer = answered_direction(wanted, offered)

    assert not answer.sends or (wanted.sends and offered.receives)
    assert not answer.receives or (wanted.receives and offered.sends)
    assert answered_direction(answer, offered) is answer
