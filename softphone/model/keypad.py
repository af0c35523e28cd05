"""The letters on the keys of a telephone (ITU-T E.161)."""

from __future__ import annotations

_KEYS = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
_DIGITS = {letter: str(digit) for digit, letters in enumerate(_KEYS, 2) for letter in letters}


def to_digits(text: str) -> str:
    """Return a number whose letters are written as digits: 1-800-FLOWERS is 1-800-3569377."""
    return "".join(_DIGITS.get(char.lower(), char) for char in text)
