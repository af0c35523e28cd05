"""Measure history and contacts at size: searches at every key, and how soon the lists stand.

.venv/bin/python -m tests.bench.desk_bench [--calls 100000] [--contacts 10000] [--json]

Beside the limits stand references of the same run: a bare SQL count over the same rows, and the
round trip of the cheapest question to the engine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from softphone.engine.connect import SocketLink, attach
from softphone.engine.link import Role
from softphone.model import command as c
from softphone.model.call import AccountName, Call, CallId, CallState, Direction, EndReason, Party
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.record import HistoryFilter
from softphone.store import contacts, history
from softphone.store.database import Database
from tests.bench.console_bench import Figure, cpu_s, latency_ms, own_home, percentile
from tests.bench.observer_bench import shown
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Terminal

_TYPED = ("rossi", "zzqx", "06 5555", "+39065555", "0039 06", "mario", "contract rena", "7")
_FIRST = ("Anna", "Bruno", "Carla", "Dario", "Elena", "Franco", "Gina", "Mario", "Nadia", "Zoë")
_SYLLABLES = ("ba", "co", "di", "fe", "gu", "la", "mo", "na", "re", "ro", "ssi", "ta", "ve", "zu")
_NOTED_EVERY = 20
_CALL_EVERY_S = 240.0
_NEWEST = "Newest Caller"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when something misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = measure(options.calls, options.contacts)
    for figure in figures:
        limit = figure.limit if math.isfinite(figure.limit) else None
        data = json.dumps(asdict(figure) | {"limit": limit})
        print(data if options.json else shown(figure))
    return 0 if all(figure.fits for figure in figures) else 1


def measure(
    calls: int, people: int, typed: Sequence[str] = _TYPED, rounds: int = 5
) -> list[Figure]:
    """Return the figures of an engine and a console over so many rows."""
    with own_home() as home:
        path = _database_of(home)
        began = time.monotonic()
        fill(path, calls, people)
        found = [Figure("rows written", (calls + people) / (time.monotonic() - began), "/s",
                        math.inf)]  # fmt: skip
        found += _bare(path)
        home.run("online")
        home.lab().scenario("quiet")
        found += asyncio.run(_asked(next((home.folder / "run").glob("*.sock")), typed))
        return found + _in_console(home, typed, rounds)


def fill(path: Path, calls: int, people: int) -> None:
    """Write calls and contacts as the engine writes them."""
    made = random.Random(7)
    database = Database(path)
    with database.transaction() as db:
        for number in range(calls):
            call = _a_call(made, number, newest=number == calls - 1)
            history.save_call(db, call)
            if number % _NOTED_EVERY == 0:
                history.save_note(db, call.id, f"asked for the contract of {_surname(made)}")
        for number in range(people):
            contacts.save(db, _a_contact(made, number))
    database.close()


def _a_call(made: random.Random, number: int, *, newest: bool) -> Call:
    inbound = number % 3 > 0
    at = time.time() - 3600 - (0 if newest else made.random() * 100_000 * _CALL_EVERY_S)
    name = _NEWEST if newest else f"{made.choice(_FIRST)} {_surname(made)}"
    call = Call(
        CallId(f"{made.getrandbits(64):016x}"),
        AccountName(made.choice(("audin", "ribbon"))),
        Direction.INBOUND if inbound else Direction.OUTBOUND,
        CallState.RINGING if inbound else CallState.DIALING,
        remote=Party(f"+39{made.randrange(10**10):010}", name),
        created_at=3e9 if newest else at,
    )
    reason = made.choice((EndReason.HANGUP, EndReason.REMOTE_HANGUP, EndReason.NO_ANSWER))
    return call.ended(reason, at + 60, 60.0)


def _a_contact(made: random.Random, number: int) -> Contact:
    name = f"{made.choice(_FIRST)} {_surname(made)}"
    address = ContactAddress(f"+39{made.randrange(10**10):010}")
    return Contact(ContactId(f"k{number}"), name, (address,), f"{_surname(made)} & Co.")


def _surname(made: random.Random) -> str:
    return "".join(made.choices(_SYLLABLES, k=made.randint(2, 4))).capitalize()


def _database_of(home: Home) -> Path:
    """Return the path of the engine's database; no engine has it open then."""
    home.run("history")
    os.kill(pid := home.engine_pid(), signal.SIGTERM)
    wait_for(lambda: home.engine_pid() != pid)
    return next((home.folder / "state").rglob("softphone.db"))


# ---- the store, the socket -----------------------------------------------------------------------


def _bare(path: Path) -> list[Figure]:
    """Return what SQLite itself needs to look at every row, as a reference."""
    database = Database(path)

    def count(query: str) -> float:
        began = time.perf_counter()
        database.connection.execute(query).fetchone()
        return (time.perf_counter() - began) * 1000

    rows = [count("SELECT count(*) FROM calls WHERE call_json LIKE '%zzqx%'") for _ in range(5)]
    index = [count("SELECT count(*) FROM calls WHERE search LIKE '%zzqx%'") for _ in range(5)]
    database.close()
    return [
        Figure("reference: count over whole rows", percentile(rows, 0.5), "ms", math.inf),
        Figure("reference: count over the index", percentile(index, 0.5), "ms", math.inf),
    ]


def _keys(typed: Sequence[str]) -> Iterator[str]:
    """Yield what stands in the field after each key."""
    for text in typed:
        yield from (text[: end + 1] for end in range(len(text)))


async def _asked(socket: Path, typed: Sequence[str]) -> list[Figure]:
    link = await attach(socket, Role.CONSOLE, "bench")
    try:
        return await _asked_over(link, typed)
    finally:
        await link.close()


async def _asked_over(link: SocketLink, typed: Sequence[str]) -> list[Figure]:
    async def timed(ask: Callable[[], Awaitable[c.Reply]]) -> float:
        began = time.perf_counter()
        reply = await ask()
        assert reply.ok, reply.text
        return (time.perf_counter() - began) * 1000

    nothing = [await timed(lambda: link.request(c.ShowRecord(CallId("none")))) for _ in range(30)]
    calls, people = [], []
    for text in _keys(typed):
        wanted = c.ListHistory(HistoryFilter(text=text))
        calls.append(await timed(lambda wanted=wanted: link.request(wanted)))  # type: ignore[misc]  # bound now
        asked = c.SearchContacts(text)
        people.append(await timed(lambda asked=asked: link.request(asked)))  # type: ignore[misc]  # bound now
    opened = [await timed(lambda: link.request(c.ListHistory())) for _ in range(10)]
    listed = [await timed(lambda: link.request(c.SearchContacts())) for _ in range(10)]
    return [
        Figure("reference: an empty question", percentile(nothing, 0.95), "ms", math.inf),
        Figure("history, first page, worst", max(opened), "ms", 300),
        Figure("contacts, first page, worst", max(listed), "ms", 300),
        Figure("search in calls, a key, median", percentile(calls, 0.5), "ms", 50),
        Figure("search in calls, a key, p95", percentile(calls, 0.95), "ms", 50),
        Figure("search in contacts, a key, median", percentile(people, 0.5), "ms", 50),
        Figure("search in contacts, a key, p95", percentile(people, 0.95), "ms", 50),
    ]


# ---- the console ---------------------------------------------------------------------------------


def _in_console(home: Home, texts: Sequence[str], rounds: int) -> list[Figure]:
    """Open the history by key and type into both filters; the time is until all is drawn."""
    with contextlib.closing(Terminal(home.command(), home.env, 140, 45)) as screen:
        screen.wait_for("Available · 2 numbers")
        screen.pump(2.0)
        opened = [_opened(screen) for _ in range(rounds)]
        screen.press("CTRL+T", "TAB", "H")
        screen.wait_for("HISTORY ──")
        typed, cpu = _typed(screen, texts)
        screen.press("ESC", "ESC", "CTRL+T", "TAB", "C")
        named, _ = _typed(screen, texts)
        screen.press("ESC", "CTRL+P")
        first = [latency_ms(screen, key) for text in texts for key in [*text, *"\x7f" * len(text)]]
    return [
        Figure("H to history drawn, worst", max(opened), "ms", 300),
        Figure("key in history's filter to drawn, median", percentile(typed, 0.5), "ms", 50),
        Figure("key in history's filter to drawn, p95", percentile(typed, 0.95), "ms", 50),
        Figure("CPU of the console for it, a key", cpu, "ms", math.inf),
        Figure("key in contacts' filter to drawn, median", percentile(named, 0.5), "ms", 50),
        Figure("key in contacts' filter to drawn, p95", percentile(named, 0.95), "ms", 50),
        Figure("key in the palette to first byte, median", percentile(first, 0.5), "ms", 50),
        Figure("key in the palette to first byte, p95", percentile(first, 0.95), "ms", 50),
    ]


def _opened(screen: Terminal) -> float:
    screen.press("CTRL+T", "TAB")
    screen.settle()
    began = time.monotonic()
    screen.press_blindly("H")
    end = began + 20.0
    while "HISTORY ──" not in screen.text() or _NEWEST not in screen.text():
        assert time.monotonic() < end, f"the history never came:\n{screen.text()}"
        screen.pump_once(0.5)
    took = (time.monotonic() - began) * 1000
    screen.press("ESC")
    screen.settle(0.3)
    return took


def _typed(screen: Terminal, texts: Sequence[str]) -> tuple[list[float], float]:
    """Type and delete all texts in a filter; return each key's time and the CPU of one (ms)."""
    screen.press("/")
    screen.settle()
    cpu = cpu_s(screen.pid)
    keys = [key for text in texts for key in [*text, *"\x7f" * len(text)]]
    waits = [_drawn(screen, key) for key in keys]
    return waits, (cpu_s(screen.pid) - cpu) / len(keys) * 1000


def _drawn(screen: Terminal, key: str, quiet_s: float = 0.15) -> float:
    """Return the time from a key to the last thing it draws."""
    began = time.monotonic()
    screen.press_blindly(key)
    return (screen.pump_until_quiet(quiet_s) - began) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
