"""What can be found: names in any case, numbers in any writing."""

from __future__ import annotations

import re
import unicodedata

_NOT_DIGIT = re.compile(r"[^0-9]")
_WRITTEN_NUMBER = re.compile(r"[0-9][0-9 ()./-]*[ ()./-][0-9 ()./-]*[0-9]")
_NUMBER_LIKE = re.compile(r"[+ ()./-]*[0-9][0-9 ()./-]*")


def searchable(*parts: str) -> str:
    """Return the text that searches look in: folded parts, and numbers as bare digits too."""
    folded = [_fold(part) for part in parts if part]
    digits = [_NOT_DIGIT.sub("", n) for part in parts for n in _WRITTEN_NUMBER.findall(part)]
    return " ".join([*folded, *digits])


def like_pattern(text: str) -> str:
    """Return the LIKE pattern (escape character `\\`) that finds `text` anywhere."""
    wanted = _fold(text.strip())
    if _NUMBER_LIKE.fullmatch(wanted):
        wanted = _NOT_DIGIT.sub("", wanted)
    for special in ("\\", "%", "_"):
        wanted = wanted.replace(special, "\\" + special)
    return f"%{wanted}%"


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
