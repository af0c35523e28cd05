"""The rows of a monitored service's database: choose, fetch in chunks, look, export."""

from __future__ import annotations

import asyncio
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
from softphone.model.monitor import Frame, FrameId, FrameState
from softphone.ui import words
from softphone.ui.jsontext import members
from softphone.ui.monitoring import progress_bar, stale_since
from softphone.ui.panes.pane import Say
from softphone.ui.rowfile import RowFile
from softphone.ui.rowspool import RowSpool
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, dimmed, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine
from .pick import Pick

_PAGE = 500
_KEPT = 5_000
_OTHER = "another resource"
_ASK = "Which rows? Conditions as a JSON object: a value, a list of values, or a range a column."


class RowsScreen(ConsoleScreen):
    """a asks for rows, D stops the fetch, e chooses columns, w writes what came to a file."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="rows")
        self.rows: RowList[tuple[int, str]] = RowList(
            self._draw,
            lambda row: row[0],
            empty="a asks for the rows of a resource.",
        )
        self.detail = ScrollLines(self.rows, id="row-detail")
        self._frame: Frame | None = None
        self._fetched: list[tuple[int, str]] = []
        self._spool: RowSpool | None = None
        self._columns: tuple[str, ...] = ()
        self._next = self._missed = 0
        self._reading = self._writing = False
        self._box = Vertical(self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        key = self.view.key
        self._box.border_title = Content(
            f"DATABASE ── {key('contact.add')} ask, {key('contact.delete')} stop, "
            f"{key('contact.edit')} columns, {key('list.watch')} write to a file, Esc closes"
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
        if self._spool is not None and not self._writing:
            self._spool.close()
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
        elif event.action_id == "contact.edit":
            self._choose_columns()
        elif event.action_id == "list.copy" and row is not None:
            self.app.copy_to_clipboard(row[1])
            self.post_message(Say("Copied the row."))

    # ---- fetching ------------------------------------------------------------------------------

    def _ask(self) -> None:
        start(self, self._ask_resource, group="ask", latest=True)

    async def _ask_resource(self) -> None:
        if self.account is None:
            return
        reply = await self.view.request(c.ListResources(self.account))
        if not isinstance(reply.value, c.ResourcesFound):
            self.post_message(Say(reply.text or "The service gives no answer.", "warning"))
            return
        example = reply.value.example

        def chosen(name: str | None) -> None:
            if name == _OTHER:
                ask = AskLine(self.view, "ROWS", "Which resource?")
                self.app.push_screen(ask, partial(self._ask_conditions, example))
            else:
                self._ask_conditions(example, name)

        choices = [(name, name, "") for name in (*reply.value.names, _OTHER)]
        self.app.push_screen(Pick(self.view, "ROWS OF", choices), chosen)

    def _ask_conditions(self, example: str, resource: str | None) -> None:
        def done(text: str | None) -> None:
            if text and resource:
                start(self.app, partial(self._open, resource, text), group="open")

        if resource:
            ask = AskLine(self.view, resource, _ASK)
            ask.field.value = example
            self.app.push_screen(ask, done)

    async def _open(self, resource: str, conditions: str) -> None:
        if self.account is None:
            return
        if self._frame is not None:
            await self._close(self._frame)
        wanted = c.OpenFrame(
            self.account, c.FrameKind.DATABASE, resource=resource, conditions=conditions
        )
        reply = await self.view.request(wanted)
        if self.gone:
            if isinstance(reply.value, c.FrameOpened):
                await self._close(reply.value.frame)
            return
        if not isinstance(reply.value, c.FrameOpened):
            self.post_message(Say(reply.text or "The service gives no answer.", "warning"))
            return
        if self._spool is not None and not self._writing:
            self._spool.close()
        self._frame, self._fetched, self._spool = reply.value.frame, [], RowSpool()
        self._next = self._missed = 0
        self._columns = ()
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
                if not isinstance(reply.value, c.FrameRows) or not self._keep(reply.value):
                    break
                self._paint()
        except OSError as problem:  # nowhere to keep them
            self.post_message(Say(f"No more rows can be kept: {problem.strerror}.", "warning"))
            if self._frame is not None:
                await self._stop(self._frame.id)
        finally:
            self._reading = False
        self._paint()

    def _keep(self, found: c.FrameRows) -> bool:
        """Keep a page of the frame that is shown; False when it brought nothing."""
        if self._frame is None or found.frame.id != self._frame.id or self._spool is None:
            return True
        self._frame = found.frame
        self._missed += found.missed
        if found.rows:
            first = found.next - len(found.rows)
            self._spool.add(found.rows)
            self._fetched += list(enumerate(found.rows, first))
            del self._fetched[:-_KEPT]
            self._next = found.next
        return bool(found.rows)

    # ---- columns and export --------------------------------------------------------------------

    def _choose_columns(self) -> None:
        known = [name for name, _ in members(self.rows.row[1]) or ()] if self.rows.row else []

        def done(text: str | None) -> None:
            if text is not None:
                names = (name.strip() for name in text.split(","))
                self._columns = () if text == "*" else tuple(name for name in names if name)
                self._paint()

        text = "Which columns, with commas between them? * for whole rows."
        ask = AskLine(self.view, "COLUMNS", text)
        ask.field.value = ", ".join(self._columns or known)
        self.app.push_screen(ask, done)

    def _export(self) -> None:
        if self._spool is None or not self._spool.count:
            self.post_message(Say("There is nothing to write yet.", "warning"))
            return

        def done(text: str | None) -> None:
            if text:
                start(self.app, partial(self._write, Path(text).expanduser()), group="write")

        text = "Write to which file? A name that ends in .csv makes a table, else JSON lines."
        self.app.push_screen(AskLine(self.view, "EXPORT", text), done)

    async def _write(self, path: Path) -> None:
        """Write all rows that came, beside everything else; the screen may close meanwhile."""
        spool = self._spool
        if spool is None:
            return
        self._writing = True
        try:
            count = await asyncio.to_thread(RowFile(path).write, spool, self._columns)
        except OSError as problem:
            self.app.post_message(Say(f"{path}: {problem.strerror}.", "warning"))
            return
        finally:
            self._writing = False
            if not self.is_mounted or spool is not self._spool:
                spool.close()
        self.app.post_message(Say(f"{words.plural(count, 'row')} written to {path}."))

    # ---- painting ------------------------------------------------------------------------------

    def _paint(self) -> None:
        self.rows.show(list(self._fetched), "No row fits, or none has come yet.")
        self._box.border_subtitle = Content(self._below())
        self._paint_detail()

    def _draw(self, row: tuple[int, str], width: int) -> Line:
        line: Line = ((row[1], "plain"),)
        if self._columns:
            found = dict(members(row[1]) or ())
            cells = [
                (value if (value := found.get(name)) is not None else words.DASH, "plain")
                for name in self._columns
            ]
            line = table_line(cells, [Column(flex=1)] * len(cells), width)
        stale = self._frame is not None and self._frame.state is FrameState.STALE
        return dimmed(line) if stale else line

    def _below(self) -> str:
        frame = self._frame
        if frame is None:
            return ""
        parts = [frame.what, f"{frame.received:,} {'row' if frame.received == 1 else 'rows'}"]
        if frame.state is FrameState.STALE:
            parts.append(stale_since(frame.stale_since))
        elif frame.updating:
            parts += [progress_bar(frame.progress), "fetching …"]
        else:
            parts.append(frame.state.value)
        parts.append(f"{self._missed:,} missed" if self._missed else "")
        parts += ["partial" if frame.partial else "", frame.problem]
        return " · ".join(part for part in parts if part)

    def _paint_detail(self) -> None:
        row = self.rows.row
        width = max(20, self.detail.content_size.width)
        self.detail.show_of(row[0] if row else None, _members(row[1], width) if row else [])


def _members(text: str, width: int) -> list[Line]:
    """Return a row with one member a line; null is a dash."""
    found = members(text)
    if found is None:
        return wrap(text, width, "plain", 10)
    return [
        ((f"{name:<28} ", "dim"), (words.DASH if value is None else value, "plain"))
        for name, value in found
    ]
