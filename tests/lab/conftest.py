"""A lab for each test, and bare clients that are closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from softphone.lab.farends import Times
from softphone.lab.server import Lab
from softphone.lab.settings import LabSettings
from tests.lab.plain_client import Audio, Presence, in_thread
from tests.lab.ribbon_place import Gateway

QUICK = LabSettings(
    scenario="quiet",
    times=Times(answers_after_s=0.2, gives_up_after_s=0.3, busy_after_s=0.1),
)


class Place:
    """A running lab and its clients."""

    def __init__(self, lab: Lab, stack: AsyncExitStack) -> None:
        self.lab = lab
        self._stack = stack

    @property
    def url(self) -> str:
        return self.lab.hub.base_url

    async def token(self, ref: str = "op-1") -> str:
        answer = await in_thread("POST", self.lab.ready()["audin"]["token_urls"][ref])
        token: str = answer[1]["token"]
        return token

    async def presence(self, ref: str = "op-1") -> Presence:
        """Return a presence socket that has been greeted."""
        line = await Presence.open(self.url, await self.token(ref))
        self._stack.push_async_callback(line.socket.close)
        await line.until("connected")
        return line

    async def desk(self, ref: str = "op-1", *numbers: str) -> Presence:
        """Return a presence socket of someone who takes calls."""
        line = await self.presence(ref)
        await line.available(*(numbers or ("pn_1",)))
        return line

    async def audio(self, sid: str, ref: str = "op-1") -> Audio:
        leg = await Audio.open(self.url, sid, await self.token(ref))
        self._stack.push_async_callback(leg.leave)
        return leg

    async def dial(self, line: Presence, to: str, ref: str = "op-1") -> Audio:
        """Place a call and open its audio."""
        await line.send(type="start_outbound", to=to, callerId="+390299999999")
        return await self.audio((await line.until("outbound_started"))["callSid"], ref)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        key = self.lab.ready()["control_key"]
        headers = {"Authorization": f"Bearer {key}"}
        return (await in_thread(method, f"{self.url}/lab{path}", body, headers))[1]

    async def ring(self, **options: object) -> str:
        sid: str = (await self.control("POST", "/ring", options))["calls"][0]
        return sid

    async def fault(self, name: str, **args: object) -> Any:
        return await self.control("POST", "/faults", {"name": name, "args": args})

    async def call(self, sid: str) -> dict[str, Any]:
        state = await self.control("GET", "/state")
        calls: list[dict[str, Any]] = state["services"]["audin"]["calls"]
        return next(call for call in calls if call["sid"] == sid)


@pytest.fixture
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A quiet lab; `@pytest.mark.parametrize("place", [{...}], indirect=True)` changes settings."""
    changed: dict[str, Any] = getattr(request, "param", {})
    lab = Lab(replace(QUICK, **changed))
    await lab.start()
    try:
        async with AsyncExitStack() as stack:
            yield Place(lab, stack)
    finally:
        await lab.close()


@pytest.fixture
async def gateway(request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    """A quiet lab for its Ribbon gateway; parametrize it to change settings."""
    changed: dict[str, Any] = getattr(request, "param", {})
    lab = Lab(replace(QUICK, **changed))
    await lab.start()
    try:
        async with AsyncExitStack() as stack:
            yield Gateway(lab, stack)
    finally:
        await lab.close()
