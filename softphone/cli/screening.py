"""`softphone block` and `allow`: whose calls are declined at once."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.screening import ScreeningRule

_BLOCK = "Decline calls from NUMBER from now on; +39899* is all that begin so."
_ALLOW = "Let NUMBER ring again, even when it begins as blocked ones do."
_LIST = "Without NUMBER: list the rules."


def run(name: str, arguments: Sequence[str]) -> int:
    """Change or list the rules."""
    if name == "block":
        examples = ['softphone block "+39899*" --reason "expensive"', "softphone block --json"]
        made = with_json(parser(name, f"{_BLOCK} {_LIST}", *examples))
        made.add_argument("--reason", default="", help="shown with each call that is declined")
    else:
        made = with_json(parser(name, f"{_ALLOW} {_LIST}", "softphone allow +3989912345"))
    made.add_argument("number", nargs="?", default="", metavar="NUMBER")
    return asyncio.run(_run(name, parse(made, arguments)))


async def _run(name: str, options: argparse.Namespace) -> int:
    from softphone.model import command as c

    from .session import attached

    async with attached(options, name, start=True) as session:
        if not options.number:
            found = await session.ask(c.ListBlocked())
            assert isinstance(found, c.BlockedFound)
            _print(found.rules, as_json=options.json)
        elif name == "block":
            await session.ask(c.BlockNumber(options.number, options.reason))
        else:
            await session.ask(c.AllowNumber(options.number))
        if options.number and options.json:
            print_json({"type": "done", "command": name, "number": options.number})
    return 0


def _print(rules: Iterable[ScreeningRule], *, as_json: bool) -> None:
    from .show import moment

    for rule in rules:
        if as_json:
            data = {"number": rule.address, "blocked": rule.blocked, "reason": rule.reason}
            print_json({"type": "rule", **data, "since": moment(rule.since)})
        else:
            verdict = "blocked" if rule.blocked else "allowed"
            print(f"{rule.address:<24} {verdict:<8} {rule.reason}".rstrip())
