"""A frame of rows for programs: iterable, with events, in the words of the service's own SDK."""

from __future__ import annotations

import asyncio
import bisect
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.model.error import Refused

from . import wire
from .emitter import Emitter
from .frame import StoredFrame
from .service import Service
from .wire import Table

logger = logging.getLogger(__name__)

Row = Mapping[str, Any]

_WAITING_ROWS = 10_000


@dataclass(eq=False, slots=True)
class _Waiting:
    """New rows on their way to one asynchronous iteration."""

    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=_WAITING_ROWS))
    some: asyncio.Event = field(default_factory=asyncio.Event)
    told: bool = False


class DataFrame(Emitter):
    """Rows of a call, a client or a resource. Iterate over a copy of what is here; iterate
    asynchronously over rows as they come. Events: newrow(row), error(text), close()."""

    _events = ("newrow", "error", "close")

    def __init__(
        self, service: Service, stored: StoredFrame, sort_key: Callable[[Row], Any] | None
    ) -> None:
        super().__init__()
        self._service = service
        self._stored = stored
        self._sort_key = sort_key
        self._sorted: list[Row] = []
        self._waiting: list[_Waiting] = []
        self._closed = False

    @property
    def data_frame_id(self) -> str:
        """Return the service's id of it; another one after a reconnect."""
        return self._stored.native

    @property
    def state(self) -> str:
        """Return created, open, stale, closed or failed."""
        return self._stored.state.value

    @property
    def partial(self) -> bool:
        """Tell whether the last update stopped before the end."""
        return self._stored.partial

    @property
    def received(self) -> int:
        """Return how many rows have come; the newest of them are kept."""
        return self._stored.rows.came

    def __iter__(self) -> Iterator[Row]:
        """Iterate over a copy of the rows, sorted when there is a sort key."""
        rows = self._stored.rows.all() if self._sort_key is None else list(self._sorted)
        return iter(rows)

    def __len__(self) -> int:
        """Return how many rows are kept."""
        return self._stored.rows.kept

    async def __aiter__(self) -> AsyncIterator[Row]:
        """Iterate over new rows until the frame is closed. At most 10,000 wait for a slow loop;
        beyond that the oldest go, and `error` tells so once."""
        waiting = _Waiting()
        self._waiting.append(waiting)
        try:
            while waiting.rows or not self._closed:
                while waiting.rows:
                    yield waiting.rows.popleft()
                waiting.some.clear()
                if not self._closed:
                    await waiting.some.wait()
        finally:
            self._waiting.remove(waiting)

    async def update(self) -> None:
        """Fetch what is stored and not here yet; raises Refused when the service fails."""
        if self._stored.over:
            raise Refused("The frame is closed.", code=wire.CONFLICT)
        before = self._stored.troubles
        task = self._service.frames.update(self._stored)
        await asyncio.wait([task])
        self._sort()
        if self._stored.troubles != before:
            raise Refused(self._stored.problem, code=wire.INTERNAL)

    def close(self) -> None:
        """Close the frame: rows stay, nothing more comes. Closing again is harmless."""
        self._service.frames.close(self._stored)
        self.end()

    def dispatch(self, event: Mapping[str, Any]) -> None:
        """Take an event as the wire has it: {"type": "newrow", "payload": {…}}."""
        message = {
            "kind": self._service.names.kind_notification,
            "type": self._service.names.type_frame,
            "dataFrameId": self._stored.native or "closed",
            "event": dict(event),
        }
        self._service.line_said(wire.decode_server(wire.as_text(message), self._service.names))

    def rows_came(self, rows: list[Table]) -> None:
        """Take new rows."""
        for row in rows:
            if self._sort_key is not None:
                self._insert(row)
            for waiting in self._waiting:
                self._hand_to(waiting, row)
            self.emit("newrow", row)

    def _hand_to(self, waiting: _Waiting, row: Row) -> None:
        if len(waiting.rows) == waiting.rows.maxlen and not waiting.told:
            waiting.told = True
            self.emit("error", "rows are iterated over too slowly; the oldest are left out")
        waiting.rows.append(row)
        waiting.some.set()

    def _insert(self, row: Row) -> None:
        assert self._sort_key is not None
        try:
            bisect.insort(self._sorted, row, key=self._sort_key)
        except Exception:  # the program's own key: a row it cannot judge goes to the end
            logger.exception("the sort key failed")
            self._sorted.append(row)
        if len(self._sorted) > max(self._stored.rows.kept, 1):
            del self._sorted[0]

    def _sort(self) -> None:
        if self._sort_key is not None:
            try:
                self._sorted.sort(key=self._sort_key)
            except Exception:
                logger.exception("the sort key failed")

    def trouble(self, text: str) -> None:
        """Tell of trouble."""
        self.emit("error", text)

    def end(self) -> None:
        """Nothing more comes; told once."""
        if self._closed:
            return
        self._closed = True
        for waiting in self._waiting:
            waiting.some.set()
        self.emit("close")
