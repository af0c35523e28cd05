"""What may be dialled: sixty strings and their verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.engine.dialing import (
    is_user_name,
    must_confirm,
    normalise,
    refuse_emergency,
    resolve,
    writings,
)
from softphone.model.error import Refused

VERDICTS: list[tuple[str, str, str | None]] = [
    ("+390212345678", "", "+390212345678"),
    ("+39 02 1234 5678", "", "+390212345678"),
    ("+39 (02) 1234-5678", "", "+390212345678"),
    ("+39.02.12345678", "", "+390212345678"),
    ("+39/02/12345678", "", "+390212345678"),
    ("+39\u201102\u201312345678", "", "+390212345678"),
    ("+39\u00a002\t12345678", "", "+390212345678"),
    ("00390212345678", "", "+390212345678"),
    ("0039 02 1234 5678", "IT", "+390212345678"),
    ("02 1234 5678", "", "0212345678"),
    ("02 1234 5678", "IT", "+390212345678"),
    ("(0)2 12345678", "IT", "+390212345678"),
    ("347 123 4567", "IT", "+393471234567"),
    ("030 123456", "DE", "+4930123456"),
    ("020 7946 0018", "GB", "+442079460018"),
    ("(212) 555-0123", "US", "+12125550123"),
    ("0212345678", "XX", "0212345678"),
    ("42", "", "42"),
    ("42", "IT", "42"),
    ("4001", "IT", "4001"),
    ("99999", "IT", "99999"),
    ("123456789012345678", "IT", "123456789012345678"),
    ("*21*123#", "", "*21*123#"),
    ("*21*123#", "IT", "*21*123#"),
    ("##002#", "", "##002#"),
    ("tel:+390212345678", "", "+390212345678"),
    ("tel:+39-02-12345678", "", "+390212345678"),
    ("bob@example.test", "", "bob@example.test"),
    ("sip:bob@example.test", "IT", "sip:bob@example.test"),
    ("sips:+39021@example.test", "", "sips:+39021@example.test"),
    ("sip:b.o-b_~+1@10.0.0.1", "", "sip:b.o-b_~+1@10.0.0.1"),
    ("tel:+3902;phone-context=x", "", None),
    ("sip:bob@example.test;user=phone", "", None),
    ("sip:bob@example.test?Subject=x", "", None),
    ("sip:bob@example.test:5060", "", None),
    ("sip:bob:pw@example.test", "", None),
    ("sip:@example.test", "", None),
    ("sip:bob@", "", None),
    ("sip:bob", "", None),
    ("bob@exam ple.test", "", None),
    ("bob@example.test\r\nRoute: x", "", None),
    ("b%00b@example.test", "", None),
    ("http://example.test", "", None),
    ("", "", None),
    (" ", "", None),
    ("+", "", None),
    ("5", "", None),
    ("+5", "", None),
    ("-", "", None),
    ("++39021234", "", None),
    ("39+021234", "", None),
    ("123456789012345678901", "", None),
    ("+39021234,123", "", None),
    ("+39021234w5", "", None),
    ("+39021234;ext=5", "", None),
    ("0800-FLOWERS", "", None),
    ("１１２", "", None),
    ("٠٢١٢٣٤", "", None),
    ("+39\u200b021234", "", None),
    ("\x1b[2J", "", None),
    ("$(touch x)", "", None),
    ("../../etc", "", None),
]


@pytest.mark.parametrize(("text", "region", "verdict"), VERDICTS)
def test_what_is_typed_becomes_what_is_dialled_or_is_refused(
    text: str, region: str, verdict: str | None
) -> None:
    if verdict is not None:
        assert normalise(text, region) == verdict
    else:
        with pytest.raises(Refused, match="cannot be dialled") as refused:
            normalise(text, region)
        assert refused.value.code == "BAD_NUMBER"


def test_there_are_at_least_sixty_verdicts() -> None:
    assert len(VERDICTS) >= 60


@given(st.text(max_size=40), st.sampled_from(["", "IT", "US", "XX"]))
def test_nothing_dangerous_is_ever_dialled(text: str, region: str) -> None:
    try:
        number = normalise(text, region)
    except Refused as refused:
        assert refused.message.isprintable()
        return

    assert not set(number) & set(" \r\n\t,;?&%/\\\"'<>")
    assert number.isascii()


@given(st.from_regex(r"\+?[0-9*#]{2,15}", fullmatch=True), st.sampled_from(["", "IT", "US"]))
def test_a_normalised_number_is_normal(text: str, region: str) -> None:
    number = normalise(text, region)

    assert normalise(number, region) == number


@pytest.mark.parametrize(
    ("typed", "region"), [("0011 39 02 1234 5678", "AU"), ("011 39 02 1234 5678", "US")]
)
def test_the_way_abroad_is_the_one_of_the_region(typed: str, region: str) -> None:
    assert normalise(typed, region) == "+390212345678"


@pytest.mark.parametrize(
    "typed",
    [
        "112",
        "911",
        "999",
        "000",
        "1-1-2",
        "1 1 2",
        "+112",
        "00112",
        "tel:112",
        "112@example.test",
        "sip:112@example.test",
        "sips:+911@example.test",
    ],
)
@pytest.mark.parametrize("region", ["", "IT", "US"])
def test_an_emergency_number_is_refused_in_every_writing(typed: str, region: str) -> None:
    number = normalise(typed, region)

    with pytest.raises(Refused, match="cannot place emergency calls") as refused:
        refuse_emergency(number, allowed=False)
    assert refused.value.code == "EMERGENCY"


def test_an_emergency_number_is_dialled_where_the_site_allows_it() -> None:
    refuse_emergency("112", allowed=True)


@pytest.mark.parametrize("number", ["1120", "+39112", "0112", "bob@example.test", "*112#"])
def test_other_numbers_are_no_emergency(number: str) -> None:
    refuse_emergency(number, allowed=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("frontdesk", "+391"),
        ("FrontDesk", "+391"),
        (" frontdesk ", "+391"),
        ("Boss", "+392"),
        ("boss", "+392"),
        ("BOSS ", "+392"),
        (" +39 02 ", "+39 02"),
        ("front", "front"),
    ],
)
def test_a_configured_name_is_a_number_in_any_case(text: str, found: str) -> None:
    assert resolve(text, {"frontdesk": "+391", "Boss": "+392"}) == found


def test_a_name_written_exactly_wins() -> None:
    assert resolve("BOB", {"bob": "+391", "BOB": "+392"}) == "+392"


def test_numbers_with_a_listed_prefix_are_to_be_confirmed() -> None:
    assert must_confirm("+3908991", ("+390899", "+881"))
    assert not must_confirm("+3902", ("+390899",))
    assert not must_confirm("+3902", ())


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("bob", True),
        ("anna.rossi_2", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("2002", False),
        ("bob smith", False),
        ("bob@example.com", False),
        ("sip:bob", False),
        ("b\u043eb", False),
        ("bob\n", False),
        ("", False),
    ],
)
def test_a_users_short_name_is_one_plain_word_with_a_letter(text: str, is_one: bool) -> None:
    assert is_user_name(text) is is_one


@pytest.mark.parametrize(
    ("text", "region", "found"),
    [
        ("0039 06 5555", "", ("39065555",)),
        ("0039 06 5555", "IT", ("39065555", "065555")),
        ("+39 06 5555", "IT", ("065555",)),
        ("06 5555", "IT", ()),
        ("030 1234", "DE", ("49301234",)),
        ("+49 30 1234", "DE", ("0301234",)),
        ("+49 30 1234", "IT", ()),
        ("1 (800) 55", "US", ("180055",)),
        ("00", "IT", ()),
        ("24", "DE", ()),
        ("Bob 030", "DE", ()),
    ],
)
def test_a_number_is_looked_for_in_its_other_writings(
    text: str, region: str, found: tuple[str, ...]
) -> None:
    assert writings(text, region) == found
