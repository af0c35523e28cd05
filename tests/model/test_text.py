"""Text from outside: what goes, what stays, how long it may be."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.text import NAME_LIMIT, TEXT_LIMIT, clean, clean_block, escaped

BAD_RANGES = [
    (0x00, 0x08),
    (0x0B, 0x0C),
    (0x0E, 0x1F),
    (0x7F, 0x9F),
    (0x061C, 0x061C),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x2029),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xD800, 0xDFFF),
    (0xE0000, 0xE0FFF),
]
BAD = {code for low, high in BAD_RANGES for code in range(low, high + 1)}

anything = st.text(st.characters(codec=None), max_size=400)
marks = st.text(st.sampled_from("aé\u0301\u0e47\u20dd\u200d\ufe0f\u202e\x1b…+9 \n"), max_size=400)


@pytest.mark.parametrize(("low", "high"), BAD_RANGES, ids=[f"{low:04X}" for low, _ in BAD_RANGES])
def test_every_character_of_a_forbidden_range_becomes_a_visible_mark(low: int, high: int) -> None:
    for code in range(low, high + 1):
        assert clean(f"a{chr(code)}b") == "a\ufffdb", f"U+{code:04X}"


@pytest.mark.parametrize("breaks", ["\t", "\n", "\r\n", "\r", "\n\n\t"])
def test_tabs_and_line_breaks_become_one_space(breaks: str) -> None:
    assert clean(f"a{breaks}b") == "a b"


@pytest.mark.parametrize(
    "kept",
    [
        "Zoë Brûlé",
        "محمد\u200cرضا",
        "क\u094d\u200dष",
        "👩\u200d👩\u200d👧\u200d👦",
        "☎\ufe0f",
        "山田太郎",
        "Nguye\u0302\u0303n",
        "[/] [@click=app.quit]",
    ],
)
def test_names_of_the_world_and_emoji_stay_as_they_are(kept: str) -> None:
    assert clean(kept) == kept


@pytest.mark.parametrize(
    "payload",
    [
        "\x1b]52;c;UFdORUQ=\x07",
        "\x1b[2J\x1b[H",
        "\x9b31m",
        "\x1b]0;title\x1b\\",
        "\x90q\x9c",
    ],
)
def test_terminal_sequences_lose_the_bytes_that_act(payload: str) -> None:
    cleaned = clean(f"Bob{payload}")

    assert cleaned.startswith("Bob\ufffd")
    assert not set(cleaned) & {"\x07", "\x1b", "\x90", "\x9b", "\x9c"}


@pytest.mark.parametrize("mark", ["\u0301", "\u0e47", "\u20dd", "\u0489", "\u1ab0", "\u034f"])
def test_no_more_than_three_marks_stay_on_a_letter(mark: str) -> None:
    assert clean("a" + mark * 60 + "b") == "a" + mark * 3 + "b"


def test_joiners_do_not_start_a_new_heap_of_marks() -> None:
    heap = "a" + ("\u200d" + "\u0301" * 3) * 20

    assert len(clean(heap)) == 4


def test_a_long_name_is_cut_and_says_how_much_is_missing() -> None:
    cleaned = clean("x" * 1000)

    assert cleaned == "x" * 123 + "…+877"
    assert len(cleaned) == NAME_LIMIT


def test_the_mark_of_a_cut_counts_what_it_hides_itself() -> None:
    for length in range(129, 1300):
        kept, _, hidden = clean("x" * length).partition("…+")
        assert len(kept) + int(hidden) == length


def test_text_beyond_the_work_limit_is_counted_but_not_looked_at() -> None:
    kept, _, hidden = clean("é" * 1_000_000).partition("…+")

    assert len(kept) + int(hidden) == 1_000_000


def test_text_of_exactly_the_limit_is_not_cut() -> None:
    assert clean("x" * NAME_LIMIT) == "x" * NAME_LIMIT


def test_a_limit_too_small_for_a_mark_still_holds() -> None:
    assert len(clean("x" * 500, 2)) == 2


def test_a_name_of_a_mebibyte_of_marks_costs_little() -> None:
    name = "e\u0301" * 512 * 1024
    start = time.process_time()

    clean(name)

    assert time.process_time() - start < 0.1


def test_a_block_keeps_its_line_breaks_in_one_writing() -> None:
    assert clean_block("a\r\nb\rc\nd\te\x1b") == "a\nb\nc\nd e\ufffd"


def test_a_long_block_is_cut_and_says_how_much_is_missing() -> None:
    kept, _, hidden = clean_block("x\n" * 50_000).partition("…+")

    assert len(kept) + int(hidden) == 100_000
    assert len(clean_block("x\n" * 50_000)) == TEXT_LIMIT


def test_escaped_spells_out_oddities_for_the_log() -> None:
    assert escaped('{"a": "\ud800\x1b\né"}') == '{"a": "\\ud800\\x1b\\n\\xe9"}'
    assert escaped("x" * 100, 10) == "x" * 10 + "…"


@given(anything | marks, st.integers(12, 200))
def test_cleaned_text_is_harmless_bounded_and_stays_so(text: str, limit: int) -> None:
    cleaned = clean(text, limit)

    assert not {ord(char) for char in cleaned} & (BAD | {0x09, 0x0A, 0x0D})
    assert len(cleaned) <= limit
    assert clean(cleaned, limit) == cleaned
    cleaned.encode()


@given(anything | marks, st.integers(12, 200))
def test_a_cleaned_block_is_harmless_bounded_and_stays_so(text: str, limit: int) -> None:
    cleaned = clean_block(text, limit)

    assert not {ord(char) for char in cleaned} & (BAD | {0x09, 0x0D})
    assert len(cleaned) <= limit
    assert clean_block(cleaned, limit) == cleaned


@given(marks)
def test_no_run_of_marks_is_longer_than_three(text: str) -> None:
    run = 0

    for char in clean(text, 1000):
        zero_width = unicodedata.category(char) in ("Mn", "Me") or char in "\u200c\u200d"
        run = run + 1 if zero_width else 0
        assert run <= 3


@given(anything)
def test_escaped_text_is_printable_ascii(text: str) -> None:
    assert escaped(text).rstrip("…").isascii()
    assert escaped(text).isprintable()
