"""WebSocket frames no decent server sends (RFC 6455, section 5), as raw bytes, and what must come
of each: the connection stays, or it is given up and made anew."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass

TEXT, BINARY = 1, 2
_CLOSE, _PING, _PONG = 8, 9, 10
_FIN, _RSV1 = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class Torture:
    """One piece of bad behaviour. `stays`: the connection must outlive it."""

    name: str
    data: bytes
    stays: bool = False


def frame(opcode: int, payload: bytes, *, first: int = _FIN, claimed: int | None = None) -> bytes:
    """Return a frame of a server; `claimed` is a length other than the payload's."""
    size = len(payload) if claimed is None else claimed
    if size < 126:
        head = struct.pack("!BB", first | opcode, size)
    elif size < 65_536:
        head = struct.pack("!BBH", first | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, 127, size)
    return head + payload


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return frame(_CLOSE, struct.pack("!H", code) + reason)


def _masked(payload: bytes) -> bytes:
    key = os.urandom(4)
    hidden = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
    return struct.pack("!BB", _FIN | TEXT, 0x80 | len(payload)) + key + hidden


def _bomb() -> bytes:
    """Return 50 MB of zeros in a compressed frame of 50 kB (RFC 7692)."""
    squeeze = zlib.compressobj(wbits=-15)
    data = squeeze.compress(bytes(50_000_000)) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    return frame(TEXT, data[:-4], first=_FIN | _RSV1)


def _endless() -> bytes:
    """Return 24 MB of one message that never ends, in fragments of 60 kB."""
    part = frame(0, bytes(60_000), first=0)
    return frame(TEXT, b"{", first=0) + part * 400


STAYING = (
    Torture("binary on a text channel", frame(BINARY, b"\x00\xff\x1b]52;c;QQ==\x07"), stays=True),
    Torture("empty text", frame(TEXT, b""), stays=True),
    Torture("a thousand pings", frame(_PING, b"x" * 125) * 1_000, stays=True),
    Torture("pongs nobody asked for", frame(_PONG, b"y") * 1_000, stays=True),
    Torture("text that is no JSON", frame(TEXT, b"\x1b[2J{]"), stays=True),
    Torture("a message in fragments of one byte", frame(TEXT, b"{", first=0)
            + frame(0, b"", first=0) * 500 + frame(0, b"}"), stays=True),
    Torture("nested too deep", frame(TEXT, b"[" * 5_000 + b"]" * 5_000), stays=True),
)  # fmt: skip
BREAKING = (
    Torture("a frame of 100 MB", frame(TEXT, bytes(1_000_000), claimed=100_000_000)),
    Torture("a message that never ends", _endless()),
    Torture("a compressed bomb", _bomb()),
    Torture("text that is no UTF-8", frame(TEXT, b"\xc3\x28\xff")),
    Torture("a masked frame", _masked(b"{}")),
    Torture("a reserved opcode", frame(3, b"")),
    Torture("reserved bits", frame(TEXT, b"{}", first=_FIN | 0x30)),
    Torture("a ping that is too long", frame(_PING, bytes(200))),
    Torture("a ping in fragments", frame(_PING, b"x", first=0)),
    Torture("a continuation of nothing", frame(0, b"x")),
    Torture("a message within a message", frame(TEXT, b"{", first=0) + frame(TEXT, b"{}")),
    Torture("a length with its highest bit set", b"\x81\x7f" + b"\xff" * 8),
    Torture("a close of one byte", frame(_CLOSE, b"\x03")),
    Torture("a close whose reason is no UTF-8", close(1011, b"\xff\xfe")),
    Torture("a page instead of frames", b"HTTP/1.1 500 Oops\r\n\r\n<html>" + b"x" * 500),
    *(
        Torture(f"closed with {code}", close(code))
        for code in (999, 1001, 1005, 1006, 1011, 1012, 1013, 1015, 2999, 3000, 4999)
    ),
)
