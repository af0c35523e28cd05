"""What an action is: id, title, help, keys, when it can be done, and what it sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from softphone.model import command as c

from . import situation as s
from .situation import Situation, WhyNot

Values = Mapping[str, str]
Build = Callable[[Situation, Values], list[c.Command]]


class Scope(StrEnum):
    """Where an action's keys work."""

    CALL = "call control"
    """Function and control keys anywhere, also while typing; characters in the call bar."""
    CONSOLE = "console"
    """Function and control keys anywhere; characters outside text fields."""
    LIST = "lists"
    """Only while a list has the focus."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do. `build` makes its commands; without it the console does it.

    `takes` names the values it asks for first; `footer` is its place in the footer (0: none).
    """

    id: str
    title: str
    help: str
    keys: tuple[str, ...] = ()
    scope: Scope = Scope.CONSOLE
    why_not: WhyNot = s.always
    build: Build | None = None
    takes: tuple[str, ...] = ()
    footer: int = 0
