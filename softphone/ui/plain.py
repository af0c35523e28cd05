"""The line mode: a prompt and log lines, for screen readers, dumb terminals and scripts.

The same engine, the same registry, no textual.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterable, Sequence

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.error import Refused
from softphone.model.event import Event
from softphone.model.record import HistoryFilter

from . import words
from .actions import commands_of, find
from .clock import Clock, SystemClock
from .session import EVERYTHING, Connect, Session, Topic
from .situation import Situation
from .telling import Teller, call_line

Say = Callable[[str], None]

# word -> (action of the registry, the value its argument is, what help says)
_ACTIONS = {
    "dial": ("call.dial", "to", "dial NUMBER or NAME"),
    "answer": ("call.answer", "", "answer the ringing call"),
    "decline": ("call.decline", "", "decline the ringing call"),
    "ignore": ("call.ignore", "", "stop ringing here only"),
    "forward": ("call.forward", "to", "forward NUMBER: send the ringing call there"),
    "hangup": ("call.hang_up", "", "end the call"),
    "mute": ("call.mute", "", "close or open the microphone"),
    "hold": ("call.hold", "", "put the call on hold"),
    "resume": ("call.hold", "", "take the held call back"),
    "swap": ("call.swap", "", "talk to the other call"),
    "transfer": ("call.transfer", "to", "transfer NUMBER: send the far end there"),
    "join": ("call.join", "", "make one conversation of this call and the other one"),
    "conference": ("call.conference", "", "join all answered calls"),
    "leave": ("call.leave_conference", "", "take the call out of its conference"),
    "connect": ("call.hand_over", "", "connect two far ends without you; again: come back"),
    "record": ("call.record", "", "start or stop recording"),
    "pause": ("call.pause_recording", "", "keep nothing of what is said now; again: go on"),
    "replay": ("call.replay", "", "hear the last half minute again, or stop"),
    "keep": ("call.save_replay", "", "keep the last half minute as a recording"),
    "dispose": ("call.dispose", "code", "dispose WORD: write down what came of the call"),
    "remind": ("call.remind", "when", "remind 20m: ring then to call this one, or the last, back"),
    "tones": ("tones.send", "digits", "tones 12#: send digits to the far end"),
    "block": ("number.block", "number", "block NUMBER: decline its calls from now on"),
    "allow": ("number.allow", "number", "allow NUMBER: let it ring again"),
    "retry": ("account.retry", "", "try lost connections again now"),
    "offline": ("account.offline", "", "end calls and disconnect"),
    "takeover": ("console.take_over", "", "make this console the one that may act"),
}
_LISTS = {
    "calls": "show the calls",
    "contacts": "contacts [TEXT]: show contacts",
    "history": "history [TEXT]: show past calls",
    "numbers": "show my numbers and their ids",
    "online": "online [ID ...]: be online on these numbers, or on the usual ones",
    "status": "show the accounts",
    "help": "show this",
    "quit": "leave; the engine applies its rules to a call that is up",
}


async def run_plain(
    connect: Connect,
    *,
    lines: Iterable[str] | None = None,
    say: Say | None = None,
    clock: Clock | None = None,
) -> int:
    """Run the line mode until `quit` or the end of input; return the exit code."""
    prompt = Prompt(connect, say or _print, clock or SystemClock())
    return await prompt.run(sys.stdin if lines is None else lines)


class Prompt:
    """Follow the engine, print what happens, do what is typed."""

    def __init__(self, connect: Connect, say: Say, clock: Clock) -> None:
        self._say = say
        self._clock = clock
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
        if word in _ACTIONS:
            await self._act(word, rest)
        elif word in _LISTS:
            await self._list(word, rest)
        else:
            self._say(f"Unknown: {word}. Type help.")
        return True

    async def _act(self, word: str, rest: str) -> None:
        action_id, takes, usage = _ACTIONS[word]
        action = find(action_id)
        if action is None:
            return
        if takes and not rest:
            self._say(f"Usage: {usage}.")
            return
        now = Situation(self.session.state, self.session.me, connected=self.session.connected)
        try:
            if action_id == "console.take_over":
                await self._send([c.TakeOver()])
            else:
                await self._send(commands_of(action, now, {takes: rest} if takes else {}))
        except Refused as refused:
            self._say(refused.message)

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
                self._tell(self._teller.account_lines(self.session.state, self._clock.mono()))
            case "numbers":
                self._tell(self._teller.number_lines(self.session.state))
            case "contacts":
                await self._contacts(rest)
            case "history":
                await self._history(rest)
            case "online":
                await self._online(rest.split())
            case _:
                self._help()

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
        for word, (_, _, usage) in _ACTIONS.items():
            self._say(f"{word:10} {usage}")
        for word, usage in _LISTS.items():
            self._say(f"{word:10} {usage}")

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


def _read_in_thread(
    lines: Iterable[str], loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[str | None]
) -> None:
    """Read lines without blocking the loop; a pending read must not hold up the end."""

    def read() -> None:
        for line in lines:
            loop.call_soon_threadsafe(queue.put_nowait, line)
        loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="plain-input").start()


def _print(line: str) -> None:
    print(line, flush=True)
