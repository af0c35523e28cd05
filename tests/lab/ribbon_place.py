"""A lab for each test of its Ribbon gateway, and bare clients that are closed at its end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from softphone.lab.ribbon import RibbonService
from softphone.lab.server import Lab
from tests.lab.plain_client import in_thread
from tests.lab.plain_ribbon_client import Client

ECHO = "+390255500101@lab.test"
TONE = "+390255500102@lab.test"


class Gateway:
    """A running lab and devices of its users."""

    def __init__(self, lab: Lab, stack: AsyncExitStack) -> None:
        self.lab = lab
        self._stack = stack

    @property
    def url(self) -> str:
        return self.lab.hub.base_url

    @property
    def service(self) -> RibbonService:
        found = next(one for one in self.lab.hub.services if one.name == "ribbon")
        assert isinstance(found, RibbonService)
        return found

    def bare(self, name: str, **how: Any) -> Client:
        """Return a client that has not subscribed."""
        user = f"{name}@lab.test"
        client = Client(self.url, user, self.service.sign_in(user)["password"], **how)
        self._stack.push_async_callback(client.close)
        return client

    async def device(self, name: str, *services: str, **more: Any) -> Client:
        """Return a device that is signed in."""
        return await self.bare(name).start(*services, **more)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        key = self.lab.ready()["control_key"]
        headers = {"Authorization": f"Bearer {key}"}
        return (await in_thread(method, f"{self.url}/lab{path}", body, headers))[1]

    async def fault(self, name: str, operator: str = "*", /, **args: object) -> Any:
        body = {"name": name, "operator": operator, "args": args}
        return await self.control("POST", "/faults", body)

    async def act(self, verb: str, user: str, **options: object) -> Any:
        return await self.control("POST", "/act", {"verb": verb, "user": user, **options})

    async def ring(self, number: str, **options: object) -> str:
        said = await self.control("POST", "/ring", {"number": number, **options})
        sid: str = said["calls"][0]
        return sid

    async def calls(self) -> list[dict[str, Any]]:
        state = await self.control("GET", "/state")
        found: list[dict[str, Any]] = state["services"]["ribbon"]["calls"]
        return found
