"""Alt with a digit, as terminals send it: Esc and the digit."""

from __future__ import annotations

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


def know_alt_digits() -> None:
    """Let Alt+1 be a key of its own.

    Textual takes Esc 1 for what Option and 1 types on one layout of one system ("¡"). A terminal
    that means the character sends the character.
    """
    for digit in "0123456789":
        ANSI_SEQUENCES_KEYS.pop(f"\x1b{digit}", None)  # type: ignore[attr-defined]  # a dict, though typed as a Mapping
