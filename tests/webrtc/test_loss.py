"""Bad networks: what gets lost on the way, how it sounds, and that nothing is late afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from softphone.audio.block import silence
from softphone.webrtc.peer import PeerSettings, PeerState
from tests.webrtc.relay import Relay, Trouble
from tests.webrtc.simulation import Line, Network, delay_ms, speech, to_8k
from tests.webrtc.support import until
from tests.webrtc.talk import FAR_HZ, NEAR_HZ, Talk, hears

_CUT_S = 5.0


class Troubled(Talk):
    """A call whose packets go through the relay."""

    def __init__(self, codec: str, trouble: Trouble, settings: PeerSettings | None = None) -> None:
        super().__init__(codec, settings)
        self.relay = Relay(trouble)

    async def connect(self) -> None:
        offer = await self.relay.stand_in_for(await self.near.offer())
        answer = await self.relay.stand_in_for(await self.far.answer(offer))
        await self.near.accept(answer)
        await until(self.connected, what="connected")

    async def end(self) -> None:
        await super().end()
        await self.relay.close()


@pytest.fixture(params=["opus", "PCMU"])
async def lossy(request: pytest.FixtureRequest) -> AsyncIterator[Troubled]:
    made = Troubled(request.param, Trouble(0.1, 10.0, 0.02, 0.02))
    yield made
    await made.end()


async def test_loss_is_counted_as_it_happens_and_the_tone_is_still_heard(lossy: Troubled) -> None:
    await lossy.begin()
    relay = lossy.relay
    await until(lambda: relay.media > 250, what="enough packets")

    lost = lossy.near.statistics().packets_lost + lossy.far.statistics().packets_lost

    assert 0.05 < relay.lost / relay.media < 0.2
    assert abs(lost - relay.lost) <= 4  # the last few cannot be known yet
    await until(lambda: hears(lossy.far_ear, NEAR_HZ), what="the tone")


async def test_sound_is_back_after_a_cut_and_the_call_never_failed() -> None:
    settings = PeerSettings(unheard_s=0.5, patience_s=20.0)
    talk = Troubled("opus", Trouble(), settings)
    await talk.begin()

    talk.relay.cut = True
    await until(lambda: talk.near.state is PeerState.DISCONNECTED, what="disconnected")
    talk.relay.cut = False

    await talk.heard_both_ways()
    await until(lambda: talk.near.state is PeerState.COMPLETED, what="connected again")
    assert PeerState.FAILED not in talk.near_owner.states
    await talk.end()


@pytest.mark.nightly
@pytest.mark.parametrize("codec", ["opus", "PCMU"])
async def test_sound_is_back_soon_after_five_seconds_without_a_network(
    codec: str, nightly: bool
) -> None:
    if not nightly:
        pytest.skip("ten seconds for each codec: nightly")
    talk = Troubled(codec, Trouble())
    await talk.begin()
    await talk.heard_both_ways()

    talk.relay.cut = True
    await asyncio.sleep(_CUT_S)  # the length of the cut is what is measured
    assert not hears(talk.near_ear, FAR_HZ)
    talk.relay.cut = False
    began = time.monotonic()
    await talk.heard_both_ways()
    took_s = time.monotonic() - began

    print(f"{codec}: sound both ways {took_s * 1000:.0f} ms after a cut of {_CUT_S:.0f} s")
    assert took_s < _CUT_S
    await talk.end()


async def test_digits_come_through_loss_each_once() -> None:
    talk = Troubled("opus", Trouble(0.2, 5.0, 0.05, 0.1))
    talk.near_ear.tone_hz = 0.0
    talk.start()
    await talk.connect()

    talk.near_leg.send_tones("159#0*", 100, 60)

    await until(lambda: talk.far_leg.stats().digits_count >= 6, what="all digits")
    assert talk.far_leg.stats().digits == "159#0*"
    await talk.end()


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
def test_one_lost_packet_adds_no_delay(codec: str) -> None:
    line = Line(codec, Network(drop={400}))
    said = speech()[: 48_000 * 16]

    narrow, heard = to_8k(said), to_8k(line.run(said))

    before = delay_ms(narrow[: 8000 * 7], heard[: 8000 * 7])
    after = delay_ms(narrow[8000 * 9 :], heard[8000 * 9 :])
    assert line.network.lost == 1
    assert abs(after - before) <= 20.0
    assert line.far.stats().concealed_ms <= 30


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
@pytest.mark.parametrize("loss", [0.03, 0.1])
def test_no_more_is_missing_than_was_lost(codec: str, loss: float) -> None:
    line = Line(codec, Network(loss=loss, jitter_ms=8.0, reorder=0.01, duplicate=0.01))
    said = speech()

    line.run(said)

    missing = line.far.stats().concealed_ms / (len(said) / 48)
    assert missing <= 1.5 * line.network.lost / line.network.sent


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
def test_speech_survives_loss(codec: str) -> None:
    pesq = pytest.importorskip("pesq").pesq
    said = speech()
    narrow = to_8k(said)

    def score(loss: float, concealed: bool = True) -> float:
        scores = []
        for seed in (1, 2):
            line = Line(codec, Network(loss=loss, jitter_ms=5.0, seed=seed))
            heard = to_8k(line.run(said))
            late = int(delay_ms(narrow, heard) * 8)
            scores.append(float(pesq(8000, narrow[: len(narrow) - late], heard[late:], "nb")))
        return float(np.mean(scores))

    clean, some, much = score(0.0), score(0.03), score(0.1)
    print(f"{codec}: PESQ {clean:.2f} without loss, {some:.2f} at 3 %, {much:.2f} at 10 %")

    assert clean >= 4.2
    three, ten = {"PCMU": (0.86, 0.70), "opus": (0.80, 0.58)}[codec]
    assert some >= three * clean
    assert much >= ten * clean


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
@pytest.mark.parametrize("loss", [0.0, 0.03, 0.1])
async def test_speech_through_the_relay_is_as_good_as_in_numbers(
    codec: str, loss: float, nightly: bool
) -> None:
    if not nightly:
        pytest.skip("half a minute of speech in real time: nightly")
    pesq = pytest.importorskip("pesq").pesq
    talk = Troubled(codec, Trouble(loss, 5.0))
    await talk.connect()
    said, heard = speech(), []
    loop = asyncio.get_running_loop()
    next_s = loop.time()
    for start in range(0, len(said) - 479, 480):
        talk.near_leg.capture(said[start : start + 480])
        out = silence()
        talk.far_leg.play(out)
        heard.append(out)
        next_s += 0.01
        await asyncio.sleep(max(0.0, next_s - loop.time()))
    await talk.end()

    narrow, played = to_8k(said), to_8k(np.concatenate(heard))
    late = int(delay_ms(narrow, played) * 8)
    score = float(pesq(8000, narrow[: len(narrow) - late], played[late:], "nb"))
    print(f"{codec} at {loss:.0%}: PESQ {score:.2f}, {late / 8:.0f} ms late")

    assert score >= {0.0: 4.0, 0.03: 3.2, 0.1: 2.2}[loss]


def test_a_stream_of_another_source_is_heard_at_once() -> None:
    first, second = Line("opus", Network()), Line("opus", Network(seed=2))
    second.far = first.far
    said = speech()[: 48_000 * 6]
    first.run(said)
    second.now_s = first.now_s

    heard = second.run(said)

    assert delay_ms(to_8k(said), to_8k(heard)) < 150
    assert first.far.stats().concealed_ms < 100
