"""AgentHub keeps the contract of all adapters."""

from __future__ import annotations

import pytest

from softphone.model import command as c
from tests.adapters.agenthub.agent import NAME, Floor, Seat
from tests.adapters.contract import *  # noqa: F403  # that is how the contract is used

RUBBISH = (
    *("malformed_json", "deep_json", "unknown_type", "hostile_text", "wrong_types", "bad_refs"),
    *("binary", "flood", "oversize"),
)


class AgentHubBench(Seat):
    """A seat, with the names of the contract for what the lab can do to it."""

    floor: Floor

    async def go_online(self) -> None:
        await self.do(c.GoOnline(NAME))

    async def drop_line(self) -> None:
        await self.floor.drop(1006)

    async def refuse_connections(self, on: bool) -> None:
        if on:
            await self.floor.fault("handshake", socket="agenthub", status=503)
        else:
            await self.floor.ask(self.floor.control.clear_faults, "handshake")

    async def refuse_sign_in(self) -> None:
        await self.floor.fault("handshake", socket="agenthub", status=403)

    async def send_rubbish(self) -> int:
        for name in RUBBISH:
            await self.floor.fault(name)
        return 1  # for the message that is too large


@pytest.fixture
def bench(floor: Floor) -> AgentHubBench:
    made = AgentHubBench(**floor.account(reconnect_backoff_ms=[200]))
    made.floor = floor
    floor.seats.append(made)
    return made
