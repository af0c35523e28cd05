"""Opening WebSockets: limits, no redirects, errors without the token that is in the URL."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin, Subprotocol

from softphone.adapters.request import host_of, os_error_words
from softphone.model.error import ConnectError

# The library quotes URLs at debug level, and ours hold tokens: it gets a logger that is off.
_quiet = logging.getLogger("softphone.quiet")
_quiet.setLevel(logging.CRITICAL)
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class SocketRules:
    """What differs between sockets. `ping_s` in seconds; None: no protocol-level pings.

    `proxy`: go through the one the environment names.
    """

    limit_bytes: int
    ping_s: float | None
    compression: str | None
    queue: int
    subprotocols: tuple[str, ...] = field(default=(), repr=False)  # a token may be in them
    origin: str | None = None
    proxy: bool = False


class SocketRefused(ConnectError):
    """The server answered the handshake with an HTTP status."""

    def __init__(self, host: str, status: int, retry_after_s: float | None) -> None:
        super().__init__(f"{host} refused the connection (HTTP {status}).")
        self.status = status
        self.retry_after_s = retry_after_s


class _Connection(ClientConnection):
    """A connection that is given up as soon as a ping stays without an answer.

    The library would wait two seconds more for the dead side to agree, and would wake for a
    shorter `ping_interval` only once the longer one is over.
    """

    async def keepalive(self) -> None:
        """Ping at `ping_interval`; abort when no answer comes within `ping_timeout`."""
        while True:
            await self._until_due(self.loop.time())
            try:
                answered = await self.ping()
                async with asyncio.timeout(self.ping_timeout):
                    await answered
            except TimeoutError:
                self.transport.abort()
                return
            except ConnectionClosed:
                return

    async def _until_due(self, since: float) -> None:
        while True:
            left = since + (self.ping_interval or 0.0) - self.loop.time()
            if left <= 0.0:
                return
            await asyncio.sleep(min(left, _LOOK_EVERY_S))


class _NoRedirect(connect):
    """A redirect would carry the token in the query to another place: never follow one."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_socket(
    url: str,
    rules: SocketRules,
    tls: ssl.SSLContext | None,
    limit_s: float,
    headers: Mapping[str, str] | None = None,
) -> ClientConnection:
    """Open a WebSocket; raises ConnectError, or SocketRefused with the HTTP status."""
    host = host_of(url)
    try:
        return await _NoRedirect(
            url,
            additional_headers=headers,
            open_timeout=limit_s,
            ping_interval=rules.ping_s,
            ping_timeout=rules.ping_s,
            close_timeout=2.0,
            max_size=rules.limit_bytes,
            max_queue=rules.queue,
            compression=rules.compression,
            ssl=tls if url.startswith("wss:") else None,
            proxy=True if rules.proxy else None,
            origin=None if rules.origin is None else Origin(rules.origin),
            subprotocols=[Subprotocol(name) for name in rules.subprotocols] or None,
            logger=_quiet,
            create_connection=_Connection,
        )
    except InvalidStatus as problem:
        after = problem.response.headers.get("Retry-After", "")
        wait = float(after) if after.isdecimal() and len(after) < 8 else None
        raise SocketRefused(host, problem.response.status_code, wait) from None
    except TimeoutError:
        raise ConnectError(f"{host} did not answer within {limit_s:g} s.") from None
    except ssl.SSLCertVerificationError as problem:
        raise ConnectError(f"{host}: certificate refused ({problem.verify_message}).") from None
    except OSError as problem:
        raise ConnectError(f"{host}: {os_error_words(problem)}.") from None
    except WebSocketException as problem:
        raise ConnectError(f"{host}: {type(problem).__name__}.") from None


async def end(sending: asyncio.Task[None]) -> None:
    """End the task that sends on a socket. A cancel of the caller goes through, unlike a plain
    `await` of the task with CancelledError suppressed."""
    sending.cancel()
    await asyncio.wait([sending])
    if not sending.cancelled():
        sending.exception()  # the reader has seen the same loss; read so that nothing warns


def close_code(closed: ConnectionClosed) -> tuple[int, str]:
    """Return code and reason of a close as the server gave them.

    When our side refused a message the library reports 1006 and has the real code in `sent`.
    """
    frame = closed.rcvd or closed.sent
    return (frame.code, frame.reason) if frame is not None else (1006, "")
