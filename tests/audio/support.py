"""What the audio tests share: legs without a network, waiting with a deadline, virtual sound."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from softphone.audio.leg import LegStats
from softphone.audio.report import AudioReport, ReportKind

Samples = npt.NDArray[np.int16]


def wait_for(what: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait until `what` is true; the test fails when that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def sine(frequency_hz: float, samples: int, rate_hz: int = 48_000, peak: float = 8000) -> Samples:
    """Return a sine starting at 0."""
    made = peak * np.sin(2 * np.pi * frequency_hz * np.arange(samples) / rate_hz)
    return np.asarray(np.rint(made), np.int16)


def tone_level(sound: npt.ArrayLike, frequency_hz: float, rate_hz: int) -> float:
    """Return the amplitude of one frequency in `sound`."""
    values = np.asarray(sound, np.float64)
    wave = np.exp(-2j * np.pi * frequency_hz * np.arange(len(values)) / rate_hz)
    return float(2 * abs(values @ wave) / max(len(values), 1))


class FakeLeg:
    """A leg that says `says` for ever and keeps the last blocks it was sent."""

    def __init__(self, says: int | Samples = 0) -> None:
        self.says = says
        self.sent: list[Samples] = []
        self.played = 0
        self.count = 0
        self.digits = ""
        self.fails: Exception | None = None

    def capture(self, block48k: Samples) -> None:
        if self.fails:
            raise self.fails
        self.count += 1
        self.sent = [*self.sent[-299:], block48k.copy()]

    def play(self, out48k: Samples) -> None:
        if self.fails:
            raise self.fails
        self.played += 1
        out48k[:] = self.says

    def stats(self) -> LegStats:
        return LegStats(digits=self.digits, digits_count=len(self.digits))

    @property
    def last(self) -> Samples:
        return self.sent[-1]


class Reports(list[AudioReport]):
    """Collects reports."""

    def of(self, kind: ReportKind) -> list[AudioReport]:
        return [report for report in self if report.kind is kind]


@dataclass
class VirtualAudio:
    """A PulseAudio server with a virtual microphone `vmic` and a virtual speaker `vspk`."""

    folder: Path
    environment: dict[str, str]
    programs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        sinks = "rate=48000 channels=1 norewinds=1"
        socket = self.folder / "native"
        subprocess.run(
            [
                *("pulseaudio", "-n", "--daemonize=yes", "--use-pid-file=yes"),
                *("--exit-idle-time=-1", "--high-priority=no", "--realtime=no"),
                f"--log-target=file:{self.folder / 'pulse.log'}",
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
                f"--load=module-null-sink sink_name=spk {sinks}",
                f"--load=module-null-sink sink_name=micfeed {sinks}",
                "--load=module-remap-source source_name=mic master=micfeed.monitor remix=no",
            ],
            check=True,
            capture_output=True,
            timeout=20,
        )

    def kill(self) -> None:
        """End the sound server, as pulling the plug would."""
        pid = self.folder / "pid"
        if not pid.exists():
            return
        number = int(pid.read_text())
        os.kill(number, signal.SIGKILL)
        wait_for(lambda: not _alive(number))
        pid.unlink(missing_ok=True)
        (self.folder / "native").unlink(missing_ok=True)

    def say(self, wav: Path) -> None:
        """Play a file into the virtual microphone."""
        self.programs.append(subprocess.Popen(["paplay", "--device=micfeed", str(wav)]))

    def listen(self, raw: Path) -> subprocess.Popen[bytes]:
        """Record the virtual speaker as 48 kHz mono int16 until the process is terminated."""
        command = ["parec", "--device=spk.monitor", "--rate=48000", "--channels=1"]
        with raw.open("wb") as file:
            program = subprocess.Popen([*command, "--format=s16le"], stdout=file)
        self.programs.append(program)
        return program

    def stop(self) -> None:
        for program in self.programs:
            program.terminate()
            program.wait(10)
        self.kill()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")
