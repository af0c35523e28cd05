"""Frames of exact size out of chunks of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.audio.framing import ByteFramer, SampleJoiner


@given(st.lists(st.binary(max_size=700)), st.integers(1, 320))
def test_any_chunks_come_out_whole_and_in_order(chunks: list[bytes], size: int) -> None:
    framer = ByteFramer(size)

    frames = [frame for chunk in chunks for frame in framer.push(chunk)]

    assert all(len(frame) == size for frame in frames)
    assert framer.waiting < size
    rest = b"".join(chunks)[len(frames) * size :]
    assert b"".join(frames) + rest == b"".join(chunks)
    assert framer.waiting == len(rest)


def test_the_rest_is_flushed_filled_up() -> None:
    framer = ByteFramer(4)
    list(framer.push(b"abcdef"))

    assert framer.flush(0xFF) == b"ef\xff\xff"
    assert framer.flush(0xFF) is None


def test_blocks_are_joined_into_one_frame() -> None:
    joiner = SampleJoiner(4)

    assert not joiner.push(np.array([1, 2], np.int16))
    assert joiner.push(np.array([3, 4], np.int16))
    assert joiner.frame.tolist() == [1, 2, 3, 4]
    assert not joiner.push(np.array([5], np.int16))


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ByteFramer(0)
    with pytest.raises(ValueError, match="at least 1"):
        SampleJoiner(0)
    with pytest.raises(ValueError, match="does not divide"):
        SampleJoiner(4).push(np.zeros(5, np.int16))
