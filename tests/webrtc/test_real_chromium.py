"""Calls with Chromium's own WebRTC: what we do is not only understood by ourselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from softphone.audio.tones import DTMF_FREQUENCIES
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import Peer, PeerSettings, PeerState
from softphone.webrtc.sdp import Direction, parse
from tests.webrtc.browser import Browser, browser, find
from tests.webrtc.support import Owner, Speaker, rms, until

pytestmark = pytest.mark.real

TONE_HZ = 1000.0


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Browser]:
    if not find():
        pytest.skip("Chromium is not installed (apt install chromium)")
    async with browser(tmp_path) as made:
        yield made


class Conversation:
    """Our peer and the page."""

    def __init__(self, page: Browser, codec: str) -> None:
        self.page, self.codec = page, codec
        self.leg = RtpLeg()
        self.ear = Speaker(self.leg, TONE_HZ)
        self.owner = Owner()
        self.peer = Peer(PeerSettings(), self.owner, self.leg)

    async def begin(self, *, video: bool = False) -> None:
        """Let the page call."""
        self.ear.start()
        await self.page.ask("setup", codec=self.codec, video=video)
        await self.offered_by_page()
        await until(lambda: self.peer.state is PeerState.COMPLETED, 20.0, "connected")
        await self.both_hear()

    async def offered_by_page(
        self, direction: str = "sendrecv", ours: Direction = Direction.SENDRECV, **more: bool
    ) -> str:
        offer = await self.page.ask("offer", direction=direction, **more)
        answer = await self.peer.answer(offer, ours)
        await self.page.ask("accept", sdp=answer)
        return answer

    async def offered_by_us(
        self, direction: Direction, theirs: str = "sendrecv", *, restart: bool = False
    ) -> None:
        offer = await self.peer.offer(direction, restart=restart)
        await self.peer.accept(await self.page.ask("answer", sdp=offer, direction=theirs))

    async def both_hear(self) -> None:
        await eventually(self._page_hears_us, "the page hears our tone")
        # the fake device beeps once a second
        await until(lambda: rms(self.ear.recent(1.5)) > 300, 20.0, "the page's beep")

    async def neither_hears(self) -> None:
        await eventually(self._page_hears_nothing, "the page hears nothing")
        await until(lambda: rms(self.ear.recent(1.5)) < 5, 20.0, "silence here")

    async def end(self) -> None:
        await self.page.ask("close")
        await self.ear.stop()
        await self.peer.close()

    async def _page_hears_us(self) -> bool:
        heard = await self.page.ask("heard")
        return abs(heard["hz"] - TONE_HZ) < 20 and heard["db"] is not None and heard["db"] > -50

    async def _page_hears_nothing(self) -> bool:
        heard = await self.page.ask("heard")
        return heard["db"] is None or heard["db"] < -80


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, limit_s: float = 20.0
) -> None:
    deadline_s = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline_s, f"it did not happen: {what}"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("codec", ["opus", "pcmu"])
async def test_a_call_with_chromium_is_heard_held_and_resumed_by_both(
    page: Browser, codec: str
) -> None:
    call = Conversation(page, codec)
    await call.begin(video=True)
    assert call.peer.statistics().codec.lower() == codec

    await call.offered_by_us(Direction.INACTIVE)
    await call.neither_hears()
    await call.offered_by_us(Direction.SENDRECV)
    await call.both_hear()

    held = await call.offered_by_page("inactive")
    await call.neither_hears()
    assert parse(held).media[1].direction is Direction.INACTIVE
    await call.offered_by_page("sendrecv")
    await call.both_hear()

    state = await page.ask("state")
    assert state["all"] == "connected" and call.peer.state is PeerState.COMPLETED
    await call.end()


@pytest.mark.parametrize("codec", ["opus", "pcmu"])
async def test_digits_go_both_ways_as_events(page: Browser, codec: str) -> None:
    call = Conversation(page, codec)
    call.ear.tone_hz = 0.0
    call.ear.start()
    await page.ask("setup", codec=codec, video=False)
    await call.offered_by_page()
    await until(lambda: call.peer.state is PeerState.COMPLETED, 20.0, "connected")

    assert await page.ask("tones", digits="159#")
    await until(lambda: call.leg.stats().digits_count >= 4, 20.0, "the page's digits")
    assert call.leg.stats().digits == "159#"

    # the browser plays received events as tones
    heard: set[str] = set()
    assert call.leg.send_tones("7", 1000, 60)

    async def seven() -> bool:
        levels = await page.ask("loudest", hz=list(DTMF_FREQUENCIES["7"]))
        if all(level is not None and level > -60 for level in levels):
            heard.add("7")
        return bool(heard)

    await eventually(seven, "the tone of our event")
    await call.end()


async def test_either_side_may_restart_ice_with_chromium(page: Browser) -> None:
    call = Conversation(page, "opus")
    await call.begin()
    first = call.peer.statistics().local_address

    await call.offered_by_page(restart=True)
    await until(lambda: call.peer.statistics().local_address not in ("", first), 20.0, "moved")
    await call.both_hear()
    second = call.peer.statistics().local_address
    await call.offered_by_us(Direction.SENDRECV, restart=True)
    await until(lambda: call.peer.statistics().local_address not in ("", second), 20.0, "moved")

    await call.both_hear()
    await call.end()


async def test_chromium_answers_our_call(page: Browser) -> None:
    call = Conversation(page, "opus")
    call.ear.start()
    await page.ask("setup", codec="opus", video=False)

    await call.offered_by_us(Direction.SENDRECV)

    await until(lambda: call.peer.state is PeerState.COMPLETED, 20.0, "connected")
    await call.both_hear()
    numbers = await page.ask("stats")
    assert numbers["inbound-rtp"]["packetsReceived"] > 10
    assert np.isclose(numbers["inbound-rtp"]["packetsLost"], 0)
    await call.end()
