"""Who lives in the lab: operators, the numbers of the account, and people who call."""

from __future__ import annotations

from dataclasses import dataclass

from softphone.adapters.audin.wire import PhoneNumber

from .hostile import HOSTILE_CALLERS


@dataclass(frozen=True, slots=True)
class Operator:
    """Someone who may sign in."""

    ref: str
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who calls in. No number: anonymous. `sound` is a far end of `farends`."""

    number: str | None
    name: str | None
    sound: str = "caller"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When callers of a scenario ring; None: never by themselves."""

    callers: tuple[Caller, ...]
    first_s: float | None
    every_s: tuple[float, float]
    only_when_idle: bool = True


OPERATORS = (
    Operator("op-1", "Giulia Ferri"),
    Operator("op-2", "Marco Bassi"),
    Operator("op-3", "Sara Conti"),
    Operator("op-4", "Luca Moretti"),
)

NUMBERS = (
    PhoneNumber("pn_1", "+390299999999", "Milano"),
    PhoneNumber("pn_2", "+390288888888", None),
    PhoneNumber("pn_3", "+390677777777", "Roma support"),
)

CALLERS = (
    Caller("+390245871203", "Anna Rossi"),
    Caller("+390113349821", "Officine Valenti"),
    Caller("+393395550147", "Paolo Greco"),
    Caller("+442079460018", "Helen Carter"),
    Caller("+4915155500734", "Jürgen Müller"),
    Caller("+390649557310", None),
    Caller("+33155501234", "Zoé Lefèvre"),
    Caller(None, None),
    Caller("+390815552216", "Studio Legale D'Amico & figli"),
)


def rhythm(scenario: str, first_s: float, every_s: tuple[float, float]) -> Rhythm:
    """Return who calls, and when, in a scenario of `settings.SCENARIOS`."""
    if scenario == "quiet":
        return Rhythm(CALLERS, None, every_s)
    if scenario == "busy":
        return Rhythm(CALLERS, min(first_s, 1.0), (2.0, 5.0), only_when_idle=False)
    if scenario == "hostile":
        return Rhythm(HOSTILE_CALLERS_AS_CALLERS, first_s, (5.0, 10.0))
    return Rhythm(CALLERS, first_s, every_s)


HOSTILE_CALLERS_AS_CALLERS = tuple(Caller(number, name) for number, name in HOSTILE_CALLERS)
