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
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from softphone.audio.engine import AudioEngine
from softphone.audio.report import AudioReport, AudioSettings
from softphone.model.error import AudioError, ConnectError, ProtocolError
from softphone.model.text import clean
from softphone.secret import Secret
from softphone.webrtc.opus import available

from .choices import choices
from .control import device_fields, stats_fields
from .frames import NO_TOKEN, Codec, Heard, Sound
from .leg import RemoteLeg
from .stream import Stream

logger = logging.getLogger(__name__)

HOST = "host"
_STATS_EVERY_S = 1.0
_MOST_TASKS = 16
_SPEC_LIMIT = 200
_SELECTABLE = ("auto", "portaudio", "null")
"""Kinds of devices a host may choose: none that would read or write this machine's files."""


class Desk:
    """Serves the sound of this machine; `told` gets one sentence for each thing of note."""

    def __init__(
        self,
        settings: AudioSettings,
        told: Callable[[str], None],
        token: Secret = NO_TOKEN,
        opus: bool | None = None,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """With a token only a host that shows it is served; else whoever may open the socket.

        `opus`: whether this side speaks it; None looks for it. `refused` gets the sentence about a
        visitor that cannot be served, else `told` does.
        """
        self._told, self._token = told, token
        self._refused = refused or told
        self._opus = available() if opus is None else opus
        self._codec = Codec.MULAW
        self._loop = asyncio.get_running_loop()
        self._engine = AudioEngine(settings, self._from_engine)
        self._stream: Stream | None = None
        self._leg: RemoteLeg | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._listing = False

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
        if len(self._tasks) >= _MOST_TASKS:
            writer.transport.abort()
            return
        self._tasks.add(task)
        stream = Stream(reader, writer)
        try:
            hello = await stream.greet("desk", opus=self._opus)
            if hello.role != HOST:
                raise ConnectError("Only a host may use this desk's sound.")
            if not hmac.compare_digest(_bytes(self._token), _bytes(hello.token)):
                raise ConnectError("A host without the token of this session was sent away.")
            if self._stream is not None:
                self._stream.cut()
                self._use(on=False)  # what it had counted is nothing to the next one
            self._stream = stream
            self._codec = Codec.OPUS if self._opus and hello.opus else Codec.MULAW
            self._told(f"connected with {HOST} (softphone {clean(hello.version)})")
            await self._follow(stream)
        except (ConnectError, ProtocolError) as problem:
            self._refused(str(problem))
        except OSError as problem:
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
            if self._stream is not stream:
                return  # a newer host took its place
            if isinstance(frame, Sound | Heard):
                if self._leg is not None:
                    self._leg.receive(frame, time.monotonic())
            elif isinstance(frame, dict):
                self._obey(frame)

    def _obey(self, wish: dict[str, Any]) -> None:
        """Do what a control message of the host asks; what is not known is ignored."""
        if isinstance(wish.get("use"), bool):
            self._use(on=wish["use"])
        if isinstance(wish.get("select"), dict):
            self._select(wish["select"])
        if wish.get("list") is True:
            self._list_soon()

    def _select(self, chosen: dict[str, Any]) -> None:
        """Use other devices of the desk, of those a host may choose: cards, and silence."""
        specs = {key: chosen.get(key) for key in ("input", "output")}
        known = {
            key: clean(spec, _SPEC_LIMIT)
            for key, spec in specs.items()
            if isinstance(spec, str) and spec.startswith(_SELECTABLE)
        }
        try:
            self._engine.select(**known)
        except AudioError as problem:
            self._say({"text": problem.message, "trouble": True})
        self._list_soon()

    def _list_soon(self) -> None:
        """List once, however often it is asked for: each time is a process of its own."""
        if not self._listing:
            self._listing = True
            self._begin(self._list())

    async def _list(self) -> None:
        """Tell which cards there are and which are in use."""
        found = await asyncio.to_thread(self._engine.list_devices)
        self._listing = False
        used = self._engine.selected()
        self._say(device_fields(choices(found), used.input, used.output, found.problem or ""))

    async def _tell_stats(self, leg: RemoteLeg) -> None:
        while self._leg is leg:
            self._say(stats_fields(leg.stats()))
            await asyncio.sleep(_STATS_EVERY_S)

    def _use(self, *, on: bool) -> None:
        """Open or shut microphone and speaker."""
        if on and self._leg is None and self._stream is not None:
            send = partial(self._from_card, self._stream)
            self._leg = RemoteLeg(send, self._codec, opus=self._opus)
            self._engine.attach(HOST, self._leg)
            self._engine.set_talk(HOST, talk=True, listen=True)
            self._begin(self._tell_stats(self._leg))
            self._told("microphone open")
        elif not on and self._leg is not None:
            self._engine.detach(HOST)
            self._leg = None
            self._told("microphone shut")

    def _from_card(self, stream: Stream, frame: Sound | Heard) -> None:
        """Send on the event loop; called on an audio thread."""
        with suppress(RuntimeError):  # the loop ended
            self._loop.call_soon_threadsafe(stream.send, frame)

    def _from_engine(self, report: AudioReport) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._report, report)

    def _report(self, report: AudioReport) -> None:
        self._told(report.text)
        self._say({"text": report.text, "trouble": report.trouble})

    def _say(self, fields: Mapping[str, Any]) -> None:
        if self._stream is not None:
            self._stream.tell(fields)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bytes(token: Secret) -> bytes:
    return token.reveal().encode(errors="replace")  # JSON can spell what UTF-8 cannot
