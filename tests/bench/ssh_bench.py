"""Measure a call over softphone ssh on a slow line: bursts heard, delay, bytes.

    .venv/bin/python -m tests.bench.ssh_bench [--json]

A real sshd on loopback behind a proxy that delays; the desk's cards are PulseAudio's null sinks,
the far end is the lab's echo. Beside it the same call with the cards at the host itself.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from softphone.cli.bench_cards import VirtualCards, why_not
from softphone.lab.sounds import ECHO_DELAY_S
from tests.bench.console_bench import own_home
from tests.bench.delay_proxy import DelayProxy
from tests.e2e.conftest import Home
from tests.e2e.terminal import Terminal
from tests.e2e.test_ssh import Sshd, host_command

_BURSTS, _EVERY_S = 24, 0.8
_LINES = ((0.0, 0.0), (0.02, 0.0), (0.05, 0.0), (0.05, 0.02))  # one way, and uneven, in s
_STALL_S = 2.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: how many bursts came back, after how long, at what cost."""

    name: str
    heard: int
    of: int
    delay_ms: float
    worst_ms: float
    kb_per_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if reason := why_not():
        print(f"not measured: {reason}", file=sys.stderr)
        return 1
    for figure in measure():
        if options.json:
            print(json.dumps(asdict(figure)))
        else:
            print(
                f"{figure.name:<44} {figure.heard:>3} of {figure.of}  "
                f"{figure.delay_ms:6.0f} ms  worst {figure.worst_ms:6.0f} ms  "
                f"{figure.kb_per_s:5.1f} kB/s",
                flush=True,
            )
    return 0


def measure() -> Iterator[Figure]:
    """Yield the figures: at the host itself, then over lines of more and more delay."""
    with VirtualCards() as cards:
        with own_home() as home:
            home.env.update(_only_sound(cards))
            home.run("online")
            with contextlib.closing(Terminal(home.command(), home.env, 100, 30)) as screen:
                yield _figure("at the host itself", screen, cards, None)
        for delay_s, uneven_s in _LINES:
            with own_home() as home, tempfile.TemporaryDirectory(prefix="sp-") as folder:
                sshd = Sshd(Path(folder))
                sshd.start()
                proxy = DelayProxy(sshd.port, delay_s, uneven_s).start()
                try:
                    name = f"over ssh, round trip {2000 * delay_s:.0f} ms"
                    if uneven_s:
                        name += f" + {1000 * uneven_s:.0f} each way"
                    with _console(home, sshd, proxy, cards) as screen:
                        yield _figure(name, screen, cards, proxy)
                finally:
                    sshd.cut()
                    proxy.close()


@contextlib.contextmanager
def _console(home: Home, sshd: Sshd, proxy: DelayProxy, cards: VirtualCards) -> Iterator[Terminal]:
    home.run("online")
    sshd.port = proxy.port
    argv = [
        *home.command("ssh"),
        *("--input", "portaudio:vmic", "--output", "portaudio:vspk"),
        *("--there", host_command(home)),
        f"{getpass.getuser()}@127.0.0.1",
        *sshd.options(),
    ]
    environment = {**home.env, **_only_sound(cards), "TERM": "xterm-256color"}
    with contextlib.closing(Terminal(argv, environment, 100, 30)) as screen:
        yield screen


def _figure(name: str, screen: Terminal, cards: VirtualCards, proxy: DelayProxy | None) -> Figure:
    screen.wait_for("Available · 2", 60.0)
    screen.dial(*"echo")
    screen.pump(4.0)
    before, began_s = proxy.bytes if proxy else 0, time.monotonic()
    command = [sys.executable, "-m", "softphone.cli.bench_probe", "vfeed", "vear"]
    command += [str(_BURSTS), str(_EVERY_S)]
    probe = subprocess.Popen(
        command, env={**os.environ, **_only_sound(cards)}, stdout=subprocess.PIPE
    )
    while probe.poll() is None:
        screen.pump(0.1)
    moved = (proxy.bytes if proxy else 0) - before
    rate = moved / (time.monotonic() - began_s) / 1000
    assert probe.stdout is not None
    found = json.loads(probe.stdout.read())["delays_ms"]
    delays = [delay - 1000 * ECHO_DELAY_S for delay in found]
    screen.press("F8")
    screen.pump(1.0)
    screen.press("CTRL+Q")
    screen.pump(2.0)
    median = statistics.median(delays) if delays else float("nan")
    return Figure(name, len(delays), _BURSTS, median, max(delays, default=float("nan")), rate)


def _only_sound(cards: VirtualCards) -> dict[str, str]:
    return {
        key: value
        for key, value in cards.environment.items()
        if key.startswith(("PULSE_", "ALSA_"))
    }


if __name__ == "__main__":
    sys.exit(main())
