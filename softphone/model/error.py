"""Every error the product raises on purpose, and who can mend it.

    SoftphoneError
    ├── ConfigError            operator: the named file, line and key
    ├── Refused                operator: what was asked is not possible now, with the reason
    │   └── Unsupported        nobody: the platform has no such thing
    ├── TokenError             administrator: sign-in refused or token source broken
    ├── ConnectError           server or network: could not connect
    ├── RequestError           server: a REST request failed
    ├── ProtocolError          server: a message that breaks the protocol
    │   └── OutOfOrder         server: a message that is illegal in the present state
    ├── AudioError             operator: sound card, microphone, sound library
    ├── StoreError             administrator: disk full, read-only, damaged database
    └── LinkError              us: client and engine do not understand each other

Each carries a stable upper-case `code` for scripts and one sentence for people.
"""

from __future__ import annotations


class SoftphoneError(Exception):
    """Something went wrong that has a name; `str()` is one sentence for the operator."""

    code = "ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class ConfigError(SoftphoneError):
    """The configuration is wrong; the message names file, line and key."""

    code = "BAD_CONFIG"


class Refused(SoftphoneError):
    """What was asked cannot be done now; the message says why."""

    code = "REFUSED"


class Unsupported(Refused):
    """The platform has no such feature."""

    code = "UNSUPPORTED"


class TokenError(SoftphoneError):
    """No session token could be had, or the server refuses it."""

    code = "TOKEN_FAILED"


class ConnectError(SoftphoneError):
    """A connection could not be opened."""

    code = "CONNECT_FAILED"


class RequestError(SoftphoneError):
    """A REST request failed; `status` is the HTTP status when there was an answer."""

    code = "REQUEST_FAILED"

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status


class ProtocolError(SoftphoneError):
    """The other side sent something the protocol does not allow."""

    code = "PROTOCOL_ERROR"


class OutOfOrder(ProtocolError):
    """An input that is illegal in the present state; the state stays as it was."""

    code = "OUT_OF_ORDER"

    def __init__(self, what: object, state: object) -> None:
        super().__init__(f"{what} does not fit state {state}.")


class AudioError(SoftphoneError):
    """The sound card, the sound library or an audio file cannot be used."""

    code = "AUDIO_FAILED"


class StoreError(SoftphoneError):
    """The database cannot be read or written."""

    code = "STORE_FAILED"


class LinkError(SoftphoneError):
    """Client and engine cannot talk to each other."""

    code = "LINK_FAILED"
