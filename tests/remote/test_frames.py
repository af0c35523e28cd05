"""Frames between host and desk: golden bytes, any cuts, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.error import ProtocolError
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

SOUND = Sound(Codec.OPUS, 7, 5, b"abc")


def test_the_bytes_are_as_written_down() -> None:
    assert pack_sound(SOUND).hex() == "020008" + "01" + "0007" + "0005" + "616263"
    assert pack_heard(Heard(9)).hex() == "040002" + "0009"
    hello = pack_hello(Hello("desk", "1.0"))
    told = b'{"protocol": 2, "version": "1.0", "role": "desk", "codecs": ["mulaw"]}'
    assert hello == b"\x01" + len(told).to_bytes(2, "big") + told


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_frames_come_out_whole_however_the_stream_is_cut(cuts: list[int]) -> None:
    sent: list[Frame] = [Hello("host", "1"), SOUND, {"use": True}, Heard(3), SOUND]
    data = b"".join(
        (
            pack_hello(Hello("host", "1")),
            pack_sound(SOUND),
            pack_control({"use": True}),
            pack_heard(Heard(3)),
            pack_sound(SOUND),
        )
    )
    unpacker = Unpacker()
    got: list[Frame] = []
    for cut in (*cuts, len(data)):
        part, data = data[:cut], data[cut:]
        got += unpacker.push(part)
    got += unpacker.push(data)

    assert got == sent


@pytest.mark.parametrize(
    "data",
    [
        b"\x02\xff\xff",
        b"\x02\x00\x03abc",
        b"\x04\x00\x03abc",
        b"\x03\x00\x02[]",
        b"\x03\x00\x01{",
        b"\x01\x00\x02{}",
        b"\x03\x10\x00" + b"[" * 4096,
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(Unpacker().push(data))


def test_newer_kinds_and_codecs_are_passed_over() -> None:
    newer = b"\x77\x00\x01x" + b"\x02\x00\x0a\x09" + b"\x00" * 9

    assert list(Unpacker().push(newer + pack_heard(Heard(1)))) == [Heard(1)]


@given(st.binary(max_size=400))
def test_any_bytes_give_frames_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        list(Unpacker().push(data))
