"""The unchanged `phoenix` npm client, old and new, is content with the lab."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.agenthub.agent import Floor, a_floor

pytestmark = pytest.mark.real

VERSIONS = ("1.5.14", "1.6.11", "1.7.14", "latest")
SCRIPT = Path(__file__).parent / "plain_agenthub_phoenix.cjs"
_INSTALL_LIMIT_S = 120.0
_LIMIT_S = 15.0


def name_of(version: str) -> str:
    return f"phoenix-{version}"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install every version of the client once; skip with a clear word where that cannot be."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed (https://nodejs.org)")
    folder = tmp_path_factory.mktemp("phoenix")
    wanted = [f"{name_of(version)}@npm:phoenix@{version}" for version in VERSIONS]
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", *wanted, "ws@8"]
    (folder / "package.json").write_text('{"private": true}')
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not bring the phoenix client in time")
    if done.returncode:
        pytest.skip(f"npm cannot bring the phoenix client (exit {done.returncode})")
    return folder


class Client:
    """A node process that runs the client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[dict[str, Any]] = []

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def told(self, what: str, **fields: Any) -> dict[str, Any]:
        """Return the next thing said that fits; what was said before counts no more."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_LIMIT_S):
            while line := await self._process.stdout.readline():
                said = json.loads(line)
                self.said.append(said)
                if said["what"] == what and all(said.get(k) == v for k, v in fields.items()):
                    return dict(said)
        raise AssertionError(f"{what} never came: {self.said[-5:]}")


@asynccontextmanager
async def client(
    modules: Path, version: str, floor: Floor, token: str, mode: str = "param"
) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        *("node", str(SCRIPT), str(modules), floor.lab.ready()["agenthub"]["socket"], token, mode),
        env={**os.environ, "PHOENIX": name_of(version)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_phoenix_client_joins_hears_sees_loses_and_leaves(
    modules: Path, version: str
) -> None:
    async with a_floor() as floor:
        async with client(modules, version, floor, floor.token("boss")) as phoenix:
            info = (await phoenix.told("agent"))["info"]
            await phoenix.told("online")
            users = (await phoenix.told("users"))["users"]
            refused = (await phoenix.told("foreign refused"))["reason"]
            adams = await floor.at_work("adams")
            await until_users(phoenix, ["boss", "adams"])
            await floor.act("pop", "boss", number="+391")
            pop = await phoenix.told("event", type="ScreenPopVoice")
            phoenix.tell("push")
            pushed = (await phoenix.told("pushed"))["reason"]
            await adams.stop()
            await until_users(phoenix, ["boss"])

            assert info["roles"] == ["agent", "admin"]
            assert [user[1] for user in users] == ["boss"]
            assert refused == {"reason": "unauthorized"}
            assert pop["data"]["phoneNumber"] == "+391"
            assert pushed == {"reason": "unknown event"}

            for code in (1012, 1001, 1006):  # it comes back by itself and joins again
                await floor.drop(code, "boss")
                await phoenix.told("close")
                await phoenix.told("agent")
            await floor.act("crash", "boss")
            await phoenix.told("agent")

            phoenix.tell("leave")
            await phoenix.told("left")
            assert [said for said in phoenix.said if said["what"] == "agent closed"]
            phoenix.tell("quit")
            await phoenix.told("quit")
        floor.seats.clear()


async def until_users(phoenix: Client, wanted: list[str]) -> None:
    """Wait until the client's list is this."""
    while True:
        users = (await phoenix.told("users"))["users"]
        if [user[1] for user in users] == wanted:
            return


@pytest.mark.parametrize("version", VERSIONS)
async def test_heartbeats_of_the_phoenix_client_are_answered(modules: Path, version: str) -> None:
    async with (
        a_floor(idle_limit_s=1.0) as floor,
        client(modules, version, floor, floor.token("boss")) as phoenix,
    ):
        await phoenix.told("agent")
        socket = floor.hub.state()["sockets"][0]["id"]

        await floor.emit("After", {}, user="boss", count=40, rate=20)
        for _ in range(40):
            await phoenix.told("event", type="After")

        assert [one["id"] for one in floor.hub.state()["sockets"]] == [socket]
        assert not [said for said in phoenix.said if said["what"] == "close"]


async def test_the_newest_client_may_bring_its_token_as_a_subprotocol(modules: Path) -> None:
    async with (
        a_floor() as floor,
        client(modules, "latest", floor, floor.token("boss"), "subprotocol") as phoenix,
    ):
        info = (await phoenix.told("agent"))["info"]

    assert info["username"] == "boss"


async def test_a_client_with_a_bad_token_never_gets_in(modules: Path) -> None:
    async with (
        a_floor() as floor,
        client(modules, "1.6.11", floor, floor.token("boss", ttl_s=-60)) as phoenix,
    ):
        closed = await phoenix.told("close")

    assert closed["code"] == 1006
    assert not [said for said in phoenix.said if said["what"] == "open"]
