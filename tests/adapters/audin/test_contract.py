"""Audin keeps the contract of all adapters."""

from __future__ import annotations

import pytest

from softphone.model import command as c
from tests.adapters.audin.desk import NAME, Desk, Room
from tests.adapters.contract import *  # noqa: F403  # that is how the contract is used


class AudinBench(Desk):
    """A desk, with the names of the contract for what the lab can do to it."""

    room: Room

    async def go_online(self) -> None:
        await self.do(c.GoOnline(NAME))

    async def drop_line(self) -> None:
        await self.room.ask(self.room.control.drop, "audin", "op-1", 1006)

    async def refuse_connections(self, on: bool) -> None:
        if on:
            await self.room.fault("handshake", status=503)
        else:
            await self.room.ask(self.room.control.clear_faults, "handshake")

    async def refuse_sign_in(self) -> None:
        await self.room.fault("token_401")

    async def send_rubbish(self) -> int:
        for name in ("deep_json", "unknown_type", "hostile_text", "bad_call_sid", "wrong_types"):
            await self.room.fault(name)
        for name in ("oversize", "flood", "malformed_json", "binary_on_presence"):
            await self.room.fault(name)
        return 3  # one for the oversize message, the others for twenty bad ones


@pytest.fixture
def bench(room: Room) -> AudinBench:
    made = AudinBench(**room.account())
    made.room = room
    room.desks.append(made)
    return made
