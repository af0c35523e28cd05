"""A busy console, for the figures: tables and a log that change ten times a second.

    python -m softphone.cli.bench_ui SECONDS [--product] [--audio URL]

`--product` sets the collector and the switch interval as the console does, `--audio` runs the
sound engine in this very process. Prints JSON: how late a tick of 20 ms was at the 99th
percentile, and how many blocks of the sound engine came too late.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from textual.app import App, ComposeResult
from textual.widgets import DataTable, RichLog

from softphone.audio.engine import AudioEngine
from softphone.audio.leg import G711Leg
from softphone.audio.report import AudioSettings
from softphone.ui.calm import calm_runtime

from .bench_line import Line

_ROWS, _COLUMNS = 60, 8
_UPDATE_S, _TICK_S = 0.1, 0.02
_SETTLE_S = 2.0


class BusyApp(App[None]):
    """Two tables of sixty rows and a log, all of which change."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self._options = options
        self.late_ms: list[float] = []
        self.underflows = 0
        self._step = 0

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield DataTable(id="one")
        yield DataTable(id="two")
        yield RichLog(markup=False)

    def on_mount(self) -> None:
        """Fill the tables and begin."""
        for table in self.query(DataTable):
            table.add_columns(*(f"column {n}" for n in range(_COLUMNS)))
            for row in range(_ROWS):
                table.add_row(*(f"{row} {n}" for n in range(_COLUMNS)))
        if self._options.product:
            calm_runtime()
        self.set_interval(_UPDATE_S, self._update)
        self.run_worker(self._measure())

    def _update(self) -> None:
        self._step += 1
        for table in self.query(DataTable):
            for row in range(_ROWS):
                table.update_cell_at((row, self._step % _COLUMNS), f"{self._step} {row}")  # type: ignore[arg-type]
        for number in range(20):
            self.query_one(RichLog).write(f"{self._step} line {number} " + "of the log " * 8)

    async def _measure(self) -> None:
        engine = carrying = None
        if self._options.audio:
            engine = AudioEngine(AudioSettings("portaudio:vmic", "portaudio:vspk"), _nothing)
            engine.start()
            carrying = asyncio.create_task(self._carry(engine))
        await asyncio.sleep(_SETTLE_S)
        before = engine.underflows if engine else 0
        await self._tick(self._options.seconds)
        if engine and carrying:
            self.underflows = engine.underflows - before
            carrying.cancel()
            await asyncio.to_thread(engine.close)
        self.exit()

    async def _carry(self, engine: AudioEngine) -> None:
        def opened(leg: G711Leg) -> None:
            engine.attach("bench", leg)
            engine.set_talk("bench", talk=True, listen=True)

        await Line(self._options.audio, opened).run()

    async def _tick(self, seconds: float) -> None:
        began_s, number = time.monotonic(), 0
        while (due_s := began_s + number * _TICK_S) < began_s + seconds:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self.late_ms.append(1000 * (time.monotonic() - due_s))
            number = max(number + 1, int((time.monotonic() - began_s) / _TICK_S))


def main(arguments: list[str]) -> int:
    """Run the app without a terminal and print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float)
    parser.add_argument("--product", action="store_true")
    parser.add_argument("--audio", default="")
    app = BusyApp(parser.parse_args(arguments))
    app.run(headless=True, size=(200, 60))
    late = sorted(app.late_ms)
    at_99 = late[int(len(late) * 0.99)]
    print(json.dumps({"late_p99_ms": at_99, "underflows": app.underflows}))
    return 0


def _nothing(_report: object) -> None:
    """Reports are not looked at here."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
