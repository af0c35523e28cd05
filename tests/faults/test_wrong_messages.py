"""Wrong messages through a real socket into a whole engine: it stays at work, and its console shows
nothing that could act on a terminal."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from softphone.model import command as c
from softphone.model.call import Call, CallState, EndReason
from tests.engine.office import until
from tests.faults.frames import BINARY, TEXT, frame
from tests.faults.site import Site, a_site
from tests.fuzz.drivers import DRIVERS, harmful
from tests.fuzz.mutator import Mutator

_KINDS = ("audin", "ribbon", "agenthub", "observer")
_SIGNALLING = {"audin": "presence", "ribbon": "ebsocket", "agenthub": "socket", "observer": ""}
_AT_ONCE = 20
_PAUSE_S = 0.05
_CIRCUIT_S = 60.0  # who was told too much nonsense too often rests for half a minute


@pytest.mark.parametrize("kind", _KINDS)
async def test_an_engine_that_is_told_nonsense_stays_at_work(
    folder: Path, kind: str, nightly: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_site(folder, kind) as site:
        await site.online()
        driver = DRIVERS[kind]()
        mutator = Mutator(driver.seeds, seed=28)

        for number in range(300 if nightly else 60):
            await _tell(site, mutator.next())
            if number % _AT_ONCE == 0:
                await asyncio.sleep(_PAUSE_S)
        await _works(site)

        told = [event for event in site.seat.events if harmful(event, driver.longest)]
        assert told == []
    ours = [one for one in caplog.records if one.name.startswith(("softphone", "asyncio"))]
    assert [one.getMessage() for one in ours if one.levelno >= logging.ERROR] == []


async def _tell(site: Site, message: str | bytes) -> None:
    """Let the server say something; the line may be lost by it, and is waited for."""
    is_text = isinstance(message, str)
    data = message.encode("utf-8", "replace") if isinstance(message, str) else message
    whole = frame(TEXT if is_text else BINARY, data)
    while not site.proxy.inject(whole, only=_SIGNALLING[site.account]):
        await site.online(_CIRCUIT_S)
        await asyncio.sleep(_PAUSE_S)


async def _works(site: Site) -> None:
    """The line is up, and where there are calls one is made and ended."""
    await asyncio.sleep(1.0)  # what was said last may still cost the line
    await site.online(_CIRCUIT_S)
    if site.account not in ("audin", "ribbon"):
        return
    for call in [one for one in site.seat.state.calls.values() if one.state is not CallState.ENDED]:
        if call.state is not CallState.RINGING:
            await site.seat.ask(c.HangUp(call.id, now=True))
    target = "tone@lab.test" if site.account == "ribbon" else "tone"
    for _ in range(100):  # the call of a wrong message may have to end first
        if (await site.seat.ask(c.Dial(target))).ok:
            break
        await asyncio.sleep(0.2)
    await until(lambda: _active(site), 20.0)
    (call,) = _active(site)
    await site.seat.do(c.HangUp(call.id, now=True))
    assert (await site.seat.over(call.id)).end_reason is EndReason.HANGUP


def _active(site: Site) -> list[Call]:
    return [one for one in site.seat.state.calls.values() if one.state is CallState.ACTIVE]
