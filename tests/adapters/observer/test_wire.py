"""The wire: messages written by hand from the protocol reference, and what rows say."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.observer import wire
from softphone.adapters.observer.rows import Rows
from softphone.adapters.observer.settings import read_settings
from softphone.adapters.observer.wire_quality import issues, reasons
from softphone.config import AccountConfig, Source
from softphone.model.call import AccountName
from softphone.model.error import ConfigError

GOLDEN = json.loads((Path(__file__).parent / "data" / "messages.json").read_text("utf-8"))
NAMES = wire.Wire()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
_FIELDS = st.sampled_from(["score", "clients", "issues", "peerConnections", "callId", "timestamp",
                           "scoreReasons", "fractionLost", "inboundTracks", "rttInMs"])  # fmt: skip
ROWS = st.dictionaries(_FIELDS, JSON, max_size=8)


@pytest.mark.parametrize("one", GOLDEN["requests"], ids=lambda one: one["about"])
def test_requests_are_written_as_the_reference_has_them(one: dict[str, Any]) -> None:
    text = wire.encode_request(one["id"], one["type"], one["payload"], NAMES)

    assert json.loads(text) == one["text"]
    assert wire.decode_request(text, NAMES) == wire.Request(one["id"], one["type"], one["payload"])


@pytest.mark.parametrize("one", GOLDEN["updates"], ids=lambda one: one["about"])
def test_updates_are_written_as_the_reference_has_them(one: dict[str, Any]) -> None:
    names = NAMES.for_dialect(one["dialect"])

    assert wire.update_payload(one["frame"], one["cursor"], one["limit"], names) == one["payload"]


def test_closing_a_frame_and_the_first_message_are_written_as_the_reference_has_them() -> None:
    assert wire.close_payload("f-3", NAMES) == {"dataFrameId": "f-3", "action": "close"}
    assert json.loads(wire.encode_token("t", NAMES)) == {"kind": "auth", "accessToken": "t"}


@pytest.mark.parametrize("one", GOLDEN["answers"], ids=lambda one: json.dumps(one["is"])[:40])
def test_messages_of_the_service_are_understood(one: dict[str, Any]) -> None:
    found = wire.decode_server(json.dumps(one["text"]), NAMES)

    kind, *parts = one["is"]
    if kind == "Problem":
        assert isinstance(found, wire.Response)
        assert found.problem == wire.Problem(*parts)
    else:
        expected = getattr(wire, kind)
        assert found == expected(*parts)


@given(st.text() | JSON.map(json.dumps))
def test_no_message_raises_anything_but_a_bad_message(text: str) -> None:
    with contextlib.suppress(wire.BadMessage):
        wire.decode_server(text, NAMES)


@given(ROWS, ROWS)
def test_no_row_whatever_raises(row: dict[str, Any], before: dict[str, Any]) -> None:
    counts: wire.Counts = wire.Counts()
    for key_of in (wire.call_key, wire.client_key, wire.report_key):
        key_of(row, NAMES)
    client = wire.client_snapshot(wire.snapshot_of(row, before), NAMES, counts)
    call = wire.call_snapshot(row, NAMES, counts)
    client = wire.client_snapshot(row, NAMES, counts)

    for score in (call.score, client.score, call.worst_score):
        assert score is None or 0.0 <= score <= 5.0
    assert client.loss_in is None or 0.0 <= client.loss_in <= 1.0
    assert client.mos is None or 1.0 <= client.mos <= 4.5
    wire.jobs_in({"jobs": [row]}, NAMES)
    wire.machines_in(row, "workers", "worker", NAMES)
    wire.summary_in(row, NAMES)


def test_nothing_measured_is_unknown_and_not_zero() -> None:
    row = {"callId": "c", "clientId": "d", "timestamp": 1, "score": None, "fractionLost": None}

    client = wire.client_snapshot(row, NAMES, wire.Counts())

    figures = (client.score, client.mos, client.rtt_ms, client.loss_in, client.audio_in_bps)
    assert figures == (None,) * 5
    assert client.turn is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["high-rtt"], (("high-rtt", ""),)),
        ({"high-rtt": 2.0}, (("high-rtt", "-2"),)),
        ('{"high-rtt": -2}', (("high-rtt", "-2"),)),
        ("no json", (("no json", ""),)),
        (7, ()),
        (None, ()),
    ],
)
def test_reasons_of_a_score_come_in_every_form(given: object, expected: object) -> None:
    assert reasons(given) == expected


def test_a_resolved_issue_ends_the_one_with_its_key() -> None:
    rows = [
        {"type": "congestion-resolved", "key": "a", "timestamp": 3000},
        {"type": "congestion", "key": "a", "timestamp": 1000, "payload": '{"x": 1}'},
        {"type": "congestion", "key": "b", "timestamp": 2000, "severity": "major", "payload": {}},
    ]

    first, second = issues(rows, NAMES)

    assert (first.at, first.ended_at, first.detail) == (1.0, 3.0, "x 1")
    assert (second.ended_at, second.severity) == (None, "major")


def sample(at: int, received: int, lost: int, **more: object) -> dict[str, Any]:
    inbound = {
        "ssrc": 7, "kind": "audio", "packetsReceived": received, "packetsLost": lost,
        "bytesReceived": received * 100, "jitter": 0.012, "jitterBufferDelay": received * 0.06,
        "jitterBufferEmittedCount": received,
    }  # fmt: skip
    pair = {"nominated": True, "state": "succeeded", "currentRoundTripTime": 0.1}
    one = {"peerConnectionId": "p", "inboundRtps": [inbound | more], "iceCandidatePairs": [pair]}
    return {"callId": "c", "clientId": "d", "timestamp": at, "peerConnections": [one]}


def test_samples_are_derived_as_the_reference_says() -> None:
    row = wire.snapshot_of(sample(6000, 1099, 1), sample(5000, 1000, 0))

    client = wire.client_snapshot(row, NAMES, wire.Counts())

    assert client.loss_in == pytest.approx(0.01)
    assert (client.jitter_ms, client.rtt_ms) == (12.0, 100.0)
    assert client.audio_in_bps == 99 * 100 * 8
    assert client.buffer_ms == pytest.approx(60.0)
    assert client.mos == pytest.approx(4.24, abs=0.01)


def test_a_counter_that_went_back_says_nothing_of_its_interval() -> None:
    row = wire.snapshot_of(sample(6000, 10, 0), sample(5000, 1000, 50))

    client = wire.client_snapshot(row, NAMES, wire.Counts())

    assert (client.loss_in, client.audio_in_bps) == (None, None)


def test_a_machine_of_another_shape_is_shown_by_what_it_holds() -> None:
    listed = wire.machines_in({"nodes": [{"name": "n1", "load": 0.5}]}, "servers", "server", NAMES)
    alone = wire.machines_in({"uptime": 7}, "servers", "server", NAMES)

    assert listed[0].figures == (("name", "n1"), ("load", "0.5"))
    assert alone[0].figures == (("uptime", "7"),)


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 20), st.integers(1, 30))
def test_rows_are_numbered_bounded_and_never_doubled(
    keys: list[int], ring: int, limit: int
) -> None:
    rows: Rows[int] = Rows(ring, ring * 3)
    new = [key for key in keys if rows.add((key,), key)]
    kept = rows.kept

    page, last, missed = rows.after(0, limit)

    assert new == list(dict.fromkeys(keys))
    assert kept <= ring * 3
    assert missed == len(new) - kept
    assert page == new[missed : missed + limit]
    assert last == missed + len(page)


def account(**table: Any) -> AccountConfig:
    made = {"url": "https://o.test/ws", "token_env": "T", **table}
    given = {key: value for key, value in made.items() if value is not None}
    return AccountConfig(AccountName("o"), "observer", given, Source(None))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "http://elsewhere.test"}, "unencrypted"),
        ({"url": "ws://elsewhere.test"}, "unencrypted"),
        ({"url": "https://u:p@o.test"}, "no user"),
        ({"token_env": None}, "exactly one"),
        ({"token": "x"}, "one of"),
        ({"token_mode": "cookie"}, "token_mode"),
        ({"dialect": "1"}, "dialect"),
        ({"page_rows": 1001}, "page_rows"),
        ({"reconnect_backoff_s": []}, "reconnect_backoff_s"),
        ({"wire": {"type_fnd": "x"}}, "type_find"),
        ({"wire": {"row_names": {"scor": "x"}}}, "score"),
        ({"wire": {"kind_request": 7}}, "text"),
    ],
)
def test_wrong_settings_are_named(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_settings(account(**table))


def test_assumed_names_can_be_corrected() -> None:
    changed = {"type_find": "searchCalls", "row_names": {"score": "quality"}}

    _, names = read_settings(account(wire=changed, dialect="0.12"))

    assert (names.type_find, names.field_frame_id[0]) == ("searchCalls", "dataStreamId")
    row = {"callId": "c", "timestamp": 1, "quality": 3}
    assert wire.call_snapshot(row, names, wire.Counts()).score == 3.0


@pytest.mark.parametrize(
    ("url", "token", "expected"),
    [
        ("http://localhost:8080", "", "ws://localhost:8080/"),
        ("https://o.test/a/ws", "a b&c", "wss://o.test/a/ws?accessToken=a%20b%26c"),
        ("wss://o.test/ws", "", "wss://o.test/ws"),
    ],
)
def test_the_url_of_the_socket(url: str, token: str, expected: str) -> None:
    assert wire.socket_url(url, NAMES, token) == expected


def test_times_of_the_service_are_shown_not_those_of_the_client() -> None:
    row = {
        "callId": "c",
        "clientId": "x",
        "timestamp": 1_767_225_600_000,
        "joinedAt": 1_767_225_500_000,
        "lastSampleTimestamp": 86_400_000,
        "events": [{"type": "CLIENT_JOINED", "timestamp": 86_300_000}],
    }

    client = wire.client_snapshot(row, wire.Wire(), wire.Counts())

    assert (client.at, client.joined_at) == (1_767_225_600.0, 1_767_225_500.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e16, "1e+16"), (-2.5e20, "-2.5e+20"), (2**63, "9223372036854775808"), (1.5, "1.5")],
)
def test_a_figure_beyond_a_quadrillion_is_shown_with_an_exponent(value: float, text: str) -> None:
    figures, _ = wire.summary_in({"x": value}, wire.Wire())

    assert figures == (("x", text),)


def test_names_of_what_is_asked_and_answered_can_be_corrected() -> None:
    names = wire.Wire.from_table(
        {
            "ask_from": "since", "ask_to": "until", "ask_limit": "most", "ask_interval": "every",
            "ask_resource": "table", "ask_conditions": "where", "ask_job_type": "kind",
            "ask_parameters": "input", "ask_job": "id", "ask_jobs": "ids", "ask_accept": "can",
            "answer_cancelled": "done", "answer_removed": "gone", "answer_truncated": "more",
        }
    )  # fmt: skip

    assert wire.find_payload({"roomId": "r"}, 1.0, 2.0, 9, names) == {
        "roomId": "r", "since": 1000, "until": 2000, "most": 9,
    }  # fmt: skip
    assert wire.summary_payload(1.0, 0.0, "1m", "", "s", names) == {
        "since": 1000, "every": "1m", "serviceId": "s",
    }  # fmt: skip
    database = wire.database_payload("t", {"x": 1}, names)
    assert database == {"table": "t", "where": {"x": 1}}
    assert wire.resource_in(database, names) == "t"
    assert wire.accepting_packed({}, names) == {"can": ["newrows"]}
    assert wire.start_payload("k", {}, names) == {"kind": "k", "input": {}}
    assert wire.cancel_payload("k", "j", names) == {"kind": "k", "id": "j"}
    assert wire.clean_payload(("j",), names) == {"ids": ["j"]}
    answer = {"id": 7, "done": True, "gone": 3, "more": True}
    assert wire.started_in(answer, names) == "7"
    assert wire.cancelled_in(answer, names)
    assert wire.removed_in(answer, names) == 3
    assert wire.truncated_in(answer, names)
