"""Measure a WebRTC call over a lab's gateway: how soon it stands, and what it costs the engine.

.venv/bin/python -m tests.bench.gateway_bench [--seconds N] [--json]

The set-up goes from the dial to sound at both ends, the called one answering at once; it stands
beside one request to the same gateway. CPU stands beside a paced no-op of the same seconds: a
process that wakes as often as a sound card does and does nothing. The share it takes says how slow
and how busy the machine is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from softphone.model import command as c
from tests.adapters.ribbon.seat import NAME, Seat, a_floor
from tests.bench.console_bench import cpu_s, own_home
from tests.e2e.conftest import Home, wait_for

CODECS = ("opus", "PCMU")
_NO_OP = """
import time
due = time.monotonic()
while True:
    due += 0.01
    time.sleep(max(0.0, due - time.monotonic()))
"""
_TALK_LEFT_S = 5.0
_SET_UPS = 9


@dataclass(frozen=True, slots=True)
class Cost:
    """Shares of a core, in per cent, over the same seconds."""

    codec: str
    seconds: float
    engine: float
    idle_engine: float
    no_op: float
    heard: int
    """Packets that came back from the far end, until the end of the measurement."""

    @property
    def ratio(self) -> float:
        """Return how many paced no-ops a call is worth."""
        return self.engine / max(self.no_op, 0.01)

    def line(self) -> str:
        """Return it as it is printed."""
        return (
            f"engine CPU, one {self.codec} call over {self.seconds:.0f} s: {self.engine:.1f} % of "
            f"a core, {self.ratio:.0f} x a paced no-op ({self.no_op:.2f} %); "
            f"without a call {self.idle_engine:.1f} %; {self.heard:,} frames heard"
        )


@dataclass(frozen=True, slots=True)
class SetUp:
    """Milliseconds from the dial to sound both ways, and of one request; medians."""

    calls: int
    sound_ms: float
    request_ms: float

    def line(self) -> str:
        """Return it as it is printed."""
        times = self.sound_ms / self.request_ms
        return (
            f"dial to sound both ways, median of {self.calls}: {self.sound_ms:.0f} ms, "
            f"{times:.0f} x one request ({self.request_ms:.1f} ms)"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = asyncio.run(set_up(_SET_UPS))
    print(json.dumps(asdict(found)) if options.json else found.line(), flush=True)
    for codec in CODECS:
        with own_home() as home:
            cost = measure(home, codec, options.seconds)
        told = json.dumps(asdict(cost) | {"ratio": cost.ratio}) if options.json else cost.line()
        print(told, flush=True)
    return 0


async def set_up(calls: int) -> SetUp:
    """Let one user of a lab's gateway call another so many times."""
    async with a_floor() as floor:
        alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
        sound_s = [await _one_call(alice, bob, place) for place in range(calls)]
        request_s = [await _one_request(alice) for _ in range(calls)]
    return SetUp(calls, median(sound_s) * 1000, median(request_s) * 1000)


async def _one_call(alice: Seat, bob: Seat, place: int) -> float:
    began = time.monotonic()
    dialling = asyncio.create_task(alice.talk("bob"))
    offer = await bob.offered(place)
    await bob.do(c.Answer(offer.call))
    call = await dialling
    await bob.flowing(offer.call)
    alice.pumps[call].hums = bob.pumps[offer.call].hums = True
    await asyncio.gather(alice.heard(call), bob.heard(offer.call))
    took_s = time.monotonic() - began
    await alice.do(c.HangUp(call))
    await bob.over(offer.call)
    return took_s


async def _one_request(alice: Seat) -> float:
    began = time.monotonic()
    await alice.do(c.FetchHistory(NAME, 1))
    return time.monotonic() - began


def measure(home: Home, codec: str, seconds: float) -> Cost:
    """Talk to the lab's echo with one codec; the microphone hums all the while."""
    with _lab(home) as gateway:
        user = gateway["users"][0]
        home.write_config(
            "[accounts.ribbon]\n"
            'kind = "ribbon"\n'
            f'url = "{gateway["http"]}"\n'
            f'websocket_url = "{gateway["ws"]}"\n'
            f'user = "{user["user"]}"\n'
            f'password = "{user["password"]}"\n'
            f'codecs = ["{codec}"]\n'
            '[audio]\ninput = "tone"\noutput = "null"\nringer = "null"\n'
        ).chmod(0o600)
        assert home.run("online").returncode == 0
        wait_for(lambda: _account(home).get("state") == "online")
        pid = home.engine_pid()
        with _no_op() as reference:
            idle = _shares([pid], seconds / 6)[0]
            length_s = seconds + _TALK_LEFT_S
            home.start("call", "echo@lab.test", "--duration", f"{length_s:g}", "--json")
            wait_for(lambda: [call for call in _calls(home) if call["media"] == "flowing"])
            engine, no_op = _shares([pid, reference], seconds)
            heard = _heard(home)
    return Cost(codec, seconds, engine * 100, idle * 100, no_op * 100, heard)


def _shares(pids: list[int], seconds: float) -> list[float]:
    """Return the share of a core each process takes over the same seconds."""
    began, before = time.monotonic(), [_cpu_s(pid) for pid in pids]
    time.sleep(seconds)
    after, spent = [_cpu_s(pid) for pid in pids], time.monotonic() - began
    return [(late - early) / spent for early, late in zip(before, after, strict=True)]


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process; finer than clock ticks where the kernel counts so."""
    try:
        counts = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except OSError:  # a thread has just ended
        counts = []
    return sum(int(count.split()[0]) for count in counts) / 1e9 if counts else cpu_s(pid)


def _account(home: Home) -> dict[str, Any]:
    accounts: list[dict[str, Any]] = home.status().get("accounts", [])
    return accounts[0] if accounts else {}


def _calls(home: Home) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = home.status().get("calls", [])
    return found


def _heard(home: Home) -> int:
    """Return how many packets the call has received so far."""
    done = home.run("statistics", "--json")
    figures: dict[str, str] = json.loads(done.stdout)["figures"]
    return int(figures["packets_received"])


@contextmanager
def _lab(home: Home) -> Iterator[dict[str, Any]]:
    """Run a quiet lab in a process of its own; yield how to reach its gateway."""
    arguments = ("lab", "--json", "--with-parent", "--scenario", "quiet")
    process = subprocess.Popen(
        home.command(*arguments),
        env=home.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        gateway: dict[str, Any] = json.loads(process.stdout.readline())["ribbon"]
        yield gateway
    finally:
        process.stdin.close()
        process.wait(10.0)
        process.stdout.close()


@contextmanager
def _no_op() -> Iterator[int]:
    """Run the paced no-op and yield its process id."""
    process = subprocess.Popen([sys.executable, "-c", _NO_OP])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    raise SystemExit(main())
