"""Read an address book into the contacts: look at the file first, then import it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.contact import FoundContact
from softphone.model.error import Refused
from softphone.model.text import clean

from .contactfile import found_in
from .filework import work_on
from .screens.dialogs import Answer, AskLine, Question
from .screens.progress import Progress

if TYPE_CHECKING:
    from .app import SoftphoneApp

_BATCH = 200
_REFUSALS_SHOWN = 3


@dataclass(slots=True)
class _Outcome:
    read: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Return what came of it, with the first refusals."""
        parts = [f"{self.added} new", f"{self.known} known"]
        if self.refused:
            parts.append(f"{self.refused} refused ({'; '.join(self.first)})")
        return ", ".join(parts)

    def refuse(self, line: int, reason: str) -> None:
        """Count what is refused, and keep the first of it to show."""
        self.refused += 1
        if len(self.first) < _REFUSALS_SHOWN:
            self.first.append(f"line {line}: {reason}")


class ImportActing:
    """Asks for a file, tells what is in it, and imports it when that is wanted."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app

    def ask(self) -> None:
        """Ask for the file."""

        def done(name: str | None) -> None:
            if name:
                self._start(Path(name).expanduser(), dry_run=True)

        text = "Which file? vCard, CSV or JSON lines; it is looked at before anything is added."
        self._app.push_screen(AskLine(self._app.view, "IMPORT CONTACTS", text), done)

    def _start(self, path: Path, *, dry_run: bool) -> None:
        async def work(path: Path, bar: Progress) -> str:
            outcome = await self._pass(path, dry_run, bar)
            if not dry_run:
                return f"Imported: {outcome.words}."
            if not outcome.added:
                return f"Nothing to import: {outcome.words}."
            self._app.call_later(self._confirm, path, outcome)
            return ""

        title = "LOOKING AT THE FILE" if dry_run else "IMPORT CONTACTS"
        work_on(self._app, title, path, work)

    def _confirm(self, path: Path, outcome: _Outcome) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self._start(path, dry_run=False)

        answers = (Answer("y", "Import", "yes"), Answer("n", "Leave it", "no"))
        text = f"{clean(path.name)}: {outcome.words}."
        self._app.push_screen(Question(self._app.view, "IMPORT CONTACTS", text, answers), done)

    async def _pass(self, path: Path, dry_run: bool, bar: Progress) -> _Outcome:
        """Go through the file once, in parts, so that neither size nor disk holds the console."""
        outcome = _Outcome()
        found = found_in(path)
        while batch := await asyncio.to_thread(_part, found):
            outcome.read += len(batch)
            await self._take(batch, outcome, dry_run)
            bar.tell(f"{outcome.read} read, {outcome.added} new, {outcome.refused} refused")
        return outcome

    async def _take(self, batch: list[FoundContact], outcome: _Outcome, dry_run: bool) -> None:
        for one in batch:
            if one.contact is None:
                outcome.refuse(one.line, one.problem)
        good = [one for one in batch if one.contact is not None]
        contacts = tuple(one.contact for one in good if one.contact is not None)
        reply = await self._app.view.request(c.ImportContacts(contacts, dry_run))
        if not isinstance(reply.value, c.ContactsImported):
            raise Refused(reply.text or "The engine gives no answer.")
        outcome.added += reply.value.added
        outcome.known += reply.value.known
        for place, why in reply.value.refused:
            outcome.refuse(good[place].line, why)


def _part(found: Iterator[FoundContact]) -> list[FoundContact]:
    return list(islice(found, _BATCH))
