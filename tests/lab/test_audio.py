"""Audio of the lab over real sockets: pace, content, counts, many calls at once."""

from __future__ import annotations

import asyncio
import io
import socket
import time
import wave

import numpy as np
import pytest

from softphone.audio.g711 import decode_mulaw, encode_mulaw
from softphone.audio.tones import tone
from softphone.lab.farends import FAR_ENDS
from softphone.lab.hearing import Hearing
from tests.lab.conftest import Place
from tests.lab.plain_client import Audio, Presence, eventually


def loudest_hz(codes: bytes) -> float:
    sound = np.frombuffer(decode_mulaw(codes), np.int16).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum)) * 8000 / len(sound)


async def test_a_dialled_tone_is_heard_in_real_time(place: Place) -> None:
    line = await place.desk()
    leg = await place.dial(line, FAR_ENDS["tone"])
    await leg.told("answered")
    start, before = time.monotonic(), len(leg.heard)

    heard = await leg.hear(before + 8000)

    assert loudest_hz(heard[-6400:]) == pytest.approx(1004, abs=2)
    assert time.monotonic() - start == pytest.approx(1.0, abs=0.3)


async def test_ringback_is_heard_before_the_answer(place: Place) -> None:
    line = await place.desk()
    leg = await place.dial(line, FAR_ENDS["tone"])

    heard = await leg.hear(1280)

    assert loudest_hz(heard[:1280]) == pytest.approx(425, abs=15)


async def test_the_echo_comes_back_after_200_ms(place: Place) -> None:
    line = await place.desk()
    leg = await place.dial(line, FAR_ENDS["echo"])
    await leg.told("answered")
    leg.heard.clear()
    burst = encode_mulaw(tone([800.0], 0.1, -10.0, 8000).tobytes())

    leg.talk(b"\xff" * 3200 + burst)
    heard = await leg.hear(8000)

    loud = np.abs(np.frombuffer(decode_mulaw(heard), np.int16).astype(np.int32)) > 3000
    assert np.argmax(loud) / 8000 == pytest.approx(0.4 + 0.2, abs=0.08)


async def test_what_the_far_end_heard_can_be_fetched_and_is_counted(place: Place) -> None:
    line = await place.desk()
    sid = await place.ring(far_end="silence")
    await line.until("incoming_call")
    await line.send(type="accept", callSid=sid)
    await line.until("call_assigned")
    leg = await place.audio(sid)

    leg.talk(encode_mulaw(tone([440.0], 2.0, -10.0, 8000).tobytes()))
    await leg.hear(8000)
    call = await place.call(sid)
    heard = place.lab.hub.services[0].heard(sid)

    assert heard is not None
    with wave.open(io.BytesIO(heard)) as file:
        assert file.getframerate() == 8000
        sound = np.frombuffer(file.readframes(8000)[-8000:], "<i2").astype(float)
    assert float(np.argmax(np.abs(np.fft.rfft(sound)))) * 2 == pytest.approx(440, abs=4)
    assert call["received"]["frames"] >= 40
    assert call["received"]["odd_frames"] == 0
    assert call["received"]["gap_p50_ms"] == pytest.approx(20, abs=2)
    assert call["received"]["level_dbfs"] == pytest.approx(-13.0, abs=1.0)


async def test_digits_and_mute_arrive(place: Place) -> None:
    line = await place.desk()
    leg = await place.dial(line, FAR_ENDS["menu"])
    await leg.told("answered")

    for digit in ("5", "x", "#"):
        await leg.control(type="dtmf", digit=digit)
    await leg.control(type="mute", muted=True)
    await leg.control(type="future")
    await leg.socket.send("garbage")

    async with asyncio.timeout(5.0):
        while True:
            call = (await place.control("GET", "/state"))["services"]["audin"]["calls"][0]
            if call["muted"]:
                break
    assert call["digits"] == "5#"


async def test_hanging_up_far_ends_and_drops_end_the_audio(place: Place) -> None:
    line = await place.desk()

    hung_up = await place.dial(line, "+390255500700")
    dropped = await place.dial(line, "+390255500800")

    assert await hung_up.closed() == 1000
    assert await dropped.closed() == 1006


async def test_a_client_that_does_not_read_loses_frames_not_the_lab_memory(place: Place) -> None:
    line = await place.desk()
    await line.send(type="start_outbound", to=FAR_ENDS["tone"], callerId="+390299999999")
    sid = (await line.until("outbound_started"))["callSid"]
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", place.lab.port))
    leg = await Audio.open(place.url, sid, await place.token(), narrow)

    leg.socket.transport.pause_reading()
    await place.fault("flood", socket="audio", count=500)
    sent = place.lab.hub.services[0].state()["calls"][0]["sent"]
    before = sent["dropped"]
    await eventually(
        lambda: place.lab.hub.services[0].state()["calls"][0]["sent"]["dropped"] > before + 20
    )
    leg.socket.transport.abort()
    await leg.leave()


async def test_one_hundred_calls_at_once_are_served_alike(place: Place) -> None:
    line = await place.desk()
    legs = [await _dial(place, line, "+390255500102") for _ in range(100)]
    before = [len(leg.heard) for leg in legs]

    for leg in legs:
        leg.talk(b"\x2a" * 40_000)

    def frames() -> list[float]:
        return [(len(leg.heard) - was) / 160 for leg, was in zip(legs, before, strict=True)]

    await eventually(lambda: min(frames()) >= 100)
    assert max(frames()) == pytest.approx(min(frames()), rel=0.25)


async def _dial(place: Place, line: Presence, to: str) -> Audio:
    await line.send(type="start_outbound", to=to, callerId="+390299999999")
    sid = (await line.until("outbound_started"))["callSid"]
    return await place.audio(sid)


def test_received_audio_waits_for_40_ms_and_keeps_at_most_a_second() -> None:
    hearing = Hearing()

    hearing.push(b"\x01" * 160, 0.0)
    first = hearing.pull()
    hearing.push(b"\x01" * 160, 0.02)
    second = hearing.pull()
    hearing.push(b"\x02" * 9000, 0.04)

    assert first == b"\xff" * 160
    assert second == b"\x01" * 160
    assert hearing.dropped == 160 + 9000 - 320
    assert hearing.odd_frames == 1
    assert hearing.counts()["gap_p99_ms"] == 20


def test_an_underrun_is_silence() -> None:
    hearing = Hearing()
    hearing.push(b"\x01" * 320, 0.0)

    frames = [hearing.pull() for _ in range(3)]

    assert frames[2] == b"\xff" * 160
    assert hearing.gaps_filled == 1
