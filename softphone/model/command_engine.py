"""What the engine does itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .call import AccountName, CallId
from .contact import Contact, ContactId
from .message import Channel, MessageId
from .record import CallRecord, HistoryFilter


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
class ShowQuality:
    """Ask for a call's quality: its summary, and its seconds later than `after` (epoch seconds).

    At most 1,000 seconds come at once; ask again after the last one for more.
    """

    call: CallId
    after: float = 0.0
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class SaveNote:
    """Keep the operator's note of a call."""

    call: CallId
    text: str


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Delete a call record with its timeline; None deletes all that are over."""

    call: CallId | None


@dataclass(frozen=True, slots=True)
class ImportRecords:
    """Add call records from elsewhere; those that are there already are left alone."""

    records: tuple[CallRecord, ...]


@dataclass(frozen=True, slots=True)
class ListConversations:
    """Ask for all conversations, the last talked in first."""

    account: AccountName = AccountName("")


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Ask for a page of a conversation, newest first; `before` comes from the page before."""

    account: AccountName
    peer: str
    channel: Channel = Channel.IM
    before: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Take a conversation, or one message of it, as read."""

    account: AccountName
    peer: str
    channel: Channel = Channel.IM
    message: MessageId | None = None


@dataclass(frozen=True, slots=True)
class ClearConversation:
    """Delete a conversation here; the platform and the other side keep theirs."""

    account: AccountName
    peer: str
    channel: Channel = Channel.IM


@dataclass(frozen=True, slots=True)
class ForwardMessage:
    """Send a message's text on to somebody else."""

    message: MessageId
    to: str


@dataclass(frozen=True, slots=True)
class RetryMessage:
    """Send a message again that failed."""

    message: MessageId


@dataclass(frozen=True, slots=True)
class SearchContacts:
    """Ask for contacts whose name, company, number or note holds `text`, `skip` of them on."""

    text: str = ""
    limit: int = 200
    skip: int = 0


@dataclass(frozen=True, slots=True)
class ImportContacts:
    """Add contacts from a file; those that are there already are left alone.

    With `dry_run` nothing is written and the answer says what would be.
    """

    contacts: tuple[Contact, ...]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class FindDuplicates:
    """Ask for groups of contacts that seem to be one."""

    limit: int = 200


@dataclass(frozen=True, slots=True)
class MergeContacts:
    """Make one contact of several; the first keeps its id and name."""

    contacts: tuple[ContactId, ...]


@dataclass(frozen=True, slots=True)
class FindQuick:
    """Ask for the contact of a quick-dial key (1 to 9)."""

    digit: int


@dataclass(frozen=True, slots=True)
class BlockNumber:
    """Decline calls from a number, or from all that begin so (`+39899*`), from now on."""

    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AllowNumber:
    """Let a number ring again, even when it begins as blocked ones do."""

    address: str


@dataclass(frozen=True, slots=True)
class ListBlocked:
    """Ask for the rules of who is declined at once."""


@dataclass(frozen=True, slots=True)
class ShowShift:
    """Ask for sums of calls that began in a time (epoch seconds), for each account and day."""

    since: float
    until: float


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
    """Change devices and what is done to the microphone at once, also in a call.

    None leaves one as it is.
    """

    input: str | None = None
    output: str | None = None
    ringer: str | None = None
    echo_cancellation: bool | None = None
    noise_suppression: bool | None = None
    automatic_gain: bool | None = None


@dataclass(frozen=True, slots=True)
class UseDesk:
    """Take the sound of the desk behind a socket, as long as the asking console is there."""

    socket: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Meter:
    """Open or close the microphone for the level meter of the devices screen."""

    on: bool
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class TestRing:
    """Play the ring tone once on the ringer device."""


@dataclass(frozen=True, slots=True)
class TestEcho:
    """Play a noise for some seconds and tell what of it the microphone hears."""


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
class ReloadConfig:
    """Read the configuration file again; the answer is `ConfigReloaded`."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Hang up, withdraw, flush and exit."""


EngineCommand = (
    Ask
    | ListHistory
    | ShowRecord
    | ShowQuality
    | SaveNote
    | DeleteRecord
    | ImportRecords
    | ListConversations
    | ListMessages
    | MarkRead
    | ClearConversation
    | ForwardMessage
    | RetryMessage
    | SearchContacts
    | SaveContact
    | DeleteContact
    | ImportContacts
    | FindDuplicates
    | MergeContacts
    | FindQuick
    | BlockNumber
    | AllowNumber
    | ListBlocked
    | ShowShift
    | SelectDevices
    | UseDesk
    | Meter
    | TestRing
    | TestEcho
    | TakeOver
    | WaitForCall
    | StayUp
    | ReloadConfig
    | Shutdown
)
