"""Make text from outside safe to store, log and show.

Everything that came over a wire, from a file or from the clipboard passes `clean()` once, at
the adapter's edge. What is left can be printed on a terminal without acting on it.
"""

from __future__ import annotations

import re
import unicodedata

NAME_LIMIT = 128
TEXT_LIMIT = 4_096
_WORK_LIMIT = 65_536
_MARKS_KEPT = 3
_JOINERS = "\u200c\u200d"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# C0, DEL, C1; bidi embeddings, overrides, isolates and marks; zero-width tricks; invisible
# operators; interlinear annotations; tag characters; lone surrogates; line and paragraph
# separators. ZWNJ, ZWJ (200C, 200D) and variation selectors stay: Persian and Indic names and
# emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SPACE = re.compile(r"[\t\n\r]+")


def clean(text: str, limit: int = NAME_LIMIT) -> str:
    """Return `text` as one harmless line of at most `limit` characters.

    Tabs and line breaks become one space, other controls U+FFFD, lone surrogates U+FFFD;
    more than three combining marks in a row are dropped; a cut ends in "…+N", N being how
    many characters are not shown.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    dropped = max(0, len(text) - _WORK_LIMIT)
    text = _UNSAFE.sub(_REPLACEMENT, _SPACE.sub(" ", text[:_WORK_LIMIT]))
    if not text.isascii():
        text = _limit_marks(text)
    return _cut(text, limit, dropped)


def clean_block(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return `text` harmless, with its line breaks kept, for messages and notes."""
    lines = text[:_WORK_LIMIT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = "\n".join(clean(line, _WORK_LIMIT) for line in lines)
    return _cut(whole, limit, max(0, len(text) - _WORK_LIMIT))


def escaped(text: str, limit: int = 80) -> str:
    """Return the start of a rejected message for a log line, every oddity spelt out."""
    shown = text[:limit].encode("unicode_escape", "backslashreplace").decode("ascii")
    return shown + ("…" if len(text) > limit else "")


def _cut(text: str, limit: int, dropped: int) -> str:
    """Return at most `limit` characters, the mark included: cutting again changes nothing."""
    whole = len(text) + dropped
    if whole <= limit:
        return text
    kept, mark = min(limit, len(text)), ""
    while kept and kept + len(mark := f"…+{whole - kept}") > limit:
        kept -= 1
    return f"{text[:kept]}{mark}"[:limit]


def _limit_marks(text: str) -> str:
    """Drop what is heaped on one letter. Combining classes do not tell: Thai vowels have none."""
    kept: list[str] = []
    marks = 0
    for char in text:
        heaps = unicodedata.category(char) in ("Mn", "Me") or char in _JOINERS
        marks = marks + 1 if heaps else 0
        if marks <= _MARKS_KEPT:
            kept.append(char)
    return "".join(kept)
