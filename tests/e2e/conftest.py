"""A home of its own for each test: engine, lab, state and terminal, all real processes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from softphone.lab.client import LabClient
from tests.e2e import hearing

WAIT_S = 20.0


@dataclass(slots=True)
class Home:
    """Folders and environment of one operator on this machine."""

    folder: Path
    env: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, *arguments: str) -> list[str]:
        """Return the argument list of a softphone command."""
        return [sys.executable, "-m", "softphone", *arguments]

    def run(self, *arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command with --json and return what it printed."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def status(self) -> dict[str, Any]:
        """Return what `status --json` says, or nothing when no engine runs."""
        done = self.run("status", "--json")
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        return found

    def engine_pid(self) -> int:
        """Return the engine's process id, 0 when none runs."""
        locks = list((self.folder / "run").glob("*.lock"))
        text = locks[0].read_text().strip() if locks else ""
        return int(text) if text and _alive(int(text)) else 0

    def lab(self) -> LabClient:
        """Return the control client of the lab that the engine started."""
        return LabClient.from_file(self.folder / "run" / "lab.json")

    def write_config(self, text: str) -> Path:
        """Write the operator's own configuration."""
        path = self.folder / "config" / "softphone" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def close(self) -> None:
        """End everything that was started here."""
        for process in self.processes:
            process.kill()
            process.communicate()
        pid = self.engine_pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            with contextlib.suppress(AssertionError):
                wait_for(lambda: not _alive(pid), 5.0)
            if _alive(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(is_so: Callable[[], object], limit_s: float = WAIT_S) -> None:
    """Wait until something is so; fail after the limit."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "that did not happen in time"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return True


@pytest.fixture
def home() -> Iterator[Home]:
    """A home without any configuration: softphone opens on the lab."""
    folder = Path(tempfile.mkdtemp(prefix="sp-"))  # short: it holds a socket
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("SOFTPHONE_", "XDG_"))},
        "SOFTPHONE_STATE_DIR": str(folder / "state"),
        "SOFTPHONE_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONWARNINGS": "default",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    made = Home(folder, env)
    yield made
    made.close()


@pytest.fixture
def speech(home: Home) -> tuple[Path, hearing.Signal]:
    """A spoken sentence: the file, and its samples at 8 kHz."""
    path = home.folder / "speech.wav"
    return path, hearing.write_speech(path)
