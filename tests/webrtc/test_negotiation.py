"""Offers as they come from other programs, and what a peer answers."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from softphone.model.error import OutOfOrder, ProtocolError
from softphone.secret import Secret
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import IceServer, Peer, PeerSettings, PeerState
from softphone.webrtc.sdp import CodecSelector, Direction, parse, preferring
from tests.webrtc.data import SDK_OFFER
from tests.webrtc.support import Owner, Speaker, until
from tests.webrtc.talk import FAR_HZ, Talk, hears


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer(PeerSettings(), Owner(), RtpLeg())
    yield made
    await made.close()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    made = Talk("opus")
    yield made
    await made.end()


def line(text: str, start: str) -> str:
    return next(row for row in text.split("\r\n") if row.startswith(start))


async def test_video_is_answered_inactive_in_its_place_and_never_with_port_nought(
    peer: Peer,
) -> None:
    answer = parse(await peer.answer(SDK_OFFER))

    audio, video = answer.media
    assert (audio.kind, audio.direction) == ("audio", Direction.SENDRECV)
    assert (video.kind, video.direction, video.mid) == ("video", Direction.INACTIVE, "1")
    assert video.port > 0
    assert answer.bundle == ("0", "1")
    assert [c.name for c in video.codecs] == ["VP8", "rtx", "H264"]


async def test_an_answer_takes_the_offers_numbers_and_order(peer: Peer) -> None:
    answer = parse(await peer.answer(preferring(SDK_OFFER, ["PCMA"]))).media[0]

    assert [(c.payload_type, c.name) for c in answer.codecs] == [
        (8, "PCMA"),
        (111, "opus"),
        (0, "PCMU"),
        (110, "telephone-event"),
        (126, "telephone-event"),
    ]
    assert answer.transport.setup == "active" and answer.transport.rtcp_mux


async def test_an_offer_that_insists_on_connecting_is_answered_passively(peer: Peer) -> None:
    answer = await peer.answer(SDK_OFFER.replace("a=setup:actpass", "a=setup:active"))

    assert parse(answer).media[0].transport.setup == "passive"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "BAD_SDP"),
        (SDK_OFFER.replace("m=audio 58803", "m=text 58803"), "NO_AUDIO"),
        (SDK_OFFER.replace("SAVPF 111 63 9 0 8 13 110 126", "SAVPF 63 9 13 126"), "NO_CODEC"),
        (SDK_OFFER.replace("a=ice-ufrag", "a=x"), "BAD_SDP"),
        (SDK_OFFER.replace("a=fingerprint", "a=x"), "BAD_SDP"),
        (SDK_OFFER.replace("a=rtcp-mux", "a=x"), "BAD_SDP"),
    ],
)
async def test_a_bad_offer_in_a_call_is_refused_and_the_call_goes_on(
    talk: Talk, text: str, code: str
) -> None:
    await talk.begin()
    before = talk.far.local, talk.far.remote, talk.far.terms

    with pytest.raises(ProtocolError) as caught:
        await talk.far.answer(text)

    assert caught.value.code == code
    assert (talk.far.local, talk.far.remote, talk.far.terms) == before
    await talk.heard_both_ways()


async def test_a_bad_answer_is_refused_and_the_right_one_may_still_come(talk: Talk) -> None:
    talk.start()
    answer = await talk.far.answer(await talk.near.offer())

    for wrong in ("nonsense", SDK_OFFER, answer.replace("m=audio ", "m=video ")):
        with pytest.raises(ProtocolError):
            await talk.near.accept(wrong)
    await talk.near.accept(answer)

    await talk.heard_both_ways()
    with pytest.raises(OutOfOrder):
        await talk.near.accept(answer)


async def test_a_data_channel_is_refused_and_the_audio_stays(peer: Peer) -> None:
    offer = SDK_OFFER.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + (
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    )

    answer = parse(await peer.answer(offer))

    assert [m.kind for m in answer.media] == ["audio", "video", "application"]
    assert answer.media[2].rejected and not answer.media[0].rejected
    assert answer.bundle == ("0", "1")


async def test_without_a_bundle_every_line_has_a_way_of_its_own(peer: Peer) -> None:
    answer = parse(await peer.answer(SDK_OFFER.replace("a=group:BUNDLE 0 1\r\n", "")))

    audio, video = answer.media
    assert answer.bundle == ()
    assert audio.port != video.port and video.candidates > 0
    assert audio.transport.ufrag != video.transport.ufrag


async def test_removed_codecs_are_neither_offered_nor_answered() -> None:
    settings = PeerSettings(removed=(CodecSelector("opus"),), audio_kbps=40)
    peer = Peer(settings, Owner(), RtpLeg())

    answer = await peer.answer(SDK_OFFER)
    offer = await peer.offer()
    await peer.close()

    assert "opus" not in answer and "opus" not in offer
    assert "b=AS:40\r\nb=TIAS:40000\r\n" in offer and "b=AS:40" in answer


async def test_a_users_edits_see_every_description() -> None:
    seen: list[str] = []

    def edit(text: str) -> str:
        seen.append(text)
        return text.replace("s=-", "s=edited")

    peer = Peer(PeerSettings(edit=(edit,), telephone_event=False), Owner(), RtpLeg())

    offer = await peer.offer()
    answer = await peer.answer(SDK_OFFER)
    await peer.close()

    assert len(seen) == 2 and "s=edited" in offer and "s=edited" in answer
    assert "telephone-event" not in offer + answer


async def test_roles_stay_when_the_other_side_offers_later(talk: Talk) -> None:
    await talk.begin()

    _, first = await talk.negotiate(talk.near, talk.far, Direction.INACTIVE)
    offer, second = await talk.negotiate(talk.far, talk.near, Direction.SENDRECV)

    assert parse(first).media[0].transport.setup == "active"
    assert parse(offer).media[0].transport.setup == "actpass"
    assert parse(second).media[0].transport.setup == "passive"
    await talk.heard_both_ways()


async def test_new_credentials_in_an_offer_move_the_call_to_new_candidates(talk: Talk) -> None:
    await talk.begin()
    old = talk.near.statistics()

    answer = await talk.far.answer(await talk.near.offer(restart=True))
    await talk.near.accept(answer)

    await until(
        lambda: talk.near.statistics().local_address != old.local_address, what="another port"
    )
    await talk.heard_both_ways()
    assert PeerState.FAILED not in talk.near_owner.states + talk.far_owner.states


async def test_a_restart_that_is_refused_leaves_the_call_where_it_was(talk: Talk) -> None:
    await talk.begin()
    old = talk.near.statistics().local_address

    await talk.near.offer(restart=True)
    talk.near.withdraw()

    await talk.negotiate(talk.near, talk.far)
    assert talk.near.statistics().local_address == old
    await talk.heard_both_ways()


async def test_a_restart_may_be_tried_again_at_once_after_a_refusal(talk: Talk) -> None:
    await talk.begin()
    old = talk.near.statistics().local_address
    await talk.near.offer(restart=True)
    talk.near.withdraw()

    answer = await talk.far.answer(await talk.near.offer(restart=True))
    await talk.near.accept(answer)

    await until(lambda: talk.near.statistics().local_address != old, what="another port")
    await talk.heard_both_ways()


async def test_packets_are_marked_for_the_network_when_asked_for() -> None:
    talk = Talk("PCMU", PeerSettings(dscp=46))
    await talk.begin()

    port = int(talk.near.statistics().local_address.rpartition(":")[2])
    path = talk.near._main
    assert path is not None
    sockets = [p.transport.get_extra_info("socket") for p in path._connection._protocols]
    marked = next(s for s in sockets if s.getsockname()[1] == port)

    six = marked.family == socket.AF_INET6
    level, option = (
        (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if six else (socket.IPPROTO_IP, socket.IP_TOS)
    )
    assert marked.getsockopt(level, option) == 46 << 2
    await talk.end()


async def test_an_offer_of_another_far_end_moves_the_call_to_it(talk: Talk) -> None:
    await talk.begin()
    other_leg = RtpLeg()
    ear = Speaker(other_leg, 1500.0)
    other = Peer(PeerSettings(), Owner(), other_leg)
    ear.start()

    await other.accept(await talk.near.answer(await other.offer()))

    await until(lambda: hears(talk.near_ear, 1500.0), what="the other's tone")
    await until(lambda: hears(ear, 1000.0), what="ours at the other")
    assert talk.near.state is PeerState.COMPLETED
    await ear.stop()
    await other.close()


async def test_an_answer_that_a_users_edit_spoils_leaves_call_and_sockets_as_they_were() -> None:
    spoil = False

    def edit(text: str) -> str:
        return text.replace("m=audio", "m=text") if spoil else text

    talk = Talk("opus", PeerSettings(edit=(edit,)))
    await talk.begin()
    other = Peer(PeerSettings(), Owner(), RtpLeg())
    offers = [await other.offer(), await talk.far.offer(restart=True)]
    talk.far.withdraw()
    spoil = True

    for offer in offers:
        with pytest.raises(ProtocolError):
            await talk.near.answer(offer)

    spoil = False
    await talk.heard_both_ways()
    await talk.negotiate(talk.far, talk.near)
    await talk.heard_both_ways()
    await other.close()
    await talk.end()


async def test_a_leg_goes_on_with_a_new_peer(talk: Talk) -> None:
    await talk.begin()

    fresh = Peer(PeerSettings(), talk.near_owner, talk.near_leg)
    await fresh.accept(await talk.far.answer(await fresh.offer()))
    await talk.near.close()

    await until(lambda: fresh.state is PeerState.COMPLETED, what="the new peer's connection")
    await talk.heard_both_ways()
    await fresh.close()


async def test_servers_that_do_not_answer_cost_no_more_than_the_limit() -> None:
    dead = (IceServer(("stun:192.0.2.1:9", "turn:192.0.2.1:9"), "user", Secret("word")),)
    settings = PeerSettings(ice_servers=dead, gather_ideal_s=0.1, gather_limit_s=0.3)
    peer = Peer(settings, Owner(), RtpLeg())
    begun_s = time.monotonic()

    offer = await peer.offer()

    spent_s = time.monotonic() - begun_s
    assert 0.25 < spent_s < 2.0
    assert parse(offer).media[0].candidates > 0
    assert peer.gathered is not None and peer.gathered.candidates > 0
    assert peer.gathered.end_s - peer.gathered.start_s >= 0.25
    await peer.close()


async def test_closing_while_candidates_are_collected_waits_for_nothing() -> None:
    dead = (IceServer(("stun:192.0.2.1:9",)),)
    peer = Peer(PeerSettings(ice_servers=dead, gather_limit_s=30.0), Owner(), RtpLeg())
    offering = asyncio.create_task(peer.offer())
    await until(lambda: peer.gathered is not None)
    begun_s = time.monotonic()

    await peer.close()

    with pytest.raises(OutOfOrder):
        await offering
    assert time.monotonic() - begun_s < 2.0


async def test_a_far_end_that_falls_silent_is_told_and_told_again_when_it_speaks() -> None:
    talk = Talk("PCMU", PeerSettings(silent_s=0.5))
    await talk.begin()

    await talk.far_ear.stop()
    await until(lambda: talk.near_owner.silences == [True], what="told that it is silent")
    talk.far_ear.start()
    await until(lambda: talk.near_owner.silences == [True, False], what="told that it speaks")

    await talk.end()


async def test_a_held_line_is_not_called_silent() -> None:
    talk = Talk("PCMU", PeerSettings(silent_s=0.1))
    await talk.begin()

    await talk.negotiate(talk.near, talk.far, Direction.INACTIVE)
    await talk.silent_both_ways()
    await talk.negotiate(talk.near, talk.far)
    await talk.heard_both_ways()

    assert talk.near_owner.silences == []
    await talk.end()


async def test_statistics_count_what_went_both_ways(talk: Talk) -> None:
    await talk.begin()
    near = talk.near
    await until(lambda: near.statistics().round_trip_ms is not None, what="a round trip")

    numbers, far = near.statistics(), talk.far.statistics()

    assert numbers.packets_sent > 10 and numbers.packets_received > 10
    assert numbers.packets_lost == 0 and numbers.codec == "opus"
    assert numbers.local_address == far.remote_address and numbers.local_kind == "host"
    assert numbers.ice_state == "completed" and numbers.dtls_state == "connected"
    assert 0 <= (numbers.round_trip_ms or 0) < 500 and numbers.jitter_ms < 100
    await until(lambda: talk.near_leg.stats().round_trip_ms is not None)
    assert talk.near_leg.stats().codec == "opus"


async def test_a_far_end_that_vanishes_is_disconnected_and_then_failed() -> None:
    talk = Talk("PCMU", PeerSettings(unheard_s=0.4, patience_s=0.4), PeerSettings())
    await talk.begin()

    await talk.far_ear.stop()
    await talk.far.close()
    await until(lambda: talk.near.state is PeerState.FAILED, what="failed")

    assert talk.near_owner.states[-2:] == [PeerState.DISCONNECTED, PeerState.FAILED]
    await talk.end()


async def test_a_far_end_with_another_certificate_than_it_said_is_not_talked_to() -> None:
    talk = Talk("PCMU")
    offer = await talk.near.offer()
    answer = await talk.far.answer(offer)
    print_of = line(answer, "a=fingerprint").split()[-1]
    other = ":".join(["00"] * 32)

    await talk.near.accept(answer.replace(print_of, other))

    await until(lambda: talk.near.state is PeerState.FAILED, what="refused")
    await talk.end()


@pytest.mark.parametrize("candidate", ["127.0.0.1 9", "nobody.local 9", "not an address"])
async def test_a_far_end_that_cannot_be_reached_fails(candidate: str) -> None:
    owner = Owner()
    peer = Peer(PeerSettings(connect_limit_s=0.5), owner, RtpLeg())

    await peer.answer(SDK_OFFER.replace("192.0.2.2 58803 typ", f"{candidate} typ"))

    await until(lambda: peer.state is PeerState.FAILED, what="failed")
    assert owner.states == [PeerState.CHECKING, PeerState.FAILED]
    await peer.close()


async def test_tones_of_the_far_end_are_heard_after_a_change_of_codec() -> None:
    talk = Talk(("opus", "PCMU"))
    await talk.begin()

    offer = await talk.far.offer()
    narrow = preferring(offer, ["PCMU"])
    await talk.far.accept(await talk.near.answer(narrow))

    await until(lambda: talk.near.statistics().codec == "PCMU", what="PCMU")
    await until(lambda: talk.far_leg.stats().codec == "pcmu", what="PCMU at the far end")
    await talk.heard_both_ways()
    assert hears(talk.near_ear, FAR_HZ)
    await talk.end()
