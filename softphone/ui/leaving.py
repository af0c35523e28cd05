"""Leave on SIGHUP and SIGTERM with the terminal as it was; textual handles neither."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import SoftphoneApp

_RESTORE_S = 1.5
_TRIES = 50
_TRY_AGAIN_S = 0.01
_RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?2048l"  # paste, line wrap, size reports
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"  # keyboard protocol, screen, cursor, focus
)
"""What textual's driver writes when it ends; it must be ours to write when the driver cannot."""


class Leaving:
    """End the application when a signal asks for it, by force when it does not come to it.

    Signals are caught in Python and not by the loop: a terminal that is not read holds the
    loop up, and the main thread still runs handlers while it waits.
    """

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self._attributes = _attributes()

    def install(self) -> None:
        """Catch the signals from now on."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, self._leave)

    def done(self) -> None:
        """Give up the use of force: the application has ended by itself."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _leave(self, number: int, _frame: object) -> None:
        code = 128 + number
        if not self._app.is_running:
            os._exit(code)
        signal.signal(signal.SIGALRM, lambda *_: self._force(code))
        signal.setitimer(signal.ITIMER_REAL, _RESTORE_S)
        if not self._app.leave_soon(code):
            self._force(code)

    def _force(self, code: int) -> None:
        restore(2, self._attributes)
        os._exit(code)


def restore(descriptor: int, attributes: list[Any] | None) -> None:
    """Bring a terminal back, even one that is not read: what it has not read yet is dropped."""
    with contextlib.suppress(OSError, termios.error):
        # Opened anew: not to wait is then ours alone, and not the shell's too.
        own = os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        if attributes is not None:
            termios.tcsetattr(own, termios.TCSANOW, attributes)
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # nothing is drawn after us
        for _ in range(_TRIES):
            _wake_other_threads()
            termios.tcflush(own, termios.TCOFLUSH)
            with contextlib.suppress(BlockingIOError):
                os.write(own, _RESTORE)
                return
            time.sleep(_TRY_AGAIN_S)


def _wake_other_threads() -> None:
    """Get textual's writer out of the write it is stuck in: it keeps all others from writing."""
    signal.signal(signal.SIGURG, lambda *_: None)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.ident is not None:
            signal.pthread_kill(thread.ident, signal.SIGURG)


def _attributes() -> list[Any] | None:
    with contextlib.suppress(OSError, termios.error):
        return termios.tcgetattr(2)
    return None
