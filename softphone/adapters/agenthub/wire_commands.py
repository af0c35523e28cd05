"""The command API beside AgentHub: plain HTTP (reference, 10.8). Pure, and ASSUMED throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from .wire_events import items, text, truth

API_PATH = "/WebAPIAgentControl"
TOKEN_PATH = f"{API_PATH}/token"
COMMAND_PATH = f"{API_PATH}/AgentCommand/"
ANSWER_LIMIT = 1024 * 1024
REQUEST_LIMIT_S = 10.0

PAUSE = "AgentReasonRequest"
PAUSE_BY_CODE = "AgentReasonRequestByCode"
IDLE = "AgentIdleRequest"
MANUAL_STATE = "ManualCallStateRequest"
END_MANUAL_STATE = "EndManualCallStateRequest"
MANUAL_CALL = "SendManualCallRequest"
HANG_UP = "HangupRequest"
DISPOSITION = "DispositionCall"
DISPOSITION_BY_CODE = "DispositionCallByCode"
CALL_BACK = "DispositionCallBack"
CALL_BACK_BY_CODE = "DispositionCallBackByCode"
LIST_REASONS = "ListReasons"
LIST_DISPOSITIONS = "ListDispositions"
COMMANDS = (
    *(PAUSE, PAUSE_BY_CODE, IDLE, MANUAL_STATE, END_MANUAL_STATE, MANUAL_CALL, HANG_UP),
    *(DISPOSITION, DISPOSITION_BY_CODE, CALL_BACK, CALL_BACK_BY_CODE),
)

AGENT = "AgentId"
CALL = "CallId"
CAMPAIGN = "CampaignId"
REASON = "ReasonId"
REASON_CODE = "ReasonCode"
DISPOSITION_ID = "DispositionId"
DISPOSITION_CODE = "DispositionCode"
AREA = "Ddd"
NUMBER = "PhoneNumber"
SPECIFIC_AGENT = "SpecificAgent"
STATE = "State"
MESSAGE = "Message"
STATE_OK = "OK"
STATE_ERROR = "Error"
_REFUSALS = ("error", "fail", "failed", "false", "nok", "denied")
_PAUSE_KINDS = {0: "", 1: "productive", 2: "unproductive", 3: "third party"}


@dataclass(frozen=True, slots=True)
class Named:
    """A reason or a disposition as the platform lists it."""

    id: str
    code: str
    name: str
    kind: str = ""


def token_form(username: str, password: str, client: str, secret: str) -> dict[str, str]:
    """Return the form of an OAuth2 password grant."""
    form = {"grant_type": "password", "username": username, "password": password}
    extra = {"client_id": client, "client_secret": secret}
    return form | {key: value for key, value in extra.items() if value}


def command_path(name: str, query: Mapping[str, str] | None = None) -> str:
    """Return the path of a command or a list."""
    return COMMAND_PATH + name + (f"?{urlencode(query)}" if query else "")


def call_back_fields(at: datetime, number: str, agent_only: bool) -> dict[str, Any]:
    """Return when and whom to call back; the platform's clock is local (ASSUMED)."""
    return {
        "Year": at.year,
        "Month": at.month,
        "Day": at.day,
        "Hour": at.hour,
        "Minute": at.minute,
        NUMBER: number,
        SPECIFIC_AGENT: agent_only,
    }


def refusal(data: object) -> str | None:
    """Return why an answer is a refusal; None when it is none."""
    if not isinstance(data, Mapping):
        return None
    state = data.get(STATE)
    refused = state is False or (isinstance(state, str) and state.lower() in _REFUSALS)
    return (
        (text(data, MESSAGE, "message", "error_description") or "no reason given")
        if refused
        else None
    )


def reasons(data: object, key: str = "pauseReasons") -> tuple[Named, ...]:
    """Return pause reasons of a list, or of the event that carries one."""
    return tuple(
        Named(
            text(item, "id", "Id"),
            text(item, "code", "Code"),
            text(item, "name", "Name", "description"),
            _PAUSE_KINDS.get(item.get("type", 0), "") if isinstance(item.get("type"), int) else "",
        )
        for item in _listed(data, key)
    )


def dispositions(data: object, key: str = "dispositions") -> tuple[Named, ...]:
    """Return dispositions of a list, or of the event that carries one."""
    found = []
    for item in _listed(data, key):
        kind = item.get("type")
        words = text(kind, "description") if isinstance(kind, dict) else text(item, "type")
        if truth(item, "hasActionPlan"):
            words = f"{words}, action plan".lstrip(", ")
        named = Named(
            text(item, "id", "Id"),
            text(item, "code", "Code"),
            text(item, "name", "Name", "description"),
            words,
        )
        found.append(named)
    return tuple(found)


def _listed(data: object, key: str) -> list[Mapping[str, Any]]:
    if isinstance(data, list):
        return items({"": data}, "")
    return items(data, key) if isinstance(data, Mapping) else []
