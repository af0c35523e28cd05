"""AgentHub from Python: the names of the platform's own client, against the lab."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from softphone.adapters.agenthub import Connection
from softphone.model.error import ConfigError
from softphone.model.presence import LinkState
from tests.adapters.agenthub.agent import Floor, until


async def connected(
    floor: Floor, user: str = "adams", **options: Any
) -> tuple[Connection, list[Any]]:
    connection = Connection(**options)
    told: list[Any] = []
    connection.on("connected", lambda info: told.append(info))
    connection.connect(lambda: floor.token(user), floor.lab.hub.base_url)
    await until(lambda: told)
    return connection, told


async def test_connected_tells_who_is_there(floor: Floor) -> None:
    connection, told = await connected(floor)

    async with connection:
        assert told[0]["agentId"] == "52"
        assert connection.state == LinkState.ONLINE
    assert str(connection.state) == "offline"


async def test_handlers_hear_events_by_name_and_all_of_them_by_any(floor: Floor) -> None:
    connection, _ = await connected(floor)
    named: list[Any] = []
    every: list[str] = []

    async def later(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        named.append(event)

    async with connection:
        connection.on("ScreenPopVoice", later).on(
            "any", lambda event: every.append(event["eventType"])
        )
        await floor.act("pop", number="+391")
        await floor.emit("ThirdParty", {"a": 1})
        await until(lambda: "ThirdParty" in every)

    assert named[0]["eventType"] == "ScreenPopVoice"
    assert named[0]["eventData"]["phoneNumber"] == "+391"
    assert "connected" not in every


async def test_a_handler_taken_back_is_not_called(floor: Floor) -> None:
    connection, _ = await connected(floor)
    heard: list[str] = []

    def first(_: object) -> None:
        heard.append("first")

    def second(_: object) -> None:
        heard.append("second")

    async with connection:
        connection.on("Bell", first).on("Bell", second).off("Bell", first)
        await floor.emit("Bell")
        await until(lambda: heard)
        connection.off("Bell")
        connection.on("After", lambda _: heard.append("after"))
        await floor.emit("Bell")
        await floor.emit("After")
        await until(lambda: "after" in heard)

    assert heard == ["second", "after"]


async def test_disconnected_is_told_once_a_loss_and_the_connection_comes_back(floor: Floor) -> None:
    connection, told = await connected(floor)
    lost: list[str] = []
    connection.on("disconnected", lambda: lost.append("lost"))

    async with connection:
        await floor.drop(1012)
        await until(lambda: len(told) == 2)
        assert lost == ["lost"]


async def test_an_admin_is_told_of_online_users_as_a_whole_list(floor: Floor) -> None:
    lists: list[list[dict[str, Any]]] = []
    connection = Connection().on("onlineUsers", lists.append)

    async with connection:
        connection.connect(lambda: floor.token("boss"), floor.lab.hub.base_url)
        await until(lambda: lists)

    row = lists[-1][0]
    assert set(row) == {"ref", "userId", "username", "onlineAt", "ipAddress"}
    assert (row["userId"], row["username"], len(row["ref"])) == ("7", "boss", 16)


async def test_a_handler_that_raises_harms_nobody(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    connection, _ = await connected(floor)
    heard: list[object] = []

    def broken(_: object) -> None:
        raise RuntimeError("mine")

    async with connection:
        connection.on("Bell", broken).on("Bell", heard.append)
        await floor.emit("Bell")
        await until(lambda: heard)

    assert "a handler of Bell failed" in caplog.text


async def test_a_slow_handler_stops_neither_socket_nor_heartbeats(floor: Floor) -> None:
    connection, told = await connected(floor, heartbeat_s=0.1)
    hold = asyncio.Event()

    async def slow(_: object) -> None:
        await hold.wait()

    async with connection:
        connection.on("Bell", slow)
        await floor.emit("Bell", {}, count=11_000, rate=4000)
        await until(lambda: connection.dropped > 900)
        hold.set()

    assert len(told) == 1


async def test_connecting_twice_or_to_nothing_is_refused_and_closing_is_harmless(
    floor: Floor,
) -> None:
    connection, _ = await connected(floor)

    with pytest.raises(ConfigError):
        connection.connect(floor.token, floor.lab.hub.base_url)
    await connection.close()
    await connection.close()
    with pytest.raises(ConfigError):
        Connection().connect(floor.token, "ftp://nowhere")
    with pytest.raises(ConfigError):
        Connection(nonsense=1).connect(floor.token, floor.lab.hub.base_url)


async def test_closing_leaves_no_task(floor: Floor) -> None:
    before = asyncio.all_tasks()
    connection, _ = await connected(floor)

    await connection.close()

    await until(lambda: not asyncio.all_tasks() - before)
