"""The rows of a monitored service's database: choose, fetch in chunks, look, export."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.monitor import Frame, FrameId
from softphone.ui import words
from softphone.ui.jsontext import members
from softphone.ui.panes.pane import Say
from softphone.ui.rowfile import RowFile
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine

_PAGE = 500
_KEPT = 5_000
_ASK = 'Resource, then conditions as JSON: callEvents {"callId": "c-1"}'


class RowsScreen(ConsoleScreen):
    """a asks for rows, D stops or closes, w writes what was fetched to a file."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="rows")
        self.rows: RowList[tuple[int, str]] = RowList(
            lambda row, width: ((row[1], "plain"),),
            lambda row: row[0],
            empty="a asks for the rows of a resource.",
        )
        self.detail = Lines(id="row-detail")
        self._frame: Frame | None = None
        self._fetched: list[tuple[int, str]] = []
        self._next = 0
        self._reading = False
        self._box = Vertical(self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        key = self.view.key
        self._box.border_title = Content(
            f"DATABASE ── {key('contact.add')} ask, {key('contact.delete')} stop, "
            f"{key('list.watch')} write to a file, Esc closes"
        )
        yield self._box
        below = Vertical(self.detail, classes="pane detail")
        below.border_title = Content("ROW")
        yield below

    def on_mount(self) -> None:
        """Listen for the frame's growth."""
        self.rows.focus()
        self.view.session.listeners.append(self._heard)

    def on_unmount(self) -> None:
        """Close the frame."""
        self.view.session.listeners.remove(self._heard)
        if self._frame is not None:
            start(self.app, partial(self._close, self._frame), group="close")

    def show(self, topics: frozenset[Topic]) -> None:
        """Read what came."""
        super().show(topics)
        if self.is_mounted and Topic.MONITOR in topics:
            self._read_soon()

    @property
    def account(self) -> AccountName | None:
        """Return the first account that monitors a service."""
        able = accounts_that(self.view.now, Capability.MONITORING)
        return able[0].name if able else None

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked row."""
        event.stop()
        self._paint_detail()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Do what the lists' keys ask."""
        event.stop()
        row = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "contact.add":
            self._ask()
        elif event.action_id == "contact.delete" and self._frame is not None:
            start(self, partial(self._stop, self._frame.id), group="stop")
        elif event.action_id == "list.watch":
            self._export()
        elif event.action_id == "list.copy" and row is not None:
            self.app.copy_to_clipboard(row[1])
            self.post_message(Say("Copied the row."))

    # ---- fetching ------------------------------------------------------------------------------

    def _ask(self) -> None:
        def done(text: str | None) -> None:
            resource, _, given = (text or "").partition(" ")
            if resource:
                start(self, partial(self._open, resource, given.strip() or "{}"), group="open")

        self.app.push_screen(AskLine(self.view, "ROWS", _ASK), done)

    async def _open(self, resource: str, conditions: str) -> None:
        if self.account is None:
            return
        if self._frame is not None:
            await self._close(self._frame)
        wanted = c.OpenFrame(
            self.account, c.FrameKind.DATABASE, resource=resource, conditions=conditions
        )
        reply = await self.view.request(wanted)
        if not isinstance(reply.value, c.FrameOpened):
            self.post_message(Say(reply.text or "The service gives no answer.", "warning"))
            return
        self._frame, self._fetched, self._next = reply.value.frame, [], 0
        self._read_soon()

    async def _stop(self, frame: FrameId) -> None:
        if self._frame is not None:
            await self.view.request(c.UpdateFrame(self._frame.account, frame, stop=True))

    async def _close(self, frame: Frame) -> None:
        await self.view.request(c.CloseFrame(frame.account, frame.id))

    def _heard(self, event: e.Event) -> None:
        if isinstance(event, e.FrameChanged) and self._frame and event.frame.id == self._frame.id:
            self._frame = event.frame

    def _read_soon(self) -> None:
        if self._frame is not None and not self._reading:
            start(self, self._read, group="read")

    async def _read(self) -> None:
        """Read all rows that came; a page at a time, so that keys are answered meanwhile."""
        self._reading = True
        try:
            while self._frame is not None:
                wanted = c.ReadFrame(self._frame.account, self._frame.id, self._next, _PAGE)
                reply = await self.view.request(wanted)
                if not isinstance(reply.value, c.FrameRows):
                    break
                self._frame = reply.value.frame
                if not reply.value.rows:
                    break
                first = reply.value.next - len(reply.value.rows)
                self._fetched += list(enumerate(reply.value.rows, first))
                del self._fetched[:-_KEPT]
                self._next = reply.value.next
                self._paint()
        finally:
            self._reading = False
        self._paint()

    # ---- export and painting -------------------------------------------------------------------

    def _export(self) -> None:
        if not self._fetched:
            self.post_message(Say("There is nothing to write yet.", "warning"))
            return

        def done(text: str | None) -> None:
            if text:
                self._write(Path(text).expanduser())

        text = "Write to which file? A name that ends in .csv makes a table, else JSON lines."
        self.app.push_screen(AskLine(self.view, "EXPORT", text), done)

    def _write(self, path: Path) -> None:
        try:
            count = RowFile(path).write(text for _, text in self._fetched)
        except OSError as problem:
            self.post_message(Say(f"{path}: {problem.strerror}.", "warning"))
            return
        self.post_message(Say(f"{count} rows written to {path}."))

    def _paint(self) -> None:
        self.rows.show(list(self._fetched), "No row fits, or none has come yet.")
        self._box.border_subtitle = Content(self._below())
        self._paint_detail()

    def _below(self) -> str:
        frame = self._frame
        if frame is None:
            return ""
        state = "fetching …" if frame.updating else frame.state.value
        part = " · partial" if frame.partial else ""
        problem = f" · {frame.problem}" if frame.problem else ""
        return f"{frame.what} · {words.plural(frame.received, 'row')} · {state}{part}{problem}"

    def _paint_detail(self) -> None:
        row = self.rows.row
        width = max(20, self.detail.content_size.width)
        self.detail.show(_members(row[1], width) if row else [])


def _members(text: str, width: int) -> list[Line]:
    """Return a row with one member a line; null is a dash."""
    found = members(text)
    if found is None:
        return wrap(text, width, "plain", 10)
    return [
        ((f"{name:<28} ", "dim"), (words.DASH if value is None else value, "plain"))
        for name, value in found
    ]
