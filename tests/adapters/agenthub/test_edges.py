"""The reference's table of hostile and edge cases (section 12), each against the lab."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import Any

import pytest

from softphone.adapters.agenthub.wire import names as n
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import Refused
from softphone.model.presence import LinkState
from tests.adapters.agenthub.agent import NAME, Floor, Seat, until

TOPIC = "agent:acme:52"


async def raw(floor: Floor, event: str, payload: Any, topic: str = TOPIC) -> None:
    """Let the lab send one frame as it is, with the reference of the join in force."""
    await floor.fault("raw", text=json.dumps(["{join_ref}", None, topic, event, payload]))


# ---- events --------------------------------------------------------------------------------------


async def test_an_unknown_type_goes_to_the_log_and_harms_nothing(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("unknown_type")
    await seat.seen("FromTheFuture")

    assert seat.codes() == []
    assert seat.link is LinkState.ONLINE


@pytest.mark.parametrize(
    "kind", [None, 7, [1], {"a": 1}, "", "any", "connected", "disconnected", "onlineUsers"]
)
async def test_no_event_imitates_one_of_the_clients_own(floor: Floor, kind: object) -> None:
    seat = await floor.at_work()
    before = seat.names()

    await raw(floor, "event", {"eventType": kind, "eventData": {"agentId": "1"}})
    await seat.seen("invalid type")

    assert seat.names() == before
    assert seat.adapter.counters["bad_types"] == 1


@pytest.mark.parametrize("name", n.CLIENT_EVENTS)
async def test_no_channel_event_imitates_one_of_the_clients_own(floor: Floor, name: str) -> None:
    seat = await floor.at_work()
    before = seat.names()

    await raw(floor, name, {})
    await seat.seen("invalid type")

    assert seat.names() == before


@pytest.mark.parametrize("data", [None, [1], "text", 7, {"phoneNumber": [1], "extra": {}}, {}])
async def test_event_data_of_any_kind_is_tolerated(floor: Floor, data: object) -> None:
    seat = await floor.at_work()

    await raw(floor, "event", {"eventType": "ScreenPopVoice", "eventData": data})
    await raw(floor, "event", {"eventType": "ScreenPopVoice"})
    await until(lambda: len(seat.of(e.ScreenPopped)) == 2)

    assert seat.link is LinkState.ONLINE


async def test_every_known_event_survives_fields_of_wrong_types(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("wrong_types")
    await floor.emit("After")
    await seat.seen("After")

    assert seat.links == ["offline", "connecting", "online"]


async def test_a_message_above_the_limit_ends_the_socket_once_and_patiently(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("oversize")
    loss = await seat.linked(LinkState.RECONNECTING)

    assert loss.code == "TOO_LARGE"
    assert loss.retry_mono is not None
    assert loss.retry_mono - time.monotonic() > 2.0
    await seat.do(c.RetryNow(NAME))
    await seat.linked()


async def test_ten_thousand_entries_and_deep_nesting_are_taken_and_shown_in_short(
    floor: Floor,
) -> None:
    seat = await floor.at_work()
    deep = "[" * 900 + "]" * 900

    await floor.emit("ListCalls", {"calls": [{"callId": str(x)} for x in range(10_000)]})
    await floor.fault(
        "raw",
        text=f'["{{join_ref}}",null,"{TOPIC}","event",{{"eventType":"Deep","eventData":{deep}}}]',
    )
    await floor.fault("deep_json")
    await floor.emit("After")
    await seat.seen("After")

    assert len(seat.status.calls) == 50
    assert all(len(raw.body) <= n.BODY_LIMIT for raw in seat.of(e.PlatformEvent))
    assert seat.link is LinkState.ONLINE


async def test_hostile_text_is_harmless_when_it_leaves_the_adapter(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("hostile_text")
    await floor.emit("After")
    await seat.seen("After")

    shown = "".join(text for event in seat.events for text in texts_of(event))
    assert "PWNED" in shown
    for bad in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\x00"):
        assert bad not in shown


def texts_of(value: object) -> list[str]:
    """Return every text in an event of the model."""
    if isinstance(value, str):
        return [str(value)]
    if dataclasses.is_dataclass(value):
        return [t for f in dataclasses.fields(value) for t in texts_of(getattr(value, f.name))]
    return [t for one in value for t in texts_of(one)] if isinstance(value, tuple) else []


async def test_a_burst_loses_nothing_and_heartbeats_go_on(floor: Floor) -> None:
    seat = await floor.at_work(heartbeat_s=0.2)

    await floor.emit("Burst", {}, count=4000, rate=2000)
    await seat.seen("Burst", 4000)

    places = [json.loads(raw.body)["eventData"]["place"] for raw in seat.raw("Burst")]
    assert places == list(range(4000))
    assert seat.links == ["offline", "connecting", "online"]


async def test_a_thousand_ids_are_remembered_and_no_more(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("First", envelope={"eventId": "77-1"})
    await floor.emit("Filler", count=n.IDS_KEPT)
    await floor.emit("First", envelope={"eventId": "77-1"})

    await seat.seen("First", 2)
    assert seat.adapter.counters["duplicates"] == 0


# ---- frames --------------------------------------------------------------------------------------


async def test_frames_that_are_none_are_counted_and_ignored(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("malformed_json", count=11)
    await floor.fault("binary")
    await floor.emit("After")
    await seat.seen("After")

    assert seat.adapter.counters["bad_frames"] >= 13
    assert seat.links == ["offline", "connecting", "online"]


async def test_answers_and_events_nobody_waits_for_are_ignored(floor: Floor) -> None:
    seat = await floor.at_work()
    before = seat.adapter.counters["stray"]

    await floor.fault("bad_refs")
    await floor.emit("After")
    await seat.seen("After")

    assert seat.adapter.counters["stray"] == before + 6
    assert not seat.raw("Stale")
    assert not seat.raw("Strange")
    assert seat.names().count("connected") == 1


# ---- tokens --------------------------------------------------------------------------------------


def the_wrong_tokens(floor: Floor) -> dict[str, Any]:
    good = floor.token()
    head, body, tail = good.split(".")

    async def awaited() -> str:
        return "not.a.token"

    def raises() -> str:
        raise RuntimeError("secret eyJhbGciOiJSUzI1NiJ9")

    return {
        "empty": lambda: "",
        "none": lambda: None,
        "bytes": good.encode,
        "two parts": lambda: f"{head}.{body}",
        "no base64": lambda: f"{head}.%%%.{tail}",
        "no object": lambda: f"{head}.WzFd.{tail}",
        "no signature": lambda: f"{head}.{body}.",
        "raises": raises,
        "async": awaited,
        "expired": lambda: floor.token(ttl_s=-3600),
    }


@pytest.mark.parametrize(
    "case",
    [
        *("empty", "none", "bytes", "two parts", "no base64", "no object", "no signature"),
        *("raises", "async", "expired"),
    ],
)
async def test_a_token_of_any_wrong_kind_is_no_connect_and_one_sentence(
    floor: Floor, case: str
) -> None:
    seat = await floor.seat_with(the_wrong_tokens(floor)[case])

    await seat.do(c.GoOnline(NAME))
    loss = await seat.linked(LinkState.RECONNECTING)

    assert loss.cause.startswith("No valid token: ")
    assert loss.cause.endswith((".", "?"))
    assert "eyJ" not in loss.cause
    assert loss.retry_mono is not None
    assert loss.retry_mono - time.monotonic() > 3.0
    assert seat.codes() == ["TOKEN_FAILED"]
    assert floor.hub.state()["sockets"] == []


async def test_a_token_source_that_hangs_has_a_time_limit(floor: Floor) -> None:
    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    seat = await floor.seat_with(never, token_limit_s=0.2)
    await seat.do(c.GoOnline(NAME))
    loss = await seat.linked(LinkState.RECONNECTING)

    assert loss.cause == "No valid token: its source does not answer."


async def test_tokens_may_come_from_plain_and_async_functions(floor: Floor) -> None:
    async def later() -> str:
        return floor.token()

    plain = await floor.seat_with(floor.token)
    asynchronous = await floor.seat_with(later)

    await plain.ready()
    await asynchronous.ready()


async def test_a_token_is_asked_for_anew_at_every_connect(floor: Floor) -> None:
    asked: list[float] = []

    def fresh() -> str:
        asked.append(time.monotonic())
        return floor.token()

    seat = await (await floor.seat_with(fresh)).ready()
    await floor.drop(1012)
    await until(lambda: seat.links.count("online") == 2)

    assert len(asked) == 2


async def test_a_token_is_renewed_before_it_expires_and_kept_for_the_next_connect(
    floor: Floor,
) -> None:
    asked: list[float] = []

    def short() -> str:
        asked.append(time.monotonic())
        return floor.token(ttl_s=3.0 if len(asked) == 1 else 3600.0)

    seat = await (await floor.seat_with(short)).ready()
    await until(lambda: len(asked) == 2)
    await floor.drop(1012)
    await until(lambda: seat.links.count("online") == 2)

    assert 1.0 < asked[1] - asked[0] < 2.5
    assert len(asked) == 2


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_server_that_closes_for_an_expired_token_is_met_with_a_fresh_one(
    floor: Floor, code: int
) -> None:
    given: list[str] = []

    def short() -> str:
        given.append(floor.token(ttl_s=1.0 if not given else 3600.0))
        return given[-1]

    seat = await (await floor.seat_with(short, refresh_margin_s=0)).ready()
    expires = time.time() + 1.0
    await until(lambda: time.time() > expires)
    assert seat.link is LinkState.ONLINE  # an expired token ends no open socket by itself

    await floor.drop(code)
    await until(lambda: seat.links.count("online") == 2)

    assert len(given) >= 2
    assert seat.codes() == []


async def test_a_renewal_that_fails_is_told_once_and_the_line_stays(floor: Floor) -> None:
    given = [floor.token(ttl_s=2.0)]

    def once() -> str:
        return given.pop() if given else ""

    seat = await (await floor.seat_with(once)).ready()
    await until(lambda: seat.codes())

    assert seat.codes() == ["TOKEN_FAILED"]
    assert "could not be renewed" in seat.errors()
    assert seat.link is LinkState.ONLINE


@pytest.mark.parametrize("skew_s", [-3600.0, 20.0])
async def test_a_clock_that_is_a_little_wrong_is_no_reason_to_stay_away(
    floor: Floor, skew_s: float
) -> None:
    seat = await floor.seat_with(lambda: floor.token(ttl_s=30.0))
    seat.skew_s = skew_s

    await seat.ready()


async def test_a_clock_that_is_far_ahead_is_named_as_the_cause(floor: Floor) -> None:
    seat = await floor.seat_with(lambda: floor.token(ttl_s=30.0))
    seat.skew_s = 3600.0

    await seat.do(c.GoOnline(NAME))
    loss = await seat.linked(LinkState.RECONNECTING)

    assert "Is the clock right?" in loss.cause


async def test_another_person_in_the_token_clears_what_was_known(floor: Floor) -> None:
    who = ["boss"]
    seat = await (await floor.seat_with(lambda: floor.token(who[0]))).ready()
    await until(lambda: seat.users == ["boss"])

    who[0] = "zoe"
    await floor.drop(1001, "boss")
    await until(lambda: seat.links.count("online") == 2)

    assert seat.of(e.OnlineUsersChanged)[-1].users == ()
    assert "the token is now for zoe at globex" in seat.remarks()
    assert [signed.identity for signed in seat.of(e.SignedIn)] == ["boss @ acme", "zoe @ globex"]
    topics = [one["topics"] for one in floor.hub.state()["sockets"]]
    assert topics == [["agent:globex:61"]]


# ---- refusals ------------------------------------------------------------------------------------


async def test_a_refused_token_is_tried_twice_quickly_then_patiently_with_fresh_ones(
    floor: Floor,
) -> None:
    asked: list[float] = []

    def forged() -> str:
        asked.append(time.monotonic())
        head, body, tail = floor.token().split(".")
        return f"{head}.{body}.{tail[::-1]}"

    seat = await floor.seat_with(forged)
    await seat.do(c.GoOnline(NAME))
    refused = await seat.linked(LinkState.FAILED)

    assert len(asked) == 3
    assert asked[-1] - asked[0] < 3.0
    assert refused.code == "UNAUTHORIZED"
    assert refused.retry_mono is not None
    assert refused.retry_mono - time.monotonic() > 4.0
    assert seat.codes() == ["UNAUTHORIZED"]
    await seat.do(c.RetryNow(NAME))
    await until(lambda: len(asked) == 4)


async def test_an_agent_who_is_not_let_in_is_refused_without_endless_joins(floor: Floor) -> None:
    await floor.fault("deny_agent")
    seat = await floor.seat()
    await seat.do(c.GoOnline(NAME))

    refused = await seat.linked(LinkState.FAILED)
    assert refused.cause == "The server does not let this agent in."
    await floor.ask(floor.control.clear_faults)
    await seat.do(c.RetryNow(NAME))
    await seat.linked()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [("/elsewhere", "WRONG_PATH", "no socket there (404)")],
)
async def test_a_wrong_path_is_named(floor: Floor, path: str, code: str, words: str) -> None:
    seat = await floor.seat(profile={"socket_path": path})
    await seat.do(c.GoOnline(NAME))

    loss = await seat.linked(LinkState.RECONNECTING)

    assert loss.code == code
    assert words in loss.cause


@pytest.mark.parametrize(("status", "words"), [(302, "no socket there"), (502, "is down")])
async def test_redirects_and_failures_of_the_server_are_told_apart(
    floor: Floor, status: int, words: str
) -> None:
    await floor.fault("handshake", socket="agenthub", status=status)
    seat = await floor.seat()
    await seat.do(c.GoOnline(NAME))

    loss = await seat.linked(LinkState.RECONNECTING)

    assert words in loss.cause
    assert "token" not in loss.cause


@pytest.mark.parametrize("floor", [{"tls": True}], indirect=True)
async def test_a_certificate_nobody_vouches_for_is_named(floor: Floor) -> None:
    seat = await floor.seat(base_url=floor.lab.hub.tls_url)
    await seat.do(c.GoOnline(NAME))

    loss = await seat.linked(LinkState.RECONNECTING)

    assert "certificate" in loss.cause


# ---- roles and the list --------------------------------------------------------------------------


async def test_an_admin_role_that_goes_in_mid_session_ends_the_list(floor: Floor) -> None:
    boss = await floor.at_work("boss")
    await until(lambda: boss.users == ["boss"])

    await floor.act("revoke", "boss")
    await until(lambda: boss.of(e.OnlineUsersChanged)[-1].users == ())

    assert "no list of online users: the server ended it" in boss.remarks()
    assert boss.link is LinkState.ONLINE
    assert floor.hub.state()["sockets"][0]["topics"] == ["agent:acme:7"]


async def test_a_new_token_without_the_role_ends_the_list_and_one_with_it_begins_it(
    floor: Floor,
) -> None:
    roles = [["agent", "admin"]]
    seat = await (await floor.seat_with(lambda: floor.token("boss", roles=roles[0]))).ready()
    await until(lambda: seat.users == ["boss"])

    roles[0] = ["agent"]
    await floor.drop(1012, "boss")
    await until(lambda: seat.links.count("online") == 2)
    assert seat.of(e.OnlineUsersChanged)[-1].users == ()
    assert "the admin role is gone" in seat.remarks()

    roles[0] = ["agent", "admin"]
    await floor.drop(1012, "boss")
    await until(lambda: seat.users == ["boss"])


async def test_a_refused_list_is_not_asked_for_again_until_the_next_connect(floor: Floor) -> None:
    await floor.act("revoke", "boss")
    seat = await floor.seat_with(lambda: floor.token("boss", roles=["agent", "admin"]))
    await seat.ready()
    await until(lambda: "the server does not show it" in seat.remarks())

    await floor.act("revoke", "boss", back=True)
    await floor.drop(1012, "boss")

    await until(lambda: seat.users == ["boss"])


async def test_odd_presence_is_skipped_and_counted(floor: Floor) -> None:
    boss = await floor.at_work("boss")
    await until(lambda: boss.users == ["boss"])

    odd = {"joins": {"__proto__": {"metas": [{}]}, "x": {"metas": 7}, "y": 1}, "leaves": {"z": {}}}
    for payload in (odd, {"joins": {"a": {"metas": [{"phx_ref": "r1"}]}}}, {}):
        text = json.dumps([None, None, "online:acme", "presence_diff", payload])
        await floor.fault("raw", text=text)
    await until(lambda: boss.users == ["boss", ""])

    assert boss.adapter.counters["presence_skipped"] == 1


@pytest.mark.parametrize("fault", ["early_diff", "state_twice"])
async def test_changes_before_the_list_and_the_list_twice_end_right(
    floor: Floor, fault: str
) -> None:
    await floor.fault(fault)
    boss = await floor.at_work("boss")
    await floor.at_work("adams")

    await until(lambda: boss.users == ["boss", "adams"])


# ---- channels and time ---------------------------------------------------------------------------


async def test_a_session_the_server_ends_is_joined_again_after_ten_seconds_and_told_once(
    floor: Floor,
) -> None:
    seat = await floor.at_work()

    await floor.act("kick")
    loss = await seat.linked(LinkState.RECONNECTING)

    assert loss.retry_mono is not None
    assert 8.0 < loss.retry_mono - time.monotonic() <= 10.0
    assert seat.names().count("disconnected") == 1


async def test_a_channel_that_crashes_is_joined_again_after_a_second(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("crash")
    await until(lambda: seat.links[3:] == ["reconnecting", "online"])

    assert seat.names().count("disconnected") == 1
    assert seat.names().count("connected") == 2


async def test_a_join_without_an_answer_is_tried_again(floor: Floor) -> None:
    await floor.fault("no_join_reply", count=1)
    seat = await floor.seat(join_limit_s=0.3)
    await seat.do(c.GoOnline(NAME))

    await seat.linked()


async def test_a_join_that_crashes_is_tried_again(floor: Floor) -> None:
    await floor.fault("join_crash", count=1)
    seat = await floor.seat()
    await seat.do(c.GoOnline(NAME))

    await seat.linked()


async def test_a_server_that_answers_no_heartbeat_is_left_and_found_again(floor: Floor) -> None:
    seat = await floor.at_work(heartbeat_s=0.3)

    await floor.fault("no_heartbeat")
    loss = await seat.linked(LinkState.RECONNECTING)
    await floor.ask(floor.control.clear_faults)
    await seat.linked()

    assert loss.cause == "the server does not answer"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1006])
async def test_it_comes_back_after_every_close_it_did_not_ask_for(floor: Floor, code: int) -> None:
    seat = await floor.at_work()

    await floor.drop(code)
    await until(lambda: seat.links.count("online") == 2)

    assert seat.names().count("disconnected") == 1


async def test_it_stays_down_after_1000_where_that_is_configured(floor: Floor) -> None:
    seat = await floor.at_work(reconnect_on_normal_close=False)

    await floor.drop(1000)
    down = await seat.linked(LinkState.FAILED)
    await seat.do(c.RetryNow(NAME))
    await seat.linked()

    assert down.code == "CLOSED"


async def test_the_token_may_go_as_a_subprotocol(floor: Floor) -> None:
    seat = await floor.at_work(profile={"auth_mode": "subprotocol"})

    assert seat.link is LinkState.ONLINE


async def test_going_offline_leaves_the_channels_and_says_so(floor: Floor) -> None:
    seat = await floor.at_work()

    await seat.do(c.GoOffline(NAME))
    await seat.linked(LinkState.OFFLINE)
    await until(lambda: floor.hub.state()["sockets"] == [])

    assert seat.names()[-1] == "disconnected"
    await seat.ready()


async def test_calls_and_commands_are_refused_with_a_sentence(floor: Floor) -> None:
    seat: Seat = await floor.at_work()

    for command in (c.Dial("+39", NAME), c.Answer(CallId("c1")), c.SetAgentStatus(NAME, "idle")):
        with pytest.raises(Refused, match=r"\.$"):
            await seat.do(command)
