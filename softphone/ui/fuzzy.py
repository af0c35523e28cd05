"""How well a typed text fits a name: whole words before parts, parts before letters in order."""

from __future__ import annotations

import unicodedata

NO_FIT = None
_LEAST_LETTERS = 2
_WEAK = 30


def folded(text: str) -> str:
    """Return text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def fit(typed: str, name: str) -> int | None:
    """Return how far `typed` is from a name, 0 being the best, None when it does not fit.

    Every word must be found, in any order: at the beginning of a word of the name, inside one, or
    as letters in their order ("hup" in "hang up").
    """
    there = folded(name)
    found = 0
    for word in folded(typed).split():
        distance = _fit_word(word, there)
        if distance is None:
            return NO_FIT
        found += distance
    return found


def is_weak(distance: int) -> bool:
    """Tell whether a fit rests on single letters only."""
    return distance >= _WEAK


def _fit_word(word: str, name: str) -> int | None:
    if name.startswith(word):
        return 0
    if f" {word}" in name:
        return 1
    if (at := name.find(word)) >= 0:
        return min(2 + at // 8, _WEAK // 3)
    return _fit_letters(word, name) if len(word) >= _LEAST_LETTERS else NO_FIT


def _fit_letters(word: str, name: str) -> int | None:
    """Return the fit of letters in order; gaps cost, letters that begin a word do not."""
    distance, at = _WEAK, -1
    for letter in word:
        starts = f" {letter}"
        begin = name.find(starts, max(at, 0))
        after = name.find(letter, at + 1)
        if after < 0:
            return NO_FIT
        if after != at + 1 and begin >= 0:
            at, distance = begin + 1, distance + 1
        else:
            distance += min(after - at - 1, 9)
            at = after
    return distance
