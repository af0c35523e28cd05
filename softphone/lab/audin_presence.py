"""Presence sockets of the lab's Audin side (reference, 6 and 12)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import assert_never

from aiohttp import web

from softphone.adapters.audin import wire

from .audin_tokens import AudinTokens
from .client_socket import ClientSocket
from .hub import Hub
from .world import NUMBERS


class Line:
    """One operator's presence socket."""

    def __init__(self, owner: wire.TokenRequest, socket: ClientSocket, since: float) -> None:
        self.ref = owner.operator_ref
        self.name = owner.display_name
        self.may_use = frozenset(owner.phone_number_ids)
        self.socket = socket
        self.since = since
        self.available: frozenset[str] = frozenset()
        self.available_since = since


class PresenceDesk:
    """All presence sockets: at most one for each operator."""

    def __init__(self, hub: Hub, tokens: AudinTokens) -> None:
        self._hub = hub
        self._tokens = tokens
        self._names = hub.settings.names
        self.lines: dict[str, Line] = {}
        self.take: Callable[[str, wire.ClientMessage], None] = lambda ref, message: None
        self.gone: Callable[[str], None] = lambda ref: None

    # ---- telling operators something (Messenger of audin_calls) --------------------------------

    def tell(self, ref: str, message: wire.ServerMessage) -> None:
        """Send a message to an operator, twice with the fault `duplicate`."""
        line = self.lines.get(ref)
        if line is None:
            return
        text = wire.encode(message, self._names)
        for _ in range(2 if self._hub.faults.on("duplicate", ref) else 1):
            line.socket.put(text)

    def reached(self, ref: str, step: str) -> None:
        """Close the presence socket when the fault `close` waits for this step."""
        line = self.lines.get(ref)
        fault = self._hub.faults.get("close", ref, step=step, socket="presence") if line else None
        if line is not None and fault is not None:
            line.socket.close(fault["code"])

    def available_on(self, number_id: str) -> list[str]:
        """Return who takes calls on a number."""
        return [ref for ref, line in self.lines.items() if number_id in line.available]

    def available_numbers(self, ref: str) -> frozenset[str]:
        """Return on which numbers an operator takes calls."""
        line = self.lines.get(ref)
        return frozenset() if line is None else line.available

    def drop(self, ref: str | None, code: int) -> int:
        """Close the socket of one operator or of all; return how many."""
        found = [line for line in self.lines.values() if ref in (None, line.ref)]
        for line in found:
            line.socket.close(code)
        return len(found)

    # ---- one socket ----------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one presence socket from handshake to end."""
        owner = self._tokens.check(request.query.get(self._names.token_param, ""))
        if owner is None:
            return web.json_response({"code": "UNAUTHORIZED"}, status=401)
        fault = self._hub.faults.get("handshake", owner.operator_ref, socket="presence")
        if fault is not None:
            after = fault["retry_after_s"]
            patience = {"Retry-After": str(after)} if after else {}
            return web.Response(status=fault["status"], headers=patience)
        socket = ClientSocket(request, wire.PRESENCE_TEXT_LIMIT, compress=True)
        await socket.open()
        socket.never_answers_close = lambda: self._hub.faults.on(
            "never_answer_close", owner.operator_ref
        )
        line = self._enter(owner, socket)
        sender = asyncio.create_task(socket.send_all())
        try:
            await self._serve(line)
        finally:
            self._leave(line)
            await socket.finish(sender)
        return socket.ws

    def _enter(self, owner: wire.TokenRequest, socket: ClientSocket) -> Line:
        line = Line(owner, socket, self._hub.now)
        old = self.lines.pop(line.ref, None)
        if old is not None:
            old.available = frozenset()
            old.socket.close(self._names.replaced_close_code)
            self.gone(line.ref)
        self.lines[line.ref] = line
        self._hub.note(f"{line.ref} connected")
        if not self._hub.faults.on("no_connected", line.ref):
            self.tell(line.ref, wire.Connected(secrets.token_hex(8), wire.PROTOCOL))
        self.reached(line.ref, "connected")
        return line

    def _leave(self, line: Line) -> None:
        if self.lines.get(line.ref) is line:
            del self.lines[line.ref]
            self._hub.note(f"{line.ref} disconnected")
            self.gone(line.ref)

    async def _serve(self, line: Line) -> None:
        """Read until the end; silence for too long is an end too."""
        while True:
            try:
                async with asyncio.timeout(self._hub.settings.idle_limit_s):
                    message = await line.socket.receive()
            except TimeoutError:
                line.socket.close(self._names.idle_close_code)
                return await self._drain(line)
            if message is None:
                return None
            if isinstance(message, bytes):
                self._hub.note(f"{line.ref} sent binary on presence")
                continue
            self._decode(line, message)

    async def _drain(self, line: Line) -> None:
        while await line.socket.receive() is not None:
            pass

    def _decode(self, line: Line, text: str) -> None:
        try:
            message = wire.decode_client(text, self._names)
        except wire.BadMessage as problem:
            self.tell(line.ref, wire.ServerError(wire.BadMessage.code, problem.message))
            return
        match message:
            case wire.Ping():
                if not self._hub.faults.on("no_pong", line.ref):
                    self.tell(line.ref, wire.Pong())
            case wire.SetAvailable(ids):
                self._set_available(line, ids)
                self.take(line.ref, message)
            case wire.SetUnavailable():
                line.available = frozenset()
                self._hub.note(f"{line.ref} unavailable")
                self.take(line.ref, message)
            case wire.Accept() | wire.Reject() | wire.StartOutbound():
                self.take(line.ref, message)
            case wire.Unknown():
                self._hub.note(f"{line.ref} sent unknown {message.type}")
            case _:
                assert_never(message)

    def _set_available(self, line: Line, ids: tuple[str, ...]) -> None:
        usable = {number.id for number in NUMBERS} & line.may_use
        accepted = tuple(dict.fromkeys(one for one in ids if one in usable))
        rejected = tuple(dict.fromkeys(one for one in ids if one not in usable))
        line.available, line.available_since = frozenset(accepted), self._hub.now
        self._hub.note(f"{line.ref} available on {', '.join(accepted) or 'nothing'}")
        if not self._hub.faults.on("no_available_set", line.ref):
            self.tell(line.ref, wire.AvailableSet(accepted, rejected))
        self.reached(line.ref, "available")
