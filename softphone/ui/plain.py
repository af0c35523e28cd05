"""The line mode: a prompt and log lines, for screen readers, dumb terminals and scripts.

The same engine, the same registry, no textual.
"""

from __future__ import annotations

import asyncio
import io
import logging
import shlex
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from softphone.config import nearest
from softphone.model import command as c
from softphone.model.call import AccountName, Call, Direction
from softphone.model.capability import Capability
from softphone.model.error import Refused
from softphone.model.event import Event
from softphone.model.keypad import to_digits
from softphone.model.record import HistoryFilter

from . import words
from .actions import ACTIONS, commands_of, find
from .clock import Clock, SystemClock
from .plain_words import LISTS, WORDS, line_for, shown
from .session import EVERYTHING, Connect, Session, Topic
from .situation import Situation, accounts_that
from .telling import Teller, call_line, desk_line, note_line, pop_line

logger = logging.getLogger(__name__)
Say = Callable[[str], None]
Shell = Callable[[Sequence[str], Say], Awaitable[None]]
"""Runs a command of the command line, and says what it prints."""

_LAST_NOTES = 20
_SWITCH = {"on": True, "off": False}
_PROCESSING: Mapping[str, Callable[[bool], c.SelectDevices]] = {
    "echo": lambda on: c.SelectDevices(echo_cancellation=on),
    "noise": lambda on: c.SelectDevices(noise_suppression=on),
    "gain": lambda on: c.SelectDevices(automatic_gain=on),
}


async def run_plain(
    connect: Connect,
    *,
    lines: Iterable[str] | None = None,
    say: Say | None = None,
    clock: Clock | None = None,
    shell: Shell | None = None,
    commands: Collection[str] = (),
) -> int:
    """Run the line mode until `quit` or the end of input; return the exit code.

    `commands` are the words that `shell` knows.
    """
    prompt = Prompt(connect, say or _print, clock or SystemClock(), shell, commands)
    return await prompt.run(_typed() if lines is None else lines)


class Prompt:
    """Follow the engine, print what happens, do what is typed."""

    def __init__(
        self,
        connect: Connect,
        say: Say,
        clock: Clock,
        shell: Shell | None = None,
        commands: Collection[str] = (),
    ) -> None:
        self._say = say
        self._clock = clock
        self._shell = shell
        self._commands = frozenset(commands)
        self._teller = Teller()
        self.session = Session(connect, self._changed, self._heard)
        self._ready = asyncio.Event()

    async def run(self, lines: Iterable[str]) -> int:
        """Read lines until the last one or `quit`."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        following = asyncio.create_task(self.session.run())
        try:
            await self._ready.wait()
            _read_in_thread(lines, loop, queue)
            while (line := await queue.get()) is not None:
                if not await self.do(line):
                    return 0
            await asyncio.sleep(0)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return 0

    async def do(self, line: str) -> bool:
        """Do one line; tell whether to go on."""
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if not word:
            return True
        if word in ("quit", "exit"):
            return False
        try:
            await self._do(word, rest)
        except Refused as refused:
            self._say(refused.message)
        return True

    async def _do(self, word: str, rest: str) -> None:
        """Do a word: our own, an action's, a list's, or a command of the command line."""
        for_shell = self._shell is not None and word in self._commands
        if for_shell and _is_for_shell(word, rest):
            await self._run(word, rest)
        elif word in WORDS:
            found = WORDS[word]
            if found.takes and not rest:
                raise Refused(f"Usage: {found.usage}.")
            await self._act(found.action, {found.takes: rest} if found.takes else {})
        elif word in LISTS:
            await self._list(word, rest)
        elif find(word) is not None:
            await self._list("do", f"{word} {rest}")
        elif for_shell:
            await self._run(word, rest)
        else:
            self._say(f"Unknown: {word}. Type help.")

    async def _run(self, word: str, rest: str) -> None:
        """Run a command of the command line and say what it prints."""
        assert self._shell is not None
        try:
            arguments = shlex.split(rest)
        except ValueError:
            raise Refused("A quotation mark is missing.") from None
        if "--follow" in arguments:
            raise Refused("What follows never ends; use another terminal for it.")
        await self._shell([word, *arguments], self._say)

    async def _act(self, action_id: str, values: Mapping[str, str]) -> None:
        action = find(action_id)
        if action is None:
            known = [one.id for one in ACTIONS if one.build]
            raise Refused(f"There is no action {action_id!r}, {nearest(action_id, known)}")
        if action_id == "console.take_over":
            await self._send([c.TakeOver()])
        elif action.build is None:
            instead = line_for(action)
            raise Refused(f"Type: {instead}." if instead else "That is about the screen only.")
        else:
            await self._send(commands_of(action, self._now(), values))

    def _now(self) -> Situation:
        return Situation(self.session.state, self.session.me, connected=self.session.connected)

    async def _send(self, commands: Sequence[c.Command]) -> None:
        for command in commands:
            reply = await self.session.request(command)
            if not reply.ok:
                self._say(reply.text or reply.code)
                return
        if not commands:
            self._say("Nothing to do.")

    async def _list(self, word: str, rest: str) -> None:
        match word:
            case "calls":
                self._tell_calls()
            case "status":
                self._status()
            case "numbers":
                self._tell(self._teller.number_lines(self.session.state))
            case "contacts":
                await self._contacts(rest)
            case "history":
                await self._history(rest)
            case "online":
                await self._online(rest.split())
            case "events":
                notes = self.session.state.notes[-_LAST_NOTES:]
                self._tell([note_line(note) for note in notes])
            case "pops":
                self._tell([pop_line(pop) for pop in self.session.state.pops], "No screen pop.")
            case "users":
                found = [u for users in self.session.state.online_users.values() for u in users]
                self._tell([f"{user.username or user.user_id}  {user.ref}" for user in found])
            case "letters":
                self._say(to_digits(rest))
            case "actions":
                self._tell([f"{a.id:24} {line_for(a)}" for a in ACTIONS if shown(a)])
            case "do":
                action_id, *pairs = rest.split() or [""]
                await self._act(action_id, dict(_pair(pair) for pair in pairs))
            case "help":
                self._help()
            case _:
                await self._send(await self._commands_for(word, rest))

    async def _commands_for(self, word: str, rest: str) -> list[c.Command]:
        """Return what a word sends that has to look something up first."""
        match word:
            case "quick":
                digit = int(rest) if len(rest) == 1 and rest.isdecimal() else 0
                reply = await self.session.request(c.FindQuick(digit))
                page = reply.value
                people = page.contacts if isinstance(page, c.ContactPage) else ()
                if not people:
                    raise Refused(reply.text or f"No contact has the key {rest[:8] or '?'}.")
                return [c.Dial(people[0].main_address)]
            case "redial":
                return [c.Dial(await self._last(HistoryFilter(limit=50), outbound=True))]
            case "back":
                return [c.Dial(await self._last(HistoryFilter(missed=True, limit=1)))]
            case "note":
                call = self._now().call or await self._last_call()
                return [c.SaveNote(call.id, rest)]
            case "echo":
                return [c.TestEcho()]
            case "sound":
                name, _, switch = rest.partition(" ")
                if name not in _PROCESSING or switch not in _SWITCH:
                    raise Refused(f"Usage: {LISTS['sound']}.")
                return [_PROCESSING[name](_SWITCH[switch])]
            case _:
                return [self._platform(*rest.partition(" ")[::2])]

    def _platform(self, what: str, value: str) -> c.Command:
        """Return what asks the contact centre itself."""
        able = accounts_that(self._now(), Capability.AGENT_COMMANDS)
        if not able:
            raise Refused("No account has an agent of a contact centre to act for.")
        name = able[0].name
        agent = self.session.state.agents.get(name)
        match what:
            case "dial" if value:
                return c.PlaceAgentCall(name, value, agent.campaign_id if agent else "")
            case "hangup":
                return c.HangUpAgentCall(name, agent.native_call if agent else "")
            case "idle" | "pause":
                return c.SetAgentStatus(name, what, value)
            case _:
                raise Refused(f"Usage: {LISTS['platform']}.")

    async def _last(self, wanted: HistoryFilter, *, outbound: bool = False) -> str:
        """Return the number of the newest such call."""
        reply = await self.session.request(c.ListHistory(wanted))
        page = reply.value
        records = page.records if isinstance(page, c.HistoryPage) else ()
        for record in records:
            if record.call.remote.address and (
                not outbound or record.call.direction is Direction.OUTBOUND
            ):
                return record.call.remote.address
        raise Refused("There is no such call with a number.")

    async def _last_call(self) -> Call:
        reply = await self.session.request(c.ListHistory(HistoryFilter(limit=1)))
        page = reply.value
        if not isinstance(page, c.HistoryPage) or not page.records:
            raise Refused("There is no call to write about.")
        return page.records[0].call

    def _status(self) -> None:
        now = self._clock.mono()
        self._say(desk_line(self.session.state.desk, now))
        self._tell(self._teller.account_lines(self.session.state, now))

    def _tell(self, lines: Sequence[str], none: str = "Nothing.") -> None:
        for line in lines or [none]:
            self._say(line)

    def _tell_calls(self) -> None:
        calls = sorted(self.session.state.calls.values(), key=lambda call: call.created_mono)
        self._tell([call_line(call, self._clock.mono()) for call in calls], "No call.")

    async def _contacts(self, text: str) -> None:
        reply = await self.session.request(c.SearchContacts(text))
        page = reply.value
        people = page.contacts if isinstance(page, c.ContactPage) else ()
        self._tell([f"{p.name}  {p.main_address}" for p in people], reply.text or "No contact.")

    async def _history(self, text: str) -> None:
        wanted = HistoryFilter(text=text, limit=20)
        reply = await self.session.request(c.ListHistory(wanted))
        page = reply.value
        records = page.records if isinstance(page, c.HistoryPage) else ()
        told = [self._teller.record_line(record) for record in records]
        self._tell(told, reply.text or "No call.")

    async def _online(self, ids: Sequence[str]) -> None:
        accounts = self.session.state.accounts
        if not ids:
            await self._send([c.GoOnline(name) for name in accounts])
            return
        known = {number.id: a.name for a in accounts.values() for number in a.numbers}
        unknown = [number for number in ids if number not in known]
        if unknown:
            self._say(f"No number {unknown[0]}; numbers lists them.")
            return
        wanted: dict[AccountName, list[str]] = {}
        for number in ids:
            wanted.setdefault(known[number], []).append(number)
        await self._send([c.GoOnline(name, tuple(some)) for name, some in wanted.items()])

    def _help(self) -> None:
        for word, found in WORDS.items():
            self._say(f"{word:10} {found.usage}")
        for word, usage in LISTS.items():
            self._say(f"{word:10} {usage}")
        if self._commands:
            self._say(f"Commands, with their options: {', '.join(sorted(self._commands))}")

    def _changed(self, topics: frozenset[Topic]) -> None:
        if topics == EVERYTHING and self.session.connected:
            self._teller.start(self.session.state)
            count = words.plural(len(self.session.state.accounts), "account")
            self._say(f"softphone: {count}. Type help for the commands.")
            self._ready.set()
        elif self.session.problem and not self.session.connected:
            self._say(f"softphone: {self.session.problem}")

    def _heard(self, event: Event) -> None:
        if line := self._teller.line(event, self._clock.mono()):
            self._say(line)


def _is_for_shell(word: str, rest: str) -> bool:
    """Tell whether a word of ours means the command of that name: it has options, or more words.

    `contacts import` is one, and a word that needs a value has none here.
    """
    first = rest.partition(" ")[0]
    if " --" in f" {rest}" or (word == "contacts" and first in ("import", "export", "merge")):
        return True
    return word in WORDS and not rest and bool(WORDS[word].takes)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Refused(f"{text!r} is not KEY=VALUE.")
    return name, value


def _typed() -> Iterable[str]:
    """Return what is typed; a byte that is no text is shown as such."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin


def _read_in_thread(
    lines: Iterable[str], loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[str | None]
) -> None:
    """Read lines without blocking the loop; a pending read must not hold up the end."""

    def read() -> None:
        with suppress(RuntimeError):  # the loop ended: the operator has left
            try:
                for line in lines:
                    loop.call_soon_threadsafe(queue.put_nowait, line)
            except (OSError, ValueError) as problem:
                logger.warning("the input ends: %s", problem)
            loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="plain-input").start()


def _print(line: str) -> None:
    print(line, flush=True)
