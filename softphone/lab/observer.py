"""The lab's Observer side: tokens, connections, requests; a world of calls, and the real ones."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import jwt
from aiohttp import web

from softphone.adapters.observer import wire
from softphone.model.error import Refused

from . import observer_faults
from .client_socket import ClientSocket
from .faults import EVERYBODY
from .hub import Hub, RingRequest
from .observer_connection import Connection
from .observer_desk import Desk
from .observer_jobs import Denied
from .sounds import Patch
from .world import Caller

PATH = "/observer/ws"
ROLES = ("viewer", "admin")
_ALGORITHM = "HS256"
_AUDIENCE = "observer"
_READY_LIFE_S = 30 * 86_400.0
_TICK_S, _IDLE_TICKS = 1.0, 5
_AUTH_LIMIT_S = 10.0
_CLOSE_LIMIT_S = 2.0
_EXPIRED = 4401


class ObserverService:
    """Observer as a service of the lab."""

    name = "observer"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._key = hub.keys.key("observer token")
        self._desk = Desk(hub)
        self.connections: set[Connection] = set()
        self._ticking: asyncio.Task[None] | None = None

    # ---- what the lab asks for -----------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return the route of the WebSocket; from now on time passes in the world."""
        self._start()
        return [web.get(PATH, self._handle)]

    def ready(self) -> dict[str, Any]:
        """Return where it is and how to sign in."""
        return {
            "ws": self._hub.base_url.replace("http", "ws", 1) + PATH,
            "tokens": {role: self.make_token(role, _READY_LIFE_S) for role in ROLES},
        }

    def account(self) -> dict[str, Any]:
        """Return the account of the administrator."""
        token = self.make_token("admin", _READY_LIFE_S)
        return {"url": self._hub.base_url + PATH, "token": token, "display_name": "Lab calls"}

    def state(self) -> dict[str, Any]:
        """Return who watches."""
        return {
            "operators": [],
            "calls": [],
            "connections": [
                {"user": one.user, "role": one.role, "frames": sorted(one.frames)}
                for one in self.connections
            ],
            "requests": dict(self._desk.asked),
        }

    def ring(self, request: RingRequest) -> list[str] | None:
        """Return None: nobody is called here."""
        return None

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Return False: nobody is called here."""
        return False

    def hang_up(self, call: str, code: int | None) -> bool:
        """Return False: no call is here."""
        return False

    def heard(self, call: str) -> bytes | None:
        """Return None: nothing is heard here."""
        return None

    def drop(self, user: str | None, code: int) -> int:
        """Close the connections of a user."""
        found = [one for one in self.connections if user in (None, one.user)]
        for one in found:
            one.socket.close(code)
        return len(found)

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once."""
        found = [one for one in self.connections if user in (EVERYBODY, one.user)]
        for one in found:
            for item in observer_faults.items(name, args, one):
                one.socket.put(item)
            observer_faults.do_on_frames(name, args, one)
        return len(found)

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Refuse: what can be done has requests of its own."""
        raise Refused(f"Observer has no action {verb!r}.")

    def token(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return a token for a script; the user is a role."""
        life_s = options.get("ttl_s", self._hub.settings.token_life_s)
        if user not in ROLES:
            raise Refused(f"No user {user!r}; one of {', '.join(ROLES)}.")
        if not isinstance(life_s, int | float) or not -86_400 <= life_s <= 31_536_000:
            raise Refused("ttl_s must be a number of seconds.")
        return {"token": self.make_token(user, float(life_s))}

    def somebody(self) -> str | None:
        """Return None: nobody is called here."""
        return None

    def attended(self) -> bool:
        """Return False: nobody is called here."""
        return False

    def idle_since(self) -> float | None:
        """Return None: nobody waits for calls here."""
        return None

    async def close(self) -> None:
        """Say good bye to everybody (1001: going away)."""
        if self._ticking is not None:
            self._ticking.cancel()
        self.drop(None, 1001)

    # ---- tokens --------------------------------------------------------------------------------

    def make_token(self, role: str, life_s: float) -> str:
        """Return a signed token."""
        now = math.floor(time.time())
        claims = {"sub": role, "role": role, "aud": _AUDIENCE, "iat": now}
        return jwt.encode(claims | {"exp": now + math.ceil(life_s)}, self._key, _ALGORITHM)

    def _claims(self, token: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = jwt.decode(token, self._key, [_ALGORITHM], audience=_AUDIENCE)
        except jwt.InvalidTokenError:
            return None
        return found if found.get("role") in ROLES else None

    # ---- connections ---------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("accessToken", "")
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = bearer
        claims = self._claims(token) if token else None
        user = EVERYBODY if claims is None else str(claims["sub"])
        fault = self._hub.faults.get("handshake", user, socket="observer")
        if fault is not None:
            headers = {"Retry-After": str(fault["retry_after_s"])} if fault["retry_after_s"] else {}
            return web.Response(status=fault["status"], headers=headers)
        if token and claims is None:
            return web.Response(status=401)
        socket = ClientSocket(request, wire.MESSAGE_LIMIT, compress=True)
        await socket.open()
        sender = asyncio.create_task(socket.send_all())
        try:
            if claims is None:
                claims = await self._first_message(socket)
            if claims is None:
                socket.close(_EXPIRED)
                await asyncio.wait([sender], timeout=_CLOSE_LIMIT_S)
            else:
                await self._serve(socket, claims)
        finally:
            await socket.finish(sender)
        return socket.ws

    async def _first_message(self, socket: ClientSocket) -> dict[str, Any] | None:
        """Return the claims of a token that comes in the first message."""
        try:
            async with asyncio.timeout(_AUTH_LIMIT_S):
                text = await socket.receive()
            if not isinstance(text, str):
                return None
            claims = self._claims(wire.decode_request(text, wire.Wire()).token or "")
        except (TimeoutError, wire.BadMessage):
            return None
        if claims is not None:
            socket.put(wire.encode_signed_in(wire.Wire()))
        return claims

    async def _serve(self, socket: ClientSocket, claims: dict[str, Any]) -> None:
        connection = Connection(self._hub, socket, str(claims["sub"]), str(claims["role"]))
        self.connections.add(connection)
        self._hub.note(f"observer: {connection.user} connected")
        expiry = self._expire(socket, connection.user, float(claims["exp"]))
        try:
            while (text := await socket.receive()) is not None:
                self._take(connection, text)
        finally:
            expiry.cancel()
            self.connections.discard(connection)

    def _expire(self, socket: ClientSocket, user: str, at: float) -> asyncio.TimerHandle:
        left = at - time.time()
        fault = self._hub.faults.get("token_life", user)
        if fault is not None:
            left = min(left, fault["seconds"])
        return self._hub.after(max(0.0, left), lambda: socket.close(_EXPIRED))

    def _take(self, connection: Connection, text: str | bytes) -> None:
        try:
            request = wire.decode_request(
                text if isinstance(text, str) else text.decode("utf-8", "replace"),
                connection.names,
            )
        except wire.BadMessage as problem:
            self._hub.note(f"observer: {connection.user} sent rubbish: {problem}")
            return
        self._answer(connection, request)

    def _answer(self, connection: Connection, request: wire.Request) -> None:
        """Answer one request, as faults want it."""
        faults, user = self._hub.faults, connection.user

        def fault(name: str) -> dict[str, Any] | None:
            found = faults.get(name, user, type=request.type)
            return found if found is not None else faults.get(name, user, type="")

        self._desk.asked[request.type] += 1
        if fault("answer_never") is not None:
            return
        late = fault("answer_late")
        wrong = fault("answer_error")
        problem = payload = None
        if wrong is not None:
            after = wrong["retry_after_ms"]
            wait = after / 1000.0 if after else None
            problem = wire.Problem(wrong["code"], "Fault answer_error", wait)
        else:
            try:
                payload = self._desk.do(connection, self.connections, request)
            except Denied as denied:
                problem = denied.problem
        if problem is not None:
            text = wire.encode_problem(request.request_id, problem, connection.names)
        else:
            text = wire.encode_response(request.request_id, payload or {}, connection.names)
        odd = fault("answer_form")
        texts = [text]
        if odd is not None:
            texts = _odd_answers(odd["form"], request.request_id, payload or {})

        def say() -> None:
            for one in texts:
                connection.say(one)

        if late is not None:
            self._hub.after(late["seconds"], say)
        else:
            say()

    # ---- time ----------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        """Push what happens once a second; look at real calls less often while nobody watches."""
        for count in range(10**9):
            await asyncio.sleep(_TICK_S)
            if self.connections or count % _IDLE_TICKS == 0:
                self._desk.real.look()
            now_ms = round(time.time() * 1000)
            for connection in list(self.connections):
                connection.tick(now_ms)


def _odd_answers(form: str, request_id: str, payload: dict[str, Any]) -> list[str]:
    """Return an answer as a broken service gives it."""
    names = wire.Wire()
    good = wire.encode_response(request_id, payload, names)
    match form:
        case "both":
            return [good[:-1] + ',"error":{"code":"INTERNAL","message":"both"}}']
        case "neither":
            return [f'{{"kind":"response","requestId":"{request_id}"}}']
        case "number_id":
            return [good.replace(f'"{request_id}"', request_id.removeprefix("r-"), 1)]
        case "twice":
            return [good, good]
        case "unknown_id":
            return [good.replace(f'"{request_id}"', '"r-nobody"', 1), good]
        case "no_frame_id":
            return [wire.encode_response(request_id, {"x": 1}, names)]
        case _:
            return [good]
