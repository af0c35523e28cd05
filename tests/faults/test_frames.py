"""Frames no decent server sends: they end a connection at most, and it comes back."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from softphone.model.presence import LinkState
from tests.faults.frames import BREAKING, STAYING, Torture
from tests.faults.site import Site, a_site

_KINDS = ("audin", "ribbon", "agenthub", "observer")
_SIGNALLING = {"audin": "presence", "ribbon": "ebsocket", "agenthub": "socket", "observer": ""}
_A_SITE = 4  # more connections that die young would open the circuit breaker
_GROWTH_LIMIT_BYTES = 12 * 1024 * 1024  # of 100 MB that were sent; lab and proxy grow in it too
_SHORT = BREAKING[:_A_SITE]
_PARTS = [BREAKING[first : first + _A_SITE] for first in range(0, len(BREAKING), _A_SITE)]


@pytest.mark.parametrize("kind", _KINDS)
async def test_odd_frames_are_survived_and_broken_ones_cost_one_connection(
    folder: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_site(folder, kind) as site:
        await site.online()
        for torture in STAYING:
            await _stays(site, torture)
        for torture in _SHORT:
            await _breaks(site, torture)
    _assert_no_traceback(caplog)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(1, len(_PARTS)))
@pytest.mark.parametrize("kind", _KINDS)
async def test_every_broken_frame_costs_one_connection(
    folder: Path, kind: str, part: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_site(folder, kind) as site:
        await site.online()
        for torture in _PARTS[part]:
            await _breaks(site, torture)
    _assert_no_traceback(caplog)


async def _stays(site: Site, torture: Torture) -> None:
    losses = len(site.lost())
    assert site.proxy.inject(torture.data, only=_SIGNALLING[site.account]) == 1, torture.name

    await asyncio.sleep(0.05)

    assert len(site.lost()) == losses, torture.name
    assert site.link() is LinkState.ONLINE, torture.name


async def _breaks(site: Site, torture: Torture) -> None:
    losses, before = len(site.lost()), _resident_bytes()
    assert site.proxy.inject(torture.data, only=_SIGNALLING[site.account]) == 1, torture.name

    try:
        await site.recovered(losses)
    except TimeoutError:
        raise AssertionError(f"not back after {torture.name}: {site.seat.log()}") from None

    assert site.lost()[losses].cause, torture.name
    assert _resident_bytes() - before < _GROWTH_LIMIT_BYTES + len(torture.data), torture.name


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _assert_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    ours = [one for one in caplog.records if one.name.startswith(("softphone", "asyncio"))]
    loud = [one for one in ours if one.levelno >= logging.ERROR or one.exc_info]
    assert [one.getMessage() for one in loud] == []
