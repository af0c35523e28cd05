"""Work on a file beside everything else, with a bar over the screen; closing the bar stops it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.worker import Worker

from softphone.model.error import SoftphoneError
from softphone.model.text import clean

from .screens.progress import Progress

if TYPE_CHECKING:
    from .app import SoftphoneApp

Work = Callable[[Path, Progress], Coroutine[Any, Any, str]]


def work_on(app: SoftphoneApp, title: str, path: Path, work: Work) -> None:
    """Run the work; say what it returns, that it was stopped, or why it failed (an OSError)."""
    running: list[Worker[None]] = []

    def stop() -> None:
        for one in running:
            one.cancel()

    bar = Progress(app.view, title, stop)

    async def run() -> None:
        said, severity = "Stopped.", "warning"
        try:
            said, severity = await work(path, bar), "information"
        except SoftphoneError as problem:
            said = problem.message
        except OSError as problem:
            said = f"{clean(str(path))}: {problem.strerror or problem}."
        finally:
            running.clear()  # nothing is left to be stopped
            if bar in app.screen_stack:
                bar.dismiss(None)
            if said:
                app.say(said, severity)

    app.push_screen(bar)
    running.append(app.run_worker(run, group="file"))
