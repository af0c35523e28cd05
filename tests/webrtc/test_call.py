"""Two peers with real sockets: sound both ways, hold, early media, refused offers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import Peer, PeerSettings, PeerState
from softphone.webrtc.sdp import Direction, parse
from tests.webrtc.support import Speaker, until
from tests.webrtc.talk import NEAR_HZ, Talk, hears


@pytest.fixture(params=["opus", "PCMU", "PCMA"])
async def talk(request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    made = Talk(request.param)
    yield made
    await made.end()


@pytest.fixture
async def wide_talk() -> AsyncIterator[Talk]:
    made = Talk("opus")
    yield made
    await made.end()


async def test_both_hear_each_other(talk: Talk) -> None:
    await talk.begin()

    assert talk.near.statistics().codec.lower() == talk.near_leg.codecs[0].lower()
    assert talk.near_owner.states[-1] is PeerState.COMPLETED
    assert PeerState.CHECKING in talk.near_owner.states


async def test_hold_is_silence_and_unhold_brings_both_back(wide_talk: Talk) -> None:
    talk = wide_talk
    await talk.begin()

    await talk.negotiate(talk.near, talk.far, Direction.INACTIVE)
    await talk.silent_both_ways()
    await talk.negotiate(talk.near, talk.far, Direction.SENDRECV)

    await talk.heard_both_ways()


async def test_a_call_can_be_held_by_both_and_is_back_when_both_let_go(wide_talk: Talk) -> None:
    talk = wide_talk
    await talk.begin()

    await talk.negotiate(talk.near, talk.far, Direction.INACTIVE)
    await talk.negotiate(talk.far, talk.near, Direction.INACTIVE, Direction.INACTIVE)
    _, held = await talk.negotiate(talk.far, talk.near, Direction.SENDRECV, Direction.INACTIVE)
    await talk.silent_both_ways()
    await talk.negotiate(talk.near, talk.far, Direction.SENDRECV)

    assert parse(held).media[0].direction is Direction.INACTIVE
    await talk.heard_both_ways()


async def test_every_description_keeps_its_session_id_and_raises_the_version(
    wide_talk: Talk,
) -> None:
    talk = wide_talk
    texts = [await talk.negotiate(talk.near, talk.far, d) for d in list(Direction)[::3] * 2]

    for side in (0, 1):
        seen = [parse(pair[side]) for pair in texts]
        assert len({d.session_id for d in seen}) == 1
        assert [d.version for d in seen] == sorted({d.version for d in seen})
        assert all("extmap" not in pair[side] and "trickle" not in pair[side] for pair in texts)


async def test_a_withdrawn_offer_leaves_everything_as_it_was(wide_talk: Talk) -> None:
    talk = wide_talk
    await talk.begin()
    local, remote = talk.near.local, talk.near.remote

    await talk.near.offer(Direction.INACTIVE)
    talk.near.withdraw()

    assert (talk.near.local, talk.near.remote) == (local, remote)
    await talk.heard_both_ways()
    await talk.negotiate(talk.far, talk.near, Direction.INACTIVE)
    await talk.silent_both_ways()


async def test_early_media_is_heard_before_the_final_answer(wide_talk: Talk) -> None:
    talk = wide_talk
    talk.start()

    answer = await talk.far.answer(await talk.near.offer())
    await talk.near.accept(answer, provisional=True)
    await talk.heard_both_ways()
    early = talk.near.offering
    await talk.near.accept(answer)

    assert (early, talk.near.offering) == (True, False)
    await talk.heard_both_ways()


async def test_somebody_else_may_answer_after_the_early_media(wide_talk: Talk) -> None:
    talk = wide_talk
    talk.start()
    other_leg = RtpLeg()
    other = Talk("opus")
    other_ear = Speaker(other_leg, 1500.0)
    other_peer = Peer(PeerSettings(), other.near_owner, other_leg)
    other_ear.start()

    offer = await talk.near.offer()
    await talk.near.accept(await talk.far.answer(offer), provisional=True)
    await talk.heard_both_ways()
    await talk.near.accept(await other_peer.answer(offer))

    await until(lambda: hears(talk.near_ear, 1500.0), what="the other's tone")
    await until(lambda: hears(other_ear, NEAR_HZ), what="ours at the other")
    await other_ear.stop()
    await other_peer.close()


async def test_nothing_is_left_after_close() -> None:
    before = asyncio.all_tasks()
    talk = Talk("opus")
    await talk.begin()

    await talk.end()
    await talk.near.close()

    assert asyncio.all_tasks() == before
    assert talk.near.state is PeerState.CLOSED
