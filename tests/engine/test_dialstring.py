"""What may stand behind a number: sixty strings and what becomes of them on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.engine.dialing import normalise
from softphone.engine.dialstring import DialString, dial_string
from softphone.model.error import Refused

# typed, country, number on the wire (None: refused), tones after the answer
VERDICTS: list[tuple[str, str, str | None, str]] = [
    ("+390212345678", "", "+390212345678", ""),
    ("+390212345678,12#", "", "+390212345678", ",12#"),
    ("+39 02 1234 5678, 12 #", "", "+390212345678", ",12#"),
    ("+39 02 1234 5678,,,9", "", "+390212345678", ",,,9"),
    ("+390212345678,12,34", "", "+390212345678", ",12,34"),
    ("+390212345678,1,", "", "+390212345678", ",1"),
    ("02 12345678,5", "IT", "+390212345678", ",5"),
    ("0039 02 12345678,*9#", "IT", "+390212345678", ",*9#"),
    ("347 123 4567,abcd", "IT", "+393471234567", ",ABCD"),
    ("4001,1", "IT", "4001", ",1"),
    ("42,1", "", "42", ",1"),
    ("*21*0212345678#", "IT", "*21*0212345678#", ""),
    ("*21*123#", "", "*21*123#", ""),
    ("*#21#", "", "*#21#", ""),
    ("##002#", "", "##002#", ""),
    ("*43#,1", "", "*43#", ",1"),
    ("tel:+390212345678", "", "+390212345678", ""),
    ("TEL:+39-02-1234-5678", "", "+390212345678", ""),
    ("tel:+390212345678;ext=12", "", "+390212345678", ",12"),
    ("tel:+390212345678;ext=1-2", "", "+390212345678", ",12"),
    ("tel:+390212345678;postd=p1p2", "", "+390212345678", ",,1,2"),
    ("tel:+390212345678;isub=1411", "", "+390212345678", ""),
    ("tel:+390212345678;phone-context=+39", "", "+390212345678", ""),
    ("tel:+390212345678;phone-context=example.com", "", "+390212345678", ""),
    ("tel:0212345678;phone-context=+39", "IT", None, ""),
    ("tel:7042;phone-context=example.com", "", None, ""),
    ("tel:0212345678", "IT", "+390212345678", ""),
    ("tel:+390212345678;ext=", "", "+390212345678", ""),
    ("tel:+390212345678;ext=ab1x", "", None, ""),
    ("tel:+390212345678;rn=+391", "", "+390212345678", ""),
    ("tel:+390212345678;spam=1", "", None, ""),
    ("tel:+390212345678?body=x", "", None, ""),
    ("tel:", "", None, ""),
    ("bob@example.test", "", "bob@example.test", ""),
    ("sip:bob@example.test", "IT", "sip:bob@example.test", ""),
    ("sip:bob@example.test;user=phone", "", "sip:bob@example.test", ""),
    ("sip:+39021@example.test;transport=tcp", "", "sip:+39021@example.test", ""),
    ("SIPS:bob@example.test;lr;transport=tls", "", None, ""),
    ("sips:bob@example.test;lr;transport=tls", "", "sips:bob@example.test", ""),
    ("bob@example.test;user=phone", "", "bob@example.test", ""),
    ("sip:bob@example.test;maddr=10.0.0.1", "", None, ""),
    ("sip:bob@example.test;method=REGISTER", "", None, ""),
    ("sip:bob@example.test?Subject=x", "", None, ""),
    ("sip:bob@example.test;user=phone?Replaces=1", "", None, ""),
    ("sip:bob@example.test:5060", "", None, ""),
    ("sip:bob:pw@example.test;user=phone", "", None, ""),
    ("bob@example.test,12", "", None, ""),
    ("sip:bob@a.test;ext=12", "", None, ""),
    (",12", "", None, ""),
    ("+390212345678,", "", None, ""),
    ("+390212345678,,", "", None, ""),
    ("+390212345678,x", "", None, ""),
    ("+390212345678;12", "", None, ""),
    ("+390212345678;ext=12", "", None, ""),
    ("+390212345678w12", "", None, ""),
    ("+390212345678,1\r\nX: y", "", None, ""),
    ("+390212345678,\u0661", "", None, ""),
    ("Rossi, Anna", "", None, ""),
    ("http://example.test/,1", "", None, ""),
    ("\x1b[2J,1", "", None, ""),
    ("", "", None, ""),
    ("  112  ", "", "112", ""),
    ("112,1", "", "112", ",1"),
    ("tel:112;ext=1", "", "112", ",1"),
]


@pytest.mark.parametrize(("text", "region", "number", "tones"), VERDICTS)
def test_what_is_typed_becomes(text: str, region: str, number: str | None, tones: str) -> None:
    def on_the_wire() -> DialString:
        parts = dial_string(text)
        return DialString(normalise(parts.to, region), parts.tones)

    if number is None:
        with pytest.raises(Refused):
            on_the_wire()
    else:
        assert on_the_wire() == DialString(number, tones)


def test_the_table_is_long_enough() -> None:
    assert len(VERDICTS) >= 60


def test_a_name_with_a_comma_stays_a_name() -> None:
    assert dial_string(" Rossi, Anna ") == DialString("Rossi, Anna")


@given(st.text(max_size=80))
def test_anything_typed_is_understood_or_refused(text: str) -> None:
    try:
        parts = dial_string(text)
    except Refused:
        return

    assert set(parts.tones) <= set("0123456789*#ABCD,")
    assert dial_string(parts.to).tones == "" or "," in parts.to
