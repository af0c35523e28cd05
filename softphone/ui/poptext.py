"""Customer data as lines: in full for its screen, in short beside a call."""

from __future__ import annotations

import json

from softphone.model.message import ScreenPop
from softphone.ui.clock import local_time
from softphone.ui.jsontext import members, spread_out
from softphone.ui.spans import Line, wrap

_BODY_LINES = 100
_TITLE = 18
_USUAL = "voice"


def marks(pop: ScreenPop) -> tuple[str, ...]:
    """Return what is special about a pop: its kind unless it is a call's, then its flags."""
    return (() if pop.kind == _USUAL else (pop.kind,)) + pop.flags


def pop_lines(pop: ScreenPop, width: int) -> list[Line]:
    """Return a pop in full: its fields, then its data, one member a line where it is JSON."""
    titled = (
        ("number", pop.number),
        ("more numbers", ", ".join(other_numbers(pop))),
        ("customer", pop.customer),
        ("campaign", pop.campaign),
        ("marks", ", ".join(marks(pop))),
        *pop.fields,
        *((f"may be {place}", _pairs(one)) for place, one in enumerate(pop.customers, 1)),
    )
    lines: list[Line] = []
    for title, value in titled:
        parts = wrap(value, max(8, width - _TITLE), "plain", 4) if value else []
        for place, part in enumerate(parts):
            lines.append(((f"{'' if place else title:<{_TITLE}}", "dim"), *part))
    for text in spread_out(pop.body).split("\n")[:_BODY_LINES]:
        indent = len(text) - len(text.lstrip())
        parts = wrap(text, max(8, width - indent), "plain", 8)
        lines += [((" " * indent, "plain"), *part) for part in parts]
    return lines


def short_lines(pop: ScreenPop, width: int, *, timed: bool = False) -> list[Line]:
    """Return a pop as a paragraph: who, what for, and its data; `timed`: and since when."""
    parts = (
        f"Screen pop {local_time(pop.at):%H:%M}" if timed else "Screen pop",
        f"customer {pop.customer}" if pop.customer else "",
        f"campaign {pop.campaign}" if pop.campaign else "",
        *marks(pop),
        _body(pop.body),
    )
    return wrap(" · ".join(part for part in parts if part), width)


def other_numbers(pop: ScreenPop) -> tuple[str, ...]:
    """Return further numbers of the customer, each once."""
    return tuple(dict.fromkeys(number for number in pop.numbers if number != pop.number))


def _body(text: str) -> str:
    """Return the members of a JSON object as words, any other text as it is."""
    found = members(text)
    if found is None:
        return " ".join(text.split())
    return _pairs(tuple((name, _bare(value)) for name, value in found))


def _bare(value: str | None) -> str:
    """Return a member's value without the quotes of JSON."""
    if value is None or not value.startswith('"'):
        return value or "-"
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)
