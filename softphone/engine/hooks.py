"""Programs of the operator's own that run when something happens: [hooks] in the configuration.

A hook is an argument list, never a shell line. It gets the event as one JSON object on standard
input, 10 seconds, and no more than four run at once; what it prints goes nowhere. A hook that
fails is told once a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress

from softphone.config import HOOK_EVENT_PREFIX
from softphone.model import codec
from softphone.model import event as e
from softphone.model.call import CallState, Direction

logger = logging.getLogger(__name__)

_LIMIT_S = 10.0
_AT_ONCE = 4
_WAITING_LIMIT = 64
_TOLD_EVERY_S = 60.0


class Hooks:
    """Runs hooks beside the engine; `heard` is called for everything that is told to clients."""

    def __init__(self, hooks: Mapping[str, tuple[str, ...]]) -> None:
        self._hooks = dict(hooks)
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._states: dict[str, CallState] = {}
        self._disposed: dict[str, str] = {}
        self._told: dict[str, float] = {}

    def use(self, hooks: Mapping[str, tuple[str, ...]]) -> None:
        """Start these from now on."""
        self._hooks = dict(hooks)

    def heard(self, event: e.Event) -> None:
        """Start the hooks of an event; too many at once are dropped and told."""
        if not self._hooks:
            return
        for occasion in self._occasions(event):
            argv = self._hooks.get(occasion)
            if argv is None:
                continue
            if len(self._running) >= _WAITING_LIMIT:
                self._tell(occasion, "too many are waiting; this one was left out")
                continue
            text = codec.dumps({"occasion": occasion, **codec.encode(event)}) + "\n"
            task = asyncio.get_running_loop().create_task(self._run(occasion, argv, text))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """End what runs."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=1.0)

    def _occasions(self, event: e.Event) -> Iterator[str]:
        match event:
            case e.CallChanged():
                yield from self._call_occasions(event)
            case e.CallRemoved(call_id):
                self._states.pop(call_id, None)
                self._disposed.pop(call_id, None)
            case e.MessageChanged(message):
                if message.direction is Direction.INBOUND and not message.read:
                    yield "message.received"
            case e.VoicemailChanged(voicemail) if voicemail.waiting:
                yield "voicemail.waiting"
            case e.ScreenPopped():
                yield "screen.popped"
            case e.AgentStatusChanged():
                yield "agent.status"
            case e.DeskChanged():
                yield "desk.changed"
            case e.AccountChanged():
                yield "account.changed"
            case e.PlatformEvent(_, name):
                yield f"{HOOK_EVENT_PREFIX}{name}"
                yield f"{HOOK_EVENT_PREFIX}*"
            case _:
                pass

    def _call_occasions(self, event: e.CallChanged) -> Iterator[str]:
        """Yield what a step of a call is for; a change within a state is none."""
        call = event.call
        if call.disposition and self._disposed.get(call.id) != call.disposition:
            self._disposed[call.id] = call.disposition
            yield "call.disposed"
        before, self._states[call.id] = self._states.get(call.id), call.state
        # One that is first heard of with a disposition ended long ago: only that is new.
        if before is call.state or (before is None and not call.live and call.disposition):
            return
        if call.state is CallState.RINGING:
            yield "call.ringing"
        elif call.state is CallState.ACTIVE and before is not CallState.HELD:
            yield "call.active"
        elif call.state is CallState.ENDED:
            yield "call.ended"
            if call.missed:
                yield "call.missed"

    async def _run(self, occasion: str, argv: tuple[str, ...], text: str) -> None:
        async with self._room:
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
            except OSError as problem:
                self._tell(occasion, problem.strerror or "cannot be started")
                return
            try:
                async with asyncio.timeout(_LIMIT_S):
                    await process.communicate(text.encode())
                if process.returncode:
                    self._tell(occasion, f"ended with {process.returncode}")
            except TimeoutError:
                self._tell(occasion, f"did not end within {_LIMIT_S:.0f} s")
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()

    def _tell(self, occasion: str, problem: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told.get(occasion, -_TOLD_EVERY_S) >= _TOLD_EVERY_S:
            self._told[occasion] = now
            logger.warning("hook %s: %s", occasion, problem)
