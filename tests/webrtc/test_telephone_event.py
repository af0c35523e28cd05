"""DTMF digits as RTP events: what is sent, and what is understood of a bad network."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.webrtc.telephone_event import (
    KEYS,
    Event,
    EventPacket,
    EventReceiver,
    EventSender,
    pack,
    unpack,
)

TICK = {8_000: 160, 48_000: 960}


def sent(
    digits: str, clock_hz: int = 8_000, duration_ms: int = 100, gap_ms: int = 60
) -> list[tuple[int, EventPacket | None]]:
    """Return (timestamp, packet or None for sound) of every tick until all is sent."""
    sender = EventSender()
    sender.press(digits, duration_ms, gap_ms)
    ticks: list[tuple[int, EventPacket | None]] = []
    timestamp = 0xFFFFF000  # wraps soon
    while sender.busy:
        ticks.append((timestamp, sender.tick(timestamp, clock_hz)))
        timestamp = (timestamp + TICK[clock_hz]) & 0xFFFFFFFF
    return ticks


def packets(digits: str, clock_hz: int = 8_000, duration_ms: int = 100) -> list[EventPacket]:
    return [p for _, p in sent(digits, clock_hz, duration_ms) if p]


def heard(arriving: list[EventPacket]) -> str:
    receiver = EventReceiver()
    return "".join(receiver.feed(p.payload, p.timestamp) for p in arriving)


def test_a_digit_is_the_bytes_of_the_standard() -> None:
    first, *_, last = packets("5")

    assert first.payload == bytes([5, 10, 0, 160])
    assert last.payload == bytes([5, 0x8A, 800 >> 8, 800 & 0xFF])


def test_a_digit_grows_every_tick_and_ends_three_times() -> None:
    made = packets("#", 48_000)

    events = [unpack(p.payload) for p in made]
    assert [e.duration for e in events if e] == [960, 1920, 2880, 3840, 4800, 4800, 4800]
    assert [e.ended for e in events if e] == [False] * 4 + [True] * 3
    assert [p.marker for p in made] == [True] + [False] * 6
    assert {p.timestamp for p in made} == {0xFFFFF000}


def test_between_digits_there_is_sound_and_a_comma_waits_two_seconds() -> None:
    ticks = sent("1,2", gap_ms=100)

    first_of_two = next(
        place
        for place, (_, packet) in enumerate(ticks)
        if packet and packet.marker and packet.payload[0] == 2
    )
    assert first_of_two == 5 + 5 + 100
    assert [p is None for _, p in ticks[5 : 5 + 5]] == [False, False, True, True, True]


def test_what_is_no_digit_is_left_out() -> None:
    assert heard(packets("1x 2-d")) == "12D"
    assert packets("") == []


def test_stop_ends_the_digit_that_began_and_forgets_the_others() -> None:
    sender = EventSender()
    sender.press("12", 100, 60)
    sender.tick(0, 8_000)

    sender.stop()
    rest = [sender.tick(t, 8_000) for t in range(160, 3200, 160)]

    events = [unpack(p.payload) for p in rest if p]
    assert {e.code for e in events if e} == {1}
    assert [e.ended for e in events if e][-3:] == [True] * 3


def test_a_press_too_long_for_its_counter_goes_on_in_segments_and_is_one_digit() -> None:
    made = packets("7", 48_000, 4_000)

    assert len({p.timestamp for p in made}) == 3
    assert [p.marker for p in made].count(True) == 1
    assert heard(made) == "7"


@pytest.mark.parametrize("payload", [b"", b"\x01\x02\x03", bytes([16, 0, 0, 0]), bytes([255] * 4)])
def test_what_is_no_digit_event_is_ignored(payload: bytes) -> None:
    assert EventReceiver().feed(payload, 0) == ""


def test_the_same_digit_twice_is_two_digits_although_the_ends_got_lost() -> None:
    made = packets("77")
    kept = [p for p in made if not (p.payload[1] & 0x80)]

    assert heard(kept) == "77"


@given(st.integers(0, 255), st.booleans(), st.integers(0, 63), st.integers(0, 65_535))
def test_a_payload_survives_packing(code: int, ended: bool, volume: int, duration: int) -> None:
    event = Event(code, ended, volume, duration)

    assert unpack(pack(event)) == event


@given(st.binary(max_size=40), st.integers(0, 0xFFFFFFFF))
def test_any_payload_gives_a_digit_or_nothing(payload: bytes, timestamp: int) -> None:
    assert EventReceiver().feed(payload, timestamp) in {"", *KEYS}


@given(
    digits=st.text(KEYS, min_size=1, max_size=12),
    clock_hz=st.sampled_from([8_000, 48_000]),
    duration_ms=st.integers(40, 1200),
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.7),
)
def test_each_digit_is_found_once_under_loss_reordering_and_duplicates(
    digits: str, clock_hz: int, duration_ms: int, seed: int, loss: float
) -> None:
    chance = random.Random(seed)
    made = packets(digits, clock_hz, duration_ms)
    groups = [list(g) for _, g in itertools.groupby(made, key=lambda p: p.timestamp)]
    arriving: list[EventPacket] = []
    for group in groups:
        kept = [p for p in group if chance.random() > loss] or [chance.choice(group)]
        kept += [p for p in kept if chance.random() < 0.3]
        # reordered within a digit and up to two packets into the next one
        kept.sort(key=lambda p: group.index(p) + chance.uniform(0, 4))
        arriving += kept
    for place in range(len(arriving) - 1):
        same = arriving[place].timestamp == arriving[place + 1].timestamp
        later_known = arriving[place].timestamp in {p.timestamp for p in arriving[:place]}
        if not same and later_known and chance.random() < 0.5:
            arriving[place], arriving[place + 1] = arriving[place + 1], arriving[place]

    assert heard(arriving) == digits
