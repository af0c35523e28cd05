"""The library: every method of the SDK against the lab, frames as a program uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from softphone.adapters.observer.client_api import ObserverAdminClient, ObserverClient
from softphone.model.error import ConfigError, ConnectError, Refused, TokenError
from tests.adapters.observer.post import Site, until

QUICK = {"reconnect_backoff_s": [0.05, 0.1, 2.0]}


def _fails(_row: object) -> None:
    raise RuntimeError("this is logged and stops nobody")


@pytest.fixture
async def client(site: Site) -> AsyncIterator[ObserverAdminClient]:
    async def token() -> str:
        found: str = site.ready["tokens"]["admin"]
        return found

    made = ObserverAdminClient(site.ready["ws"], token, **QUICK)
    await made.connect()
    yield made
    await made.aclose()


async def test_ongoing_calls_are_listed_and_found_again(
    site: Site, client: ObserverAdminClient
) -> None:
    call = site.running()

    listed = await client.fetch_ongoing_calls()
    found = await client.find_calls(call_id=call.id, room_id=call.room)

    assert call.id in {one["callId"] for one in listed}
    assert [one["callId"] for one in found] == [call.id]
    assert found[0]["matchedBy"] == ["callId", "roomId"]


async def test_totals_and_turn_figures_come_as_they_are(client: ObserverAdminClient) -> None:
    stats = await client.get_summary_stats(interval="5m")
    turn = await client.get_turn_stats()

    assert stats["currentActiveCalls"] >= 0
    assert len(stats["series"]) >= 11
    assert turn[0]["turnIp"] == "192.0.2.7"
    assert turn[0]["outboundBitrate"] is None


async def test_a_database_frame_is_filled_at_once_unless_told_otherwise(
    site: Site, client: ObserverAdminClient
) -> None:
    conditions = {"callId": site.call().id}

    filled = await client.create_database_frame("callEvents", conditions)
    empty = await client.create_database_frame("callEvents", conditions, update_on_create=False)
    before = len(empty)
    await empty.update()

    assert (before, empty.state) == (0, "open")
    assert next(row["name"] for row in filled) == "CALL_STARTED"
    assert list(filled) == list(empty)
    assert filled.data_frame_id != empty.data_frame_id


async def test_iterating_is_over_a_copy(site: Site, client: ObserverAdminClient) -> None:
    frame = await client.create_database_frame("callEvents", {"callId": site.call().id})
    rows = iter(frame)
    first = next(rows)

    frame.dispatch({"type": "newrow", "payload": {**first, "timestamp": 1, "name": "X"}})

    assert "X" not in {row["name"] for row in rows}
    assert "X" in {row["name"] for row in frame}


async def test_a_sort_key_keeps_rows_in_order(site: Site, client: ObserverAdminClient) -> None:
    frame = await client.create_database_frame(
        "callEvents", {"callId": site.call().id}, sort_key=lambda row: -row["timestamp"]
    )
    first = next(iter(frame))

    frame.dispatch({"type": "newrow", "payload": {**first, "timestamp": 5, "name": "OLD"}})

    times = [row["timestamp"] for row in frame]
    assert times == sorted(times, reverse=True)
    assert times[-1] == 5


async def test_new_rows_come_to_callbacks_and_to_the_asynchronous_iteration(
    site: Site, client: ObserverAdminClient
) -> None:
    call = site.running()
    frame = await client.create_client_snapshots_frame(call.id, site.person(call))
    heard: list[dict[str, Any]] = []
    frame.on("newrow", heard.append)
    frame.on("newrow", _fails)
    seen = []
    update = asyncio.create_task(frame.update())

    async with asyncio.timeout(8.0):
        async for row in frame:
            seen.append(row)
            if update.done() and len(seen) > 3:
                break

    assert seen == heard[: len(seen)]
    assert [row["timestamp"] for row in frame] == sorted(row["timestamp"] for row in frame)


async def test_a_slow_iteration_misses_the_oldest_rows_and_is_told_so_once(
    site: Site, client: ObserverAdminClient
) -> None:
    past = {"timestamp": {"gte": 1, "lte": 2}}
    frame = await client.create_database_frame("callEvents", past, update_on_create=False)
    told: list[str] = []
    frame.on("error", told.append)
    rows = aiter(frame)
    first = asyncio.ensure_future(anext(rows))
    await asyncio.sleep(0)

    for page in range(12):
        new = [{"timestamp": page * 1000 + n, "callId": "c"} for n in range(1, 1001)]
        frame.dispatch({"type": "newrows", "payload": {"rows": new}})
    frame.close()
    seen = [(await first)["timestamp"], *[row["timestamp"] async for row in rows]]

    assert seen == list(range(2001, 12_001))
    assert told == ["rows are iterated over too slowly; the oldest are left out"]


async def test_asking_for_a_call_or_client_again_gives_the_same_frame(
    site: Site, client: ObserverAdminClient
) -> None:
    call = site.running()
    person = site.person(call)

    frames = [await client.create_call_snapshots_frame(call.id) for _ in range(2)]
    others = [await client.create_client_snapshots_frame(call.id, person) for _ in range(2)]

    assert frames[0] is frames[1]
    assert others[0] is others[1]
    assert frames[0] is not others[0]


async def test_close_comes_once_and_late_rows_are_nothing(
    site: Site, client: ObserverAdminClient
) -> None:
    frame = await client.create_database_frame("callEvents", {"callId": site.call().id})
    closed: list[int] = []
    frame.on("close", lambda: closed.append(1))
    rows = list(frame)

    frame.close()
    frame.close()
    frame.dispatch({"type": "newrow", "payload": {**rows[0], "timestamp": 1}})

    assert closed == [1]
    assert list(frame) == rows
    assert frame.state == "closed"
    with pytest.raises(Refused):
        await frame.update()


async def test_trouble_of_the_service_is_an_event_and_fails_an_update(
    site: Site, client: ObserverAdminClient
) -> None:
    call = site.running()
    frame = await client.create_call_snapshots_frame(call.id)
    errors: list[str] = []
    frame.on("error", errors.append)
    await site.fault("answer_late", type="dataFrame", seconds=0.5)

    update = asyncio.create_task(frame.update())
    await until(lambda: len(frame) or None)
    frame.dispatch({"type": "streamerror", "payload": "disk on fire"})

    with pytest.raises(Refused, match="disk on fire"):
        await update
    assert errors == ["disk on fire"]
    assert frame.state == "open"


async def test_frames_go_on_after_a_lost_connection(
    site: Site, client: ObserverAdminClient
) -> None:
    closed: list[int] = []
    client.on("close", lambda: closed.append(1))
    call = site.running()
    frame = await client.create_call_snapshots_frame(call.id)
    await frame.update()
    before = frame.received

    await site.drop()
    await until(lambda: frame.state == "stale")
    await until(lambda: frame.state == "open" and frame.received > before)

    times = [row["timestamp"] for row in frame]
    assert times == list(range(times[0], times[-1] + 1, 1000))
    assert not closed


async def test_close_is_told_when_the_connection_does_not_come_back(
    site: Site, client: ObserverAdminClient
) -> None:
    closed: list[int] = []
    client.on("close", lambda: closed.append(1))
    await site.fault("handshake", socket="observer", status=403)

    await site.drop()

    await until(lambda: closed)
    assert closed == [1]


async def test_a_token_given_to_connect_is_used_once(site: Site) -> None:
    asked: list[int] = []

    async def token() -> str:
        asked.append(1)
        found: str = site.ready["tokens"]["viewer"]
        return found

    client = ObserverClient(site.ready["ws"], token, **QUICK)
    await client.connect(site.ready["tokens"]["admin"])
    first = [one["user"] for one in site.service.state()["connections"]]
    await site.drop()
    await until(lambda: [o.user for o in site.service.connections] == ["viewer"])
    await client.aclose()

    assert (first, asked) == (["admin"], [1])


async def test_a_token_source_that_fails_is_tried_again_and_one_that_refuses_ends_it(
    site: Site,
) -> None:
    tries: list[int] = []

    async def token() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("backend away")
        raise TokenError("Your session is over.", code="UNAUTHORIZED")

    client = ObserverClient(site.ready["ws"], token, **QUICK)

    with pytest.raises(ConnectError, match="session is over"):
        await client.connect()
    await client.aclose()
    assert len(tries) == 3


async def test_an_administrator_sees_machines_and_works_with_jobs(
    client: ObserverAdminClient,
) -> None:
    workers, servers = await client.get_worker_state(), await client.get_server_state()
    job = await client.start_job("selfTest", {"seconds": 30})
    again = await client.start_job("selfTest", {"seconds": 30})
    assert job
    cancelled = [await client.cancel_job("selfTest", job) for _ in range(2)]
    failing = await client.start_job("selfTest", {"seconds": 0.1, "fail": True})
    quick = await client.start_job("selfTest", {"seconds": 0.1})

    async def states() -> dict[str, str]:
        return {one["jobId"]: one["state"] for one in await client.list_jobs()}

    async with asyncio.timeout(5.0):
        while True:
            found = await states()
            if (found[failing or ""], found[quick or ""]) == ("failed", "completed"):
                break
            await asyncio.sleep(0.05)

    assert [one["workerId"] for one in workers] == ["worker-1", "worker-2"]
    assert servers[0]["serverId"] == "server-1"
    assert again is None
    assert cancelled == [True, False]
    assert await client.clean_failed_jobs("job-nobody") == 0
    assert await client.clean_failed_jobs() == 1
    assert await client.clean_completed_jobs(quick or "") == 1
    assert await states() == {job: "cancelled"}


async def test_a_viewer_is_told_once_and_not_asked_again(site: Site) -> None:
    async with ObserverClient(site.ready["ws"], None, **QUICK) as _nobody:
        pass  # the first message would have to bring a token; the handshake alone is open
    client = ObserverAdminClient(site.ready["ws"], None, **QUICK)
    await client.connect(site.ready["tokens"]["viewer"])

    for _ in range(2):
        with pytest.raises(Refused, match="Not permitted") as refused:
            await client.list_jobs()
        assert refused.value.code == "FORBIDDEN"
    await client.aclose()

    assert site.asked()["listJobs"] == 1


def test_wrong_options_and_events_are_refused() -> None:
    with pytest.raises(ConfigError, match="dialect"):
        ObserverClient("http://localhost:1", dialect="0.9")
    with pytest.raises(ValueError, match="no event"):
        ObserverClient("http://localhost:1").on("nothing", print)
