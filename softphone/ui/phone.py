"""Phone numbers as people read them, and as the wire wants them."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import AsYouTypeFormatter, NumberParseException, PhoneNumberFormat

_PLAIN = re.compile(r"\+?[0-9*#]{2,20}")
_SPACING = re.compile(r"[\s().\-/\u00a0]+")
_TYPED = re.compile(r"[+0-9*#\s().\-/]+")
TONES = frozenset("0123456789*#")
DIALABLE = frozenset("0123456789*#+")


@lru_cache(2048)
def shown(address: str, region: str = "") -> str:
    """Return an address for reading: E.164 spaced out, anything else as it is."""
    if not address.startswith("+") or not _PLAIN.fullmatch(address):
        return address
    try:
        number = phonenumbers.parse(address, None)
    except NumberParseException:
        return address
    home = region and phonenumbers.country_code_for_region(region) == number.country_code
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def as_typed(text: str, region: str = "") -> str:
    """Return what is being typed, grouped the way the finished number will be."""
    plain = _SPACING.sub("", text)
    if not plain or not _PLAIN.fullmatch(plain) or set("*#") & set(plain):
        return text
    formatter = AsYouTypeFormatter(region or "ZZ")
    grouped = ""
    for digit in plain:
        grouped = formatter.input_digit(digit)
    return grouped


def to_dial(text: str, region: str = "") -> str:
    """Return what is sent for a typed text: E.164 where it is certain, else the text itself."""
    text = text.strip()
    if not _TYPED.fullmatch(text):
        return text
    plain = _SPACING.sub("", text)
    if plain.startswith("+") or not region or set("*#") & set(plain):
        return plain
    try:
        number = phonenumbers.parse(plain, region)
    except NumberParseException:
        return plain
    if not phonenumbers.is_valid_number(number):
        return plain
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
