"""How old speech is after the network stood still: a process of its own.

    python -m softphone.cli.bench_stall

The loopback device of a network namespace of our own goes down for 1.5 s, as a radio link does.
Over it go our audio socket and, as the reference, a client that sends whatever comes.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable

import numpy as np
from websockets.asyncio.client import connect

from softphone.audio.block import BLOCK_SAMPLES, Samples
from softphone.audio.g711 import MULAW
from softphone.audio.leg import G711Leg

from .bench_line import Line, relay

_STALL_S, _BEFORE_S, _AFTER_S = 1.5, 1.0, 3.0
_STALE_S = 0.2
_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_MIDDLE = 100  # the sample of a frame that the filter of its neighbours does not reach
_CODES: list[int] = [*range(0x64), *range(0x80, 0xE4)]  # levels far enough apart to tell frames by


async def _both() -> tuple[int, int]:
    return await _stale(_send_ours), await _stale(_send_all)


class _Ear:
    """Tells frames by the level in their middle, and how old each was."""

    def __init__(self) -> None:
        self.began_s = time.monotonic()
        self.stale = self.count = 0
        self._last = -1

    def heard(self, frame: bytes) -> None:
        """Take one frame."""
        now_s = time.monotonic()
        try:
            place = _CODES.index(frame[_MIDDLE])
        except (ValueError, IndexError):
            return
        self._last += (place - self._last) % len(_CODES) or len(_CODES)
        self.count += 1
        self.stale += now_s - self.began_s - self._last * 0.02 > _STALE_S


async def _stale(send: Callable[[str, _Ear], asyncio.Future[None]]) -> int:
    ear = _Ear()
    async with relay(ear.heard) as url:
        sending = asyncio.ensure_future(send(url, ear))
        await asyncio.sleep(_BEFORE_S)
        _loopback(up=False)
        await asyncio.sleep(_STALL_S)
        _loopback(up=True)
        await asyncio.sleep(_AFTER_S)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return ear.stale


def _send_ours(url: str, ear: _Ear) -> asyncio.Future[None]:
    async def run() -> None:
        opened: asyncio.Future[G711Leg] = asyncio.get_running_loop().create_future()
        carrying = asyncio.create_task(Line(url, opened.set_result).run())
        leg = await opened
        ear.began_s = time.monotonic()
        try:
            await _paced(lambda number: _speak(leg, number))
        finally:
            carrying.cancel()

    return asyncio.ensure_future(run())


def _send_all(url: str, ear: _Ear) -> asyncio.Future[None]:
    async def run() -> None:
        async with connect(url, compression=None, proxy=None) as connection:
            ear.began_s = time.monotonic()
            sent: asyncio.Queue[bytes] = asyncio.Queue()
            sending = asyncio.create_task(_drain(connection.send, sent))
            try:
                await _paced(lambda number: sent.put_nowait(bytes([_code(number)]) * 160))
            finally:
                sending.cancel()

    return asyncio.ensure_future(run())


async def _drain(send: Callable[[bytes], Awaitable[None]], frames: asyncio.Queue[bytes]) -> None:
    while True:
        await send(await frames.get())


async def _paced(say: Callable[[int], None]) -> None:
    began_s, number = time.monotonic(), 0
    while True:
        say(number)
        number += 1
        await asyncio.sleep(max(0.0, began_s + number * 0.02 - time.monotonic()))


def _speak(leg: G711Leg, number: int) -> None:
    level = int(np.frombuffer(MULAW.decode(bytes([_code(number)])), np.int16)[0])
    block: Samples = np.full(BLOCK_SAMPLES, level, np.int16)
    leg.capture(block)
    leg.capture(block)


def _code(number: int) -> int:
    return _CODES[number % len(_CODES)]


# ---- a network of its own ----------------------------------------------------------------------


def _own_network() -> None:
    """Leave this machine's network for an empty one whose loopback can be cut.

    Raises OSError where the kernel does not let us.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (_CLONE_NEWNET, _CLONE_NEWNET | _CLONE_NEWUSER):
        if libc.unshare(flags) == 0:
            _loopback(up=True)
            return
    raise OSError(ctypes.get_errno(), "no network of its own")


def _loopback(*, up: bool) -> None:
    request = struct.pack("16sH14x", b"lo", _IFF_UP if up else 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def main() -> int:
    """Measure in this process, which ends with its network."""
    _own_network()
    ours, naive = asyncio.run(_both())
    print(json.dumps({"ours": ours, "naive": naive}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
