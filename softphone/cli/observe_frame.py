"""`softphone observe frame`: rows of a frame on standard output, also as they come."""

from __future__ import annotations

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .options import complain

if TYPE_CHECKING:
    from softphone.model.command import OpenFrame
    from softphone.model.monitor import Frame

    from .session import Session

_PAGE = 500


async def show_frame(session: Session, options: Namespace) -> int:
    """Open a frame and print its rows; without --follow until all stored ones are there."""
    from softphone.model.command import CloseFrame, FrameOpened

    opened = await session.ask(_wanted(session, options))
    assert isinstance(opened, FrameOpened)
    frame = opened.frame
    try:
        frame = await _print_rows(session, frame, options)
    finally:
        await session.ask(CloseFrame(frame.account, frame.id))
    if frame.problem or frame.partial:
        from .observe import frame_words

        complain(frame_words(frame))
    return 1 if frame.state == "failed" else 0


def _wanted(session: Session, options: Namespace) -> OpenFrame:
    from softphone.model.command import FrameKind, OpenFrame
    from softphone.model.error import Refused

    from .observe import monitoring

    account = monitoring(session, options)
    match options.target:
        case ["call", call]:
            return OpenFrame(account, FrameKind.CALL, call)
        case ["client", call, client]:
            return OpenFrame(account, FrameKind.CLIENT, call, client)
        case [resource] if resource not in ("call", "client"):
            kind = FrameKind.DATABASE
            return OpenFrame(account, kind, resource=resource, conditions=options.where)
    raise Refused("Say call CALL, client CALL CLIENT, or the name of a resource.")


async def _print_rows(session: Session, frame: Frame, options: Namespace) -> Frame:
    """Print rows page by page; wait for the frame's news when there are none."""
    from softphone.model.command import FrameRows, ReadFrame
    from softphone.model.event import FrameChanged
    from softphone.model.monitor import FrameState

    printer = _Printer(options)
    events = session.link.events()
    after = 0
    while True:
        found = await session.ask(ReadFrame(frame.account, frame.id, after, _PAGE))
        assert isinstance(found, FrameRows)
        if found.missed:
            complain(f"{found.missed} rows came faster than they could be read")
        frame, after = found.frame, found.next
        for row in found.rows:
            printer.show(row)
            if options.limit and printer.count >= options.limit:
                return frame
        if found.rows:
            continue
        over = frame.state in (FrameState.CLOSED, FrameState.FAILED)
        fetched = not frame.updating and frame.state is not FrameState.CREATED
        if over or (fetched and not options.follow):
            return frame
        async for event in events:
            if isinstance(event, FrameChanged) and event.frame.id == frame.id:
                break
        else:
            return frame


class _Printer:
    """Prints rows as JSON lines, or as a table: of the columns that were named, else of those of
    the first row."""

    def __init__(self, options: Namespace) -> None:
        self.count = 0
        self._table = csv.writer(sys.stdout) if options.csv else None
        named = (name.strip() for name in options.columns.split(","))
        self._columns: Sequence[str] = [name for name in named if name]
        self._headed = False

    def show(self, row: str) -> None:
        """Print one row."""
        self.count += 1
        if self._table is None:
            print(row, flush=True)
            return
        from softphone.ui.rowfile import cell

        data = _object(row)
        if not self._headed:
            self._headed = True
            self._columns = self._columns or list(data)
            self._table.writerow([_harmless(cell(name)) for name in self._columns])
        self._table.writerow([_harmless(cell(data.get(name))) for name in self._columns])


def _harmless(value: object) -> object:
    """Return a text that a terminal may show; into a file or pipe it goes as it came."""
    from softphone.model.text import clean

    return clean(value, 65_536) if isinstance(value, str) and sys.stdout.isatty() else value


def _object(row: str) -> dict[str, Any]:
    data = json.loads(row)
    return data if isinstance(data, dict) else {"value": data}
