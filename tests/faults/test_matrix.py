"""Every fault of a connection in every phase of a call: the line comes back, the operator is told,
and each call is either up on both sides or over on both sides with a record and a reason."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from softphone.model import command as c
from softphone.model.call import Call, CallId, CallState, EndReason
from softphone.model.presence import LinkState
from tests.engine.office import until
from tests.faults.site import Site, a_site

Phase = Callable[[Site], Awaitable[CallId | None]]
Fault = Callable[[Site], Awaitable[None]]
_LIMIT_S = 20.0


# ---- phases of a call --------------------------------------------------------------------------


async def idle(_site: Site) -> None:
    return None


async def ringing(site: Site) -> CallId:
    number = {"audin": "pn_1", "ribbon": "alice@lab.test"}[site.account]
    await asyncio.to_thread(site.control.ring, number, far_end="tone")
    return (await site.seat.offered()).id


async def dialing(site: Site) -> CallId:
    placed = await site.seat.do(c.Dial(_far_end(site, "no_answer")))
    assert isinstance(placed, c.CallPlaced)
    ways = (CallState.DIALING, CallState.ALERTING)
    await until(lambda: any(one.state in ways for one in site.seat.seen(placed.call)))
    return placed.call


async def active(site: Site) -> CallId:
    call = (await site.seat.dial(_far_end(site, "tone"))).id
    await _sound(site)
    return call


async def held(site: Site) -> CallId:
    call = await active(site)
    await site.seat.do(c.Hold(call))
    await until(lambda: site.seat.state.calls[call].held_by_us)
    return call


async def transferring(site: Site) -> CallId:
    call = await active(site)
    asking = asyncio.create_task(site.seat.ask(c.Transfer(call, _far_end(site, "no_answer"))))
    site.asking.append(asking)
    await until(lambda: len(site.lab.hub.services[1].state()["calls"]) > 1)
    return call


# ---- faults ------------------------------------------------------------------------------------


async def fin(site: Site) -> None:
    assert site.proxy.cut() > 0


async def rst(site: Site) -> None:
    assert site.proxy.cut(reset=True) > 0


async def away(site: Site) -> None:
    """The server is gone for a second and refuses whoever comes."""
    await site.proxy.down()
    await until(lambda: site.link() is LinkState.RECONNECTING, _LIMIT_S)
    await asyncio.sleep(1.0)
    await site.proxy.up()


async def half_open(site: Site) -> None:
    """Nothing comes through any more and nothing says so; later the way is free again."""
    site.proxy.mute()
    await until(lambda: site.link() is LinkState.RECONNECTING, 60.0)
    site.proxy.unmute()


_PHASES: dict[str, tuple[Phase, ...]] = {
    "audin": (idle, ringing, dialing, active, held),
    "ribbon": (idle, ringing, dialing, active, held, transferring),
    "agenthub": (idle,),
    "observer": (idle,),
}
_CASES = [(kind, phase) for kind, phases in _PHASES.items() for phase in phases]


@pytest.mark.parametrize("fault", [rst, away], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(
    ("kind", "phase"), _CASES, ids=[f"{kind}-{phase.__name__}" for kind, phase in _CASES]
)
async def test_a_connection_that_breaks_costs_no_more_than_it_must(
    folder: Path, kind: str, phase: Phase, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    await _through(folder, kind, phase, fault, caplog)


@pytest.mark.nightly
@pytest.mark.parametrize("fault", [fin, half_open], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(
    ("kind", "phase"), _CASES, ids=[f"{kind}-{phase.__name__}" for kind, phase in _CASES]
)
async def test_a_connection_that_ends_or_goes_silent_costs_no_more_than_it_must(
    folder: Path, kind: str, phase: Phase, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    await _through(folder, kind, phase, fault, caplog)


@pytest.mark.parametrize("kind", list(_PHASES))
async def test_a_slow_line_in_pieces_of_one_byte_works_like_any_other(
    folder: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_site(folder, kind) as site:
        await site.online()
        site.proxy.slice_bytes = 1
        site.proxy.cut()
        await site.recovered(0)

        if dialing in _PHASES[kind]:
            call = (await site.seat.dial(_far_end(site, "tone"))).id
            await site.seat.do(c.HangUp(call, now=True))
            assert (await site.seat.over(call)).end_reason is EndReason.HANGUP

        assert site.link() is LinkState.ONLINE
    _assert_quiet(caplog)


async def test_the_line_lost_beside_the_sound_loses_no_sound(folder: Path) -> None:
    """Where sound has a socket of its own, it goes on while the signalling comes back."""
    async with a_site(folder, "audin") as site:
        await site.online()
        call = await active(site)
        frames = _frames(site)

        for losses in range(3):
            assert site.proxy.cut(reset=True, only="presence") == 1
            await site.recovered(losses)

        await until(lambda: _frames(site) > frames + 50)
        assert site.seat.state.calls[call].state is CallState.ACTIVE
        assert len(site.lab.hub.services[0].state()["calls"]) == 1


# ---- what must hold ----------------------------------------------------------------------------


async def _through(
    folder: Path, kind: str, phase: Phase, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_site(folder, kind) as site:
        await site.online()
        call = await phase(site)
        losses = len(site.lost())

        await fault(site)
        await site.recovered(losses)

        loss = site.lost()[losses]
        assert loss.cause
        assert loss.retry_mono is not None
        if call is not None:
            await until(lambda: _agree(site), _LIMIT_S)
            now = site.seat.state.calls.get(call)
            if now is not None and phase in (active, held):
                assert now.held_by_us == (phase is held)
            await _recorded(site, call)
        await _can_call_again(site)
    _assert_quiet(caplog)


def _agree(site: Site) -> bool:
    """Tell whether console and lab say the same: as many calls are up here as there.

    An offer may have ended here and come again as another call, as its platform has it.
    """
    listed = [one for service in site.lab.hub.services for one in service.state()["calls"]]
    live = [one for one in listed if one["phase"] != "over"]
    ours = [one for one in live if one["operator"] or one.get("offered")]
    return len(_up(site)) == len(ours)


def _up(site: Site) -> list[Call]:
    return [one for one in site.seat.state.calls.values() if one.state is not CallState.ENDED]


async def _recorded(site: Site, call: CallId) -> None:
    """There is one row of the call, open while it is up, with a reason once it is over."""

    async def rows() -> list[tuple[CallState, EndReason | None]]:
        return [
            (one.call.state, one.call.end_reason)
            for one in await site.records()
            if one.call.id == call
        ]

    mine = site.seat.state.calls.get(call)
    if mine is None or mine.state is CallState.ENDED:
        ((state, reason),) = await rows()
        assert state is CallState.ENDED
        assert reason is not None
    else:
        ((state, _),) = await rows()
        assert state is not CallState.ENDED


async def _can_call_again(site: Site) -> None:
    """The next call is made and ended as if nothing had been."""
    if dialing not in _PHASES[site.account]:
        return
    for one in _up(site):
        ringing = one.state is CallState.RINGING
        await site.seat.do(c.Decline(one.id) if ringing else c.HangUp(one.id, now=True))
        await site.seat.over(one.id)
    again = await site.seat.dial(_far_end(site, "tone"))
    await site.seat.do(c.HangUp(again.id, now=True))
    assert (await site.seat.over(again.id)).end_reason is EndReason.HANGUP


def _assert_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was worth a traceback or an error line."""
    ours = [one for one in caplog.records if not one.name.startswith("aiohttp.server")]  # the lab's
    loud = [one for one in ours if one.levelno >= logging.ERROR or one.exc_info]
    assert [one.getMessage() for one in loud] == []


def _far_end(site: Site, name: str) -> str:
    return f"{name}@lab.test" if site.account == "ribbon" else name


async def _sound(site: Site) -> None:
    frames = _frames(site)
    await until(lambda: _frames(site) > frames + 5)


def _frames(site: Site) -> int:
    """Return how many frames the lab has of what we sent."""
    calls = [one for service in site.lab.hub.services for one in service.state()["calls"]]
    return sum(int(one.get("received", {}).get("frames", 0)) for one in calls)
