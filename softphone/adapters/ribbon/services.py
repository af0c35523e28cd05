"""Everything that is not a call: presence, messages, people, history, voicemail, events (5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, Direction
from softphone.model.error import ProtocolError, Refused, RequestError, SoftphoneError
from softphone.model.event import AdapterEvent, Level
from softphone.model.message import Channel, Delivery, Message, MessageId
from softphone.model.presence import Activity, Presence
from softphone.model.record import PlatformRecord
from softphone.model.text import clean, clean_block

from . import wire
from .conversions import (
    FIELDS,
    contacts_of,
    entry_of,
    merged,
    own_presence,
    presence_of,
    record_of,
    still_own,
    voicemail_of,
)
from .rest import Ask, Rest
from .settings import RibbonSettings

_METHODS = ("GET", "POST", "PUT", "DELETE")
_RAW_LIMIT = 64 * 1024
_EVENT_LEAST_S = 5.0
_EVENT_AGAIN_S = 30.0  # after a renewal that failed


@dataclass(slots=True)
class _Subscribed:
    """A SIP event subscription; it is renewed at half its time (5.7)."""

    session: str
    users: tuple[str, ...]
    due: float


@dataclass(slots=True)
class Services:
    """The services of one user. `emit`, `monotonic` and `wall` are the engine's."""

    account: AccountName
    settings: RibbonSettings
    rest: Rest
    emit: Callable[[AdapterEvent], None]
    monotonic: Callable[[], float]
    wall: Callable[[], float]
    watched: dict[str, None] = field(default_factory=dict)
    own: Presence | None = None
    events: dict[str, _Subscribed] = field(default_factory=dict)
    book: dict[str, wire.Entry] = field(default_factory=dict)
    local: deque[PlatformRecord] = field(default_factory=lambda: deque(maxlen=200))
    _asked: set[str] = field(default_factory=set)
    _unwatched: set[str] = field(default_factory=set)
    """Whom the operator no longer wants to watch, whatever the settings say."""

    # ---- after sign-in -------------------------------------------------------------------------

    async def begin(self, has: Callable[[str], bool]) -> None:
        """Fetch what a console shows from the start; what fails is said once, the rest goes on."""
        if has(wire.Service.PRESENCE):
            for user in map(self._address, self.settings.watch):
                if user not in self._unwatched:
                    self.watched[user] = None
            if self.watched:
                await self._quietly(self._watch(tuple(self.watched), wire.WatchAction.WATCH))
            wanted = self.settings.presence
            if wanted and self.own is None:
                note = self.settings.presence_note
                await self._quietly(self.set_presence(Activity(wanted), note, True))
            elif self.own is not None:
                own = self.own
                await self._quietly(self.set_presence(own.activity, own.note, own.reachable))
        if has(wire.Service.MWI):
            await self._quietly(self.fetch_voicemail())
        await self._quietly(self.refresh_contacts())
        for event, known in list(self.events.items()):
            await self._quietly(self._subscribe_anew(event, known))

    async def reloaded(self, before: RibbonSettings) -> None:
        """Bring presence in step with settings that have changed; what fails is said."""
        now = self.settings
        same = (now.presence, now.presence_note) == (before.presence, before.presence_note)
        if now.presence and not same:
            activity = Activity(now.presence)
            await self._quietly(self.set_presence(activity, now.presence_note, True))
        for user in (user for user in before.watch if user not in now.watch):
            await self._quietly(self.watch(user, False))
        for user in (user for user in now.watch if user not in before.watch):
            await self._quietly(self.watch(user, True))

    async def _quietly(self, work: object) -> None:
        try:
            await work  # type: ignore[misc]  # any coroutine; its value does not matter
        except SoftphoneError as problem:
            if problem.code != "UNAUTHORIZED":  # that is said already
                self.emit(e.ErrorRaised(self.account, problem.code, problem.message))

    # ---- commands ------------------------------------------------------------------------------

    async def run(self, command: c.AccountCommand) -> c.Value | None:
        """Do what is asked of the account and is neither line nor call."""
        match command:
            case c.SetPresence(_, activity, note, reachable):
                await self.set_presence(activity, note, reachable)
            case c.WatchPresence(_, user, watch):
                await self.watch(user, watch)
            case c.FetchPresence(_, user):
                address = self._address(user)
                self._asked.add(address)
                await self._watch((address,), wire.WatchAction.GET)
            case c.SendMessage(_, peer, text, channel):
                return await self.send_message(peer, text, channel)
            case c.SearchDirectory(_, text, by):
                return await self.search(text, by)
            case c.RefreshContacts():
                await self.refresh_contacts()
            case c.FetchContact(_, native_id):
                return await self.fetch_contact(native_id)
            case c.KeepContact(_, contact):
                before = self.book.get(contact.native_id, wire.Entry())
                entry = entry_of(contact, before)
                await self.keep_contact(entry, known=bool(contact.native_id))
            case c.DropContact(_, native_id):
                path = self._path(wire.Resource.CONTACTS, native_id)
                await self.rest.done(Ask("DELETE", path))
                await self.refresh_contacts()
            case c.FetchHistory(_, count, offset):
                return await self.history(count, offset)
            case c.DeleteFromHistory(_, native_id):
                await self.forget(native_id)
            case c.FetchVoicemail():
                return await self.fetch_voicemail()
            case c.SubscribeEvent():
                await self.subscribe_event(command)
            case c.UnsubscribeEvent(_, event):
                await self.unsubscribe_event(event)
            case c.ClickToCall(_, caller, callee):
                await self.click_to_call(caller, callee)
            case c.RawRequest(_, path, method, body):
                return await self.raw(path, method, body)
            case _:
                raise Refused("This account cannot do that.")
        return None

    # ---- presence ------------------------------------------------------------------------------

    async def set_presence(self, activity: Activity, note: str, reachable: bool) -> None:
        """Publish the operator's own presence."""
        body = own_presence(reachable, activity, clean(note, 256)).body()
        await self.rest.done(Ask("POST", self._path(wire.Resource.PRESENCE), body))
        user, now = self.settings.user, self.monotonic()
        self.own = Presence(self.account, user, reachable, activity, clean(note, 256), now)
        self.emit(e.PresenceChanged(self.own))

    async def watch(self, user: str, watch: bool) -> None:
        """Watch somebody's presence, or stop that."""
        address = self._address(user)
        if not watch:
            self.watched.pop(address, None)
            self._unwatched.add(address)
            await self._watch((address,), wire.WatchAction.STOP)
            return
        self._unwatched.discard(address)
        self.watched[address] = None
        await self._watch((address,), wire.WatchAction.WATCH)

    async def _watch(self, users: tuple[str, ...], action: wire.WatchAction) -> None:
        body = wire.watch_request(users, action)
        await self.rest.done(Ask("POST", self._path(wire.Resource.PRESENCE_WATCHER), body))

    # ---- messages ------------------------------------------------------------------------------

    async def send_message(self, peer: str, text: str, channel: str) -> c.Value:
        """Send an instant message; returns the platform's id of it."""
        if channel != Channel.IM:
            raise Refused("This gateway carries instant messages only.")
        body = wire.im_request(self._address(peer), text)
        answer = await self.rest.done(Ask("POST", self._path(wire.Resource.INSTANT_MESSAGE), body))
        return c.MessageTaken(MessageId(wire.message_id(answer.body)))

    # ---- people --------------------------------------------------------------------------------

    async def search(self, text: str, by: c.DirectoryField) -> c.Value:
        """Search the directory; an empty text lists everybody (5.3)."""
        query = {}
        if text.strip():
            query = {"criteria": text.strip(), "criteriaType": FIELDS[by].value}
        path = self._path(wire.Resource.DIRECTORY)
        answer = await self.rest.done(Ask("GET", path, query=query))
        found = contacts_of(wire.directory_entries(answer.body), self.account)
        return c.ContactPage(found, len(found))

    async def refresh_contacts(self) -> None:
        """Fetch the address book and tell all of it."""
        answer = await self.rest.done(Ask("GET", self._path(wire.Resource.ADDRESS_BOOK)))
        entries = wire.book_entries(answer.body)
        self.book = {entry.id: entry for entry in entries if entry.id}
        self.emit(e.ContactsListed(self.account, contacts_of(entries, self.account)))

    async def fetch_contact(self, native_id: str) -> c.Value:
        """Return one entry of the address book as the gateway has it now (5.2)."""
        answer = await self.rest.done(Ask("GET", self._path(wire.Resource.CONTACTS, native_id)))
        entries = wire.book_entries(answer.body)[:1]
        if not entries:
            raise Refused("There is no such contact on the platform.", code="NO_CONTACT")
        return c.ContactPage(contacts_of(entries, self.account), len(entries))

    async def keep_contact(self, entry: wire.Entry, *, known: bool) -> None:
        """Add or change a contact; the gateway takes whole entries only."""
        if not entry.primary_contact:
            raise Refused("A contact needs an address.", code="BAD_NUMBER")
        body = wire.book_request(entry)
        if known:
            path = self._path(wire.Resource.CONTACTS, entry.id)
            await self.rest.done(Ask("PUT", path, body))
        else:
            await self.rest.done(Ask("POST", self._path(wire.Resource.CONTACTS), body))
        await self.refresh_contacts()

    # ---- history and voicemail -----------------------------------------------------------------

    async def history(self, count: int, offset: int) -> c.Value:
        """Return calls the platform remembers, and the newest of ours it does not know yet."""
        query = {"count": str(max(1, min(count, 1000))), "startIndex": str(max(0, offset))}
        answer = await self.rest.done(
            Ask("GET", self._path(wire.Resource.LOG_HISTORY), query=query)
        )
        domain = wire.domain_of(self.settings.user)
        items = wire.log_items(answer.body)
        fetched = [record_of(item, self.account, domain) for item in items]
        # What the platform has is forgotten here, or it would come back when deleted there.
        self.local = deque(still_own(fetched, self.local), maxlen=self.local.maxlen)
        return c.PlatformHistory(merged(fetched, self.local if offset == 0 else ()))

    async def forget(self, native_id: str) -> None:
        """Delete one call of the platform's history, or all of it."""
        kept = [record for record in self.local if native_id and record.native_id != native_id]
        if not native_id or len(kept) == len(self.local):
            path = self._path(wire.Resource.LOG_HISTORY)
            if native_id:
                path = self._path(wire.Resource.LOG_RECORD, native_id)
            await self.rest.done(Ask("DELETE", path, reads_answer=False))
        self.local = deque(kept, maxlen=self.local.maxlen)

    async def fetch_voicemail(self) -> c.Value:
        """Ask how the lamp stands, and tell it."""
        answer = await self.rest.done(Ask("GET", self._path(wire.Resource.VOICEMAIL)))
        lamp = voicemail_of(wire.voicemail(answer.body), self.account, self.wall())
        self.emit(e.VoicemailChanged(lamp))
        return c.VoicemailFound(lamp)

    # ---- SIP events ----------------------------------------------------------------------------

    async def subscribe_event(self, command: c.SubscribeEvent) -> None:
        """Ask to be told of an event, or change whom it is about."""
        known = self.events.get(command.event)
        wanted = tuple(self._address(user) for user in command.users)
        dropped = tuple(self._address(user) for user in command.drop_users)
        request = wire.EventRequest(
            command.event, wanted, dropped, self._correlator(command), command.parameters
        )
        path = self._path(wire.Resource.EVENT_SUBSCRIPTION, known.session if known else "")
        ask = Ask("PUT" if known else "POST", path, request.body(first=known is None))
        answer = await self.rest.done(ask)
        before = known.users if known else ()
        users = [user for user in dict.fromkeys([*before, *wanted]) if user not in dropped]
        self._note_event(command.event, answer, tuple(users))

    async def unsubscribe_event(self, event: str) -> None:
        """Be told of an event no longer."""
        known = self.events.get(event)
        if known is None:
            raise Refused(f"There is no subscription of {clean(event, 64)}.")
        path = self._path(wire.Resource.EVENT_SUBSCRIPTION, known.session)
        await self.rest.done(Ask("DELETE", path, reads_answer=False))
        self.events.pop(event, None)

    async def renew_events(self) -> None:
        """Renew event subscriptions whose half time has come (empty lists, 5.7)."""
        now = self.monotonic()
        for event, known in list(self.events.items()):
            if now < known.due:
                continue
            known.due = now + _EVENT_LEAST_S
            path = self._path(wire.Resource.EVENT_SUBSCRIPTION, known.session)
            ask = Ask("PUT", path, wire.EventRequest(event).body(first=False))
            try:
                answer = await self.rest.done(ask)
                if self.events.get(event) is known:  # not given up meanwhile
                    self._note_event(event, answer, known.users)
            except (RequestError, ProtocolError) as problem:
                if isinstance(problem, RequestError) and problem.status in (403, 404):
                    self.events.pop(event, None)
                known.due = self.monotonic() + _EVENT_AGAIN_S
                text = f"The event subscription {event} could not be renewed. {problem.message}"
                self.emit(e.ErrorRaised(self.account, problem.code, text))

    def next_renewal(self) -> float | None:
        """Return when `renew_events` is due (monotonic)."""
        return min((known.due for known in self.events.values()), default=None)

    async def _subscribe_anew(self, event: str, known: _Subscribed) -> None:
        self.events.pop(event, None)
        await self.subscribe_event(c.SubscribeEvent(self.account, event, known.users))

    def _note_event(self, event: str, answer: wire.Answer, users: tuple[str, ...]) -> None:
        session, expires_s = wire.event_session(answer.body)
        due = self.monotonic() + max(expires_s / 2, _EVENT_LEAST_S)
        self.events[event] = _Subscribed(session, users, due)

    def _correlator(self, command: c.SubscribeEvent) -> str:
        return f"softphone-{abs(hash((self.account, command.event))):x}"[:40]

    # ---- others --------------------------------------------------------------------------------

    async def click_to_call(self, caller: str, callee: str) -> None:
        """Let the gateway ring two devices; values go as typed (4.24)."""
        if not caller.strip() or not callee.strip():
            raise Refused("Click to call needs two parties.", code="BAD_NUMBER")
        body = wire.click_request(caller.strip(), callee.strip())
        await self.rest.done(Ask("POST", self._path(wire.Resource.CLICK_TO_CALL), body))
        text = f"the gateway rings {clean(caller)} and {clean(callee)}"
        self.emit(e.Remarked(self.account, Level.INFO, text))

    async def raw(self, path: str, method: str, body: str) -> c.Value:
        """Send a request of the operator's own and return what came (1.8)."""
        if method not in _METHODS or not path.strip() or not path.isprintable():
            raise Refused(f"A request needs a path and one of {', '.join(_METHODS)}.")
        status, text = await self.rest.raw(method, path.strip(), body)
        return c.RawAnswer(status, clean_block(text, _RAW_LIMIT))

    # ---- notifications -------------------------------------------------------------------------

    def notified(self, notice: wire.MessageNotice | wire.PresenceNotice | wire.MwiNotice) -> None:
        """Take a notification of these services."""
        match notice:
            case wire.MwiNotice(_, mwi, at):
                lamp = voicemail_of(mwi, self.account, self.wall() if at is None else at)
                self.emit(e.VoicemailChanged(lamp))
            case wire.PresenceNotice(_, user):
                if user in self.watched or user in self._asked:
                    self._asked.discard(user)
                    presence = presence_of(notice, self.account, self.monotonic())
                    self.emit(e.PresenceChanged(presence))

    def message(self, notice: wire.MessageNotice, ident: str) -> None:
        """Take an instant message; `ident` is our id of it."""
        self.emit(
            e.MessageChanged(
                Message(
                    MessageId(ident),
                    self.account,
                    notice.sender,
                    Channel.IM,
                    Direction.INBOUND,
                    notice.text,
                    self.wall() if notice.at is None else notice.at,
                    Delivery.RECEIVED,
                    native_id=notice.id,
                    name=notice.name,
                )
            )
        )

    def _address(self, user: str) -> str:
        """Return an address as the gateway names people: no scheme, with the user's domain."""
        return wire.full(user, wire.domain_of(self.settings.user))

    def _path(self, resource: wire.Resource, ident: str = "") -> str:
        return wire.resource_path(self.settings.user, resource, ident)
