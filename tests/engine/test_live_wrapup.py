"""After-call work: withdrawn when a call ends, available again by itself or by key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone.config import CallsConfig
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from tests.engine.office import AUDIN, Office, Seat, an_office, until


def availabilities(desk: Seat) -> list[bool]:
    """Return whether offers were taken, one entry a change."""
    changes = [x.account for x in desk.events if isinstance(x, e.AccountChanged)]
    told = [bool(a.availability.accepted) for a in changes if a.name == AUDIN]
    return [now for before, now in zip([None, *told], told, strict=False) if now != before]


async def a_call(desk: Seat) -> CallId:
    call = await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    return call.id


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    async with an_office(folder, calls=CallsConfig(wrap_up_s=0.3)) as made:
        yield made


async def test_after_a_call_offers_stop_and_come_back_by_themselves(office: Office) -> None:
    desk = await office.at_work()

    await a_call(desk)
    await until(lambda: availabilities(desk)[-2:] == [False, True])

    assert "after-call work" in desk.log()
    assert office.available()


@pytest.mark.nightly
async def test_a_pause_chosen_meanwhile_stays_one(office: Office) -> None:
    desk = await office.at_work()
    await a_call(desk)
    await until(lambda: availabilities(desk)[-1:] == [False])
    await desk.do(c.SetAvailable(AUDIN, False))
    told = len(availabilities(desk))
    over: list[bool] = []
    office.engine.later(0.5, lambda: over.append(True))

    await until(lambda: over)

    assert len(availabilities(desk)) == told
    assert not office.available()


async def test_a_call_nobody_answered_needs_no_work(office: Office) -> None:
    desk = await office.at_work()
    placed = await desk.do(c.Dial("busy"))
    assert isinstance(placed, c.CallPlaced)

    await desk.over(placed.call)

    assert "after-call work" not in desk.log()
