"""Measure a call over softphone ssh: delay, faults, speech, coming back, processor time.

    .venv/bin/python -m tests.bench.ssh_bench [--json] [--only delay,stalls,speech,drops]

A real sshd on loopback behind a proxy that is a slow line; the desk's cards are PulseAudio's null
sinks, the far end is the lab's echo. Beside it the same call with the cards at the host itself.
Delays are from the mouth through the echo to the ear, without the time the echo itself waits; the
cards' own 40 ms or so are in them.
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
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from softphone.audio.block import Samples
from softphone.audio.g711 import MULAW
from softphone.audio.resample import RateConverter
from softphone.cli.bench_cards import VirtualCards, why_not
from softphone.lab.sounds import ECHO_DELAY_S
from tests.audio.support import tone_level
from tests.bench.console_bench import own_home
from tests.bench.delay_proxy import DelayProxy
from tests.e2e.conftest import Home
from tests.e2e.hearing import Signal, write_speech
from tests.e2e.terminal import Terminal
from tests.e2e.test_ssh import Sshd, host_command

_BURSTS, _EVERY_S = 24, 0.8
_LINES = ((0.0, 0.0), (0.02, 0.0), (0.05, 0.0), (0.05, 0.02))  # one way, and +- uneven, in s
_STALLS_S, _STALL_AFTER_S, _STALL_EVERY_S = (0.3, 2.0), 8.0, 0.6
_DROPS = 20
_FAINT, _CLEAR = 1_000, 4_000
_SETTLE_S = 4.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Ssh:
    """A console over ssh in a call with the echo; `proxy` is the line."""

    home: Home
    screen: Terminal
    sshd: Sshd
    proxy: DelayProxy


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default=",".join(_PARTS), metavar="PARTS")
    options = parser.parse_args(arguments)
    if reason := why_not():
        print(f"not measured: {reason}", file=sys.stderr)
        return 1
    sys.setswitchinterval(0.0005)  # the slow line runs in a thread beside the screen's reader
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    with VirtualCards() as cards:
        for part in options.only.split(","):
            for figure in _PARTS[part](cards):
                if options.json:
                    print(json.dumps(asdict(figure)), flush=True)
                else:
                    value = f"{figure.value:9.1f} {figure.unit:<6}"
                    print(f"{figure.name:<58} {value} {figure.beside}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return 0


# ---- what is measured ------------------------------------------------------------------------


def delays(cards: VirtualCards) -> Iterator[Figure]:
    """Yield delay, bytes and processor time: at the host itself, then over longer lines."""
    with _local(cards) as (home, screen):
        used = _Cpu(home, screen)
        yield from _bursts("at the host itself", screen, cards)
        yield Figure("at the host itself: engine", used.engine, "%")
    for delay_s, uneven_s in _LINES:
        name = f"ssh, round trip {2000 * delay_s:.0f} ms"
        if uneven_s:
            name += f" +- {1000 * uneven_s:.0f} each way"
        with _over_ssh(cards, delay_s, uneven_s) as made:
            used, before, began_s = _Cpu(made.home, made.screen), made.proxy.bytes, time.monotonic()
            yield from _bursts(name, made.screen, cards)
            rate = (made.proxy.bytes - before) / (time.monotonic() - began_s) / 1000
            yield Figure(f"{name}: both ways", rate, "kB/s")
            yield Figure(f"{name}: engine", used.engine, "%", "of a core, on the host")
            yield Figure(f"{name}: softphone ssh", used.desk, "%", "of a core, at the desk")
            yield Figure(f"{name}: told of the desk's way", _told_ms(made.home), "ms", "one way")


def stalls(cards: VirtualCards) -> Iterator[Figure]:
    """Yield how the delay is after the line stood still."""
    for stall_s in _STALLS_S:
        with _over_ssh(cards, 0.02, 0.0) as made:
            stall = _Stall(made.proxy, stall_s)
            stall.start()
            found = _probe(made.screen, cards, 30, _STALL_EVERY_S)
            stall.join()
            before = statistics.median(
                delay for played_s, delay in found if played_s < stall.over_s - stall_s - 1.0
            )
            for first_s, last_s in ((0.0, 1.0), (1.0, 3.0), (3.0, 6.0)):
                after = [
                    delay - before
                    for played_s, delay in found
                    if first_s <= played_s - stall.over_s < last_s
                ]
                if after:
                    name = f"{first_s:g} to {last_s:g} s after {stall_s:g} s of standstill"
                    yield Figure(name, max(after), "ms", f"more, at most of {len(after)} bursts")


class _Stall(threading.Thread):
    """Lets the line stand still for a while, some seconds from now."""

    def __init__(self, proxy: DelayProxy, stall_s: float) -> None:
        super().__init__(daemon=True)
        self._proxy, self._stall_s = proxy, stall_s
        self.over_s = 0.0

    def run(self) -> None:
        time.sleep(_STALL_AFTER_S)
        self._proxy.stall(True)
        time.sleep(self._stall_s)
        self._proxy.stall(False)
        self.over_s = time.monotonic()


def speech(cards: VirtualCards) -> Iterator[Figure]:
    """Yield PESQ of a sentence that went to the echo and came back."""
    with _local(cards) as (_, screen):
        yield _spoken("at the host itself", screen, cards)
    for delay_s, uneven_s in ((0.0, 0.0), (0.05, 0.02)):
        with _over_ssh(cards, delay_s, uneven_s) as made:
            yield _spoken(
                f"ssh, {1000 * delay_s:.0f} +- {1000 * uneven_s:.0f} ms", made.screen, cards
            )


def drops(cards: VirtualCards) -> Iterator[Figure]:
    """Yield how long it takes until the desk is heard again after its connection was cut."""
    with _over_ssh(cards, 0.0, 0.0, ("--input", "tone", "--output", "null")) as made:
        lab, took_s = made.home.lab(), []

        def level() -> float:
            codes = lab.heard(lab.calls()[0]["sid"])[-800:]
            return tone_level(np.frombuffer(MULAW.decode(codes), np.int16), 1004, 8_000)

        _pump_until(made.screen, lambda: level() > _CLEAR)
        for _ in range(_DROPS):
            began_s = time.monotonic()
            made.sshd.drop()
            _pump_until(made.screen, lambda: level() < _FAINT)
            _pump_until(made.screen, lambda: level() > _CLEAR)
            took_s.append(time.monotonic() - began_s)
            made.screen.pump(1.0)
    took_s.sort()
    yield Figure(f"heard again after a cut, median of {_DROPS}", statistics.median(took_s), "s")
    yield Figure("heard again after a cut, p95", took_s[int(0.95 * (len(took_s) - 1))], "s")


_PARTS: dict[str, Callable[[VirtualCards], Iterator[Figure]]] = {
    "delay": delays,
    "stalls": stalls,
    "speech": speech,
    "drops": drops,
}


# ---- calls -------------------------------------------------------------------------------------


@contextlib.contextmanager
def _local(cards: VirtualCards) -> Iterator[tuple[Home, Terminal]]:
    with own_home() as home:
        home.env.update(_only_sound(cards))
        home.run("online")
        with contextlib.closing(Terminal(home.command(), home.env, 100, 30)) as screen:
            _call(home, screen)
            yield home, screen
            _leave(screen)


@contextlib.contextmanager
def _over_ssh(
    cards: VirtualCards,
    delay_s: float,
    uneven_s: float,
    devices: Sequence[str] = ("--input", "portaudio:vmic", "--output", "portaudio:vspk"),
) -> Iterator[Ssh]:
    with own_home() as home, tempfile.TemporaryDirectory(prefix="sp-") as folder:
        home.run("online")
        sshd = Sshd(Path(folder))
        sshd.start()
        # The proxy adds 0 to twice the unevenness: in the mean the line has its nominal delay.
        proxy = DelayProxy(sshd.port, delay_s - uneven_s, 2 * uneven_s).start()
        to_proxy = [str(proxy.port) if one == str(sshd.port) else one for one in sshd.options()]
        argv = [
            *(*home.command("ssh"), *devices, "--there", host_command(home)),
            *(f"{getpass.getuser()}@127.0.0.1", *to_proxy),
        ]
        environment = {**home.env, **_only_sound(cards), "TERM": "xterm-256color"}
        try:
            with contextlib.closing(Terminal(argv, environment, 100, 30)) as screen:
                _call(home, screen)
                yield Ssh(home, screen, sshd, proxy)
                _leave(screen)
        finally:
            sshd.cut()
            proxy.close()


def _call(home: Home, screen: Terminal) -> None:
    """Call the echo, and let buffers find their depth."""
    screen.wait_for("Available · 2", 60.0)
    screen.dial(*"echo")
    _pump_until(screen, lambda: "picked up" in home.run("events").stdout)
    screen.pump(_SETTLE_S)


def _leave(screen: Terminal) -> None:
    screen.press("F8")
    screen.pump(1.0)
    screen.press("CTRL+Q")
    screen.pump(2.0)


def _pump_until(screen: Terminal, condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, screen.text()
        screen.pump(0.02)


# ---- sounds ------------------------------------------------------------------------------------


def _bursts(name: str, screen: Terminal, cards: VirtualCards) -> Iterator[Figure]:
    found = [delay for _, delay in _probe(screen, cards, _BURSTS, _EVERY_S)]
    heard = f"{len(found)} of {_BURSTS} bursts heard"
    yield Figure(name, statistics.median(found) if found else float("nan"), "ms", heard)
    yield Figure(f"{name}: worst", max(found, default=float("nan")), "ms")


def _probe(
    screen: Terminal, cards: VirtualCards, bursts: int, every_s: float
) -> list[tuple[float, float]]:
    """Return when each burst that came back was played, and its delay in ms."""
    command = [sys.executable, "-m", "softphone.cli.bench_probe", "vfeed", "vear"]
    command += [str(bursts), str(every_s)]
    probe = subprocess.Popen(
        command, env={**os.environ, **_only_sound(cards)}, stdout=subprocess.PIPE
    )
    while probe.poll() is None:
        screen.pump(0.1)
    assert probe.stdout is not None
    told = json.loads(probe.stdout.read())
    found = []
    for at_s in told["played_s"]:
        back = next((one for one in told["heard_s"] if at_s < one < at_s + every_s), None)
        if back is not None:
            found.append((at_s, 1000 * (back - at_s - ECHO_DELAY_S)))
    return found


def _spoken(name: str, screen: Terminal, cards: VirtualCards) -> Figure:
    """Say a sentence into the microphone and score what the speaker gives back."""
    environment = {**os.environ, **_only_sound(cards)}
    with tempfile.TemporaryDirectory(prefix="sp-") as folder:
        wav, raw = Path(folder) / "said.wav", Path(folder) / "heard.raw"
        said = write_speech(wav)
        listen = ["parec", "--device=spk.monitor", "--rate=48000", "--channels=1"]
        with raw.open("wb") as file:
            ear = subprocess.Popen([*listen, "--format=s16le"], stdout=file, env=environment)
        mouth = subprocess.Popen(["paplay", "--device=micfeed", str(wav)], env=environment)
        screen.pump(len(said) / 8_000 + 1.5)
        for program in (ear, mouth):
            program.terminate()
            program.wait()
        heard = np.fromfile(raw, np.int16)
    return Figure(f"speech, {name}", _score(said, heard), "PESQ", "narrowband, G.711 call")


def _score(said: Signal, played: Samples) -> float:
    """Return PESQ of what the speaker played (48 kHz) against what was said (8 kHz)."""
    from pesq import pesq

    heard = RateConverter(48_000, 8_000).push(played).astype(np.float64)
    size = 1 << (len(said) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    place = int(np.argmax(np.fft.irfft(product, size)[: len(heard)]))
    found = np.zeros(len(said))
    part = heard[place : place + len(said)]
    found[: len(part)] = part
    return float(pesq(8_000, said, found, "nb"))


def _only_sound(cards: VirtualCards) -> dict[str, str]:
    return {
        key: value
        for key, value in cards.environment.items()
        if key.startswith(("PULSE_", "ALSA_"))
    }


# ---- figures of the processes --------------------------------------------------------------------


class _Cpu:
    """Processor time of the engine and of the terminal's own program, from now on, in %."""

    def __init__(self, home: Home, screen: Terminal) -> None:
        self._pids = (int(home.status()["engine"]["pid"]), screen.pid)
        self._began_s = time.monotonic()
        self._before = [_cpu_s(pid) for pid in self._pids]

    @property
    def engine(self) -> float:
        return self._share(0)

    @property
    def desk(self) -> float:
        return self._share(1)

    def _share(self, which: int) -> float:
        used_s = _cpu_s(self._pids[which]) - self._before[which]
        return 100 * used_s / (time.monotonic() - self._began_s)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _told_ms(home: Home) -> float:
    desk = home.status()["audio"]["desk"]
    return float(desk["delay_ms"]) if desk else float("nan")


if __name__ == "__main__":
    sys.exit(main())
