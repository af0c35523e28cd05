"""The platform's records, contacts and people in the product's own words, and back (5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from softphone.model.call import AccountName, Direction, EndReason, Party
from softphone.model.command import DirectoryField
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.message import Voicemail
from softphone.model.presence import Activity, Presence
from softphone.model.record import PlatformRecord

from . import wire
from .call import RibbonCall
from .states import State

_MISSED = "missed"
_START_APART_S, _DURATION_APART_S = 10.0, 5.0  # (5.1)
_UNRECORDED = (EndReason.IGNORED, EndReason.FORWARDED, EndReason.OFFLINE)
_PHONES = (("work_phone", "work"), ("mobile_phone", "mobile"), ("home_phone", "home"))
FIELDS = {
    DirectoryField.FIRST_NAME: wire.SearchField.FIRST_NAME,
    DirectoryField.LAST_NAME: wire.SearchField.LAST_NAME,
    DirectoryField.NAME: wire.SearchField.NAME,
    DirectoryField.NUMBER: wire.SearchField.PHONE_NUMBER,
    DirectoryField.USER: wire.SearchField.USER_ID,
}


# ---- history -----------------------------------------------------------------------------------


def record_of(item: wire.LogItem, account: AccountName, domain: str) -> PlatformRecord:
    """Return a call of the platform's history."""
    outgoing = item.direction == "outgoing"
    number = item.callee_number if outgoing else item.caller_number
    name = item.callee_name if outgoing else item.caller_name
    return PlatformRecord(
        item.id,
        account,
        Direction.OUTBOUND if outgoing else Direction.INBOUND,
        Party(wire.shown_address(number or item.original_remote, domain), name),
        item.start,
        item.duration_s,
        item.direction == _MISSED,
    )


def local_record(call: RibbonCall) -> PlatformRecord | None:
    """Return what this side remembers of a call that ended, None when it keeps no record (5.1)."""
    if call.ended is None or call.state is State.CANCELLED or call.reason in _UNRECORDED:
        return None
    answered = call.connected
    start = call.created if answered is None else answered
    return PlatformRecord(
        call.id,
        call.around.account,
        Direction.INBOUND if call.incoming else Direction.OUTBOUND,
        call.remote,
        call.at(start),
        call.ended - answered if answered is not None else 0.0,
        call.incoming and answered is None and call.reason is not EndReason.DECLINED,
    )


def merged(
    fetched: Iterable[PlatformRecord], local: Iterable[PlatformRecord]
) -> tuple[PlatformRecord, ...]:
    """Return all records newest first; a fetched one takes the place of our own of that call."""
    known = list(fetched)
    return tuple(
        sorted([*known, *still_own(known, local)], key=lambda record: record.start, reverse=True)
    )


def still_own(
    fetched: Iterable[PlatformRecord], local: Iterable[PlatformRecord]
) -> list[PlatformRecord]:
    """Return our own records of calls that the platform has no record of."""
    known = list(fetched)
    return [own for own in local if not any(_same(own, other) for other in known)]


def _same(own: PlatformRecord, other: PlatformRecord) -> bool:
    return (
        (own.direction, own.missed) == (other.direction, other.missed)
        and abs(own.start - other.start) <= _START_APART_S
        and abs(own.duration_s - other.duration_s) <= _DURATION_APART_S
    )


# ---- people ------------------------------------------------------------------------------------


def contact_of(entry: wire.Entry, account: AccountName) -> Contact | None:
    """Return a contact of address book or directory; None when it has neither id nor address."""
    native = entry.id or entry.primary_contact
    if not native:
        return None
    name = " ".join(part for part in (entry.first_name, entry.last_name) if part)
    found = [ContactAddress(wire.bare(entry.primary_contact), "user")]
    found += [ContactAddress(getattr(entry, own), label) for own, label in _PHONES]
    addresses = tuple(address for address in found if address.address)
    if entry.email and entry.email not in [address.address for address in addresses]:
        addresses = (*addresses, ContactAddress(entry.email, "mail"))
    return Contact(
        ContactId(f"{account}:{native}"),
        name or entry.primary_contact or native,
        addresses,
        note=entry.groups,
        favourite=entry.friend.lower() == "true",
        source=account,
        native_id=native,
    )


def contacts_of(entries: Iterable[wire.Entry], account: AccountName) -> tuple[Contact, ...]:
    """Return the contacts of entries, those of no use left out."""
    found = (contact_of(entry, account) for entry in entries)
    return tuple(contact for contact in found if contact is not None)


def entry_of(contact: Contact, before: wire.Entry | None = None) -> wire.Entry:
    """Return a contact as the address book keeps it; addresses by label, the first as main.

    What a contact of ours does not hold (fax, photo, …) stays as it was `before`.
    """
    first, _, last = contact.name.strip().partition(" ")
    by_label = {address.label: address.address for address in contact.addresses}
    main = by_label.get("user") or contact.main_address
    return replace(
        before or wire.Entry(),
        id=contact.native_id or main,
        primary_contact=main,
        first_name=first,
        last_name=last,
        email=by_label.get("mail", ""),
        home_phone=by_label.get("home", ""),
        work_phone=by_label.get("work", ""),
        mobile_phone=by_label.get("mobile", ""),
        groups=contact.note,
        friend="true" if contact.favourite else "",
    )


# ---- presence and voicemail --------------------------------------------------------------------


def presence_of(notice: wire.PresenceNotice, account: AccountName, now: float) -> Presence:
    """Return a watched person's presence."""
    try:
        activity = Activity(notice.activity)
    except ValueError:
        activity = Activity.UNKNOWN
    reachable = notice.status == wire.STATUS_OPEN
    return Presence(account, notice.user, reachable, activity, notice.note, now)


def own_presence(reachable: bool, activity: Activity, note: str) -> wire.OwnPresence:
    """Return the operator's presence as it is published."""
    status = wire.STATUS_OPEN if reachable else wire.STATUS_CLOSED
    return wire.OwnPresence(status, activity.value, note)


def voicemail_of(mwi: wire.Mwi, account: AccountName, at: float | None) -> Voicemail:
    """Return the voicemail lamp; a notification replaces all that was known (5.6)."""
    return Voicemail(account, mwi.waiting, mwi.unheard, mwi.total, mwi.counts, at)
