"""What each command makes the engine do. Refusals are SoftphoneErrors with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from softphone.adapters.base import Adapter
from softphone.model import command as c
from softphone.model.call import AccountName, Call, CallId, CallState
from softphone.model.capability import Capability
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.text import clean
from softphone.secret import Secret

from .calls import make_room
from .conferences import Conferences
from .data import Data, DataCommand
from .destinations import Destinations
from .dialing import must_confirm, refuse_emergency
from .dialstring import dial_string
from .dispositions import Dispositions
from .link import Role
from .needs import READING, check_able, check_allowed, check_traffic
from .owners import Claim
from .reloading import Reloading
from .reporting import Reporting
from .sound import Files

if TYPE_CHECKING:
    from .engine import Engine

_TEST_RING_S = 2.0
_MailCommand = (
    c.ListConversations
    | c.ListMessages
    | c.MarkRead
    | c.ClearConversation
    | c.ForwardMessage
    | c.RetryMessage
)
_DeskCommand = (
    c.SelectDevices
    | c.UseDesk
    | c.Meter
    | c.TestRing
    | c.TestEcho
    | c.TakeOver
    | c.WaitForCall
    | c.StayUp
    | c.Shutdown
)


class Commands:
    """Does what clients ask, on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._data = Data(engine)
        self._destinations = Destinations(engine)
        self._reloading = Reloading(engine)
        self._reporting = Reporting(engine)
        self.conferences = Conferences(engine)
        self._dispositions = Dispositions(engine)

    async def run(self, client_id: str, command: c.Command) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        self._check_control(client_id, command)
        if isinstance(command, c.Dial):
            return await self._dial(client_id, command)
        if isinstance(command, c.SendMessage | _MailCommand):
            return await self._engine.mail.run(command)
        if isinstance(command, c.AccountCommand):
            return await self._account(client_id, command)
        if isinstance(command, c.ShowQuality):
            return await self._reporting.quality(command)
        if isinstance(command, c.ReloadConfig):
            return await self._reloading.run()
        if isinstance(command, c.ConferenceCommand):
            await self.conferences.run(command)
            return None
        if isinstance(command, c.OperatorCommand):
            await self._engine.operator.run(command)
            return None
        if isinstance(command, c.DispositionCommand):
            return await self._dispositions.run(command)
        if isinstance(command, c.ReminderCommand):
            return await self._engine.reminders.run(command)
        if isinstance(command, c.RecordingCommand):
            return await self._engine.recorder.run(command)
        if isinstance(command, DataCommand):
            return await self._data.run(command)
        if isinstance(command, _DeskCommand):
            self._desk(client_id, command)
            return None
        return await self._call(client_id, command)

    def _check_control(self, client_id: str, command: c.Command) -> None:
        if not client_id or isinstance(command, READING):
            return
        if not self._engine.hub.may_act(client_id):
            raise Refused(
                "This console only watches; T takes control from the other one.",
                code="READ_ONLY",
            )

    # ---- calls ---------------------------------------------------------------------------------

    async def _call(self, client_id: str, command: c.CallCommand) -> c.Value | None:
        if isinstance(command, c.ShowReport):
            return await self._reporting.report(command)
        call = self._live(command.call)
        adapter = self._engine.adapters[call.account]
        check_able(adapter, command)
        match command:
            case c.Answer():
                await self._answer(call, command)
            case c.Mute(_, on):
                await self._mute(call, (not call.muted) if on is None else on)
            case c.Hold():
                await self._hold(call, adapter, command)
            case c.Resume():
                self._engine.acts.forget(call.id)
                await self._resume(call)
            case c.HangUp():
                await self._engine.acts.hang_up(client_id, call, command)
            case c.SendTones(_, digits):
                await adapter.submit(command)
                self._engine.change_call(call.id, tones=(call.tones + digits)[-32:])
            case c.SetParameters(_, parameters):
                await adapter.submit(command)
                self._engine.change_call(call.id, parameters=parameters)
            case c.Record(_, on):
                self._engine.recorder.record(call, (not call.recording) if on is None else on)
            case c.PlayFile(_, path):
                self._engine.sound_desk.play_file(call.id, path)
            case c.TransferTo(_, other) | c.Join(_, other):
                self._live(other)
                self._engine.acts.forget(call.id)
                self._engine.acts.forget(other)
                return await self._hand_over(call, adapter, command)
            case c.Forward(_, to):
                address = await self._address(to, call)
                return await self._hand_over(call, adapter, replace(command, to=address))
            case c.Transfer(_, to):
                address = await self._address(to, call)
                await self._engine.acts.transfer(
                    client_id, self._live(call.id), replace(command, to=address)
                )
            case (
                c.Decline()
                | c.Ignore()
                | c.SendRinging()
                | c.RestartMedia()
                | c.Resync()
                | c.ShowStatistics()
            ):
                return await adapter.submit(command)
            case _:
                assert_never(command)
        return None

    async def _address(self, to: str, call: Call) -> str:
        """Return where a call may be sent; Refused with the reason where not."""
        typed = dial_string(to)
        if typed.tones:
            raise Refused("Nobody is there to send tones after a call was sent on.")
        address, _ = await self._destinations.find(typed.to, call.account)
        refuse_emergency(address, self._engine.config.calls.emergency == "allow")
        return address

    async def _hand_over(
        self,
        call: Call,
        adapter: Adapter,
        command: c.Forward | c.TransferTo | c.Join,
    ) -> c.Value | None:
        """Do it, and keep a refusal in the event log: it may come long after the key."""
        try:
            return await adapter.submit(command)
        except SoftphoneError as problem:
            text = f"{call.remote.label}: {problem.message}"
            self._engine.note(call.account, Level.WARNING, text, call.id)
            raise

    async def _answer(self, call: Call, command: c.Answer) -> None:
        adapter = self._engine.adapters[call.account]
        check_allowed(adapter, Capability.ANSWER)
        check_traffic(adapter, command)
        if command.play or command.record:
            self._engine.owners.set_files(call.id, Files(command.play, command.record))
        others = [o for o in self._engine.book.live() if o.id != call.id]
        if not self._engine.owners.files(call.id).any:
            for step in make_room(others, end=command.end_others):
                await self.run("", step)
        await adapter.submit(command)
        if command.parameters:
            self._engine.change_call(call.id, parameters=command.parameters)

    async def _mute(self, call: Call, wanted: bool) -> None:
        """Close or open the microphone, in a conference for all of it."""
        for one in self.conferences.of(call):
            adapter = self._engine.adapters[one.account]
            if adapter.capabilities().allows(Capability.MUTE) and one.muted != wanted:
                await adapter.submit(c.Mute(one.id, wanted))
            self._engine.change_call(one.id, muted=wanted)

    async def _hold(self, call: Call, adapter: Adapter, command: c.Hold) -> None:
        if call.state not in (CallState.ACTIVE, CallState.HELD):
            raise Refused("Only a call that is up can be held.")
        if adapter.capabilities().allows(Capability.HOLD):
            await adapter.submit(command)
        else:
            self._engine.call_facts.hold_locally(call.id, True)

    async def _resume(self, call: Call) -> None:
        """Take a call back; a conference that is on hold as a whole comes back as a whole."""
        if not call.held_by_us:
            raise Refused("This call is not on hold here.")
        await self.conferences.come_back(call)
        together = self.conferences.of(call)
        whole = all(one.held_by_us for one in together)
        for one in together if whole else [call]:
            await self.conferences.resume(one)

    async def _dial(self, client_id: str, command: c.Dial) -> c.Value | None:
        engine = self._engine
        typed = dial_string(command.to)
        to, name = await self._destinations.find(typed.to, command.account)
        adapter = self._destinations.dialler(command.account, to)
        refuse_emergency(to, engine.config.calls.emergency == "allow")
        check_traffic(adapter, command)
        if typed.tones:
            check_allowed(adapter, Capability.TONES)
        if not command.confirmed and must_confirm(to, engine.config.calls.confirm_prefixes):
            raise Refused(f"{to} may be expensive; dial it again to confirm.", code="CONFIRM")
        files = Files(command.play, command.record, command.both)
        if not files.any:
            for step in make_room(engine.book.live(), end=False):
                self._refuse_single_line(adapter, step)
                await self.run("", step)
        client = engine.hub.clients.get(client_id)
        if client is None:
            raise Refused("Nobody waits for this call any more.")
        owner = client_id if client.role is Role.COMMAND else ""
        with engine.owners.dialling(adapter.name, Claim(owner, files, name, typed.tones)):
            sender = command.from_number or engine.hub.state.accounts[adapter.name].caller_id
            placed = replace(command, to=to, account=adapter.name, from_number=sender)
            return await adapter.submit(placed)

    def _refuse_single_line(self, adapter: Adapter, step: c.CallCommand) -> None:
        """One live call an account: where the platform allows no second, hold nothing for it."""
        busy = self._engine.book.calls[step.call]
        if busy.account == adapter.name and not adapter.capabilities().allows(Capability.HOLD):
            raise Refused("This account takes one call at a time; end that one first.", code="BUSY")

    # ---- accounts ------------------------------------------------------------------------------

    async def _account(self, client_id: str, command: c.AccountCommand) -> c.Value | None:
        adapter = self._adapter(command.account)
        check_able(adapter, command)
        attendance = self._engine.attendance
        match command:
            case c.GoOnline():
                if client_id:
                    self._engine.operator.chose(True)
                attendance.wants_calls(adapter.name, True)
                value = await adapter.submit(command)
                can = adapter.capabilities().allows(Capability.AVAILABILITY)
                if attendance.offering and can:
                    await adapter.submit(c.SetAvailable(adapter.name, True))
                return value
            case c.SetAvailable(_, available) if client_id:
                check_allowed(adapter, Capability.AVAILABILITY)
                self._engine.operator.chose(available)
                attendance.wants_calls(adapter.name, available)
                self._engine.operator.changed()
            case c.WatchPresence(_, user, watch):
                await adapter.submit(command)
                await self._engine.store.set_watched(adapter.name, user, watch)
                return None
            case _:
                pass
        return await adapter.submit(command)

    # ---- the desk ------------------------------------------------------------------------------

    def _desk(self, client_id: str, command: _DeskCommand) -> None:
        engine = self._engine
        match command:
            case c.SelectDevices(given_input, given_output, ringer, echo, noise, gain):
                engine.sound.select(given_input, given_output, ringer)
                engine.sound.process(echo, noise, gain)
                if given_input is not None or given_output is not None:
                    engine.sound_desk.devices_changed()
                engine.sound_desk.publish("", hint="")
            case c.UseDesk(place, token):
                engine.sound.use_desk(client_id, place, Secret(token))
                engine.sound_desk.publish("", hint="")
            case c.Meter(on, loopback):
                engine.sound.meter(on, loopback)
            case c.TestEcho():
                engine.sound.test_echo()
            case c.TestRing():
                engine.sound.test_ring(True)
                engine.later(_TEST_RING_S, lambda: engine.sound.test_ring(False))
            case c.TakeOver():
                engine.hub.take_over(client_id)
            case c.WaitForCall():
                engine.wait_for_call(client_id, command)
            case c.StayUp(on):
                engine.attendance.stay_up = on
                engine.attendance.check()
            case c.Shutdown():
                engine.stop("asked to stop")

    # ---- checks --------------------------------------------------------------------------------

    def _live(self, call_id: CallId) -> Call:
        call = self._engine.book.calls.get(call_id)
        if call is None or not call.live:
            raise Refused("That call is over.", code="NO_CALL")
        return call

    def _adapter(self, account: AccountName) -> Adapter:
        adapter = self._engine.adapters.get(account)
        if adapter is None:
            names = ", ".join(self._engine.adapters) or "none"
            raise Refused(f"There is no account {clean(account, 32)!r}; configured: {names}.")
        return adapter
