"""The engine: adapters, sound and store in one event loop; clients only watch and ask.

Facts come in from adapters (`facts`, `callfacts`), are folded by the books (`accounts`, `calls`),
written to the store, told to the clients and routed to the sound card, in one step of the loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from softphone.adapters.base import Adapter
from softphone.config import Config
from softphone.model import event as e
from softphone.model.call import (
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
    Reply,
    WaitForCall,
)
from softphone.model.contact import Contact
from softphone.model.error import AudioError, SoftphoneError, StoreError
from softphone.model.event import AdapterEvent, Level
from softphone.model.presence import Account
from softphone.store.store import Store

from .acts import Acts
from .attendance import Attendance
from .callfacts import CallFacts
from .calls import CallBook
from .clients import Client, Hub, Published
from .commands import Commands
from .facts import Facts
from .following import Following
from .hooks import Hooks
from .link import Role
from .mail import Mail
from .operator import Operator
from .owners import Owners
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
        self.facts = Facts(self)
        self.call_facts = CallFacts(self)
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
        self.mail = Mail(self)
        self.watching = Watching()
        self.screening = Screening(self)
        self.reminders = Reminders(self)
        self.hooks = Hooks(config.hooks)
        self.hub.heard = self.hooks.heard
        self.commands = Commands(self)
        self._jobs: set[asyncio.Task[None]] = set()

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
            self.facts.add_account(account)
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
        self.facts.take(event)

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

    # ---- for the parts of the engine -----------------------------------------------------------

    def change_call(self, call: CallId, **values: object) -> None:
        """Set fields the engine owns, and tell."""
        self.call_facts.change(call, **values)

    def conference_of(self, call: Call) -> list[Call]:
        """Return a call and those it is in conference with."""
        return self.commands.conferences.of(call)

    async def contact_of(self, address: str) -> Contact | None:
        """Return whose address it is; a broken store keeps no call away."""
        try:
            return await self.store.contact_by_address(address)
        except StoreError:
            return None

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
            for call in self.book.live():
                if call.state is CallState.HELD:
                    self.sound.rest(call.id)
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
            value = await self.commands.run(client_id, command)
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

    async def run_command(self, command: Command) -> None:
        """Do something on the engine's own account; raises SoftphoneError with the reason."""
        await self.commands.run("", command)

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
