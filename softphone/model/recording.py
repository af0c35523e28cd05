"""A recording of a call, as it lies in the recordings folder."""

from __future__ import annotations

from dataclasses import dataclass

from .call import AccountName, CallId


@dataclass(frozen=True, slots=True)
class Recording:
    """One file. `at` is epoch seconds of its last change; who it is of is empty when unknown."""

    name: str
    call: CallId = CallId("")
    account: AccountName = AccountName("")
    who: str = ""
    at: float = 0.0
    seconds: float = 0.0
