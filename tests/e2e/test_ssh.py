"""The console of a host over a real sshd on loopback, with this side's sound card in the call."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from softphone.lab.client import LabClient
from tests.audio.support import tone_level
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Terminal

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
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        ).stdout.split()
        self.process.kill()
        self.process.wait(10)
        for pid in children:
            os.kill(int(pid), signal.SIGKILL)

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


def heard(lab: LabClient) -> float:
    """Return how strong the desk's tone is in what the lab heard last of the call."""
    calls = lab.calls()
    if not calls:
        return 0.0
    from softphone.audio.g711 import MULAW

    codes = lab.heard(calls[0]["sid"])[-8_000:]
    return tone_level(np.frombuffer(MULAW.decode(codes), np.int16), 1004, 8_000)


def test_a_call_over_ssh_has_the_desks_sound_also_after_the_connection_was_lost(
    home: Home, sshd: Sshd
) -> None:
    speaker = home.folder / "speaker.wav"
    argv = [
        *home.command("ssh"),
        *("--input", "tone", "--output", f"file:out={speaker}", "--there", host_command(home)),
        f"{getpass.getuser()}@127.0.0.1",
        *sshd.options(),
    ]
    screen = Terminal(argv, {**home.env, "TERM": "xterm-256color"}, 140, 45)
    try:
        screen.wait_for("Available · 2", 40.0)
        screen.dial(*"echo")
        lab = home.lab()
        wait_for(lambda: heard(lab) > 500, 20.0)
        call = lab.calls()[0]["sid"]

        sshd.cut()
        screen.wait_for("connection lost", 20.0)
        sshd.start()
        screen.wait_gone("connection lost", 40.0)
        screen.wait_for("TALK", 40.0)
        screen.wait_for("microphone as before", 20.0)
        wait_for(lambda: heard(lab) > 500, 20.0)
        assert lab.calls()[0]["sid"] == call

        time.sleep(1.0)
        screen.press("F8")
        screen.wait_for("ENDED")
        screen.press("CTRL+Q")
        assert screen.wait_end(20.0) == 0
    finally:
        screen.close()
    with wave.open(str(speaker)) as file:
        played = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert tone_level(played[-48_000:-4_800], 1004, 48_000) > 500


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
