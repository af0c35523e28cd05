"""Frames through the adapter: pages, reconnects, both dialects, tokens, roles, look-up."""

from __future__ import annotations

import asyncio
import json
import logging
import time

import pytest

from softphone.lab import observer_ids as ids
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import Refused
from softphone.model.monitor import FrameState, JobState
from softphone.model.presence import LinkState
from tests.adapters.observer.post import NAME, Post, Site, until

_DB = c.FrameKind.DATABASE


def lately(hours: float) -> str:
    now = round(time.time() * 1000)
    return json.dumps({"timestamp": {"gte": now - round(hours * 3_600_000), "lte": now - 60_000}})


def expected(site: Site, conditions: str, resource: str) -> int:
    """Return how many rows the lab has, counted on its side."""
    from softphone.lab.observer_source import database

    world = site.service._desk.world
    now = round(time.time() * 1000)
    payload = {"resourceId": resource, "conditions": json.loads(conditions)}
    return sum(1 for _ in database(world, payload, now).stored(None, now))


@pytest.mark.parametrize("limit", [1, 500, 1000])
async def test_stored_rows_come_in_pages_each_once(site: Site, limit: int) -> None:
    post = await site.watching(page_rows=limit)
    conditions = lately(2) if limit > 1 else json.dumps({"callId": site.call(people=2).id})
    resource = "inboundAudioTracks" if limit > 1 else "callEvents"

    frame = await post.frame(_DB, resource=resource, conditions=conditions)
    rows = await post.all_rows(frame.id)

    assert len(rows) == len(set(rows)) == expected(site, conditions, resource)
    assert len(rows) > (5000 if limit > 1 else 5)


@pytest.mark.parametrize("packed", [True, False])
async def test_a_reconnect_in_the_middle_costs_no_row_and_doubles_none(
    site: Site, packed: bool
) -> None:
    post = await site.watching(packed_rows=packed, page_rows=200)
    conditions = lately(1)
    frame = await post.frame(_DB, resource="iceCandidatePairs", conditions=conditions)
    await until(lambda: post.stored(frame.id).received > 300)

    await site.drop()
    await until(lambda: post.stored(frame.id).state is FrameState.STALE)
    rows = await post.all_rows(frame.id)

    assert len(rows) == len(set(rows)) == expected(site, conditions, "iceCandidatePairs")
    assert post.stored(frame.id).stale_since is None


async def test_a_frame_can_be_stopped_and_closed_in_the_middle(site: Site) -> None:
    post = await site.watching(page_rows=50)
    frame = await post.frame(_DB, resource="inboundAudioTracks", conditions=lately(20))
    await until(lambda: post.stored(frame.id).received > 100)

    await post.do(c.UpdateFrame(NAME, frame.id, stop=True))
    stopped = await until(
        lambda: post.stored(frame.id) if not post.stored(frame.id).updating else None
    )
    await post.do(c.CloseFrame(NAME, frame.id))
    await post.do(c.CloseFrame(NAME, frame.id))

    assert (stopped.partial, stopped.problem) == (True, "stopped")
    assert post.of(e.FrameChanged)[-1].frame.state is FrameState.CLOSED
    await until(lambda: not any(one.frames for one in site.service.connections))
    with pytest.raises(Refused, match="no such frame"):
        await post.read(frame.id)


async def test_reading_stops_at_the_limit_of_rows_and_says_so(site: Site) -> None:
    post = await site.watching(row_limit=300, page_rows=200)

    frame = await post.frame(_DB, resource="inboundAudioTracks", conditions=lately(5))
    rows = await post.all_rows(frame.id)

    assert len(rows) == 300
    assert post.stored(frame.id).partial


async def test_many_rows_are_read_while_few_are_kept(site: Site) -> None:
    post = await site.watching(row_limit=20_000, page_rows=1000, ring_rows=500)
    frame = await post.frame(_DB, resource="inboundAudioTracks", conditions=lately(20))
    most = after = count = 0

    async with asyncio.timeout(30.0):
        while count < 20_000:
            page = await post.read(frame.id, after, 1000)
            most = max(most, page.frame.kept)
            after, count = page.next, count + len(page.rows)
            assert page.missed == 0
            if not page.rows:
                await asyncio.sleep(0)

    assert most <= 4 * 500 + 2 * 1000


async def test_a_reader_that_is_too_slow_learns_how_many_rows_it_missed(site: Site) -> None:
    post = await site.watching(ring_rows=20)
    call = site.running()
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    known = await post.fetched(frame.id)

    page = await post.read(frame.id)

    assert len(page.rows) == 20
    assert page.missed == known.received - 20


async def test_a_service_that_ignores_paging_is_coped_with(site: Site) -> None:
    await site.fault("no_paging")
    post = await site.watching(page_rows=10)

    frame = await post.frame(_DB, resource="callEvents", conditions=lately(2))
    rows = await post.all_rows(frame.id)

    assert len(rows) > 10
    assert site.asked()["dataFrame"] == 1


async def test_live_rows_follow_and_the_quality_of_a_client_is_told(site: Site) -> None:
    post = await site.watching()
    call = site.running()
    person = site.person(call)

    await post.frame(c.FrameKind.CALL, call=call.id)
    await post.frame(c.FrameKind.CLIENT, call=call.id, client=person)
    await until(lambda: len(post.clients()) > 1)
    calls = await until(lambda: post.of(e.CallObserved))

    client = post.clients()[-1].client
    assert (client.call, client.client) == (call.id, person)
    assert client.score is not None and client.mos is not None and client.rtt_ms is not None
    assert json.loads(client.row)["clientId"] == person
    assert calls[-1].call.id == call.id
    assert calls[-1].call.clients


async def test_raw_samples_give_the_same_figures_as_snapshots(site: Site) -> None:
    await site.fault("samples")
    post = await site.watching()
    call = site.running()

    await post.frame(c.FrameKind.CLIENT, call=call.id, client=site.person(call))
    told = await until(
        lambda: next((x.client for x in post.clients() if x.client.audio_out_bps), None)
    )

    assert told.rtt_ms is not None and told.mos is not None
    assert told.audio_out_bps == pytest.approx(50 * 80 * 8, rel=0.05)
    assert "outboundRtps" in told.row


async def test_asking_again_for_a_client_gives_the_same_frame(site: Site) -> None:
    post = await site.watching()
    call = site.running()

    first, again = [await post.frame(c.FrameKind.CALL, call=call.id) for _ in range(2)]

    assert first.id == again.id


@pytest.mark.parametrize("dialect", ["0.11", "0.12"])
async def test_both_dialects_are_spoken(site: Site, dialect: str) -> None:
    if dialect == "0.12":
        await site.fault("dialect_012")
    post = await site.watching(dialect=dialect)
    call = site.running()
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    await post.fetched(frame.id)

    await site.fault("stream_error", text="a little trouble")
    await until(lambda: "a little trouble" in post.remarks())
    await post.do(c.CloseFrame(NAME, frame.id))

    await until(lambda: not any(one.frames for one in site.service.connections))


@pytest.mark.parametrize("mode", ["query", "header", "message"])
async def test_every_way_to_send_the_token_works_and_none_leaks(
    site: Site, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post = await site.watching(token_mode=mode)
    await post.do(c.ListObserved(NAME))

    bad = await site.post(token_mode=mode, token="not-a-token")
    await bad.do(c.GoOnline(NAME))
    await until(lambda: bad.link is LinkState.FAILED)

    failed = bad.of(e.LinkChanged)[-1]
    assert failed.code == "UNAUTHORIZED"
    assert site.ready["tokens"]["admin"] not in caplog.text + repr(post.events)
    assert "not-a-token" not in caplog.text + repr(bad.events)


async def test_an_expired_token_is_renewed_and_frames_go_on(site: Site) -> None:
    await site.fault("token_life", seconds=1.5)
    post = await site.watching()
    call = site.running()
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    await post.fetched(frame.id)

    await until(lambda: post.of(e.LinkChanged)[-1].link is LinkState.RECONNECTING)
    before = post.stored(frame.id).received
    await until(lambda: post.stored(frame.id).received > before)

    rows = [json.loads(row) for row in await post.all_rows(frame.id)]
    times = [row["timestamp"] for row in rows]
    assert sorted(times) == list(range(min(times), max(times) + 1, 1000))


async def test_any_of_seven_ids_finds_its_call(site: Site) -> None:
    post = await site.watching()
    call = site.call(people=2)
    place = call.place
    wanted = {
        "call": call.id,
        "client": call.people[1].id,
        "transport": ids.make(ids.TRANSPORT, place, 1),
        "producer": ids.make(ids.PRODUCER, place, 1, "a"),
        "consumer": ids.make(ids.CONSUMER, place, 0, 1, "a"),
        "track": ids.make(ids.TRACK, place, 0, 1, "a"),
        "room": call.room,
    }

    for name, value in wanted.items():
        found = await post.do(c.FindObserved(NAME, anything=f"  {value} ", limit=500))
        matching = {one.id: one.matched_by for one in found.calls}
        assert matching[call.id] == (name,), name
        named = await post.do(c.FindObserved(NAME, ((name, value), ("call", call.id))))
        assert [one.id for one in named.calls] == [call.id]

    nothing = await post.do(c.FindObserved(NAME, anything="[.*]%'; --"))
    assert nothing.calls == ()


async def test_rows_of_every_resource_hold_the_ids_that_find_them(site: Site) -> None:
    post = await site.watching()
    call = site.call(people=2, video=True)
    service = post.adapter.service
    assert service is not None

    for resource in service.names.resources:
        conditions = json.dumps({"callId": call.id})
        frame = await post.frame(_DB, resource=resource, conditions=conditions)
        rows = [json.loads(row) for row in await post.all_rows(frame.id)]
        assert rows, resource
        assert {row["callId"] for row in rows} == {call.id}


async def test_jobs_run_fail_and_are_cancelled(site: Site) -> None:
    post = await site.watching()
    started = await post.do(c.StartJob(NAME, "selfTest", '{"seconds": 20}'))
    again = await post.do(c.StartJob(NAME, "selfTest", '{"seconds": 20}'))

    cancelled = [(await post.do(c.CancelJob(NAME, "selfTest", started.job))).count for _ in "12"]
    jobs = (await post.do(c.ListJobs(NAME))).jobs
    machines = (await post.do(c.ListMachines(NAME))).machines

    assert again.job == ""
    assert cancelled == [1, 0]
    assert [(job.id, job.state) for job in jobs] == [(started.job, JobState.CANCELLED)]
    assert [m.kind for m in machines] == ["worker", "worker", "server"]
    with pytest.raises(Refused, match="JSON object"):
        await post.do(c.StartJob(NAME, "selfTest", "[1]"))
    with pytest.raises(Refused, match="64 KiB"):
        await post.do(c.StartJob(NAME, "selfTest", json.dumps({"x": "y" * 70_000})))


async def test_an_administrators_action_of_a_viewer_is_sent_once(site: Site) -> None:
    post = await site.watching("viewer")
    commands: tuple[c.MonitorCommand, ...] = (
        c.ListJobs(NAME), c.StartJob(NAME, "selfTest"), c.CancelJob(NAME, "selfTest", "job-1"),
        c.CleanJobs(NAME, True), c.CleanJobs(NAME, False), c.ListMachines(NAME),
    )  # fmt: skip

    for command in (*commands, *commands):
        with pytest.raises(Refused, match="Not permitted") as refused:
            await post.do(command)
        assert refused.value.code == "FORBIDDEN"

    assert {count for name, count in site.asked().items()} == {1}


_READS: dict[str, c.MonitorCommand] = {
    "fetchOngoingCalls": c.ListObserved(NAME),
    "findCalls": c.FindObserved(NAME, (("room", "support-1"),)),
    "getSummaryStats": c.FetchSummary(NAME),
    "createCallSnapshotsFrame": c.OpenFrame(NAME, c.FrameKind.CALL, call="c-1"),
    "createClientSnapshotsFrame": c.OpenFrame(NAME, c.FrameKind.CLIENT, call="c", client="d"),
    "createDatabaseFrame": c.OpenFrame(NAME, _DB, resource="callEvents"),
    "getWorkerState": c.ListMachines(NAME),
    "getServerState": c.ListMachines(NAME),
    "listJobs": c.ListJobs(NAME),
    "startJob": c.StartJob(NAME, "selfTest"),
    "cancelJob": c.CancelJob(NAME, "selfTest", "x"),
    "cleanFailedJobs": c.CleanJobs(NAME, True),
    "cleanCompletedJobs": c.CleanJobs(NAME, False),
}
_CODES = ("BAD_REQUEST", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "UNSUPPORTED", "INTERNAL")


@pytest.mark.parametrize("type_", _READS)
async def test_every_error_of_every_request_is_told_with_its_code(site: Site, type_: str) -> None:
    for code in _CODES:
        post: Post = await site.watching()
        await site.fault("answer_error", type=type_, code=code)
        with pytest.raises(Refused) as refused:
            await post.do(_READS[type_])
        assert refused.value.code == code
        assert str(refused.value).endswith(".")
        await post.stop()


async def test_a_service_that_asks_for_patience_gets_it_once(site: Site) -> None:
    post = await site.watching()
    await site.fault("answer_error", code="RATE_LIMITED", retry_after_ms=50, count=1)

    await post.do(c.ListObserved(NAME))
    await site.fault("answer_error", code="RATE_LIMITED", retry_after_ms=50)
    with pytest.raises(Refused) as refused:
        await post.do(c.ListObserved(NAME))

    assert refused.value.code == "RATE_LIMITED"
    assert site.asked()["fetchOngoingCalls"] == 4


async def test_trouble_of_the_service_is_tried_once_more_for_reads_only(site: Site) -> None:
    post = await site.watching()
    await site.fault("answer_error", code="INTERNAL", count=1)
    await post.do(c.ListObserved(NAME))

    await site.fault("answer_error", code="INTERNAL", count=1)
    with pytest.raises(Refused):
        await post.do(c.StartJob(NAME, "selfTest"))

    assert site.asked()["startJob"] == 1


async def test_a_token_refused_in_an_answer_is_renewed_once(site: Site) -> None:
    post = await site.watching()
    await site.fault("answer_error", code="UNAUTHENTICATED", count=1)

    with pytest.raises(Refused):
        await post.do(c.ListObserved(NAME))
    await until(lambda: post.of(e.LinkChanged)[-1].link is LinkState.ONLINE
                and len(post.of(e.LinkChanged)) > 3)  # fmt: skip

    await post.do(c.ListObserved(NAME))


async def test_real_calls_of_the_lab_appear_with_what_was_measured(site: Site) -> None:
    from tests.adapters.audin.desk import Room

    room = Room(site.lab)
    desk = await room.at_work()
    try:
        call = await desk.dial("+390255500101")
        await desk.active(call)
        post = await site.watching()
        found = await until_async(post, "softphone")
        frame = await post.frame(c.FrameKind.CALL, call=found)
        await post.fetched(frame.id, 2)
        told = await until(
            lambda: next(
                (x.call for x in post.of(e.CallObserved)
                 if x.call.clients and x.call.clients[0].jitter_ms is not None), None)
        )  # fmt: skip
        await desk.do(c.HangUp(call))
        await until(lambda: post.stored(frame.id).state is FrameState.CLOSED)
    finally:
        await desk.stop()

    assert told.room == "softphone"
    assert told.clients[0].name == "op-1"
    assert told.clients[0].loss_in is not None
    assert told.clients[0].rtt_ms is not None


async def test_calls_through_the_gateway_appear_with_the_figures_of_their_stream(
    site: Site,
) -> None:
    from tests.adapters.ribbon.seat import Floor

    floor = Floor(site.lab)
    seat = await floor.at_work()
    try:
        await seat.talk("echo@lab.test")
        post = await site.watching()
        found = await until_async(post, "softphone")
        frame = await post.frame(c.FrameKind.CALL, call=found)
        await post.fetched(frame.id, 2)
        told = await until(
            lambda: next(
                (x.call for x in post.of(e.CallObserved)
                 if x.call.clients and x.call.clients[0].loss_in is not None), None)
        )  # fmt: skip
    finally:
        await seat.stop()

    assert told.service == "ribbon"
    assert told.clients[0].name == "alice@lab.test"
    assert told.clients[0].jitter_ms is not None


async def until_async(post: Post, room: str) -> str:
    """Return the id of the call that goes on in a room, once it is listed."""
    async with asyncio.timeout(8.0):
        while True:
            listed = await post.do(c.ListObserved(NAME))
            for call in listed.calls:
                if call.room == room:
                    found: str = call.id
                    return found
            await asyncio.sleep(0.05)
