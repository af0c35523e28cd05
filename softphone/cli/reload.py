"""`softphone reload`: let the running engine read its configuration file again."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from .options import configured, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Print what changed at once, and what waits for a new start."""
    made = with_json(
        parser(name, "Read the configuration file again; calls go on.", "softphone reload")
    )
    return asyncio.run(_reload(parse(made, arguments)))


async def _reload(options: Namespace) -> int:
    from softphone.model import command as c

    from .session import attached

    configured(options)  # a mistake is told before the engine is asked
    async with attached(options, "reload") as session:
        done = await session.ask(c.ReloadConfig())
    assert isinstance(done, c.ConfigReloaded)
    if options.json:
        data = {"changed": list(done.changed), "waiting": list(done.waiting)}
        print_json({"type": "reloaded", **data})
    else:
        print(done.words)
    return 0
