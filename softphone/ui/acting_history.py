"""The history into files and out of them, in parts, with a bar that can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softphone.model import command as c
from softphone.model.error import Refused
from softphone.model.record import CallRecord, HistoryFilter

from . import words
from .filework import Work, work_on
from .historyfile import HistoryWriter, records_in
from .screens.dialogs import AskLine
from .screens.history import HistoryScreen
from .screens.progress import Progress

if TYPE_CHECKING:
    from .app import SoftphoneApp

_PAGE = 200


class HistoryActing:
    """Asks for the file, then reads or writes it beside everything else."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self.actions: Mapping[str, Callable[[], object]] = {
            "history.export": self._ask_export,
            "history.import": self._ask_import,
        }

    def _ask_export(self) -> None:
        screen = self._app.screen
        wanted = screen.filter if isinstance(screen, HistoryScreen) else HistoryFilter()
        text = "Write the calls to which file? A name that ends in .csv makes a table."

        def work(path: Path, bar: Progress) -> Coroutine[Any, Any, str]:
            return self._export(path, bar, wanted)

        self._ask("EXPORT HISTORY", text, work)

    def _ask_import(self) -> None:
        text = "Read which file? One that was exported here, in JSON lines."
        self._ask("IMPORT HISTORY", text, self._import)

    def _ask(self, title: str, text: str, work: Work) -> None:
        app = self._app

        def named(name: str | None) -> None:
            if name:
                work_on(app, title, Path(name).expanduser(), work)

        app.push_screen(AskLine(app.view, title, text), named)

    async def _export(self, path: Path, bar: Progress, wanted: HistoryFilter) -> str:
        writer = await asyncio.to_thread(HistoryWriter, path)
        count, before = 0, ""
        try:
            while True:
                page = await self._page(wanted, before)
                for record in page.records:
                    await asyncio.to_thread(writer.add, await self._whole(record))
                count += len(page.records)
                bar.tell(f"{words.plural(count, 'call')} written")
                if not (before := page.next):
                    break
            await asyncio.to_thread(writer.finish)
        except BaseException:
            writer.give_up()
            raise
        return f"{words.plural(count, 'call')} written to {path}."

    async def _page(self, wanted: HistoryFilter, before: str) -> c.HistoryPage:
        asked = HistoryFilter(
            wanted.text, wanted.account, wanted.missed, before, _PAGE, wanted.disposition
        )
        reply = await self._app.view.request(c.ListHistory(asked))
        if not isinstance(reply.value, c.HistoryPage):
            raise Refused(reply.text or "The engine gives no answer.")
        return reply.value

    async def _whole(self, record: CallRecord) -> CallRecord:
        """Return a record with its timeline."""
        reply = await self._app.view.request(c.ShowRecord(record.call.id))
        found = reply.value.record if isinstance(reply.value, c.RecordFound) else None
        return found or record

    async def _import(self, path: Path, bar: Progress) -> str:
        size = max(1, (await asyncio.to_thread(path.stat)).st_size)
        found = records_in(path)
        read = added = refused = 0
        while part := await asyncio.to_thread(lambda: list(islice(found, _PAGE))):
            records = tuple(record for _, record in part if record is not None)
            reply = await self._app.view.request(c.ImportRecords(records))
            if not isinstance(reply.value, c.Done):
                raise Refused(reply.text or "The engine gives no answer.")
            read += len(records)
            added += reply.value.count
            refused += len(part) - len(records)
            bar.tell(f"{words.plural(read, 'call')} read, {added} new", part[-1][0] / size)
        left_out = f"; {words.plural(refused, 'line')} left out, no call records" if refused else ""
        return f"{added} of {words.plural(read, 'call')} added, the others are known{left_out}."
