"""What a lab can be told; every time can be shortened for tests."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import random
import secrets
from dataclasses import dataclass, field

from softphone.adapters.audin import wire
from softphone.adapters.ribbon.wire import AUDIT_MISSING_S
from softphone.model.error import ConfigError

from .farends import Times

SCENARIOS = ("default", "quiet", "busy", "hostile")


@dataclass(frozen=True, slots=True)
class LabSettings:
    """Where the lab listens, what happens in it, and how long things take."""

    host: str = "127.0.0.1"
    port: int = 0
    scenario: str = "default"
    seed: int | None = None
    token_life_s: float = 3600.0
    idle_limit_s: float = wire.IDLE_LIMIT_S
    ring_limit_s: float = 30.0
    audio_open_limit_s: float = 15.0
    audit_limit_s: float = AUDIT_MISSING_S
    agent_wrap_s: float = 8.0
    """How long an agent has for the wrap-up, when nobody disposes of the call."""
    agent_day_s: float = 900.0
    """How long an agent's day takes until it begins again: one word of the supervisor, one
    conversation, one pause."""
    tls: bool = False
    accounts: tuple[str, ...] = ("audin", "ribbon", "agenthub", "observer")
    """The services whose accounts go into the lab's config.toml."""
    first_call_s: float = 5.0
    calls_every_s: tuple[float, float] = (45.0, 90.0)
    times: Times = field(default_factory=Times)
    names: wire.Wire = field(default_factory=wire.Wire)

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise ConfigError(f"No scenario {self.scenario!r}; one of {', '.join(SCENARIOS)}.")
        if not is_loopback(self.host):
            raise ConfigError(
                f"The lab listens on loopback addresses only, not on {self.host}: "
                "it is for testing and its callers can do as they like."
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Keys:
    """The lab's secrets: random for each run, or the same again with a seed."""

    def __init__(self, seed: int | None) -> None:
        self._root = secrets.token_bytes(32) if seed is None else f"lab {seed}".encode()
        self.chance = random.Random(seed)

    def key(self, name: str) -> str:
        """Return the secret of this name, 43 letters."""
        return hmac.new(self._root, name.encode(), hashlib.sha256).hexdigest()[:43]
