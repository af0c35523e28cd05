"""The engine: adapters, sound and store in one event loop; clients only watch and ask.

Facts come in from adapters, are folded by the books (`calls`, `accounts`), written to the
store, routed to the sound card and told to the clients, in that order, in one step of the loop.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from softphone.adapters.base import Adapter
from softphone.config import Config
from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    Call,
    CallId,
    CallState,
    EndReason,
    MediaState,
)
from softphone.model.command import (
    Command,
    Decline,
    HangUp,
    Hold,
    Reply,
    WaitForCall,
    WatchPresence,
)
from softphone.model.contact import Contact
from softphone.model.error import AudioError, SoftphoneError, StoreError
from softphone.model.event import AdapterEvent, Level
from softphone.model.message import ScreenPop
from softphone.model.presence import Account
from softphone.store.store import Store

from .accounts import AccountBook, AccountFact, came_up
from .acts import Acts
from .attendance import Attendance
from .calls import ENDED_SHOWN_S, CallBook, CallFact
from .clients import Client, Hub, Published
from .commands import Commands
from .following import Following
from .hooks import Hooks
from .link import Role
from .mail import Mail
from .narrator import account_line, call_line, pop_line, timeline_entry
from .operator import Operator
from .owners import Owners
from .pops import matched, waiting
from .preferences import Preferences
from .recordings import Recordings
from .reminders import Reminders
from .ringing import Ringing
from .screening import Screening
from .sound import Sound
from .sound_desk import SoundDesk
from .watching import Watching
from .wrapup import WrapUp

logger = logging.getLogger(__name__)

# With what the store takes to close they make the three seconds in which an engine ends.
_HANG_UP_LIMIT_S = 1.0
_CANCEL_LIMIT_S = 0.5
_SETTLE_LIMIT_S = 0.25
_LEVELS_EVERY_S = 0.1
_SECOND_S = 1.0
_SETTLED_S = 0.5  # a client that came has its picture by then, and hears what is new
_ERRORS_KEPT = 200
_OURS = "softphone"


class Engine:
    """Owns calls, accounts, sound, store and the clients. It is the adapters' `Context` too."""

    def __init__(
        self,
        config: Config,
        adapters: Sequence[Adapter],
        sound: Sound,
        store: Store,
        recordings: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.adapters = {adapter.name: adapter for adapter in adapters}
        self.sound = sound
        self.store = store
        self.recordings = recordings
        self.recorder = Recordings(self)
        self.monotonic = monotonic
        self.wall = wall
        self.hub = Hub()
        self.book = CallBook()
        self.owners = Owners(self)
        self.acts = Acts(self)
        self.wrap_up = WrapUp(self)
        self.preferences = Preferences(self)
        self.operator = Operator(self)
        self.attendance = Attendance(self)
        self.ringing = Ringing(self)
        self.following = Following(self)
        self.sound_desk = SoundDesk(self)
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()
        self.lost_operator: set[CallId] = set()
        self.mail = Mail(self)
        self.watching = Watching()
        self.screening = Screening(self)
        self.reminders = Reminders(self)
        self.hooks = Hooks(config.hooks)
        self.hub.heard = self.hooks.heard
        self._commands = Commands(self)
        self._accounts = AccountBook()
        self._jobs: set[asyncio.Task[None]] = set()
        self._last_errors: dict[tuple[AccountName, str, str], float] = {}

    # ---- life --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`; on the way out calls are hung up and everything is flushed."""
        await self._open_store()
        for adapter in self.adapters.values():
            account = Account(
                adapter.name,
                adapter.kind,
                since_mono=self.monotonic(),
                identity=adapter.identity,
                insecure=adapter.insecure,
                refusals=adapter.capabilities().refusals(),
                caller_id=self.preferences.caller_id(adapter.name),
            )
            self._accounts.accounts[account.name] = account
            self.hub.publish(e.AccountChanged(account))
        self.job(self.recorder.keep_retention())
        self.started.set()
        lines = [asyncio.create_task(self._keep(a), name=a.name) for a in self.adapters.values()]
        timers = [asyncio.create_task(job) for job in (self._meters(), self._every_second())]
        try:
            await self.stopped.wait()
        finally:
            await self._wind_down(lines, timers)

    def stop(self, reason: str) -> None:
        """Begin to end: hang up, withdraw, flush, exit."""
        if not self.stopped.is_set():
            self.hub.publish(e.EngineStopping(reason))
            self.stopped.set()

    async def _open_store(self) -> None:
        try:
            interrupted = await self.store.open(self.wall(), self.config.store.journal_days)
            self.hub.publish(e.HistoryChanged(await self.store.missed()))
            found = await self.store.contacts("", 1)
            self.hub.publish(e.ContactsChanged(found.total))
            self.hub.publish(e.UnreadChanged(await self.store.unread()))
            await self.screening.load()
            await self.reminders.load()
            await self.preferences.load()
            await self.operator.load()
        except StoreError as problem:
            self.hub.publish(e.StoreChanged(str(problem), 0))
            self.note(_OURS, Level.ERROR, str(problem))
            return
        for call in interrupted:
            text = f"call with {call.remote.label} was interrupted when the engine stopped"
            self.note(call.account, Level.WARNING, text, call.id)

    async def _wind_down(
        self, lines: list[asyncio.Task[None]], timers: list[asyncio.Task[None]]
    ) -> None:
        self.reminders.stop()
        self.ringing.stop()
        await self._within(_SETTLE_LIMIT_S, asyncio.ensure_future(self.acts.settle()))
        # What only rings is left to the server: somebody else may answer it.
        up = [call for call in self.book.live() if call.state is not CallState.RINGING]
        await self._within(_HANG_UP_LIMIT_S, asyncio.gather(*map(self.hang_up, up)))
        for task in (*lines, *timers, *self._jobs):
            task.cancel()
        ending = asyncio.gather(*lines, *timers, *self._jobs, return_exceptions=True)
        await self._within(_CANCEL_LIMIT_S, ending)
        for call in self.book.live():
            self.emit(e.CallOver(call.id, EndReason.OFFLINE, detail="the engine stopped"))
        await self.hooks.close()
        self.operator.rest()
        await self.store.close()

    async def _within(self, limit_s: float, work: asyncio.Future[Any]) -> None:
        try:
            await asyncio.wait_for(work, limit_s)
        except TimeoutError:
            logger.warning("something did not end in time")

    async def hang_up(self, call: Call) -> None:
        """End a call, or decline it while it rings."""
        ringing = call.state is CallState.RINGING
        await self.do(Decline(call.id) if ringing else HangUp(call.id))

    async def _keep(self, adapter: Adapter) -> None:
        """Run an adapter; a bug in one must not take the others down, and it is tried again."""
        while True:
            try:
                await adapter.run(self)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("adapter %s failed", adapter.name)
                self.note(adapter.name, Level.ERROR, "failed inside; starting again, see the log")
            await asyncio.sleep(5.0)

    # ---- for adapters: Context -----------------------------------------------------------------

    def emit(self, event: AdapterEvent) -> None:
        """Take a fact from an adapter."""
        match event:
            case (
                e.LinkChanged()
                | e.NumbersListed()
                | e.AvailabilityChanged()
                | e.ServicesChanged()
                | e.SignedIn()
            ):
                self._account_fact(event)
            case e.MessageChanged(message):
                self.mail.received(message)
            case e.CallReported(report):
                self.store.save_report(report)
            case e.ContactsListed(account, contacts):
                self.job(self._keep_contacts(account, contacts))
            case e.ErrorRaised():
                self._error(event)
            case e.Remarked(account, level, text, call, alert):
                self.note(account, level, text, call, alert=alert)
            case (
                e.PresenceChanged()
                | e.OnlineUsersChanged()
                | e.VoicemailChanged()
                | e.PlatformEvent()
                | e.FrameChanged()
                | e.CallObserved()
                | e.ClientObserved()
            ):
                self.hub.publish(event)
            case e.AgentStatusChanged():
                self.hub.publish(event)
                self.operator.agent_changed()
            case e.ScreenPopped(pop):
                self._popped(matched(pop, self.book.calls.values()))
            case _:
                self._call_fact(event)

    def new_call_id(self) -> CallId:
        """Return an identity no call ever had."""
        return CallId(uuid.uuid4().hex[:16])

    def start_media(self, call: CallId) -> None:
        """Connect a call's audio; raises AudioError."""
        known = self.book.calls[call]
        leg = self.adapters[known.account].media(call)
        if leg is None:
            raise AudioError("The platform gave no audio for this call.")
        self.sound.attach(call, leg, self.owners.files(call), self.monotonic())
        if known.recording_paused:
            self.sound.set_private(call, True)
        self.recorder.call_changed(known)

    def stop_media(self, call: CallId) -> None:
        """Disconnect a call's audio and keep its quality."""
        kept = self.sound.detach(call)
        if kept is not None:
            self.store.save_quality(call, kept.summary)
            self.store.add_samples(call, kept.samples)

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        """Put DTMF into a call's outgoing audio."""
        self.sound.send_tones(call, digits, duration_ms, gap_ms)

    # ---- facts ---------------------------------------------------------------------------------

    def _call_fact(self, fact: CallFact) -> None:
        if isinstance(fact, e.CallOver) and fact.call in self.lost_operator:
            self.lost_operator.discard(fact.call)
            fact = replace(fact, reason=EndReason.OPERATOR_LOST)
        before = self.book.calls.get(fact.call)
        if before is None and isinstance(fact, e.CallOffered | e.CallAutoDeclined):
            blocked = self.screening.turned_away(fact)
            if blocked is not None:
                self._turn_away(blocked, ringing=isinstance(fact, e.CallOffered))
                return
        after = self.book.apply(fact, self.wall(), self.monotonic())
        if after is None:
            return
        if before is None and after.state is CallState.RINGING:
            after = self.ringing.judged(after)
            self.book.put(after)
        self._call_changed(before, after)
        if before is None and after.live:
            self.owners.new_call(after)
            for pop in waiting(after, self.hub.state.pops, self.wall()):
                self.hub.publish(e.ScreenPopped(pop))
            self.job(self._name_call(after))
        if isinstance(fact, e.CallRestarted):
            self.sound.play_again(after.id)
            self.owners.answered(after, again=True)

    def _turn_away(self, call: Call, *, ringing: bool) -> None:
        """Keep the record of a call that may not ring, and decline it."""
        self.book.put(call)
        self._call_changed(None, call)
        self.job(self._name_call(call))
        if ringing:
            self.job(self.screening.decline(call))

    def change_call(self, call: CallId, **values: object) -> None:
        """Set fields the engine owns, and tell."""
        before = self.book.calls.get(call)
        after = self.book.change(call, **values)
        if after is not None:
            self._call_changed(before, after)

    def hold_locally(self, call: CallId, held: bool) -> None:
        """Hold with our own means, or take back."""
        before = self.book.calls.get(call)
        after = self.book.hold_locally(call, held)
        if after is not None:
            self.sound.set_hold(call, held, self.config.audio.hold_music)
            self._call_changed(before, after)

    def _call_changed(self, before: Call | None, after: Call) -> None:
        if not after.live:
            self.sound_desk.measure(after)
        entry = timeline_entry(before, after)
        entries = (replace(entry, at=self.wall()),) if entry else ()
        self.store.save_call(after, entries)
        self.hub.publish(e.CallChanged(after))
        line = call_line(before, after)
        if line:
            self.note(after.account, *line, after.id)
        self.sound_desk.route()
        self.recorder.call_changed(after)
        if after.state is CallState.ACTIVE:
            self.owners.answered(after)
        if not after.live:
            self._call_over(after)
        elif before is not None and self.sound.waits_behind(before, after):
            self.job(self.quietly(Hold(after.id)))
        self.following.check()
        self.attendance.check()

    def _call_over(self, call: Call) -> None:
        self._commands.conferences.call_over(call)
        self.acts.forget(call.id)
        self.ringing.call_over(call.id)
        self.stop_media(call.id)
        self.recorder.call_over(call.id)
        self.wrap_up.call_over(call)
        self.operator.call_over()
        self.owners.call_over(call.id)
        if call.missed:
            self.job(self.count_missed())
        self.later(ENDED_SHOWN_S, self._forget_ended)

    def _forget_ended(self) -> None:
        for call in self.book.forget(self.monotonic()):
            self.hub.publish(e.CallRemoved(call))
        if not self.book.live():
            # The collector is set to run rarely, for the sake of the sound: what a call leaves
            # behind goes now, when nobody talks.
            gc.collect()

    async def _name_call(self, call: Call) -> None:
        """Put the operator's own name for a number beside what the platform says."""
        contact = await self._contact(call.remote.address)
        now = self.book.calls.get(call.id)
        if contact is None or now is None:
            return
        if contact.favourite and now.live:
            self.ringing.favourite(call.id)
        self.change_call(call.id, remote=replace(now.remote, known=contact.name))

    async def contact_name(self, address: str) -> str:
        """Return the operator's own name for an address, empty when there is none."""
        contact = await self._contact(address)
        return contact.name if contact else ""

    async def _contact(self, address: str) -> Contact | None:
        """Return whose address it is; a broken store keeps no call away."""
        try:
            return await self.store.contact_by_address(address)
        except StoreError:
            return None

    def _account_fact(self, fact: AccountFact) -> None:
        before = self._accounts.accounts[fact.account]
        after = self._accounts.apply(fact, self.monotonic())
        if after is None:
            return
        self.hub.publish(e.AccountChanged(after))
        self.operator.changed()
        line = account_line(before, after)
        if line:
            self.note(after.name, *line)
        if came_up(before, after):
            self.job(self._back_online(after.name))

    def change_account(self, account: AccountName, **values: object) -> None:
        """Set fields of an account that the engine owns, and tell."""
        changed = self._accounts.change(account, **values)
        self.hub.publish(e.AccountChanged(changed))

    async def _back_online(self, account: AccountName) -> None:
        """Do what waited for the line: messages of the outbox, and whose presence is watched."""
        await self.mail.deliver_waiting(account)
        with suppress(StoreError):
            for user in await self.store.watched(account):
                await self.quietly(WatchPresence(account, user))

    async def _keep_contacts(self, account: AccountName, contacts: tuple[Contact, ...]) -> None:
        with suppress(StoreError):
            count = await self.store.replace_contacts(account, contacts)
            self.hub.publish(e.ContactsChanged(count))

    def _popped(self, pop: ScreenPop) -> None:
        """Show customer data; a change of what is known already makes no second line."""
        if all(known.id != pop.id for known in self.hub.state.pops):
            self.note(pop.account, Level.INFO, pop_line(pop), pop.call)
        self.hub.publish(e.ScreenPopped(pop))

    def _error(self, error: e.ErrorRaised) -> None:
        """Show an error, the same one at most every 10 seconds."""
        now, told = self.monotonic(), self._last_errors
        same = (error.account, error.code, error.text if error.alert else "")
        if now - told.get(same, -10.0) >= 10.0:
            told.pop(same, None)
            told[same] = now
            if len(told) > _ERRORS_KEPT:
                del told[next(iter(told))]
            text = f"{error.text} [{error.code}]"
            self.note(error.account, Level.ERROR, text, alert=error.alert)

    def note(
        self,
        source: str,
        level: Level,
        text: str,
        call: CallId | None = None,
        *,
        alert: bool = False,
    ) -> None:
        """Write a line of the event log, for the operator and for the journal."""
        noted = e.Noted(self.wall(), source, level, text, call, alert)
        self.store.add_note_line(noted)
        self.hub.publish(noted)

    # ---- what comes again and again ------------------------------------------------------------

    async def _meters(self) -> None:
        while True:
            await asyncio.sleep(_LEVELS_EVERY_S)
            if self.hub.consoles():
                moved = self.sound.levels()
                if moved is not None:
                    self.hub.publish(e.LevelsMeasured(*moved))

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(_SECOND_S)
            self.sound.begin_second()
            for call in self.book.talking():
                media = self.sound_desk.measure(call)
                # A connection that is lost is so until the platform has it back.
                if media is not None and call.media is not MediaState.LOST:
                    self.change_call(call.id, media=media)
            self.attendance.check()

    # ---- clients -------------------------------------------------------------------------------

    def attach(self, role: Role, name: str, deliver: Callable[[Published], None]) -> Client:
        """Add a client; it gets what happens from now on."""
        client = self.hub.attach(role, name, deliver)
        self.attendance.check()
        self.sound_desk.route()
        self.later(_SETTLED_S, self.reminders.check)
        return client

    def detach(self, client_id: str) -> None:
        """Remove a client; the calls of a command end with it."""
        self.hub.detach(client_id)
        self.sound.leave_desk(client_id)
        self.owners.waiters.pop(client_id, None)
        self._close_frames(client_id)
        for call in self.book.live():
            if call.owner == client_id:
                self.job(self.hang_up(call))
        self.attendance.check()
        self.sound_desk.route()

    def wait_for_call(self, client_id: str, wait: WaitForCall) -> None:
        """Give a client the next offer, or the one that rings now."""
        self.owners.wait(client_id, wait)
        self.attendance.check()

    async def submit(self, client_id: str, command: Command) -> Reply:
        """Do what a client asks; the answer is never an exception."""
        try:
            value = await self._commands.run(client_id, command)
            self.watching.note(client_id, command, value)
            if client_id and client_id not in self.hub.clients:
                self._close_frames(client_id)  # it left before the answer
            return Reply(value=value)
        except SoftphoneError as problem:
            return Reply(False, problem.code, problem.message)
        except Exception:
            logger.exception("command %s failed", type(command).__name__)
            return Reply(False, "INTERNAL", "That failed inside softphone; the log says more.")

    def _close_frames(self, client_id: str) -> None:
        """Close what a client that is gone was watching."""
        for close in self.watching.left(client_id):
            self.job(self._do_quietly(close))

    async def _do_quietly(self, command: Command) -> None:
        await self.do(command)

    def conference_of(self, call: Call) -> list[Call]:
        """Return a call and those it is in conference with."""
        return self._commands.conferences.of(call)

    async def run_command(self, command: Command) -> None:
        """Do something on the engine's own account; raises SoftphoneError with the reason."""
        await self._commands.run("", command)

    async def do(self, command: Command) -> Reply:
        """Do something on the engine's own account; a refusal is only logged."""
        reply = await self.submit("", command)
        if not reply.ok:
            logger.info("%s: %s", type(command).__name__, reply.text)
        return reply

    async def quietly(self, command: Command) -> None:
        """Do something whose outcome shows by itself."""
        await self.do(command)

    async def count_missed(self) -> None:
        """Tell how many missed calls nobody has looked at."""
        try:
            self.hub.publish(e.HistoryChanged(await self.store.missed()))
        except StoreError as problem:
            logger.warning("%s", problem)

    def store_trouble(self, problem: str, waiting: int) -> None:
        """Tell that the store stopped or resumed writing."""
        if (problem, waiting) != (self.hub.state.store_problem, self.hub.state.store_waiting):
            self.hub.publish(e.StoreChanged(problem, waiting))

    # ---- jobs ----------------------------------------------------------------------------------

    def job(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it is cancelled when the engine ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        """Call `work` after a while."""
        asyncio.get_running_loop().call_later(delay_s, work)
