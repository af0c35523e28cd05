"""Start the console: check the terminal, run the application, end with its exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.config import CallsConfig, UiConfig
from softphone.engine.link import Link

if TYPE_CHECKING:
    from .app import SoftphoneApp

_RESTORE_S = 1.5


def terminal_problem() -> str | None:
    """Return why no console can be shown here, in one sentence; imports no textual."""
    try:
        if not (os.isatty(0) and os.isatty(1)):
            return "This is no terminal; use softphone --plain or the softphone commands."
    except OSError:
        return "Standard input or output is closed; the console needs a terminal."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM says the terminal cannot show a console; use softphone --plain."
    return None


def run_console(
    connect: Callable[[], Awaitable[Link]],
    settings: UiConfig,
    keys: Mapping[str, tuple[str, ...]],
    *,
    calls: CallsConfig,
    region: str = "",
    crash: Path | None = None,
) -> int:
    """Run the console until the operator leaves; return the exit code.

    `connect` is called again whenever the engine is lost. `crash` is where a crash report goes.
    """
    if problem := terminal_problem():
        print(f"softphone: {problem}", file=sys.stderr)
        return 2
    from .app import SoftphoneApp  # textual is heavy and not needed to refuse

    app = SoftphoneApp(
        connect, settings, keys, calls=calls, region=region, crash_file=crash, calm=True
    )
    _leave_on_signals(app)
    app.run()
    return app.return_code or 0


def _leave_on_signals(app: SoftphoneApp) -> None:
    """Restore the terminal and leave on SIGHUP and SIGTERM; textual handles neither.

    A terminal that is gone cannot be restored: after a moment the process ends anyway.
    """

    def leave(number: int, _frame: object) -> None:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(128 + number))
        signal.setitimer(signal.ITIMER_REAL, _RESTORE_S)
        if app.is_running:
            app.call_later(app.exit, return_code=128 + number)
        else:
            os._exit(128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, leave)
