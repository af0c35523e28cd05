"""States and numbers of a peer, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PeerState(StrEnum):
    """The ICE states; CONNECTED is a way found, COMPLETED is sound can flow."""

    NEW = "new"
    CHECKING = "checking"
    CONNECTED = "connected"
    COMPLETED = "completed"
    FAILED = "failed"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PeerStatistics:
    """A snapshot. Sums are over the peer's life; `jitter_ms` and `round_trip_ms` are current."""

    packets_sent: int = 0
    bytes_sent: int = 0
    packets_received: int = 0
    bytes_received: int = 0
    packets_lost: int = 0
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    remote_lost: int = 0
    remote_jitter_ms: float = 0.0
    codec: str = ""
    clock_hz: int = 0
    direction: str = "inactive"
    local_address: str = ""
    local_kind: str = ""
    remote_address: str = ""
    remote_kind: str = ""
    ice_state: str = "new"
    dtls_state: str = "new"
    state: str = "new"


def state_of(ice: str, dtls: str) -> PeerState:
    """Return the state that these of ICE and DTLS come to."""
    if "failed" in (ice, dtls):
        return PeerState.FAILED
    if ice == "completed":
        if dtls == "closed":  # the far end said goodbye; the signalling will say more
            return PeerState.DISCONNECTED
        return PeerState.COMPLETED if dtls == "connected" else PeerState.CONNECTED
    return PeerState.CHECKING if ice == "checking" else PeerState.NEW
