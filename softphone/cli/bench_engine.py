"""The sound engine in a process of its own, in a call with a relay, for the figures of sound.

    python -m softphone.cli.bench_engine URL

Prints one JSON line for each report of the engine, with the monotonic time, and how many blocks
came too late when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from softphone.audio.engine import AudioEngine
from softphone.audio.leg import G711Leg
from softphone.audio.priority import calm_collector
from softphone.audio.report import AudioReport, AudioSettings

from .bench_line import Line


def main(arguments: list[str]) -> int:
    """Be in a call until standard input ends."""
    calm_collector()
    asyncio.run(call(arguments[0]))
    return 0


async def call(url: str) -> None:
    """Carry sound between the cards `vmic`, `vspk` and a relay, until standard input ends."""

    def told(report: AudioReport) -> None:
        _say({"report": report.kind.value, "at_s": time.monotonic()})

    engine = AudioEngine(AudioSettings("portaudio:vmic", "portaudio:vspk"), told)
    engine.start()

    def opened(leg: G711Leg) -> None:
        engine.attach("bench", leg)
        engine.set_talk("bench", talk=True, listen=True)

    carrying = asyncio.create_task(Line(url, opened).run())
    await wait_for_end()
    late, stats = engine.underflows, engine.stats("bench")
    carrying.cancel()
    await asyncio.to_thread(engine.close)
    _say({"underflows": late, "depth_ms": stats.depth_ms, "target_ms": stats.target_ms})


async def wait_for_end() -> None:
    """Wait until nobody holds our standard input any more."""
    await asyncio.to_thread(sys.stdin.read)


def _say(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
