"""The console of a host over a real sshd on loopback, with this side's sound card in the call.

The card is a PulseAudio server's, the voice espeak-ng's where it is there.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from softphone.audio.resample import RateConverter
from tests.audio.conftest import vaudio
from tests.audio.support import VirtualAudio
from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Terminal

__all__ = ["vaudio"]

pytestmark = pytest.mark.real

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


class Sshd:
    """An sshd of our own: its keys, its port, nobody else's settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        for name in ("host", "user"):
            key = folder / f"{name}_key"
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
            subprocess.run(command, check=True)
        (folder / "authorized").write_bytes((folder / "user_key.pub").read_bytes())
        self.config = folder / "sshd_config"
        self.config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/authorized\nPidFile {folder}/pid\nStrictModes no\n"
            "PasswordAuthentication no\nUsePAM no\nPermitUserEnvironment yes\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            command = [SSHD, "-D", "-e", "-f", str(self.config)]
            self.process = subprocess.Popen(command, stderr=log)
        wait_for(self._answers)

    def cut(self) -> None:
        """End sshd and every connection, as a lost network does in the end."""
        assert self.process is not None
        children = self._connections()
        self.process.kill()
        self.process.wait(10)
        for pid in children:
            os.kill(pid, signal.SIGKILL)

    def drop(self) -> None:
        """End every connection; new ones are served."""
        for pid in self._connections():
            os.kill(pid, signal.SIGKILL)

    def _connections(self) -> list[int]:
        assert self.process is not None
        command = ["ps", "-o", "pid=", "--ppid", str(self.process.pid)]
        found = subprocess.run(command, capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in found]

    def options(self) -> list[str]:
        return [
            *("-p", str(self.port), "-i", str(self.folder / "user_key"), "-F", os.devnull),
            *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.folder}/known"),
            *("-o", "LogLevel=ERROR"),
        ]

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def sshd(home: Home) -> Iterator[Sshd]:
    if not Path(SSHD).exists() or not shutil.which("ssh-keygen"):
        pytest.skip("there is no sshd (apt install openssh-server)")
    made = Sshd(home.folder)
    made.start()
    yield made
    made.cut()


def host_command(home: Home) -> str:
    """Return a script that is softphone on the host: the same program in the host's home."""
    script = home.folder / "there"
    variables = "".join(
        f"export {name}='{home.env[name]}'\n"
        for name in (
            *("SOFTPHONE_STATE_DIR", "SOFTPHONE_RUNTIME_DIR", "XDG_CONFIG_HOME", "TERM"),
            "PYTHONPATH",
        )
        if name in home.env
    )
    words = " ".join(f"'{word}'" for word in home.command())
    script.write_text(f'#!/bin/sh\n{variables}exec {words} "$@"\n')
    script.chmod(0o700)
    return str(script)


def likeness(said: hearing.Signal, heard: hearing.Signal) -> float:
    """Return how alike the loudness of two signals goes, 1 at best, wherever the one begins."""
    one, other = (_loudness(signal) for signal in (said, heard))
    one = one - one.mean()
    found = [
        float(np.corrcoef(one, other[start : start + len(one)])[0, 1])
        for start in range(max(1, len(other) - len(one)))
        if other[start : start + len(one)].std() > 1.0
    ]
    return max(found, default=0.0)


def _loudness(signal: hearing.Signal) -> hearing.Signal:
    frames = signal[: len(signal) // 160 * 160].reshape(-1, 160)
    return np.asarray(np.sqrt((frames**2).mean(axis=1)), np.float64)


def titled(screen: Terminal, words: str) -> bool:
    """Tell whether the terminal's title ends so by now."""
    screen.pump(0.1)
    return screen.screen.title.endswith(words)


def come_back(screen: Terminal, vaudio: VirtualAudio, said: hearing.Signal, wav: Path) -> float:
    """Say it at the desk, and return how like it is what the desk's speaker gives of the echo."""
    raw = wav.with_suffix(".raw")
    listening = vaudio.listen(raw)
    vaudio.say(wav)
    screen.pump(len(said) / hearing.RATE_HZ + 1.5)  # as long as it is said, and comes back
    listening.terminate()
    listening.wait(10)
    samples = np.fromfile(raw, np.int16)
    heard = RateConverter(48_000, hearing.RATE_HZ).push(samples).astype(np.float64)
    return likeness(said, heard)


def test_a_voice_comes_back_over_ssh_after_the_connection_was_lost(
    home: Home, sshd: Sshd, vaudio: VirtualAudio, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech
    argv = [
        *home.command("ssh"),
        *("--input", "portaudio:vmic", "--output", "portaudio:vspk"),
        *("--there", host_command(home)),
        f"{getpass.getuser()}@127.0.0.1",
        *sshd.options(),
    ]
    environment = {**home.env, **vaudio.environment, "TERM": "xterm-256color"}
    screen = Terminal(argv, environment, 140, 45)
    try:
        screen.wait_for("Available · 2", 40.0)
        screen.dial(*"echo")
        screen.wait_for("desk ", 20.0)
        screen.wait_for("jitter", 20.0)
        wait_for(lambda: titled(screen, "microphone open"))
        wait_for(lambda: "picked up" in home.run("events").stdout)
        audio = home.status()["audio"]
        lab = home.lab()
        call = lab.calls()[0]["sid"]

        sshd.cut()
        screen.wait_for("connection lost", 20.0)
        assert b"\x18\x1b[0m\x1b[?1049l" in screen.raw
        sshd.start()
        screen.wait_gone("connection lost", 40.0)
        screen.wait_for("TALK", 40.0)
        screen.wait_for("microphone as before", 20.0)
        wait_for(lambda: home.status()["audio"]["desk"])
        after = come_back(screen, vaudio, said, path)
        assert lab.calls()[0]["sid"] == call

        screen.press("F8")
        screen.wait_for("ENDED")
        wait_for(lambda: titled(screen, "microphone shut"))
        screen.press("CTRL+Q")
        assert screen.wait_end(20.0) == 0
    finally:
        screen.close()
    assert audio["input"] == "desk:portaudio:vmic"
    assert audio["desk"]["delay_ms"] > 0
    assert after > 0.8


def test_a_host_without_softphone_is_told_in_one_sentence(home: Home, sshd: Sshd) -> None:
    argv = [
        *home.command("ssh"),
        *("--input", "null", "--output", "null", "--there", "no-such-softphone"),
        f"{getpass.getuser()}@127.0.0.1",
        *sshd.options(),
    ]
    screen = Terminal(argv, {**home.env, "TERM": "xterm-256color"}, 100, 30)
    try:
        assert screen.wait_end(30.0) == 127
        assert "install softphone there" in " ".join(screen.text().split())
    finally:
        screen.close()
