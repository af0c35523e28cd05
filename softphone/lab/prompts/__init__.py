"""Spoken prompts as mu-law bytes, read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_NAMES_OF_SIGNS = {"*": "star", "#": "pound"}


@lru_cache(maxsize=64)
def prompt(name: str) -> bytes:
    """Return the prompt of this name; the files lie beside this module."""
    return (Path(__file__).parent / f"{name}.ul").read_bytes()


def digit_prompt(digit: str) -> bytes:
    """Return the prompt that says a digit of 0-9 * #."""
    return prompt(f"digit_{_NAMES_OF_SIGNS.get(digit, digit)}")
