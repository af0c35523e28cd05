"""What happens. Two vocabularies, both frozen.

`AdapterEvent`: facts an adapter reports to the engine, in the words of this package.
`Event`: what the engine tells its clients; each carries the whole new value of what changed,
so that applying one twice, or after a lost one, still ends right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .agent import AgentStatus
from .call import AccountName, Call, CallId, CallInput, EndReason, MediaState, Parameters, Party
from .contact import Contact
from .desk import Desk
from .device import AudioStatus
from .message import Channel, Message, ScreenPop, Voicemail
from .monitor import ClientQuality, Frame, FrameId, ObservedCall
from .presence import Account, Availability, LinkState, OnlineUser, OwnNumber, Presence
from .quality import Levels, QualitySample
from .report import CallReport


class Level(StrEnum):
    """How much a note matters."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


# ---- facts from adapters -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallOffered:
    """Someone is ringing; nobody has answered yet. Said again, it refreshes the parties."""

    account: AccountName
    call: CallId
    native_id: str
    remote: Party
    local: Party
    parameters: Parameters = ()
    video: bool = False


@dataclass(frozen=True, slots=True)
class CallDialed:
    """The operator's own call has been sent to the platform."""

    account: AccountName
    call: CallId
    remote: Party
    local: Party
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class CallNamed:
    """The platform told its own id of a call, or better names of its parties."""

    call: CallId
    native_id: str
    remote: Party | None = None
    local: Party | None = None


@dataclass(frozen=True, slots=True)
class CallProgressed:
    """A call took a step of its transition table, anything but the end."""

    call: CallId
    what: CallInput
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CallRestarted:
    """The far end picked up after media was already up: talk time starts again."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallMediaChanged:
    """Audio began to flow, fell silent or was lost."""

    call: CallId
    media: MediaState


@dataclass(frozen=True, slots=True)
class CallHeldByPeer:
    """The far end put the call on hold or took it back."""

    call: CallId
    held: bool


@dataclass(frozen=True, slots=True)
class CallParameters:
    """The far end sent custom parameters with a call."""

    call: CallId
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class CallWorking:
    """The platform is doing something with a call ("transferring"); empty: done or failed."""

    call: CallId
    operation: str


@dataclass(frozen=True, slots=True)
class CallReported:
    """A call's report is complete, or grew; kept with its record."""

    report: CallReport


@dataclass(frozen=True, slots=True)
class CallOver:
    """A call ended; `code` and `detail` are the platform's own words."""

    call: CallId
    reason: EndReason
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CallAutoDeclined:
    """The platform's rule of one call refused an offer without ringing."""

    account: AccountName
    call: CallId
    native_id: str
    remote: Party
    local: Party


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The signalling connection changed. `retry_mono` is when the next try starts."""

    account: AccountName
    link: LinkState
    cause: str = ""
    code: str = ""
    retry_mono: float | None = None


@dataclass(frozen=True, slots=True)
class NumbersListed:
    """The account's own numbers are known."""

    account: AccountName
    numbers: tuple[OwnNumber, ...]


@dataclass(frozen=True, slots=True)
class AvailabilityChanged:
    """The set of wanted, accepted or rejected numbers changed."""

    account: AccountName
    availability: Availability


@dataclass(frozen=True, slots=True)
class ServicesChanged:
    """The platform granted these services, in its own words."""

    account: AccountName
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who an account is signed in as, where only its credentials or the platform tell."""

    account: AccountName
    identity: str


@dataclass(frozen=True, slots=True)
class ContactsListed:
    """The whole address book of the platform; it replaces what was known of it."""

    account: AccountName
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """A non-fatal error of an account, with its code for scripts; `alert` notifies of it too."""

    account: AccountName
    code: str
    text: str
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Remarked:
    """An account has something to say for the event log; `alert` notifies of it too."""

    account: AccountName
    level: Level
    text: str
    call: CallId | None = None
    alert: bool = False


# ---- told to clients, and by adapters too ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Presence of a watched person, or the operator's own."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class OnlineUsersChanged:
    """The whole list of connections of a platform's users."""

    account: AccountName
    users: tuple[OnlineUser, ...]


@dataclass(frozen=True, slots=True)
class AgentStatusChanged:
    """The agent's status changed."""

    status: AgentStatus


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message came in, was written, sent, refused or read."""

    message: Message


@dataclass(frozen=True, slots=True)
class ConversationCleared:
    """A conversation was deleted here."""

    account: AccountName
    peer: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class UnreadChanged:
    """How many messages nobody has read yet."""

    unread: int


@dataclass(frozen=True, slots=True)
class VoicemailChanged:
    """The voicemail lamp changed."""

    voicemail: Voicemail


@dataclass(frozen=True, slots=True)
class ScreenPopped:
    """Customer data to show beside a call."""

    pop: ScreenPop


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """An event of a platform as it came, for the raw stream; `body` is JSON text."""

    account: AccountName
    name: str
    at: float
    body: str


@dataclass(frozen=True, slots=True)
class FrameChanged:
    """A frame of monitoring rows opened, grew, closed or failed; at most a few a second."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class CallObserved:
    """A monitored call's latest quality; `frame` is the frame it came by. Merged: newest wins."""

    account: AccountName
    frame: FrameId
    call: ObservedCall


@dataclass(frozen=True, slots=True)
class ClientObserved:
    """A monitored client's latest quality. Merged: newest wins."""

    account: AccountName
    frame: FrameId
    client: ClientQuality


# ---- told to clients -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account's line, numbers or availability changed."""

    account: Account


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call appeared or changed."""

    call: Call


@dataclass(frozen=True, slots=True)
class CallRemoved:
    """An ended call leaves the list; history keeps it."""

    call: CallId


@dataclass(frozen=True, slots=True)
class AudioChanged:
    """Sound devices changed, failed or came back."""

    audio: AudioStatus


@dataclass(frozen=True, slots=True)
class LevelsMeasured:
    """Loudness of the live call, or of the microphone alone (`call` None); up to 10 a second."""

    call: CallId | None
    levels: Levels


@dataclass(frozen=True, slots=True)
class QualityMeasured:
    """One second of one call."""

    sample: QualitySample


@dataclass(frozen=True, slots=True)
class Noted:
    """One line of the event log. `at` is epoch seconds; `source` an account or "softphone"."""

    at: float
    source: str
    level: Level
    text: str
    call: CallId | None = None
    alert: bool = False
    """The operator is to see it now, not only when reading the log."""


@dataclass(frozen=True, slots=True)
class HistoryChanged:
    """A call record was written; `missed` counts unseen missed calls."""

    missed: int


@dataclass(frozen=True, slots=True)
class ContactsChanged:
    """The contact list changed; ask for it again."""

    count: int


@dataclass(frozen=True, slots=True)
class StoreChanged:
    """The database stopped or resumed taking rows; `waiting` rows are kept in memory."""

    problem: str
    waiting: int


@dataclass(frozen=True, slots=True)
class ControlChanged:
    """Which console may act (client id), and how many consoles are attached."""

    controller: str
    consoles: int


@dataclass(frozen=True, slots=True)
class DeskChanged:
    """The operator's own state, what is queued behind it, or what it waits for changed."""

    desk: Desk


@dataclass(frozen=True, slots=True)
class EngineStopping:
    """The engine is about to exit; `reason` in words."""

    reason: str


AdapterEvent = (
    CallOffered
    | CallDialed
    | CallNamed
    | CallProgressed
    | CallRestarted
    | CallMediaChanged
    | CallHeldByPeer
    | CallParameters
    | CallWorking
    | CallReported
    | CallOver
    | CallAutoDeclined
    | LinkChanged
    | NumbersListed
    | AvailabilityChanged
    | ServicesChanged
    | SignedIn
    | ContactsListed
    | ErrorRaised
    | Remarked
    | PresenceChanged
    | OnlineUsersChanged
    | AgentStatusChanged
    | MessageChanged
    | VoicemailChanged
    | ScreenPopped
    | PlatformEvent
    | FrameChanged
    | CallObserved
    | ClientObserved
)

Event = (
    AccountChanged
    | CallChanged
    | CallRemoved
    | AudioChanged
    | LevelsMeasured
    | QualityMeasured
    | Noted
    | HistoryChanged
    | ContactsChanged
    | StoreChanged
    | ControlChanged
    | DeskChanged
    | EngineStopping
    | ConversationCleared
    | UnreadChanged
    | PresenceChanged
    | OnlineUsersChanged
    | AgentStatusChanged
    | MessageChanged
    | VoicemailChanged
    | ScreenPopped
    | PlatformEvent
    | FrameChanged
    | CallObserved
    | ClientObserved
)
