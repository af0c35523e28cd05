"""Calls through the whole engine: a console on its socket, a lab at the other end."""

from __future__ import annotations

from pathlib import Path

from softphone.audio.wav import WavReader, WavWriter
from softphone.model import command as c
from softphone.model.call import CallState, EndReason, HoldKind
from tests.engine.office import AUDIN, HUMMING, Office, an_office, until


async def test_an_offer_is_answered_and_hung_up(office: Office) -> None:
    desk = await office.at_work()
    sid = await office.ring(name="Anna", caller="+393331234567")
    offer = await desk.offered()

    call = await desk.answer(offer)
    await desk.do(c.HangUp(call.id))

    over = await desk.over(call.id)
    assert (offer.remote.name, offer.remote.address) == ("Anna", "+393331234567")
    assert (over.end_reason, over.answered, over.missed) == (EndReason.HANGUP, True, False)
    await until(lambda: office.call(sid)["phase"] == "over")


async def test_an_ended_call_leaves_the_list_after_three_seconds(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")

    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    assert call.id in desk.state.calls
    office.skip(3.0)
    office.engine.call_facts.forget_ended()

    await until(lambda: call.id not in desk.state.calls)


async def test_a_declined_offer_is_refused_at_the_platform(office: Office) -> None:
    desk = await office.at_work()
    sid = await office.ring()

    await desk.do(c.Decline((await desk.offered()).id))

    assert await until(lambda: office.call(sid)["reason"]) == "declined"


async def test_an_ignored_offer_still_rings_for_others(office: Office) -> None:
    desk = await office.at_work()
    sid = await office.ring()
    offer = await desk.offered()

    await desk.do(c.Ignore(offer.id))

    assert (await desk.over(offer.id)).end_reason is EndReason.IGNORED
    assert office.call(sid)["phase"] == "ringing"


async def test_a_local_hold_lets_the_far_end_hear_silence_and_comes_back(folder: Path) -> None:
    async with an_office(folder, audio=HUMMING) as office:
        desk = await office.at_work()
        call = await desk.dial("tone")
        await until(lambda: office.level() > -40)

        await desk.do(c.Hold(call.id))
        held = await desk.until_state(call.id, CallState.HELD)
        await until(lambda: office.level() < -80)
        before = office.frames()
        await until(lambda: office.frames() > before + 10)
        await desk.do(c.Resume(call.id))

        await until(lambda: office.level() > -40)
        assert held.hold_kind is HoldKind.LOCAL
        assert desk.state.calls[call.id].state is CallState.ACTIVE


async def test_a_muted_microphone_sends_exact_silence(folder: Path) -> None:
    async with an_office(folder, audio=HUMMING) as office:
        desk = await office.at_work()
        call = await desk.dial("echo")
        await until(lambda: office.level() > -40)

        await desk.do(c.Mute(call.id, True))

        await until(lambda: office.level() <= -90)
        before = office.frames()
        await until(lambda: office.frames() > before + 10)
        assert desk.state.calls[call.id].muted


async def test_mute_without_a_word_changes_over(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")

    seen = []
    for _ in range(2):
        await desk.do(c.Mute(call.id))
        seen.append(office.engine.book.calls[call.id].muted)

    assert seen == [True, False]


async def test_digits_reach_the_far_end_and_are_shown(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("menu")
    await until(lambda: office.call()["answered"])

    await desk.do(c.SendTones(call.id, "5"))

    await until(lambda: office.call()["digits"] == "5")
    await until(lambda: desk.state.calls[call.id].tones == "5")


async def test_a_recording_is_a_stereo_file_that_the_record_knows(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")

    await desk.do(c.Record(call.id))
    (path,) = await until(lambda: list(office.engine.recordings.glob("*.wav")))
    await until(lambda: path.stat().st_size > 20_000)
    await desk.do(c.Record(call.id, False))

    found = await desk.do(c.ShowRecord(call.id))
    assert isinstance(found, c.RecordFound)
    assert found.record is not None
    assert found.record.recordings == (str(path),)
    assert path.read_bytes()[22:24] == b"\x02\x00"
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_recording_twice_is_recording_once(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")

    await desk.do(c.Record(call.id, True))
    await desk.do(c.Record(call.id, True))

    assert len(list(office.engine.recordings.glob("*.wav"))) == 1


async def test_a_recordings_folder_that_is_none_is_told_in_a_sentence(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")
    office.engine.recordings.write_text("in the way")

    reply = await desk.ask(c.Record(call.id, True))

    assert not reply.ok
    assert str(office.engine.recordings) in reply.text
    assert not office.engine.book.calls[call.id].recording


async def test_a_file_is_played_to_the_far_end_until_stopped(office: Office, folder: Path) -> None:
    file = loud_file(folder)
    desk = await office.at_work()
    call = await desk.dial("tone")

    await desk.do(c.PlayFile(call.id, str(file)))
    await until(lambda: office.level() > -30)
    told = desk.state.calls[call.id].operation
    await desk.do(c.PlayFile(call.id, ""))

    await until(lambda: office.level() <= -90)
    await until(lambda: desk.state.calls[call.id].operation == "")
    assert told == f"playing {file.name}"


async def test_a_file_that_is_not_there_is_refused(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("tone")

    reply = await desk.ask(c.PlayFile(call.id, "/nowhere/x.wav"))

    assert (reply.ok, reply.code) == (False, "AUDIO_FAILED")


async def test_a_call_with_files_starts_its_file_when_somebody_hears_it(
    office: Office, folder: Path
) -> None:
    command = await office.command()
    await until(lambda: command.state.accounts[AUDIN].numbers)
    heard = folder / "heard.wav"

    call = await command.dial("tone", play=str(loud_file(folder)), record=str(heard))
    await until(lambda: office.level() > -30)
    await until(lambda: heard.stat().st_size > 20_000)
    await command.do(c.HangUp(call.id))
    await command.over(call.id)

    with WavReader(heard) as reader:
        assert abs(reader.read(8_000)).max() > 1_000


def loud_file(folder: Path) -> Path:
    """Write ten seconds of a loud tone."""
    import numpy as np

    path = folder / "loud.wav"
    writer = WavWriter(path, 8_000)
    writer.write((12_000 * np.sin(np.arange(80_000) * 0.7)).astype(np.int16))
    writer.close()
    return path
