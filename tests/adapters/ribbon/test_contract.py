"""Ribbon keeps the contract of all adapters."""

from __future__ import annotations

import pytest

from softphone.model import command as c
from tests.adapters.contract import *  # noqa: F403  # that is how the contract is used
from tests.adapters.ribbon.seat import NAME, Floor, Seat


class RibbonBench(Seat):
    """A seat, with the names of the contract for what the lab can do to it."""

    floor: Floor

    async def go_online(self) -> None:
        await self.do(c.GoOnline(NAME))

    async def drop_line(self) -> None:
        await self.floor.ask(self.floor.control.drop, "ribbon", "alice@lab.test", 1006)

    async def refuse_connections(self, on: bool) -> None:
        if on:
            await self.floor.fault("handshake", socket="notification", status=503)
        else:
            await self.floor.ask(self.floor.control.clear_faults, "handshake")

    async def refuse_sign_in(self) -> None:
        await self.floor.fault("rest", resource="subscription", status=403, code=4)

    async def send_rubbish(self) -> int:
        for name in RUBBISH:
            await self.floor.fault(name)
        return 1  # for the frame that is too large


RUBBISH = ("deep_json", "unknown_type", "hostile_text", "wrong_types", "oversize", "flood")


@pytest.fixture
def bench(floor: Floor) -> RibbonBench:
    made = RibbonBench(**floor.account())
    made.floor = floor
    floor.seats.append(made)
    return made
