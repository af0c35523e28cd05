"""Who may be dialled, and what the engine answers when something cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from softphone.config import CallsConfig
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState, EndReason
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.presence import LinkState
from tests.engine.office import AUDIN, Office, an_office, is_online, until

ECHO = FAR_ENDS["echo"]


async def test_a_number_is_dialled_however_it_is_written(office: Office) -> None:
    desk = await office.at_work()

    call = await desk.dial("+39 (02) 555-00101")

    assert call.remote.address == ECHO


async def test_tones_behind_a_number_are_sent_after_the_answer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softphone.engine.owners._PAUSE_S", 0.8)
    desk = await office.at_work()

    call = await desk.dial("+39 02 5550 0105,12#")
    await until(lambda: office.call()["digits"] == "12#")
    sent_on = await desk.ask(c.Transfer(call.id, "+390255500101,1"))

    assert call.remote.address == FAR_ENDS["menu"]
    assert desk.state.calls[call.id].tones == "12#"
    assert not sent_on.ok


async def test_an_expensive_number_is_confirmed_however_it_is_written(folder: Path) -> None:
    rules = CallsConfig(region="IT", confirm_prefixes=("0039 0255",))
    async with an_office(folder, calls=rules) as office:
        desk = await office.at_work()

        asked = await desk.ask(c.Dial("02 5550 0101"))
        call = await desk.dial("02 5550 0101", confirmed=True)

    assert asked.code == "CONFIRM"
    assert call.remote.address == ECHO


async def test_a_lab_name_is_dialled_and_shown(office: Office) -> None:
    desk = await office.at_work()

    call = await desk.dial("Echo")

    assert (call.remote.address, call.remote.known) == (ECHO, "Echo")


async def test_a_contact_is_dialled_by_name_and_a_number_shows_its_contact(office: Office) -> None:
    desk = await office.at_work()
    contact = Contact(ContactId(""), "Echo Tester", (ContactAddress(ECHO),))
    await desk.do(c.SaveContact(contact))

    by_name = await desk.dial("echo tester")
    await desk.do(c.HangUp(by_name.id))
    await desk.over(by_name.id)
    by_number = await desk.dial(ECHO)

    assert by_name.remote.known == by_number.remote.known == "Echo Tester"


async def test_a_callers_number_shows_its_contact(office: Office) -> None:
    desk = await office.at_work()
    contact = Contact(ContactId(""), "Anna", (ContactAddress("+393331234567"),))
    await desk.do(c.SaveContact(contact))

    await office.ring(caller="+393331234567", name="Somebody")

    await until(lambda: [o for o in desk.state.offers() if o.remote.known == "Anna"])


async def test_a_busy_line_ends_as_busy(office: Office) -> None:
    desk = await office.at_work()
    placed = await desk.do(c.Dial("busy"))
    assert isinstance(placed, c.CallPlaced)

    over = await desk.over(placed.call)

    assert over.end_reason is EndReason.BUSY


@pytest.mark.parametrize(
    ("to", "code", "words"),
    [
        ("112", "EMERGENCY", "use a phone"),
        ("+112", "EMERGENCY", "use a phone"),
        ("+899123456", "CONFIRM", "dial it again"),
        ("nobody", "BAD_NUMBER", "no contact or name 'nobody'"),
        ("1;rm -rf", "BAD_NUMBER", ""),
        ("", "BAD_NUMBER", "cannot be dialled"),
        ("\ud800", "BAD_NUMBER", ""),
    ],
)
async def test_what_cannot_be_dialled_is_refused(
    folder: Path, to: str, code: str, words: str
) -> None:
    async with an_office(folder, calls=CallsConfig(confirm_prefixes=("+899",))) as office:
        desk = await office.at_work()

        reply = await desk.ask(c.Dial(to))

        assert (reply.ok, reply.code) == (False, code)
        assert words in reply.text
        assert office.calls() == []


async def test_an_expensive_prefix_is_dialled_once_confirmed(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(confirm_prefixes=(ECHO[:6],))) as office:
        desk = await office.at_work()

        assert (await desk.ask(c.Dial("echo"))).code == "CONFIRM"

        await desk.dial("echo", confirmed=True)


async def test_emergencies_are_dialled_where_the_site_allows_them(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(emergency="allow")) as office:
        desk = await office.at_work()

        reply = await desk.ask(c.Dial("112"))

        assert reply.code != "EMERGENCY"


async def test_a_second_call_of_the_account_is_refused_as_busy(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")

    reply = await desk.ask(c.Dial("tone"))

    assert reply.code == "BUSY"
    assert desk.state.calls[call.id].state is CallState.ACTIVE


async def test_a_refused_dial_leaves_nothing_for_the_next_call(office: Office) -> None:
    desk, command = await office.at_work(), await office.command()
    call = await desk.dial("echo")
    assert (await command.ask(c.Dial("tone", record="/nowhere/x.wav"))).code == "BUSY"
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)

    second = await desk.dial("tone")

    assert second.owner == ""


async def test_offline_nothing_is_dialled(folder: Path) -> None:
    async with an_office(folder, online_at_start=False) as office:
        desk = await office.sit()

        reply = await desk.ask(c.Dial("echo"))

        assert (reply.ok, reply.code) == (False, "NOT_ONLINE")


@pytest.mark.parametrize(
    "command", [c.Dial("echo", AccountName("nope")), c.GoOnline(AccountName("n\x1bope"))]
)
async def test_an_unknown_account_is_told_with_the_known_ones(
    office: Office, command: c.Command
) -> None:
    desk = await office.sit()

    reply = await desk.ask(command)

    assert reply.code == "REFUSED"
    assert "configured: audin" in reply.text
    assert "\x1b" not in reply.text


@pytest.mark.parametrize(
    "make",
    [
        lambda call: c.Transfer(call, "+391"),
        lambda call: c.TransferTo(call, call),
        lambda call: c.Join(call, call),
        lambda call: c.Forward(call, "+391"),
        lambda call: c.SetParameters(call, (("a", "b"),)),
    ],
)
async def test_what_the_platform_lacks_is_answered_with_its_own_sentence(
    office: Office, make: object
) -> None:
    assert callable(make)
    desk = await office.at_work()
    call = await desk.dial("echo")

    reply = await desk.ask(make(call.id))

    reasons = [reason for _, reason in desk.state.accounts[AUDIN].refusals]
    assert reply.code == "UNSUPPORTED"
    assert reply.text in reasons


async def test_a_call_that_is_over_takes_no_command(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)

    for command in (c.Mute(call.id), c.Record(call.id), c.HangUp(CallId("never"))):
        assert (await desk.ask(command)).code == "NO_CALL"


async def test_hold_and_resume_say_when_they_do_not_fit(office: Office) -> None:
    desk = await office.at_work()
    await office.ring()
    offer = await desk.offered()

    held = await desk.ask(c.Hold(offer.id))
    resumed = await desk.ask(c.Resume(offer.id))

    assert "up" in held.text
    assert "not on hold" in resumed.text


async def test_going_offline_ends_the_call_and_online_takes_offers_again(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")

    await desk.do(c.GoOffline(AUDIN))
    over = await desk.over(call.id)
    await until(lambda: desk.state.accounts[AUDIN].link is LinkState.OFFLINE)
    await desk.do(c.GoOnline(AUDIN))

    await until(lambda: office.available() == ["pn_1"])
    assert not over.live
    assert is_online(desk)


async def test_a_pause_keeps_the_line_and_stops_the_offers(office: Office) -> None:
    desk = await office.at_work()

    await desk.do(c.SetAvailable(AUDIN, False))
    await until(lambda: office.available() == [])
    assert is_online(desk)
    await desk.do(c.SetAvailable(AUDIN, True))

    await until(lambda: office.available() == ["pn_1"])


async def test_a_line_that_is_cut_comes_back_and_is_told_once(office: Office) -> None:
    desk = await office.at_work()

    await office.ask_lab(office.control.drop, "audin", None, 1006)
    await until(lambda: not is_online(desk))
    await until(lambda: is_online(desk))
    await office.reachable(desk)

    assert desk.log().count("connection lost") == 1


async def test_an_error_of_the_platform_is_shown_once_in_ten_seconds(office: Office) -> None:
    desk = await office.at_work()
    engine = office.engine

    for _ in range(3):
        engine.emit(e.ErrorRaised(AUDIN, "ODD", "something odd"))
    office.skip(10.0)
    engine.emit(e.ErrorRaised(AUDIN, "ODD", "something odd"))

    await until(lambda: desk.log().count("something odd") == 2)
    assert desk.log().count("something odd [ODD]") == 2
