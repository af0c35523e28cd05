"""Why the gateway ended a call, in the operator's words (4.9). Pure."""

from __future__ import annotations

from softphone.model.call import EndReason

_ELSEWHERE = "9904"
_TRANSFERRED = ("9905", "9906")
_REFUSED = {
    "486": EndReason.BUSY,
    "600": EndReason.BUSY,
    "408": EndReason.NO_ANSWER,
    "480": EndReason.NO_ANSWER,
    "487": EndReason.NO_ANSWER,
    "603": EndReason.DECLINED,
    "9902": EndReason.DECLINED,
}


def end_reason(code: str, *, incoming: bool, connected: bool) -> EndReason:
    """Return the reason for a `callEnd` with this status code."""
    if code in _TRANSFERRED:
        return EndReason.TRANSFERRED
    if code == _ELSEWHERE:
        return EndReason.TAKEN_BY_OTHER
    if connected:
        return EndReason.REMOTE_HANGUP
    if incoming:
        return EndReason.CANCELLED
    if code in _REFUSED:
        return _REFUSED[code]
    return EndReason.FAILED if code[:1] in ("4", "5", "6") else EndReason.REMOTE_HANGUP
