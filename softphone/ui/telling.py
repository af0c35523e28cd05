"""What happens and what there is, as single lines of plain text."""

from __future__ import annotations

from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState
from softphone.model.desk import Desk, DeskState
from softphone.model.message import ScreenPop
from softphone.model.presence import Account, LinkState
from softphone.model.record import CallRecord
from softphone.model.state import ConsoleState

from . import words
from .clock import local_time


class Teller:
    """Turn events into lines; say a state once, however often it is reported."""

    def __init__(self) -> None:
        self._calls: dict[CallId, tuple[CallState, bool]] = {}
        self._lines: dict[str, tuple[LinkState, int]] = {}

    def start(self, state: ConsoleState) -> None:
        """Take what is known now as already told."""
        self._calls = {call.id: (call.state, call.muted) for call in state.calls.values()}
        self._lines = {account.name: _line_state(account) for account in state.accounts.values()}

    def line(self, event: e.Event, mono: float) -> str:
        """Return what to print for an event, or an empty string."""
        match event:
            case e.CallChanged(call):
                return self._call(call, mono)
            case e.CallRemoved(call_id):
                self._calls.pop(call_id, None)
            case e.AccountChanged(account):
                return self._account(account, mono)
            case e.Noted():
                return note_line(event)
            case e.AudioChanged(audio) if audio.problem:
                return f"sound: {audio.problem} {audio.hint}".rstrip()
            case e.ControlChanged(controller, consoles):
                return f"control: {controller or 'nobody'}, {words.plural(consoles, 'console')}"
            case e.EngineStopping(reason):
                return f"engine stops: {reason}"
            case _:
                pass
        return ""

    def account_lines(self, state: ConsoleState, mono: float) -> list[str]:
        """Return one line an account."""
        return [_account_line(account, mono) for account in state.accounts.values()]

    def number_lines(self, state: ConsoleState) -> list[str]:
        """Return one line a number: its id, the number, its name and what became of it."""
        return [
            f"{number.id}  {number.number}  {number.name}  {account.name}  "
            f"{account.availability.of(number.id).value}"
            for account in state.accounts.values()
            for number in account.numbers
        ]

    def record_line(self, record: CallRecord) -> str:
        """Return one line of history."""
        call = record.call
        at = local_time(call.created_at)
        how = "missed" if call.missed else words.direction_word(call)
        return (
            f"{at:%Y-%m-%d %H:%M}  {how}  {call.remote.label}  {call.remote.address}  "
            f"{words.end_words(call)}  {call.account}"
        )

    def _call(self, call: Call, mono: float) -> str:
        told = (call.state, call.muted)
        if self._calls.get(call.id) == told:
            return ""
        self._calls[call.id] = told
        return call_line(call, mono)

    def _account(self, account: Account, mono: float) -> str:
        told = _line_state(account)
        if self._lines.get(account.name) == told:
            return ""
        self._lines[account.name] = told
        return _account_line(account, mono)


def call_line(call: Call, mono: float) -> str:
    """Return one line for a call: state, who, number, direction, account."""
    name = call.remote.label
    number = call.remote.address if call.remote.address != name else ""
    muted = "muted" if call.muted else ""
    parts = (words.state_word(call, mono), name, number, words.direction_word(call), call.account)
    return "  ".join(part for part in (*parts, muted) if part)


def note_line(note: e.Noted) -> str:
    """Return one line of the event log."""
    return f"{local_time(note.at):%H:%M:%S} {note.source}: {note.text}"


def pop_line(pop: ScreenPop) -> str:
    """Return one line for customer data: when, who, and the fields that came with it."""
    who = (pop.customer, pop.number, pop.campaign)
    fields = [f"{name}: {value}" for name, value in pop.fields]
    parts = (f"{local_time(pop.at):%H:%M:%S}", pop.account, *who, *fields)
    return "  ".join(part for part in parts if part)


def desk_line(desk: Desk, mono: float) -> str:
    """Return one line for the operator's own state."""
    away = desk.reason if desk.state is DeskState.NOT_ROUTABLE else ""
    parts = [f"you are {desk.state.words}{f' ({away})' if away else ''}"]
    if desk.until_mono is not None:
        parts.append(f"{max(0.0, desk.until_mono - mono):.0f} s left")
    if desk.undisposed:
        parts.append("a disposition is needed")
    if desk.queued:
        parts.append(f"then {words.next_words(desk)}")
    if desk.quiet:
        parts.append("do not disturb")
    return ", ".join(parts)


def _line_state(account: Account) -> tuple[LinkState, int]:
    return account.link, len(account.availability.accepted)


def _account_line(account: Account, mono: float) -> str:
    _, word, _ = words.link_words(account, mono)
    count = len(account.availability.accepted)
    numbers = f"on {words.plural(count, 'number')}" if count else ""
    return "  ".join(part for part in (account.name, word, numbers, account.cause) if part)
