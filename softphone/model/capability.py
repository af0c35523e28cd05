"""What an account can do, or the sentence why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Capability(StrEnum):
    """A thing an operator may want from a platform."""

    AVAILABILITY = "availability"
    OWN_PRESENCE = "own_presence"
    DIAL = "dial"
    ANSWER = "answer"
    DECLINE = "decline"
    IGNORE = "ignore"
    HANG_UP = "hang_up"
    MUTE = "mute"
    TONES = "tones"
    HOLD = "hold"
    BLIND_TRANSFER = "blind_transfer"
    ATTENDED_TRANSFER = "attended_transfer"
    JOIN = "join"
    FORWARD = "forward"
    PARAMETERS = "parameters"
    RESTART_MEDIA = "restart_media"
    REPORTS = "reports"
    CLICK_TO_CALL = "click_to_call"
    WATCH_PRESENCE = "watch_presence"
    DIRECTORY = "directory"
    ADDRESS_BOOK = "address_book"
    INSTANT_MESSAGES = "instant_messages"
    SMS = "sms"
    PLATFORM_HISTORY = "platform_history"
    VOICEMAIL = "voicemail"
    SIP_EVENTS = "sip_events"
    SERVICES = "services"
    RAW_REQUESTS = "raw_requests"
    SCREEN_POPS = "screen_pops"
    AGENT_STATUS = "agent_status"
    ONLINE_USERS = "online_users"
    AGENT_COMMANDS = "agent_commands"
    MONITORING = "monitoring"
    JOBS = "jobs"


class Capabilities:
    """Which capabilities an account has; every other one has a sentence why not."""

    def __init__(self, allowed: Iterable[Capability], why_not: Mapping[Capability, str]) -> None:
        self._allowed = frozenset(allowed)
        self._why_not = dict(why_not)
        unexplained = set(Capability) - self._allowed - set(self._why_not)
        if unexplained:
            raise ValueError(f"no reason given for {sorted(unexplained)}")

    def allows(self, capability: Capability) -> bool:
        """Tell whether the account can do it."""
        return capability in self._allowed

    def why_not(self, capability: Capability) -> str | None:
        """Return the reason why it cannot, or None when it can."""
        return None if capability in self._allowed else self._why_not[capability]

    def refusals(self) -> tuple[tuple[str, str], ...]:
        """Return (capability, reason) for all that is missing, in the enum's order."""
        return tuple(
            (capability.value, self._why_not[capability])
            for capability in Capability
            if capability not in self._allowed
        )
