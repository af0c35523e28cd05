"""What can be asked about one call."""

from __future__ import annotations

from dataclasses import dataclass

from .call import AccountName, CallId, Parameters


@dataclass(frozen=True, slots=True)
class Dial:
    """Place a call. `account` empty: the only one that can dial. `to` is a number, address or
    name; `from_number` an own number's id or E.164, empty for the default. `play` and `record`
    are absolute paths: sent instead of the microphone, and what was heard (with `both`: stereo,
    what was sent on the left). `audio_kbps` (0) and `dscp` (-1) are the account's unless given."""

    to: str
    account: AccountName = AccountName("")
    from_number: str = ""
    play: str = ""
    record: str = ""
    both: bool = False
    confirmed: bool = False
    display_name: str = ""
    parameters: Parameters = ()
    audio_kbps: int = 0
    dscp: int = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a ringing call; another live one is held, or ended when `end_others`.

    `audio_kbps` and `dscp` as in `Dial`.
    """

    call: CallId
    end_others: bool = False
    play: str = ""
    record: str = ""
    parameters: Parameters = ()
    audio_kbps: int = 0
    dscp: int = -1


@dataclass(frozen=True, slots=True)
class Decline:
    """Refuse a ringing call."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Ignore:
    """Stop ringing here without telling the platform to refuse."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Forward:
    """Send a ringing call to somebody else."""

    call: CallId
    to: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a call that is not merely ringing.

    What a console asks about a held call waits a moment and can be undone, unless `now`.
    """

    call: CallId
    now: bool = False


@dataclass(frozen=True, slots=True)
class Mute:
    """Close or open the microphone for a call; None toggles."""

    call: CallId
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Put a call on hold (by the platform, or locally where it cannot)."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Resume:
    """Take a held call back; a live one is held first."""

    call: CallId


@dataclass(frozen=True, slots=True)
class SendTones:
    """Send DTMF digits; `,` is a pause of two seconds."""

    call: CallId
    digits: str
    duration_ms: int = 100
    gap_ms: int = 100


@dataclass(frozen=True, slots=True)
class Transfer:
    """Send the far end of a call to an address, without asking there first.

    What a console asks waits a moment and can be undone, unless `now`.
    """

    call: CallId
    to: str
    now: bool = False


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Connect the far ends of two calls and leave (attended transfer)."""

    call: CallId
    other: CallId


@dataclass(frozen=True, slots=True)
class Join:
    """Make one conversation of two calls."""

    call: CallId
    other: CallId


@dataclass(frozen=True, slots=True)
class Record:
    """Start or stop recording a call; None toggles."""

    call: CallId
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class PlayFile:
    """Play a WAV file (absolute path) to the far end instead of the microphone; empty stops."""

    call: CallId
    path: str


@dataclass(frozen=True, slots=True)
class SetParameters:
    """Set custom parameters of a call; they travel with what it says next, or now (`send`)."""

    call: CallId
    parameters: Parameters
    send: bool = False


@dataclass(frozen=True, slots=True)
class SendRinging:
    """Tell the caller that it rings here, where the account does not do so by itself."""

    call: CallId


@dataclass(frozen=True, slots=True)
class RestartMedia:
    """Build the audio path of a call anew, the call staying up."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Resync:
    """Ask the platform how a call stands, and believe it."""

    call: CallId


@dataclass(frozen=True, slots=True)
class ShowReport:
    """Ask for a call's report: what was done, how long each step took (also of a past call)."""

    call: CallId


@dataclass(frozen=True, slots=True)
class ShowStatistics:
    """Ask for the figures of a call's media connection as they are now."""

    call: CallId


CallCommand = (
    Answer
    | Decline
    | Ignore
    | Forward
    | HangUp
    | Mute
    | Hold
    | Resume
    | SendTones
    | Transfer
    | TransferTo
    | Join
    | Record
    | PlayFile
    | SetParameters
    | SendRinging
    | RestartMedia
    | Resync
    | ShowReport
    | ShowStatistics
)
