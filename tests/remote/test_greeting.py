"""What each side says first, and what follows from it: codecs, versions, strangers, rubbish."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softphone.audio.report import AudioSettings
from softphone.model.error import ConnectError, ProtocolError
from softphone.remote.coding import Decoder, Encoder
from softphone.remote.desk import Desk
from softphone.remote.frames import (
    Codec,
    Frame,
    Heard,
    Hello,
    Sound,
    Unpacker,
    pack_control,
    pack_heard,
    pack_hello,
    pack_sound,
)
from softphone.remote.host import RemoteCard
from softphone.remote.stream import Stream
from tests.audio.support import tone_level

from .test_desk import LIMIT_S, until

LARGEST = 8_192 + 3


class Visitor:
    """A host written out by hand: greets, wants the sound, collects what comes."""

    def __init__(self, place: Path, *, opus: bool) -> None:
        self.place, self.opus = place, opus
        self.sounds: list[Sound] = []

    async def __aenter__(self) -> Visitor:
        reader, self.writer = await asyncio.open_unix_connection(str(self.place))
        self.stream = Stream(reader, self.writer)
        await self.stream.greet("host", opus=self.opus)
        self.stream.tell({"use": True})
        self.reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)
        self.stream.cut()

    async def _read(self) -> None:
        async for frame in self.stream.frames():
            if isinstance(frame, Sound):
                self.sounds.append(frame)


@contextlib.asynccontextmanager
async def desk_at(place: Path, *, opus: bool, said: list[str]) -> AsyncIterator[Desk]:
    desk = Desk(AudioSettings("tone", "null"), said.append, opus=opus)
    await desk.serve(place)
    try:
        yield desk
    finally:
        await desk.close()


@pytest.mark.parametrize(
    ("desk", "host", "codec"),
    [
        (True, True, Codec.OPUS),
        (True, False, Codec.MULAW),
        (False, True, Codec.MULAW),
        (False, False, Codec.MULAW),
    ],
)
async def test_opus_is_spoken_when_both_know_it_and_mulaw_else(
    tmp_path: Path, desk: bool, host: bool, codec: Codec
) -> None:
    place = tmp_path / "desk.sock"
    async with (
        desk_at(place, opus=desk, said=[]),
        Visitor(place, opus=host) as visitor,
    ):
        await until(lambda: len(visitor.sounds) >= 60)
    decoder = Decoder(opus=True)
    decoded = [decoder.decode(sound.codec, sound.payload) for sound in visitor.sounds]
    heard = np.concatenate([block.copy() for block in decoded if block is not None])

    assert {sound.codec for sound in visitor.sounds} == {codec}
    assert tone_level(heard[-19_200:], 1004, 48_000) > 500


async def test_a_newer_host_has_the_sound_from_its_beginning(tmp_path: Path) -> None:
    place, said = tmp_path / "desk.sock", list[str]()
    async with desk_at(place, opus=True, said=said), Visitor(place, opus=True) as first:
        await until(lambda: len(first.sounds) >= 60)  # more than may be under way unheard
        async with Visitor(place, opus=False) as second:
            await until(lambda: len(second.sounds) >= 20)
            await until(first.reading.done)

    assert {sound.codec for sound in second.sounds} == {Codec.MULAW}
    assert second.sounds[0].number == 1


@pytest.mark.parametrize("codec", list(Codec))
def test_ten_milliseconds_are_ten_milliseconds_again(codec: Codec) -> None:
    encoder, decoder = Encoder(codec), Decoder(opus=True)
    tone = np.rint(8_000 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype(np.int16)
    out = []
    for start in range(0, 48_000, 480):
        block = decoder.decode(codec, encoder.encode(tone[start : start + 480]))
        assert block is not None
        out.append(block.copy())

    assert tone_level(np.concatenate(out)[9_600:], 440, 48_000) > 6_000


@given(st.sampled_from(Codec), st.binary(max_size=200))
def test_no_payload_does_harm(codec: Codec, payload: bytes) -> None:
    for opus in (True, False):
        block = Decoder(opus=opus).decode(codec, payload)
        assert block is None or len(block) == 480


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (pack_hello(Hello("desk", "9.9", protocol=1)), "install the same version on both"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
async def test_a_host_says_in_one_sentence_what_is_wrong_with_a_desk(
    tmp_path: Path, says: bytes, answer: str
) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        with contextlib.suppress(OSError):
            await writer.drain()
            if not says:
                writer.close()
            await reader.read()
        writer.close()

    told: list[str] = []
    server = await asyncio.start_unix_server(other, tmp_path / "desk.sock")
    card = RemoteCard(str(tmp_path / "desk.sock"), lambda text, _: told.append(text))
    card.keep(True)
    try:
        await until(lambda: told)
    finally:
        await asyncio.to_thread(card.keep, False)
        server.close()

    assert answer in told[0]
    assert "\n" not in told[0]


def _frames() -> st.SearchStrategy[bytes]:
    """Frames that are right, more or less."""
    json_like = st.dictionaries(
        st.sampled_from(["use", "select", "list", "stats", "devices", "text", "x"]),
        st.one_of(
            st.booleans(),
            st.floats(),
            st.text(max_size=20),
            st.lists(st.integers(), max_size=4),
            st.dictionaries(
                st.sampled_from(["input", "output", "spec"]),
                st.sampled_from(["null", "auto\x00", "portaudio:\ud800", "file:/etc/passwd", ""]),
            ),
        ),
        max_size=4,
    )
    sounds = st.builds(
        Sound,
        st.sampled_from(Codec),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF),
        st.binary(min_size=1, max_size=120),
    )
    return st.one_of(
        json_like.map(pack_control),
        sounds.map(pack_sound),
        st.integers(0, 0xFFFF).map(lambda number: pack_heard(Heard(number))),
        st.just(pack_hello(Hello("host", "1"))),
        st.binary(max_size=60),
    )


_NO_UTF8 = b'{"protocol": 2, "version": "1", "role": "host", "token": "\\ud800"}'
HELLOS = st.one_of(
    st.just(pack_hello(Hello("host", "1", opus=True))),
    st.just(b"\x01" + len(_NO_UTF8).to_bytes(2, "big") + _NO_UTF8),
    st.binary(max_size=40),
)


@given(HELLOS, st.lists(_frames(), max_size=20), st.integers(1, 5_000))
def test_any_bytes_end_in_frames_or_in_an_error_of_ours(
    hello: bytes, frames: list[bytes], chunk: int
) -> None:
    data = hello + b"".join(frames)
    unpacker = Unpacker()
    got: list[Frame] = []
    with contextlib.suppress(ProtocolError):
        for start in range(0, len(data), chunk):
            got += unpacker.push(data[start : start + chunk])
            assert unpacker.waiting < LARGEST
    assert len(got) <= len(data) // 3


async def _visit(place: Path, data: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(place))
    with contextlib.suppress(OSError):
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(LIMIT_S):
            await reader.read()
    writer.close()


@settings(max_examples=40, deadline=None)
@given(HELLOS, st.lists(_frames(), max_size=12))
def test_a_desk_survives_whatever_a_visitor_sends(hello: bytes, frames: list[bytes]) -> None:
    async def one(place: Path) -> None:
        loop = asyncio.get_running_loop()
        failed: list[object] = []
        loop.set_exception_handler(lambda _, context: failed.append(context))
        said: list[str] = []
        async with desk_at(place, opus=True, said=said) as desk:
            await _visit(place, hello + b"".join(frames))
            async with Visitor(place, opus=True) as visitor:
                await until(lambda: visitor.sounds)
            await until(lambda: not desk.wanted)
        assert not failed

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(one(Path(folder) / "d.sock"))


async def test_a_stream_ends_with_an_error_of_ours_on_rubbish(tmp_path: Path) -> None:
    failures: list[Exception] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = Stream(reader, writer)
        try:
            await stream.greet("desk")
        except ConnectError as problem:
            failures.append(problem)
        stream.cut()

    server = await asyncio.start_unix_server(other, tmp_path / "s")
    for rubbish in (b"\xff" * 70_000, b"\x01\xff\xff", b"\x02\x00\x06\x00\x00\x00\x00\x00\x00"):
        await _visit(tmp_path / "s", rubbish)
    server.close()
    wanted: Callable[[], bool] = lambda: len(failures) == 3  # noqa: E731
    await until(wanted)
