"""The panes: dialling, tones, ticking numbers, notes, contacts, the log, history, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from softphone.config import CallsConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState, EndReason, Party
from softphone.model.contact import ContactId
from softphone.model.device import AudioStatus, Device
from softphone.model.presence import Availability, LinkState
from softphone.model.quality import Levels
from softphone.model.record import CallRecord

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine, OpenConsole

AUDIN = AccountName("audin")


@pytest.mark.parametrize("pane", ["presence", "calls", "contacts", "events"])
async def test_digits_typed_anywhere_go_to_the_dialer(console: Console, pane: str) -> None:
    await console.focus(pane)

    await console.press("plus", "3", "9", "asterisk", "number_sign")

    assert console.app.main.dialer.field.value == "+39*#"
    assert console.focused == "dialer"


async def test_enter_in_the_dialer_dials_in_e164_from_the_chosen_number(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.reply(c.Dial, c.Reply(value=c.CallPlaced(CallId("c5"))))
    async with open_console(region="IT") as console:
        await console.press("tab", "right", "right", "shift+tab", *"0655501010")
        assert "+39 06 5550 1010" in console.app.main.dialer.hints.text
        await console.press("enter")

        assert console.commands(c.Dial) == [c.Dial("+390655501010", AUDIN, "pn_2")]
        assert console.app.main.dialer.field.value == ""


async def test_the_dialer_takes_the_country_of_the_account_it_dials_with(
    open_console: OpenConsole,
) -> None:
    calls = CallsConfig(region="IT", regions={"audin": "GB"})
    async with open_console(region="IT", calls=calls) as console:
        await console.press(*"02079460018")

        assert "+44 20 7946 0018" in console.app.main.dialer.hints.text


async def test_dial_that_must_be_confirmed_asks_first(console: Console, engine: FakeEngine) -> None:
    engine.reply(
        c.Dial,
        lambda asked: (
            c.Reply() if asked.confirmed else c.Reply(False, "CONFIRM", "This number costs money.")
        ),
    )
    await console.press(*"0900", "enter")
    assert "This number costs money." in console.screen_text()

    await console.press("y")

    assert console.commands(c.Dial)[-1].confirmed


async def test_type_ahead_finds_contacts_and_dials_the_marked_one(console: Console) -> None:
    await console.focus("dialer")
    await console.press(*"anna")
    await console.pilot.pause(0.2)
    await console.settle()
    assert "Anna Bianchi" in console.app.main.dialer.hints.text

    await console.press("down", "enter")

    assert console.commands(c.Dial)[-1].to == "+390655501011"


async def test_tone_keypad_sends_digits_and_the_frame_says_so(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))

    await console.press("f6", "1", "x", "number_sign")
    assert [tone.digits for tone in console.commands(c.SendTones)] == ["1", "#"]
    assert console.app.main.dialer.field.value == ""
    assert "DIALER · TONES" in console.screen_text()

    await console.press("f6", "5")
    assert console.app.main.dialer.field.value == "5"
    assert len(console.commands(c.SendTones)) == 2


async def test_tones_end_with_their_call(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    await console.press("f6")

    await console.emit(e.CallRemoved(CallId("c1")))
    await console.press("7")

    assert console.app.main.dialer.field.value == "7"
    assert not console.commands(c.SendTones)


async def test_pasted_text_is_cleaned_and_never_dialled(console: Console) -> None:
    from textual.events import Paste

    await console.focus("dialer")
    console.app.post_message(Paste("+39 06\x1b]52;c;AAAA\x07\n555\r"))
    await console.settle()

    assert "\x1b" not in console.app.main.dialer.field.value
    assert not console.commands(c.Dial)


async def test_space_ticks_a_number_and_shows_what_became_of_it(console: Console) -> None:
    await console.focus("presence")
    await console.press("j", "j", "j", "space")
    assert console.commands(c.GoOnline) == [c.GoOnline(AUDIN, ("pn_1", "pn_2"))]

    for states, word in (
        (Availability(("pn_1", "pn_2"), ("pn_1",)), "asked"),
        (Availability(("pn_1", "pn_2"), ("pn_1",), ("pn_2",)), "rejected"),
        (Availability(("pn_1", "pn_2"), ("pn_1", "pn_2")), "accepted"),
    ):
        await console.emit(e.AccountChanged(console.make.account(availability=states)))
        roma = next(x for x in console.app.main.presence.rows.text.splitlines() if "Roma" in x)
        assert roma.split()[-1] == word

    await console.press("enter")
    assert console.commands(c.GoOnline)[-1] == c.GoOnline(AUDIN, ("pn_1",))


async def test_unticking_the_last_number_withdraws(console: Console) -> None:
    await console.focus("presence")

    await console.press("j", "j", "space")

    assert console.commands(c.SetAvailable) == [c.SetAvailable(AUDIN, False)]


async def test_enter_on_an_offline_account_goes_online(console: Console) -> None:
    await console.emit(e.AccountChanged(console.make.account(link=LinkState.OFFLINE)))
    await console.focus("presence")

    await console.press("j", "enter")

    assert console.commands(c.GoOnline) == [c.GoOnline(AUDIN)]


async def test_note_is_saved_half_a_second_after_the_last_key(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    await console.focus("call")

    await console.press(*"a 1 x")
    assert not console.commands(c.SaveNote)
    await console.pilot.pause(0.7)

    assert console.commands(c.SaveNote) == [c.SaveNote(CallId("c1"), "a 1 x")]


async def test_note_is_saved_at_once_when_another_call_comes_into_focus(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    await console.focus("call")
    await console.press(*"hi")

    await console.emit(e.CallRemoved(CallId("c1")), e.CallChanged(console.make.call("c2")))

    assert console.commands(c.SaveNote) == [c.SaveNote(CallId("c1"), "hi")]
    assert console.app.main.call.note.text == ""


async def test_known_note_is_shown(console: Console, engine: FakeEngine) -> None:
    record = CallRecord(console.make.call("c1"), note="asked before")
    engine.reply(c.ShowRecord, c.Reply(value=c.RecordFound(record)))

    await console.show_calls(console.make.call("c1"))

    assert console.app.main.call.note.text == "asked before"
    await console.pilot.pause(0.6)
    assert not console.commands(c.SaveNote)


async def test_unknown_quality_is_a_dash_and_meters_follow_the_levels(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    assert "MOS -  delay -  jitter -  loss -" in console.app.main.call.facts.text

    await console.emit(e.LevelsMeasured(CallId("c1"), Levels(-20.0, -96.0)))

    line = next(x for x in console.screen_text().splitlines() if " mic " in x)
    assert "■" in line.split("far")[0]
    assert "■" not in line.split("far")[1]


async def test_contacts_are_filtered_and_put_into_the_dialer(console: Console) -> None:
    await console.focus("contacts")

    await console.press("slash", *"bob", "enter", "enter")

    assert console.app.main.dialer.field.value == "+390655501012"
    assert not console.commands(c.Dial)
    assert console.focused == "dialer"


async def test_contact_is_added_edited_and_deleted_after_asking(console: Console) -> None:
    await console.focus("contacts")
    await console.press("a", *"Eva", "down", *"ACME", "down", *"+3906111", "enter")
    saved = console.commands(c.SaveContact)[-1].contact
    assert (saved.name, saved.company, saved.main_address) == ("Eva", "ACME", "+3906111")

    await console.press("e", "end", "x", "enter")
    assert console.commands(c.SaveContact)[-1].contact.name == "Anna Bianchix"
    assert console.commands(c.SaveContact)[-1].contact.id == "Anna Bianchi"

    await console.press("D", "enter")
    assert not console.commands(c.DeleteContact)
    await console.press("D", "y")
    assert console.commands(c.DeleteContact) == [c.DeleteContact(ContactId("Anna Bianchi"))]


async def test_contact_without_a_name_is_not_saved(console: Console) -> None:
    await console.focus("contacts")

    await console.press("a", "enter")

    assert "A contact needs a name." in console.screen_text()
    assert not console.commands(c.SaveContact)


async def test_log_follows_the_newest_until_the_cursor_is_moved(console: Console) -> None:
    notes = [e.Noted(float(n), "audin", e.Level.INFO, f"line {n}") for n in range(40)]
    await console.emit(*notes)
    rows = console.app.main.events.rows
    assert rows.cursor == 39

    await console.focus("events")
    await console.press("k", "k")
    before = rows.text
    await console.emit(e.Noted(50.0, "audin", e.Level.INFO, "line 40"))

    assert rows.row == notes[37]
    assert rows.text == before


async def test_history_calls_back_into_the_dialer_and_marks_missed_as_seen(
    console: Console, engine: FakeEngine
) -> None:
    call = console.make.offer("h1")
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((CallRecord(call),))))
    await console.focus("calls")

    await console.press("H", "m")
    assert c.Ask(c.Query.MISSED_SEEN) in console.engine.sent
    assert console.commands(c.ListHistory)[-1].filter.missed
    await console.press("enter")

    assert console.app.screen.name == "main"
    assert console.app.main.dialer.field.value == "+39021234567"
    assert not console.commands(c.Dial)


async def test_a_report_opened_from_the_history_leads_back_to_it(
    console: Console, engine: FakeEngine
) -> None:
    call = console.make.call("c1", CallState.ENDED)
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((CallRecord(call),))))
    await console.press("tab", "H")
    await console.press("i")
    assert "REPORT" in console.screen_text()

    await console.press("escape")

    assert "HISTORY" in console.screen_text()


async def test_history_is_fetched_in_pages(console: Console, engine: FakeEngine) -> None:
    def page(asked: c.ListHistory) -> c.Reply:
        first = int(asked.filter.before or 0)
        calls = [console.make.offer(f"h{n}") for n in range(first, first + 100)]
        return c.Reply(value=c.HistoryPage(tuple(map(CallRecord, calls)), str(first + 100)))

    engine.reply(c.ListHistory, page)
    await console.focus("calls")
    await console.press("H")
    shown = console.app.screen.rows  # type: ignore[attr-defined]  # the history screen's list
    await console.until(lambda: len(shown.rows) == 100)
    await console.press("G")

    await console.until(lambda: len(shown.rows) == 200)


async def test_devices_are_chosen_and_tested(console: Console, engine: FakeEngine) -> None:
    devices = (Device("a", "Headset", True, True), Device("b", "Speaker", False, True))
    engine.reply(c.Ask, c.Reply(value=c.DeviceList(devices)))
    await console.focus("calls")
    await console.press("A", "tab", "right")
    assert console.commands(c.SelectDevices) == [c.SelectDevices(output="b")]

    await console.press("tab", "tab", "right", "tab", "space", "tab", "right")
    assert console.commands(c.SelectDevices)[1:] == [
        c.SelectDevices(echo_cancellation=True),
        c.SelectDevices(noise_suppression=True),
        c.SelectDevices(automatic_gain=True),
    ]

    await console.press("tab", "right", "tab", "space", "tab", "space")
    assert console.commands(c.Meter) == [c.Meter(True)]
    assert console.commands(c.TestRing) == [c.TestRing()]
    assert console.commands(c.TestEcho) == [c.TestEcho()]

    await console.press("escape")
    assert console.commands(c.Meter)[-1] == c.Meter(False)


async def test_the_devices_screen_shows_what_is_on_and_what_the_echo_test_found(
    console: Console, engine: FakeEngine
) -> None:
    engine.reply(c.Ask, c.Reply(value=c.DeviceList(())))
    await console.focus("calls")
    await console.press("A", "tab", "tab", "tab", "right")
    assert "cut echo < on >" in console.screen_text()

    found = "Echo test: after 42 ms, 10 dB below what is played."
    missing = "They need a package more."
    await console.emit(e.AudioChanged(AudioStatus("auto", hint=missing, echo_test=found)))

    text = console.screen_text()
    assert found in text
    assert missing in text
    assert "cut echo < off >" in text


async def test_calls_list_shows_words_and_copies_e164(console: Console) -> None:
    await console.show_calls(
        console.make.call("c1"), console.make.call("c2", CallState.DIALING, muted=True)
    )
    text = console.app.main.calls.rows.text
    assert "TALK 03:13" in text
    assert "DIAL " in text
    assert "Bob Rossi muted" in text

    await console.focus("calls")
    await console.press("y")
    assert "+390655501012" in console.screen_text()


async def test_a_call_that_ends_is_among_the_recent_ones_at_once(console: Console) -> None:
    call = console.make.call("c1", remote=Party("+390655501099", "Zoe"))
    record = CallRecord(call)
    await console.show_calls(call)
    console.engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((record,))))
    assert "Zoe" not in console.app.main.dialer.hints.text

    at, mono = console.clock.wall(), console.clock.mono()
    await console.emit(e.CallChanged(call.ended(EndReason.HANGUP, at, mono)))

    assert "Zoe" in console.app.main.dialer.hints.text


async def test_what_is_wrong_with_the_sound_is_said_once(console: Console) -> None:
    broken = AudioStatus(problem="No sound card: calls go on in silence.", silent=True)
    await console.emit(e.AudioChanged(broken))
    assert "No sound card: calls go on in silence." in console.screen_text()

    console.app.clear_notifications()
    await console.emit(e.AudioChanged(AudioStatus()), e.AudioChanged(broken))

    assert "No sound card" not in console.screen_text()
    assert "silent device" in console.screen_text()


async def test_enter_shows_an_event_that_is_cut_off_in_full(open_console: OpenConsole) -> None:
    async with open_console((80, 24)) as console:
        text = "Roma rejected: another operator has it, and keeps it"
        await console.emit(e.Noted(console.clock.wall(), "audin", e.Level.WARNING, text))
        await console.press("tab", "E")
        assert "keeps it" not in console.screen_text()

        await console.press("enter")

        assert "keeps it" in console.screen_text()


async def test_console_that_may_only_watch_starts_where_its_one_key_works(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.state.controller = "another"
    async with open_console() as console:
        assert console.focused == "calls"

        await console.press("T")

        assert console.focused == "question"
