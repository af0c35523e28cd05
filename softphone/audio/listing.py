"""What the short-lived listing process does: ask PortAudio afresh, answer in JSON, end.

`python -m softphone.audio.listing` prints the devices; with `try DIRECTION NAME` it opens that
device for a moment and ends with status 0 when that works.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import cast

from softphone.model.error import AudioError

from . import portaudio
from .block import Samples
from .devices import Direction

_TRY_S = 0.1


def main(arguments: list[str]) -> int:
    """Run one of the two questions; returns the exit status."""
    if arguments[:1] == ["try"]:
        return _try(cast(Direction, arguments[1]), arguments[2] if len(arguments) > 2 else None)
    try:
        answer: dict[str, object] = {
            "devices": [dataclasses.asdict(device) for device in portaudio.devices()]
        }
    except AudioError as error:
        answer = {"devices": [], "problem": error.message}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _try(direction: Direction, name: str | None) -> int:
    blocks: list[int] = []

    def use(block: Samples) -> None:
        block.fill(0)
        blocks.append(1)

    try:
        stream = portaudio.PortAudioStream(direction, name, use, lambda: None)
    except AudioError:
        return 1
    time.sleep(_TRY_S)
    stream.stop()
    return 0 if blocks else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
