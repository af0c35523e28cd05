"""What comes back for a command."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId, Parameters
from .contact import Contact, ContactId
from .device import Device
from .message import Conversation, Message, MessageId, Voicemail
from .monitor import CoursePoint, Frame, Job, Machine, ObservedCall, SummaryPoint, TurnServer
from .quality import QualitySample, QualitySummary
from .record import CallRecord, PlatformRecord
from .recording import Recording
from .reminder import Reminder
from .report import CallReport
from .screening import ScreeningRule
from .shift import ShiftRow


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
class ContactsImported:
    """How many were added, how many known already; what was refused: (place in the list, why)."""

    added: int
    known: int
    refused: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DuplicatesFound:
    """Groups of contacts that seem to be one; `total` counts all groups."""

    groups: tuple[tuple[Contact, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class BlockedFound:
    """All rules of who is declined at once, in the order of their addresses."""

    rules: tuple[ScreeningRule, ...]


@dataclass(frozen=True, slots=True)
class ShiftFound:
    """Sums of calls, a row for each day and account, in their order."""

    rows: tuple[ShiftRow, ...]


@dataclass(frozen=True, slots=True)
class DeviceList:
    """All sound devices; `problem` says why there are none."""

    devices: tuple[Device, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ContactSaved:
    """The id of a saved contact."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class Done:
    """How many rows a command changed."""

    count: int


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, the last talked in first."""

    conversations: tuple[Conversation, ...]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages newest first; `next` goes into `ListMessages.before` for the following page."""

    messages: tuple[Message, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """The outbox has a message; its later fate is told by `MessageChanged`."""

    message: MessageId


@dataclass(frozen=True, slots=True)
class PlatformHistory:
    """Calls the platform remembers, newest first."""

    records: tuple[PlatformRecord, ...]


@dataclass(frozen=True, slots=True)
class ReportFound:
    """A call's report."""

    report: CallReport


@dataclass(frozen=True, slots=True)
class QualityFound:
    """A call's quality in sum, and seconds of it in order."""

    summary: QualitySummary
    samples: tuple[QualitySample, ...]


@dataclass(frozen=True, slots=True)
class FiguresFound:
    """Named figures to show as they are, in order."""

    figures: Parameters


@dataclass(frozen=True, slots=True)
class EventSubscription:
    """One event an account is told of, and about whom."""

    event: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionsFound:
    """Services of an account (granted, asked for, known), its events, and its line."""

    granted: tuple[str, ...]
    asked: tuple[str, ...]
    known: tuple[str, ...]
    events: tuple[EventSubscription, ...] = ()
    line: Parameters = ()


@dataclass(frozen=True, slots=True)
class CodedName:
    """One entry of a platform's list: what it is called, and the code to give back.

    `source` is the account whose platform it is from; empty: from the configuration.
    """

    code: str
    name: str
    kind: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class CodedNames:
    """A platform's list of reasons or dispositions, in its order."""

    names: tuple[CodedName, ...]


@dataclass(frozen=True, slots=True)
class VoicemailFound:
    """How the voicemail lamp stands."""

    voicemail: Voicemail


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What the platform said to a request of one's own; the body is text as it came, cleaned."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class ObservedFound:
    """Calls of a monitored service; `at` is the service's clock (epoch seconds)."""

    calls: tuple[ObservedCall, ...]
    at: float | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class SummaryFound:
    """Totals to show in order, and their course."""

    figures: Parameters
    series: tuple[SummaryPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameOpened:
    """A frame that was opened, or was open already."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class FrameRows:
    """Rows of a frame as JSON texts; `next` goes into `ReadFrame.after`.

    `missed` rows were forgotten before they were read: the frame keeps the newest.
    """

    rows: tuple[str, ...]
    next: int
    frame: Frame
    missed: int = 0


@dataclass(frozen=True, slots=True)
class CourseFound:
    """Figures of clients, the oldest first; none for a frame that is not of a call."""

    points: tuple[CoursePoint, ...]


@dataclass(frozen=True, slots=True)
class JobsFound:
    """All jobs, and types that can be started."""

    jobs: tuple[Job, ...]
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The job's id; empty when the service gave none, as for a job that is queued already."""

    job: str


@dataclass(frozen=True, slots=True)
class MachinesFound:
    """Workers and servers."""

    machines: tuple[Machine, ...]


@dataclass(frozen=True, slots=True)
class TurnFound:
    """TURN servers and what went through them."""

    servers: tuple[TurnServer, ...]


@dataclass(frozen=True, slots=True)
class ResourcesFound:
    """Names of the database's resources, and conditions (JSON) to begin with."""

    names: tuple[str, ...]
    example: str = "{}"


@dataclass(frozen=True, slots=True)
class ConfigReloaded:
    """Keys of the configuration that changed at once, and those that wait for a new start."""

    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return both as one phrase."""
        if not self.changed and not self.waiting:
            return "nothing has changed"
        parts = [f"changed {', '.join(self.changed)}" if self.changed else ""]
        parts += [f"{', '.join(self.waiting)} after a new start" if self.waiting else ""]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class RecordingsFound:
    """All recordings, the newest first."""

    recordings: tuple[Recording, ...]


@dataclass(frozen=True, slots=True)
class RemindersFound:
    """Calls to be made later, the next one first; of a new one only that."""

    reminders: tuple[Reminder, ...]


Value = (
    CallPlaced
    | HistoryPage
    | RecordFound
    | ContactPage
    | ContactsImported
    | DuplicatesFound
    | BlockedFound
    | ShiftFound
    | DeviceList
    | ContactSaved
    | Done
    | ConversationPage
    | MessagePage
    | MessageTaken
    | PlatformHistory
    | ReportFound
    | QualityFound
    | FiguresFound
    | SubscriptionsFound
    | VoicemailFound
    | CodedNames
    | RawAnswer
    | ObservedFound
    | SummaryFound
    | FrameOpened
    | FrameRows
    | CourseFound
    | JobsFound
    | JobStarted
    | MachinesFound
    | TurnFound
    | ResourcesFound
    | ConfigReloaded
    | RecordingsFound
    | RemindersFound
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a command: done, or a code and the sentence why not."""

    ok: bool = True
    code: str = ""
    text: str = ""
    value: Value | None = None
