"""Audin's wire against messages written by hand from the reference (numbers are its sections)."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.audin import wire
from softphone.adapters.audin.wire import AudioClose, BadMessage, PresenceClose, Wire
from softphone.model.error import ConfigError, ProtocolError

NAMES = Wire()
DATA = Path(__file__).parent / "data"


def golden(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / file).read_text(encoding="utf-8"))
    return found


def built(described: list[Any]) -> Any:
    name, values = described
    ready = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return getattr(wire, name)(**ready)


def case_id(case: dict[str, Any]) -> str:
    return str(case["text"])[:60]


# ---- golden messages -------------------------------------------------------------------------


@pytest.mark.parametrize("case", golden("server_to_client.json"), ids=case_id)
def test_server_messages_are_read_and_written_as_in_the_reference(case: dict[str, Any]) -> None:
    expected = built(case["message"])

    assert wire.decode_server(case["text"], NAMES) == expected
    if case.get("written"):
        assert json.loads(wire.encode(expected, NAMES)) == json.loads(case["text"])


@pytest.mark.parametrize("case", golden("client_to_server.json"), ids=case_id)
def test_client_messages_are_read_and_written_as_in_the_reference(case: dict[str, Any]) -> None:
    expected = built(case["message"])

    assert wire.decode_client(case["text"], NAMES) == expected
    if case.get("written"):
        assert wire.encode(expected, NAMES) == case["text"]


@pytest.mark.parametrize("case", golden("audio_control.json"), ids=case_id)
def test_controls_of_the_audio_socket_are_as_in_the_reference(case: dict[str, Any]) -> None:
    expected = built(case["message"])
    client = case["side"] == "client"
    decode: Any = wire.decode_audio_control if client else wire.decode_audio_server

    assert decode(case["text"], NAMES) == expected
    if case.get("written"):
        assert wire.encode(expected, NAMES) == case["text"]


@pytest.mark.parametrize("text", golden("bad.json"))
def test_what_cannot_be_read_is_a_bad_message(text: Any) -> None:
    with pytest.raises(BadMessage):
        wire.decode_server(text, NAMES)


@pytest.mark.parametrize("digit", ["", "55", "a", "A", "٣", 5, None, "\n"])
def test_only_single_digits_are_dtmf(digit: object) -> None:
    with pytest.raises(BadMessage):
        wire.decode_audio_control(json.dumps({"type": "dtmf", "digit": digit}), NAMES)


@pytest.mark.parametrize("muted", [0, 1, "true", None])
def test_mute_takes_true_and_false_only(muted: object) -> None:
    with pytest.raises(BadMessage):
        wire.decode_audio_control(json.dumps({"type": "mute", "muted": muted}), NAMES)


# ---- hostile input ---------------------------------------------------------------------------


def nested(levels: int) -> str:
    return '{"type":"pong","x":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


def test_nesting_of_32_levels_is_read_and_33_are_not() -> None:
    assert wire.decode_server(nested(32), NAMES) == wire.Pong()
    with pytest.raises(BadMessage):
        wire.decode_server(nested(33), NAMES)


@pytest.mark.parametrize("bomb", ["[" * 1_000_000, '{"type":' * 500_000, nested(100_000)])
def test_a_nesting_bomb_is_a_bad_message(bomb: str) -> None:
    with pytest.raises(BadMessage):
        wire.decode_server(bomb, NAMES)


def test_a_number_of_five_thousand_digits_is_a_bad_message() -> None:
    with pytest.raises(BadMessage):
        wire.decode_server('{"type":"pong","x":' + "9" * 5_000 + "}", NAMES)


def test_a_bad_message_is_a_protocol_error_with_its_own_code() -> None:
    assert issubclass(BadMessage, ProtocolError)
    assert BadMessage("x").code == "BAD_MESSAGE"


def test_long_texts_are_cut_and_long_lists_bounded() -> None:
    text = json.dumps({"type": "incoming_call", "callSid": "CA1", "displayName": "x" * 60_000})
    offer = wire.decode_server(text, NAMES)
    many = json.dumps({"type": "available_set", "accepted": [str(n) for n in range(5_000)]})
    answer = wire.decode_server(many, NAMES)

    assert isinstance(offer, wire.IncomingCall)
    assert offer.display_name is not None
    assert len(offer.display_name) < 140
    assert isinstance(answer, wire.AvailableSet)
    assert len(answer.accepted) == 1_000


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
TYPES = st.sampled_from([f.default for f in fields(Wire) if f.name.startswith("type_")])
KEYS = st.sampled_from(
    [
        alias
        for f in fields(Wire)
        if f.name.startswith("field_") and isinstance(f.default, tuple)
        for alias in f.default
    ]
)
DECODERS = (
    wire.decode_server,
    wire.decode_client,
    wire.decode_audio_control,
    wire.decode_audio_server,
)


@given(TYPES, st.dictionaries(KEYS, ANY_JSON, max_size=8), st.booleans())
def test_any_value_in_any_field_is_a_message_or_a_bad_message(
    kind: Any, values: dict[str, Any], ascii_only: bool
) -> None:
    kind = kind[0] if isinstance(kind, tuple) else kind
    text = json.dumps({**values, "type": kind}, ensure_ascii=ascii_only)

    for decode in DECODERS:
        try:
            message = decode(text, NAMES)
        except BadMessage:
            continue
        wire.encode(message, NAMES) if not isinstance(message, wire.Unknown) else None
        if isinstance(message, wire.IncomingCall):
            assert 5.0 <= message.ring_limit_s <= 300.0


@given(st.text() | ANY_JSON.map(json.dumps))
def test_any_text_is_a_message_or_a_bad_message(text: str) -> None:
    for decode in DECODERS:
        try:
            decode(text, NAMES)
        except BadMessage:
            continue


@given(ANY_JSON)
def test_any_answer_of_a_token_or_number_request_is_read_or_refused(data: Any) -> None:
    for read in (wire.token_answer, wire.read_token_request):
        try:
            read(data)
        except BadMessage:
            continue
    with suppress(BadMessage):
        wire.phone_numbers(data, NAMES)


@given(st.text())
def test_any_token_is_decoded_or_not_but_never_an_error(token: str) -> None:
    wire.jwt_times(token)
    wire.jwt_times(f"a.{token}.c")


# ---- ring limit (6.4) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told_ms", "limit_s"),
    [(None, 60.0), (30_000, 30.0), (1, 5.0), (-5, 5.0), (10**9, 300.0), (10**400, 300.0)],
)
def test_the_ring_limit_is_the_servers_within_5_to_300_s(
    told_ms: int | None, limit_s: float
) -> None:
    assert wire.IncomingCall("CA1", ring_timeout_ms=told_ms).ring_limit_s == limit_s


# ---- names from config (3) -------------------------------------------------------------------


def test_a_table_changes_names_and_the_rest_stays() -> None:
    names = Wire.from_table(
        {
            "presence_path": "/p",
            "auth_close_codes": [4001],
            "busy_close_code": 4999,
            "field_call_sid": "sid",
            "type_accept": "answer",
            "type_call_gone": ["gone"],
        }
    )

    assert names.audio_path == NAMES.audio_path
    assert names.auth_close_codes == (4001,)
    assert wire.encode(wire.Accept("CA1"), names) == '{"type":"answer","sid":"CA1"}'
    assert wire.decode_client('{"type":"answer","sid":"CA1"}', names) == wire.Accept("CA1")
    assert wire.decode_server('{"type":"gone","sid":"CA1"}', names) == wire.CallGone("CA1")
    answer = wire.decode_server('{"type":"error","re":"answer"}', names)
    assert answer == wire.ServerError(re=wire.ACCEPT)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"presence_pth": "/x"}, "presence_path"),
        ({"zzzzz": 1}, "unknown key"),
        ({"presence_path": "no-slash"}, "slash"),
        ({"presence_path": 7}, "text"),
        ({"presence_path": ""}, "text"),
        ({"audio_path": "/x"}, "callSid"),
        ({"auth_close_codes": "4001"}, "close code"),
        ({"auth_close_codes": [True]}, "close code"),
        ({"auth_close_codes": []}, "empty"),
        ({"busy_close_code": 99}, "close code"),
        ({"field_call_sid": [1]}, "text"),
        ({"token_param": "a\nb"}, "text"),
    ],
)
def test_a_wrong_table_names_the_key_and_what_it_must_be(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        Wire.from_table(table, "accounts.a.wire")

    assert f"accounts.a.wire.{next(iter(table))}" in raised.value.message


def test_the_caller_makes_the_error_so_that_it_can_name_the_line() -> None:
    with pytest.raises(ConfigError, match=r"line 7 of w\.nope"):
        Wire.from_table({"nope": 1}, "w", lambda key, problem: ConfigError(f"line 7 of {key}"))


# ---- URLs (6.1, 7.1) -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("core", "start"),
    [
        ("https://core.audin.ai", "wss://core.audin.ai/operator-presence/ws?token="),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/operator-presence/ws?token="),
        ("HTTPS://core.audin.ai/base/", "wss://core.audin.ai/base/operator-presence/ws?token="),
    ],
)
def test_the_presence_url_is_the_core_url_as_ws(core: str, start: str) -> None:
    assert wire.presence_url(core, "aaa.bbb", NAMES) == start + "aaa.bbb"


def test_a_token_is_percent_encoded() -> None:
    token = "a b&c=d/e+f?g#h"

    url = wire.presence_url("https://h", token, NAMES)

    assert parse_qs(urlsplit(url).query) == {"token": [token]}
    assert urlsplit(url).fragment == ""


def test_the_audio_url_holds_the_call_id_percent_encoded() -> None:
    url = wire.audio_url("https://h", "CA:1", "t", NAMES)

    assert url == "wss://h/operator-audio/ws/CA%3A1?token=t"


@pytest.mark.parametrize("sid", ["", ".", "..", "a/b", "a b", "a?b", "é", "CA1\n", "x" * 129])
def test_a_call_id_that_is_not_fit_for_a_path_is_refused(sid: str) -> None:
    assert not wire.is_call_sid(sid)
    with pytest.raises(BadMessage):
        wire.audio_url("https://h", sid, "t", NAMES)


def test_tokens_are_hidden_in_texts() -> None:
    text = "cannot open wss://h/operator-presence/ws?token=aaa.bbb.ccc&x=1 (TOKEN=zzz in it)"

    hidden = wire.redact(text, NAMES)

    assert hidden == "cannot open wss://h/operator-presence/ws?token=••••&x=1 (TOKEN=•••• in it)"


def test_a_token_answer_does_not_print_its_token() -> None:
    assert "secret" not in repr(wire.TokenAnswer("secret", 1.0))


def test_the_number_list_url() -> None:
    assert wire.phone_numbers_url("https://h/", NAMES) == "https://h/operator/phone-numbers"


# ---- tokens (4) ------------------------------------------------------------------------------


def jwt_with(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.sig"


def test_a_token_answer_is_read_with_and_without_its_end() -> None:
    with_end = wire.token_answer({"token": "t", "expiresAt": "2026-01-01T10:00:00.000Z"})
    without = wire.token_answer({"token": "t"})

    assert with_end == wire.TokenAnswer("t", 1767261600.0)
    assert without == wire.TokenAnswer("t", None)


@pytest.mark.parametrize("until", [7, None, "soon", "x" * 100, "2026-13-01T00:00:00Z", []])
def test_an_end_that_is_no_time_is_none(until: object) -> None:
    assert wire.token_answer({"token": "t", "expiresAt": until}).expires_at is None


@pytest.mark.parametrize("data", [None, [], {}, {"token": 7}, {"token": ""}, {"token": "a\nb"}])
def test_an_answer_without_a_usable_token_is_refused(data: object) -> None:
    with pytest.raises(BadMessage):
        wire.token_answer(data)


def test_a_token_answer_is_written_as_in_the_reference() -> None:
    answer = wire.TokenAnswer("aaa.bbb.ccc", 1767261600.0)

    body = wire.token_body(answer)

    assert body == {"token": "aaa.bbb.ccc", "expiresAt": "2026-01-01T10:00:00.000Z"}
    assert wire.token_answer(body) == answer
    assert wire.token_body(wire.TokenAnswer("t")) == {"token": "t"}


def test_a_token_request_is_written_and_read_as_in_the_reference() -> None:
    body = wire.token_request("op-17", "Operator 17", ("pn_1",))

    assert body == {
        "operatorRef": "op-17",
        "displayName": "Operator 17",
        "phoneNumberIds": ["pn_1"],
    }
    assert wire.read_token_request(body) == wire.TokenRequest("op-17", "Operator 17", ("pn_1",))


def test_a_lifetime_comes_from_the_best_source_there_is() -> None:
    signed = wire.TokenAnswer(jwt_with(iat=1_000, exp=4_600), 99_999.0)
    opaque = wire.TokenAnswer("opaque", 10_000.0)

    assert wire.lifetime_s(signed, 5.0, 7.0) == 3_600
    assert wire.lifetime_s(opaque, 9_000.0, 0.0) == 1_000
    assert wire.lifetime_s(opaque, None, 9_500.0) == 500
    assert wire.lifetime_s(wire.TokenAnswer("opaque"), None, 0.0) == 3_000


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iat": 1},
        {"iat": "1", "exp": 2},
        {"iat": True, "exp": 2},
        {"iat": 1, "exp": 10**400},
        {"iat": -5, "exp": 2},
        {"iat": 1, "exp": 11 * 366 * 86_400},
    ],
)
def test_claims_that_make_no_sense_are_not_used(claims: dict[str, object]) -> None:
    assert wire.jwt_times(jwt_with(**claims)) is None


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a..c", "ü.ü.ü", "." * 70_000, "a.W10.c"])
def test_what_is_no_jwt_has_no_times(token: str) -> None:
    assert wire.jwt_times(token) is None


# ---- phone numbers (5) -----------------------------------------------------------------------

LISTED = [
    {"id": "pn_1", "phoneNumber": "+390299999999", "displayName": "Milano"},
    {"id": "pn_2", "phoneNumber": "+390288888888", "displayName": None},
]


@pytest.mark.parametrize("envelope", [None, "phoneNumbers", "items", "data"])
def test_numbers_are_read_bare_or_in_an_envelope(envelope: str | None) -> None:
    data = LISTED if envelope is None else {envelope: LISTED}

    numbers, dropped = wire.phone_numbers(data, NAMES)

    assert numbers == (
        wire.PhoneNumber("pn_1", "+390299999999", "Milano"),
        wire.PhoneNumber("pn_2", "+390288888888", None),
    )
    assert dropped == 0
    assert wire.phone_numbers_body(numbers) == LISTED


@pytest.mark.parametrize(
    "bad",
    [
        7,
        None,
        {},
        {"id": "pn_3"},
        {"id": 3, "phoneNumber": "+390299999999"},
        {"id": "", "phoneNumber": "+390299999999"},
        {"id": "a\x1b", "phoneNumber": "+390299999999"},
        {"id": "pn_3", "phoneNumber": "0299999999"},
        {"id": "pn_3", "phoneNumber": "+0299999999"},
        {"id": "pn_3", "phoneNumber": "+39٠٢"},
        {"id": "pn_3", "phoneNumber": "+3902999999999999"},
        {"id": "pn_3", "phoneNumber": "+390299999999\n"},
    ],
)
def test_unusable_numbers_are_dropped_one_by_one(bad: object) -> None:
    numbers, dropped = wire.phone_numbers([LISTED[0], bad, LISTED[1]], NAMES)

    assert len(numbers) == 2
    assert dropped == 1


@pytest.mark.parametrize("data", [None, 7, "x", {}, {"items": 7}])
def test_an_answer_without_a_list_of_numbers_is_refused(data: object) -> None:
    with pytest.raises(BadMessage):
        wire.phone_numbers(data, NAMES)


# ---- closing (10.1) --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "presence", "audio"),
    [
        ((1000,), PresenceClose.RECONNECT, AudioClose.REMOTE_HANGUP),
        ((1001,), PresenceClose.RECONNECT, AudioClose.REMOTE_HANGUP),
        ((1006, 1011, 1012, 1014, 1015), PresenceClose.RECONNECT, AudioClose.FAILED),
        ((1013,), PresenceClose.RECONNECT_SLOW, AudioClose.FAILED),
        ((1002, 1003, 1007, 1009), PresenceClose.RECONNECT, AudioClose.FAILED),
        ((1008, 4001, 4003, 4401, 4403), PresenceClose.AUTH, AudioClose.AUTH),
        ((4408,), PresenceClose.RECONNECT_NOW, AudioClose.FAILED),
        ((4409,), PresenceClose.REPLACED, AudioClose.FAILED),
        ((4404, 4410), PresenceClose.STOP, AudioClose.FAILED),
        ((4480,), PresenceClose.RECONNECT, AudioClose.NO_ANSWER),
        ((4486,), PresenceClose.RECONNECT, AudioClose.BUSY),
    ],
)
def test_close_codes_mean_what_the_table_says(
    codes: tuple[int, ...], presence: PresenceClose, audio: AudioClose
) -> None:
    for code in codes:
        assert wire.presence_close(code, NAMES) is presence
        assert wire.audio_close(code, NAMES) is audio


@pytest.mark.parametrize(
    ("status", "presence", "audio"),
    [
        (401, PresenceClose.AUTH, AudioClose.AUTH),
        (403, PresenceClose.AUTH, AudioClose.AUTH),
        (404, PresenceClose.STOP, AudioClose.FAILED),
        (429, PresenceClose.RECONNECT_SLOW, AudioClose.FAILED),
        (500, PresenceClose.RECONNECT, AudioClose.FAILED),
        (302, PresenceClose.RECONNECT, AudioClose.FAILED),
    ],
)
def test_handshake_statuses_mean_what_the_table_says(
    status: int, presence: PresenceClose, audio: AudioClose
) -> None:
    assert wire.presence_status(status, NAMES) is presence
    assert wire.audio_status(status, NAMES) is audio


def test_a_close_is_told_in_words() -> None:
    assert wire.close_words(1006, "") == "connection lost"
    assert wire.close_words(4401, "expired\x1b") == "closed (4401, expired\ufffd)"
    assert wire.close_words(1000, "") == "closed (1000)"


# ---- limits and facts ------------------------------------------------------------------------


def test_facts_of_the_reference() -> None:
    assert (wire.FRAME_BYTES, wire.FRAME_S, wire.SILENCE) == (160, 0.02, b"\xff" * 160)
    assert wire.HEARTBEAT_S == 25.0
    assert wire.RECONNECT_STEPS_MS == (1000, 2000, 5000, 10_000, 30_000)
    assert (wire.PRESENCE_TEXT_LIMIT, wire.AUDIO_TEXT_LIMIT) == (65_536, 8_192)
    assert (wire.AUDIO_BINARY_LIMIT, wire.AUDIO_RATE_LIMIT) == (16_384, 200)
    assert wire.PRESENCE_RATE_LIMIT == 50


def test_token_claims_are_those_of_the_reference() -> None:
    owner = wire.TokenRequest("op-17", "Operator 17", ("pn_1",))

    claims = wire.token_claims(owner, 100, 3700)

    assert claims == {
        "sub": "op-17",
        "name": "Operator 17",
        "phoneNumberIds": ["pn_1"],
        "iat": 100,
        "exp": 3700,
        "aud": "operator",
        "v": 1,
    }
    assert wire.read_claims(claims) == owner


@pytest.mark.parametrize("claims", [{}, {"sub": "op-1"}, {"sub": 7, "phoneNumberIds": []}])
def test_claims_of_somebody_else_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        wire.read_claims(claims)
