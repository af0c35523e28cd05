"""Answers of the gateway: status numbers, what they mean, and which ones refuse the sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from softphone.model.text import clean

from .wire_json import Table, line, number, table, whole

OK = 0
OK_UPDATED = 2  # also success when a subscription is changed (1.6)
BAD_PASSWORD, INVALID_BODY, TOO_MANY_SESSIONS, INTERNAL = 4, 5, 19, 26
NOT_AUTHORISED, NOT_ENABLED, INVALID_PARAMETER, BAD_CORRELATOR = 27, 35, 37, 38
NO_SUBSCRIPTION, NO_RESOURCE, NO_SESSION, GLARE = 39, 42, 47, 49
UNAVAILABLE, ALREADY_ANSWERED = 53, 55
BAD_CREDENTIALS, USER_DISABLED, USER_LOCKED, REFUSED = 61, 62, 63, 65
BAD_REQUEST = 1004
TRANSIENT = frozenset({9, 17, 54})

# One sentence for the operator; (1.6).
_WORDS = {
    BAD_PASSWORD: "The gateway refuses the password. Check the account's credentials.",
    INVALID_BODY: "The gateway could not read the request.",
    9: "The gateway has a passing problem (9). Try again in a moment.",
    17: "The gateway has a passing problem (17). Try again in a moment.",
    54: "The gateway has a passing problem (54). Try again in a moment.",
    TOO_MANY_SESSIONS: "This user has too many sessions. Sign out somewhere else.",
    INTERNAL: "The gateway had an internal error.",
    NOT_AUTHORISED: "The gateway does not authorise this account. Ask its administrator.",
    29: "The gateway refuses this (29). Ask its administrator.",
    45: "The gateway refuses this (45). Ask its administrator.",
    46: "The gateway refuses this (46). Ask its administrator.",
    NOT_ENABLED: "This service is not enabled for the user. Ask the gateway's administrator.",
    INVALID_PARAMETER: "The gateway does not accept a value, or a service is not assigned.",
    BAD_CORRELATOR: "The client correlator has characters the gateway does not accept.",
    NO_SUBSCRIPTION: "The subscription does not exist any more.",
    NO_RESOURCE: "The gateway does not know this any more.",
    NO_SESSION: "The gateway does not know this call any more.",
    GLARE: "Both sides changed the call at the same moment. Try again.",
    UNAVAILABLE: "The gateway is not available now.",
    ALREADY_ANSWERED: "The call was answered elsewhere.",
    BAD_CREDENTIALS: "The gateway refuses the credentials. Check user and password.",
    USER_DISABLED: "This user is disabled on the gateway. Ask its administrator.",
    USER_LOCKED: "This user is locked on the gateway. Wait, or ask its administrator.",
    64: "The gateway refuses this (64). Ask its administrator.",
    REFUSED: "The gateway refuses the credentials (65). Ask its administrator.",
    BAD_REQUEST: "The gateway could not make sense of the request.",
}
_SIGN_IN_REFUSED = frozenset({BAD_PASSWORD, NOT_AUTHORISED, BAD_CREDENTIALS, REFUSED})
_SIGN_IN_HOPELESS = _SIGN_IN_REFUSED | {USER_DISABLED, USER_LOCKED}


class Envelope(StrEnum):
    """The members that hold an answer and its status number (1.6)."""

    SUBSCRIBE = "subscribeResponse"
    CALL = "callControlResponse"
    DISPOSITION = "callDispositionResponse"
    LOG_HISTORY = "logHistory"
    LOG_RECORD = "logRecord"
    BOOK = "addressBookResponse"
    DIRECTORY = "directory"
    PRESENCE = "presenceResponse"
    WATCHER = "presenceWatcherResponse"
    MESSAGE = "imResponse"
    VOICEMAIL = "mwiresponse"
    EVENT = "eventSubscriptionResponse"
    AUTHORISATION = "authorizationResponse"
    CLICK_TO_CALL = "clickToCallResponse"
    PUSH_APPLE = "appleDeviceRegistrationResponse"
    PUSH_GOOGLE = "googleDeviceRegistrationResponse"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one REST request.

    `status` is the HTTP status, `code` the gateway's own number when there was one, `body` the
    JSON object ({} when there was none).
    """

    status: int
    code: int | None
    body: Table
    retry_after_s: float | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether the HTTP status says success (1.5)."""
        return 200 <= self.status < 300

    @property
    def done(self) -> bool:
        """Tell whether the number inside says success too, where it is looked at."""
        return self.ok and self.code in (None, OK)

    @property
    def refuses_sign_in(self) -> bool:
        """Tell whether the gateway does not accept the credentials (1.6)."""
        if self.status == 401:
            return True
        return self.status == 403 and (
            (self.code is None and not self.body) or self.code in _SIGN_IN_REFUSED
        )

    @property
    def hopeless(self) -> bool:
        """Tell whether another try with the same credentials is of no use."""
        return self.refuses_sign_in or self.code in _SIGN_IN_HOPELESS

    @property
    def words(self) -> str:
        """Return what happened as a sentence for the operator."""
        if self.code in _WORDS:
            return _WORDS[self.code]
        if self.status in (401, 403) and self.refuses_sign_in:
            return _WORDS[BAD_CREDENTIALS]
        number_text = f"{self.status}" if self.code is None else f"{self.status}, {self.code}"
        because = f": {self.reason.rstrip('.')}" if self.reason else ""
        return f"The gateway refused the request ({number_text}){because}."


def read_answer(status: int, headers: Mapping[str, str], body: object, now: float) -> Answer:
    """Return the answer; `body` is decoded JSON, `now` epoch seconds."""
    whole_body = table(body)
    if status == 403 and "html" in headers.get("Content-Type", "").lower():
        whole_body = {}
    inside = _inside(whole_body)
    code = whole(inside.get("statusCode"))
    if code is None:
        code = whole(whole_body.get("statusCode"))
    reason = inside.get("reason") or whole_body.get("reason") or whole_body.get("message")
    wait_s = _retry_after_s(headers, whole_body, now) if status == 503 else None
    return Answer(status, code, whole_body, wait_s, line(reason, 200))


def error_body(envelope: Envelope, code: int, **more: Any) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {envelope.value: {"statusCode": code, **more}}


def status_words(code: int) -> str | None:
    """Return the sentence for a status number that is known."""
    return _WORDS.get(code)


def known_statuses() -> tuple[int, ...]:
    """Return every status number with a sentence of its own."""
    return tuple(_WORDS)


def _inside(body: Table) -> Table:
    for name in Envelope:
        if isinstance(body.get(name), dict):
            return table(body[name])
    return {}


def _retry_after_s(headers: Mapping[str, str], body: Table, now: float) -> float | None:
    """Return how long to wait, in the order of section 1.7."""
    for name in (Envelope.SUBSCRIBE, Envelope.AUTHORISATION):
        milliseconds = number(table(body.get(name)).get("retryAfter"))
        if milliseconds is not None and milliseconds >= 0:
            return milliseconds / 1000.0
    header = clean(headers.get("Retry-After", ""))
    if header.isascii() and header.isdecimal() and len(header) < 8:
        return float(header)
    if header.endswith(" GMT"):
        return _until(header, now)
    return None


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())
