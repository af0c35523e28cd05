"""Golden messages of the protocol reference: read, and written back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.ribbon import wire
from softphone.model.text import clean

DATA = Path(__file__).parent / "data"
NOTIFICATIONS: list[dict[str, Any]] = json.loads((DATA / "notifications.json").read_text())
BODIES: list[dict[str, Any]] = json.loads((DATA / "bodies.json").read_text())


def bodies(envelope: str, **inside: Any) -> list[Any]:
    """Return the golden bodies with this envelope as parameters of a test."""
    found = [body for body in BODIES if envelope in body]
    kept = [b for b in found if all(b[envelope].get(k) == v for k, v in inside.items())]
    return [pytest.param(body, id=str(place)) for place, body in enumerate(kept)]


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {k: without_empty(v) for k, v in value.items()}
        return {k: v for k, v in inner.items() if v not in ("", [], None, {})}
    return [without_empty(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "message", NOTIFICATIONS, ids=lambda m: m["notificationMessage"]["eventType"]
)
def test_a_notification_is_read_and_written_back(message: dict[str, Any]) -> None:
    inside = message["notificationMessage"]
    notice = wire.decode(json.dumps(message))

    assert not isinstance(notice, wire.UnknownNotice)
    assert notice.id == inside["eventId"]
    assert wire.event_name(notice) == inside["eventType"]
    again = json.loads(wire.encode(notice, inside.get("time", 0)))["notificationMessage"]
    for name, value in without_empty(inside).items():
        if name == "sessionParams" and "statusCode" in value:
            value["statusCode"] = str(value["statusCode"])  # text and number mean the same
        shown = {k: again[name].get(k) for k in value} if isinstance(value, dict) else again[name]
        assert shown == value


@pytest.mark.parametrize("body", bodies("callControlRequest"))
def test_a_call_request_is_as_in_the_reference(body: dict[str, Any]) -> None:
    body["callControlRequest"].pop("customBodies", None)  # private to the platform's own client

    assert wire.CallRequest.read(body).body() == body


@pytest.mark.parametrize("body", bodies("callDispositionRequest"))
def test_a_disposition_is_as_in_the_reference(body: dict[str, Any]) -> None:
    assert wire.Disposition.read(body).body() == body


@pytest.mark.parametrize("body", bodies("subscribeRequest"))
def test_a_subscription_request_is_as_in_the_reference(body: dict[str, Any]) -> None:
    first = "clientCorrelator" in body["subscribeRequest"]

    assert wire.SubscribeRequest.read(body).body(first=first) == body


def test_a_granted_subscription_is_as_in_the_reference() -> None:
    (body,) = [x for x in BODIES if "subscribeResponse" in x]

    found = wire.Subscription.read(body)

    assert found.body() == body
    assert "kf8s" not in repr(found)
    assert "9a41" not in repr(found)


@pytest.mark.parametrize("body", bodies("eventSubscriptionRequest"))
def test_an_event_request_is_as_in_the_reference(body: dict[str, Any]) -> None:
    first = "clientCorrelator" in body["eventSubscriptionRequest"]

    assert wire.EventRequest.read(body).body(first=first) == body


def only(envelope: str) -> dict[str, Any]:
    (found,) = [body for body in BODIES if envelope in body]
    return found


def test_other_requests_are_as_in_the_reference() -> None:
    assert wire.click_request("+1 214 555 0100", "bob@example.com") == only("clickToCallRequest")
    assert wire.im_request("bob@example.com", "hello") == only("imRequest")
    watch = wire.watch_request(("bob@example.com",), wire.WatchAction.WATCH)
    assert watch == only("presenceWatcherRequest")
    presence = wire.OwnPresence("open", "away", "in a meeting")
    assert presence.body() == only("presenceRequest")
    entry = wire.Entry(id="c2", primary_contact="dave@example.com", first_name="Dave")
    assert wire.book_request(entry) == only("addressBookRequest")


def test_answers_are_read_as_the_reference_means_them() -> None:
    (item,) = wire.log_items(only("logHistory"))
    assert (item.id, item.start, item.duration_s) == ("rec-1", 1_700_000_000.0, 12.0)
    assert without_empty(wire.log_body((item,))) == without_empty(only("logHistory"))
    (entry,) = wire.book_entries(only("addressBookResponse"))
    assert (entry.id, entry.work_phone, entry.friend) == ("c1", "+12145550111", "true")
    (person,) = wire.directory_entries(only("directory"))
    assert (person.primary_contact, person.last_name) == ("carol@example.com", "Reed")
    lamp = wire.voicemail(only("mwiresponse"))
    assert (lamp.waiting, lamp.total, lamp.unheard) == (True, 3, 1)
    assert wire.message_id(only("imResponse")) == "im-77"
    assert wire.event_session(only("eventSubscriptionResponse")) == ("ev-1", 3600.0)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("bob", "sip:bob@example.com"),
        ("bob@example.com", "sip:bob@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com"),
        ("tel:+12145550100", "sip:+12145550100@example.com"),
        ("+1 (214) 555-0100", "sip:+12145550100@example.com"),
        ("214.555.0100", "sip:2145550100@example.com"),
        ("*67 2145550100", "sip:*672145550100@example.com"),
        ("#31#2145550100", "sip:#31#2145550100@example.com"),
        ("**8", "sip:**8@example.com"),
        ("+1-214-555-0100@pstn.test", "sip:+12145550100@pstn.test"),
        ("sips:dave@x.test", "sip:dave@x.test"),
        ("sip:user@dom:5060", "sip:user@dom:5060"),
        ("room-5", "sip:room-5@example.com"),
        ("a b c", "sip:a b c@example.com"),
        ("00 49 (0)30 1234", "sip:00490301234@example.com"),
        ("@nobody", "sip:@nobody@example.com"),
    ],
)
def test_what_is_dialled_becomes_an_address_as_the_platforms_own_client_makes_it(
    typed: str, address: str
) -> None:
    assert wire.normalised(typed, "example.com") == address


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "eventType": st.sampled_from([kind.value for kind in wire.EventType]) | JSON,
        "eventId": JSON,
        "time": JSON,
        "retryAfter": JSON,
        "statusCode": JSON,
        "sessionParams": st.dictionaries(
            st.sampled_from(["sessionData", "sdp", "statusCode", "reasonText"]), JSON
        )
        | JSON,
        "callNotificationParams": JSON,
        "customParameters": JSON,
        "genericNotificationParams": JSON,
        "imnotificationParams": JSON,
        "presenceWatcherNotificationParams": JSON,
        "mwiNotificationParam": JSON,
    },
)


@given(st.text() | MEMBERS.map(lambda m: json.dumps({"notificationMessage": m})))
def test_whatever_is_sent_is_read_or_refused_by_name(text: str) -> None:
    try:
        notice = wire.decode(text)
    except wire.BadMessage:
        return
    assert wire.shown(text).isascii()
    assert clean(wire.event_name(notice)) == wire.event_name(notice)


@given(JSON, st.sampled_from([200, 204, 400, 401, 403, 404, 500, 503]), st.text(max_size=12))
def test_whatever_is_answered_has_words(body: Any, status: int, retry: str) -> None:
    answer = wire.read_answer(status, {"Retry-After": retry}, body, 1_700_000_000.0)

    assert answer.words.endswith((".", "moment.")) or answer.reason
    assert answer.retry_after_s is None or answer.retry_after_s >= 0
