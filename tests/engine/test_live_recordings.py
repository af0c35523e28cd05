"""Recordings by key and by rule, pauses, the replay, and what is left on disk: real files, real
sound. The operator hums at 640 Hz, the far end at 1004 Hz."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from softphone.config import AudioConfig, RecordingConfig, StoreConfig
from softphone.engine.recordings import REMEMBERED_S
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model.call import Call, CallId
from softphone.model.recording import Recording
from tests.engine.office import AUDIN, HUMMING, Office, Seat, an_office, until

TONE = FAR_ENDS["tone"]
ALWAYS = RecordingConfig(rule="always")


def files(office: Office) -> list[Path]:
    return sorted(office.engine.recordings.glob("*.wav"))


def stereo(path: Path) -> npt.NDArray[np.int16]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def longest_silence_s(side: npt.NDArray[np.int16]) -> float:
    """Return the longest run of exact silence, in steps of 20 ms."""
    steps = [not side[place : place + 160].any() for place in range(0, len(side) - 160, 160)]
    runs = "".join("x" if quiet else " " for quiet in steps).split()
    return max(map(len, runs), default=0) * 0.02


async def talk_for(office: Office, call: Call, seconds: float) -> None:
    """Let the call go on until so much more of it is remembered."""
    before = len_of(office, call.id)
    await until(lambda: len_of(office, call.id) >= before + seconds * 8_000)


def len_of(office: Office, call: CallId) -> int:
    both = office.engine.sound.remembered(call)
    return 0 if both is None else len(both)


async def listed(desk: Seat) -> tuple[Recording, ...]:
    found = await desk.do(c.ListRecordings())
    assert isinstance(found, c.RecordingsFound)
    return found.recordings


async def over(desk: Seat, call: Call) -> None:
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)


async def test_nothing_is_written_unless_somebody_asks(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial(TONE)
    await talk_for(office, call, 0.3)

    await over(desk, call)

    assert files(office) == []


async def test_by_rule_a_call_is_recorded_from_the_answer_on(folder: Path) -> None:
    async with an_office(folder, audio=HUMMING, recording=ALWAYS) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await until(lambda: desk.state.calls[call.id].recording)
        await talk_for(office, call, 0.4)
        refused = await desk.ask(c.Record(call.id, False))
        await over(desk, call)

        (file,) = files(office)
        await until(lambda: len(stereo(file)) > 2_000)
        (found,) = await listed(desk)

        assert "always recorded" in refused.text
        assert all(np.abs(stereo(file)[:, side]).max() > 1_000 for side in (0, 1))
        assert (found.call, found.account, found.name) == (call.id, AUDIN, file.name)
        assert found.seconds > 0.2


async def test_where_the_rule_is_never_neither_key_nor_replay_writes(folder: Path) -> None:
    never = RecordingConfig(accounts={"audin": "never"})
    async with an_office(folder, recording=never) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await talk_for(office, call, 0.1)

        by_key = await desk.ask(c.Record(call.id))
        later = await desk.ask(c.SaveReplay(call.id))

        assert "never recorded" in by_key.text
        assert "never recorded" in later.text
        assert files(office) == []


async def test_a_pause_is_silence_in_the_recording_and_in_the_replay(folder: Path) -> None:
    async with an_office(folder, audio=HUMMING) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await desk.do(c.Record(call.id))
        await talk_for(office, call, 0.3)
        await desk.do(c.PauseRecording(call.id))
        paused = desk.state.calls[call.id].recording_paused
        await talk_for(office, call, 0.5)
        await desk.do(c.PauseRecording(call.id, False))
        await talk_for(office, call, 0.3)
        both = office.engine.sound.remembered(call.id)
        await over(desk, call)

        (file,) = files(office)
        await until(lambda: len(stereo(file)) > 8_000)

        assert paused and both is not None
        for sound in (stereo(file), both):
            assert all(longest_silence_s(sound[:, side]) > 0.35 for side in (0, 1))
            assert all(np.abs(sound[-2_000:-500, side]).max() > 1_000 for side in (0, 1))


@pytest.mark.nightly
async def test_the_last_half_minute_can_be_saved_after_the_call(folder: Path) -> None:
    async with an_office(folder, audio=HUMMING) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await talk_for(office, call, 0.5)
        await over(desk, call)

        await desk.do(c.SaveReplay())

        (file,) = files(office)
        assert all(np.abs(stereo(file)[:, side]).max() > 1_000 for side in (0, 1))
        record = await desk.do(c.ShowRecord(call.id))
        assert isinstance(record, c.RecordFound) and record.record is not None
        assert record.record.recordings == (str(file),)


async def test_what_is_remembered_goes_with_the_next_call_or_after_a_minute(
    office: Office,
) -> None:
    waits: list[float] = []
    later = office.engine.later

    def at_once(delay_s: float, work: Callable[[], None]) -> None:
        waits.append(delay_s)
        later(0.0 if delay_s == REMEMBERED_S else delay_s, work)

    office.engine.later = at_once  # type: ignore[method-assign]  # a minute is long
    desk = await office.at_work()
    first = await desk.dial(TONE)
    await talk_for(office, first, 0.1)
    await over(desk, first)

    await until(lambda: office.engine.sound.remembered(first.id) is None)
    reply = await desk.ask(c.SaveReplay(first.id))

    assert REMEMBERED_S in waits
    assert "Nothing is remembered" in reply.text


@pytest.mark.nightly
async def test_the_next_call_clears_what_is_remembered_of_the_last(office: Office) -> None:
    desk = await office.at_work()
    first = await desk.dial(TONE)
    await talk_for(office, first, 0.1)
    await over(desk, first)
    assert office.engine.sound.remembered(first.id) is not None

    await desk.dial(TONE)

    assert office.engine.sound.remembered(first.id) is None


async def test_a_replay_is_heard_here_and_never_by_the_far_end(folder: Path) -> None:
    ear = folder / "ear.wav"
    audio = AudioConfig(input="null", output=f"file:out={ear}", ringer="null")
    async with an_office(folder, audio=audio) as office:
        desk = await office.at_work()
        call = await desk.dial(FAR_ENDS["speech"])
        await talk_for(office, call, 1.5)
        await desk.do(c.Replay(call.id))
        await talk_for(office, call, 0.3)
        assert office.level() == -96.0
        await desk.do(c.Replay(call.id))
        await desk.do(c.Hold(call.id))
        await until(lambda: not ear_level(ear))

        await desk.do(c.Replay(call.id))
        told = desk.state.calls[call.id].operation
        await until(lambda: ear_level(ear) > 500)
        await desk.do(c.Replay(call.id))
        await until(lambda: not ear_level(ear))

        assert told.startswith("replaying")
        assert desk.state.calls[call.id].operation == ""
        assert office.level() == -96.0


def ear_level(ear: Path) -> int:
    data = ear.read_bytes()[44:]
    heard = np.frombuffer(data[: len(data) // 2 * 2], "<i2")[-9_600:]
    return int(np.abs(heard.astype(np.int32)).max(initial=0))


async def test_a_recording_is_deleted_really_with_its_row(folder: Path) -> None:
    async with an_office(folder, recording=ALWAYS) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await until(lambda: files(office))
        (name,) = [file.name for file in files(office)]
        busy = await desk.ask(c.DeleteRecordings((name,)))
        strange = await desk.ask(c.DeleteRecordings(("../softphone.db",)))
        await over(desk, call)

        await desk.do(c.DeleteRecordings((name,)))

        assert "is being recorded" in busy.text
        assert "no recording" in strange.text
        assert files(office) == []
        assert await office.engine.store.recordings() == {}


async def test_with_a_call_record_its_recordings_go_too(folder: Path) -> None:
    async with an_office(folder, recording=ALWAYS) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await until(lambda: files(office))
        await over(desk, call)

        await desk.do(c.DeleteRecord(call.id))

        assert files(office) == []


@pytest.mark.parametrize(("age_days", "left"), [(2, 0), (0.5, 1)])
async def test_old_recordings_go_with_their_rows_when_the_engine_starts(
    folder: Path, age_days: float, left: int
) -> None:
    store = StoreConfig(keep_recordings_days=1)
    async with an_office(folder, recording=ALWAYS) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await until(lambda: files(office))
        await over(desk, call)
        (file,) = files(office)
    then = office.engine.wall() - age_days * 86_400
    os.utime(file, (then, then))

    async with an_office(folder, store=store) as office:
        await until(lambda: len(files(office)) == left)

        async def rows() -> int:
            return len(await office.engine.store.recordings())

        for _ in range(200):
            if await rows() == left:
                break
        assert await rows() == left


async def test_the_beep_reaches_the_far_end(folder: Path) -> None:
    beeping = RecordingConfig(rule="ask", beep=True)
    async with an_office(folder, recording=beeping) as office:
        desk = await office.at_work()
        call = await desk.dial(TONE)
        await talk_for(office, call, 0.1)
        assert office.level() == -96.0

        await desk.do(c.Record(call.id))

        await until(lambda: office.level() > -60.0)
