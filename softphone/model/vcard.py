"""vCards 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350): what a phone needs of them, and back.

The reader takes lines of bytes one after the other and keeps one card at most; lines too long to
matter (photographs) are cut. Nothing raises: what cannot be used comes back with its line.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .contact import Contact, ContactAddress, ContactId, FoundContact
from .text import NAME_LIMIT, TEXT_LIMIT, clean, clean_block

_LINE_LIMIT = 16_384
_FIELDS_LIMIT = 200
_NUMBERS_LIMIT = 50
_WIDTH = 75  # octets of a line, RFC 6350 3.2
_PARAMETERS = re.compile(r';((?:[^";:]|"[^"]*")*)')
_NAME = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LABELS = ("cell", "work", "home", "fax", "pager", "main", "other")
_ADDRESS_FIELDS = ("TEL", "IMPP", "X-SIP")


@dataclass(slots=True)
class _Card:
    line: int
    version: str = ""
    fields: list[tuple[str, str, str]] = field(default_factory=list)


def read_vcards(lines: Iterable[bytes]) -> Iterator[FoundContact]:
    """Yield each card as a contact, or why it is none, with the line it begins at."""
    card: _Card | None = None
    nested = 0
    for number, raw in _unfolded(lines):
        name, parameters, value = _parts(raw)
        mark = value.strip().upper() == b"VCARD"
        if name == "BEGIN" and mark:
            if card and card.fields and card.fields[-1][0] == "AGENT":
                nested += 1
                continue
            if card:
                yield FoundContact(card.line, problem="the card has no end")
            card = _Card(number)
        elif name == "END" and mark and nested:
            nested -= 1
        elif name == "END" and mark and card:
            yield _contact(card)
            card = None
        elif card and name and not nested and len(card.fields) < _FIELDS_LIMIT:
            if name == "VERSION":
                card.version = value.decode("ascii", "replace").strip()
            card.fields.append((name, _label(parameters), _text(parameters, value)))
        elif card is None and raw.strip():
            yield FoundContact(number, problem="this is not part of a card")
    if card:
        yield FoundContact(card.line, problem="the card has no end")


def write_vcard(contact: Contact) -> str:
    """Return a contact as a card of version 4.0."""
    rows = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(contact.name)}"]
    for entry in contact.addresses:
        # A label may be anything; as a parameter only plain words can stand.
        word = re.sub(r"[^A-Za-z0-9-]", "", entry.label)
        kind = f";TYPE={word}" if word else ""
        uri = "@" in entry.address
        rows.append(f"{'IMPP' if uri else 'TEL'}{kind}:{_escaped(_uri(entry.address))}")
    rows += [f"ORG:{_escaped(contact.company)}"] if contact.company else []
    rows += [f"NOTE:{_escaped(contact.note)}"] if contact.note else []
    return "".join(_folded(row) for row in [*rows, "END:VCARD"])


def _unfolded(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Join what was folded: a line that begins with a blank goes on with the one before, and
    so does what follows a soft line break of quoted-printable."""
    start, whole = 0, b""
    for number, line in enumerate(lines, 1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        line = line.rstrip(b"\r\n")
        soft = whole.endswith(b"=") and b"QUOTED-PRINTABLE" in whole.partition(b":")[0].upper()
        if soft:
            whole = (whole[:-1] + line)[:_LINE_LIMIT]
        elif line[:1] in (b" ", b"\t") and whole:
            whole = (whole + line[1:])[:_LINE_LIMIT]
        else:
            if whole:
                yield start, whole
            start, whole = number, line[:_LINE_LIMIT]
    if whole:
        yield start, whole


def _parts(raw: bytes) -> tuple[str, str, bytes]:
    """Return a line's name without its group, its parameters in capitals, and its value."""
    head = raw.decode("latin-1")
    found = _NAME.match(head)
    if not found:
        return "", "", b""
    at, parameters = found.end(), []
    while parameter := _PARAMETERS.match(head, at):
        parameters.append(parameter.group(1))
        at = parameter.end()
    if head[at : at + 1] != ":":
        return "", "", b""
    return found.group(1).upper(), ";".join(parameters).upper(), raw[at + 1 :]


def _text(parameters: str, value: bytes) -> str:
    """Return a value as text; one that is no UTF-8 is of the charset it names, or western."""
    if "QUOTED-PRINTABLE" in parameters:
        value = quopri.decodestring(value)
    named = re.search(r"CHARSET=\"?([A-Z0-9_-]+)", parameters)
    for charset in (named.group(1) if named else "UTF-8", "UTF-8"):
        try:
            return value.decode(charset)
        except (LookupError, UnicodeError, ValueError):
            continue
    return value.decode("cp1252", "replace")


def _label(parameters: str) -> str:
    words = re.findall(r"[A-Z0-9-]+", parameters)
    return next((label for label in _LABELS if label.upper() in words), "")


def _contact(card: _Card) -> FoundContact:
    old = card.version.startswith("2")
    kept: dict[str, str] = {}
    numbers: list[ContactAddress] = []
    notes: list[str] = []
    for name, label, value in card.fields:
        if name in _ADDRESS_FIELDS and len(numbers) < _NUMBERS_LIMIT:
            address = clean(_number(_unescaped(value, old)))
            numbers += [ContactAddress(address, label)] if address else []
        elif name == "EMAIL":
            notes.append(f"e-mail {clean(_unescaped(value, old).strip())}")
        elif name == "NOTE":
            notes.insert(0, _unescaped(value, old))
        elif name in ("N", "ORG"):
            parts = [_unescaped(part, old).strip() for part in re.split(r"(?<!\\);", value)]
            joined = " ".join([*parts, ""][1::-1]) if name == "N" else ", ".join(
                part for part in parts if part)  # fmt: skip
            kept.setdefault(name, clean(joined.strip()))
        elif name == "FN":
            kept.setdefault(name, clean(_unescaped(value, old).strip()))
    title = kept.get("FN") or kept.get("N") or kept.get("ORG", "")
    if not title:
        return FoundContact(card.line, problem="the card has no name")
    company = kept.get("ORG", "")
    note = clean_block("\n".join(note for note in notes if note.strip()), TEXT_LIMIT)
    contact = Contact(ContactId(""), title, tuple(numbers), company[:NAME_LIMIT], note)
    return FoundContact(card.line, contact)


def _number(value: str) -> str:
    """Return what can be dialled of a TEL or IMPP value: not its scheme, nor an extension."""
    value = value.strip()
    if value.lower().startswith("tel:"):
        value = value[4:].partition(";")[0]
    return value.removeprefix("sip:") if value.lower().startswith("sip:") else value


def _uri(address: str) -> str:
    return f"sip:{address}" if "@" in address and ":" not in address else address


def _unescaped(text: str, old: bool) -> str:
    if old:
        return text.replace("\\;", ";").replace("\r\n", "\n")
    return _ESCAPE.sub(lambda found: {"n": "\n", "N": "\n"}.get(found[1], found[1]), text)


def _escaped(text: str) -> str:
    for plain, safe in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(plain, safe)
    return text


def _folded(row: str) -> str:
    """Return a line in pieces of at most 75 octets, never cut inside a character."""
    pieces, piece = [], ""
    for char in row:
        if len((piece + char).encode("utf-8", "replace")) > _WIDTH:
            pieces.append(piece)
            piece = " "
        piece += char
    return "\r\n".join([*pieces, piece]) + "\r\n"
