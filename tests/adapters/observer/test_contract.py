"""Observer keeps the contract of all adapters."""

from __future__ import annotations

import pytest

from softphone.model import command as c
from tests.adapters.contract import *  # noqa: F403  # that is how the contract is used
from tests.adapters.observer.post import NAME, Post, Site


class ObserverBench(Post):
    """A post, with the names of the contract for what the lab can do to it."""

    site: Site

    async def go_online(self) -> None:
        await self.do(c.GoOnline(NAME))

    async def drop_line(self) -> None:
        await self.site.drop()

    async def refuse_connections(self, on: bool) -> None:
        if on:
            await self.site.fault("handshake", socket="observer", status=503)
        else:
            await self.site.clear("handshake")

    async def refuse_sign_in(self) -> None:
        await self.site.fault("handshake", socket="observer", status=401)

    async def send_rubbish(self) -> int:
        for name in ("deep_json", "unknown_type", "hostile_text", "wrong_types", "ghost_rows"):
            await self.site.fault(name)
        for name in ("flood", "binary", "malformed_json", "oversize"):
            await self.site.fault(name)
        return 2  # for the message that is too large, and for twenty bad ones


@pytest.fixture
def bench(site: Site) -> ObserverBench:
    made = ObserverBench(**site.account())
    made.site = site
    site.posts.append(made)
    return made
