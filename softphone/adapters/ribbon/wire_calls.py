"""Requests about calls, and their answers (4). Reading is for the gateway's side and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .wire_json import (
    BadMessage,
    Parameters,
    Table,
    parameter_list,
    parameters,
    raw_text,
    table,
    texts,
    without_empty,
)
from .wire_names import SDP_LIMIT, CallRequestType, DispositionAction


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A callControl request; which members it has depends on its type.

    `sdp_code` refuses an offer (4.12); `session` is the other call of an attended transfer, `first`
    and `second` those of a join; `address` is where a transfer goes.
    """

    type: CallRequestType
    sdp: str = ""
    to: str = ""
    from_: str = ""
    address: str = ""
    session: str = ""
    first: str = ""
    second: str = ""
    sdp_code: str = ""
    supported: tuple[str, ...] = ()
    parameters: Parameters = ()

    def body(self) -> dict[str, Any]:
        """Return the request in the form of the wire."""
        members = {
            "type": self.type.value,
            "to": self.to,
            "from": self.from_,
            "address": self.address,
            "sessionData": self.session,
            "firstSessionData": self.first,
            "secondSessionData": self.second,
            "sdp": self.sdp,
            "statusCode": self.sdp_code,
            "supported": list(self.supported),
            "customParameters": parameter_list(self.parameters),
        }
        return {"callControlRequest": without_empty(members)}

    @classmethod
    def read(cls, body: Table) -> CallRequest:
        """Return a client's request; raises BadMessage for what is none."""
        found = table(body.get("callControlRequest"))
        try:
            kind = CallRequestType(raw_text(found.get("type")))
        except ValueError:
            raise BadMessage("A call request needs a known type.") from None
        return cls(
            type=kind,
            sdp=sdp_of(found),
            to=raw_text(found.get("to")),
            from_=raw_text(found.get("from")),
            address=raw_text(found.get("address")),
            session=raw_text(found.get("sessionData")),
            first=raw_text(found.get("firstSessionData")),
            second=raw_text(found.get("secondSessionData")),
            sdp_code=raw_text(found.get("statusCode")),
            supported=texts(found.get("supported")),
            parameters=parameters(found.get("customParameters")),
        )


@dataclass(frozen=True, slots=True)
class Disposition:
    """What a called user decided about an offer (4.8)."""

    action: DispositionAction
    session: str
    address: str = ""

    def body(self) -> dict[str, Any]:
        """Return the request in the form of the wire."""
        members = {
            "action": self.action.value,
            "sessionData": self.session,
            "address": self.address,
        }
        return {"callDispositionRequest": without_empty(members)}

    @classmethod
    def read(cls, body: Table) -> Disposition:
        """Return a client's request; raises BadMessage for what is none."""
        found = table(body.get("callDispositionRequest"))
        try:
            action = DispositionAction(raw_text(found.get("action")))
        except ValueError:
            raise BadMessage("A disposition needs an action.") from None
        return cls(action, raw_text(found.get("sessionData")), raw_text(found.get("address")))


def call_answer(session: str = "", state: str = "", code: int = 0) -> dict[str, Any]:
    """Return the gateway's answer to a call request."""
    inside = without_empty({"sessionData": session, "state": state})
    return {"callControlResponse": {"statusCode": code, **inside}}


def session_of(body: Table) -> str:
    """Return the session id an accepted callStart or join was given; raises BadMessage."""
    session = raw_text(table(body.get("callControlResponse")).get("sessionData"))
    if not session or len(session) > 256:
        raise BadMessage("The gateway named no session for the call.")
    return session


def session_state(body: Table) -> str:
    """Return the state in an answer about a session (4.19), "" when there is none."""
    return raw_text(table(body.get("callControlResponse")).get("state"))


def disposition_answer(code: int = 0) -> dict[str, Any]:
    """Return the gateway's answer to a disposition (ASSUMED member name, 4.8)."""
    return {"callDispositionResponse": {"statusCode": code}}


def sdp_of(found: Mapping[str, Any]) -> str:
    """Return a session description as it came; raises BadMessage for one that is too large."""
    sdp = raw_text(found.get("sdp"))
    if len(sdp) > SDP_LIMIT:
        raise BadMessage("The session description is too large.")
    return sdp
