"""Who lives on the lab's Ribbon gateway, and how they prove it (reference, 1.4)."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass

from softphone.adapters.ribbon import wire
from softphone.model.error import Refused

from .hub import Hub

DOMAIN = "lab.test"
_FIRST = (
    ("alice", "Alice", "Romano"),
    ("bob", "Bob", "Fisher"),
    ("carol", "Carol", "Novak"),
    ("dave", "Dave", "Lindqvist"),
)
_MORE = tuple((f"user{place:02d}", "User", f"{place:02d}") for place in range(5, 41))
_EXTENSIONS_FROM = 1001


@dataclass(frozen=True, slots=True)
class RibbonUser:
    """Someone with an account on the gateway; `extension` is what others of the lab dial."""

    user: str
    first_name: str
    last_name: str
    authname: str
    extension: str

    @property
    def name(self) -> str:
        """The name that others see."""
        return f"{self.first_name} {self.last_name}"


USERS = tuple(
    RibbonUser(f"{own}@{DOMAIN}", first, last, f"{own}-auth", str(_EXTENSIONS_FROM + place))
    for place, (own, first, last) in enumerate((*_FIRST, *_MORE))
)
SHOWN = USERS[: len(_FIRST)]
_BY_NAME = {one.user: one for one in USERS}


def user_named(address: str) -> RibbonUser | None:
    """Return the user of an address in any form, None when nobody has it."""
    return _BY_NAME.get(wire.full(address, DOMAIN).lower())


def user_with_extension(digits: str) -> RibbonUser | None:
    """Return the user with an extension of four digits."""
    return next((one for one in USERS if one.extension == digits), None)


class Credentials:
    """Passwords, HMAC tokens and bearer tokens of the users, random for each run."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._short: dict[str, tuple[str, float]] = {}

    def password(self, user: str) -> str:
        """Return a user's password."""
        return self._hub.keys.key(f"ribbon password {user}")[:20]

    def hmac_token(self, user: str) -> str:
        """Return the token a user may subscribe with (`x-token`)."""
        return self._hub.keys.key(f"ribbon hmac {user}")

    def bearer(self, user: str) -> str:
        """Return a bearer token that lives as long as the lab."""
        return self._hub.keys.key(f"ribbon bearer {user}")

    def short_bearer(self, user: str, life_s: float) -> str:
        """Return a bearer token that ends after a while."""
        token = secrets.token_urlsafe(24)
        self._short[token] = user, self._hub.now + life_s
        return token

    def is_bearer(self, user: str, token: str) -> bool:
        """Tell whether a bearer token is this user's and still valid."""
        owner, until = self._short.get(token, ("", 0.0))
        if owner == user and self._hub.now < until:
            return True
        return _same(token, self.bearer(user))

    def fits(self, user: RibbonUser, scheme: str, value: str) -> bool:
        """Tell whether an Authorization header is this user's."""
        if scheme.lower() == "bearer":
            return self.is_bearer(user.user, value)
        if scheme.lower() != "basic":
            return False
        try:
            given, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return False
        known = given.lower() in (user.user, user.user.partition("@")[0], user.authname)
        return known and _same(password, self.password(user.user))

    def is_hmac(self, user: str, token: str) -> bool:
        """Tell whether an HMAC token is this user's. Any token given out counts (ASSUMED, 1.4)."""
        return _same(token, self.hmac_token(user))

    def for_control(self, name: str, life_s: float | None) -> dict[str, str]:
        """Return a bearer token for a script; Refused for a user nobody knows."""
        user = user_named(name)
        if user is None:
            raise Refused(f"No user {name!r}; one of {', '.join(one.user for one in SHOWN)}.")
        token = self.bearer(user.user)
        return {
            "user": user.user,
            "token": token if life_s is None else self.short_bearer(user.user, life_s),
            "hmac": self.hmac_token(user.user),
        }


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
