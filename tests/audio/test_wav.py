"""WAV files in and out: formats, damage, crashes, full disks."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from softphone.audio import g711
from softphone.audio.player import FilePlayer
from softphone.audio.recorder import Recorder
from softphone.audio.wav import WavReader, WavWriter
from softphone.model.error import AudioError
from tests.audio.support import Samples, sine, tone_level, wait_for

FULL = Path("/dev/full")


def make_wav(
    path: Path, data: bytes, tag: int = 1, bits: int = 16, channels: int = 1, rate_hz: int = 8000
) -> Path:
    step = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * step, step, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"LIST\x03\0\0\0abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def read_all(path: Path) -> Samples:
    with WavReader(path) as reader:
        return reader.read(1_000_000)


SOUND = sine(440, 400, 8000)


@pytest.mark.parametrize(
    ("data", "tag", "bits", "step"),
    [
        (((SOUND >> 8) + 128).astype(np.uint8).tobytes(), 1, 8, 256),
        (SOUND.tobytes(), 1, 16, 1),
        (b"".join(b"\x55" + int(s).to_bytes(2, "little", signed=True) for s in SOUND), 1, 24, 1),
        ((SOUND.astype("<i4") << 16).tobytes(), 1, 32, 1),
        (g711.encode_mulaw(SOUND.tobytes()), 7, 8, 600),
        (g711.encode_alaw(SOUND.tobytes()), 6, 8, 600),
    ],
)
def test_every_format_is_read(data: bytes, tag: int, bits: int, step: int, tmp_path: Path) -> None:
    read = read_all(make_wav(tmp_path / "a.wav", data, tag, bits))

    assert len(read) == len(SOUND)
    assert np.abs(read.astype(int) - SOUND).max() < step


def test_an_extensible_header_is_read(tmp_path: Path) -> None:
    path = make_wav(tmp_path / "a.wav", SOUND.tobytes())
    raw = path.read_bytes().replace(b"fmt \x10\0\0\0\x01\0", b"fmt \x28\0\0\0\xfe\xff")
    extra = struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)
    path.write_bytes(raw[:36] + extra + raw[36:])

    assert np.array_equal(read_all(path), SOUND)


def test_stereo_is_averaged(tmp_path: Path) -> None:
    both = np.stack([SOUND, np.zeros_like(SOUND)], axis=1)

    read = read_all(make_wav(tmp_path / "a.wav", both.tobytes(), channels=2))

    assert np.array_equal(read, SOUND // 2)


def test_reading_goes_on_ends_and_starts_again(tmp_path: Path) -> None:
    with WavReader(make_wav(tmp_path / "a.wav", SOUND.tobytes())) as reader:
        assert reader.duration_s == 0.05
        first = reader.read(300)
        assert len(reader.read(300)) == 100
        assert len(reader.read(300)) == 0
        reader.rewind()
        assert np.array_equal(reader.read(300), first)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a WAV file"),
        (b"RIFF\0\0\0\0AVI ", "not a WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no sound data"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\1\0\1\0", "header is cut off"),
        (b"RIFF\0\0\0\0WAVEdata\x04\0\0\0\1\0\1\0", "no sound data"),
    ],
)
def test_what_is_no_wav_file_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)

    with pytest.raises(AudioError, match=reason) as caught:
        WavReader(path)
    assert "bad.wav" in caught.value.message


@pytest.mark.parametrize(
    ("tag", "bits", "channels", "rate_hz", "reason"),
    [
        (3, 32, 1, 8000, "not PCM"),
        (1, 12, 1, 8000, "not PCM"),
        (1, 16, 0, 8000, "0 channels"),
        (1, 16, 1, 0, "0 Hz"),
        (1, 16, 1, 10_000_000, "10000000 Hz"),
    ],
)
def test_formats_that_cannot_be_played_are_named(
    tag: int, bits: int, channels: int, rate_hz: int, reason: str, tmp_path: Path
) -> None:
    path = make_wav(tmp_path / "a.wav", bytes(64), tag, bits, channels, rate_hz)

    with pytest.raises(AudioError, match=reason):
        WavReader(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.wav: No such file"):
        WavReader(tmp_path / "gone.wav")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_never_breaks(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = make_wav(tmp_path / "a.wav", SOUND.tobytes()[:200])
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, 63))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])

    try:
        assert len(read_all(path)) <= 300
    except AudioError as error:
        assert "a.wav" in error.message


def test_what_is_written_is_read_by_the_standard_library(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", 8000, 2)
    writer.write(np.repeat(SOUND, 2))
    writer.close()
    writer.close()

    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (2, 2, 8000, 400)
        assert file.readframes(400) == np.repeat(SOUND, 2).tobytes()


def test_after_a_crash_all_but_the_last_second_is_there(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", 8000)
    for _ in range(100):
        writer.write(SOUND)

    crashed = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(crashed)
    writer.close()

    assert len(read_all(tmp_path / "b.wav")) >= 100 * 400 - 8000


def test_a_header_a_streaming_writer_left_open_is_read_to_the_end(tmp_path: Path) -> None:
    path = make_wav(tmp_path / "a.wav", SOUND.tobytes())
    raw = path.read_bytes()
    at = raw.index(b"data") + 4
    path.write_bytes(raw[:at] + b"\xff\xff\xff\xff" + raw[at + 4 :])

    assert np.array_equal(read_all(path), SOUND)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"Cannot write .*no/a\.wav: No such file"):
        WavWriter(tmp_path / "no" / "a.wav", 8000)
    with pytest.raises(ValueError, match="channels"):
        WavWriter(tmp_path / "a.wav", 8000, 3)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which only Linux has")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(AudioError, match="No space left"):
        WavWriter(FULL, 8000)


def test_a_file_of_four_gigabytes_ends_with_a_sentence(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav", 8000)
    writer._data_bytes = 0xFFFFFF00

    with pytest.raises(AudioError, match="4 GB"):
        writer.write(np.zeros(1000, np.int16))
    writer._data_bytes = 0
    writer.close()


def record(recorder: Recorder, blocks: int, near: int = 0, far_hz: int = 1000) -> None:
    sound = sine(far_hz, 480)
    for _ in range(blocks):
        recorder.near(np.full(480, near, np.int16))
        recorder.far(sound)
    recorder.stop()
    recorder.join(5)


def test_the_far_end_is_recorded_as_mono(tmp_path: Path) -> None:
    record(Recorder(tmp_path / "a.wav", both=False, failed=pytest.fail), 100, near=9000)

    with WavReader(tmp_path / "a.wav") as reader:
        assert (reader.channels, reader.rate_hz, reader.duration_s) == (1, 8000, 1.0)
        assert tone_level(reader.read(8000)[80:], 1000, 8000) == pytest.approx(8000, rel=0.02)


def test_both_ends_are_recorded_left_and_right(tmp_path: Path) -> None:
    record(Recorder(tmp_path / "a.wav", both=True, failed=pytest.fail), 100, near=3000)

    with wave.open(str(tmp_path / "a.wav")) as file:
        sides = np.frombuffer(file.readframes(8000), np.int16).reshape(-1, 2)
    assert (np.abs(sides[200:, 0] - 3000) <= 2).all()
    assert tone_level(sides[80:, 1], 1000, 8000) == pytest.approx(8000, rel=0.02)


def test_a_side_that_sends_nothing_is_filled_with_silence(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.wav", both=True, failed=pytest.fail)
    for _ in range(100):
        recorder.far(sine(1000, 480))
    wait_for(lambda: (tmp_path / "a.wav").stat().st_size > 44 or recorder.lost_samples)
    recorder.stop()
    recorder.join(5)

    with WavReader(tmp_path / "a.wav") as reader:
        assert (reader.channels, reader.duration_s) == (2, 1.0)


def test_a_slow_disk_loses_sound_and_counts_it_but_never_waits(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.wav", both=False, failed=pytest.fail)

    record(recorder, 2000)

    assert recorder.lost_samples > 0


def test_a_disk_that_fills_up_ends_the_recording_with_a_reason(tmp_path: Path) -> None:
    told: list[str] = []
    recorder = Recorder(tmp_path / "a.wav", both=False, failed=told.append)
    recorder._writer._file.close()
    recorder._writer._file = FULL.open("wb", buffering=0) if FULL.exists() else _Full()  # type: ignore[assignment]

    recorder.far(sine(1000, 480))
    wait_for(lambda: told)
    recorder.far(sine(1000, 480))
    recorder.join(5)

    assert "No space left" in told[0]


class _Full:
    """A file on a full disk, for systems without /dev/full."""

    closed = False

    def write(self, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    seek = write

    def close(self) -> None:
        self.closed = True


def played(player: FilePlayer, blocks: int) -> Samples:
    assert player.wait_ready(5)
    parts = []
    for _ in range(blocks):
        out = np.ones(480, np.int16)
        wait_for(lambda: len(player._ring) >= 480 or player._all_read)
        player.read(out)
        parts.append(out)
    return np.concatenate(parts)


def test_a_file_is_played_at_its_own_pitch_then_ends(tmp_path: Path) -> None:
    path = make_wav(tmp_path / "a.wav", sine(1000, 44_100, 44_100).tobytes(), rate_hz=44_100)
    player = FilePlayer(path)

    sound = played(player, 105)

    assert tone_level(sound[480:47_000], 1000, 48_000) == pytest.approx(8000, rel=0.01)
    assert not sound[48_000:].any()
    assert player.ended
    assert player.problem is None


def test_a_repeated_file_goes_on(tmp_path: Path) -> None:
    player = FilePlayer(make_wav(tmp_path / "a.wav", SOUND.tobytes()), repeat=True)

    sound = played(player, 300)

    assert np.abs(sound[-2400:]).max() > 7000
    assert not player.ended
    player.close()
    player.close()


def test_an_empty_file_ends_at_once_even_repeated(tmp_path: Path) -> None:
    player = FilePlayer(make_wav(tmp_path / "a.wav", b""), repeat=True)

    wait_for(lambda: player.ended)


def test_a_file_that_breaks_while_it_is_played_ends_with_a_reason(tmp_path: Path) -> None:
    player = FilePlayer(make_wav(tmp_path / "a.wav", SOUND.tobytes() * 2000))
    player._reader.read = _broken_read  # type: ignore[assignment]

    while not player.ended:
        player.read(np.zeros(480, np.int16))

    assert player.problem == "Cannot read a.wav: Input/output error."


def _broken_read(_samples: int) -> Samples:
    raise AudioError("Cannot read a.wav: Input/output error.")


def test_a_player_nobody_fed_yet_is_not_ready(tmp_path: Path) -> None:
    player = FilePlayer(make_wav(tmp_path / "a.wav", SOUND.tobytes() * 100))
    wait_for(lambda: len(player._ring) > 4800)
    player._ring.skip(48_000)
    player._all_read = False

    assert player.wait_ready(0.0) in (True, False)
    player.close()
