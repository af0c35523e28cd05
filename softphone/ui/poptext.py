"""Customer data as lines: in full for its screen, in short beside a call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from softphone.model.message import ScreenPop
from softphone.ui.clock import local_time
from softphone.ui.jsontext import members, spread_out
from softphone.ui.spans import Line, fit, wrap

_BODY_LINES = 100
_TITLE = 18
_USUAL = "voice"


def marks(pop: ScreenPop) -> tuple[str, ...]:
    """Return what is special about a pop: its kind unless it is a call's, then its flags."""
    return (() if pop.kind == _USUAL else (pop.kind,)) + pop.flags


def pop_lines(pop: ScreenPop, width: int) -> list[Line]:
    """Return a pop in full: whose it is, its data, then what else the platform said of it."""
    first = (
        ("number", pop.number),
        ("more numbers", ", ".join(other_numbers(pop))),
        ("customer", pop.customer),
        ("campaign", " · ".join(part for part in (pop.campaign, *marks(pop)) if part)),
        *((f"may be {place}", _pairs(one)) for place, one in enumerate(pop.customers, 1)),
    )
    return [*_titled(first, width), *_body_lines(pop.body, width), *_titled(pop.fields, width)]


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


def _titled(pairs: Iterable[tuple[str, str]], width: int) -> Iterator[Line]:
    """Yield a line for each value that is there, further lines below it where it is long."""
    for title, value in pairs:
        for place, part in enumerate(wrap(value, max(8, width - _TITLE), "plain", 4)):
            yield ((fit("" if place else title, _TITLE - 1) + " ", "dim"), *part)


def _body_lines(body: str, width: int) -> Iterator[Line]:
    """Yield the data: plain members as titled lines, other JSON spread out, text as it is."""
    found = members(body)
    if found is not None and all(_is_plain(value) for _, value in found):
        yield from _titled(((name, _bare(value)) for name, value in found[:_BODY_LINES]), width)
        return
    for text in spread_out(body).split("\n")[:_BODY_LINES]:
        indent = len(text) - len(text.lstrip())
        for part in wrap(text, max(8, width - indent), "plain", 8):
            yield ((" " * indent, "plain"), *part)


def _is_plain(value: str | None) -> bool:
    return value is None or not value.startswith(("{", "["))


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
