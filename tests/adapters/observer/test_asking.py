"""What the console asks of the adapter besides calls: frames shared, TURN servers, jobs."""

from __future__ import annotations

import json
import time

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import Refused
from softphone.model.monitor import Frame, FrameState
from tests.adapters.observer.post import NAME, Site, until


async def test_the_end_of_a_fetch_is_told_though_nothing_follows(site: Site) -> None:
    post = await site.watching(page_rows=500)
    now = round(time.time() * 1000)
    conditions = json.dumps({"timestamp": {"gte": now - 3_600_000, "lte": now - 60_000}})

    frame = await post.frame(c.FrameKind.DATABASE, resource="callMetas", conditions=conditions)
    known = await post.fetched(frame.id)

    def told() -> Frame | None:
        last = post.of(e.FrameChanged)[-1].frame
        return last if last.received == known.received and not last.updating else None

    last = await until(told)
    assert last.received > 0
    assert last.progress is not None
    assert 0.0 < last.progress <= 1.0


async def test_a_frame_ends_when_each_who_opened_it_has_closed_it(site: Site) -> None:
    post = await site.watching()
    call = site.running()
    first = await post.frame(c.FrameKind.CALL, call=call.id)
    second = await post.frame(c.FrameKind.CALL, call=call.id)

    await post.do(c.CloseFrame(NAME, first.id))
    still = post.stored(second.id).state
    await post.do(c.CloseFrame(NAME, second.id))

    assert first.id == second.id
    assert still is FrameState.OPEN
    with pytest.raises(Refused):
        await post.read(first.id)


async def test_the_course_of_a_call_that_is_over_is_told_by_client(site: Site) -> None:
    post = await site.watching()
    call = site.call(people=2)
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    await post.fetched(frame.id, rows=100)

    points = (await post.do(c.ReadCourse(NAME, frame.id))).points

    assert {point.client for point in points} <= {person.id for person in call.people}
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert points[-1].at <= call.ended_ms / 1000
    assert all(point.score is not None and point.rtt_ms is not None for point in points)


async def test_turn_servers_resources_and_types_of_jobs_are_told(site: Site) -> None:
    post = await site.watching()

    turn = (await post.do(c.FetchTurn(NAME))).servers
    resources = await post.do(c.ListResources(NAME))
    jobs = await post.do(c.ListJobs(NAME))

    assert [(one.address, one.out_bps) for one in turn] == [("192.0.2.7", None)]
    assert turn[0].sent_bytes is not None
    assert len(resources.names) == 10
    assert "timestamp" in json.loads(resources.example)
    assert "selfTest" in jobs.types


async def test_a_job_that_destroys_is_not_sent_before_it_is_confirmed(site: Site) -> None:
    post = await site.watching()

    with pytest.raises(Refused) as refused:
        await post.do(c.StartJob(NAME, "purgeCalls", "{}"))
    asked = site.asked().get("startJob", 0)
    started = await post.do(c.StartJob(NAME, "purgeCalls", "{}", confirmed=True))

    assert refused.value.code == "NOT_CONFIRMED"
    assert asked == 0
    assert started.job
