"""Run the lab as a process: announce it, leave word where it is, serve until told to stop."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from softphone.paths import private_folder, runtime_folder

from .configfile import write_private
from .server import Lab
from .settings import LabSettings

__all__ = ["LabSettings", "runtime_file", "serve"]


def runtime_file() -> Path:
    """Return where a running lab tells its address and control key."""
    return private_folder(runtime_folder()) / "lab.json"


async def serve(
    settings: LabSettings,
    announce: Callable[[dict[str, Any]], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set. The word left behind is the newest lab's."""
    lab = Lab(settings)
    await lab.start()
    place = runtime_file()
    ready = lab.ready()
    word = {"control": ready["control"], "control_key": ready["control_key"], "pid": os.getpid()}
    text = json.dumps(word)
    try:
        write_private(place, text)
        announce(ready)
        await stop.wait()
    finally:
        if place.exists() and place.read_text(encoding="utf-8") == text:
            place.unlink()
        await lab.close()
