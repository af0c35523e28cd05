"""Merges what frames bring: a frame's news four times a second, quality twice a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.monitor import Frame, FrameId

from . import wire
from .frame import StoredFrame
from .wire import Counts, Table, Wire

_TICK_S = 0.25
_QUALITY_EVERY_TICKS = 2


def as_frame(frame: StoredFrame, account: AccountName) -> Frame:
    """Return a frame as the console sees it."""
    return Frame(
        id=frame.id,
        account=account,
        what=frame.spec.what,
        state=frame.state,
        received=frame.rows.came,
        kept=frame.rows.kept,
        updating=frame.fetching is not None and not frame.fetching.done(),
        progress=frame.progress,
        partial=frame.partial,
        problem=frame.problem,
        stale_since=frame.stale_since,
    )


@dataclass(slots=True)
class Telling:
    """Collects changes and tells them at a bounded pace; the newest of each wins."""

    account: AccountName
    names: Wire
    counts: Counts
    emit: Callable[[e.AdapterEvent], None]
    _frames: dict[FrameId, StoredFrame] = field(default_factory=dict)
    _quality: dict[FrameId, StoredFrame] = field(default_factory=dict)
    _samples: dict[FrameId, Table] = field(default_factory=dict)
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    def frame(self, frame: StoredFrame) -> None:
        """Note that a frame changed."""
        self._frames[frame.id] = frame
        self._some.set()

    def quality(self, frame: StoredFrame) -> None:
        """Note that newer quality is there."""
        self._quality[frame.id] = frame
        self._some.set()

    def forget(self, frame: StoredFrame) -> None:
        """A frame is closed and forgotten: that is the last that is told of it."""
        self._quality.pop(frame.id, None)
        self._samples.pop(frame.id, None)
        self._frames.pop(frame.id, None)
        self.emit(e.FrameChanged(as_frame(frame, self.account)))

    async def run(self) -> None:
        """Tell until cancelled; at the end tell what is left."""
        tick = 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                self._some.clear()
                if not self._frames and not self._quality:
                    await self._some.wait()
                self._tell_frames()
                if tick % _QUALITY_EVERY_TICKS == 0:
                    self._tell_quality()
                tick += 1
                await asyncio.sleep(_TICK_S)
        self._tell_frames()

    def _tell_frames(self) -> None:
        frames, self._frames = self._frames, {}
        for frame in frames.values():
            self.emit(e.FrameChanged(as_frame(frame, self.account)))

    def _tell_quality(self) -> None:
        frames, self._quality = self._quality, {}
        for frame in frames.values():
            event = self._event(frame)
            if event is not None:
                self.emit(event)

    def _event(self, frame: StoredFrame) -> e.AdapterEvent | None:
        row = frame.latest
        if row is None or frame.spec.live_of is None:
            return None
        if not frame.spec.live_of[1]:
            call = wire.call_snapshot(row, self.names, self.counts)
            return e.CallObserved(self.account, frame.id, call)
        before = self._samples.get(frame.id)
        self._samples[frame.id] = row
        shown = row
        if wire.is_sample(row):
            shown = wire.snapshot_of(row, before)
        client = wire.client_snapshot(shown, self.names, self.counts, raw=row)
        return e.ClientObserved(self.account, frame.id, client)
