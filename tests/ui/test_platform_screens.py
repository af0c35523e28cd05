"""Messages, directory, report, services, platform events and history, transfer, presence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState, Direction, EndReason, Party
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.message import (
    Channel,
    Conversation,
    Delivery,
    Message,
    MessageId,
    ScreenPop,
    Voicemail,
)
from softphone.model.presence import Account, Activity, OnlineUser, Presence
from softphone.model.quality import QualitySample, QualitySummary, Warned
from softphone.model.record import CallRecord, PlatformRecord
from softphone.model.report import CallReport, ReportEvent, ReportMetric
from softphone.ui.screens.online_users import OnlineUsersScreen
from tests.ui.conftest import NOW, Console, FakeEngine, OpenConsole

RIBBON = AccountName("ribbon")
BOB = "bob@lab.test"
ONE = CallId("c1")


def gateway(console: Console) -> Account:
    """An account that can do everything."""
    return console.make.account("ribbon", kind="x", numbers=(), refusals=(), identity="me@lab.test")


def message(key: str, text: str, *, mine: bool = False, **changed: object) -> Message:
    made = Message(
        MessageId(key),
        RIBBON,
        BOB,
        Channel.IM,
        Direction.OUTBOUND if mine else Direction.INBOUND,
        text,
        NOW,
        Delivery.SENT if mine else Delivery.RECEIVED,
        read=mine,
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # names of Message's own fields


def talk_with(engine: FakeEngine, *messages: Message) -> None:
    last = messages[-1]
    talk = Conversation(RIBBON, BOB, Channel.IM, last, unread=sum(not m.read for m in messages))
    engine.reply(c.ListConversations, c.Reply(value=c.ConversationPage((talk,))))
    engine.reply(c.ListMessages, c.Reply(value=c.MessagePage(tuple(reversed(messages)))))


async def sign_in(console: Console) -> None:
    console.engine.state.accounts.clear()
    await console.emit(e.AccountChanged(gateway(console)))


async def test_a_shown_conversation_is_read_and_can_be_answered(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    talk_with(engine, message("m1", "are you there?"))

    await console.press("tab", "M")
    assert "are you there?" in console.screen_text()
    await console.press("enter", *"yes", "enter")

    assert set(console.commands(c.MarkRead)) == {c.MarkRead(RIBBON, BOB)}
    assert console.commands(c.SendMessage) == [c.SendMessage(RIBBON, BOB, "yes")]


async def test_markup_in_a_message_is_only_shown(console: Console, engine: FakeEngine) -> None:
    await sign_in(console)
    talk_with(engine, message("m1", "[bold]x[/] [@click=app.quit]press[/]", name="[red]Bob"))

    await console.press("tab", "M")

    assert "[bold]x[/] [@click=app.quit]press[/]" in console.screen_text()


async def test_a_failed_message_says_why_and_is_sent_again_by_enter(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    lost = message("m1", "hello", mine=True, delivery=Delivery.FAILED, problem="Nobody is there.")
    talk_with(engine, lost)

    await console.press("tab", "M", "enter", "up", "enter")

    assert "NOT SENT Nobody is there." in console.screen_text()
    assert console.commands(c.RetryMessage) == [c.RetryMessage(MessageId("m1"))]


async def test_deleting_a_conversation_asks_first(console: Console, engine: FakeEngine) -> None:
    await sign_in(console)
    talk_with(engine, message("m1", "hello"))

    await console.press("tab", "M", "D", "enter")
    assert not console.commands(c.ClearConversation)
    await console.press("D", "y")

    assert console.commands(c.ClearConversation) == [c.ClearConversation(RIBBON, BOB)]


async def test_somebody_new_is_written_to(console: Console) -> None:
    await sign_in(console)

    await console.press("tab", "M", "a", *"carol@lab.test", "enter", *"hi", "enter")

    assert console.commands(c.SendMessage) == [c.SendMessage(RIBBON, "carol@lab.test", "hi")]


async def test_unread_messages_and_voicemail_show_in_the_header(console: Console) -> None:
    await sign_in(console)

    await console.emit(e.UnreadChanged(2), e.VoicemailChanged(Voicemail(RIBBON, True, 3, 5)))

    assert "2 messages M" in console.screen_text()
    assert "voicemail 3" in console.screen_text()


async def test_without_messages_the_key_says_why(console: Console) -> None:
    refusals = (("instant_messages", "Only voice here."), ("agent_status", "No agents here."))
    account = console.make.account(refusals=refusals)
    await console.emit(e.AccountChanged(account))

    await console.press("tab", "M")

    assert "Only voice here." in console.screen_text()


def person(name: str, address: str) -> Contact:
    return Contact(ContactId(address), name, (ContactAddress(address),), source=RIBBON)


async def test_the_directory_is_searched_and_a_person_dialled_watched_kept(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    carol = person("Carol Reed", "carol@lab.test")
    engine.reply(c.SearchDirectory, c.Reply(value=c.ContactPage((carol,), 1)))

    await console.press("tab", "B", *"Car", "enter", "w", "a", "enter")

    assert console.commands(c.SearchDirectory)[-1].text == "Car"
    assert console.commands(c.WatchPresence) == [c.WatchPresence(RIBBON, "carol@lab.test")]
    assert [kept.contact.name for kept in console.commands(c.SaveContact)] == ["Carol Reed"]
    assert console.app.main.dialer.field.value == "carol@lab.test"


async def test_a_report_shows_steps_in_their_order_and_metrics(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    report = CallReport(
        ONE,
        (
            ReportEvent("e1", "MAKE", NOW, NOW + 5.1),
            ReportEvent("e2", "ICE_COLLECTION", NOW + 0.1, NOW + 0.2, parent="e1"),
            ReportEvent("e3", "REST_REQUEST", NOW + 0.3, NOW + 0.4, "e1", error="refused"),
        ),
        (ReportMetric("TIME_TO_MAKE", 5100.0),),
        '{"type":"CALL"}',
    )
    engine.reply(c.ShowReport, c.Reply(value=c.ReportFound(report)))
    engine.reply(c.ShowStatistics, c.Reply(value=c.FiguresFound((("codec", "opus"),))))
    sample = QualitySample(ONE, NOW, loss=0.1, mos=3.1, warnings=(Warned.LOSS_IN,))
    quality = c.QualityFound(QualitySummary().with_sample(sample), (sample,))
    engine.reply(c.ShowQuality, c.Reply(value=quality))
    await console.show_calls(console.make.call("c1", account=RIBBON))

    await console.press("tab", "I")

    text = console.screen_text()
    assert "10.0 %" in text
    assert "loss in" in text
    assert text.index("make") < text.index("ice collection") < text.index("failed: refused")
    assert "5,100 ms" in text
    assert "opus" in text


async def test_a_report_of_our_own_is_copied_with_its_quality(
    console: Console, engine: FakeEngine
) -> None:
    report = CallReport(ONE, (ReportEvent("0", "ACTIVE", NOW, NOW),))
    sample = QualitySample(ONE, NOW, loss=0.1, mos=3.1, warnings=(Warned.LOSS_IN,))
    engine.reply(c.ShowReport, c.Reply(value=c.ReportFound(report)))
    quality = c.QualityFound(QualitySummary().with_sample(sample), (sample,))
    engine.reply(c.ShowQuality, c.Reply(value=quality))
    await console.show_calls(console.make.call("c1"))

    await console.press("tab", "I", "y")

    copied = json.loads(console.app.clipboard)
    assert copied["events"][0]["type"] == "ACTIVE"
    assert copied["quality"]["samples"][0]["loss"] == 0.1


async def test_a_service_is_dropped_and_added_by_its_tick(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    found = c.SubscriptionsFound(("call",), ("call", "IM"), ("call", "IM"))
    engine.reply(c.ShowSubscriptions, c.Reply(value=found))

    await console.press("tab", "U", "down", "space", "down", "space")

    assert console.commands(c.ChangeServices) == [
        c.ChangeServices(RIBBON, drop=("call",)),
        c.ChangeServices(RIBBON, add=("IM",)),
    ]


async def test_platform_events_are_shown_in_full_and_as_text(console: Console) -> None:
    await console.emit(e.PlatformEvent(RIBBON, "event:x", NOW, '{"data":"[bold]<xml/>"}'))

    await console.press("tab", "V")

    assert "event:x" in console.screen_text()
    assert '"data": "[bold]<xml/>"' in console.screen_text()


async def test_the_platforms_history_dials_and_deletes_there(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    old = PlatformRecord("rec-1", RIBBON, Direction.INBOUND, Party(BOB, "Bob"), NOW, 12.0)
    engine.reply(c.FetchHistory, c.Reply(value=c.PlatformHistory((old,))))

    await console.press("tab", "H", "p")
    assert "Bob" in console.screen_text()
    await console.press("D", "y", "enter")

    assert console.commands(c.DeleteFromHistory) == [c.DeleteFromHistory(RIBBON, "rec-1")]
    assert console.app.main.dialer.field.value == BOB


async def test_a_call_of_the_history_is_deleted_after_asking(
    console: Console, engine: FakeEngine
) -> None:
    record = CallRecord(console.make.call("c9").ended(EndReason.HANGUP, NOW, 0.0))
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((record,))))

    await console.press("tab", "H", "D", "n")
    assert not console.commands(c.DeleteRecord)
    await console.press("D", "y")

    assert console.commands(c.DeleteRecord) == [c.DeleteRecord(CallId("c9"))]


async def test_a_call_is_connected_with_another_one(console: Console) -> None:
    await sign_in(console)
    held = console.make.call("c2", CallState.HELD, account=RIBBON, remote=Party(BOB, "Bob"))
    await console.show_calls(console.make.call("c1", account=RIBBON), held)

    await console.press("f5")
    assert "Connect with Bob" in console.screen_text()
    await console.press("enter")

    assert console.commands(c.TransferTo) == [c.TransferTo(ONE, CallId("c2"))]


async def test_a_contact_is_asked_before_the_call_is_sent(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    await console.show_calls(console.make.call("c1", account=RIBBON))
    page = c.ContactPage((person("Carol Reed", "carol@lab.test"),), 1)
    engine.reply(c.SearchContacts, c.Reply(value=page))

    await console.press("f5", *"Car", "down", "enter")

    assert console.commands(c.Dial) == [c.Dial("carol@lab.test", RIBBON)]


async def test_esc_in_the_search_field_leaves_the_directory_and_nothing_else(
    console: Console,
) -> None:
    await sign_in(console)
    console.app.act("directory.open")
    await console.settle()

    await console.press(*"Bo", "escape")

    assert console.app.screen is console.app.main


async def test_presence_is_published_with_a_note(console: Console) -> None:
    await sign_in(console)

    console.app.act("presence.set")
    await console.settle()
    await console.press("down", "down", "down", "enter", *"back at two", "enter")

    assert console.commands(c.SetPresence) == [
        c.SetPresence(RIBBON, Activity.LUNCH, "back at two", reachable=True)
    ]


async def test_watched_people_stand_under_their_account(console: Console) -> None:
    await sign_in(console)
    await console.emit(
        e.PresenceChanged(Presence(RIBBON, BOB, True, Activity.LUNCH)),
        e.PresenceChanged(Presence(RIBBON, "me@lab.test", True, Activity.BUSY)),
    )

    text = console.screen_text()

    assert text.index("me ") < text.index("bob")
    assert "lunch" in text


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("X-A=1 X-B=2", [c.SetParameters(ONE, (("X-A", "1"), ("X-B", "2")), send=True)]),
        ("-", [c.SetParameters(ONE, (), send=False)]),
        ("nonsense", []),
    ],
)
async def test_parameters_of_a_call(
    console: Console, typed: str, sent: list[c.SetParameters]
) -> None:
    await sign_in(console)
    await console.show_calls(console.make.call("c1", account=RIBBON))

    console.app.act("call.parameters")
    await console.settle()
    await _type(console, typed)

    assert console.commands(c.SetParameters) == sent


async def test_parameters_without_a_call_go_with_the_next_one(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    engine.reply(c.Dial, c.Reply(value=c.CallPlaced(ONE)))

    console.app.act("call.parameters")
    await console.settle()
    await _type(console, "X-A=1")
    console.app.acting.dial(c.Dial(BOB))
    await console.settle()
    console.app.acting.dial(c.Dial(BOB))
    await console.settle()

    first, second = console.commands(c.Dial)
    assert (first.parameters, second.parameters) == ((("X-A", "1"),), ())


async def test_what_the_platform_does_with_a_call_is_shown(console: Console) -> None:
    call = console.make.call(
        "c1", operation="transferring", received_parameters=(("X-Queue", "2"),), video_offered=True
    )
    await console.show_calls(call)

    text = console.screen_text()

    assert "transferring …" in text
    assert "X-Queue=2" in text
    assert "video was offered" in text


async def _type(console: Console, text: str) -> None:
    keys = ["space" if char == " " else char for char in text]
    await console.press(*keys, "enter")


async def test_pops_are_shown_newest_first_and_put_a_number_into_the_dialer(
    console: Console,
) -> None:
    pops = [
        ScreenPop("p1", RIBBON, NOW, "voice", "+390212345678", "8812", "Renewal"),
        ScreenPop(
            "p2", RIBBON, NOW, "voice", "+390655501012", "9001", "Sale", ("preview",),
            (("table", "clients"),), '{"name": "[red]ACME[/]"}',
        ),
    ]  # fmt: skip
    await console.emit(*(e.ScreenPopped(pop) for pop in pops))

    await console.press("tab", "K")
    text = console.screen_text()
    await console.press("enter")

    assert text.index("9001") < text.index("8812")
    assert "[red]ACME[/]" in text
    assert text.index("[red]ACME[/]") < text.index("clients")
    assert "preview" in text
    assert console.app.main.dialer.field.value == "+390655501012"


async def test_a_text_pop_opens_its_conversation_and_never_by_itself(
    console: Console, engine: FakeEngine
) -> None:
    await sign_in(console)
    said = message("m1", "Can I change my plan?", peer="Marcos", channel=Channel.TEXT)
    talk = Conversation(RIBBON, "Marcos", Channel.TEXT, said, 1)
    engine.reply(c.ListConversations, c.Reply(value=c.ConversationPage((talk,))))
    engine.reply(c.ListMessages, c.Reply(value=c.MessagePage((said,))))
    pop = ScreenPop("p1", RIBBON, NOW, "text", customer="Marcos", body="Marcos: Boa tarde!")
    await console.emit(e.ScreenPopped(pop))
    assert console.focused == "dialer"

    await console.press("tab", "K")
    assert "Marcos: Boa tarde!" in console.screen_text()
    await console.press("enter")

    await console.until(lambda: "Can I change my plan?" in console.screen_text())


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"plan": "gold", "since": 2019, "note": null}', ["plan", "gold", "since", "2019"]),
        ('{"plan": {"name": "[b]gold"}}', ['"plan": {', '"name": "[b]gold"']),
        ('["one", 2]', ['"one",', "2"]),
        ("name=Anna;plan=[/]", ["name=Anna;plan=[/]"]),
        ("[" * 5000, ["[[["]),
    ],
)
async def test_customer_data_is_spread_out_as_far_as_it_is_json(
    console: Console, body: str, shown: list[str]
) -> None:
    await console.emit(e.ScreenPopped(ScreenPop("p1", RIBBON, NOW, "voice", body=body)))

    await console.press("tab", "K")

    text = console.screen_text()
    assert all(part in text for part in shown)


async def test_a_pop_with_several_numbers_lets_one_be_chosen(console: Console) -> None:
    pop = ScreenPop(
        "p1", RIBBON, NOW, "voice", "+390212345678", "C1",
        numbers=("+390212345678", "+390655501012"), customers=((("customerId", "B7"),),),
    )  # fmt: skip
    await console.emit(e.ScreenPopped(pop))

    await console.press("tab", "K")
    assert "customerId B7" in console.screen_text()
    await console.press("enter", "down", "enter")

    assert console.app.main.dialer.field.value == "+390655501012"


async def test_customer_data_without_a_call_in_focus_is_shown_beside_who_rings(
    console: Console,
) -> None:
    await console.show_calls(console.make.offer("c7"))
    rings = ScreenPop("p1", RIBBON, NOW, "voice", customer="C7", call=CallId("c7"),
                      body='{"plan": "[red]gold", "since": 2019}')  # fmt: skip
    other = ScreenPop("p2", RIBBON, NOW, "third party", customer="T9")

    await console.emit(e.ScreenPopped(other))
    assert "third party" in console.screen_text()
    await console.emit(e.ScreenPopped(rings), e.ScreenPopped(replace(other, id="p3")))

    text = " ".join(console.app.main.call.facts.text.split())
    assert "customer C7" in text
    assert "plan [red]gold, since 2019" in text


async def test_what_is_said_aloud_is_a_notification(console: Console) -> None:
    quiet = e.Noted(NOW, "hub", e.Level.WARNING, "left campaign")

    await console.emit(quiet)
    assert not console.app._notifications
    await console.emit(replace(quiet, text="conversation with Marcos: [b]Answer[/b]", alert=True))

    (shown,) = console.app._notifications
    assert shown.message == "hub: conversation with Marcos: [b]Answer[/b]"


async def test_online_users_have_one_row_a_connection(console: Console) -> None:
    await sign_in(console)
    users = (
        OnlineUser("r2", "u1", "baker", NOW, "10.0.0.2"),
        OnlineUser("r1", "u2", "adams", NOW - 60, "10.0.0.1"),
        OnlineUser("r3", "u2", "adams", NOW, "10.0.0.3"),
    )
    await console.emit(e.OnlineUsersChanged(RIBBON, users))

    await console.press("tab", "Y", "down")
    await console.emit(e.OnlineUsersChanged(RIBBON, users[1:]))

    text = console.screen_text()
    assert text.count("2 devices") == 2
    assert text.index("10.0.0.1") < text.index("10.0.0.3")
    assert "baker" not in text
    screen = console.app.screen
    assert isinstance(screen, OnlineUsersScreen)
    assert screen.rows.row == users[2]


async def test_a_supervisors_words_are_said_at_once(console: Console) -> None:
    words = message("m1", "Please take line two", channel=Channel.SUPERVISOR, name="Ms Boss")

    await console.emit(e.MessageChanged(words))

    assert "Ms Boss: Please take line two" in console.screen_text()


async def test_the_calls_time_runs_on_while_a_transfer_is_chosen(console: Console) -> None:
    await sign_in(console)
    await console.show_calls(console.make.call("c1", account=RIBBON))
    await console.press("f5")
    assert "TRANSFER" in console.screen_text()

    console.clock.advance(60)
    await console.until(lambda: "TALK 04:13" in console.screen_text())


async def test_the_detail_of_a_pop_scrolls_where_it_does_not_fit(open_console: OpenConsole) -> None:
    body = json.dumps({f"field{number}": f"value {number}" for number in range(30)})
    pops = [ScreenPop(f"p{n}", RIBBON, NOW - n, "voice", "+39021234567", body=body) for n in (1, 0)]
    async with open_console((80, 24)) as console:
        await console.emit(*(e.ScreenPopped(pop) for pop in pops))
        await console.press("tab", "K")
        await console.until(lambda: "field0" in console.screen_text())
        assert "value 29" not in console.screen_text()
        assert "more · Tab" in console.screen_text()

        await console.press("tab", "G")
        await console.until(lambda: "value 29" in console.screen_text())
        assert "field0 " not in console.screen_text()
        await console.press("pageup", "g")
        await console.until(lambda: "field0 " in console.screen_text())
        await console.press("end", "shift+tab", "down")
        await console.until(lambda: "field0 " in console.screen_text())  # another pop, from its top

        await console.press("tab", "enter")
        assert console.app.main.dialer.field.value == "+39021234567"
