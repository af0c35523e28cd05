"""What the console does with contacts and numbers: quick dial, call back, block, merge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import Direction
from softphone.model.contact import Contact, merged
from softphone.model.keypad import to_digits
from softphone.model.record import CallRecord, HistoryFilter
from softphone.model.screening import blocking

from .acting_import import ImportActing
from .panes.pane import ToDialer
from .screens.dialogs import Answer, AskLine, Question
from .screens.pick import Pick
from .working import start

if TYPE_CHECKING:
    from .app import SoftphoneApp

QUICK_KEYS = range(1, 10)
_LOOKED_AT = 100
_GROUPS_SHOWN = 100


class BookActing:
    """One method an action; each asks the engine for what it needs, then acts or sends."""

    def __init__(
        self,
        app: SoftphoneApp,
        send: Callable[[Sequence[c.Command]], None],
        dial: Callable[[c.Dial], None],
    ) -> None:
        self._app = app
        self._send = send
        self._dial = dial
        self.actions: Mapping[str, Callable[[], object]] = {
            **{
                f"quick.dial_{n}": partial(self._start, partial(self._quick, n)) for n in QUICK_KEYS
            },
            "call.redial": lambda: self._start(self._redial),
            "call.back": lambda: self._start(self._call_back),
            "dialer.letters": self._letters,
            "blocked.open": lambda: self._start(self._blocked),
            "contacts.import": ImportActing(app).ask,
            "contacts.merge": lambda: self._start(self._duplicates),
        }

    def block(self, address: str) -> None:
        """Block a number after asking, or let a blocked one ring again."""
        if address:
            self._start(partial(self._block, address))
        else:
            self._app.say("The number was withheld; there is nothing to block.", "warning")

    # ---- to the dialer -------------------------------------------------------------------------

    async def _quick(self, digit: int) -> None:
        reply = await self._app.view.request(c.FindQuick(digit))
        found = reply.value.contacts if isinstance(reply.value, c.ContactPage) else ()
        if not found or not found[0].main_address:
            text = f"No contact has the quick-dial key {digit}; set it in the contact's editor."
            self._app.say(reply.text or text, "warning")
            return
        self._app.say(f"Quick dial {digit}: {found[0].name}")
        self._dial(c.Dial(found[0].main_address))

    async def _redial(self) -> None:
        def placed(record: CallRecord) -> bool:
            return record.call.direction is Direction.OUTBOUND

        await self._put(placed, HistoryFilter(limit=_LOOKED_AT), "No number has been dialled yet.")

    async def _call_back(self) -> None:
        wanted = HistoryFilter(missed=True, limit=_LOOKED_AT)
        await self._put(lambda record: True, wanted, "No missed call has a number.")

    async def _put(
        self, fits: Callable[[CallRecord], bool], wanted: HistoryFilter, none: str
    ) -> None:
        """Put the number of the newest call that fits into the dialer; Enter dials it."""
        reply = await self._app.view.request(c.ListHistory(wanted))
        records = reply.value.records if isinstance(reply.value, c.HistoryPage) else ()
        found = (r.call.remote.address for r in records if fits(r) and r.call.remote.address)
        address = next(found, "")
        if address:
            self._app.post_message(ToDialer(address))
        else:
            self._app.say(reply.text or none, "warning")

    def _letters(self) -> None:
        """Write the letters in the dial field as digits: 1-800-FLOWERS."""
        dialer = self._app.main.dialer
        digits = to_digits(dialer.field.value)
        if digits == dialer.field.value:
            self._app.say("There are no letters in the dial field.", "warning")
        elif self._app.screen is self._app.main:
            dialer.put(digits)

    # ---- blocked numbers -----------------------------------------------------------------------

    async def _block(self, address: str) -> None:
        reply = await self._app.view.request(c.ListBlocked())
        rules = reply.value.rules if isinstance(reply.value, c.BlockedFound) else ()
        number = self._app.view.number(address)
        if rule := blocking(rules, address):
            self._ask_allow(address, f"{number} is blocked{_because(rule.reason)}.")
            return

        def reasoned(reason: str | None) -> None:
            if reason is not None:
                self._send([c.BlockNumber(address, "" if reason == "-" else reason)])
                self._app.say(f"{number} is blocked: its calls are declined.")

        text = f"Decline calls from {number} from now on? Say why, or a dash for no reason."
        self._app.push_screen(AskLine(self._app.view, "BLOCK NUMBER", text), reasoned)

    def _ask_allow(self, address: str, text: str) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self._send([c.AllowNumber(address)])

        answers = (Answer("y", "Let it ring again", "yes"), Answer("n", "Leave it", "no"))
        self._app.push_screen(Question(self._app.view, "BLOCKED", text, answers), done)

    async def _blocked(self) -> None:
        """Show who is blocked; Enter lets one ring again, after asking."""
        reply = await self._app.view.request(c.ListBlocked())
        rules = reply.value.rules if isinstance(reply.value, c.BlockedFound) else ()
        if not rules:
            self._app.say(reply.text or "Nobody is blocked. b in the history blocks a number.")
            return
        choices = [
            (r.address, self._app.view.number(r.address), r.reason if r.blocked else "may ring")
            for r in rules
        ]

        def chosen(address: str | None) -> None:
            rule = next((r for r in rules if r.address == address), None)
            if rule is not None and rule.blocked:
                self._ask_allow(rule.address, f"{rule.address} is blocked{_because(rule.reason)}.")

        self._app.push_screen(Pick(self._app.view, "BLOCKED NUMBERS", choices), chosen)

    # ---- contacts that are there twice ---------------------------------------------------------

    async def _duplicates(self) -> None:
        reply = await self._app.view.request(c.FindDuplicates(_GROUPS_SHOWN))
        groups = reply.value.groups if isinstance(reply.value, c.DuplicatesFound) else ()
        if not groups:
            self._app.say(reply.text or "No contact is there twice.")
            return
        choices = [
            (group[0].id, group[0].name, f"{len(group)} contacts, {group[0].main_address}")
            for group in groups
        ]

        def chosen(ident: str | None) -> None:
            group = next((group for group in groups if group[0].id == ident), None)
            if group:
                self._ask_merge(group)

        self._app.push_screen(Pick(self._app.view, "THERE TWICE", choices), chosen)

    def _ask_merge(self, group: tuple[Contact, ...]) -> None:
        whole = merged(group)
        names = ", ".join(dict.fromkeys(contact.name for contact in group))
        numbers = ", ".join(self._app.view.number(entry.address) for entry in whole.addresses)
        text = f"Make one contact of {names}: {whole.name}, {numbers}? This cannot be undone."

        def done(answer: str | None) -> None:
            if answer == "yes":
                self._send([c.MergeContacts(tuple(contact.id for contact in group))])

        answers = (Answer("y", "Merge", "yes"), Answer("n", "Leave them", "no"))
        self._app.push_screen(Question(self._app.view, "MERGE", text, answers), done)

    def _start(self, work: Callable[[], object]) -> None:
        start(self._app, work, group="book")  # type: ignore[arg-type]  # each is a coroutine function


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
