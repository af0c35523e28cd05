"""Candidates from servers: STUN answers, broken URLs, and a machine with loopback only."""

from __future__ import annotations

import asyncio
from typing import cast

import aioice.ice
import pytest
from aioice import stun

from softphone.secret import Secret
from softphone.webrtc.gather import _parsed
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import IceServer, Peer, PeerSettings, PeerState
from softphone.webrtc.sdp import parse
from tests.webrtc.support import Owner, until
from tests.webrtc.talk import Talk
from tests.webrtc.turnserver import PASSWORD, USER, TurnServer

PUBLIC = ("203.0.113.7", 4321)


def host_address() -> str:
    """Return the address that our candidates have too."""
    return (aioice.ice.get_host_addresses(True, False) or ["127.0.0.1"])[0]


class StunServer(asyncio.DatagramProtocol):
    """Answers every question with the same public address."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        question = stun.parse_message(data)
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=question.transaction_id,
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = PUBLIC
        self.transport.sendto(bytes(answer), addr)


async def test_a_stun_server_tells_our_public_address() -> None:
    loop = asyncio.get_running_loop()
    host = host_address()
    transport, _ = await loop.create_datagram_endpoint(StunServer, local_addr=(host, 0))
    port = transport.get_extra_info("sockname")[1]
    settings = PeerSettings(ice_servers=(IceServer((f"stun:{host}:{port}", "nonsense:1")),))
    peer = Peer(settings, Owner(), RtpLeg())

    offer = await peer.offer()

    audio = parse(offer).media[0]
    public = [c for c in audio.transport.candidates if "typ srflx" in c]
    assert len(public) == 1 and "203.0.113.7 4321" in public[0]
    assert "c=IN IP4 203.0.113.7" in offer and audio.port == 4321
    await peer.close()
    transport.close()


def only_relays(text: str) -> str:
    lines = text.split("\r\n")
    return "\r\n".join(x for x in lines if "a=candidate" not in x or "typ relay" in x)


def all_of_it(text: str) -> str:
    return text


async def test_a_call_goes_through_a_turn_server_and_does_not_wait_for_a_dead_one() -> None:
    server = TurnServer()
    url = await server.open(host_address())
    servers = (
        IceServer((url,), USER, Secret(PASSWORD)),
        IceServer(("stun:192.0.2.1:9",)),
    )
    settings = PeerSettings(ice_servers=servers, edit=(only_relays,), gather_limit_s=30.0)
    talk = Talk("PCMU", settings)

    await talk.begin()

    numbers, gathered = talk.near.statistics(), talk.near.gathered
    assert numbers.local_kind == "relay" and server.relayed > 10
    assert gathered is not None and len(gathered.relays) == 1
    assert gathered.end_s - gathered.start_s < 1.0  # a relay for each TURN server is enough
    await talk.end()
    await server.close()


async def test_a_restart_does_not_wait_for_the_turn_server_of_the_way_it_leaves() -> None:
    server = TurnServer()
    servers = (IceServer((await server.open(host_address()),), USER, Secret(PASSWORD)),)
    edits = [only_relays]
    settings = PeerSettings(
        ice_servers=servers,
        edit=(lambda text: edits[0](text),),
        gather_limit_s=0.3,
        unheard_s=0.4,
        patience_s=0.2,
    )
    talk = Talk("PCMU", settings)
    await talk.begin()
    edits[0] = all_of_it

    await server.close()  # it never answers the good-bye
    await until(lambda: talk.near.state is PeerState.FAILED, what="lost")
    await talk.near.accept(await talk.far.answer(await talk.near.offer(restart=True)))

    await until(lambda: talk.near.state is PeerState.COMPLETED, 5.0, "the new way")
    await talk.heard_both_ways()
    await talk.end()


async def test_a_turn_server_that_refuses_us_costs_its_candidate_only() -> None:
    server = TurnServer()
    url = await server.open(host_address())
    settings = PeerSettings(ice_servers=(IceServer((url,), USER, Secret("wrong")),))
    peer = Peer(settings, Owner(), RtpLeg())

    offer = await peer.offer()

    assert "typ host" in offer and "typ relay" not in offer
    await peer.close()
    await server.close()


async def test_a_machine_with_loopback_only_can_make_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # what aioice finds there; a real one needs a network namespace
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    talk = Talk("PCMU")

    await talk.begin()

    assert talk.near.statistics().local_address.startswith("127.0.0.1:")
    await talk.end()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("stun:a.example", ("stun", "a.example", 3478, "udp")),
        ("turn:a.example:9?transport=tcp", ("turn", "a.example", 9, "tcp")),
        ("turns:a.example", ("turns", "a.example", 5349, "tcp")),
        ("turn:[2001:db8::1]:3479", ("turn", "2001:db8::1", 3479, "udp")),
    ],
)
def test_a_servers_url_is_read(url: str, found: tuple[str, str, int, str]) -> None:
    server = IceServer((url,), "user", Secret("sesame"))

    (read,) = _parsed([server])

    assert (read.kind, read.host, read.port, read.transport) == found
    assert (read.username, read.password) == ("user", Secret("sesame"))
    assert "sesame" not in repr(read)


@pytest.mark.parametrize("url", ["", "http://x", "stun:", "stun:a b", "turn:x:999999"])
def test_a_url_that_cannot_be_read_is_left_out(url: str) -> None:
    assert _parsed([IceServer((url,))]) == []
