"""What is kept: records, notes, contacts, missed calls; and the devices screen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from softphone.audio.report import AudioReport, ReportKind
from softphone.config import StoreConfig
from softphone.engine.recordings import delete_old
from softphone.model import command as c
from softphone.model.call import CallId, EndReason
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.record import CallRecord, HistoryFilter
from tests.engine.office import Office, Seat, an_office, until


async def history(desk: Seat, wanted: HistoryFilter | None = None) -> c.HistoryPage:
    page = await desk.do(c.ListHistory(wanted or HistoryFilter()))
    assert isinstance(page, c.HistoryPage)
    return page


async def test_a_call_has_a_record_with_note_timeline_and_quality(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")
    await until(lambda: call.id in desk.state.quality)
    await desk.do(c.SaveNote(call.id, "wants a\nnew \x1b[31mcontract"))
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)

    found = await desk.do(c.ShowRecord(call.id))

    assert isinstance(found, c.RecordFound)
    record = found.record
    assert record is not None
    assert record.note.startswith("wants a\nnew ")
    assert "\x1b" not in record.note
    assert [entry.what for entry in record.timeline][:1] == ["dialled"]
    assert record.timeline[-1].what == "ended"
    assert record.quality.frames_received > 10
    assert record.call.end_reason is EndReason.HANGUP


async def test_history_is_paged_newest_first(office: Office) -> None:
    desk = await office.at_work()
    for _ in range(3):
        sid = await office.ring()
        await desk.do(c.Decline((await desk.offered()).id))
        await until(lambda sid=sid: office.call(sid)["phase"] == "over")  # type: ignore[misc]  # bound now

    first = await history(desk, HistoryFilter(limit=2))
    second = await history(desk, HistoryFilter(limit=2, before=first.next))

    ids = [record.call.created_at for record in (*first.records, *second.records)]
    assert (len(first.records), len(second.records)) == (2, 1)
    assert ids == sorted(ids, reverse=True)


async def test_missed_calls_are_counted_until_somebody_looks(office: Office) -> None:
    desk = await office.at_work()
    sid = await office.ring()
    await desk.offered()

    await office.ask_lab(office.control.hang_up, sid)
    await until(lambda: desk.state.missed == 1)
    await desk.do(c.Ask(c.Query.MISSED_SEEN))

    await until(lambda: desk.state.missed == 0)


async def test_a_note_for_no_call_and_a_record_of_no_call(office: Office) -> None:
    desk = await office.sit()

    note = await desk.ask(c.SaveNote(CallId("nobody"), "x"))
    record = await desk.do(c.ShowRecord(CallId("nobody")))

    assert "no such call" in note.text
    assert record == c.RecordFound(None)


async def test_contacts_are_saved_found_changed_and_deleted(office: Office) -> None:
    desk = await office.sit()
    entry = ContactAddress(" 02 999 ", "work\x07")
    given = Contact(ContactId(""), "  Anna \u202eB  ", (entry, ContactAddress(" ")), note="a\nb")

    saved = await desk.do(c.SaveContact(given))
    assert isinstance(saved, c.ContactSaved)
    found = await desk.do(c.SearchContacts("anna"))
    listed = await desk.do(c.Ask(c.Query.CONTACTS))
    await until(lambda: desk.state.contacts == 1)
    await desk.do(c.DeleteContact(saved.contact))

    assert isinstance(found, c.ContactPage)
    (contact,) = found.contacts
    assert (contact.name, contact.main_address, contact.note) == ("Anna �B", "02999", "a\nb")
    assert listed == found
    assert (await desk.ask(c.DeleteContact(saved.contact))).text == "There is no such contact."
    await until(lambda: desk.state.contacts == 0)


async def test_a_contact_needs_a_name_and_numbers_that_can_be_dialled(office: Office) -> None:
    desk = await office.sit()

    nameless = await desk.ask(c.SaveContact(Contact(ContactId(""), "  ")))
    odd = await desk.ask(
        c.SaveContact(Contact(ContactId(""), "Anna", (ContactAddress("call me"),)))
    )

    assert "needs a name" in nameless.text
    assert odd.code == "BAD_NUMBER"


async def test_devices_are_listed_selected_and_told(office: Office) -> None:
    desk = await office.sit()

    listed = await desk.do(c.Ask(c.Query.DEVICES))
    await desk.do(c.SelectDevices(input="tone"))
    odd = await desk.ask(c.SelectDevices(output="nonsense:"))

    assert isinstance(listed, c.DeviceList)
    assert {"auto", "null", "tone"} <= {device.spec for device in listed.devices}
    await until(lambda: desk.state.audio.input == "tone")
    assert odd.code == "AUDIO_FAILED"


async def test_the_echo_test_and_processing_that_cannot_be_had_are_told(office: Office) -> None:
    desk = await office.sit()
    started: list[str] = []
    office.engine.sound.test_echo = lambda: started.append("echo")  # type: ignore[method-assign]  # watched
    echo = "Echo test: after 42 ms, 10 dB below what is played."
    missing = "They need a package more."

    await desk.do(c.TestEcho())
    office.engine.sound_desk.reported(AudioReport(ReportKind.ECHO_MEASURED, echo))
    office.engine.sound_desk.reported(AudioReport(ReportKind.PROCESSING_FAILED, missing))

    await until(lambda: desk.state.audio.hint == missing)
    assert started == ["echo"]
    assert desk.state.audio.echo_test == echo
    assert desk.state.audio.problem == ""
    assert echo in desk.log()
    assert missing in desk.log()

    await desk.do(c.SelectDevices(input="tone"))
    await until(lambda: desk.state.audio.hint == "")
    assert desk.state.audio.echo_test == echo


async def test_processing_is_switched_by_a_command(office: Office) -> None:
    pytest.importorskip("livekit.rtc", reason="needs the extra: pip install 'softphone[aec]'")
    desk = await office.sit()

    await desk.do(c.SelectDevices(echo_cancellation=True))
    await desk.do(c.SelectDevices(noise_suppression=True))

    await until(lambda: desk.state.audio.noise_suppression)
    assert desk.state.audio.echo_cancellation
    assert not desk.state.audio.automatic_gain


async def test_the_meter_moves_while_the_devices_screen_wants_it(office: Office) -> None:
    desk = await office.sit()
    await desk.do(c.SelectDevices(input="tone"))

    await desk.do(c.Meter(True, loopback=True))
    await until(lambda: desk.state.levels.microphone_db > -40)
    await desk.do(c.Meter(False))

    await until(lambda: desk.state.levels.microphone_db < -60)


async def test_the_ring_can_be_tried_and_ends_by_itself(office: Office) -> None:
    desk = await office.sit()
    tried: list[bool] = []
    office.engine.sound.test_ring = tried.append  # type: ignore[assignment]  # watched
    office.engine.later = lambda delay, work: work()  # type: ignore[assignment]  # at once

    await desk.do(c.TestRing())

    assert tried == [True, False]


async def test_trouble_with_the_sound_card_is_shown_until_it_is_mended(office: Office) -> None:
    desk = await office.sit()
    engine = office.engine

    engine.sound_desk.reported(AudioReport(ReportKind.NO_DEVICE, "There is no sound card."))
    engine.sound_desk.reported(AudioReport(ReportKind.NO_DEVICE, "There is no sound card."))
    await until(lambda: desk.state.audio.problem == "There is no sound card.")
    engine.sound_desk.reported(AudioReport(ReportKind.DEVICE_BACK, "The headset is back."))

    await until(lambda: desk.state.audio.problem == "")
    assert desk.log().count("There is no sound card.") == 1


async def test_digits_of_the_far_end_are_noted(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")

    office.engine.sound_desk.reported(AudioReport(ReportKind.DIGIT_RECEIVED, "5", call.id, "5"))

    await until(lambda: "heard digit 5" in desk.log())
    found = await desk.do(c.ShowRecord(call.id))
    assert isinstance(found, c.RecordFound)
    assert found.record is not None
    assert "digit heard" in [entry.what for entry in found.record.timeline]


async def test_a_store_that_cannot_be_opened_is_told_and_calls_go_on(folder: Path) -> None:
    (folder / "softphone.db").mkdir()
    async with an_office(folder) as office:
        desk = await office.at_work()

        await desk.dial("echo")

        assert "History cannot be kept" in desk.state.store_problem
        assert (await desk.ask(c.ListHistory())).code == "STORE_FAILED"
        await until(lambda: desk.state.store_waiting > 0)
        (folder / "softphone.db").rmdir()
        await desk.do(c.SaveContact(Contact(ContactId(""), "the first acknowledged write")))
        await until(lambda: desk.state.store_problem == "")
        assert len((await history(desk)).records) == 1


async def test_a_store_folder_of_its_own_holds_database_and_recordings(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    async with an_office(folder, store=StoreConfig(folder=str(elsewhere))) as office:
        await office.sit()

        assert (elsewhere / "softphone.db").exists()
        assert office.engine.recordings == elsewhere / "recordings"
        assert not (folder / "softphone.db").exists()


def test_old_recordings_are_deleted_and_young_ones_kept(tmp_path: Path) -> None:
    import os

    for name, days in (("old.wav", 91), ("young.wav", 89), ("old.txt", 91)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9 - days * 86_400, 1e9 - days * 86_400))

    assert delete_old(tmp_path, 0, 1e9) == 0
    assert delete_old(tmp_path / "none", 90, 1e9) == 0
    assert delete_old(tmp_path, 90, 1e9) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.txt", "young.wav"]


async def test_an_engine_that_cannot_start_raises_why(folder: Path) -> None:
    import pytest

    from softphone.engine.engine import Engine

    async def fail(self: Engine) -> None:
        raise OSError("no")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no"):
        patch.setattr(Engine, "_open_store", fail)
        async with asyncio.timeout(5.0), an_office(folder):
            pass


async def test_records_from_a_file_are_made_harmless(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")
    await desk.do(c.HangUp(call.id))
    over = await desk.over(call.id)
    foreign = replace(
        over,
        id=CallId("foreign"),
        remote=replace(over.remote, name="\x1b[31mBoss\u202e"),
        parameters=(("X-\x07", "\x1b]0;title\x07"),),
    )

    done = await desk.do(c.ImportRecords((CallRecord(foreign, note="a\x1b[2Jb\nc"),)))
    found = await desk.do(c.ShowRecord(CallId("foreign")))

    assert done == c.Done(1)
    assert isinstance(found, c.RecordFound)
    assert found.record is not None
    text = repr(found.record)
    assert "Boss" in text
    assert not [char for char in ("\\x1b", "\\x07", "\\u202e") if char in text]
    assert found.record.note.endswith("b\nc")
