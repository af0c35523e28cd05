"""What can be asked about what came of a call, in the words of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class Dispose:
    """Write down what came of a call; empty: of the last one."""

    code: str
    call: CallId = CallId("")


@dataclass(frozen=True, slots=True)
class ListCodes:
    """Ask which words there are for the call's account; empty: for the last call's."""

    call: CallId = CallId("")


DispositionCommand = Dispose | ListCodes
