"""What can be asked of one account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import AccountName, Parameters
from .command_call import Dial
from .command_monitor import MonitorCommand
from .contact import Contact
from .presence import Activity


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
    """Publish the operator's own presence; `reachable` is the platform's open or closed."""

    account: AccountName
    activity: Activity
    note: str = ""
    reachable: bool = True


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
class PlaceAgentCall:
    """Let the platform dial for the agent; audio comes over the agent's own line."""

    account: AccountName
    number: str
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class HangUpAgentCall:
    """End a call the platform has given the agent, by the platform's id of it."""

    account: AccountName
    native_id: str = ""


@dataclass(frozen=True, slots=True)
class DisposeCall:
    """Say what came of a call. `call_back_at` is epoch seconds: call `number` back then."""

    account: AccountName
    native_id: str
    disposition: str
    call_back_at: float | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class ListReasons:
    """Ask for the reasons of a pause; the answer is `CodedNames`."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class ListDispositions:
    """Ask what may come of a call of a campaign; the answer is `CodedNames`."""

    account: AccountName
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Write a message; it is in the outbox before it is sent."""

    account: AccountName
    peer: str
    text: str
    channel: str = "im"


@dataclass(frozen=True, slots=True)
class FetchPresence:
    """Ask once what somebody does; the answer is a `PresenceChanged`."""

    account: AccountName
    user: str


class DirectoryField(StrEnum):
    """What the directory is searched by."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NUMBER = "number"
    USER = "user"


@dataclass(frozen=True, slots=True)
class SearchDirectory:
    """Search the platform's directory; an empty text lists everybody."""

    account: AccountName
    text: str = ""
    field: DirectoryField = DirectoryField.NAME


@dataclass(frozen=True, slots=True)
class RefreshContacts:
    """Fetch the platform's address book again."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class FetchContact:
    """Ask for one contact of the platform's address book; the answer is a `ContactPage`."""

    account: AccountName
    native_id: str


@dataclass(frozen=True, slots=True)
class KeepContact:
    """Add or change a contact in the platform's address book (`native_id` names it there)."""

    account: AccountName
    contact: Contact


@dataclass(frozen=True, slots=True)
class DropContact:
    """Delete a contact from the platform's address book."""

    account: AccountName
    native_id: str


@dataclass(frozen=True, slots=True)
class FetchHistory:
    """Fetch calls the platform remembers, newest first."""

    account: AccountName
    count: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class DeleteFromHistory:
    """Delete one call of the platform's history, or all of it when `native_id` is empty."""

    account: AccountName
    native_id: str = ""


@dataclass(frozen=True, slots=True)
class FetchVoicemail:
    """Ask how the voicemail lamp stands."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class SubscribeEvent:
    """Ask to be told of an event of these users, or change whom it is about."""

    account: AccountName
    event: str
    users: tuple[str, ...] = ()
    drop_users: tuple[str, ...] = ()
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class UnsubscribeEvent:
    """Be told of an event no longer."""

    account: AccountName
    event: str


@dataclass(frozen=True, slots=True)
class ChangeServices:
    """Ask the platform for more services or for fewer."""

    account: AccountName
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShowSubscriptions:
    """Ask for services, event subscriptions and the state of the notification line."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class ResetConnection:
    """Close the notification line and open it again."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class SetLine:
    """Switch parts of the notification line: its keep-alive, and taking what it brings."""

    account: AccountName
    keep_alive: bool | None = None
    notifications: bool | None = None


@dataclass(frozen=True, slots=True)
class TakeNotification:
    """Take a notification that came another way, as if the line had brought it (JSON text)."""

    account: AccountName
    text: str


@dataclass(frozen=True, slots=True)
class ClickToCall:
    """Let the platform ring two devices and connect them."""

    account: AccountName
    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class RawRequest:
    """Send a request of one's own to the platform, signed in as the account."""

    account: AccountName
    path: str
    method: str = "GET"
    body: str = ""


AccountCommand = (
    Dial
    | GoOnline
    | GoOffline
    | SetAvailable
    | RetryNow
    | ListNumbers
    | SetPresence
    | WatchPresence
    | FetchPresence
    | SetAgentStatus
    | PlaceAgentCall
    | HangUpAgentCall
    | DisposeCall
    | ListReasons
    | ListDispositions
    | SendMessage
    | SearchDirectory
    | RefreshContacts
    | FetchContact
    | KeepContact
    | DropContact
    | FetchHistory
    | DeleteFromHistory
    | FetchVoicemail
    | SubscribeEvent
    | UnsubscribeEvent
    | ChangeServices
    | ShowSubscriptions
    | ResetConnection
    | SetLine
    | TakeNotification
    | ClickToCall
    | RawRequest
    | MonitorCommand
)
