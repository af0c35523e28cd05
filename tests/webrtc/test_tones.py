"""Digits over a real connection: as events where agreed, each press once, both kinds of end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from softphone.webrtc.frames import FrameEnd
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.media import DigitLog
from softphone.webrtc.peer import Peer, PeerSettings
from softphone.webrtc.sdp import Direction
from tests.webrtc.support import Call, Owner, Speaker, until
from tests.webrtc.talk import Talk, hears

SILENCE = b"\xff" * 160
DIGITS = "159#0*"


class Pump:
    """Puts silence into a frame end and takes what it hears, every 20 ms."""

    def __init__(self, end: FrameEnd) -> None:
        self.end, self.heard = end, bytearray()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            self.end.put(SILENCE)
            self.heard += self.end.get()
            next_s += 0.02
            await asyncio.sleep(max(0.0, next_s - loop.time()))


@pytest.fixture(params=["opus", "PCMU", "PCMA"])
async def talk(request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    made = Talk(request.param)
    made.near_ear.tone_hz = made.far_ear.tone_hz = 0.0
    yield made
    await made.end()


async def test_digits_reach_the_far_end_as_events(talk: Talk) -> None:
    talk.start()
    await talk.connect()

    as_events = talk.near_leg.send_tones(DIGITS, 100, 60)

    await until(lambda: talk.far_leg.stats().digits_count >= len(DIGITS), what="all digits")
    assert as_events
    assert talk.far_leg.stats().digits == DIGITS
    assert talk.far_leg.stats().packets_lost == 0


async def test_without_events_the_caller_is_told_to_play_tones() -> None:
    talk = Talk("opus", PeerSettings(), PeerSettings(telephone_event=False))
    await talk.begin()

    assert not talk.near_leg.send_tones("1", 100, 60)
    assert not talk.far_leg.send_tones("1", 100, 60)
    await talk.end()


async def test_on_a_held_line_no_digit_can_be_sent(talk: Talk) -> None:
    talk.start()
    await talk.connect()

    await talk.negotiate(talk.near, talk.far, Direction.INACTIVE)

    assert not talk.near_leg.send_tones("1", 100, 60)


async def test_sound_goes_on_after_a_digit() -> None:
    talk = Talk("opus")
    await talk.begin()

    talk.near_leg.send_tones("12", 200, 60)

    await until(lambda: talk.far_leg.stats().digits == "12", what="the digits")
    await talk.heard_both_ways()
    await talk.end()


@pytest.mark.parametrize("codec", ["opus", "PCMU", "PCMA"])
async def test_a_frame_end_hears_and_sends_digits_and_sound(codec: str) -> None:
    leg, end = RtpLeg((codec,)), FrameEnd()
    call, ear, pump = Call(leg, end), Speaker(leg, 1000.0), Pump(end)
    ear.start()
    await call.connect()

    leg.send_tones("42", 100, 60)
    await until(lambda: end.digits == "42", what="digits at the frame end")
    end.send_tones("24", 100, 60)
    await until(lambda: leg.stats().digits == "24", what="digits at the leg")

    counts = end.counts()
    assert (counts.digits, counts.digits_count) == ("42", 2)
    assert counts.codec == codec.lower() and counts.frames_sent > 0 < counts.frames_received
    await pump.stop()
    await ear.stop()
    await call.close()


async def test_two_frame_ends_with_pcmu_pass_frames_on_unchanged() -> None:
    near, far = FrameEnd(("PCMU",)), FrameEnd(("PCMU",))
    call = Call(near, far)
    await call.connect()
    pattern = bytes(range(128, 255)) + bytes(33)
    heard = bytearray()

    async def pump() -> None:
        while True:
            near.put(pattern)
            heard.extend(far.get())
            await asyncio.sleep(0.02)

    task = asyncio.create_task(pump())
    await until(lambda: pattern in heard, what="the pattern as it was sent")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ValueError, match="160"):
        near.put(b"")
    await call.close()


async def test_a_paused_leg_sends_nothing_and_hears_nothing() -> None:
    talk = Talk("opus")
    await talk.begin()

    talk.near_leg.pause(True)
    await talk.silent_both_ways()
    before = talk.near_leg.stats()
    played = len(talk.near_ear.heard)
    await until(lambda: len(talk.near_ear.heard) > played + 10, what="100 ms later")
    after = talk.near_leg.stats()
    talk.near_leg.pause(False)

    assert (after.frames_sent, after.frames_received) == (
        before.frames_sent,
        before.frames_received,
    )
    await talk.heard_both_ways()
    await talk.end()


async def test_an_old_peer_that_closes_late_does_not_cut_the_new_one_off() -> None:
    talk = Talk("PCMU")
    await talk.begin()
    fresh = Peer(PeerSettings(), Owner(), talk.near_leg)
    await fresh.accept(await talk.far.answer(await fresh.offer()))

    await talk.near.close()

    await until(lambda: hears(talk.far_ear, 1000.0), what="still heard")
    await fresh.close()
    await talk.end()


def test_a_press_that_comes_as_event_and_as_tone_is_one_digit() -> None:
    log = DigitLog()

    log.add("1", "event", 10.0)
    log.add("1", "tones", 10.1)
    log.add("2", "tones", 11.0)
    log.add("2", "event", 11.2)
    log.add("2", "event", 11.4)
    log.add("3", "tones", 20.0)
    log.add("3", "event", 25.0)

    assert (log.digits, log.count) == ("12233", 5)
