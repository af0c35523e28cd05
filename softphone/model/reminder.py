"""A call to be made later, kept until it is dropped."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class Reminder:
    """`at` is epoch seconds; `address` may be empty when the caller withheld it."""

    id: int
    at: float
    address: str
    text: str = ""
    call: CallId = CallId("")
