"""The control API under /lab/: makes things happen. Every request needs the control key."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from softphone.model.error import Refused

from .farends import CALLER_KINDS
from .faults import EVERYBODY, FAULTS
from .hub import Hub, RingRequest, Service
from .ribbon_users import user_named
from .scenario import Scenario
from .world import CALLERS, NUMBERS, Caller

_RING_LIMIT = 500
_Body = dict[str, Any]


class Control:
    """Routes of the control API."""

    def __init__(self, hub: Hub, scenario: Scenario) -> None:
        self._hub = hub
        self._scenario = scenario
        self.key = hub.keys.key("control")

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/lab/state", self._guarded(self._state)),
            web.get("/lab/faults", self._guarded(self._faults)),
            web.post("/lab/faults", self._guarded(self._set_fault)),
            web.delete("/lab/faults", self._guarded(self._clear_faults)),
            web.post("/lab/ring", self._guarded(self._ring)),
            web.post("/lab/calls/{sid}/hangup", self._guarded(self._hang_up)),
            web.get("/lab/calls/{sid}/heard.wav", self._guarded(self._heard)),
            web.post("/lab/drop", self._guarded(self._drop)),
            web.post("/lab/scenario", self._guarded(self._change_scenario)),
            web.post("/lab/token", self._guarded(self._token)),
            web.post("/lab/act", self._guarded(self._act)),
        ]

    def state(self) -> dict[str, Any]:
        """Return all there is to know about the lab now."""
        return {
            "scenario": self._scenario.name,
            "faults": self._hub.faults.listed(),
            "services": {service.name: service.state() for service in self._hub.services},
            "skipped_slots": self._hub.ticker.skipped,
            "journal": list(self._hub.journal),
        }

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Ask for the key, and turn what is refused into 400."""

        async def handler(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.key.encode()):
                return _problem(401, "UNAUTHORIZED", "The control key is missing or wrong.")
            try:
                return await answer(request)
            except Refused as problem:
                return _problem(400, problem.code, problem.message)

        return handler

    # ---- what can be asked ---------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self.state())

    async def _faults(self, request: web.Request) -> web.Response:
        known = [
            {
                "name": name,
                "help": kind.help,
                "args": dict(kind.defaults),
                "at_once": kind.now,
                "services": list(kind.services),
            }
            for name, kind in FAULTS.items()
        ]
        return web.json_response({"known": known, "on": self._hub.faults.listed()})

    async def _set_fault(self, request: web.Request) -> web.Response:
        body = await _body(request)
        name, who = _text(body, "name"), _who(_text(body, "operator", EVERYBODY))
        given = body.get("args", {})
        if not isinstance(given, dict):
            raise Refused("args must be an object.")
        args = self._hub.faults.check(name, given)
        self._hub.note(f"fault {name} for {who}")
        if FAULTS[name].now or (name == "close" and args["step"] == "now"):
            meant = [one for one in self._hub.services if one.name in FAULTS[name].services]
            done = sum(one.fault_now(name, who, args) for one in meant)
            return web.json_response({"done": done, "args": args})
        self._hub.faults.set(name, who, args)
        return web.json_response({"on": self._hub.faults.listed(), "args": args})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        query = request.query
        who = query.get("operator")
        cleared = self._hub.faults.clear(query.get("name"), who and _who(who))
        return web.json_response({"cleared": cleared})

    async def _ring(self, request: web.Request) -> web.Response:
        body = await _body(request)
        wanted = RingRequest(
            _text(body, "number", NUMBERS[0].id),
            self._caller(body),
            _count(body),
            talks_s=_seconds(body, "talks_s"),
            ring_limit_s=_seconds(body, "ring_limit_s"),
            to_user=_text(body, "to_user", "") or None,
        )
        for service in self._hub.services:
            calls = service.ring(wanted)
            if calls is not None:
                return web.json_response({"calls": calls})
        known = ", ".join(f"{number.id} ({number.phone_number})" for number in NUMBERS)
        raise Refused(f"No number {wanted.number!r} here: {known}, or a user like alice@lab.test.")

    def _caller(self, body: _Body) -> Caller:
        sound = _text(body, "far_end", "caller")
        if sound not in CALLER_KINDS:
            raise Refused(f"No far end {sound!r} for callers: {', '.join(CALLER_KINDS)}.")
        if "caller" in body or "name" in body:
            return Caller(_optional(body, "caller"), _optional(body, "name"), sound)
        known = self._hub.keys.chance.choice(CALLERS)
        return Caller(known.number, known.name, sound)

    async def _hang_up(self, request: web.Request) -> web.Response:
        code = _code((await _body(request)).get("code"))
        sid = request.match_info["sid"]
        if not any(service.hang_up(sid, code) for service in self._hub.services):
            raise Refused(f"No call {sid}.", code="NO_CALL")
        return web.json_response({"ended": sid})

    async def _heard(self, request: web.Request) -> web.Response:
        for service in self._hub.services:
            heard = service.heard(request.match_info["sid"])
            if heard is not None:
                return web.Response(body=heard, content_type="audio/wav")
        raise Refused("No such call.", code="NO_CALL")

    async def _drop(self, request: web.Request) -> web.Response:
        body = await _body(request)
        service = self._service(_text(body, "service", ""))
        code = _code(body.get("code")) or 1011
        dropped = service.drop(_text(body, "user", "") or None, code)
        self._hub.note(f"dropped {dropped} of {service.name} with {code}")
        return web.json_response({"dropped": dropped})

    async def _change_scenario(self, request: web.Request) -> web.Response:
        await self._scenario.change(_text(await _body(request), "name"))
        return web.json_response({"scenario": self._scenario.name})

    async def _token(self, request: web.Request) -> web.Response:
        body = await _body(request)
        service = self._service(_text(body, "service", ""))
        return web.json_response(service.token(_text(body, "user"), body))

    async def _act(self, request: web.Request) -> web.Response:
        body = await _body(request)
        verb, user = _text(body, "verb"), _text(body, "user")
        service = self._service(_text(body, "service", "ribbon"))
        self._hub.note(f"{verb} {user}")
        return web.json_response(service.act(verb, user, body))

    def _service(self, name: str) -> Service:
        services = self._hub.services
        found = next((one for one in services if name in ("", one.name)), None)
        if found is None:
            raise Refused(f"No service {name!r}: {', '.join(one.name for one in services)}.")
        return found


def _who(name: str) -> str:
    """Return a user of the gateway in full; the others as they are."""
    user = user_named(name)
    return name if user is None else user.user


async def _body(request: web.Request) -> _Body:
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise Refused("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return body


def _text(body: _Body, key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str):
        raise Refused(f"{key} must be a text.")
    return value


def _optional(body: _Body, key: str) -> str | None:
    return None if body.get(key) is None else _text(body, key)


def _count(body: _Body) -> int:
    count = body.get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= _RING_LIMIT:
        raise Refused(f"count must be 1 to {_RING_LIMIT}.")
    return count


def _seconds(body: _Body, key: str) -> float | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise Refused(f"{key} must be a number of seconds.")
    return float(value)


def _code(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 1000 <= value <= 4999:
        raise Refused("code must be a close code, 1000 to 4999.")
    return value


def _problem(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
