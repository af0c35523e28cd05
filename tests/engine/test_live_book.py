"""The address book, blocked numbers and the shift, asked of a whole engine."""

from __future__ import annotations

import time
from pathlib import Path

from softphone.config import CallsConfig
from softphone.model import command as c
from softphone.model.call import CallState, EndReason
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.presence import LinkState
from softphone.model.record import HistoryFilter
from tests.engine.office import AUDIN, RIBBON, Office, an_office, until

CALLER = "+390245871203"


def contact(name: str, *addresses: str) -> Contact:
    return Contact(ContactId(""), name, tuple(map(ContactAddress, addresses)))


async def test_contacts_are_imported_once_and_what_is_wrong_is_told(office: Office) -> None:
    desk = await office.sit()
    given = (contact("Anna", "+39 06 5555", "call me"), contact(" "), contact("Bob\x07", "42"))

    tried = await desk.do(c.ImportContacts(given, dry_run=True))
    nothing = await desk.do(c.SearchContacts())
    first = await desk.do(c.ImportContacts(given))
    again = await desk.do(c.ImportContacts(given))

    assert isinstance(tried, c.ContactsImported)
    assert isinstance(first, c.ContactsImported)
    assert isinstance(again, c.ContactsImported)
    assert nothing == c.ContactPage((), 0)
    assert tried == first
    assert (first.added, first.known, [place for place, _ in first.refused]) == (2, 0, [0, 1])
    assert (again.added, again.known) == (0, 2)
    found = await desk.do(c.SearchContacts("0039 06 5555"))
    assert isinstance(found, c.ContactPage)
    assert [one.main_address for one in found.contacts] == ["+39065555"]
    await until(lambda: desk.state.contacts == 2)


async def test_duplicates_are_shown_and_merged(office: Office) -> None:
    desk = await office.sit()
    await desk.do(c.ImportContacts((contact("Anna", "+39065555"), contact("Anna R", "+39065555"))))
    shown = await desk.do(c.FindDuplicates())
    assert isinstance(shown, c.DuplicatesFound)
    (group,) = shown.groups

    merged = await desk.do(c.MergeContacts(tuple(one.id for one in group)))
    gone = await desk.ask(c.MergeContacts(tuple(one.id for one in group)))
    alone = await desk.ask(c.MergeContacts((group[0].id,)))

    assert merged == c.ContactSaved(group[0].id)
    assert await desk.do(c.FindDuplicates()) == c.DuplicatesFound((), 0)
    assert "no longer there" in gone.text
    assert "no longer there" in alone.text


async def test_a_quick_dial_key_finds_its_contact(office: Office) -> None:
    desk = await office.sit()
    await desk.do(c.SaveContact(Contact(ContactId(""), "Anna", (ContactAddress("42"),), quick=4)))

    found = await desk.do(c.FindQuick(4))

    assert isinstance(found, c.ContactPage)
    assert [one.name for one in found.contacts] == ["Anna"]
    assert await desk.do(c.FindQuick(5)) == c.ContactPage((), 0)


async def test_a_blocked_caller_never_rings_and_is_listed_as_blocked(office: Office) -> None:
    desk = await office.at_work()
    await desk.do(c.BlockNumber("0039 02 4587 1203", "sells\x07 wine"))
    seen: set[CallState] = set()

    sid = await office.ring(caller=CALLER)
    await until(lambda: office.call(sid)["phase"] == "over")

    def look() -> set[CallState]:
        seen.update(call.state for call in desk.state.calls.values())
        return seen

    await until(look)

    page = await desk.do(c.ListHistory(HistoryFilter()))
    assert isinstance(page, c.HistoryPage)
    (record,) = page.records
    assert seen == {CallState.ENDED}
    assert record.call.end_reason is EndReason.BLOCKED
    assert record.call.end_detail.startswith("sells")
    assert "\x07" not in record.call.end_detail
    assert not record.call.missed
    assert desk.state.missed == 0


async def test_a_blocked_caller_while_another_call_is_up_is_not_missed(office: Office) -> None:
    desk = await office.at_work()
    await desk.do(c.BlockNumber(CALLER, "spam"))
    talking = await desk.dial("tone")

    await office.ring(caller=CALLER)
    await until(lambda: len(desk.state.calls) == 2)

    blocked = next(call for call in desk.state.calls.values() if call.id != talking.id)
    assert (blocked.end_reason, blocked.end_code) == (EndReason.BLOCKED, "")
    assert (blocked.end_detail, blocked.missed) == ("spam", False)
    assert desk.state.calls[talking.id].live


async def test_a_blocked_caller_of_a_gateway_is_declined_there(folder: Path) -> None:
    async with an_office(folder, gateway=True) as office:
        desk = await office.at_work()
        await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
        await desk.do(c.BlockNumber("+3933311*", "spam"))

        for caller in ("+393331112222", "+393339999999"):
            await office.ask_lab(
                office.control.ring, "alice@lab.test", caller=caller, far_end="tone"
            )
        call = await desk.offered()

        blocked = [one for one in desk.state.calls.values() if not one.live]
        assert call.remote.address == "+393339999999"
        assert [one.end_reason for one in blocked] == [EndReason.BLOCKED]
        await until(lambda: _reasons(office) == ["", "declined"])
        await desk.do(c.Decline(call.id))


def _reasons(office: Office) -> list[str]:
    """Return why calls to users of the gateway are over; "" for one that is not."""
    calls = office.lab.hub.services[1].state()["calls"]
    return sorted(str(call["reason"]) for call in calls if call["direction"] == "inbound")


async def test_a_caller_who_is_allowed_again_rings(office: Office) -> None:
    desk = await office.at_work()
    await desk.do(c.BlockNumber("+3902*"))
    await desk.do(c.AllowNumber(CALLER))

    await office.ring(caller=CALLER)
    call = await desk.offered()
    rules = await desk.do(c.ListBlocked())
    await desk.do(c.Decline(call.id))
    await desk.do(c.AllowNumber("+3902*"))
    refused = await desk.ask(c.AllowNumber("+390299"))

    assert isinstance(rules, c.BlockedFound)
    assert [(rule.address, rule.blocked) for rule in rules.rules] == [
        ("+3902*", True),
        (CALLER, False),
    ]
    assert "is not blocked" in refused.text


async def test_a_beginning_that_would_block_nearly_everybody_is_refused(office: Office) -> None:
    desk = await office.sit()

    for text in ("*", "+3*", "bob*", "  "):
        assert not (await desk.ask(c.BlockNumber(text))).ok, text


async def test_blocked_numbers_and_the_shift_are_the_same_after_a_restart(office: Office) -> None:
    desk = await office.at_work()
    await desk.do(c.BlockNumber(CALLER))
    await office.engine.screening.load()

    await office.ring(caller=CALLER)
    await until(lambda: desk.state.calls)
    shift = await desk.do(c.ShowShift(time.time() - 86_400, time.time() + 60))

    assert isinstance(shift, c.ShiftFound)
    (row,) = shift.rows
    assert (row.account, row.blocked, row.missed, row.taken) == ("audin", 1, 0, 0)


async def test_each_account_has_a_country_of_its_own(folder: Path) -> None:
    countries = CallsConfig(region="IT", regions={"audin": "DE"})
    async with an_office(folder, calls=countries, gateway=True) as office:
        desk = await office.at_work()

        named = await desk.ask(c.Dial("030 123456", AUDIN))
        await until(lambda: desk.state.calls)
        (call,) = desk.state.calls.values()
        usual = office.engine.config.calls.region_of("ribbon")

        assert named.ok
        assert call.remote.address == "+4930123456"
        assert usual == "IT"


async def test_the_only_account_that_dials_brings_its_country(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(regions={"audin": "GB"})) as office:
        desk = await office.at_work()

        await desk.ask(c.Dial("020 7946 0018"))
        await until(lambda: desk.state.calls)

        (call,) = desk.state.calls.values()
        assert call.remote.address == "+442079460018"
