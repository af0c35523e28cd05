"""Chromium as a client of the lab's gateway: one peer connection through hold, transfer, join.

A browser client keeps its peer connection when it is handed to another far end: what the gateway
offers then must fit what was agreed before (reference, 4.13).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.plain_ribbon_client import Call, Client, until
from tests.lab.ribbon_place import Gateway
from tests.lab.test_ribbon_handover import hold, join
from tests.webrtc.browser import Browser, browser, find

pytestmark = pytest.mark.real

LIMIT_S = 20.0


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Browser]:
    if not find():
        pytest.skip("Chromium is not installed (apt install chromium)")
    async with browser(tmp_path) as made:
        yield made


class PageCall:
    """A call of a user whose media is the page's."""

    def __init__(self, client: Client, page: Browser, session: str = "") -> None:
        self.client, self.page, self.session = client, page, session

    async def put(self, **request: Any) -> None:
        path = f"callControl/callSessions/{self.session}"
        await self.client.ok("PUT", path, {"callControlRequest": request})

    async def call(self, to: str, codec: str) -> None:
        await self.page.ask("setup", codec=codec)
        request = {"type": "callStart", "to": to, "sdp": await self.page.ask("offer")}
        said = await self.client.ok("POST", "callControl", {"callControlRequest": request})
        self.session = said["callControlResponse"]["sessionData"]
        await self.accept()

    async def take(self, codec: str = "pcmu") -> None:
        """Answer the call that rings."""
        notice = (await self.client.told("call"))["sessionParams"]
        self.session = notice["sessionData"]
        await self.put(type="ringing")
        await self.page.ask("setup", codec=codec)
        sdp = await self.page.ask("answer", sdp=notice["sdp"], direction="sendrecv")
        await self.put(type="callAnswer", sdp=sdp)

    async def accept(self) -> None:
        notice = await self.client.told("respondCallUpdate", self.session)
        await self.page.ask("accept", sdp=notice["sessionParams"]["sdp"])

    async def change(self, direction: str) -> None:
        sdp = await self.page.ask("offer", direction=direction)
        await self.put(type="startCallUpdate", sdp=sdp)
        await self.accept()

    async def respond(self, direction: str = "sendrecv") -> None:
        """Answer an offer on the peer connection there is."""
        notice = await self.client.told("startCallUpdate", self.session)
        sdp = notice["sessionParams"]["sdp"]
        answer = await self.page.ask("answer", sdp=sdp, direction=direction)
        await self.put(type="respondCallUpdate", sdp=answer)

    async def hears(self, hz: float) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                heard = await self.page.ask("heard")
                if heard["db"] is not None and heard["db"] > -60 and abs(heard["hz"] - hz) < 15:
                    return
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("codec", ["opus", "pcmu"])
async def test_a_page_hears_a_far_end_holds_and_resumes(
    gateway: Gateway, page: Browser, codec: str
) -> None:
    call = PageCall(await gateway.device("alice"), page)
    where = "sip:tone@lab.test" if codec == "pcmu" else "sip:echo@lab.test"

    await call.call(where, codec)
    if codec == "pcmu":
        await call.hears(1004.0)
    await call.change("inactive")
    await call.change("sendrecv")
    await gateway.act("far-end", "alice", what="hold")
    await call.respond("inactive")
    await gateway.act("far-end", "alice", what="resume")
    await call.respond()

    if codec == "pcmu":
        await call.hears(1004.0)
    state = await page.ask("state")
    assert state["all"] == "connected"


async def test_a_page_is_transferred_to_another_far_end(gateway: Gateway, page: Browser) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call("bob@lab.test", 440.0)
    rung = PageCall(bob, page)
    await rung.take()
    await call.answered()
    await rung.hears(440.0)
    await hold_page(call, rung)

    await call.put(type="transfer", address="sip:tone@lab.test")
    await rung.respond()

    await rung.hears(1004.0)


async def test_a_page_is_joined_with_another_call(gateway: Gateway, page: Browser) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call("bob@lab.test", 440.0)
    rung = PageCall(bob, page)
    await rung.take()
    await call.answered()
    await hold_page(call, rung)
    second = await alice.call("tone@lab.test")
    await second.answered()
    await hold(second)

    joined = await join(alice, call, second)
    await joined.answered()
    await rung.respond()

    await joined.media.hears(1004.0)
    await until(lambda: joined.media.frames > 50, "frames")
    await rung.hears(1004.0)


async def hold_page(call: Call, rung: PageCall) -> None:
    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    await rung.respond("inactive")
    await call.answered()
