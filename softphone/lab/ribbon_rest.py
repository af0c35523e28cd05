"""REST of the lab's Ribbon gateway: who asks, for what, and how refusals look (reference, 1)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web

from softphone.adapters.ribbon import wire

from .hub import Hub
from .ribbon_channels import Channels, Subscription
from .ribbon_users import Credentials, RibbonUser, user_named

_USER_PREFIX = f"{wire.VERSION_PATH}/user/"
_ANY = "*"
Body = Mapping[str, Any]


class Wrong(Exception):
    """A request is refused with an HTTP status and the gateway's own number."""

    def __init__(self, status: int, code: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message or wire.status_words(code) or ""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: a JSON body, or none with 204."""

    body: Body | None = None
    status: int = 200


@dataclass(slots=True)
class Asked:
    """One request of a user who has proved who it is."""

    user: RibbonUser
    method: str
    parts: tuple[str, ...]
    body: Body
    query: Mapping[str, str]
    session: Subscription | None = None
    _afterwards: list[Callable[[], None]] = field(default_factory=list)

    @property
    def ident(self) -> str:
        """The last part of the path: an id."""
        return self.parts[-1]

    def afterwards(self, do: Callable[[], None]) -> None:
        """Do something when the answer is out; notifications never overtake it (4.11)."""
        self._afterwards.append(do)

    def finish(self) -> None:
        """The answer is out."""
        for do in self._afterwards:
            do()


Handler = Callable[[Asked], Said]


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request below a user's path; `*` in the path is an id."""

    method: str
    path: str
    envelope: wire.Envelope
    handler: Handler

    def fits(self, method: str, parts: tuple[str, ...]) -> bool:
        """Tell whether a request is of this kind."""
        own = tuple(part for part in self.path.split("/") if part)
        return (
            method == self.method
            and len(own) == len(parts)
            and all(a in (_ANY, b) for a, b in zip(own, parts, strict=True))
        )


class RibbonRest:
    """Takes every request below a user's path."""

    def __init__(self, hub: Hub, credentials: Credentials, channels: Channels) -> None:
        self._hub = hub
        self._credentials = credentials
        self._channels = channels
        self.table: list[Route] = []

    def routes(self) -> list[web.RouteDef]:
        """Return the HTTP routes."""
        return [web.route(_ANY, _USER_PREFIX + "{user}/{path:.*}", self._handle)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204)  # before any authentication (1.1)
        user, parts = _path_of(request)
        envelope = self._envelope(request.method, parts)
        try:
            asked = await self._asked(request, user, parts)
        except Wrong as refusal:
            return _refused(envelope, refusal)
        spoilt = await self._spoilt(asked, envelope)
        if spoilt is not None:
            return spoilt
        try:
            said = self._route(asked).handler(asked)
        except Wrong as refusal:
            return _refused(envelope, refusal)
        except wire.BadMessage as problem:
            return _refused(envelope, Wrong(400, wire.INVALID_BODY, problem.message))
        response = _answer(said)
        await response.prepare(request)
        await response.write_eof()
        asked.finish()
        return response

    def _envelope(self, method: str, parts: tuple[str, ...]) -> wire.Envelope:
        found = next((r for r in self.table if r.fits(method, parts)), None)
        return found.envelope if found else wire.Envelope.CALL

    def _route(self, asked: Asked) -> Route:
        for route in self.table:
            if route.fits(asked.method, asked.parts):
                return route
        raise Wrong(404, wire.NO_RESOURCE, "There is no such resource.")

    # ---- who asks ------------------------------------------------------------------------------

    async def _asked(self, request: web.Request, user: str, parts: tuple[str, ...]) -> Asked:
        known = user_named(user)
        session = self._authenticate(request.headers, known, parts)
        assert known is not None, "authenticated"
        return Asked(known, request.method, parts, await _body(request), request.query, session)

    def _authenticate(
        self, headers: Mapping[str, str], user: RibbonUser | None, parts: tuple[str, ...]
    ) -> Subscription | None:
        """Return the subscription of an `x-session`; Wrong for whoever is not the user."""
        given = [name for name in wire.CREDENTIAL_HEADERS if name in headers]
        if not given:
            raise Wrong(401, wire.NOT_AUTHORISED, "There are no credentials.")
        if user is None or len(given) > 1:
            raise Wrong(403, wire.BAD_PASSWORD)
        value = headers[given[0]]
        if given[0] == wire.HEADER_SESSION:
            own = [s for s in self._channels.of(user.user) if s.session == value]
            if not own:
                raise Wrong(403, wire.BAD_CREDENTIALS)
            return own[0]
        if given[0] == wire.HEADER_TOKEN:
            # The token is for the subscription only; afterwards its session counts (1.4).
            if parts != ("subscription",) or not self._credentials.is_hmac(user.user, value):
                raise Wrong(403, wire.BAD_CREDENTIALS)
            return None
        scheme, _, rest = value.partition(" ")
        if not self._credentials.fits(user, scheme, rest.strip()):
            raise Wrong(401 if scheme.lower() == "bearer" else 403, wire.BAD_PASSWORD)
        return None

    # ---- faults --------------------------------------------------------------------------------

    async def _spoilt(self, asked: Asked, envelope: wire.Envelope) -> web.Response | None:
        """Return what a fault answers in place of the gateway."""
        names = _names_of(asked)
        slow = self._fault("rest_slow", asked, names)
        if slow is not None:
            await asyncio.sleep(slow["seconds"])
        away = self._fault("rest_unavailable", asked, names)
        if away is not None:
            return _unavailable(away["seconds"], away["form"])
        bad = self._fault("rest_garbage", asked, names)
        if bad is not None:
            return _garbage(bad["form"])
        wrong = self._fault("rest", asked, names)
        if wrong is None:
            return None
        if wrong["code"] < 0:
            return web.Response(status=wrong["status"])
        return _refused(envelope, Wrong(wrong["status"], wrong["code"]))

    def _fault(self, name: str, asked: Asked, names: list[str]) -> dict[str, Any] | None:
        for resource in names:
            found = self._hub.faults.get(name, asked.user.user, resource=resource)
            if found is not None:
                return found
        return None


def _names_of(asked: Asked) -> list[str]:
    """Return the words a fault may use for this request, the closest first."""
    resource = asked.parts[0] if asked.parts else ""
    request = asked.body.get("callControlRequest") or asked.body.get("callDispositionRequest")
    kind = request.get("type") or request.get("action") if isinstance(request, dict) else None
    own = [str(kind)] if kind else []
    return [*own, f"{asked.method} {resource}", resource, ""]


def _path_of(request: web.Request) -> tuple[str, tuple[str, ...]]:
    """Return user and path parts; ids are percent-encoded, the user's `@` is not (0.2)."""
    raw = request.rel_url.raw_path
    found = re.fullmatch(re.escape(_USER_PREFIX) + r"([^/]+)/(.*)", raw)
    if found is None:
        return "", ()
    parts = tuple(unquote(part) for part in found[2].split("/") if part)
    return unquote(found[1]), parts


async def _body(request: web.Request) -> Body:
    text = (await request.read()).decode(errors="replace")
    if not text:
        return {}
    try:
        return wire.parse_object(text)
    except wire.BadMessage as problem:
        raise Wrong(400, wire.INVALID_BODY, problem.message) from None


def _answer(said: Said) -> web.Response:
    if said.body is None:
        return web.Response(status=204)
    return web.json_response(said.body, status=said.status)


def _refused(envelope: wire.Envelope, refusal: Wrong) -> web.Response:
    body = wire.error_body(envelope, refusal.code, reason=refusal.message)
    return web.json_response(body, status=refusal.status)


def _unavailable(seconds: float, form: str) -> web.Response:
    """Return a 503 that tells how long to wait in one of the forms of 1.7."""
    headers, body = {}, {}
    if form == "header":
        headers[hdrs.RETRY_AFTER] = str(max(0, round(seconds)))
    elif form == "date":
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        headers[hdrs.RETRY_AFTER] = format_datetime(until, usegmt=True)
    elif form in ("body", "authorization"):
        envelope = wire.Envelope.SUBSCRIBE if form == "body" else wire.Envelope.AUTHORISATION
        body = {envelope.value: {"retryAfter": round(seconds * 1000)}}
    return web.json_response(body, status=503, headers=headers)


def _garbage(form: str) -> web.Response:
    """Return a success that cannot be read."""
    match form:
        case "empty":
            return web.Response(status=200)
        case "html":
            return web.Response(text="<html>busy</html>", content_type="text/html")
        case "list":
            return web.json_response([1, 2])
        case "deep":
            return web.Response(text="[" * 30_000 + "]" * 30_000, content_type="application/json")
        case "wrong_types":
            return web.json_response({name.value: [7] for name in wire.Envelope})
        case "huge":
            text = json.dumps({"x": "x" * (wire.ANSWER_LIMIT + 1000)})
            return web.Response(text=text, content_type="application/json")
        case _:
            return web.Response(text="{not json", content_type="application/json")
