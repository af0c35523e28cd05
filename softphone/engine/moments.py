"""Times as people write them. Pure: now comes in as an argument."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from softphone.model.error import Refused
from softphone.model.text import clean

_FROM_NOW = re.compile(r"(?:in )?(\d{1,4}) ?(m|min|minutes?|h|hours?|d|days?)?")
_CLOCK = re.compile(r"(tomorrow )?(\d{1,2})[:.](\d{2})")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}:\d{2})")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LATEST = timedelta(days=366)
_HOW = "write 20m, 2h, 15:30, tomorrow 9:00 or 2026-01-31 14:00."


def moment_of(text: str, now: datetime) -> datetime:
    """Return the moment after `now` (with its zone) that a text means; raises Refused."""
    found = _moment(" ".join(text.lower().split()), now)
    if found is None:
        raise Refused(f"{clean(text, 32)!r} is no time; {_HOW}")
    if not now < found <= now + _LATEST:
        raise Refused("That time is over, or more than a year away.")
    return found


def _moment(text: str, now: datetime) -> datetime | None:
    if match := _FROM_NOW.fullmatch(text):
        count, unit = match.groups()
        return now + timedelta(**{_UNITS[(unit or "m")[0]]: int(count)})
    try:
        if match := _CLOCK.fullmatch(text):
            tomorrow, hour, minute = match.groups()
            clock = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            return clock + timedelta(days=1) if tomorrow or clock <= now else clock
        if match := _DATE.fullmatch(text):
            told = datetime.strptime(" ".join(match.groups()), "%Y-%m-%d %H:%M")  # noqa: DTZ007  # the zone is the next line
            return told.replace(tzinfo=now.tzinfo)
    except ValueError:
        return None
    return None
