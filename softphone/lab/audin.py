"""The lab's Audin side: puts tokens, presence, calls and audio together (reference, 12)."""

from __future__ import annotations

from typing import Any, assert_never

from aiohttp import web

from softphone.adapters.audin import wire
from softphone.model.error import Refused

from . import audin_faults, farends
from .audin_audio import AudioDesk
from .audin_calls import AudinCalls
from .audin_presence import PresenceDesk
from .audin_tokens import AudinTokens
from .hub import Hub, RingRequest
from .sounds import Patch
from .world import NUMBERS, OPERATORS, Caller


class AudinService:
    """Audin as a service of the lab."""

    name = "audin"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._names = hub.settings.names
        self._tokens = AudinTokens(hub)
        self._presence = PresenceDesk(hub, self._tokens)
        self._calls = AudinCalls(hub, self._presence)
        self._audio = AudioDesk(hub, self._tokens, self._calls)
        self._presence.take = self._take
        self._presence.gone = self._calls.forget_offers

    # ---- what the lab asks for -----------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return HTTP and WebSocket routes."""
        return [
            *self._tokens.routes(),
            web.get(self._names.presence_path, self._presence.handle),
            web.get(self._names.audio_path, self._audio.handle),
        ]

    def ready(self) -> dict[str, Any]:
        """Return where it is and how to sign in."""
        return {
            "core_url": self._hub.base_url,
            "token_url": self._tokens.token_url(OPERATORS[0].ref),
            "token_urls": {one.ref: self._tokens.token_url(one.ref) for one in OPERATORS},
            "api_key": self._tokens.api_key,
            "operators": [{"ref": one.ref, "name": one.name} for one in OPERATORS],
            "numbers": [{"id": one.id, "phone_number": one.phone_number} for one in NUMBERS],
        }

    def account(self) -> dict[str, Any]:
        """Return the account of the first operator."""
        first = OPERATORS[0]
        return {
            "core_url": self._hub.base_url,
            "token_url": self._tokens.token_url(first.ref),
            "operator_ref": first.ref,
            "display_name": first.name,
            "phone_number_ids": [number.id for number in NUMBERS[:2]],
        }

    def state(self) -> dict[str, Any]:
        """Return operators and calls."""
        lines = self._presence.lines
        names = {one.ref: one.name for one in OPERATORS}
        return {
            "operators": [
                {
                    "ref": ref,
                    "name": lines[ref].name if ref in lines else names[ref],
                    "online": ref in lines,
                    "available": sorted(lines[ref].available) if ref in lines else [],
                }
                for ref in dict.fromkeys((*names, *lines))
            ],
            "calls": self._calls.state(),
        }

    def ring(self, request: RingRequest) -> list[str] | None:
        """Let callers ring; None when the number is not Audin's."""
        number = next((n for n in NUMBERS if request.number in (n.id, n.phone_number)), None)
        if number is None:
            return None
        return [self._calls.ring(request, number).sid for _ in range(request.count)]

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Ring the operator with this number."""
        operator = farends.operator_in(number)
        return operator is not None and self._calls.ring_user(f"op-{operator}", caller, patch)

    def hang_up(self, call: str, code: int | None) -> bool:
        """End a call from the far end."""
        return self._calls.hang_up(call, code)

    def heard(self, call: str) -> bytes | None:
        """Return what a call's far end has heard, as a WAV file."""
        found = self._calls.find(call)
        return None if found is None else found.hearing.wav()

    def drop(self, user: str | None, code: int) -> int:
        """Close presence sockets."""
        return self._presence.drop(user, code)

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Refuse: what Audin can do has commands of its own."""
        raise Refused(f"Audin has no action {verb!r}.")

    def token(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return a token for a script."""
        life_s = options.get("ttl_s", self._hub.settings.token_life_s)
        if not isinstance(life_s, int | float) or not -86_400 <= life_s <= 31_536_000:
            raise Refused("ttl_s must be a number of seconds.")
        return self._tokens.for_control(user, float(life_s))

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once; return to how many sockets."""
        if audin_faults.on_audio(name, args):
            legs = list(self._audio.legs.items())
            calls = [(leg, self._calls.get(sid)) for sid, leg in legs]
            found = [leg for leg, call in calls if call and audin_faults.means(user, call.operator)]
            for leg in found:
                audin_faults.do_on_leg(leg, name, args)
            return len(found)
        lines = [x for ref, x in self._presence.lines.items() if audin_faults.means(user, ref)]
        for line in lines:
            if name == "close":
                line.socket.close(args["code"])
            for item in audin_faults.presence_items(name, args, self._names):
                line.socket.put(item)
        return len(lines)

    def somebody(self) -> str | None:
        """Return None: here numbers are called, not users."""
        return None

    def attended(self) -> bool:
        """Tell whether an operator takes calls."""
        return any(line.available for line in self._presence.lines.values())

    def idle_since(self) -> float | None:
        """Return since when an operator waits for a call."""
        since = [x.available_since for x in self._presence.lines.values() if x.available]
        if not since or len(self._calls):
            return None
        return max(min(since), self._calls.last_change)

    async def close(self) -> None:
        """Forget calls and say good bye on every socket (1001: going away)."""
        self._calls.close()
        for leg in list(self._audio.legs.values()):
            leg.close(1001)
        self._presence.drop(None, 1001)

    # ---- what operators say --------------------------------------------------------------------

    def _take(self, ref: str, message: wire.ClientMessage) -> None:
        match message:
            case wire.SetAvailable():
                self._calls.offer_waiting(ref, self._presence.available_numbers(ref))
            case wire.Accept(sid):
                self._calls.accept(ref, sid)
            case wire.Reject(sid):
                self._calls.reject(ref, sid)
            case wire.StartOutbound():
                self._presence.reached(ref, "start_outbound")
                self._calls.start_outbound(ref, message)
            case wire.SetUnavailable() | wire.Ping():
                pass
            case _:
                assert_never(message)
