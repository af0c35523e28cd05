"""Past calls, newest first: filter, missed only, detail, call back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.call import Call, Direction, EndReason, Party
from softphone.model.command import (
    Ask,
    CodedNames,
    DeleteRecord,
    HistoryPage,
    ListCodes,
    ListHistory,
    Query,
    RecordFound,
    ShowRecord,
)
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.record import CallRecord, HistoryFilter
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.panes.contacts import ContactsPane
from softphone.ui.panes.pane import OpenFor, Say, Send, ToDialer
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, Span, spread, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import Answer, Question
from .pick import Pick
from .platform_history import PlatformHistoryScreen

_PAGE = 100
_NEAR_END = 20
_DELETED_S = 0.2
_WIDE = 100
_COLUMNS = (Column(12), Column(7), Column(flex=1), Column(17), Column(14))
_COLUMNS_WIDE = (
    *(*_COLUMNS[:3], Column(20), Column(26), Column(6, right=True)),
    *(Column(12), Column(9)),
)
_ALL = "\0"


class HistoryScreen(ConsoleScreen):
    """Show call records in pages; Enter puts the number into the dialer."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="history")
        self.rows: RowList[CallRecord] = RowList(
            self._draw, lambda record: record.call.id, empty="No call has been made or taken yet."
        )
        self.list = FilteredList(self.rows)
        self.detail = ScrollLines(self.rows, id="history-detail")
        self._box = Vertical(self.list, classes="pane full")
        self._missed = False
        self._result = ""
        self._results: dict[str, None] = {}
        self._next = ""
        self._loading = False

    def compose_body(self) -> Iterable[Widget]:
        yield self._box
        below = Vertical(self.detail, classes="pane detail")
        below.border_title = Content("CALL")
        yield below

    def on_mount(self) -> None:
        """Load the first page; missed calls count as seen from now on."""
        self._set_title()
        self.rows.focus()
        self._reload()
        start(self, self._mark_seen, group="seen")

    def show(self, topics: frozenset[Topic]) -> None:
        """Load again when a record was written."""
        super().show(topics)
        if Topic.HISTORY in topics and self.is_mounted:
            self._reload()

    @property
    def filter(self) -> HistoryFilter:
        """Return which calls are shown."""
        return HistoryFilter(
            self.list.filter_text, missed=self._missed, limit=_PAGE, disposition=self._result
        )

    @property
    def _first_page(self) -> int:
        """Return little more than is seen while a filter is typed: every key waits for it."""
        typing = self.list.line.has_focus
        return max(1, self.rows.content_size.height) + 2 if typing else _PAGE

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Search names, numbers and notes."""
        event.stop()
        self._reload()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show all of the marked call once the filter is left."""
        if event.widget is self.rows:
            self._show_detail()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked call; fetch older ones near the end."""
        event.stop()
        self._show_detail()
        if self._next and not self._loading and self.rows.cursor > len(self.rows.rows) - _NEAR_END:
            start(self, partial(self._load, self._next), group="page", latest=True)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter calls back, m shows missed only, a keeps, b blocks, y copies, Esc closes."""
        record = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.missed":
            self._missed = not self._missed
            self._set_title()
            self._reload()
        elif event.action_id == "list.result":
            self._choose_result()
        elif event.action_id == "list.platform":
            self.app.push_screen(PlatformHistoryScreen(self.view))
        elif record is None:
            return
        elif event.action_id == "list.open" and record.call.remote.address:
            self.post_message(ToDialer(record.call.remote.address))
        elif event.action_id == "list.report":
            self.post_message(OpenFor("report.open", record.call.id))
        elif event.action_id == "list.quality":
            self.post_message(OpenFor("quality.open", record.call.id))
        elif event.action_id == "list.message" and record.call.remote.address:
            self.post_message(OpenFor("messages.open", record.call.remote.address))
        elif event.action_id == "list.block":
            self.post_message(OpenFor("list.block", record.call.remote.address))
        elif event.action_id == "contact.add":
            self._keep(record.call.remote)
        elif event.action_id == "contact.delete":
            self._delete(record)
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(record.call.remote.address)
            self.post_message(Say(f"Copied {record.call.remote.address}."))

    def _choose_result(self) -> None:
        """Choose among the results of the calls seen so far, and those that can be given."""
        start(self, self._ask_result, group="result", latest=True)

    async def _ask_result(self) -> None:
        reply = await self.view.request(ListCodes())
        given = reply.value.names if isinstance(reply.value, CodedNames) else ()
        known = dict.fromkeys([*(one.name for one in given), *self._results])
        if not known:
            self.post_message(Say("No call has a result yet.", "warning"))
            return

        def chosen(result: str | None) -> None:
            if result is not None:
                self._result = "" if result == _ALL else result
                self._set_title()
                self._reload()

        choices = [(_ALL, "all calls", ""), *((word, word, "") for word in known)]
        self.app.push_screen(Pick(self.view, "ONLY CALLS OF WHICH CAME", choices), chosen)

    def _keep(self, party: Party) -> None:
        """Open the editor with what is known of a caller."""
        if party.known:
            self.post_message(Say(f"{party.known} is among the contacts already."))
            return
        addresses = (ContactAddress(party.address),) if party.address else ()
        name = "" if party.name == party.address else party.name
        self.post_message(ContactsPane.Edit(Contact(ContactId(""), name, addresses)))

    def _delete(self, record: CallRecord) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self.post_message(Send(DeleteRecord(record.call.id)))
                self.set_timer(_DELETED_S, self._reload)

        text = f"Delete the call with {record.call.remote.label}, with its note and report?"
        answers = (Answer("y", "Delete", "yes"), Answer("n", "Leave it", "no"))
        self.app.push_screen(Question(self.view, "DELETE CALL", text, answers), done)

    async def _mark_seen(self) -> None:
        await self.view.request(Ask(Query.MISSED_SEEN))

    def _set_title(self) -> None:
        what = "MISSED CALLS" if self._missed else "HISTORY"
        if self._result:
            what = f"{what} · {self._result}"
        key = self.view.key
        title = (
            f"{what} ── Enter to dialer, {key('list.filter')} find, {key('list.missed')} missed, "
            f"{key('list.result')} result, Esc closes, "
            f"{key('contact.add')} keep, {key('list.block')} block, "
            f"{key('list.report')} report, {key('list.quality')} quality, "
            f"{key('list.platform')} platform"
        )
        self._box.border_title = Content(title)

    def _reload(self) -> None:
        start(self, partial(self._load, ""), group="page", latest=True)

    async def _load(self, before: str) -> None:
        self._loading = True
        wanted = replace(self.filter, before=before, limit=_PAGE if before else self._first_page)
        reply = await self.view.request(ListHistory(wanted))
        self._loading = False
        if not isinstance(reply.value, HistoryPage):
            self.rows.show((), reply.text)
            return
        self._next = reply.value.next
        have = tuple(self.rows.rows) if before else ()
        narrowed = wanted.text or wanted.missed or wanted.disposition
        none = "No call fits." if narrowed else "No call has been made or taken yet."
        results = (record.call.disposition for record in reply.value.records)
        self._results |= dict.fromkeys(result for result in results if result)
        self.rows.show((*have, *reply.value.records), none)
        self._show_detail()

    def _show_detail(self) -> None:
        record = self.rows.row
        self.detail.show_of(
            record.call.id if record else None, self._detail_lines(record) if record else []
        )
        typing = self.list.line.has_focus  # what is seen changes with the next key
        if record and not record.timeline and not typing:
            start(self, partial(self._load_detail, record), group="detail", latest=True)

    async def _load_detail(self, record: CallRecord) -> None:
        reply = await self.view.request(ShowRecord(record.call.id))
        found = reply.value.record if isinstance(reply.value, RecordFound) else None
        if found and self.rows.row and self.rows.row.call.id == found.call.id:
            self.detail.show_of(found.call.id, self._detail_lines(found))

    def _draw(self, record: CallRecord, width: int) -> Line:
        call = record.call
        at = local_time(call.created_at)
        role = "warn" if call.missed else "plain"
        name = call.remote.label
        number = self.view.number(call.remote.address) or "withheld"
        cells: list[Span] = [(f"{at:%d %b %H:%M}", "dim"), (_kind(call), role)]
        if width < _WIDE:
            name = number if name == call.remote.address else name
            cells += [(name, role), (number if name != number else "", "dim"), (_how(call), "dim")]
            return table_line(cells, _COLUMNS, width)
        name = "" if name == call.remote.address else name
        talked = words.duration(_talked(call)) if call.answered else ""
        end = words.end_words(call)
        cells += [(name, role), (number, role), (end, "dim"), (talked, "plain")]
        cells += [(call.disposition, "plain"), (call.account, "dim")]
        return table_line(cells, _COLUMNS_WIDE, width)

    def _detail_lines(self, record: CallRecord) -> list[Line]:
        call, quality = record.call, record.quality
        width = max(20, self.detail.content_size.width)
        number = self.view.number(call.remote.address) or "number withheld"
        code = " ".join(part for part in (call.end_code, call.end_detail) if part)
        end = words.end_words(call) + (f" ({code})" if code else "")
        name = "" if call.remote.label == call.remote.address else f"{call.remote.label}  "
        lines: list[Line] = [
            spread([(name, "strong"), (number, "plain")], [(call.account, "dim")], width),
            ((end, "dim"),),
        ]
        loss = quality.loss * 100 if quality.loss is not None else None
        lines.append((
            ("MOS ", "dim"), (f"{words.figure(quality.mos, '', 1)}   ", "plain"),
            ("jitter ", "dim"), (f"{words.figure(quality.mean_jitter_ms, 'ms')}   ", "plain"),
            ("loss ", "dim"), (words.figure(loss, "%", 1), "plain"),
        ))  # fmt: skip
        if call.disposition:
            lines.append((("Result: ", "dim"), (call.disposition, "strong")))
        if record.note:
            lines += wrap(f"Note: {record.note}", width, limit=3)
        for entry in record.timeline:
            at = local_time(entry.at)
            lines.append((
                (f"{at:%H:%M:%S}  ", "dim"), (f"{entry.what}  ", "plain"), (entry.detail, "dim")
            ))  # fmt: skip
        return lines


def _kind(call: Call) -> str:
    if call.missed:
        return "missed"
    if call.end_reason is EndReason.BLOCKED:
        return "blocked"
    return "in" if call.direction is Direction.INBOUND else "out"


def _how(call: Call) -> str:
    return words.duration(_talked(call)) if call.answered else words.end_words(call)


def _talked(call: Call) -> float:
    if call.answered_at is None or call.ended_at is None:
        return 0.0
    return call.ended_at - call.answered_at
