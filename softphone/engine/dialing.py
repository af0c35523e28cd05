"""From what an operator types to what may be dialled: names, writing of numbers, refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping

from softphone.model.error import Refused

_NUMBER = re.compile(r"\+?[0-9*#]{2,20}")
_ADDRESS = re.compile(r"(?:sips?:)?[A-Za-z0-9._~+-]{1,64}@[A-Za-z0-9.-]{1,253}")
_USER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9._~-]{1,64}")
_WRITING = re.compile(r"[\s()./\-\u2010-\u2015]")
_SHORT = 4  # a short code or an extension
_EMERGENCY = frozenset(
    {"112", "911", "999", "110", "113", "115", "118", "119", "000", "100", "108"}
)


def resolve(text: str, names: Mapping[str, str]) -> str:
    """Return the number behind a configured name, in any case, or the text itself."""
    wanted = text.strip()
    if wanted in names:
        return names[wanted]
    folded = {name.casefold(): number for name, number in names.items()}
    return folded.get(wanted.casefold(), wanted)


def normalise(text: str, region: str) -> str:
    """Return what goes on the wire: E.164 for a phone number, an address as it is.

    `region` (ISO 3166, as "IT") turns national numbers into international ones. Raises Refused
    with the reason for anything else.
    """
    if _ADDRESS.fullmatch(text):
        return text
    number = _WRITING.sub("", text.removeprefix("tel:"))
    if not _NUMBER.fullmatch(number):
        raise Refused(
            f"{text[:40]!r} cannot be dialled: use digits, * and #, with + for abroad.",
            code="BAD_NUMBER",
        )
    if region:
        number = _international(number, region)
    if number.startswith("00") and len(number) > _SHORT:
        number = "+" + number[2:]
    return number


def plain_number(text: str) -> str:
    """Return the beginning of a number without its writing; Refused when it is none."""
    number = _WRITING.sub("", text)
    number = "+" + number[2:] if number.startswith("00") else number
    if not re.fullmatch(r"\+?[0-9]{1,20}", number):
        raise Refused(f"{text[:40]!r} is not the beginning of a number.", code="BAD_NUMBER")
    return number


def writings(text: str, region: str) -> tuple[str, ...]:
    """Return the digits of a number's other writings, to look for them too.

    A number of `region` is known with its country's code and as people there write it. What is
    no number, or too little of one to tell, has none.
    """
    number = _WRITING.sub("", text)
    if not re.fullmatch(r"\+?[0-9]{3,20}", number):
        return ()
    found = [number[2:]] if number.startswith("00") else []
    if region:
        found += _of_region(number, region)
    return tuple(found)


def is_user_name(text: str) -> bool:
    """Tell whether this may be the short name of a platform's user: `bob` of bob@example.com."""
    return _USER.fullmatch(text) is not None


def refuse_emergency(number: str, allowed: bool) -> None:
    """Raise Refused for an emergency number, unless the site allows them."""
    user = number.partition("@")[0].rpartition(":")[2]
    if not allowed and user.lstrip("+") in _EMERGENCY:
        raise Refused(
            "This console cannot place emergency calls: use a phone. "
            '(A site that can locate its desks sets [calls] emergency = "allow".)',
            code="EMERGENCY",
        )


def same_beginning(pattern: str, address: str) -> bool:
    """Tell whether an address is the pattern's, or begins so where it ends in `*`.

    Numbers are the same in any writing; `00` in front stands for `+`.
    """
    wanted, given = _bare(pattern.removesuffix("*")), _bare(address)
    if not wanted:
        return False
    return given.startswith(wanted) if pattern.endswith("*") else given == wanted


def must_confirm(number: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether the number starts with a prefix the site wants confirmed."""
    return any(_bare(number).startswith(_bare(prefix)) for prefix in prefixes)


def _bare(text: str) -> str:
    number = _WRITING.sub("", text).casefold()
    return "+" + number[2:] if number.startswith("00") else number


def _international(number: str, region: str) -> str:
    if not number.isdigit() or len(number) <= _SHORT:
        return number
    import phonenumbers  # heavy tables; only national numbers need them

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _of_region(number: str, region: str) -> list[str]:
    """Return beginnings of a number with the country's code, and in the national writing.

    Complete or not: what is typed so far is looked for.
    """
    import phonenumbers

    code = str(phonenumbers.country_code_for_region(region))
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    whole = number.removeprefix("+").removeprefix("00")
    if number.startswith(("+", "00")):
        return [trunk + whole.removeprefix(code)] if whole.startswith(code) else []
    return [code + number.removeprefix(trunk)] if trunk and number.startswith(trunk) else []
