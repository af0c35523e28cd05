"""Start a coroutine that a widget, a screen or the app owns: it ends with its owner."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode


def start(
    owner: DOMNode,
    work: Callable[[], Coroutine[Any, Any, object]],
    *,
    group: str,
    latest: bool = False,
) -> None:
    """Run `work()`; with `latest`, what runs in the group is cancelled first.

    A function, not a coroutine: one that is cancelled before it began must not be left unawaited.
    """
    owner.run_worker(work, group=group, exclusive=latest)  # type: ignore[arg-type]  # its union of callables has no solution
