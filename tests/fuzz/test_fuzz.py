"""Messages made wrong in every way, by the thousand: nothing is raised, nothing harmful comes out,
and memory stays where it was."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from tests.fuzz.drivers import DRIVERS, harmful
from tests.fuzz.mutator import Mutator

_SHORT = 2_500
_WHOLE = 100_000
_WARM = _WHOLE // 4  # until then the heap takes what the largest messages need
_GROWTH_LIMIT_BYTES = 10 * 1024 * 1024


@pytest.mark.parametrize("name", DRIVERS)
def test_no_message_raises_or_brings_anything_harmful(name: str, nightly: bool) -> None:
    driver = DRIVERS[name]()
    mutator = Mutator(driver.seeds, seed=8)
    before = let_through = 0

    for number in range(_WHOLE if nightly else _SHORT):
        if number == _WARM:
            gc.collect()
            before = _resident_bytes()
        message = mutator.next()
        for shown in driver.feed(message):
            let_through += 1
            assert harmful(shown, driver.longest) == [], (number, message[:500], shown)

    assert let_through > number // 20 or name == "engine"
    gc.collect()
    assert not before or _resident_bytes() - before < _GROWTH_LIMIT_BYTES


def test_the_search_for_harm_finds_it_however_deep() -> None:
    assert harmful({"a": [("x", "a\x1b[2Jb")]}, 100) == ["a\x1b[2Jb"]
    assert harmful("\u202egnp", 100) == ["\u202egnp"]
    assert harmful("line\nline", 100) == []
    assert harmful("line\nline", 5) == ["line\nline"]


def test_the_same_seed_makes_the_same_messages() -> None:
    seeds = ['{"type": "pong", "list": [1, {"a": "b"}]}']

    first, second = Mutator(seeds, 1), Mutator(seeds, 1)

    made = [first.next() for _ in range(200)]
    assert made == [second.next() for _ in range(200)]
    assert len(set(made)) > 100


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
