"""Start the console: check the terminal, run the application, end with its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from softphone.config import CallsConfig, UiConfig
from softphone.engine.link import Link

_PAINTS = "200"  # a second at most: an answer is seen after 10 ms, not 33; idle costs nothing


def terminal_problem() -> str | None:
    """Return why no console can be shown here, in one sentence; imports no textual."""
    try:
        if not all(os.isatty(number) for number in (0, 1, 2)):  # textual draws on 2
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
    layouts: Mapping[str, tuple[str, ...]] | None = None,
    config: Path | None = None,
    screenshots: Path = Path("screenshots"),
) -> int:
    """Run the console until the operator leaves; return the exit code.

    `connect` is called again whenever the engine is lost. `crash` is where a crash report goes,
    `config` the file in which the console keeps what is changed in it, `screenshots` a folder.
    """
    if problem := terminal_problem():
        print(f"softphone: {problem}", file=sys.stderr)
        return 2
    for name in ("COLUMNS", "LINES"):  # a size somebody exported once would hold for ever
        os.environ.pop(name, None)
    os.environ.setdefault("TEXTUAL_FPS", _PAINTS)  # read when textual is imported
    from .altdigits import know_alt_digits
    from .app import SoftphoneApp  # textual is heavy and not needed to refuse
    from .leaving import Leaving
    from .settingsfile import SettingsFile

    app = SoftphoneApp(
        connect,
        settings,
        keys,
        calls=calls,
        region=region,
        crash_file=crash,
        calm=True,
        layouts=layouts,
        settings_file=SettingsFile(config) if config else None,
        screenshots=screenshots,
    )
    know_alt_digits()
    leaving = Leaving(app)
    leaving.install()
    app.run(mouse=settings.mouse)
    leaving.done()
    return app.return_code or 0
