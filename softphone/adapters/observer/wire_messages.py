"""Messages of the Observer service: text to and from typed messages, both directions (4.3, 5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from softphone.model.text import clean

from .wire_json import BadMessage, line, number, parse_object, raw_id, table, whole
from .wire_names import (
    BATCH_ROWS,
    ERROR_CODES,
    INTERNAL,
    PROTOCOL_ERROR,
    RETRY_AFTER_LIMIT_S,
    Table,
    Wire,
    pick,
)

_TEXT_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request failed, in the service's words."""

    code: str
    text: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request: a payload, or a problem."""

    request_id: str
    payload: Table = field(default_factory=dict)
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class RowsCame:
    """Rows of a frame; several when the service packs them."""

    frame_id: str
    seq: int | None
    rows: Sequence[Table]
    broken: int = 0


@dataclass(frozen=True, slots=True)
class FrameTrouble:
    """The service says that something is wrong with a frame, which stays open."""

    frame_id: str
    seq: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FrameEnded:
    """The service has closed a frame."""

    frame_id: str
    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The token of the first message was taken, or not."""

    ok: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something of a later version; ignored."""


FrameEvent: TypeAlias = RowsCame | FrameTrouble | FrameEnded
ServerMessage: TypeAlias = Response | RowsCame | FrameTrouble | FrameEnded | SignedIn | Unknown


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks; `token` is that of the first message where it travels so."""

    request_id: str = ""
    type: str = ""
    payload: Table = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)


# ---- the client's side ---------------------------------------------------------------------------


def encode_request(request_id: str, type_: str, payload: Table, names: Wire) -> str:
    """Return a request."""
    return _text(
        {
            names.field_kind[0]: names.kind_request,
            names.field_request_id[0]: request_id,
            names.field_type[0]: type_,
            names.field_payload[0]: payload,
        }
    )


def encode_token(token: str, names: Wire) -> str:
    """Return the first message of token mode `message`."""
    return _text({names.field_kind[0]: names.kind_auth, names.field_token[0]: token})


def update_payload(frame_id: str, cursor: str | None, limit: int, names: Wire) -> dict[str, Any]:
    """Return the payload that asks for stored rows from a place on (5.2)."""
    params: dict[str, Any] = {names.ask_limit: limit}
    if cursor is not None:
        params[names.field_cursor[0]] = cursor
    return {
        names.field_frame_id[0]: frame_id,
        names.ask_action: names.action_update,
        names.ask_params: params,
    }


def close_payload(frame_id: str, names: Wire) -> dict[str, Any]:
    """Return the payload that closes a frame (5.5)."""
    return {names.field_frame_id[0]: frame_id, names.ask_action: names.action_close}


def frame_id_in(payload: Table, names: Wire) -> str:
    """Return the id of a frame in the answer that created it, "" when there is none."""
    return raw_id(pick(payload, names.field_frame_id))


def next_cursor_in(payload: Table, names: Wire) -> str | None:
    """Return where to go on reading, None when all is read."""
    return raw_id(pick(payload, names.field_next_cursor)) or None


def decode_server(text: str, names: Wire) -> ServerMessage:
    """Return what a service's message says; raises BadMessage when it cannot be read."""
    found = parse_object(text)
    kind = pick(found, names.field_kind)
    if kind == names.kind_response:
        return _response(found, names)
    if kind == names.kind_notification:
        return _notification(found, names)
    if kind == names.kind_auth:
        return SignedIn(found.get("ok") is True)
    return Unknown()


def _response(found: Table, names: Wire) -> Response:
    request_id = raw_id(pick(found, names.field_request_id))
    payload, error = pick(found, names.field_payload), pick(found, names.field_error)
    if (payload is None) == (error is None):
        return Response(request_id, {}, Problem(PROTOCOL_ERROR, "The answer makes no sense."))
    if error is not None:
        return Response(request_id, {}, _problem(error, names))
    return Response(request_id, table(payload))


def _problem(error: object, names: Wire) -> Problem:
    """Return an error; a code nobody knows counts as trouble of the service."""
    given = table(error)
    code = pick(given, names.field_code)
    text = line(pick(given, names.field_message) if given else error, _TEXT_LIMIT)
    after = number(pick(given, names.field_retry_after))
    known = code if isinstance(code, str) and code in ERROR_CODES else INTERNAL
    wait = None if after is None else min(max(after / 1000.0, 0.0), RETRY_AFTER_LIMIT_S)
    return Problem(known, text, wait)


def _notification(found: Table, names: Wire) -> ServerMessage:
    if pick(found, names.field_type) != names.type_frame:
        return Unknown()
    frame_id = raw_id(pick(found, names.field_frame_id))
    event = table(pick(found, names.field_event))
    seq = whole(pick(found, names.field_seq))
    payload = pick(event, names.field_payload)
    kind = pick(event, names.field_type)
    if not frame_id:
        raise BadMessage("An event names no frame.")
    if kind == names.event_newrow:
        good = isinstance(payload, dict)
        return RowsCame(frame_id, seq, [table(payload)] if good else [], 0 if good else 1)
    if kind == names.event_newrows:
        rows = pick(table(payload), names.field_rows)
        listed = rows[: BATCH_ROWS * 5] if isinstance(rows, list) else [None]
        good_rows = [row for row in listed if isinstance(row, dict)]
        return RowsCame(frame_id, seq, good_rows, len(listed) - len(good_rows))
    if kind in names.event_error:
        return FrameTrouble(frame_id, seq, line(payload, _TEXT_LIMIT) or "trouble")
    if kind == names.event_close:
        return FrameEnded(frame_id, seq, line(table(payload).get("reason")))
    return Unknown()


# ---- the service's side --------------------------------------------------------------------------


def decode_request(text: str, names: Wire) -> Request:
    """Return what a client asks; raises BadMessage when it cannot be read."""
    found = parse_object(text)
    kind = pick(found, names.field_kind)
    if kind == names.kind_auth:
        token = pick(found, names.field_token)
        return Request(token=token if isinstance(token, str) else "")
    if kind != names.kind_request:
        raise BadMessage("The message is no request.")
    type_, request_id = pick(found, names.field_type), raw_id(pick(found, names.field_request_id))
    if not isinstance(type_, str) or not 0 < len(request_id) <= 64:
        raise BadMessage("The request has no type or id.")
    return Request(request_id, type_, table(pick(found, names.field_payload)))


def encode_response(request_id: str, payload: Table, names: Wire) -> str:
    """Return the answer to a request."""
    return _text(
        {
            names.field_kind[0]: names.kind_response,
            names.field_request_id[0]: request_id,
            names.field_payload[0]: payload,
        }
    )


def encode_problem(request_id: str, problem: Problem, names: Wire) -> str:
    """Return the answer that a request failed."""
    error: dict[str, Any] = {
        names.field_code[0]: problem.code,
        names.field_message[0]: problem.text,
    }
    if problem.retry_after_s is not None:
        error[names.field_retry_after[0]] = round(problem.retry_after_s * 1000)
    return _text(
        {
            names.field_kind[0]: names.kind_response,
            names.field_request_id[0]: request_id,
            names.field_error[0]: error,
        }
    )


def encode_signed_in(names: Wire) -> str:
    """Return the answer to a token in the first message."""
    return _text({names.field_kind[0]: names.kind_auth, "ok": True})


def encode_rows(frame_id: str, seq: int, rows: Sequence[Table], packed: bool, names: Wire) -> str:
    """Return the event that brings one row, or several packed."""
    if packed:
        return _event(frame_id, seq, names.event_newrows, {names.field_rows[0]: rows}, names)
    return _event(frame_id, seq, names.event_newrow, rows[0], names)


def encode_trouble(frame_id: str, seq: int, text: str, names: Wire) -> str:
    """Return the event that tells of trouble with a frame."""
    return _event(frame_id, seq, names.event_error[0], text, names)


def encode_ended(frame_id: str, seq: int, reason: str, names: Wire) -> str:
    """Return the event that ends a frame."""
    return _event(frame_id, seq, names.event_close, {"reason": reason}, names)


def _event(frame_id: str, seq: int, kind: str, payload: object, names: Wire) -> str:
    return _text(
        {
            names.field_kind[0]: names.kind_notification,
            names.field_type[0]: names.type_frame,
            names.field_frame_id[0]: frame_id,
            names.field_seq[0]: seq,
            names.field_event[0]: {names.field_type[0]: kind, names.field_payload[0]: payload},
        }
    )


def _text(message: Table) -> str:
    return json.dumps(message, separators=(",", ":"))


def close_words(code: int, reason: str) -> str:
    """Return a close for people: "closed (4401, expired)"."""
    said = clean(reason)
    if code == 1006:
        return "connection lost"
    return f"closed ({code}, {said})" if said else f"closed ({code})"
