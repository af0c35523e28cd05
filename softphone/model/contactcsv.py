"""Contacts as a table: CSV as address books and spreadsheets write it, and our own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .contact import Contact, ContactAddress, ContactId, FoundContact
from .text import NAME_LIMIT, TEXT_LIMIT, clean, clean_block

COLUMNS = ("name", "numbers", "labels", "company", "note", "favourite")
"""What is written; when read, any order and the columns of other programs do too."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes what begins so for a formula; a quote before it is taken away again."""
_NAMES = {"name", "full name", "display name", "fn", "nome"}
_FIRST = {"first name", "given name", "first", "vorname"}
_LAST = {"last name", "family name", "surname", "last", "nachname", "cognome"}
_COMPANY = {"company", "organization", "organisation", "organization name", "azienda", "firma"}
_NOTE = {"note", "notes"}
_NUMBER = re.compile(r"\b(?:numbers?|phone|tel|telephone|mobile|cell|telefono|telefon|handy)\b")
_NOT_A_NUMBER = re.compile(r"\b(?:type|label|labels|e-mail|email)\b")
_SEVERAL = re.compile(r"\s*(?::::|;|\||\n)\s*")


@dataclass(slots=True)
class _Layout:
    """Which column holds what."""

    name: list[int]
    parts: list[int]
    numbers: list[int]
    labels: list[int]
    company: list[int]
    note: list[int]
    email: list[int]
    favourite: list[int]


def read_csv(lines: Iterable[str]) -> Iterator[FoundContact]:
    """Yield each row as a contact, or why it is none, with the line it begins at."""
    rest = iter(lines)
    head = next(rest, "").removeprefix("\ufeff")
    rows = csv.reader(rest, delimiter=_delimiter(head))
    layout = _layout(next(csv.reader([head], delimiter=_delimiter(head)), []))
    if not (layout.name or layout.parts or layout.company):
        yield FoundContact(1, problem="no column is called name; the first line names the columns")
        return
    while True:
        line = rows.line_num + 2  # after the first line
        try:
            row = next(rows, None)
        except csv.Error as problem:
            yield FoundContact(line, problem=clean(str(problem)))
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield _contact(line, row, layout)


def write_csv(contacts: Iterable[Contact], *, head: bool = True) -> str:
    """Return contacts as rows, under a line of names."""
    out = io.StringIO()
    written = csv.writer(out)
    if head:
        written.writerow(COLUMNS)
    for contact in contacts:
        numbers = "; ".join(entry.address for entry in contact.addresses)
        labels = "; ".join(entry.label for entry in contact.addresses)
        texts = (contact.name, numbers, labels.strip("; ") and labels, contact.company)
        row = [*texts, contact.note, "yes" if contact.favourite else ""]
        written.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


def safe_cell(cell: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _layout(head: Sequence[str]) -> _Layout:
    names = [re.sub(r"\s*\d+\s*-\s*|[\s_]+", " ", cell.strip().lower()) for cell in head]
    names = [name.removesuffix(" value").strip() for name in names]

    def of(wanted: set[str]) -> list[int]:
        return [i for i, name in enumerate(names) if name in wanted]

    numbers = [i for i, n in enumerate(names) if _NUMBER.search(n) and not _NOT_A_NUMBER.search(n)]
    return _Layout(
        name=of(_NAMES),
        parts=[*of(_FIRST), *of(_LAST)],
        numbers=numbers,
        labels=of({"labels"}),
        company=of(_COMPANY),
        note=of(_NOTE),
        email=[i for i, n in enumerate(names) if n.startswith(("e-mail", "email"))
               and not n.endswith(("type", "label"))],
        favourite=of({"favourite", "favorite", "starred"}),
    )  # fmt: skip


def _contact(line: int, row: Sequence[str], layout: _Layout) -> FoundContact:
    def cells(columns: Sequence[int]) -> list[str]:
        found = [_plain(row[i]) for i in columns if i < len(row)]
        return [cell for cell in found if cell]

    company = clean(" ".join(cells(layout.company)), NAME_LIMIT)
    whole = " ".join(cells(layout.name)[:1]) or " ".join(cells(layout.parts)) or company
    name = clean(whole.strip())
    if not name:
        return FoundContact(line, problem="the row has no name")
    labels = _SEVERAL.split("".join(cells(layout.labels)[:1]))
    found = [part for cell in cells(layout.numbers) for part in _SEVERAL.split(cell) if part]
    numbers = tuple(
        ContactAddress(clean(number), clean(labels[i], 32) if i < len(labels) else "")
        for i, number in enumerate(dict.fromkeys(found))
    )
    notes = [*cells(layout.note), *(f"e-mail {mail}" for mail in cells(layout.email))]
    favourite = bool(cells(layout.favourite))
    note = clean_block("\n".join(notes), TEXT_LIMIT)
    return FoundContact(line, Contact(ContactId(""), name, numbers, company, note, favourite))


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell
