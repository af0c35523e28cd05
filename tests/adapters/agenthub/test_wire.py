"""The wire by hand: frames as the reference shows them, statuses, events, tokens, URLs."""

from __future__ import annotations

import base64
import json
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import Claims, Frame, Profile
from softphone.adapters.agenthub.wire import commands as api
from softphone.adapters.agenthub.wire import events as ev
from softphone.model.agent import AgentGroup
from softphone.model.error import TokenError
from softphone.model.text import clean
from softphone.secret import Secret

DATA = Path(__file__).parent / "data"
SESSION = [line.split(" ", 1) for line in (DATA / "session.txt").read_text().splitlines()]
GIULIA = Claims("52", "acme", "adams", ("agent",), None, 0.0)
NOW = 1_700_000_000.0


# ---- frames --------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [line for _, line in SESSION])
def test_a_recorded_frame_is_read_and_written_as_it_was(line: str) -> None:
    assert wire.encode(wire.decode(line)) == line


def test_the_measured_binary_push_is_read_and_written() -> None:
    measured = bytes.fromhex("00 01 01 0b 03") + b"67online:acmebinhi"

    frame = wire.decode_from_client(measured)

    assert frame == Frame("6", "7", "online:acme", "bin", raw=b"hi")
    assert wire.encode_push(frame) == measured


def test_a_servers_binary_push_reply_and_broadcast_are_read() -> None:
    push = b"\x00\x01\x01\x01" + b"1tedata"
    reply = b"\x01\x01\x01\x01\x02" + b"12tokdata"
    broadcast = b"\x02\x01\x01" + b"tedata"

    assert wire.decode_from_server(push) == Frame("1", None, "t", "e", raw=b"data")
    assert wire.decode_from_server(reply) == Frame(
        "1", "2", "t", "phx_reply", {"status": "ok"}, b"data"
    )
    assert wire.decode_from_server(broadcast) == Frame(None, None, "t", "e", raw=b"data")
    assert wire.encode_server_push(wire.decode_from_server(push)) == push
    assert wire.encode_server_push(wire.decode_from_server(broadcast)) == broadcast
    assert wire.encode_server_reply(wire.decode_from_server(reply)) == reply


def test_elements_after_the_fifth_are_ignored() -> None:
    assert wire.decode('["1","2","t","e",{},7,8]') == Frame("1", "2", "t", "e")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "7", '"x"', "[]", '["1","1","t","e"]', '{"topic":"t"}'),
        *('[1,"1","t","e",{}]', '["1",1,"t","e",{}]', '["1","1",null,"e",{}]'),
        *('["1","1","t",7,{}]', '["1","1","t","e",[]]', '["1","1","t","e",null]'),
        *('["1","1","t","e",{"x":NaN}]', "[" * 100_000),
    ],
)
def test_what_is_no_frame_is_a_bad_frame(text: str) -> None:
    with pytest.raises(wire.BadFrame):
        wire.decode(text)


@given(st.text() | st.binary())
def test_no_message_of_any_kind_raises_anything_but_a_bad_frame(message: str | bytes) -> None:
    readers: list[Any] = [wire.decode_from_server, wire.decode_from_client]
    texts: list[Any] = [wire.decode]
    for read in readers if isinstance(message, bytes) else texts:
        with suppress(wire.BadFrame):
            assert isinstance(read(message), Frame)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.lists(_JSON, min_size=3, max_size=7))
def test_no_array_raises_anything_but_a_bad_frame(parts: list[Any]) -> None:
    with suppress(wire.BadFrame):
        assert isinstance(wire.decode(json.dumps(parts)), Frame)


_NAME = st.text(max_size=20)


@given(_NAME, _NAME, _NAME, _NAME, st.binary(max_size=30))
def test_every_binary_push_comes_back_as_it_was(
    join_ref: str, ref: str, topic: str, event: str, data: bytes
) -> None:
    try:
        frame = Frame(join_ref, ref, topic, event, raw=data)
        raw = wire.encode_push(frame)
    except (wire.BadFrame, UnicodeEncodeError):
        return
    assert wire.decode_from_client(raw) == frame


@given(st.none() | _NAME, st.none() | _NAME, _NAME, _NAME, st.dictionaries(_NAME, _NAME))
def test_every_frame_comes_back_as_it_was(
    join_ref: str | None, ref: str | None, topic: str, event: str, payload: dict[str, str]
) -> None:
    frame = Frame(join_ref, ref, topic, event, payload)

    assert wire.decode(wire.encode(frame)) == frame


def test_a_name_too_long_for_a_binary_frame_is_refused() -> None:
    with pytest.raises(wire.BadFrame, match="255"):
        wire.encode_push(Frame("1", "1", "t" * 256, "e"))


# ---- tokens and URLs -----------------------------------------------------------------------------


def token(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> str:
    """Return the documented sample's token, changed; the signature is not looked at."""
    sample = {
        "sub": "52",
        "tid": "acme",
        "iss": "https://auth.api.olos.live",
        "iat": 1658751413,
        "exp": 2799231413,
        "username": "adams",
        "roles": ["agent"],
    }
    kept = {k: v for k, v in (sample | (claims or {})).items() if v != "__drop__"}
    parts = [{"alg": "RS256", "typ": "JWT"} | (header or {}), kept]
    coded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*coded, "c2ln"])


def test_the_sample_token_is_read() -> None:
    claims = wire.read_claims(token(), NOW)

    assert claims == Claims("52", "acme", "adams", ("agent",), 1658751413.0, 2799231413.0)


def test_a_number_as_agent_and_no_roles_are_fine() -> None:
    claims = wire.read_claims(token({"sub": 52, "roles": "__drop__"}), NOW)

    assert (claims.agent, claims.roles) == ("52", ())


@pytest.mark.parametrize(
    ("claims", "header", "words"),
    [
        ({"sub": ""}, {}, "sub is missing"),
        ({"sub": True}, {}, "sub is missing"),
        ({"sub": None}, {}, "sub is missing"),
        ({"tid": 7}, {}, "tid is missing"),
        ({"tid": "__drop__"}, {}, "tid is missing"),
        ({"exp": "soon"}, {}, "exp is no number"),
        ({"exp": True}, {}, "exp is no number"),
        ({"exp": 10**400}, {}, "exp is no number"),
        ({"exp": NOW - 31}, {}, "expired 31 s ago"),
        ({"roles": "admin"}, {}, "roles is no list"),
        ({"roles": [1]}, {}, "roles is no list"),
        ({}, {"alg": "none"}, "not signed with RS256"),
        ({}, {"alg": "HS256"}, "not signed with RS256"),
        ({}, {"alg": None}, "not signed with RS256"),
    ],
)
def test_a_wrong_token_is_one_sentence(
    claims: dict[str, Any], header: dict[str, Any], words: str
) -> None:
    with pytest.raises(TokenError, match=words):
        wire.read_claims(token(claims, header), NOW)


def test_thirty_seconds_of_leeway_are_given() -> None:
    assert wire.read_claims(token({"exp": NOW - 29}), NOW).agent == "52"


@given(st.text(max_size=60) | st.text(string.ascii_letters + "._-=", max_size=60))
def test_no_text_as_a_token_raises_anything_but_a_token_error(text: str) -> None:
    with pytest.raises(TokenError):
        wire.read_claims(text, NOW)


def test_the_url_is_phoenixs_own() -> None:
    url = wire.socket_url("https://agenthub.api.olos.live/", Secret("a b/c"), Profile())

    assert url == "wss://agenthub.api.olos.live/socket/websocket?token=a%20b%2Fc&vsn=2.0.0"


def test_the_profile_changes_path_and_parameters() -> None:
    profile = Profile(socket_path="/hub", token_param="jwt", extra_params={"v": "1&2"})

    url = wire.socket_url("http://h:1/base", Secret("T"), profile)

    assert url == "ws://h:1/base/hub/websocket?v=1%262&jwt=T&vsn=2.0.0"


def test_the_token_as_a_subprotocol_has_no_padding_and_is_not_in_the_url() -> None:
    profile = Profile(auth_mode="subprotocol")

    assert wire.subprotocols(Secret("T"), profile) == ("phoenix", "base64url.bearer.phx.VA")
    assert wire.socket_url("http://h", Secret("T"), profile) == "ws://h/socket/websocket?vsn=2.0.0"
    assert wire.subprotocols(Secret("T"), Profile()) == ()


@pytest.mark.parametrize("coded", ["Pz8-", "Pz8+", "VA", "VA=="])
def test_both_alphabets_are_read_with_or_without_padding(coded: str) -> None:
    found = wire.token_in_subprotocols(["phoenix", f"base64url.bearer.phx.{coded}"])

    assert found in ("??>", "T")


def test_topics_are_made_of_the_claims() -> None:
    assert wire.topic("agent:{tid}:{sub}", GIULIA) == "agent:acme:52"
    assert wire.topic("x{username}{other}", GIULIA) == "xadams{other}"


@pytest.mark.parametrize("data", ["T", {"token": "T"}, {"access_token": "T"}, {"accessToken": "T"}])
def test_a_token_source_may_answer_in_several_ways(data: object) -> None:
    assert wire.answered_token(data) == "T"


@pytest.mark.parametrize("data", [None, 7, [], {}, {"token": 7}])
def test_a_token_source_that_answers_none_gives_none(data: object) -> None:
    assert wire.answered_token(data) == ""


# ---- events --------------------------------------------------------------------------------------


def test_the_sample_event_is_read() -> None:
    event = wire.read_event("event", json.loads((DATA / "event.json").read_text()))

    assert event is not None
    assert (event.type, event.id, event.order) == (
        "ScreenPopVoice",
        "1661794102499-0",
        (1661794102499, 0),
    )
    assert (event.agent, event.campaign) == ("9300f2b4-70f2-4a21-bcb5-e5d46e602c30", "22")
    assert (event.channel_type, event.channel, event.timestamp) == (
        "Voice",
        "Outbound",
        1657905963385.0,
    )
    assert event.data == {"someField": "some value", "anotherField": 1}


def test_ids_are_compared_as_numbers() -> None:
    first, second = ev.order_of("999-2"), ev.order_of("1000-0")

    assert first is not None
    assert second is not None
    assert first < second
    assert ev.order_of("abc") is None


@given(
    st.text(max_size=8),
    st.dictionaries(
        st.sampled_from(
            ["eventType", "eventData", "eventId", "agentId", "campaignId", "timestamp", "channel"]
        ),
        _JSON,
    ),
)
def test_no_payload_raises_and_all_texts_are_printable(name: str, payload: dict[str, Any]) -> None:
    event = wire.read_event(name, payload)

    if event is not None:
        assert clean(event.type, 64) == event.type
        assert ev.body_of(payload).isprintable()
        ev.fields_of(event.data)


@pytest.mark.parametrize(
    ("value", "title", "group", "after", "disposes"),
    [
        (0, "Nothing", AgentGroup.UNKNOWN, "", False),
        (1, "Idle", AgentGroup.AVAILABLE, "", False),
        (2, "Talking", AgentGroup.BUSY, "", False),
        (3, "Wrap", AgentGroup.AFTER_CALL, "", True),
        (4, "Pause", AgentGroup.PAUSED, "", False),
        (5, "Ending", AgentGroup.LEAVING, "", False),
        (6, "Talking", AgentGroup.BUSY, "pause", False),
        (9, "Wrap", AgentGroup.AFTER_CALL, "logout", True),
        (17, "Holding", AgentGroup.HELD, "", False),
        (22, "Wrap, manual call", AgentGroup.AFTER_CALL, "", True),
        (41, "Analyzing", AgentGroup.PREVIEW, "", False),
        (43, "Waiting", AgentGroup.AVAILABLE, "", False),
        (56, "In Conference", AgentGroup.BUSY, "pause", False),
        (62, "Pausing", AgentGroup.PAUSED, "", False),
        (63, "Redial, private callback", AgentGroup.BUSY, "", False),
        (9999, "End", AgentGroup.LEAVING, "", False),
        ("chat", "In chat", AgentGroup.BUSY, "", False),
        (64, "status 64", AgentGroup.UNKNOWN, "", False),
        (None, "status ?", AgentGroup.UNKNOWN, "", False),
        ([1], "status ?", AgentGroup.UNKNOWN, "", False),
    ],
)
def test_a_status_is_read_by_the_rules(
    value: object, title: str, group: AgentGroup, after: str, disposes: bool
) -> None:
    read = wire.status.read_status(value)

    assert read.title.lower() == title.lower()
    assert (read.group, read.next, read.may_dispose) == (group, after, disposes)


def test_all_sixty_four_statuses_are_there() -> None:
    statuses = wire.status.STATUSES

    assert set(statuses) == {*range(64), 9999}
    assert (statuses[10], statuses[32], statuses[55]) == (
        "Consulting",
        "ThirdPartyCampaign",
        "InConference",
    )
    for name in statuses.values():
        assert wire.status.read_status(name) == wire.status.read_status(name.upper())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1, "nothing"),
        ("4", "agent connected"),
        (9, "holding"),
        (77, "state 77"),
        (None, "state ?"),
    ],
)
def test_a_call_state_is_read(value: object, words: str) -> None:
    assert wire.status.call_step(value) == words


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"State": "OK"}, None),
        ({"State": True}, None),
        ([], None),
        (None, None),
        ({"State": "Error", "Message": "no"}, "no"),
        ({"State": False}, "no reason given"),
        ({"State": "FAILED"}, "no reason given"),
    ],
)
def test_a_refused_command_is_told_by_its_state(answer: object, why: str | None) -> None:
    assert api.refusal(answer) == why
