"""The desk's half: this machine's sound for a host, on a Unix socket.

One host at a time; a newer one takes the place of the one before, whose connection may be dead
without anybody having noticed. The microphone is open only while the host wants it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from softphone.audio.engine import AudioEngine
from softphone.audio.report import AudioReport, AudioSettings
from softphone.model.error import AudioError, ConnectError, ProtocolError
from softphone.model.text import clean
from softphone.secret import Secret

from .frames import NO_TOKEN, Heard, Sound
from .leg import RemoteLeg
from .stream import Stream

logger = logging.getLogger(__name__)

HOST = "host"


class Desk:
    """Serves the sound of this machine; `told` gets one sentence for each thing of note."""

    def __init__(
        self,
        settings: AudioSettings,
        told: Callable[[str], None],
        token: Secret = NO_TOKEN,
    ) -> None:
        """With a token only a host that shows it is served; else whoever may open the socket."""
        self._told, self._token = told, token
        self._loop = asyncio.get_running_loop()
        self._engine = AudioEngine(settings, self._from_engine)
        self._stream: Stream | None = None
        self._leg: RemoteLeg | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def serve(self, place: Path) -> None:
        """Listen on a socket only this user may use; raises OSError."""
        self._engine.start()
        place.unlink(missing_ok=True)  # noqa: ASYNC240  # one file, before anything runs
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._meet, place)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening, leave the host, shut the devices."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._engine.close)

    @property
    def wanted(self) -> bool:
        """Whether the host uses the sound now: the microphone is open."""
        return self._leg is not None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        stream = Stream(reader, writer)
        try:
            hello = await stream.greet("desk")
            if hello.role != HOST:
                raise ConnectError("Only a host may use this desk's sound.")
            if not hmac.compare_digest(*(t.reveal().encode() for t in (self._token, hello.token))):
                raise ConnectError("A host without the token of this session was sent away.")
            if self._stream is not None:
                self._stream.cut()
            self._stream = stream
            self._told(f"connected with {HOST} (softphone {clean(hello.version)})")
            await self._follow(stream)
        except (ConnectError, ProtocolError, OSError) as problem:
            self._told(str(problem))
        except asyncio.CancelledError:
            pass
        finally:
            if self._stream is stream:
                self._use(on=False)
                self._stream = None
                self._told("the host is gone")
            stream.cut()
            self._tasks.discard(task)

    async def _follow(self, stream: Stream) -> None:
        async for frame in stream.frames():
            leg = self._leg
            if isinstance(frame, Sound):
                if leg is not None:
                    leg.receive(frame, time.monotonic())
            elif isinstance(frame, Heard):
                if leg is not None:
                    leg.heard(frame, time.monotonic())
            elif isinstance(frame, dict):
                self._obey(frame)

    def _obey(self, wish: dict[str, Any]) -> None:
        """Do what a control message of the host asks; what is not known is ignored."""
        if isinstance(wish.get("use"), bool):
            self._use(on=wish["use"])
        chosen = wish.get("select")
        if isinstance(chosen, dict):
            specs = {key: chosen.get(key) for key in ("input", "output")}
            with suppress(AudioError):
                self._engine.select(
                    **{key: str(spec) for key, spec in specs.items() if isinstance(spec, str)}
                )

    def _use(self, *, on: bool) -> None:
        """Open or shut microphone and speaker."""
        if on and self._leg is None:
            self._leg = RemoteLeg(self._from_card)
            self._engine.attach(HOST, self._leg)
            self._engine.set_talk(HOST, talk=True, listen=True)
            self._told("microphone open")
        elif not on and self._leg is not None:
            self._engine.detach(HOST)
            self._leg = None
            self._told("microphone shut")

    def _from_card(self, frame: Sound | Heard) -> None:
        """Send on the event loop; called on an audio thread."""
        with suppress(RuntimeError):  # the loop ended
            self._loop.call_soon_threadsafe(self._send, frame)

    def _send(self, frame: Sound | Heard) -> None:
        if self._stream is not None:
            self._stream.send(frame)

    def _from_engine(self, report: AudioReport) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._report, report)

    def _report(self, report: AudioReport) -> None:
        self._told(report.text)
        if self._stream is not None:
            self._stream.tell({"report": report.kind.value, "text": report.text})
