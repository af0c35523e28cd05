"""What Audin's close codes and HTTP statuses ask for (reference, 10.1; all ASSUMED)."""

from __future__ import annotations

from enum import StrEnum

from softphone.model.text import clean

from .wire_names import Wire

AUTH_STATUSES = frozenset({401, 403})
_STOP_STATUSES = frozenset({404})
_SLOW_STATUSES = frozenset({429})
_SLOW_CODES = frozenset({1013})
_HANG_UP_CODES = frozenset({1000, 1001})


class PresenceClose(StrEnum):
    """What to do after the presence socket closed or could not be opened."""

    RECONNECT = "reconnect"
    RECONNECT_SLOW = "reconnect_slow"
    RECONNECT_NOW = "reconnect_now"
    AUTH = "auth"
    REPLACED = "replaced"
    STOP = "stop"


class AudioClose(StrEnum):
    """What the end of an audio socket means for its call."""

    REMOTE_HANGUP = "remote_hangup"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    AUTH = "auth"
    FAILED = "failed"


def presence_close(code: int, names: Wire) -> PresenceClose:
    """Return what a close code of the presence socket asks for."""
    if code in names.auth_close_codes:
        return PresenceClose.AUTH
    if code == names.replaced_close_code:
        return PresenceClose.REPLACED
    if code == names.idle_close_code:
        return PresenceClose.RECONNECT_NOW
    if code in names.stop_close_codes:
        return PresenceClose.STOP
    return PresenceClose.RECONNECT_SLOW if code in _SLOW_CODES else PresenceClose.RECONNECT


def presence_status(status: int, names: Wire) -> PresenceClose:
    """Return what an HTTP status at the presence handshake asks for."""
    if status in AUTH_STATUSES:
        return PresenceClose.AUTH
    if status in _STOP_STATUSES:
        return PresenceClose.STOP
    return PresenceClose.RECONNECT_SLOW if status in _SLOW_STATUSES else PresenceClose.RECONNECT


def audio_close(code: int, names: Wire) -> AudioClose:
    """Return what a close code of the audio socket means."""
    if code in names.auth_close_codes:
        return AudioClose.AUTH
    if code == names.no_answer_close_code:
        return AudioClose.NO_ANSWER
    if code == names.busy_close_code:
        return AudioClose.BUSY
    return AudioClose.REMOTE_HANGUP if code in _HANG_UP_CODES else AudioClose.FAILED


def audio_status(status: int, names: Wire) -> AudioClose:
    """Return what an HTTP status at the audio handshake means."""
    return AudioClose.AUTH if status in AUTH_STATUSES else AudioClose.FAILED


def close_words(code: int, reason: str) -> str:
    """Return a close for people: "closed (4401, expired)"."""
    said = clean(reason)
    if code == 1006:
        return "connection lost"
    return f"closed ({code}, {said})" if said else f"closed ({code})"
