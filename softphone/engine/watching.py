"""Which frames of monitored services each client has open: one that is gone leaves none behind."""

from __future__ import annotations

from softphone.model import command as c


class Watching:
    """Remembers what clients opened and have not closed."""

    def __init__(self) -> None:
        self._open: dict[str, list[c.CloseFrame]] = {}

    def note(self, client_id: str, command: c.Command, value: c.Value | None) -> None:
        """Take a command that was done, and its value."""
        if isinstance(command, c.OpenFrame) and isinstance(value, c.FrameOpened):
            close = c.CloseFrame(command.account, value.frame.id)
            self._open.setdefault(client_id, []).append(close)
        elif isinstance(command, c.CloseFrame) and command in self._open.get(client_id, ()):
            self._open[client_id].remove(command)

    def left(self, client_id: str) -> list[c.CloseFrame]:
        """Return what has to be closed, as the client is gone."""
        return self._open.pop(client_id, [])
