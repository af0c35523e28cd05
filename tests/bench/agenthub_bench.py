"""Measure an agent's desk under load: a call, a console and AgentHub at its busiest.

.venv/bin/python -m tests.bench.agenthub_bench [--seconds 5] [--json]

Each figure stands beside the same one of a quiet call in the same run, so that a busy machine
shows in both. Sound and events come from labs of their own: what one does costs the other nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from softphone.lab.configfile import write_config
from tests.bench.console_bench import cpu_s, memory_mb, own_home, percentile
from tests.e2e.conftest import Home, wait_for
from tests.e2e.labs import Lab, start_lab
from tests.e2e.terminal import Terminal

RATE = 2000
USERS = 5000
CHANGES = 200
_EMPTY = "number or name"
_KEY_EVERY_S = 0.1
_SETTLE_S = 1.0
_TENANT, _AGENT = "acme", "boss"


@dataclass(slots=True)
class Phase:
    """What was measured while something went on."""

    name: str
    gap_ms: float = 0.0
    key_p95_ms: float = 0.0
    lost: int = 0
    engine_cpu: float = 0.0
    console_cpu: float = 0.0
    engine_mb_a_minute: float = 0.0
    console_mb_a_minute: float = 0.0
    keys: list[float] = field(default_factory=list)


_ROWS = (
    ("gap_ms", "largest gap of sound, ms", "60"),
    ("key_p95_ms", "key to paint, p95, ms", "100"),
    ("lost", "events lost", "0"),
    ("engine_cpu", "engine CPU, %", ""),
    ("console_cpu", "console CPU, %", ""),
    ("engine_mb_a_minute", "engine memory, MB a minute", "0"),
    ("console_mb_a_minute", "console memory, MB a minute", "0"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each phase")
    options = parser.parse_args(arguments)
    with own_home() as home:
        phases = measure(home, options.seconds)
    print("\n".join(_json(phases) if options.json else table(phases)))
    return 0


def measure(home: Home, seconds: float, users: int = USERS, rate: int = RATE) -> list[Phase]:
    """Return a quiet call, one beside a flood of events, one beside a long list that changes."""
    sound, hub = start_lab(home, "quiet"), start_lab(home, "quiet")
    _configure(home, sound, hub)
    home.run("online")
    with contextlib.closing(Terminal(home.command(), home.env, 80, 24)) as screen:
        screen.wait_for("Idle")
        desk = _Desk(home, screen, sound)
        phases = [desk.phase("quiet", seconds)]
        with followed(home) as told:
            count = int(rate * seconds)
            burst = {"type": "Burst", "data": {}, "count": count, "rate": rate}
            phases.append(
                desk.phase(f"{rate} events/s", seconds, lambda: _act(hub, "emit", _AGENT, burst))
            )
            phases[-1].lost = count - heard(told, count)
        _act(hub, "crowd", _TENANT, {"count": users})
        screen.pump(_SETTLE_S)
        churn = {"rate": CHANGES, "count": int(CHANGES * seconds)}
        name = f"{users} users, {CHANGES} changes/s"
        phases.append(desk.phase(name, seconds, lambda: _act(hub, "churn", _TENANT, churn)))
    return phases


def table(phases: Sequence[Phase]) -> list[str]:
    """Return the figures as lines, one column a phase."""
    heads = "".join(f"{phase.name:>30}" for phase in phases)
    lines = [f"{'':<28}{heads}{'aim':>8}"]
    for key, title, aim in _ROWS:
        values = "".join(f"{getattr(phase, key):>30.1f}" for phase in phases)
        lines.append(f"{title:<28}{values}{aim:>8}")
    return lines


class _Desk:
    """An operator with a call, at a console whose keys are timed."""

    def __init__(self, home: Home, screen: Terminal, sound: Lab) -> None:
        self._home = home
        self._screen = screen
        self._sound = sound

    def phase(self, name: str, seconds: float, begin: Callable[[], object] = lambda: None) -> Phase:
        """Measure for a while beside a call of its own, from the moment `begin` returns."""
        made = Phase(name)
        calling = self._home.start("call", "echo")
        self._wait(lambda: any(call["answered"] for call in self._live()))
        self._screen.pump(_SETTLE_S)
        begin()
        pids = (self._home.engine_pid(), self._screen.pid)
        used, held = [cpu_s(pid) for pid in pids], [memory_mb(pid) for pid in pids]
        began = time.monotonic()
        while (took := time.monotonic() - began) < seconds:
            made.keys += [
                painted_ms(self._screen, "7", False),
                painted_ms(self._screen, "\x7f", True),
            ]
        made.engine_cpu, made.console_cpu = (
            (cpu_s(pid) - before) / took * 100 for pid, before in zip(pids, used, strict=True)
        )
        made.engine_mb_a_minute, made.console_mb_a_minute = (
            (memory_mb(pid) - before) / took * 60 for pid, before in zip(pids, held, strict=True)
        )
        made.gap_ms = float(self._live()[0]["received"]["gap_max_ms"])
        made.key_p95_ms = percentile(made.keys, 0.95)
        self._home.run("hangup")
        self._wait(lambda: not self._live() and calling.poll() is not None)
        return made

    def _live(self) -> list[dict[str, Any]]:
        return [call for call in self._sound.client.calls() if call["phase"] != "over"]

    def _wait(self, is_so: Callable[[], object]) -> None:
        def looked() -> object:
            self._screen.pump(0.02)
            return is_so()

        wait_for(looked)


def painted_ms(screen: Terminal, key: str, empty: bool) -> float:
    """Return the time until the dialer shows what a key did; `empty`: nothing is left in it."""
    screen.pump(_KEY_EVERY_S)
    began = time.monotonic()
    screen.press_blindly(key)
    while (_EMPTY in screen.text()) != empty and time.monotonic() < began + 5.0:
        screen.pump_once(0.5)
    return (time.monotonic() - began) * 1000


@contextlib.contextmanager
def followed(home: Home) -> Iterator[Path]:
    """Follow the account's raw events into a file."""
    file = home.folder / "events"
    with file.open("wb") as out:
        process = _follow(home, out)
        wait_for(lambda: file.stat().st_size)
        try:
            yield file
        finally:
            process.kill()
            process.wait()


def heard(file: Path, count: int) -> int:
    """Return how many events came, after the last one or when no more come."""
    found, still = 0, 0
    while found < count and still < 20:
        time.sleep(0.1)
        now = file.read_bytes().count(b'"Burst"')
        found, still = now, still + 1 if now == found else 0
    return found


def _follow(home: Home, out: IO[bytes]) -> subprocess.Popen[bytes]:
    command = home.command("events", "--account", "agenthub", "--follow", "--json")
    return subprocess.Popen(command, env=home.env, stdout=out)


def _configure(home: Home, sound: Lab, hub: Lab) -> None:
    tables = [tomllib.loads(lab.written.read_text(encoding="utf-8")) for lab in (sound, hub)]
    accounts = {
        "audin": tables[0]["accounts"]["audin"],
        "agenthub": tables[1]["accounts"]["agenthub"],
    }
    for name, table_ in accounts.items():
        table_.pop("kind", None)
        assert table_, name
    folder = home.folder / "config" / "softphone"
    folder.mkdir(parents=True)
    write_config(folder, accounts, tables[0]["names"])


def _act(lab: Lab, verb: str, who: str, options: Mapping[str, Any]) -> None:
    lab.client.act(verb, who, "agenthub", **options)


def _json(phases: Sequence[Phase]) -> Iterator[str]:
    for phase in phases:
        shown = asdict(phase)
        shown["keys"] = len(phase.keys)
        yield json.dumps(shown)


if __name__ == "__main__":
    raise SystemExit(main())
