"""A terminal with a person at it: a pty, a screen that is read, keys that are pressed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator

import pyte

from tests.e2e.conftest import Home

KEYS = {
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
    "F4": "\x1bOS",
    "F5": "\x1b[15~",
    "F6": "\x1b[17~",
    "F7": "\x1b[18~",
    "F8": "\x1b[19~",
    "F9": "\x1b[20~",
    "ENTER": "\r",
    "TAB": "\t",
    "ESC": "\x1b",
    "CTRL+Q": "\x11",
    "CTRL+G": "\x07",
    "CTRL+P": "\x10",
    "CTRL+T": "\x14",
    "DOWN": "\x1b[B",
}
GUARD_S = 0.4
"""An answer is ignored for 0.3 s after the offer changed."""


class Terminal:
    """Runs one program on a pty of its own."""

    def __init__(self, argv: list[str], env: dict[str, str], columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes_read = 0
        self.raw = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _set_size(0, columns, rows)
            os.execvpe(argv[0], argv, env)
        self._code: int | None = None

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        _set_size(self._fd, columns, rows)
        self.screen.resize(rows, columns)

    def press(self, *keys: str) -> None:
        """Press named keys, or type text."""
        for key in keys:
            self.press_blindly(key)
            self.pump(0.05)

    def press_blindly(self, *keys: str) -> None:
        """Press keys and read nothing: the terminal of somebody who pressed Ctrl-S."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    def answer(self, who: str) -> None:
        """Answer once the caller stands on the screen and the guard time is over."""
        self.wait_for("RING")
        self.wait_for(who)
        self.pump(GUARD_S)
        self.press("F2")
        self.wait_for("TALK 00:0")

    def dial(self, *keys: str) -> None:
        """Type a number or name where the focus is and wait until it is talking."""
        self.press(*keys, "ENTER")
        self.wait_for("TALK")

    def pump(self, seconds: float) -> None:
        """Read what the program draws for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.pump_once(left):
            pass

    def settle(self, quiet_s: float = 0.1, limit_s: float = 1.0) -> None:
        """Read until nothing is drawn for a moment: a busy machine needs longer for a screen."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end and self.pump_once(quiet_s):
            pass

    def pump_once(self, limit_s: float) -> bool:
        """Read what is there, or comes first; tell whether something came."""
        if not select.select([self._fd], [], [], limit_s)[0]:
            return False
        try:
            data = os.read(self._fd, 65_536)
        except OSError:
            return False
        self._take(data)
        return bool(data)

    def pump_until_quiet(self, quiet_s: float) -> float:
        """Read until nothing comes for so long; return when the last came (monotonic seconds).

        Nothing is drawn here before all is read: drawing takes longer than what is measured.
        """
        found, last = b"", time.monotonic()
        while select.select([self._fd], [], [], quiet_s)[0]:
            found += os.read(self._fd, 65_536)
            last = time.monotonic()
        self._take(found)
        return last

    def _take(self, data: bytes) -> None:
        self.bytes_read += len(data)
        self.raw += data
        self._stream.feed(data)

    def text(self) -> str:
        """Return the screen as lines."""
        return "\n".join(self.screen.display)

    def wait_for(self, wanted: str, limit_s: float = 20.0) -> None:
        """Read until `wanted` stands on the screen."""
        end = time.monotonic() + limit_s
        while wanted not in self.text():
            assert time.monotonic() < end, f"{wanted!r} never came:\n{self.text()}"
            assert self.code() is None or wanted in self.text(), f"it ended:\n{self.text()}"
            self.pump(0.1)

    def wait_gone(self, unwanted: str, limit_s: float = 10.0) -> None:
        """Read until `unwanted` is off the screen."""
        end = time.monotonic() + limit_s
        while unwanted in self.text():
            assert time.monotonic() < end, f"{unwanted!r} stays:\n{self.text()}"
            self.pump(0.1)

    def wait_end(self, limit_s: float = 10.0) -> int:
        """Read until the program has ended; return its exit code."""
        end = time.monotonic() + limit_s
        while self.code() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.text()}"
            self.pump(0.1)
        self.pump(0.2)
        code = self.code()
        assert code is not None
        return code

    def code(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        if self.code() is None:
            os.kill(self.pid, number)

    def line_mode(self) -> bool:
        """Tell whether the terminal echoes and edits lines, as a shell wants it."""
        flags: int = termios.tcgetattr(self._fd)[3]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH connection does."""
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """End the program and the terminal."""
        self.kill()
        if self._fd >= 0:
            os.close(self._fd)
        if self._code is None:
            os.waitpid(self.pid, 0)
            self._code = -9


Open = Callable[..., Terminal]


@contextlib.contextmanager
def terminals(home: Home) -> Iterator[Open]:
    """Open consoles on terminals of any size; they are closed at the end."""
    opened: list[Terminal] = []

    def open_one(*arguments: str, columns: int = 140, rows: int = 45) -> Terminal:
        terminal = Terminal(home.command(*arguments), home.env, columns, rows)
        opened.append(terminal)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()


def _set_size(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
