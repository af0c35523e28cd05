"""Presence that follows calls, where somebody has published one."""

from __future__ import annotations

from pathlib import Path

from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model.presence import Activity, LinkState
from tests.engine.office import RIBBON, Office, Seat, an_office, until


def activity(desk: Seat) -> Activity | None:
    own = [p for p in desk.state.presence.values() if p.account == RIBBON]
    return own[0].activity if own else None


async def signed_in(office: Office) -> Seat:
    desk = await office.at_work()
    await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
    return desk


async def test_presence_says_on_the_phone_and_then_what_was_before(folder: Path) -> None:
    async with an_office(folder, gateway={"presence": "away", "presence_note": "desk 4"}) as office:
        desk = await signed_in(office)
        await until(lambda: activity(desk) is Activity.AWAY)

        call = await desk.dial(FAR_ENDS["tone"])  # on another platform
        await until(lambda: activity(desk) is Activity.ON_THE_PHONE)
        await desk.do(c.HangUp(call.id))
        await until(lambda: activity(desk) is Activity.AWAY)

        await desk.dial(FAR_ENDS["tone"])
        await until(lambda: activity(desk) is Activity.ON_THE_PHONE)
        await desk.do(c.SetPresence(RIBBON, Activity.BUSY))
        await until(lambda: activity(desk) is Activity.BUSY)
        chosen = next(iter(desk.state.live_calls()))
        await desk.do(c.HangUp(chosen.id, now=True))
        await desk.over(chosen.id)

    assert activity(desk) is Activity.BUSY
    assert [p.note for p in desk.state.presence.values() if p.account == RIBBON] == [""]


async def test_who_publishes_nothing_stays_unseen(folder: Path) -> None:
    async with an_office(folder, gateway=True) as office:
        desk = await signed_in(office)

        call = await desk.dial(FAR_ENDS["tone"])
        await desk.do(c.HangUp(call.id))
        await desk.over(call.id)

    assert activity(desk) is None
