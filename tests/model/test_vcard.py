"""vCards of three versions: what is read, what is refused and where, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.contact import Contact, ContactAddress, ContactId, FoundContact, merged
from softphone.model.text import clean
from softphone.model.vcard import read_vcards, write_vcard


def read(text: str | bytes) -> list[FoundContact]:
    raw = text.encode() if isinstance(text, str) else text
    return list(read_vcards(raw.splitlines(keepends=True)))


def one(text: str | bytes) -> Contact:
    (found,) = read(text)
    assert found.contact is not None, found.problem
    return found.contact


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def numbers(contact: Contact) -> list[tuple[str, str]]:
    return [(entry.address, entry.label) for entry in contact.addresses]


def test_a_card_of_version_4_is_read() -> None:
    found = one(
        card(
            "FN:Anna Rossi",
            "item1.TEL;VALUE=uri;TYPE=\"cell,voice\":tel:+39-06-5555;ext=4",
            "TEL;TYPE=work:+39 02 1",
            "IMPP:sip:anna@example.test",
            "ORG:ACME\\; Co;Sales",
            "EMAIL:a@example.test",
            "NOTE:first\\nsecond\\, and more",
            version="4.0",
        )
    )  # fmt: skip

    assert found.name == "Anna Rossi"
    assert numbers(found) == [("+39-06-5555", "cell"), ("+39 02 1", "work"),
                              ("anna@example.test", "")]  # fmt: skip
    assert found.company == "ACME; Co, Sales"
    assert found.note == "first\nsecond, and more\ne-mail a@example.test"


def test_a_card_of_version_2_1_with_quoted_printable_in_latin_1_is_read() -> None:
    found = one(
        b"BEGIN:VCARD\r\nVERSION:2.1\r\n"
        b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=\r\n=F6rg\r\n"
        b"TEL;CELL;VOICE:030/1234\r\n"
        b"PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\r\n AAAA\r\n\r\n"
        b"NOTE:C:\\new\r\n"
        b"END:VCARD\r\n"
    )

    assert found.name == "Jörg Müller"
    assert numbers(found) == [("030/1234", "cell")]
    assert found.note == "C:\\new"


def test_folded_lines_and_a_byte_order_mark_are_undone() -> None:
    found = one(b"\xef\xbb\xbfBEGIN:VCARD\nVERSION:3.0\nFN:An\n na Ro\n\tssi\nEND:VCARD\n")

    assert found.name == "Anna Rossi"


def test_a_name_that_is_no_utf_8_is_read_as_western() -> None:
    assert one(b"BEGIN:VCARD\nFN:Jos\xe9\nEND:VCARD\n").name == "José"


def test_a_card_without_a_full_name_takes_its_parts_or_its_company() -> None:
    assert one(card("N:Rossi;Anna;;;")).name == "Anna Rossi"
    assert one(card("N:Rossi")).name == "Rossi"
    assert one(card("ORG:ACME")).name == "ACME"


def test_an_agent_inside_a_card_is_passed_over() -> None:
    text = card("FN:Anna", "AGENT:", "BEGIN:VCARD", "FN:Bob", "END:VCARD", "TEL:42", version="2.1")

    assert one(text) == Contact(ContactId(""), "Anna", (ContactAddress("42"),))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (card("FN:Anna") + card("TEL:42"), 5, "no name"),
        (card("FN:Anna") + "BEGIN:VCARD\nFN:Bob\n", 5, "no end"),
        ("BEGIN:VCARD\nFN:Bob\n" + card("FN:Anna"), 1, "no end"),
        ("hello\n" + card("FN:Anna"), 1, "not part"),
    ],
)
def test_what_is_no_contact_is_named_with_its_line(text: str, line: int, words: str) -> None:
    (bad,) = [found for found in read(text) if found.contact is None]

    assert bad.line == line
    assert words in bad.problem


def test_text_from_a_card_cannot_act_on_a_terminal() -> None:
    found = one(card("FN:A\x1b[31mnna\u202e", "TEL:\x0742", "NOTE:x\\n\x1b]0;y"))

    whole = repr(found)
    assert "\\x1b" not in whole
    assert "\\x07" not in whole
    assert "\\u202e" not in whole


def test_a_photograph_of_many_lines_is_cut_and_the_card_is_kept() -> None:
    rows = "".join(f" {'A' * 70}\r\n" for _ in range(5_000))

    found = one(card(f"PHOTO;ENCODING=b:AAAA\r\n{rows}FN:Anna"))

    assert found.name == "Anna"


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(raw: bytes) -> None:
    read(raw)
    read(b"BEGIN:VCARD\n" + raw + b"\nEND:VCARD\n")


_texts = st.text(max_size=60).map(lambda text: clean(text).strip())


@given(name=_texts.filter(bool), company=_texts, note=_texts, favourite=st.just(False))
def test_what_is_written_is_read_again(name: str, company: str, note: str, favourite: bool) -> None:
    address = (ContactAddress("+390655", "cell"), ContactAddress("a@example.test", "work"))
    contact = Contact(ContactId(""), name, address, company, note, favourite)

    written = write_vcard(contact)

    assert one(written.encode()) == contact
    assert all(len(line) <= 75 for line in written.encode().split(b"\r\n"))


def test_a_long_line_is_folded_between_characters_and_read_again() -> None:
    contact = Contact(ContactId(""), "Ä" * 100, (), "ACME", "long " * 60 + "\nend; of, it")

    written = write_vcard(contact)

    assert one(written.encode()) == contact
    assert max(len(line) for line in written.encode().split(b"\r\n")) <= 75


def test_merging_keeps_everything_once_and_the_first_name() -> None:
    first = Contact(ContactId("1"), "Anna", (ContactAddress("+391"),), note="one")
    second = Contact(ContactId("2"), "Anna R.", (ContactAddress("+391", "cell"),
                     ContactAddress("+392")), "ACME", "two", favourite=True, quick=3)  # fmt: skip

    whole = merged([first, second])

    assert whole == Contact(
        ContactId("1"),
        "Anna",
        (ContactAddress("+391", "cell"), ContactAddress("+392")),
        "ACME",
        "one\ntwo",
        favourite=True,
        quick=3,
    )
