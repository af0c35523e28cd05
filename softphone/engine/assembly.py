"""Put an engine together: adapters, sound, store. What the daemon and `--single` share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from softphone.adapters.registry import make_adapter
from softphone.audio.engine import AudioEngine
from softphone.audio.priority import calm_collector
from softphone.audio.report import AudioReport, AudioSettings, Processing, ReportKind
from softphone.audio.stream import provide
from softphone.config import AudioConfig, Config
from softphone.paths import Paths, private_folder
from softphone.remote.host import RemoteCards
from softphone.store.store import Store

from .engine import Engine
from .solehost import sole_host
from .sound import Sound

logger = logging.getLogger(__name__)

_RING_FLOOR_DB = -40.0


@asynccontextmanager
async def assembled(config: Config, paths: Paths) -> AsyncIterator[Engine]:
    """Yield a running engine on this loop; leaving stops it and waits for its end.

    Raises ConfigError before anything is started when an account is not set up right.
    """
    loop = asyncio.get_running_loop()
    adapters = [make_adapter(account) for account in config.accounts]
    engine: Engine | None = None

    def trouble(problem: str, waiting: int) -> None:
        if engine is not None:
            engine.store_trouble(problem, waiting)

    def reported(report: AudioReport) -> None:
        if engine is not None and not loop.is_closed():
            loop.call_soon_threadsafe(engine.sound_desk.reported, report)

    sound_engine = AudioEngine(audio_settings(config.audio), reported)

    def desk_said(text: str, sound: bool) -> None:
        kind = ReportKind.DEVICE_BACK if sound else ReportKind.DEVICE_LOST
        reported(AudioReport(kind, text))

    def desk_listed() -> None:
        if engine is not None and not loop.is_closed():
            loop.call_soon_threadsafe(engine.sound_desk.desk_listed)

    desks = RemoteCards(desk_said, desk_listed)
    provide("remote", desks.open)
    folder = private_folder(Path(config.store.folder)) if config.store.folder else paths.state
    recordings = folder / paths.recordings.name
    engine = Engine(
        config,
        adapters,
        Sound(sound_engine, desks=desks),
        Store(folder / paths.database.name, trouble),
        recordings,
    )
    async with sole_host(folder):
        sound_engine.start()
        calm_collector()
        running = asyncio.create_task(engine.run(), name="engine")
        try:
            await _until_started(engine, running)
            engine.sound_desk.publish("")
            yield engine
        finally:
            engine.stop("stopped")
            await asyncio.wait([running])
            await asyncio.to_thread(sound_engine.close)
            if not running.cancelled() and running.exception():
                logger.error("engine failed", exc_info=running.exception())


async def _until_started(engine: Engine, running: asyncio.Task[None]) -> None:
    """Wait until the engine takes clients; raise what kept it from that."""
    started = asyncio.create_task(engine.started.wait())
    await asyncio.wait([started, running], return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        started.cancel()
        await running


def audio_settings(config: AudioConfig) -> AudioSettings:
    """Return the sound engine's settings; the ring volume of 0 to 1 becomes decibels."""
    return AudioSettings(
        input=config.input,
        output=config.output,
        ringer=None if config.ringer == "auto" else config.ringer,
        ring_level_dbfs=_RING_FLOOR_DB * (1.0 - config.ring_volume),
        processing=Processing(
            config.echo_cancellation, config.noise_suppression, config.automatic_gain
        ),
    )
