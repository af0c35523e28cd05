"""Callbacks by event, as programs know them from the service's own SDK."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

Callback = Callable[..., None]


class Emitter:
    """Callbacks by event; one that raises is logged and stops nobody."""

    _events: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {name: [] for name in self._events}

    def on(self, event: str, callback: Callback) -> None:
        """Call `callback` at every such event."""
        self._of(event).append(callback)

    def off(self, event: str, callback: Callback) -> None:
        """Call it no more."""
        if callback in self._of(event):
            self._of(event).remove(callback)

    def emit(self, event: str, *arguments: object) -> None:
        """Call what listens, with the event's arguments."""
        for callback in list(self._of(event)):
            try:
                callback(*arguments)
            except Exception:
                logger.exception("a callback for %s failed", event)

    def _of(self, event: str) -> list[Callback]:
        if event not in self._callbacks:
            raise ValueError(f"no event {event!r}; one of {', '.join(self._events)}")
        return self._callbacks[event]
