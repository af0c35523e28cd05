"""Contacts from files, one after the other, in little memory. Imports no textual."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from softphone.model import codec
from softphone.model.contact import Contact, FoundContact
from softphone.model.contactcsv import read_csv
from softphone.model.error import ProtocolError
from softphone.model.vcard import read_vcards

_LINE_LIMIT = 64 * 1024


def found_in(path: Path) -> Iterator[FoundContact]:
    """Yield each contact of a vCard, CSV or JSON file, or why it is none; raises OSError."""
    with path.open("rb") as file:
        yield from _found(file)


def _found(file: IO[bytes]) -> Iterator[FoundContact]:
    """Yield what stands in a file, one contact after the other; its beginning tells the form."""
    start = file.read(4_096)
    file.seek(0)
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    lines = _wide_lines(file) if wide else _lines(file)
    first = start.decode("utf-16" if wide else "utf-8", "replace")
    first = first.lstrip("\ufeff \r\n\t").upper()
    if first.startswith("BEGIN:VCARD"):
        yield from read_vcards(lines)
    elif first.startswith("{"):
        yield from _json_lines(lines)
    else:
        yield from read_csv(map(_decoded, lines))


def _lines(file: IO[bytes] | IO[str]) -> Iterator[bytes]:
    """Yield lines, cut where one is too long for memory's sake."""
    while line := file.readline(_LINE_LIMIT):
        yield line.encode("utf-8", "replace") if isinstance(line, str) else line


def _wide_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines of UTF-16, as some programs write tables, in UTF-8."""
    text = io.TextIOWrapper(file, "utf-16", errors="replace", newline="")
    try:
        yield from _lines(text)
    finally:
        text.detach()


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _json_lines(lines: Iterator[bytes]) -> Iterator[FoundContact]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield FoundContact(number, codec.decode(codec.loads(line), Contact))
        except ProtocolError:
            yield FoundContact(number, problem="this is no contact")
