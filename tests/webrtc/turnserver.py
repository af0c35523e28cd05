"""A TURN server (RFC 8656) of the smallest kind: UDP, one user, one allocation per client."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from typing import cast

from aioice import stun

USER, PASSWORD, REALM = "user", "sesame", "example"
_KEY = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).digest()
_CHANNEL = struct.Struct("!HH")
Address = tuple[str, int]


class _Allocation(asyncio.DatagramProtocol):
    """The relayed address of one client."""

    def __init__(self, server: TurnServer, client: Address) -> None:
        self.server, self.client = server, client
        self.channels: dict[int, Address] = {}
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        for channel, peer in self.channels.items():
            if peer == addr[:2]:
                self.server.relayed += 1
                self.server.send(_CHANNEL.pack(channel, len(data)) + data, self.client)

    @property
    def address(self) -> Address:
        assert self.transport
        return cast(Address, self.transport.get_extra_info("sockname")[:2])


class TurnServer(asyncio.DatagramProtocol):
    """Start it with `open`; `relayed` counts datagrams to clients."""

    def __init__(self) -> None:
        self.relayed = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._allocations: dict[Address, _Allocation] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, host: str) -> str:
        """Listen; return the URL."""
        self.host = host
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._transport = transport
        return f"turn:{host}:{transport.get_extra_info('sockname')[1]}"

    async def close(self) -> None:
        await asyncio.gather(*self._tasks)
        for allocation in self._allocations.values():
            if allocation.transport:
                allocation.transport.close()
        if self._transport:
            self._transport.close()

    def send(self, data: bytes, client: Address) -> None:
        if self._transport:
            self._transport.sendto(data, client)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        client = cast(Address, addr[:2])
        if data[0] & 0xC0 == 0x40:
            channel, length = _CHANNEL.unpack_from(data)
            allocation = self._allocations.get(client)
            if allocation and allocation.transport and channel in allocation.channels:
                target = allocation.channels[channel]
                allocation.transport.sendto(data[4 : 4 + length], target)
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, client: Address) -> None:
        request = stun.parse_message(data)
        known = "USERNAME" in request.attributes and request.check_message_integrity(_KEY)
        answer = stun.Message(
            message_method=request.message_method,
            message_class=stun.Class.RESPONSE if known else stun.Class.ERROR,
            transaction_id=request.transaction_id,
        )
        if not known:
            answer.attributes["ERROR-CODE"] = (401, "Unauthorised")
            answer.attributes["REALM"] = REALM
            answer.attributes["NONCE"] = b"once"
            self.send(bytes(answer), client)
            return
        await self._do(request, answer, client)
        answer.add_message_integrity(_KEY)
        self.send(bytes(answer), client)

    async def _do(self, request: stun.Message, answer: stun.Message, client: Address) -> None:
        if request.message_method == stun.Method.ALLOCATE:
            made = _Allocation(self, client)
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: made, local_addr=(self.host, 0))
            self._allocations[client] = made
            answer.attributes["XOR-RELAYED-ADDRESS"] = made.address
            answer.attributes["XOR-MAPPED-ADDRESS"] = client
            answer.attributes["LIFETIME"] = 600
        elif request.message_method == stun.Method.REFRESH:
            answer.attributes["LIFETIME"] = request.attributes["LIFETIME"]
        elif request.message_method == stun.Method.CHANNEL_BIND:
            channel = request.attributes["CHANNEL-NUMBER"]
            peer = request.attributes["XOR-PEER-ADDRESS"]
            self._allocations[client].channels[channel] = peer
