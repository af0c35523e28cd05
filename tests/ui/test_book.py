"""Contacts and numbers by key: quick dial, call back, block, keep, merge; and the shift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from textual._xterm_parser import XTermParser
from textual.events import Key

from softphone.model import command as c
from softphone.model.call import Call, CallState, EndReason, Party
from softphone.model.contact import Contact
from softphone.model.record import CallRecord
from softphone.model.screening import ScreeningRule
from softphone.model.shift import ShiftRow
from softphone.ui.altdigits import know_alt_digits
from softphone.ui.screens.dialogs import AskLine
from softphone.ui.screens.shift import shift_lines
from tests.ui.conftest import NOW, START, Console, FakeEngine, OpenConsole


def records(engine: FakeEngine, *calls: Call) -> None:
    def listed(asked: c.ListHistory) -> c.Reply:
        found = [call for call in calls if call.missed or not asked.filter.missed]
        return c.Reply(value=c.HistoryPage(tuple(CallRecord(call) for call in found)))

    engine.reply(c.ListHistory, listed)


async def answer(console: Console, text: str) -> None:
    """Paste a line into the dialog that asks for one, and press Enter."""
    assert isinstance(console.app.screen, AskLine)
    console.app.screen.field.value = text
    await console.press("enter")


def missed(console: Console, **changes: Any) -> Call:
    offer = console.make.offer("m1", **changes)
    return offer.ended(EndReason.CANCELLED, NOW, START)


async def test_a_quick_dial_key_calls_its_contact_at_once(
    console: Console, engine: FakeEngine
) -> None:
    anna = console.make.contact("Anna", "+390655", quick=3)

    def found(asked: c.FindQuick) -> c.Reply:
        one = (anna,) if asked.digit == 3 else ()
        return c.Reply(value=c.ContactPage(one, len(one)))

    engine.reply(c.FindQuick, found)

    await console.press("alt+4")
    assert "No contact has the quick-dial key 4" in console.screen_text()
    await console.press("alt+3")
    await console.until(lambda: console.commands(c.Dial))

    assert [dial.to for dial in console.commands(c.Dial)] == ["+390655"]


async def test_redial_and_call_back_put_a_number_into_the_dialer_and_dial_nothing(
    console: Console, engine: FakeEngine
) -> None:
    placed = console.make.call("o1", remote=Party("+390611")).ended(EndReason.BUSY, NOW, START)
    records(engine, missed(console), placed)

    await console.press("ctrl+r")
    await console.until(lambda: console.app.main.dialer.field.value == "+390611")
    await console.press("tab", "F")
    await console.until(lambda: console.app.main.dialer.field.value == "+39021234567")

    assert console.commands(c.Dial) == []


async def test_call_back_without_a_missed_call_says_so(console: Console) -> None:
    await console.press("tab", "F")

    await console.until(lambda: "No missed call has a number" in console.screen_text())


async def test_letters_become_digits_on_request_only(console: Console) -> None:
    await console.press("ctrl+t", *"1-800-FLOWERS")
    assert console.app.main.dialer.field.value == "1-800-FLOWERS"

    console.app.act("dialer.letters")
    await console.settle()

    assert console.app.main.dialer.field.value == "1-800-3569377"
    console.app.act("dialer.letters")
    await console.settle()
    assert "no letters" in console.screen_text()


async def test_a_number_of_the_history_is_blocked_with_a_reason(
    console: Console, engine: FakeEngine
) -> None:
    records(engine, missed(console))
    engine.reply(c.ListBlocked, c.Reply(value=c.BlockedFound(())))
    await console.press("tab", "H")
    await console.until(lambda: "ACME" in console.screen_text())

    await console.press("b")
    await console.until(lambda: console.focused == "askline")
    await console.press(*"spam", "enter")

    assert console.commands(c.BlockNumber) == [c.BlockNumber("+39021234567", "spam")]


async def test_a_blocked_number_rings_again_after_asking(
    console: Console, engine: FakeEngine
) -> None:
    records(engine, missed(console))
    rule = ScreeningRule("+3902*", True, "spam")
    engine.reply(c.ListBlocked, c.Reply(value=c.BlockedFound((rule,))))
    await console.press("tab", "H")
    await console.until(lambda: "ACME" in console.screen_text())

    await console.press("b")
    await console.until(lambda: console.focused == "question")
    assert "spam" in console.screen_text()
    await console.press("enter")
    assert console.commands(c.AllowNumber) == []
    await console.press("b")
    await console.until(lambda: console.focused == "question")
    await console.press("y")

    assert console.commands(c.AllowNumber) == [c.AllowNumber("+39021234567")]


async def test_a_caller_who_withholds_the_number_cannot_be_blocked(
    console: Console, engine: FakeEngine
) -> None:
    records(engine, missed(console, remote=Party("")))
    await console.press("tab", "H")
    await console.until(lambda: "withheld" in console.screen_text())

    await console.press("b")

    assert "nothing to block" in console.screen_text()
    assert console.commands(c.ListBlocked) == []


async def test_the_list_of_blocked_numbers_lets_one_ring_again(
    console: Console, engine: FakeEngine
) -> None:
    rules = (ScreeningRule("+3902*", True, "spam"), ScreeningRule("+39021", False))
    engine.reply(c.ListBlocked, c.Reply(value=c.BlockedFound(rules)))

    console.app.act("blocked.open")
    await console.until(lambda: "BLOCKED NUMBERS" in console.screen_text())
    await console.press("enter")
    await console.until(lambda: console.focused == "question")
    await console.press("y")

    assert console.commands(c.AllowNumber) == [c.AllowNumber("+3902*")]


async def test_any_number_is_blocked_and_allowed_by_name_of_the_command(console: Console) -> None:
    for action_id in ("number.block", "number.allow"):
        console.app.act(action_id)
        await console.until(lambda: console.focused == "askline")
        await console.press(*"+39899", "enter")

    assert console.commands(c.BlockNumber) == [c.BlockNumber("+39899")]
    assert console.commands(c.AllowNumber) == [c.AllowNumber("+39899")]


async def test_a_caller_of_the_history_is_kept_as_a_contact(
    console: Console, engine: FakeEngine
) -> None:
    records(engine, missed(console))
    await console.press("tab", "H")
    await console.until(lambda: "ACME" in console.screen_text())

    await console.press("a")
    await console.until(lambda: console.focused == "contact")
    await console.press("enter")

    (saved,) = console.commands(c.SaveContact)
    assert (saved.contact.name, saved.contact.main_address) == ("ACME Srl", "+39021234567")


async def test_a_caller_who_is_known_is_not_kept_twice(
    console: Console, engine: FakeEngine
) -> None:
    records(engine, missed(console, remote=Party("+39021", "ACME", known="Bob Rossi")))
    await console.press("tab", "H")
    await console.until(lambda: "Bob Rossi" in console.screen_text())

    await console.press("a")

    assert "among the contacts already" in console.screen_text()
    assert console.focused == "history"


async def test_a_quick_dial_key_is_set_in_the_editor(console: Console) -> None:
    await console.press("tab", "C", "e")
    await console.until(lambda: console.focused == "contact")

    await console.press("up", "right", "right", "enter")
    await console.until(lambda: console.commands(c.SaveContact))

    assert console.commands(c.SaveContact)[0].contact.quick == 2


async def test_contacts_that_are_there_twice_are_merged_after_a_look(
    console: Console, engine: FakeEngine
) -> None:
    group = (console.make.contact("Anna", "+39061"), console.make.contact("Anna R", "+39062"))
    engine.reply(c.FindDuplicates, c.Reply(value=c.DuplicatesFound((group,), 1)))

    console.app.act("contacts.merge")
    await console.until(lambda: "THERE TWICE" in console.screen_text())
    await console.press("enter")
    await console.until(lambda: console.focused == "question")
    assert "Anna, Anna R" in console.screen_text()
    await console.press("y")

    assert console.commands(c.MergeContacts) == [c.MergeContacts((group[0].id, group[1].id))]


async def test_a_file_is_looked_at_then_imported(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "b.csv").write_text("name,number\nAnna,+391\n,+392\nBob,call me\n")

    def taken(asked: c.ImportContacts) -> c.Reply:
        return c.Reply(value=c.ContactsImported(2, 0, ((1, "cannot be dialled"),)))

    engine.reply(c.ImportContacts, taken)
    console.app.act("contacts.import")
    await console.until(lambda: console.focused == "askline")
    await answer(console, f"{tmp_path}/b.csv")
    await console.until(lambda: console.focused == "question")
    shown = " ".join(console.screen_text().replace("│", " ").split())
    assert "b.csv: 2 new, 0 known, 2 refused (line 3: the row has no name; line 4:" in shown
    assert [asked.dry_run for asked in console.commands(c.ImportContacts)] == [True]
    await console.press("y")

    await console.until(lambda: len(console.commands(c.ImportContacts)) == 2)
    await console.until(lambda: "Imported: 2 new" in console.screen_text())
    assert not console.commands(c.ImportContacts)[1].dry_run
    assert [one.name for one in console.commands(c.ImportContacts)[1].contacts] == ["Anna", "Bob"]


async def test_a_file_that_is_not_there_or_brings_nothing_is_told(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "b.csv").write_text("name\nAnna\n")
    engine.reply(c.ImportContacts, c.Reply(value=c.ContactsImported(0, 1)))
    for name, words in (("none.vcf", "No such file"), ("b.csv", "Nothing to import")):
        console.app.act("contacts.import")
        await console.until(lambda: console.focused == "askline")
        await answer(console, f"{tmp_path}/{name}")

        await console.until(lambda words=words: words in console.screen_text())  # type: ignore[misc]  # bound now

    engine.reply(c.ImportContacts, c.Reply(False, "READ_ONLY", "This console only watches."))
    console.app.act("contacts.import")
    await console.until(lambda: console.focused == "askline")
    await answer(console, f"{tmp_path}/b.csv")
    await console.until(lambda: "only watches" in console.screen_text())


async def test_ten_thousand_contacts_are_walked_to_the_end_a_page_at_a_time(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    people = [Contact(f"k{n}", f"Person {n:05}") for n in range(2_500)]  # type: ignore[arg-type]  # an id

    def listed(asked: c.SearchContacts) -> c.Reply:
        size = min(asked.limit, 1_000)
        found = tuple(people[asked.skip : asked.skip + size])
        return c.Reply(value=c.ContactPage(found, len(people)))

    engine.reply(c.SearchContacts, listed)
    async with open_console() as console:
        await console.press("tab", "C")
        pane = console.app.main.query_one("#contacts")
        rows: Any = pane.rows  # type: ignore[attr-defined]  # of the contacts pane
        for _ in range(20):
            have = len(rows.rows)

            def grown(have: int = have) -> bool:
                return len(rows.rows) == 2_500 or len(rows.rows) > have

            await console.press("G")
            await console.until(grown)

        assert len(rows.rows) == 2_500
        assert len({contact.id for contact in rows.rows}) == 2_500


async def test_a_blocked_call_is_listed_as_blocked(console: Console, engine: FakeEngine) -> None:
    call = console.make.offer("b1").ended(EndReason.BLOCKED, NOW, START)
    records(engine, replace(call, end_detail="spam"))

    await console.press("tab", "H")

    await console.until(lambda: " blocked " in console.screen_text())
    assert not call.missed
    assert call.state is CallState.ENDED


ROWS = (
    ShiftRow("2026-09-20", "audin", taken=4, missed=1, talk_s=600.0, wait_s=20.0,
             wait_longest_s=9.0),
    ShiftRow("2026-09-21", "audin", taken=12, missed=2, declined=1, blocked=3, placed=5, reached=4,
             talk_s=4000.0, longest_s=900.0, wait_s=72.0, wait_longest_s=15.0),
    ShiftRow("2026-09-21", "ribbon", taken=1, placed=2, reached=2, talk_s=300.0, wait_s=4.0,
             wait_longest_s=4.0),
)  # fmt: skip


async def test_the_shift_is_shown_and_its_time_chosen(console: Console, engine: FakeEngine) -> None:
    engine.reply(c.ShowShift, c.Reply(value=c.ShiftFound(ROWS)))

    await console.press("tab", "P")
    await console.until(lambda: "SHIFT · today" in console.screen_text())
    await console.until(lambda: "ribbon" in console.screen_text())
    await console.press("l", "down", "enter")
    await console.until(lambda: "SHIFT · last 7 days" in console.screen_text())
    await console.until(lambda: len(console.commands(c.ShowShift)) == 2)

    today, week = console.commands(c.ShowShift)
    assert today.until == week.until == NOW + 1
    assert 6 * 86_400 - 3_700 <= today.since - week.since <= 6 * 86_400 + 3_700
    assert "1:21:40" in console.screen_text()


async def test_a_shift_without_calls_and_one_that_cannot_be_told(
    console: Console, engine: FakeEngine
) -> None:
    engine.reply(c.ShowShift, c.Reply(value=c.ShiftFound(())))
    await console.press("tab", "P")
    await console.until(lambda: "No call in this time." in console.screen_text())
    await console.press("escape")

    engine.reply(c.ShowShift, c.Reply(False, "STORE", "The disk is full."))
    await console.press("tab", "P")

    await console.until(lambda: "The disk is full." in console.screen_text())


def test_days_of_a_shift_have_charts_and_one_day_has_none() -> None:
    def text(rows: tuple[ShiftRow, ...], width: int) -> str:
        return "\n".join("".join(part for part, _ in line) for line in shift_lines(rows, width))

    assert "▂" in text(ROWS, 130)
    assert "█" not in text(ROWS[1:], 130)
    assert "declined" in text(ROWS, 130)
    assert "declined" not in text(ROWS, 76)
    assert all(len(line) <= 76 for line in text(ROWS, 76).splitlines())


def test_alt_and_a_digit_is_read_from_a_terminal_as_a_key_of_its_own() -> None:
    know_alt_digits()
    know_alt_digits()

    for digit in "123456789":
        parser = XTermParser()
        events = [*parser.feed(f"\x1b{digit}"), *parser.feed("")]

        assert [event.key for event in events if isinstance(event, Key)] == [f"alt+{digit}"]
