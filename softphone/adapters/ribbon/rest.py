"""REST of the gateway: one place that signs, limits, traces and judges every request (1)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from softphone.adapters.request import RawResponse, decode_json, fetch, host_of
from softphone.model.text import escaped
from softphone.secret import redact

from . import wire
from .answers import refusal
from .credentials import Credentials
from .settings import RibbonSettings

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

_TRACED = 2000
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_CHANNEL = re.compile(r'(notificationChannel"\s*:\s*")[^"]*')
_SESSION = re.compile(r'(sessionId"\s*:\s*")[^"]*')


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a path below the base, a JSON body, whether the answer's body counts (1.5)."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    reads_answer: bool = True
    subscribing: bool = False


class Rest:
    """Sends requests signed in as the account. `sign_in_refused` hears of refused credentials."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: RibbonSettings,
        credentials: Credentials,
        wall: Callable[[], float],
        sign_in_refused: Callable[[wire.Answer], None],
    ) -> None:
        self._session = session
        self.settings = settings
        self._credentials = credentials
        self._wall = wall
        self._sign_in_refused = sign_in_refused

    async def send(self, ask: Ask) -> wire.Answer:
        """Send and return the answer, whatever it says.

        Raises RequestError when there is none or a success cannot be read, TokenError without
        credentials. A refused bearer token is fetched afresh once.
        """
        answer = await self._once(ask)
        if answer.status == 401 and self._credentials.renewable:
            self._credentials.drop()
            answer = await self._once(ask)
        if answer.refuses_sign_in:
            self._sign_in_refused(answer)
        return answer

    async def done(self, ask: Ask) -> wire.Answer:
        """Send and return the answer of success; RequestError with the reason for any other."""
        answer = await self.send(ask)
        if not answer.done:
            raise refusal(answer)
        return answer

    async def raw(self, method: str, path: str, body: str) -> tuple[int, str]:
        """Send a request of the operator's own; returns status and body as harmless text (1.8)."""
        url = self.settings.base + (path if path.startswith("/") else f"/{path}")
        headers = _HEADERS | await self._credentials.headers(subscribing=False)
        parsed = decode_json(body.encode(), "the body", 200) if body.strip() else None
        found = await self._fetch(method, url, headers, parsed)
        self._trace(method, path, found.status, body, found.body)
        return found.status, found.body.decode("utf-8", "replace")

    async def _once(self, ask: Ask) -> wire.Answer:
        query = f"?{urlencode(ask.query)}" if ask.query else ""
        url = f"{self.settings.base}{ask.path}{query}"
        headers = _HEADERS | await self._credentials.headers(subscribing=ask.subscribing)
        found = await self._fetch(ask.method, url, headers, ask.body)
        sent = json.dumps(ask.body) if ask.body else ""
        self._trace(ask.method, f"{ask.path}{query}", found.status, sent, found.body)
        body = self._decoded(found, ask.reads_answer)
        return wire.read_answer(found.status, found.headers, body, self._wall())

    async def _fetch(
        self, method: str, url: str, headers: Mapping[str, str], body: object
    ) -> RawResponse:
        return await fetch(
            self._session,
            method,
            url,
            headers=headers,
            limit_bytes=wire.ANSWER_LIMIT,
            limit_s=self.settings.rest_limit_s,
            body=body,
        )

    def _decoded(self, found: RawResponse, reads_answer: bool) -> object:
        if found.status == 204 or (not reads_answer and 200 <= found.status < 300):
            return {}
        return decode_json(found.body, host_of(self.settings.base), found.status)

    def _trace(self, method: str, path: str, status: int, sent: str, got: bytes) -> None:
        """Log a request without its secrets; bodies only where tracing is asked for."""
        logger.debug("%s %s: %d", method, masked(path), status)
        if self.settings.trace:
            answer = got[:_TRACED].decode("utf-8", "replace")
            shown = masked(sent)[:_TRACED], escaped(masked(answer))
            logger.info("%s %s %s -> %d %s", method, masked(path), shown[0], status, shown[1])


def masked(text: str) -> str:
    """Return text for a log: no credentials, no channel path (it is the socket's key, 3.1)."""
    return redact(_CHANNEL.sub(r"\1••••", _SESSION.sub(r"\1••••", text)))
