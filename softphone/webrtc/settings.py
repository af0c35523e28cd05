"""How a peer is to behave; plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from softphone.secret import Secret

from .edit import CodecSelector

DEFAULT_CODECS = ("opus", "PCMU", "PCMA")


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server: `stun:host:port`, `turn:host:port?transport=tcp`, `turns:…`."""

    urls: tuple[str, ...]
    username: str = ""
    credential: Secret | None = None


class Network(Protocol):
    """What a network does to packets; for labs, which have a good one."""

    def fate(self) -> float | None:
        """Return after how many seconds the next packet goes on; None: it is lost."""
        ...


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """What one peer may use. `edit` are applied in turn to every description that is sent.

    No way found within `connect_limit_s` is a failure. After `silent_s` without sound the owner is
    told. After `unheard_s` without any sign of the far end (both check every 4 to 6 s, besides
    RTCP) the connection counts as disconnected, and `patience_s` later as failed.
    """

    codecs: tuple[str, ...] = DEFAULT_CODECS
    removed: tuple[CodecSelector, ...] = ()
    ice_servers: tuple[IceServer, ...] = ()
    gather_ideal_s: float = 1.0
    gather_limit_s: float = 3.0
    audio_kbps: int | None = None
    dscp: int | None = None
    telephone_event: bool = True
    bundle: bool = True
    edit: Sequence[Callable[[str], str]] = field(default=())
    connect_limit_s: float = 20.0
    silent_s: float = 5.0
    unheard_s: float = 7.0
    patience_s: float = 10.0
    network: Network | None = None
