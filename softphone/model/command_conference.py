"""What can be asked about conversations of several calls that are mixed here."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class Conference:
    """Make one conversation of answered calls, of any accounts; held ones are taken back."""

    calls: tuple[CallId, ...]


@dataclass(frozen=True, slots=True)
class LeaveConference:
    """Take a call out of its conference and hold it; the others go on."""

    call: CallId


@dataclass(frozen=True, slots=True)
class StepOut:
    """Leave the parties of this call's conference to themselves, or come back; None toggles."""

    call: CallId
    on: bool | None = None


ConferenceCommand = Conference | LeaveConference | StepOut
