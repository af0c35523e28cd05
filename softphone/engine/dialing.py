"""From what an operator types to what may be dialled: names, writing of numbers, refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping

from softphone.model.error import Refused

_NUMBER = re.compile(r"\+?[0-9*#]{2,20}")
_ADDRESS = re.compile(r"(?:sips?:)?[A-Za-z0-9._~+-]{1,64}@[A-Za-z0-9.-]{1,253}")
_WRITING = re.compile(r"[\s()./\-\u2010-\u2015]")
_EMERGENCY = frozenset(
    {"112", "911", "999", "110", "113", "115", "118", "119", "000", "100", "108"}
)


def resolve(text: str, names: Mapping[str, str]) -> str:
    """Return the number behind a configured name, or the text itself without its writing."""
    found = names.get(text) or names.get(text.strip().casefold())
    return found if found is not None else text.strip()


def normalise(text: str, region: str) -> str:
    """Return what goes on the wire: E.164 for a phone number, an address as it is.

    `region` (ISO 3166, as "IT") turns national numbers into international ones. Raises Refused
    with the reason for anything else.
    """
    if _ADDRESS.fullmatch(text):
        return text
    number = _WRITING.sub("", text)
    if number.startswith("00"):
        number = "+" + number[2:]
    if not _NUMBER.fullmatch(number) or "+" in number[1:]:
        raise Refused(
            f"{text[:40]!r} cannot be dialled: use digits, * and #, with + for abroad.",
            code="BAD_NUMBER",
        )
    return _international(number, region) if region else number


def refuse_emergency(number: str, allowed: bool) -> None:
    """Raise Refused for an emergency number, unless the site allows them."""
    if not allowed and number in _EMERGENCY:
        raise Refused(
            "This console cannot place emergency calls: use a phone. "
            '(A site that can locate its desks sets [calls] emergency = "allow".)',
            code="EMERGENCY",
        )


def must_confirm(number: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether the number starts with a prefix the site wants confirmed."""
    return any(number.startswith(prefix) for prefix in prefixes)


def _international(number: str, region: str) -> str:
    if number.startswith("+") or not number.isdigit():
        return number
    import phonenumbers  # heavy tables; only national numbers need them

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed) or len(number) <= 4:
        return number  # a short code or an extension
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
