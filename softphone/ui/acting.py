"""Do what a key asks: check, guard, ask for what is missing, send commands or move the focus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import CallId, CallState
from softphone.model.error import Refused

from .acting_agent import AgentActing
from .acting_book import BookActing
from .acting_custom import CustomActing
from .acting_desk import DeskActing
from .acting_history import HistoryActing
from .acting_platform import PlatformActing
from .actions import Action, Scope, commands_of, find
from .panes.pane import ToDialer
from .phone import to_dial
from .screens.accounts import AccountsScreen
from .screens.base import ConsoleScreen
from .screens.contact import ContactScreen
from .screens.course import CourseScreen
from .screens.devices import DevicesScreen
from .screens.dialogs import Answer, AskLine, Question
from .screens.directory import DirectoryScreen
from .screens.help import HelpScreen
from .screens.history import HistoryScreen
from .screens.jobs import JobsScreen
from .screens.messages import MessagesScreen
from .screens.monitor import MonitorScreen
from .screens.monitor_summary import SummaryScreen
from .screens.online_users import OnlineUsersScreen
from .screens.palette import Chosen, PaletteScreen
from .screens.platform_events import PlatformEventsScreen
from .screens.pops import PopsScreen
from .screens.report import ReportScreen
from .screens.rows import RowsScreen
from .screens.services import ServicesScreen
from .screens.shift import ShiftScreen
from .screens.transfer import TransferScreen
from .screens.voicemail import VoicemailScreen
from .situation import Situation
from .widgets.listkeys import ListKeys
from .working import start

if TYPE_CHECKING:
    from softphone.model.contact import Contact

    from .app import SoftphoneApp

_ASKS = {
    "number.block": "Decline calls from which number? +39899* is all that begin so.",
    "number.allow": "Which number may ring again?",
    "call.forward": "Forward the ringing call to which number or address?",
    "call.dial": "Call which number, address or name?",
    "tones.send": "Send which digits? A comma waits two seconds.",
    "call.remind": "Call back when? 20m, 2h, 15:30, tomorrow 9:00.",
    "call.play": "Play which WAV file to the far end?",
}


class Acting:
    """The console's hands: one method a thing it does by itself, the rest goes to the engine."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self._book = BookActing(app, self.send, self.dial)
        self._desk = DeskActing(app, self.send)
        self._local: Mapping[str, Callable[[], object]] = {
            "tones.toggle": self._toggle_tones,
            "bar.focus": lambda: app.frame.open_bar(),
            "palette.open": self._open_palette,
            "help.open": lambda: self.open(HelpScreen(app.view)),
            "history.open": lambda: self.open(HistoryScreen(app.view)),
            "shift.open": lambda: self.open(ShiftScreen(app.view)),
            "devices.open": lambda: self.open(DevicesScreen(app.view)),
            "messages.open": lambda: self.open(MessagesScreen(app.view)),
            "directory.open": lambda: self.open(DirectoryScreen(app.view)),
            "services.open": lambda: self.open(ServicesScreen(app.view)),
            "platform_events.open": lambda: self.open(PlatformEventsScreen(app.view)),
            "monitor.open": lambda: self.open(MonitorScreen(app.view)),
            "summary.open": lambda: self.open(SummaryScreen(app.view)),
            "accounts.open": lambda: self.open(AccountsScreen(app.view, app.custom)),
            "voicemail.open": lambda: self.open(VoicemailScreen(app.view)),
            "rows.open": lambda: self.open(RowsScreen(app.view)),
            "jobs.open": lambda: self.open(JobsScreen(app.view)),
            "pops.open": lambda: self.open(PopsScreen(app.view)),
            "users.open": lambda: self.open(OnlineUsersScreen(app.view)),
            "report.open": self._open_report,
            "quality.open": self._open_quality,
            "call.transfer": self._transfer,
            "app.quit": self._quit,
            "calls.focus": lambda: self._go_to("calls", "call"),
            "contacts.focus": lambda: self._go_to("contacts"),
            "events.focus": lambda: self._go_to("events"),
            "presence.focus": lambda: self._go_to("presence"),
            "dialer.focus": lambda: self._go_to("dialer"),
            "note.focus": lambda: self._go_to("call"),
            "pane.next": lambda: app.screen.focus_next(),
            "pane.previous": lambda: app.screen.focus_previous(),
            "console.take_over": self._take_over,
            **CustomActing(app).actions,
            **PlatformActing(app, self.send).actions,
            **AgentActing(app, self.send).actions,
            **self._book.actions,
            **self._desk.actions,
            **HistoryActing(app).actions,
        }

    def act(self, action_id: str) -> None:
        """Do an action, or say why it cannot be done."""
        app = self._app
        action = find(action_id)
        if action is None:
            return
        if app.view.desk.too_soon(action_id, app.view.mono()):
            app.bell()
            return
        if reason := action.why_not(app.view.now):
            app.say(reason, "warning")
        elif action.scope is Scope.LIST:
            self._on_list(action_id)
        elif action_id in self._local:
            self._local[action_id]()
        elif action.takes:
            self._ask(action)
        elif action.build:
            self._send(action, {})

    def send(self, commands: Iterable[c.Command]) -> None:
        """Send commands one after the other; say why the first refused one was refused."""
        start(self._app, partial(self._send_all, tuple(commands)), group="send")

    def dial(self, command: c.Dial) -> None:
        """Place a call, asking first when the engine wants it confirmed."""
        start(self._app, partial(self._dial, command), group="send")

    def edit_contact(self, contact: Contact | None) -> None:
        """Open the editor and save what comes out of it."""

        def done(edited: Contact | None) -> None:
            if edited is not None:
                self.send([c.SaveContact(edited)])

        self._app.push_screen(ContactScreen(self._app.view, contact), done)

    def delete_contact(self, contact: Contact) -> None:
        """Delete a contact after asking."""
        self._confirm(
            "DELETE CONTACT",
            f"Delete {contact.name}? This cannot be undone.",
            "Delete",
            lambda: self.send([c.DeleteContact(contact.id)]),
        )

    async def _send_all(self, commands: tuple[c.Command, ...]) -> None:
        for command in commands:
            if isinstance(command, c.Answer):
                self._app.view.desk.expect(command.call)
            reply = await self._app.view.request(command)
            if not reply.ok:
                self._app.say(reply.text or reply.code, "warning")
                return

    async def _dial(self, command: c.Dial) -> None:
        desk = self._app.view.desk
        command = replace(command, parameters=command.parameters or desk.parameters)
        reply = await self._app.view.request(command)
        if isinstance(reply.value, c.CallPlaced):
            self._app.view.desk.expect(reply.value.call)
            self._app.changed_desk()
        if reply.ok:
            desk.parameters = ()
            self._app.main.dialer.clear()
        elif "CONFIRM" in reply.code:
            again = replace(command, confirmed=True)
            self._confirm("DIAL", reply.text, "Dial", lambda: self.dial(again))
        else:
            self._app.say(reply.text or reply.code, "warning")

    def _send(self, action: Action, values: Mapping[str, str]) -> None:
        try:
            commands = commands_of(action, self._app.view.now, values)
        except Refused as refused:
            self._app.say(refused.message, "warning")
            return
        if action.id == "call.hang_up":
            self._desk.hung_up()
        if len(commands) == 1 and isinstance(commands[0], c.Dial):
            self.dial(commands[0])
        else:
            self.send(commands)

    def _ask(self, action: Action) -> None:
        name = action.takes[0]
        before = _meant(action, self._app.view.now)

        def done(text: str | None) -> None:
            if not text:
                return
            if _meant(action, self._app.view.now) != before:
                self._app.say("That call is over; nothing was done.", "warning")
                return
            value = to_dial(text, self._app.view.region) if name == "to" else text
            self._send(action, {name: value})

        self._app.push_screen(AskLine(self._app.view, action.title.upper(), _ASKS[action.id]), done)

    def open_for(self, action_id: str, value: str) -> None:
        """Open a screen for somebody or something."""
        view = self._app.view
        action = find(action_id)
        past = action_id in ("report.open", "quality.open")
        reason = action.why_not(view.now) if action and not past else None
        if reason:
            self._app.say(reason, "warning")
        elif action_id == "list.block":
            self._book.block(value)
        elif action_id == "messages.open":
            self.open(MessagesScreen(view, value), over=True)
        elif action_id == "quality.open":
            self.open(CourseScreen(view, CallId(value)), over=True)
        else:
            self.open(ReportScreen(view, CallId(value)), over=True)

    def _open_report(self) -> None:
        if call := self._app.view.now.call:
            self.open_for("report.open", call.id)

    def _open_quality(self) -> None:
        """Show the call in focus, else the one that ended last."""
        view = self._app.view
        calls = sorted(view.state.calls.values(), key=lambda call: call.created_mono)
        call = view.now.call or (calls[-1] if calls else None)
        if call:
            self.open_for("quality.open", call.id)

    def _transfer(self) -> None:
        call = self._app.view.now.call
        if call is None:
            return

        def done(commands: tuple[c.Command, ...] | None) -> None:
            now = self._app.view.state.calls.get(call.id)
            if not commands:
                return
            if now is None or not now.live:
                self._app.say("That call is over; nothing was done.", "warning")
            elif isinstance(commands[0], c.Dial):
                self.dial(commands[0])
            else:
                self.send(commands)

        self._app.push_screen(TransferScreen(self._app.view, call), done)

    def _confirm(self, title: str, text: str, yes: str, then: Callable[[], object]) -> None:
        answers = (Answer("y", yes, "yes"), Answer("n", "Leave it", "no"))

        def done(answer: str | None) -> None:
            if answer == "yes":
                then()

        self._app.push_screen(Question(self._app.view, title, text, answers), done)

    def _on_list(self, action_id: str) -> None:
        focused = self._app.focused
        if isinstance(focused, ListKeys):
            focused.act(action_id)
        else:
            self._app.say("Go to a list first.", "warning")

    def _toggle_tones(self) -> None:
        desk = self._app.view.desk
        desk.tones = not desk.tones
        if desk.tones and self._app.screen is self._app.main:
            self._go_to("dialer")
        self._app.changed_desk()

    def open(self, screen: ConsoleScreen, *, over: bool = False) -> None:
        """Open a full screen once; the same key closes it. `over`: the present one comes back."""
        app = self._app
        if app.screen.name == screen.name:
            app.pop_screen()
        elif app.screen.is_modal:
            app.bell()
        else:
            if not over:
                app.to_main()
            app.push_screen(screen)

    def _open_palette(self) -> None:
        if self._app.screen.is_modal:
            self._app.bell()
            return

        def done(chosen: Chosen | None) -> None:
            if chosen and chosen.action:
                self.act(chosen.action)
            elif chosen:
                self._app.post_message(ToDialer(chosen.address))

        self._app.push_screen(PaletteScreen(self._app.view), done)

    def _go_to(self, pane_id: str, tab: str = "") -> None:
        if self._app.screen.is_modal:
            self._app.bell()
            return
        self._app.to_main()
        if tab:
            self._app.main.show_tab(tab)
        self._app.main.go_to(pane_id)

    def _take_over(self) -> None:
        self._confirm(
            "TAKE OVER",
            "Another console has control. It will become read-only and is told so.",
            "Take over",
            lambda: self.send([c.TakeOver()]),
        )

    def _quit(self) -> None:
        app = self._app
        if isinstance(app.screen, Question):
            app.bell()
            return
        up = [call for call in app.view.state.calls.values() if call.live]
        talking = [call for call in up if call.state is not CallState.RINGING]
        if not talking or app.view.now.read_only or not app.view.session.connected:
            app.exit(return_code=0)
            return
        what = "A call is" if len(talking) == 1 else f"{len(talking)} calls are"
        answers = (
            Answer("h", "Hang up and quit", "hang_up"),
            Answer("k", "Keep the call running and quit", "keep"),
            Answer("s", "Stay", "stay"),
        )
        text = f"{what} up. Kept running, the microphone closes until a console is back."
        app.push_screen(Question(app.view, "QUIT", text, answers), self._quit_as)

    def _quit_as(self, answer: str | None) -> None:
        if answer == "keep":
            self._app.exit(return_code=0)
        elif answer == "hang_up":
            start(self._app, self._hang_up_and_quit, group="quit")

    async def _hang_up_and_quit(self) -> None:
        for call in self._app.view.state.live_calls():
            reply = await self._app.view.request(c.HangUp(call.id, now=True))
            if not reply.ok and self._app.view.session.connected:
                self._app.say(reply.text or reply.code, "warning")
                return
        self._app.exit(return_code=0)


def _meant(action: Action, now: Situation) -> CallId | None:
    """Return which call the operator has before him: it may be gone when he has typed."""
    if action.scope is not Scope.CALL:
        return None
    call = now.offer if action.id == "call.forward" else now.call
    return call.id if call else None
