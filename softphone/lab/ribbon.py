"""The lab's Ribbon gateway: puts users, subscriptions, calls and services together."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from softphone.adapters.ribbon import wire

from . import farends, ribbon_faults
from .farends import FarEnd
from .faults import EVERYBODY
from .hub import Hub, RingRequest
from .ribbon_actions import Actions
from .ribbon_books import Books
from .ribbon_call_desk import CallDesk
from .ribbon_calls import RibbonCalls
from .ribbon_channels import CHANNEL_PATH, Channels
from .ribbon_events import Events
from .ribbon_far import FarLeg
from .ribbon_faults import NoticeFaults
from .ribbon_leg import UserLeg
from .ribbon_party import BUSY, CANCELLED, DECLINED, other_of
from .ribbon_people import People
from .ribbon_rest import RibbonRest, Route
from .ribbon_subscriptions import SubscriptionDesk
from .ribbon_users import (
    DOMAIN,
    SHOWN,
    Credentials,
    RibbonUser,
    user_named,
    user_with_extension,
)
from .sounds import Patch
from .world import Caller

_PATCH_ENDS = {DECLINED: "busy", BUSY: "busy", CANCELLED: "no_answer"}


class RibbonService:
    """Ribbon as a service of the lab."""

    name = "ribbon"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._credentials = Credentials(hub)
        self._channels = Channels(hub, self._credentials)
        self._channels.edit = NoticeFaults(hub, self._channels).edit
        self._calls = RibbonCalls(hub, self._channels)
        self._books = Books(hub)
        self._people = People(hub, self._channels, self._calls.busy)
        self._events = Events(hub, self._channels)
        self._actions = Actions(self._channels, self._calls, self._people, self._events)
        self._rest = RibbonRest(hub, self._credentials, self._channels)
        subscriptions = SubscriptionDesk(hub, self._channels)
        subscriptions.subscribed = self._people.subscribed
        self._calls.changed = self._call_changed
        desk = CallDesk(hub, self._channels, self._calls)
        for part in (subscriptions, desk, self._books, self._people, self._events):
            self._rest.table += part.table()

    # ---- what the lab asks for -----------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return HTTP and WebSocket routes."""
        channel = web.get(CHANNEL_PATH + "/{channel}", self._channels.handle)
        return [channel, *self._rest.routes()]

    def ready(self) -> dict[str, Any]:
        """Return where it is and how to sign in."""
        http, https = self._hub.base_url, self._hub.tls_url or None
        return {
            "http": http,
            "ws": _socket_url(http),
            "https": https,
            "wss": https and _socket_url(https),
            "users": [self._sign_in(user) for user in SHOWN],
        }

    def account(self) -> dict[str, Any]:
        """Return the account of the first user."""
        first = SHOWN[0]
        return {
            "url": self._hub.base_url,
            "websocket_url": _socket_url(self._hub.base_url),
            "user": first.user,
            "password": self._credentials.password(first.user),
        }

    def table(self) -> list[Route]:
        """Return every kind of request it answers."""
        return list(self._rest.table)

    def sign_in(self, user: str) -> dict[str, str]:
        """Return how a user signs in, also one that is not announced."""
        found = user_named(user)
        assert found is not None, user
        return self._sign_in(found)

    def state(self) -> dict[str, Any]:
        """Return users, subscriptions and calls."""
        online = {one.user for one in self._channels.subscriptions.values()}
        return {
            "operators": [
                {
                    "ref": user.user,
                    "name": user.name,
                    "online": user.user in online,
                    "presence": self._people.presence_of(user.user).activity,
                }
                for user in SHOWN
            ],
            "subscriptions": [one.state() for one in self._channels.subscriptions.values()],
            "event_subscriptions": len(self._events.watches),
            "push_devices": len(self._events.devices),
            "calls": self._calls.state(),
        }

    def ring(self, request: RingRequest) -> list[str] | None:
        """Let callers ring a user; None when the number is not this gateway's."""
        user = _user_at(request.number)
        if user is None:
            return None
        return [self._ring_in(user, request) for _ in range(request.count)]

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Ring a user for somebody on another platform; False when nobody is there."""
        digits = farends.user_in(number)
        user = None if digits is None else user_with_extension(digits)
        if user is None or not self._channels.with_service(user.user, wire.Service.CALL):
            return False
        far = self._caller(FarEnd(patch.far, answered=True), caller)

        def up() -> None:
            patch.answered = True

        def ended() -> None:
            if far.alive and not far.up:
                far.hang_up("cancelled")

        far.on_up = up
        far.on_end = lambda code: patch.end(_PATCH_ENDS.get(code, "hangup"))
        patch.listeners.append(ended)
        self._hub.spawn(self._place(far, user))
        return True

    def hang_up(self, call: str, code: int | None) -> bool:
        """End a call from the far end; with a code it is told to both sides."""
        far = self._calls.find_far(call)
        if far is not None and far.alive and code is None:
            far.hang_up()
            return True
        leg = self._calls.legs.get(call)
        if leg is None:
            return False
        other = other_of(leg)
        said = "" if code is None else str(code)
        leg.end(said)
        if other is not None:
            other.end(said)
        return True

    def heard(self, call: str) -> bytes | None:
        """Return what a call's far end has heard, as a WAV file."""
        far = self._calls.find_far(call)
        return None if far is None else far.hearing.wav()

    def drop(self, user: str | None, code: int) -> int:
        """Close notification sockets."""
        found = None if user is None else user_named(user)
        return self._channels.drop(found.user if found else user, code)

    def token(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return tokens for a script."""
        return dict(self._credentials.for_control(user, options.get("ttl_s")))

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once; return to how many sockets or calls."""
        if name == "vanish":
            fars = [
                far
                for leg in list(self._calls.legs.values())
                if user in (EVERYBODY, leg.user.user) and isinstance(far := other_of(leg), FarLeg)
            ]
            for far in fars:
                far.vanish()
            return len(fars)
        found = [
            one
            for one in self._channels.subscriptions.values()
            if user in (EVERYBODY, one.user) and one.socket is not None
        ]
        items = ribbon_faults.items_at_once(name, args, self._channels)
        for one in found:
            for item in items:
                assert one.socket is not None
                one.socket.put(item)
        return len(found)

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Do what the control API wants of a user."""
        return self._actions.act(verb, user, options)

    def somebody(self) -> str | None:
        """Return a user who is signed in for calls."""
        there = self._channels.subscriptions.values()
        found = [one.user for one in there if one.has(wire.Service.CALL)]
        return self._hub.keys.chance.choice(found) if found else None

    def attended(self) -> bool:
        """Tell whether a user can be rung."""
        return any(x.has(wire.Service.CALL) for x in self._channels.subscriptions.values())

    def idle_since(self) -> float | None:
        """Return since when a user waits for a call."""
        since = [one.began for one in self._channels.subscriptions.values()]
        if not since or len(self._calls):
            return None
        return max(min(since), self._calls.last_change)

    async def close(self) -> None:
        """Forget calls and say good bye on every socket (1001: going away)."""
        self._calls.close()
        self._channels.close()

    # ---- private -------------------------------------------------------------------------------

    def _sign_in(self, user: RibbonUser) -> dict[str, str]:
        return {
            "user": user.user,
            "name": user.name,
            "authname": user.authname,
            "password": self._credentials.password(user.user),
            "hmac": self._credentials.hmac_token(user.user),
            "token": self._credentials.bearer(user.user),
            "number": f"{farends.PREFIX}{user.extension}",
        }

    def _caller(self, far_end: FarEnd, caller: Caller) -> FarLeg:
        number = caller.number or "anonymous"
        shown = number if "@" in number else f"{number}@{DOMAIN}"
        return self._calls.new_far(far_end, caller.name or "", shown)

    def _ring_in(self, user: RibbonUser, request: RingRequest) -> str:
        times = self._hub.settings.times
        far_end = farends.caller(request.caller.sound, times, request.talks_s)
        far = self._caller(far_end, request.caller)

        def give_up() -> None:
            if far.alive and not far.up:
                far.hang_up("gave up")

        if request.ring_limit_s is not None:
            self._hub.after(request.ring_limit_s, give_up)
        self._hub.note(f"{far.number} rings {user.user} ({far.id})")
        far.on_up = lambda: self._hub.tell_call(far.id, "answered")
        far.on_end = lambda _code: self._hub.tell_call(far.id, "over")
        self._hub.spawn(self._place(far, user))
        self._hub.tell_call(far.id, "rings", request.caller.number, request.caller.name)
        return far.id

    async def _place(self, far: FarLeg, user: RibbonUser) -> None:
        sdp = "" if self._hub.faults.on("slow_start", user.user) else await far.offer(user.user)
        if far.alive:
            await self._calls.place(far, user.user, sdp)

    def _call_changed(self, leg: UserLeg) -> None:
        """Keep history and presence in step with a user's calls."""
        if not leg.alive:
            self._books.note_call(leg)
        self._people.refresh(leg.user.user)


def _user_at(number: str) -> RibbonUser | None:
    """Return the user of an address, or of a number of the lab."""
    if number.startswith(farends.PREFIX):
        digits = farends.user_in(number)
        return None if digits is None else user_with_extension(digits)
    return user_named(number)


def _socket_url(url: str) -> str:
    return url.replace("http", "ws", 1)
