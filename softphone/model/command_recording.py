"""What can be asked about recordings, and about the half minute that is remembered of a call."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class PauseRecording:
    """Keep silence instead of a call and its conference, as for card numbers; None toggles."""

    call: CallId
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Hear the last half minute again, the far end does not; None toggles. Empty: the last call."""

    call: CallId = CallId("")
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class SaveReplay:
    """Write the last half minute into a recording. Empty: of the last call."""

    call: CallId = CallId("")


@dataclass(frozen=True, slots=True)
class ListRecordings:
    """Ask for all recordings, the newest first."""


@dataclass(frozen=True, slots=True)
class DeleteRecordings:
    """Delete recordings by name, file and row; this cannot be undone."""

    names: tuple[str, ...]


RecordingCommand = PauseRecording | Replay | SaveReplay | ListRecordings | DeleteRecordings
