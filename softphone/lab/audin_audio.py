"""Audio sockets of the lab's Audin side (reference, 7): mu-law paced by the lab's one ticker."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import ClientConnectionError, web

from softphone.adapters.audin import wire

from .audin_call import Call, Phase
from .audin_calls import AudinCalls
from .audin_tokens import AudinTokens
from .client_socket import ClientSocket
from .hub import Hub

# A client that does not read must not collect seconds of sound: above this, frames are dropped.
_UNSENT_LIMIT = 2_000
_KERNEL_BUFFER = 8_192
_ODD_SIZES = (1, 37, 401, 0, 160, 959, 80, 3)


class AudioLeg:
    """The audio of one call: hears, lets the far end speak, 20 ms at a time."""

    def __init__(self, hub: Hub, calls: AudinCalls, call: Call, socket: ClientSocket) -> None:
        self._hub = hub
        self._calls = calls
        self._call = call
        self.socket = socket
        self._frozen_until = 0.0
        self._held = bytearray()
        self._odd = bytearray()
        self._odd_turn = 0
        self._closing = False

    # ---- AudioPeer of audin_calls --------------------------------------------------------------

    def say(self, message: wire.AudioServerMessage) -> None:
        """Send a control message."""
        self.socket.put(wire.encode(message, self._hub.settings.names))

    def close(self, code: int) -> None:
        """Close after what is queued."""
        self._closing = True
        self.socket.close(code)

    def cut(self) -> None:
        """End the connection without a close."""
        self._closing = True
        self.socket.cut()

    def rtt_ms(self) -> float | None:
        """Return the round trip of the connection."""
        return self.socket.rtt_ms()

    # ---- sound ---------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Play 20 ms; the ticker calls this."""
        if self._closing:
            return
        call = self._call
        frame, turn = call.far_end.step(call.hearing.pull())
        with contextlib.suppress(ClientConnectionError, ConnectionError):
            await self._send(frame)
        if turn is not None:
            self._calls.turned(call, turn)

    def freeze(self, milliseconds: int) -> None:
        """Hold audio back for a while, as a stalled network does."""
        self._frozen_until = self._hub.now + milliseconds / 1000

    async def _send(self, frame: bytes) -> None:
        faults, ref = self._hub.faults, self._call.operator
        if faults.on("silence", ref):
            return
        if self._hub.now < self._frozen_until:
            self._held += frame
            return
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            for place in range(0, len(held), wire.FRAME_BYTES):
                await self._send_piece(held[place : place + wire.FRAME_BYTES])
        if faults.on("odd_frames", ref):
            await self._send_oddly(frame)
        else:
            await self._send_piece(frame)

    async def _send_oddly(self, frame: bytes) -> None:
        self._odd += frame
        while len(self._odd) >= (size := _ODD_SIZES[self._odd_turn % len(_ODD_SIZES)]):
            piece = bytes(self._odd[:size])
            del self._odd[:size]
            self._odd_turn += 1
            await self._send_piece(piece)

    async def _send_piece(self, piece: bytes) -> None:
        sent = self._call.sent
        if self.socket.unsent_bytes > _UNSENT_LIMIT:
            sent["dropped"] += 1
            return
        # Straight to the transport, not through the outbox: below the limit this never waits.
        await self.socket.ws.send_bytes(piece)
        sent["frames"] += 1
        sent["bytes"] += len(piece)


class AudioDesk:
    """Opens the audio sockets of assigned calls."""

    def __init__(self, hub: Hub, tokens: AudinTokens, calls: AudinCalls) -> None:
        self._hub = hub
        self._tokens = tokens
        self._calls = calls
        self._names = hub.settings.names
        self.legs: dict[str, AudioLeg] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one audio socket from handshake to end."""
        owner = self._tokens.check(request.query.get(self._names.token_param, ""))
        if owner is None:
            return web.json_response({"code": "UNAUTHORIZED"}, status=401)
        fault = self._hub.faults.get("handshake", owner.operator_ref, socket="audio")
        if fault is not None:
            return web.Response(status=fault["status"])
        call = self._calls.get(request.match_info[wire.CALL_SID_PLACE])
        if call is None or call.operator != owner.operator_ref:
            return web.json_response({"code": "UNKNOWN_CALL"}, status=404)
        if call.phase is not Phase.ASSIGNED:
            return web.json_response({"code": "CALL_CONNECTED"}, status=409)
        socket = ClientSocket(request, wire.AUDIO_BINARY_LIMIT, compress=False)
        leg = AudioLeg(self._hub, self._calls, call, socket)
        self._calls.audio_opened(call, leg)
        try:
            await socket.open()
            socket.bound_kernel_buffer(_KERNEL_BUFFER)
            await self._serve(call, leg)
        finally:
            self._calls.audio_closed(call)
        return socket.ws

    async def _serve(self, call: Call, leg: AudioLeg) -> None:
        self.legs[call.sid] = leg
        leg.socket.never_answers_close = lambda: self._hub.faults.on(
            "never_answer_close", call.operator
        )
        sender = asyncio.create_task(leg.socket.send_all())
        self._hub.ticker.add(leg)
        self._hub.note(f"{call.sid}: audio of {call.operator} is up")
        fault = self._hub.faults.get("close", call.operator, step="audio_open", socket="audio")
        if fault is not None:
            leg.close(fault["code"])
        try:
            await self._read(call, leg)
        finally:
            self._hub.ticker.remove(leg)
            del self.legs[call.sid]
            await leg.socket.finish(sender)

    async def _read(self, call: Call, leg: AudioLeg) -> None:
        while True:
            message = await leg.socket.receive()
            if message is None:
                return
            if isinstance(message, bytes):
                call.hearing.push(message, self._hub.now)
                continue
            try:
                control = wire.decode_audio_control(message, self._names)
            except wire.BadMessage as problem:
                self._hub.note(f"{call.sid}: {problem.message}")
                continue
            self._calls.controlled(call, control)
