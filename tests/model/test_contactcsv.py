"""Contacts as CSV: columns of several programs, what is refused, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.contact import Contact, ContactAddress, ContactId, FoundContact
from softphone.model.contactcsv import read_csv, write_csv
from softphone.model.text import clean


def read(text: str) -> list[FoundContact]:
    return list(read_csv(text.splitlines(keepends=True)))


def contact(name: str, *addresses: str, company: str = "", note: str = "") -> Contact:
    return Contact(ContactId(""), name, tuple(map(ContactAddress, addresses)), company, note)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name,numbers\nAnna,+391; +392\n", contact("Anna", "+391", "+392")),
        (
            "Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Value,Organization 1 - Name,Notes\n"
            "Anna,Mobile,+391 ::: +392,+393,ACME,hello\n",
            contact("Anna", "+391", "+392", "+393", company="ACME", note="hello"),
        ),
        (
            "First Name;Last Name;Company;Business Phone;Mobile Phone;E-mail Address\n"
            "Anna;Rossi;ACME;02 1;06 2;a@example.test\n",
            contact("Anna Rossi", "02 1", "06 2", company="ACME", note="e-mail a@example.test"),
        ),
        ("\ufeffNome\tTelefono\nAnna\t+391\n", contact("Anna", "+391")),
        ('name,note\nAnna,"two\nlines"\n', contact("Anna", note="two\nlines")),
        ("name,number\nAnna,'+391\n", contact("Anna", "+391")),
    ],
)
def test_tables_of_several_programs_are_read(text: str, wanted: Contact) -> None:
    assert [found.contact for found in read(text)] == [wanted]


def test_rows_that_are_no_contact_are_named_with_their_line() -> None:
    found = read('name,number\n"A\nB",1\n,2\n\n , \nBob,3\n')

    assert [(one.line, one.problem) for one in found] == [
        (2, ""),
        (4, "the row has no name"),
        (7, ""),
    ]


def test_a_table_without_a_column_of_names_is_refused() -> None:
    (found,) = read("+391,Anna\n+392,Bob\n")

    assert (found.line, found.contact) == (1, None)
    assert "name" in found.problem


def test_a_cell_too_long_is_refused_and_the_rest_is_read() -> None:
    found = read(f"name,note\nAnna,{'x' * 200_000}\nBob,\n")

    assert found[0].contact is None
    assert found[-1].contact == contact("Bob")


def test_nothing_that_is_written_is_a_formula() -> None:
    written = write_csv([contact("=1+1", "+391", note="@x")])

    assert "'=1+1,'+391," in written
    assert [found.contact for found in read(written)] == [contact("=1+1", "+391", note="@x")]


_texts = st.text(max_size=40).map(lambda text: clean(text).strip().lstrip("'"))


@given(name=_texts.filter(bool), company=_texts, favourite=st.booleans())
def test_what_is_written_is_read_again(name: str, company: str, favourite: bool) -> None:
    numbers = (ContactAddress("+391", "cell"), ContactAddress("+392"))
    given_ = Contact(ContactId(""), name, numbers, company, "", favourite)

    assert [found.contact for found in read(write_csv([given_]))] == [given_]


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    read(text)
    read("name,number\n" + text)
