"""Addresses: what an operator dials becomes a SIP address in the user's domain (4.23)."""

from __future__ import annotations

import re

_LEAD = re.compile(r"([#+*]+)([\d(][\d\s\-.()+]*)")
_NUMBER = re.compile(r"[+*#]*\d[\d*#]*")
_FILLING = re.compile(r"[\s\-.()+]")


def normalised(destination: str, domain: str) -> str:
    """Return `sip:` + user + `@` + domain, as the platform's own client makes it."""
    text = destination.strip()
    at = text.rfind("@")
    if 0 < at < len(text) - 1:
        text, domain = text[:at], text[at + 1 :]
    text = text[text.rfind(":") + 1 :]
    lead = ""
    found = _LEAD.fullmatch(text)
    if found:
        lead, text = found.groups()
    digits = _FILLING.sub("", text)
    user = digits if digits.isascii() and digits.isdigit() else text
    return f"sip:{lead}{user}@{domain}"


def domain_of(user: str) -> str:
    """Return the part of a user id behind the last `@`, "" when there is none."""
    return user.rpartition("@")[2] if "@" in user else ""


def bare(address: str) -> str:
    """Return an address without scheme and display name: `alice@example.com`."""
    text = address.strip()
    if text.endswith(">") and "<" in text:
        text = text[text.rfind("<") + 1 : -1]
    for scheme in ("sip:", "sips:", "tel:"):
        text = text.removeprefix(scheme)
    return text


def full(address: str, domain: str) -> str:
    """Return a bare address with the domain put in when it has none."""
    plain = bare(address)
    return plain if "@" in plain or not plain else f"{plain}@{domain}"


def named(address: str, name: str) -> str:
    """Return an address with a display name before it: no blank between (4.5)."""
    return f"{name}<{address}>" if name else address


def shown_address(address: str, domain: str) -> str:
    """Return an address for people: a number of the own domain without it."""
    plain = full(address, domain)
    user, _, host = plain.rpartition("@")
    return user if host == domain and _NUMBER.fullmatch(user) else plain
