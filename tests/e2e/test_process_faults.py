"""Streams that are closed or full, a console that stands still, and another user's fingers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import terminals

_CLOSED = (">&-", "2>&-", "<&-", ">&- 2>&- <&-")
_COMMANDS = ("--help", "status", "doctor", "console", "check-config nowhere.toml")
_STOPPED_S = 3.0
_NOBODY = 65_534
_AS_NOBODY = """
import os, socket, sys
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
line = socket.socket(socket.AF_UNIX)
line.settimeout(5)
try:
    line.connect(sys.argv[1])
    line.sendall(b'{{"hello": {{"version": 1, "role": "console", "name": "x"}}}}\\n')
    print(line.recv(100).decode() or "closed")
except OSError as problem:
    print(type(problem).__name__)
"""


@pytest.mark.parametrize("closed", _CLOSED)
def test_a_closed_stream_makes_no_command_fail_with_a_traceback(home: Home, closed: str) -> None:
    for command in _COMMANDS:
        line = f"{sys.executable} -m softphone {command} {closed}"
        done = subprocess.run(
            ["bash", "-c", line],
            env=home.env, cwd=home.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        assert "Traceback" not in done.stderr, (line, done.stderr)
        assert done.returncode in (0, 1, 2), line
        assert done.stderr.count("\n") <= 1, done.stderr


def test_a_device_that_is_full_is_one_sentence(home: Home) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            home.command("--help"),
            env=home.env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == "softphone: No space left on device.\n"


def test_a_reader_that_has_had_enough_is_no_error(home: Home) -> None:
    line = f"{sys.executable} -m softphone --help | head -n 1"

    done = subprocess.run(
        ["bash", "-c", line], env=home.env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.startswith("usage: softphone")
    assert done.stderr == ""


def test_a_console_that_stands_still_stops_neither_sound_nor_commands(home: Home) -> None:
    with terminals(home) as console:
        screen = console()
        screen.wait_for("Available · 2")
        screen.dial(*"echo")

        screen.kill(signal.SIGSTOP)
        began, frames = time.monotonic(), _frames(home)
        time.sleep(_STOPPED_S)  # nobody is there for so long
        carried, passed = _frames(home) - frames, time.monotonic() - began
        ended = home.run("hangup")
        screen.kill(signal.SIGCONT)

        assert ended.returncode == 0
        assert carried >= passed * 50 - 8
        screen.wait_for("ENDED")
        assert screen.code() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_no_word_from_the_engine(home: Home) -> None:
    home.run("online")
    socket_path = next((home.folder / "run").glob("*.sock"))

    assert _ask_as_nobody(socket_path) == "PermissionError"

    # Even with every door open the engine looks who is there.
    for path in (home.folder, home.folder / "run"):
        path.chmod(0o777)
    socket_path.chmod(0o777)
    assert _ask_as_nobody(socket_path) in ("closed", "BrokenPipeError", "ConnectionResetError")
    assert home.run("status").returncode == 0


def test_the_console_ends_with_its_engine_and_leaves_no_process(home: Home) -> None:
    with terminals(home) as console:
        screen = console()
        screen.wait_for("Available · 2")
        screen.press("CTRL+Q")
        assert screen.wait_end() == 0
    os.kill(home.engine_pid(), signal.SIGTERM)

    wait_for(lambda: not _processes(home), 10.0)


def _ask_as_nobody(path: Path) -> str:
    code = _AS_NOBODY.format(uid=_NOBODY)
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    done = subprocess.run(
        [python, "-c", code, str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout.strip()


def _frames(home: Home) -> int:
    """Return how many frames the far end of the call has heard."""
    frames: int = home.lab().calls()[0]["received"]["frames"]
    return frames


def _processes(home: Home) -> list[str]:
    """Return the processes that have this home's folders in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(home.folder).encode() in (path / "environ").read_bytes()
        except OSError:
            continue
        if ours:
            found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_a_mistake_in_the_configuration_keeps_nobody_from_a_running_engine(home: Home) -> None:
    home.run("online")
    home.start("call", "echo")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])
    home.write_config("[ui]\nbell = 1\n")

    ended = home.run("hangup")

    assert ended.returncode == 0
    assert "config.toml:2: ui.bell" in ended.stderr
    assert ended.stderr.count("\n") == 1
    os.kill(home.engine_pid(), signal.SIGTERM)
    wait_for(lambda: not home.engine_pid())
    assert home.run("status").returncode == 2  # nothing runs that could have read a better one
