"""Valid messages made wrong: in type, size, nesting, encoding, number or text; the same again for
the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

NASTY_TEXTS = (
    "",
    "\x1b]52;c;UFdORUQ=\x07",
    "\x1b[2J\x9b31m\x7f",
    "[/] [@click=app.quit]x[/]",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "a\nb\r\nc\u2028d",
    "\ud800\udfff",
    "e" + "\u0301" * 200,
    "家族👩‍👩‍👧‍👦" * 50,
    "x" * 100_000,
    "../../etc/passwd",
    "'; DROP TABLE calls; --",
    "$(reboot)",
    "=cmd|' /C calc'!A0",
    "tel:+390000;ext=*21*",
    "null",
    "0",
)
NASTY_NUMBERS = (
    *(0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**64, 10**400),
    *(0.0, -0.0, 1e308, -1e308, 5e-324, 0.1),
)
_ODD_JSON = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5_000, "\\ud800")
_LIMIT = 1024 * 1024
_DEEP = (60, 70, 500, 20_000)
Change = Callable[["Mutator", Any], Any]


class Mutator:
    """Makes messages from valid ones; every tenth is left as it is."""

    def __init__(self, seeds: Sequence[str], seed: int) -> None:
        self._seeds = list(seeds)
        self._chance = random.Random(seed)

    def next(self) -> str | bytes:
        """Return one message, of a size that a socket takes."""
        while len(message := self._make()) > _LIMIT:
            pass
        return message

    def _make(self) -> str | bytes:
        chance = self._chance
        text = chance.choice(self._seeds)
        if chance.random() < 0.1:
            return text
        if chance.random() < 0.7:
            data = json.loads(text)
            for _ in range(chance.choice((1, 1, 1, 2, 5))):
                data = self._change(data)
            text = json.dumps(data, ensure_ascii=chance.random() < 0.5)
            text = text.replace('"\N{SNOWMAN}odd"', chance.choice(_ODD_JSON))
            return text.encode("utf-8", "surrogatepass") if chance.random() < 0.05 else text
        return self._torn(text)

    # ---- in the data ---------------------------------------------------------------------------

    def _change(self, data: Any) -> Any:
        """Change one place somewhere in the data."""
        chance = self._chance
        if isinstance(data, dict) and data and chance.random() < 0.8:
            key = chance.choice(list(data))
            what = chance.random()
            if what < 0.1:
                return {name: value for name, value in data.items() if name != key}
            if what < 0.15:
                return {**data, chance.choice(NASTY_TEXTS)[:1000]: data[key]}
            if what < 0.2:
                return {chance.choice(list(data)): value for value in data.values()}
            return {**data, key: self._change(data[key])}
        if isinstance(data, list) and data and chance.random() < 0.7:
            place = chance.randrange(len(data))
            what = chance.random()
            if what < 0.1:
                return data[:place] + data[place + 1 :]
            if what < 0.2:
                return data + data[:1] * chance.choice((1, 50))
            return [*data[:place], self._change(data[place]), *data[place + 1 :]]
        return self._value(data)

    def _value(self, before: Any) -> Any:
        """Return another value of any kind."""
        chance = self._chance
        match chance.randrange(9):
            case 0:
                return None
            case 1:
                return chance.random() < 0.5
            case 2:
                return chance.choice(NASTY_NUMBERS)
            case 3:
                return "\N{SNOWMAN}odd"
            case 4:
                many = 2_000 if isinstance(before, str | int) else 3
                return [before] * chance.choice((0, 1, many))
            case 5:
                return {"type": before, "payload": before}
            case 6:
                return str(before)[:1000] + chance.choice(NASTY_TEXTS)
            case _:
                return chance.choice(NASTY_TEXTS)

    # ---- in the text ---------------------------------------------------------------------------

    def _torn(self, text: str) -> str | bytes:
        """Return the text with something done to its characters."""
        chance = self._chance
        place = chance.randrange(len(text))
        match chance.randrange(8):
            case 0:
                return text[:place]
            case 1:
                return text[place:]
            case 2:
                return text[:place] + chr(chance.randrange(0x20)) + text[place:]
            case 3:
                return text[:place] + chance.choice('{}[]",:\\0') + text[place + 1 :]
            case 4:
                depth = chance.choice(_DEEP)
                return "[" * depth + text + "]" * depth
            case 5:
                return text + text
            case 6:
                return text.encode()[:place] + b"\xff\xc3\x28"
            case _:
                return text.replace(":", ":" + "{" * chance.choice(_DEEP), 1)
