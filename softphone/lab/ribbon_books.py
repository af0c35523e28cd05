"""History, contacts and directory of the lab's Ribbon gateway (reference, 5.1 to 5.3)."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from softphone.adapters.ribbon import wire

from .farends import FAR_ENDS, title
from .hostile import HOSTILE_TEXTS
from .hub import Hub
from .ribbon_leg import UserLeg
from .ribbon_rest import Asked, Route, Said, Wrong
from .ribbon_users import DOMAIN, SHOWN, RibbonUser
from .world import CALLERS

_At = wire.Resource

_KEPT = 500
_COUNT = 50


class Books:
    """What the gateway keeps for each user about calls and people."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._history: dict[str, list[wire.LogItem]] = {}
        self._contacts: dict[str, dict[str, wire.Entry]] = {}

    def table(self) -> list[Route]:
        """Return what it answers."""
        log, record, book = wire.Envelope.LOG_HISTORY, wire.Envelope.LOG_RECORD, wire.Envelope.BOOK
        return [
            Route("GET", _At.LOG_HISTORY, log, self._fetch_history),
            Route("DELETE", _At.LOG_HISTORY, log, self._clear_history),
            Route("DELETE", f"{_At.LOG_RECORD}/*", record, self._remove_record),
            Route("GET", _At.ADDRESS_BOOK, book, self._fetch_book),
            Route("POST", _At.CONTACTS, book, self._add),
            Route("PUT", f"{_At.CONTACTS}*", book, self._update),
            Route("GET", f"{_At.CONTACTS}*", book, self._fetch_one),
            Route("DELETE", f"{_At.CONTACTS}*", book, self._remove),
            Route("GET", _At.DIRECTORY, wire.Envelope.DIRECTORY, self._search),
        ]

    # ---- history -------------------------------------------------------------------------------

    def note_call(self, leg: UserLeg) -> None:
        """Write a finished call into its user's history (5.1)."""
        if leg.incoming and not leg.up and leg.answered_at is None and leg.reason == "forwarded":
            return
        now = time.time()
        talked_s = 0.0 if leg.answered_at is None else self._hub.now - leg.answered_at
        mine, other = (leg.name, leg.user.user), (leg.shown_name, leg.shown_number)
        caller, callee = (other, mine) if leg.incoming else (mine, other)
        ident = f"rec-{secrets.token_hex(6)}"
        item = wire.LogItem(
            id=ident,
            direction=_direction(leg),
            start=now - talked_s,
            duration_s=talked_s,
            caller_name=caller[0],
            caller_number=caller[1],
            callee_name=callee[0],
            callee_number=callee[1],
            original_remote=other[1],
            location=wire.resource_path(leg.user.user, wire.Resource.LOG_RECORD, ident),
        )
        self.history_of(leg.user.user).insert(0, item)
        del self.history_of(leg.user.user)[_KEPT:]

    def history_of(self, user: str) -> list[wire.LogItem]:
        """Return a user's calls, the newest first."""
        if user not in self._history:
            self._history[user] = _hostile_history() if self._hostile else []
        return self._history[user]

    def _fetch_history(self, asked: Asked) -> Said:
        try:
            count = int(asked.query.get("count", _COUNT))
            start = int(asked.query.get("startIndex", 0))
        except ValueError:
            raise Wrong(400, wire.INVALID_PARAMETER) from None
        items = self.history_of(asked.user.user)[max(0, start) :][: max(0, count)]
        return Said(wire.log_body(tuple(items)))

    def _clear_history(self, asked: Asked) -> Said:
        self.history_of(asked.user.user).clear()
        return Said()

    def _remove_record(self, asked: Asked) -> Said:
        items = self.history_of(asked.user.user)
        found = next((item for item in items if item.id == asked.ident), None)
        if found is None:
            raise Wrong(404, wire.NO_RESOURCE)
        items.remove(found)
        return Said()

    # ---- contacts ------------------------------------------------------------------------------

    def _book(self, asked: Asked) -> dict[str, wire.Entry]:
        user = asked.user.user
        if user not in self._contacts:
            entries = _first_contacts(user)
            if self._hostile:
                entries += _hostile_entries()
            self._contacts[user] = {entry.id: entry for entry in entries}
        return self._contacts[user]

    def _fetch_book(self, asked: Asked) -> Said:
        return Said(wire.book_body(tuple(self._book(asked).values())))

    def _fetch_one(self, asked: Asked) -> Said:
        return Said(wire.book_body((self._contact(asked),)))

    def _add(self, asked: Asked) -> Said:
        entry = wire.read_book_request(asked.body)
        if not entry.id:
            entry = replace(entry, id=f"c-{secrets.token_hex(4)}")
        self._book(asked)[entry.id] = entry
        return Said(wire.book_body())

    def _update(self, asked: Asked) -> Said:
        self._contact(asked)
        entry = replace(wire.read_book_request(asked.body), id=asked.ident)
        self._book(asked)[entry.id] = entry
        return Said(wire.book_body())

    def _remove(self, asked: Asked) -> Said:
        del self._book(asked)[self._contact(asked).id]
        return Said(wire.book_body())

    def _contact(self, asked: Asked) -> wire.Entry:
        found = self._book(asked).get(asked.ident)
        if found is None:
            raise Wrong(404, wire.NO_RESOURCE)
        return found

    # ---- directory -----------------------------------------------------------------------------

    def _search(self, asked: Asked) -> Said:
        wanted = asked.query.get("criteria", "").lower()
        field = asked.query.get("criteriaType", "")
        people = [_entry(user) for user in SHOWN] + _far_end_entries()
        if self._hostile:
            people += _hostile_entries()
        found = [one for one in people if any(wanted in x.lower() for x in _fields(one, field))]
        return Said(wire.directory_body(tuple(found)))

    @property
    def _hostile(self) -> bool:
        return self._hub.settings.scenario == "hostile"


def _direction(leg: UserLeg) -> str:
    if not leg.incoming:
        return "outgoing"
    return "missed" if leg.missed else "incoming"


def _fields(entry: wire.Entry, field: str) -> tuple[str, ...]:
    """Return what a search looks at; an unknown kind of criterion finds by anything."""
    name = f"{entry.first_name} {entry.last_name}"
    by_field = {
        wire.SearchField.FIRST_NAME: (entry.first_name,),
        wire.SearchField.LAST_NAME: (entry.last_name,),
        wire.SearchField.NAME: (name,),
        wire.SearchField.PHONE_NUMBER: (entry.work_phone, entry.mobile_phone, entry.home_phone),
        wire.SearchField.USER_ID: (entry.primary_contact,),
    }
    try:
        return by_field[wire.SearchField(field)]
    except ValueError:
        return (name, entry.primary_contact)


def _entry(user: RibbonUser) -> wire.Entry:
    return wire.Entry(
        primary_contact=user.user,
        first_name=user.first_name,
        last_name=user.last_name,
        email=user.user,
        work_phone=f"+39025550{user.extension}",
        buddy="false",
    )


def _far_end_entries() -> list[wire.Entry]:
    return [
        wire.Entry(
            primary_contact=f"{name}@{DOMAIN}",
            first_name=title(number),
            last_name="(lab)",
            work_phone=number,
            buddy="false",
        )
        for name, number in FAR_ENDS.items()
        if name in ("echo", "tone", "speech", "music", "menu", "announcement")
    ]


def _first_contacts(user: str) -> list[wire.Entry]:
    colleagues = [
        replace(_entry(one), id=f"c{place}", groups="colleagues", friend="true", buddy="")
        for place, one in enumerate(SHOWN, 1)
        if one.user != user
    ]
    customers = [
        wire.Entry(id=f"k{place}", first_name=caller.name or "", mobile_phone=caller.number or "")
        for place, caller in enumerate(CALLERS[:3], 1)
    ]
    return colleagues + customers


def _hostile_entries() -> list[wire.Entry]:
    return [
        wire.Entry(
            id=f"h{place}",
            primary_contact=f"hostile{place}@{DOMAIN}",
            first_name=text,
            last_name=text,
            email=text,
            work_phone=text,
            groups=text,
            conference_url=text,
        )
        for place, text in enumerate(HOSTILE_TEXTS)
    ]


def _hostile_history() -> list[wire.LogItem]:
    now = time.time()
    return [
        wire.LogItem(f"h{place}", text, now - place, 1.0, text, text, text, text, text, f"/{place}")
        for place, text in enumerate(HOSTILE_TEXTS)
    ]
