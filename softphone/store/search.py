"""What can be found: names in any case, numbers in any writing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_NOT_DIGIT = re.compile(r"[^0-9]")
_WRITTEN_NUMBER = re.compile(r"[0-9][0-9 ()./-]*[ ()./-][0-9 ()./-]*[0-9]")
_WORDS_LOOKED_FOR = 6
_NUMBER_LIKE = re.compile(r"[+ ()./-]*[0-9][0-9 ()./-]*")


def searchable(*parts: str) -> str:
    """Return the text that searches look in: folded parts, and numbers as bare digits too."""
    folded = [_fold(part) for part in parts if part]
    digits = [_NOT_DIGIT.sub("", n) for part in parts for n in _WRITTEN_NUMBER.findall(part)]
    return " ".join([*folded, *digits])


def is_number_like(text: str) -> bool:
    """Tell whether a number is looked for, in whatever writing."""
    return _NUMBER_LIKE.fullmatch(text.strip()) is not None


def conditions(text: str, columns: Sequence[str], also: Sequence[str]) -> tuple[str, list[object]]:
    """Return an SQL condition that finds `text` in any of the columns, and its values.

    Of several words each must be found, in any order. A number is found in any writing; `also`
    are other ways to write it. No text finds everything.
    """
    groups: list[Sequence[str]] = [(word,) for word in _fold(text).split()[:_WORDS_LOOKED_FOR]]
    if is_number_like(text):
        groups = [list(dict.fromkeys([_NOT_DIGIT.sub("", text), *also]))]
    found: list[str] = []
    values: list[object] = []
    for group in groups:
        likes = [f"{column} LIKE ? ESCAPE '\\'" for column in columns for _ in group]
        found.append(f"({' OR '.join(likes)})")
        values += [_like_pattern(wanted) for wanted in group] * len(columns)
    return " AND ".join(found) or "1", values


def _like_pattern(wanted: str) -> str:
    for special in ("\\", "%", "_"):
        wanted = wanted.replace(special, "\\" + special)
    return f"%{wanted}%"


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
