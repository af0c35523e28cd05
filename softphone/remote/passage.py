"""A program on a terminal of its own, passed through to ours: how `ssh` runs under `softphone ssh`.

Between the two stand only two things of ours: an answer to the host's question for the token, and
the terminal's title, which tells whether the microphone is open.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

ASK = b"\x1b]7349;softphone-token\x07"
"""What the host's console prints when it waits for the token."""
TIDY = "\x18\x1b[0m\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u"
"""Puts a terminal in order after a program that was cut off: also in the middle of a sequence."""
_CHUNK = 65_536
_UNFINISHED = re.compile(rb"\x1b(?:[\[\]P_^X][^\x07\x1b]{0,200})?$")
_TITLE = re.compile(rb"\x1b\][02];([^\x07\x1b]{0,200})(?:\x07|\x1b\\)")
_PATIENCE_S = 0.5


class Passage:
    """Runs one program; `wake` may be called from any thread to set the title."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._asked = False
        self._tail = b""
        self._title = b""  # to be written
        self._name, self._state = b"softphone", b""
        self._wake_read, self._wake_write = os.pipe()

    @property
    def reached(self) -> bool:
        """Whether the host's console came so far as to ask for the token."""
        return self._asked

    def title(self, state: str) -> None:
        """Let the terminal's title end so, whatever title the program gives it."""
        self._state = state.encode()
        self._retitle()
        os.write(self._wake_write, b"t")

    def _retitle(self) -> None:
        """Have the title written between two pieces of what the program draws."""
        if self._state:
            self._title = b"\x1b]0;" + self._name + b" - " + self._state + b"\x07"

    def run(self, command: Sequence[str]) -> int:
        """Run it until it ends; return its exit code."""
        pid, there = pty.fork()
        if pid == 0:
            try:
                os.execvp(command[0], list(command))
            except OSError:
                os._exit(127)
        _copy_size(there)
        with _raw(sys.stdin.fileno()), _on_resize(lambda: _copy_size(there)):
            self._pass_through(there)
        os.close(there)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Free what it holds."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _pass_through(self, there: int) -> None:
        here = sys.stdin.fileno()
        watched = [here, there, self._wake_read]
        while True:
            ready = select.select(watched, [], [], _PATIENCE_S if self._title else None)[0]
            if there in ready:
                data = _read(there)
                if not data:
                    return
                _write(sys.stdout.fileno(), self._looked_at(data, there))
            if here in ready:
                data = _read(here)
                if data:
                    _write(there, data)
                else:
                    watched.remove(here)
            if self._wake_read in ready:
                os.read(self._wake_read, _CHUNK)
            if self._title and (not ready or not _UNFINISHED.search(self._tail)):
                title, self._title = self._title, b""
                _write(sys.stdout.fileno(), title)

    def _looked_at(self, data: bytes, there: int) -> bytes:
        """Return what is to be shown; answer the question for the token when it is in it."""
        seen = len(self._tail)
        self._tail += data
        for found in _TITLE.finditer(self._tail):
            if found.end() > seen:
                self._name = found[1]
                self._retitle()
        self._tail = self._tail[-256:]
        if self._asked:
            return data
        if ASK in self._tail or ASK in data:
            self._asked = True
            _write(there, self._answer + b"\n")
        return data.replace(ASK, b"")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # Linux says so when the other end of a terminal is gone
        return b""


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            return


def _copy_size(there: int) -> None:
    try:
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(there, termios.TIOCSWINSZ, size)
    except OSError:
        return


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Let every key through as it is, and put the terminal back afterwards."""
    before: list[Any] | None = None
    if os.isatty(descriptor):
        before = termios.tcgetattr(descriptor)
        tty.setraw(descriptor)
    try:
        yield
    finally:
        if before is not None:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _on_resize(act: Callable[[], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def ask_for_token(limit_s: float = 10.0) -> str:
    """Print the question and return the line that comes back, empty when none does (host side)."""
    here = sys.stdin.fileno()
    with _raw(here):
        _write(sys.stdout.fileno(), ASK)
        line = b""
        while not line.endswith((b"\n", b"\r")) and len(line) < 200:
            if not select.select([here], [], [], limit_s)[0]:
                return ""
            data = os.read(here, 1)
            if not data:
                return ""
            line += data
    return line.strip().decode("ascii", "replace")
