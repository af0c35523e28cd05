"""The table of edge cases and hostile input of the protocol reference, row by row."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from softphone.adapters.observer import specs, wire
from softphone.lab.observer_world import WorldCall
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import Refused
from softphone.model.monitor import Frame, FrameState
from softphone.model.presence import LinkState
from tests.adapters.observer.post import NAME, Post, Site, until

_NAMES = wire.Wire()
# Controls, and marks that turn the direction of text; a joiner of emoji does nothing.
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


async def followed(site: Site, **options: Any) -> tuple[Post, WorldCall, Frame]:
    """Return a post that follows a client of a running call."""
    post = await site.watching(**options)
    call = site.running()
    frame = await post.frame(c.FrameKind.CLIENT, call=call.id, client=site.person(call))
    return post, call, await post.fetched(frame.id)


async def rows_of(post: Post, frame: Frame) -> list[dict[str, Any]]:
    return [json.loads(row) for row in await post.all_rows(frame.id)]


# ---- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("{", "", "[1]", "null", '"x"', "7", "\ufeff{}"),
        '{"kind": "response", "x": 1e999}',
        '{"kind": "response", "x": -1E+400}',
        '{"kind": "response", "x": ' + "9" * 400 + ".0}",
        '{"kind": "response", "x": ' + "9" * 5000 + "}",
        '{"kind": "response", "kind": "response"}',
        '{"a": {"b": 1, "b": 2}}',
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 70 + "1" + "}" * 70,
        '{"kind":"notification","type":"dataFrame","event":{"type":"newrow","payload":{}}}',
    ],
    ids=range(16),
)
def test_what_cannot_be_read_is_a_bad_message(text: str) -> None:
    with pytest.raises(wire.BadMessage):
        wire.decode_server(text, _NAMES)


def test_nan_and_infinity_are_read_as_null() -> None:
    text = '{"kind":"response","requestId":"r-1","payload":{"a":NaN,"b":[-Infinity,Infinity]}}'

    found = wire.decode_server(text, _NAMES)

    assert found == wire.Response("r-1", {"a": None, "b": [None, None]})


async def test_twenty_bad_messages_close_the_connection_and_it_comes_back(site: Site) -> None:
    post, _, frame = await followed(site)

    await site.fault("malformed_json", count=25)
    await until(lambda: post.stored(frame.id).state is FrameState.STALE)
    await until(lambda: post.stored(frame.id).state is FrameState.OPEN)

    assert "too many bad messages" in {x.cause for x in post.of(e.LinkChanged)}


async def test_binary_is_ignored_and_counted_where_the_service_speaks_text(site: Site) -> None:
    post, _, frame = await followed(site)

    await site.fault("binary", count=30)
    before = post.stored(frame.id).received
    await until(lambda: post.stored(frame.id).received > before)

    service = post.adapter.service
    assert service is not None
    assert service.bad_messages == 30
    assert post.link is LinkState.ONLINE


async def test_a_service_that_speaks_binary_from_the_first_message_on_is_understood(
    site: Site,
) -> None:
    await site.fault("binary_first")
    post = await site.watching()

    found = await post.do(c.ListObserved(NAME))

    assert found.calls


async def test_messages_too_large_three_times_make_the_pages_smaller(site: Site) -> None:
    post = await site.watching()
    for count in range(1, 4):
        await site.fault("oversize")
        await until(lambda: [x.link.value for x in post.of(e.LinkChanged)].count("online") > count)  # noqa: B023

    await until(lambda: "250 at a time" in post.remarks())


async def test_unknown_kinds_types_and_events_are_ignored(site: Site) -> None:
    post, _, frame = await followed(site)
    native = next(iter(next(iter(site.service.connections)).frames))
    event = {"kind": "notification", "type": "dataFrame", "dataFrameId": native}

    await site.fault("unknown_type", count=30)
    for odd in ({"type": "other"}, {"event": {"type": "odd", "payload": 1}}, {"event": 7}):
        await site.fault("raw", text=json.dumps(event | odd))
    before = post.stored(frame.id).received
    await until(lambda: post.stored(frame.id).received > before)

    assert post.stored(frame.id).state is FrameState.OPEN
    assert post.link is LinkState.ONLINE


@pytest.mark.parametrize("form", ["twice", "unknown_id", "number_id"])
async def test_answers_nobody_waits_for_are_counted(site: Site, form: str) -> None:
    post = await site.watching(request_limit_s=0.3)
    await site.fault("answer_form", form=form, count=1)

    if form == "number_id":  # "17" is not "r-17": nobody asked that
        with pytest.raises(Refused):
            await post.do(c.ListObserved(NAME))
    else:
        assert (await post.do(c.ListObserved(NAME))).calls
    await post.do(c.ListObserved(NAME))

    assert post.counts["answer nobody waits for"] == 1


def test_a_request_id_that_comes_as_a_number_is_compared_as_text() -> None:
    found = wire.decode_server('{"kind":"response","requestId":17,"payload":{}}', _NAMES)

    assert found == wire.Response("17")


@pytest.mark.parametrize("form", ["both", "neither"])
async def test_an_answer_with_payload_and_error_or_neither_is_a_protocol_error(
    site: Site, form: str
) -> None:
    post = await site.watching()
    await site.fault("answer_form", form=form, count=1)

    with pytest.raises(Refused) as refused:
        await post.do(c.ListObserved(NAME))

    assert refused.value.code == "PROTOCOL_ERROR"


async def test_a_frame_that_was_created_too_late_is_closed_at_once(site: Site) -> None:
    post = await site.watching(request_limit_s=0.2)
    await site.fault("answer_late", type="createCallSnapshotsFrame", seconds=0.5)

    with pytest.raises(Refused) as refused:
        await post.frame(c.FrameKind.CALL, call=site.running().id)
    await until(lambda: next(iter(site.service.connections)).closed)

    assert refused.value.code == "TIMEOUT"
    assert not next(iter(site.service.connections)).frames


async def test_a_frame_without_an_id_is_a_protocol_error(site: Site) -> None:
    post = await site.watching()
    await site.fault("answer_form", form="no_frame_id", type="createCallSnapshotsFrame")

    with pytest.raises(Refused) as refused:
        await post.frame(c.FrameKind.CALL, call=site.running().id)

    assert refused.value.code == "PROTOCOL_ERROR"


# ---- rows ----------------------------------------------------------------------------------------


async def test_numerals_in_texts_are_missing_figures_and_counted(site: Site) -> None:
    await site.fault("rows_odd", form="wrong_types")
    post, _, _frame = await followed(site)
    told = await until(lambda: (post.clients() and post.clients()[-1].client) or None)

    assert (told.score, told.rtt_ms, told.jitter_ms) == (None, None, None)
    assert post.counts["score"] >= 1
    assert '"score":"4.2"' in told.row


async def test_rows_without_their_keys_are_dropped_and_counted(site: Site) -> None:
    post, _, frame = await followed(site)
    before = post.stored(frame.id).received

    await site.fault("rows_odd", form="keyless")
    await until(lambda: post.counts.get("row without key"))

    assert post.stored(frame.id).received <= before + 1


async def test_figures_out_of_range_are_clamped_and_named(site: Site) -> None:
    await site.fault("rows_odd", form="odd_values")
    post, _, _ = await followed(site)

    told = await until(lambda: (post.clients() and post.clients()[-1].client) or None)

    assert (told.score, told.rtt_ms, told.jitter_ms) == (5.0, 0.0, 1e6)
    assert {"score", "rtt_ms", "jitter_ms"} <= set(told.odd)
    assert '"score":99' in told.row


async def test_hostile_texts_are_harmless_and_exported_as_they_came(site: Site) -> None:
    await site.fault("rows_odd", form="hostile")
    post, _, frame = await followed(site)
    told = await until(lambda: (post.clients() and post.clients()[-1].client) or None)
    await site.fault("hostile_text")
    rows = await post.all_rows(frame.id)
    async with asyncio.timeout(30.0):
        while not any("\\u001b" in row for row in rows):  # each row has another text
            await asyncio.sleep(0.1)
            rows = await post.all_rows(frame.id)

    assert not _ACTING.search(told.name)
    assert len(told.name) <= 128
    assert all(row.isascii() and row.isprintable() for row in rows)
    assert any("\x1b" in json.loads(row)["displayName"] for row in rows)
    assert not any(_ACTING.search(text) for text in post.remarks().splitlines())


async def test_duplicate_rows_are_kept_once(site: Site) -> None:
    await site.fault("rows_odd", form="duplicate")
    post, _, frame = await followed(site)

    rows = await post.all_rows(frame.id)

    assert len(rows) == len(set(rows))
    assert post.counts["row that was here"] >= len(rows) - 2


async def test_rows_out_of_order_do_not_turn_quality_back(site: Site) -> None:
    await site.fault("rows_odd", form="shuffle")
    post, _, frame = await followed(site)
    await until(lambda: len(post.clients()) > 2)

    newest = max(row["timestamp"] for row in await rows_of(post, frame))
    times = [told.client.at for told in post.clients()]
    assert times == sorted(t for t in times if t)
    assert (times[-1] or 0) >= newest / 1000 - 2


async def test_a_gap_in_the_numbers_is_told_once_and_fetched_again(site: Site) -> None:
    post, _, frame = await followed(site)
    await site.fault("rows_odd", form="gap", count=2)
    await until(lambda: "rows lost" in post.remarks())
    await until(lambda: post.counts["event lost"] >= 1)

    def complete() -> bool:
        times = sorted(at_ms(row) for row in post_rows(post, frame))
        return times == list(range(times[0], times[-1] + 1, 1000))

    await until(complete)
    assert post.remarks().count("rows lost") == 1


def post_rows(post: Post, frame: Frame) -> list[str]:
    service = post.adapter.service
    assert service is not None
    found: list[str] = service.book.frames[frame.id].rows.all()
    return found


def at_ms(row: str) -> int:
    found: int = json.loads(row)["timestamp"]
    return found


async def test_a_flood_of_rows_is_merged_and_bounded(site: Site) -> None:
    post, _, frame = await followed(site, ring_rows=500)
    before, began = len(post.events), time.monotonic()

    await site.fault("row_flood", count=10_000)
    await until(lambda: post.stored(frame.id).received > 10_000)
    took = time.monotonic() - began

    assert post.stored(frame.id).kept <= 500
    assert len(post.events) - before <= 8 * took + 6


async def test_a_service_that_had_to_drop_rows_is_asked_for_them_again(site: Site) -> None:
    post, _, frame = await followed(site)
    before = site.asked()["dataFrame"]

    await site.fault("stream_error", text="OVERRUN: 7 rows dropped")
    await until(lambda: site.asked()["dataFrame"] > before)

    assert post.remarks().count("OVERRUN: 7 rows dropped") == 1
    assert post.stored(frame.id).state is FrameState.OPEN


async def test_late_rows_of_closed_frames_and_ended_calls_are_dropped(site: Site) -> None:
    post, _, frame = await followed(site)
    await site.fault("end_frames")
    await until(lambda: post.stored(frame.id).state is FrameState.CLOSED)
    received, told = post.stored(frame.id).received, len(post.clients())

    await site.fault("ghost_rows")
    await post.do(c.ListObserved(NAME))

    assert post.stored(frame.id).received == received
    assert all(x.client.client != "ghost" for x in post.clients()[told:])
    service = post.adapter.service
    assert service is not None
    assert len(service.book._early) <= wire.EARLY_EVENTS


async def test_rows_that_come_before_their_frame_is_known_are_not_lost(site: Site) -> None:
    await site.fault("early_rows")
    post = await site.watching()
    call = site.running()

    frame = await post.frame(c.FrameKind.CALL, call=call.id, update=False)

    known = await until(lambda: post.stored(frame.id) if post.stored(frame.id).received else None)
    assert known.state is FrameState.CREATED


async def test_the_same_call_twice_in_a_list_is_one_and_a_new_start_another(site: Site) -> None:
    row = {"callId": "c", "startedAt": 1_700_000_000_000, "score": 1}
    rows = [row, row | {"score": 4}, row | {"startedAt": 1_700_000_900_000}, {"score": 3}, 7]
    counts: wire.Counts = wire.Counts()

    calls = wire.calls_in({"calls": rows}, _NAMES, counts)

    assert [(call.score, call.started_at) for call in calls] == [(4.0, 1.7e9), (1.0, 1.7e9 + 900)]
    assert counts["callId"] == 1


async def test_a_cursor_that_does_not_move_ends_the_fetch(site: Site) -> None:
    await site.fault("cursor_loop")
    post = await site.watching(page_rows=10)
    conditions = json.dumps({"callId": site.call(people=2).id})

    frame = await post.frame(
        c.FrameKind.DATABASE, resource="inboundAudioTracks", conditions=conditions
    )
    known = await post.fetched(frame.id)

    assert known.partial
    assert "does not move on" in known.problem


async def test_an_update_joins_the_one_that_runs(site: Site) -> None:
    post, _, frame = await followed(site)
    before = site.asked()["dataFrame"]
    await site.fault("answer_late", type="dataFrame", seconds=0.3)

    for _ in range(3):
        await post.do(c.UpdateFrame(NAME, frame.id))
    await until(lambda: not post.stored(frame.id).updating)

    assert site.asked()["dataFrame"] == before + 1


async def test_a_service_that_never_answers_times_out_and_the_third_time_reconnects(
    site: Site,
) -> None:
    post = await site.watching(request_limit_s=0.1)
    await site.fault("answer_never", count=3)

    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await post.do(c.ListObserved(NAME))
        assert refused.value.code == "TIMEOUT"
    await until(lambda: [x.link.value for x in post.of(e.LinkChanged)].count("online") == 2)

    assert (await post.do(c.ListObserved(NAME))).calls


async def test_a_token_that_expires_in_the_middle_of_a_read_loses_no_row(site: Site) -> None:
    await site.fault("token_life", seconds=1.2)
    post = await site.watching(page_rows=20)
    now = round(time.time() * 1000)
    conditions = json.dumps({"timestamp": {"gte": now - 3_600_000, "lte": now - 60_000}})
    await site.fault("answer_late", type="dataFrame", seconds=0.05)

    frame = await post.frame(
        c.FrameKind.DATABASE, resource="iceCandidatePairs", conditions=conditions
    )
    await until(lambda: [x.link.value for x in post.of(e.LinkChanged)].count("online") == 2)
    await site.clear("answer_late")
    rows = await post.all_rows(frame.id)

    assert len(rows) == len(set(rows)) > 200


async def test_a_clock_that_differs_is_told_and_hides_nothing(site: Site) -> None:
    post = await site.post()
    post.wall_offset = 3600.0
    await post.online()
    call = site.running()
    frame = await post.frame(c.FrameKind.CALL, call=call.id)
    told = await until(lambda: re.search(r"clock is (\d+) s behind", post.remarks()), 30.0)
    assert 3600 <= int(told[1]) < 3630  # rows are on their way for a while on a busy machine

    await site.fault("rows_odd", form="future")
    before = post.stored(frame.id).received
    await until(lambda: post.stored(frame.id).received > before)
    known = post.stored(frame.id)
    assert known.received == known.kept

    earliest = time.time()
    listed = await post.do(c.ListObserved(NAME))
    latest = time.time()
    age = next(one.duration_s for one in listed.calls if one.id == call.id)
    started = call.started_ms / 1000
    assert earliest - started - 0.01 <= age <= latest - started + 0.01


async def test_huge_numbers_are_clamped_and_stay_whole_in_the_row(site: Site) -> None:
    await site.fault("rows_odd", form="huge")
    post, _, _ = await followed(site)

    told = await until(lambda: (post.clients() and post.clients()[-1].client) or None)

    assert told.score == 5.0
    assert json.loads(told.row)["acceptedSamples"] == 2**63


def test_what_is_looked_up_is_a_plain_value_of_bounded_length() -> None:
    assert specs.look_up("  %' OR 1=1 --  ") == "%' OR 1=1 --"
    assert len(specs.look_up("x" * 500)) == 128
    with pytest.raises(Refused):
        specs.look_up("   ")


@pytest.mark.parametrize("text", ["[1]", "7", '"x"', "{", "[" * 100_000, '{"x":"' + "y" * 66_000])
def test_parameters_that_are_no_object_or_too_large_are_not_sent(text: str) -> None:
    with pytest.raises(Refused) as refused:
        specs.json_object(text)

    assert refused.value.code == "BAD_REQUEST"


async def test_all_that_waits_fails_when_the_connection_ends(site: Site) -> None:
    post = await site.watching()
    await site.fault("answer_never")
    waiting = [asyncio.create_task(post.do(c.ListObserved(NAME))) for _ in range(50)]
    await until(lambda: site.asked().get("fetchOngoingCalls") == wire.PENDING_LIMIT)

    await site.drop()
    done = await asyncio.gather(*waiting, return_exceptions=True)

    assert {getattr(one, "code", "") for one in done} == {"DISCONNECTED"}


_CLOSES: dict[int, Callable[[Post], bool]] = {
    1000: lambda post: post.link is LinkState.ONLINE,
    1011: lambda post: post.link is LinkState.ONLINE,
    4401: lambda post: post.link is LinkState.ONLINE,
    1008: lambda post: post.link is LinkState.ONLINE,
    4403: lambda post: post.link is LinkState.FAILED,
    1013: lambda post: post.link is LinkState.RECONNECTING,
}


@pytest.mark.parametrize("code", _CLOSES)
async def test_every_close_code_has_its_meaning(site: Site, code: int) -> None:
    post = await site.watching()
    await post.do(c.ListObserved(NAME))

    await site.drop(code)
    await until(lambda: len(post.of(e.LinkChanged)) > 3)
    await until(lambda: _CLOSES[code](post))


async def test_many_calls_are_listed(site: Site) -> None:
    await site.fault("many_calls", count=2000)
    post = await site.watching()

    found = await post.do(c.ListObserved(NAME))

    assert len(found.calls) >= 2000
