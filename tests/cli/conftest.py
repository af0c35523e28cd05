"""Commands run in this process, with folders of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from softphone.cli.main import main
from softphone.lab.client import LabClient


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.json[-1]


class Cli:
    """Runs the command line in this process."""

    def __init__(self, folder: Path, capture: Callable[[], Iterable[str]]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *arguments: str) -> Done:
        self._capture()
        try:
            code = main(list(arguments))
        except SystemExit as end:  # argparse
            code = int(str(end.code or 0))
        out, err = self._capture()
        return Done(code, out, err)

    def write_config(self, text: str) -> Path:
        path = self.folder / "config" / "softphone" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def lab(self) -> LabClient:
        return LabClient.from_file(self.folder / "run" / "lab.json")


class Beside:
    """A command that runs in a thread, with its output in a file."""

    def __init__(self, cli: Cli, *arguments: str) -> None:
        self._cli = cli
        self.process = subprocess.Popen(
            [sys.executable, "-m", "softphone", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.kill()
        self.process.communicate()

    def done(self) -> Done:
        out, err = self.process.communicate(timeout=20)
        return Done(self.process.returncode, out, err)


def set_home(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let everything of softphone live below one folder."""
    patch.setenv("SOFTPHONE_STATE_DIR", str(folder / "state"))
    patch.setenv("SOFTPHONE_RUNTIME_DIR", str(folder / "run"))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))


def one_line(done: Done) -> str:
    """Return the one line of complaint there must be."""
    assert done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err
    return done.err


def end_engines(folder: Path) -> None:
    """End the engines that were started below a folder and wait until they are gone."""
    for lock in (folder / "run").glob("*.lock"):
        pid = int(lock.read_text() or 0)
        deadline = time.monotonic() + 5.0
        try:
            os.kill(pid, signal.SIGTERM)
            while time.monotonic() < deadline and os.waitpid(pid, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        except (ProcessLookupError, ChildProcessError):
            pass


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """The command line of somebody without configuration and without a running engine."""
    folder = Path(tempfile.mkdtemp(prefix="sp-"))
    set_home(monkeypatch, folder)
    yield Cli(folder, capfd.readouterr)
    end_engines(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """A home whose engine and lab are used by all tests of a module."""
    folder = Path(tempfile.mkdtemp(prefix="sp-"))
    yield folder
    end_engines(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shared(
    shared_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Cli:
    """The command line of somebody whose engine runs already."""
    set_home(monkeypatch, shared_home)
    return Cli(shared_home, capfd.readouterr)
