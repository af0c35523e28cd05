"""What an operator or a script can ask for. Every command gets exactly one `Reply`.

`CallCommand` and `AccountCommand` reach an adapter; the rest the engine does itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import AccountName, CallId
from .contact import Contact, ContactId
from .device import Device
from .presence import Activity
from .record import CallRecord, HistoryFilter

# ---- calls -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dial:
    """Place a call. `account` empty: the only one that can dial. `to` is a number, address or
    name; `from_number` an own number's id or E.164, empty for the default. `play` and `record`
    are absolute paths: sent instead of the microphone, and what was heard (with `both`: stereo,
    what was sent on the left)."""

    to: str
    account: AccountName = AccountName("")
    from_number: str = ""
    play: str = ""
    record: str = ""
    both: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a ringing call; another live one is held, or ended when `end_others`."""

    call: CallId
    end_others: bool = False
    play: str = ""
    record: str = ""


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
    """End a call that is not merely ringing."""

    call: CallId


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
    """Send the far end of a call to an address, without asking there first."""

    call: CallId
    to: str


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
    """Set custom parameters of a call."""

    call: CallId
    parameters: tuple[tuple[str, str], ...]


# ---- accounts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoOnline:
    """Connect and be available on these number ids; None is the last or configured set."""

    account: AccountName
    numbers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class GoOffline:
    """End the call, withdraw and close the connection."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class SetAvailable:
    """Offer calls again, or stop offering while the connection stays up."""

    account: AccountName
    available: bool


@dataclass(frozen=True, slots=True)
class RetryNow:
    """Skip the wait before the next connection attempt."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class ListNumbers:
    """Ask the platform for the account's numbers again."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class SetPresence:
    """Publish the operator's own presence."""

    account: AccountName
    activity: Activity
    note: str = ""


@dataclass(frozen=True, slots=True)
class WatchPresence:
    """Watch or stop watching somebody's presence."""

    account: AccountName
    user: str
    watch: bool = True


@dataclass(frozen=True, slots=True)
class SetAgentStatus:
    """Change the agent's status on a contact-centre platform."""

    account: AccountName
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Write a message; it is in the outbox before it is sent."""

    account: AccountName
    peer: str
    text: str
    channel: str = "im"


# ---- engine ----------------------------------------------------------------------------------


class Query(StrEnum):
    """Lists of the engine that take no argument."""

    DEVICES = "devices"
    CONTACTS = "contacts"
    STATE = "state"
    MISSED_SEEN = "missed_seen"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for a list; `MISSED_SEEN` also marks missed calls as seen."""

    what: Query


@dataclass(frozen=True, slots=True)
class ListHistory:
    """Ask for a page of call records, newest first."""

    filter: HistoryFilter = HistoryFilter()


@dataclass(frozen=True, slots=True)
class ShowRecord:
    """Ask for one call record with its timeline."""

    call: CallId


@dataclass(frozen=True, slots=True)
class SaveNote:
    """Keep the operator's note of a call."""

    call: CallId
    text: str


@dataclass(frozen=True, slots=True)
class SearchContacts:
    """Ask for contacts whose name, company or number holds `text`."""

    text: str = ""
    limit: int = 200


@dataclass(frozen=True, slots=True)
class SaveContact:
    """Add a contact, or replace the one with the same id."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class DeleteContact:
    """Delete a contact of the operator's own book."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class SelectDevices:
    """Change sound devices at once, also in a call; None leaves one as it is."""

    input: str | None = None
    output: str | None = None
    ringer: str | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """Open or close the microphone for the level meter of the devices screen."""

    on: bool
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class TestRing:
    """Play the ring tone once on the ringer device."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Make the asking console the one that may act."""


@dataclass(frozen=True, slots=True)
class WaitForCall:
    """Claim the next incoming call for this client, answered at once when `answer`."""

    account: AccountName = AccountName("")
    answer: bool = False
    play: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class StayUp:
    """Keep the engine running without clients, or let it go again."""

    on: bool


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Hang up, withdraw, flush and exit."""


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
)

AccountCommand = (
    Dial
    | GoOnline
    | GoOffline
    | SetAvailable
    | RetryNow
    | ListNumbers
    | SetPresence
    | WatchPresence
    | SetAgentStatus
    | SendMessage
)

EngineCommand = (
    Ask
    | ListHistory
    | ShowRecord
    | SaveNote
    | SearchContacts
    | SaveContact
    | DeleteContact
    | SelectDevices
    | Meter
    | TestRing
    | TakeOver
    | WaitForCall
    | StayUp
    | Shutdown
)

Command = CallCommand | AccountCommand | EngineCommand


# ---- replies ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallPlaced:
    """The call a `Dial` made."""

    call: CallId


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Records newest first; `next` goes into `HistoryFilter.before` for the following page."""

    records: tuple[CallRecord, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class RecordFound:
    """One record, or None when there is no such call."""

    record: CallRecord | None


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts in the order of their names; `total` counts all that match."""

    contacts: tuple[Contact, ...]
    total: int


@dataclass(frozen=True, slots=True)
class DeviceList:
    """All sound devices; `problem` says why there are none."""

    devices: tuple[Device, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ContactSaved:
    """The id of a saved contact."""

    contact: ContactId


Value = CallPlaced | HistoryPage | RecordFound | ContactPage | DeviceList | ContactSaved


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a command: done, or a code and the sentence why not."""

    ok: bool = True
    code: str = ""
    text: str = ""
    value: Value | None = None
