"""What a gateway with services offers, through the whole engine: messages with an outbox, contacts
and presence of the platform, reports, calls across platforms."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone.adapters.ribbon.client import RibbonAdapter
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    Call,
    CallState,
    Direction,
    EndReason,
    HoldKind,
    MediaState,
)
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.message import Channel, Delivery, Message, MessageId
from softphone.model.presence import Activity, LinkState
from tests.engine.office import AUDIN, RIBBON, Office, Seat, an_office, until

BOB = "bob@lab.test"
ECHO = "echo@lab.test"
ECHO_NUMBER = FAR_ENDS["echo"]


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    async with an_office(folder, gateway=True) as made:
        yield made


async def signed_in(office: Office) -> Seat:
    desk = await office.at_work()
    await until(lambda: linked(desk, LinkState.ONLINE))
    return desk


def linked(desk: Seat, link: LinkState) -> bool:
    account = desk.state.accounts.get(RIBBON)
    return account is not None and account.link is link


def told(desk: Seat, text: str) -> list[Message]:
    """Return every value a message has had."""
    found = [event.message for event in desk.events if isinstance(event, e.MessageChanged)]
    return [message for message in found if message.text == text]


async def talk(desk: Seat, peer: str = BOB) -> list[str]:
    page = await desk.do(c.ListMessages(RIBBON, peer))
    assert isinstance(page, c.MessagePage)
    return [message.text for message in reversed(page.messages)]


async def test_a_message_is_queued_then_sent_and_kept(office: Office) -> None:
    desk = await signed_in(office)

    await desk.do(c.SendMessage(RIBBON, BOB, "hello\nbob"))
    await until(lambda: told(desk, "hello\nbob")[-1:] and told(desk, "hello\nbob")[-1].native_id)

    fates = [message.delivery for message in told(desk, "hello\nbob")]
    assert fates == [Delivery.QUEUED, Delivery.SENT]
    assert await talk(desk) == ["hello\nbob"]


async def test_a_short_name_and_the_whole_address_are_one_conversation(office: Office) -> None:
    desk = await signed_in(office)
    await desk.do(c.SendMessage(RIBBON, BOB, "to the address"))
    await until(lambda: told(desk, "to the address"))

    await desk.do(c.SendMessage(RIBBON, "bob", "to the name"))
    page = await desk.do(c.ListConversations())

    assert isinstance(page, c.ConversationPage)
    assert [found.peer for found in page.conversations] == [BOB]
    assert await talk(desk, "bob") == ["to the address", "to the name"]


async def test_a_message_whose_request_got_no_answer_is_sent_again_by_itself(
    folder: Path,
) -> None:
    async with an_office(folder, gateway={"rest_limit_s": 1.0}) as office:
        desk = await signed_in(office)
        office.engine.mail.again_s = (0.05,)
        slow = {"resource": "instantmessage", "seconds": 2.0, "count": 1}
        await office.ask_lab(office.control.fault, "rest_slow", **slow)

        await desk.do(c.SendMessage(RIBBON, BOB, "after all"))

        await until(lambda: told(desk, "after all")[-1].delivery is Delivery.SENT)


async def test_a_message_of_an_account_that_is_gone_cannot_be_sent_again(office: Office) -> None:
    desk = await signed_in(office)
    left = Message(
        MessageId("m1"),
        AccountName("gone"),
        BOB,
        Channel.IM,
        Direction.OUTBOUND,
        "hello",
        1.0,
        Delivery.FAILED,
    )
    await office.engine.store.save_message(left)

    reply = await desk.ask(c.RetryMessage(left.id))

    assert (reply.code, "no account 'gone'" in reply.text) == ("REFUSED", True)


async def test_a_refused_transfer_stays_in_the_event_log(office: Office) -> None:
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)

    reply = await desk.ask(c.Transfer(call.id, "nobody@lab.test", now=True))

    assert not reply.ok
    assert f"{call.remote.label}: {reply.text}" in desk.log()
    assert "transfer failed" in reply.text


async def test_lost_sound_stays_lost_whatever_is_measured(office: Office) -> None:
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)
    adapter = office.engine.adapters[RIBBON]
    assert isinstance(adapter, RibbonAdapter) and adapter._running is not None
    known = adapter._running.protocol.calls.get(call.id)
    await until(lambda: known.media is MediaState.FLOWING)
    office.engine.emit(e.CallMediaChanged(call.id, MediaState.LOST))
    await until(lambda: desk.state.calls[call.id].media is MediaState.LOST)
    told = len(desk.events)

    await until(lambda: [x for x in desk.events[told:] if isinstance(x, e.QualityMeasured)][1:])

    assert desk.state.calls[call.id].media is MediaState.LOST


async def test_bandwidth_and_marking_of_a_call_are_refused_where_there_are_none(
    office: Office,
) -> None:
    desk = await signed_in(office)

    reply = await desk.ask(c.Dial(ECHO_NUMBER, AUDIN, audio_kbps=24))

    assert (reply.code, "no bandwidth" in reply.text) == ("UNSUPPORTED", True)


async def test_a_report_tells_of_played_files_and_changed_devices(
    office: Office, folder: Path
) -> None:
    speech = folder / "hello.wav"
    with wave.open(str(speech), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)

    await desk.do(c.PlayFile(call.id, str(speech)))
    await until(lambda: not desk.state.calls[call.id].operation)
    await desk.do(c.SelectDevices(input="tone"))
    found = await desk.do(c.ShowReport(call.id))

    assert isinstance(found, c.ReportFound)
    steps = {event.type: event for event in found.report.events}
    played, changed = steps["PLAY_AUDIO"], steps["REPLACE_TRACK"]
    assert played.end is not None and played.end > played.start
    assert changed.end is not None


async def test_a_gateways_user_is_dialled_by_the_short_name(office: Office) -> None:
    desk = await signed_in(office)

    placed = await desk.do(c.Dial("bob", RIBBON))

    assert isinstance(placed, c.CallPlaced)
    assert (await until(lambda: desk.seen(placed.call)))[0].remote.address == BOB


async def test_a_short_name_without_its_account_is_refused_with_the_account(office: Office) -> None:
    desk = await signed_in(office)

    reply = await desk.ask(c.Dial("bob"))

    assert reply.code == "BAD_NUMBER"
    assert "no contact or name 'bob'" in reply.text
    assert "; for the user bob choose the account ribbon." in reply.text


async def test_a_short_name_goes_to_the_gateway_when_that_is_what_dials(folder: Path) -> None:
    async with an_office(folder, gateway=True, online_at_start=False) as office:
        desk = await office.sit()
        await until(lambda: linked(desk, LinkState.ONLINE))

        placed = await desk.do(c.Dial("bob"))

        assert isinstance(placed, c.CallPlaced)
        assert (await until(lambda: desk.seen(placed.call)))[0].remote.address == BOB


async def test_a_configured_name_comes_before_a_gateways_user(office: Office) -> None:
    desk = await signed_in(office)

    call = await desk.dial("echo", account=RIBBON)

    assert call.remote.known == "echo"


async def test_a_call_is_sent_on_to_a_short_name(office: Office) -> None:
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)
    await desk.do(c.Hold(call.id))
    await desk.until_state(call.id, CallState.HELD)

    reply = await desk.ask(c.Transfer(call.id, "carol"))

    assert reply.code != "BAD_NUMBER", reply.text


async def test_messages_written_offline_go_in_order_when_the_line_is_back(office: Office) -> None:
    desk = await signed_in(office)
    await desk.do(c.GoOffline(RIBBON))
    await until(lambda: linked(desk, LinkState.OFFLINE))

    for text in ("one", "two", "three"):
        await desk.do(c.SendMessage(RIBBON, BOB, text))
    waiting = [told(desk, text)[-1].delivery for text in ("one", "two", "three")]
    await desk.do(c.GoOnline(RIBBON))
    await until(lambda: told(desk, "three")[-1].delivery is Delivery.SENT)

    sent = [
        event.message.text
        for event in desk.events
        if isinstance(event, e.MessageChanged) and event.message.delivery is Delivery.SENT
    ]
    assert waiting == [Delivery.QUEUED] * 3
    assert sent == ["one", "two", "three"]


async def test_a_message_that_comes_is_kept_counted_and_read(office: Office) -> None:
    desk = await signed_in(office)

    await office.ask_lab(
        office.control.act, "message", "alice@lab.test", text="\x1b[31mhi[/]", **{"from": BOB}
    )
    await until(lambda: desk.state.unread == 1)
    page = await desk.do(c.ListConversations())
    await desk.do(c.MarkRead(RIBBON, BOB))
    await until(lambda: desk.state.unread == 0)

    assert isinstance(page, c.ConversationPage)
    (found,) = page.conversations
    assert (found.peer, found.channel, found.unread) == (BOB, Channel.IM, 1)
    assert "\x1b" not in found.last.text
    assert "message from" in desk.log()


async def test_a_conversation_is_forwarded_and_cleared(office: Office) -> None:
    desk = await signed_in(office)
    await desk.do(c.SendMessage(RIBBON, BOB, "the plan"))
    await until(lambda: told(desk, "the plan"))

    await desk.do(c.ForwardMessage(told(desk, "the plan")[0].id, "carol@lab.test"))
    await until(lambda: len({message.id for message in told(desk, "the plan")}) == 2)
    done = await desk.do(c.ClearConversation(RIBBON, BOB))

    assert done == c.Done(1)
    assert await talk(desk) == []
    assert await talk(desk, "carol@lab.test") == ["the plan"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (c.SendMessage(RIBBON, "", "x"), "somebody to go to"),
        (c.SendMessage(RIBBON, BOB, " \n"), "and a text"),
        (c.SendMessage(RIBBON, BOB, "x" * 5000), "at most"),
        (c.SendMessage(RIBBON, BOB, "x", "fax"), "im or sms"),
        (c.SendMessage(AUDIN, BOB, "x"), "voice only"),
    ],
)
async def test_a_message_that_cannot_be_is_refused_in_a_sentence(
    office: Office, command: c.SendMessage, words: str
) -> None:
    desk = await signed_in(office)

    reply = await desk.ask(command)

    assert not reply.ok
    assert words in reply.text


async def test_the_platforms_book_is_in_the_contacts_and_can_be_changed(office: Office) -> None:
    desk = await signed_in(office)
    await until(lambda: desk.state.contacts)
    before = desk.state.contacts

    new = Contact(ContactId(""), "Erika Muster", (ContactAddress("erika@lab.test"),), source=RIBBON)
    await desk.do(c.SaveContact(new))
    found = await until_contact(desk, "Erika")
    await desk.do(c.DeleteContact(found.id))
    await until(lambda: desk.state.contacts == before)

    assert (found.source, found.main_address) == (RIBBON, "erika@lab.test")
    page = await desk.do(c.SearchContacts("Erika"))
    assert isinstance(page, c.ContactPage)
    assert page.contacts == ()


async def until_contact(desk: Seat, name: str) -> Contact:
    for _ in range(100):
        page = await desk.do(c.SearchContacts(name))
        assert isinstance(page, c.ContactPage)
        if page.contacts:
            return page.contacts[0]
        seen = len(desk.events)
        await until(lambda seen=seen: len(desk.events) > seen)  # type: ignore[misc]  # bound now
    raise AssertionError(name)


async def test_whoever_is_watched_is_watched_again_after_the_line_was_lost(
    office: Office,
) -> None:
    desk = await signed_in(office)
    key = f"{RIBBON} {BOB}"
    await desk.do(c.WatchPresence(RIBBON, BOB))
    await until(lambda: key in desk.state.presence)

    await desk.do(c.GoOffline(RIBBON))
    await until(lambda: linked(desk, LinkState.OFFLINE))
    desk.state.presence.clear()
    await desk.do(c.GoOnline(RIBBON))
    await until(lambda: key in desk.state.presence)
    await desk.do(c.WatchPresence(RIBBON, BOB, watch=False))

    assert await office.engine.store.watched(RIBBON) == ()


async def test_own_presence_comes_back_as_published(office: Office) -> None:
    desk = await signed_in(office)

    await desk.do(c.SetPresence(RIBBON, Activity.LUNCH, "back at two"))
    own = await until(lambda: desk.state.presence.get(f"{RIBBON} alice@lab.test"))

    assert own is not None
    assert (own.activity, own.note, own.reachable) == (Activity.LUNCH, "back at two", True)


async def up(desk: Seat, to: str = ECHO) -> Call:
    return await desk.dial(to)


async def test_an_address_is_dialled_on_the_account_that_has_addresses(office: Office) -> None:
    desk = await signed_in(office)

    call = await up(desk)

    assert call.account == RIBBON
    await desk.do(c.HangUp(call.id))
    assert (await desk.over(call.id)).end_reason is EndReason.HANGUP


async def test_hold_is_the_platforms_and_the_report_tells_of_it(office: Office) -> None:
    desk = await signed_in(office)
    call = await up(desk)

    await desk.do(c.Hold(call.id))
    held = await desk.until_state(call.id, CallState.HELD)
    live = await desk.do(c.ShowReport(call.id))
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    kept = await desk.do(c.ShowReport(call.id))

    assert held.hold_kind is HoldKind.WIRE
    assert isinstance(live, c.ReportFound)
    assert isinstance(kept, c.ReportFound)
    assert {"MAKE", "HOLD_LOCAL"} <= {event.type for event in live.report.events}
    assert "END_LOCAL" in {event.type for event in kept.report.events}
    assert '"timeline"' in kept.report.native


async def test_answering_another_platforms_call_holds_the_first(office: Office) -> None:
    desk = await signed_in(office)
    first = await up(desk)

    await office.ring()
    offer = await desk.offered()
    await desk.answer(offer)
    held = await desk.until_state(first.id, CallState.HELD)

    assert (offer.account, held.account) == (AUDIN, RIBBON)


async def test_the_platforms_history_is_fetched_and_cleared_there(office: Office) -> None:
    desk = await signed_in(office)
    call = await up(desk)
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)

    found = await desk.do(c.FetchHistory(RIBBON))
    await desk.do(c.DeleteFromHistory(RIBBON))
    empty = await desk.do(c.FetchHistory(RIBBON))

    assert isinstance(found, c.PlatformHistory)
    assert found.records
    assert empty == c.PlatformHistory(())


async def test_a_refused_transfer_leaves_the_call_on_hold(office: Office) -> None:
    desk = await signed_in(office)
    call = await up(desk)

    reply = await desk.ask(c.Transfer(call.id, "carol@lab.test", now=True))
    await desk.until_state(call.id, CallState.HELD)

    assert not reply.ok
    assert "480" in reply.text
    assert desk.state.calls[call.id].live


async def test_an_emergency_number_is_no_way_out_of_a_call(office: Office) -> None:
    desk = await signed_in(office)
    call = await up(desk)

    reply = await desk.ask(c.Transfer(call.id, "112"))

    assert reply.code == "EMERGENCY"
