"""Whole address books, blocked numbers and the shift on the command line, at a running engine."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone.model.contact import Contact
from softphone.model.vcard import read_vcards
from tests.cli.conftest import Cli, one_line
from tests.e2e.conftest import wait_for

CARDS = """BEGIN:VCARD
VERSION:3.0
FN:Zora Import
TEL;TYPE=cell:+39 06 5555 0001
TEL:call me
END:VCARD
BEGIN:VCARD
VERSION:2.1
TEL:1
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Zeno Import
TEL:+39 06 5555 0002
END:VCARD
"""


@pytest.fixture(autouse=True)
def engine(shared: Cli) -> Iterator[None]:
    """An engine with the account online, and no contacts of ours left behind."""
    if shared("status").code:
        assert shared("online").code == 0
    yield
    for contact in shared("contacts", "import", "--json").json:
        shared("contacts", "--delete", contact["id"])


def names(cli: Cli, text: str) -> list[str]:
    return [contact["name"] for contact in cli("contacts", text, "--json").json]


def test_a_file_of_cards_is_tried_then_imported_and_what_is_wrong_has_its_line(
    shared: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "phone.vcf"
    path.write_text(CARDS)

    tried = shared("contacts", "import", str(path), "--dry-run", "--json")
    before = names(shared, "import")
    done = shared("contacts", "import", str(path))
    again = shared("contacts", "import", str(path), "--json")

    assert before == []
    assert tried.code == done.code == 1
    assert [line["line"] for line in tried.json if line["type"] == "refused"] == [7, 1]
    assert tried.last == {
        "type": "would_import", "read": 3, "added": 2, "known": 0, "refused": 2,
    }  # fmt: skip
    assert "line 7: the card has no name" in done.err
    assert "line 1: 'call me' cannot be dialled" in done.err
    assert done.out == "2 of 3 added; 0 are there already\n"
    assert (again.last["type"], again.last["added"], again.last["known"]) == ("imported", 0, 2)
    assert names(shared, "0039 06 5555 0001") == ["Zora Import"]


@pytest.mark.parametrize("form", ["vcard", "csv", "json"])
def test_an_exported_book_is_imported_again_as_it_was(
    shared: Cli, tmp_path: Path, form: str
) -> None:
    shared("contacts", "--add", "Yara Import", "+390655550003", "--company", "=1+1; Co, Ltd")
    (before,) = shared("contacts", "yara", "--json").json
    path = tmp_path / "book"

    written = shared("contacts", "export", str(path), "--format", form, "--json")
    shared("contacts", "--delete", before["id"])
    read = shared("contacts", "import", str(path), "--json")

    assert written.last["count"] >= 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert (read.code, read.last["added"]) == (0, 1)
    (after,) = shared("contacts", "yara", "--json").json
    assert {**after, "id": ""} == {**before, "id": ""}


def test_an_export_without_a_file_is_printed(shared: Cli) -> None:
    shared("contacts", "--add", "Xenia Import", "+390655550004")

    cards = list(read_vcards(shared("contacts", "export").out.encode().splitlines(keepends=True)))

    assert all(isinstance(card.contact, Contact) for card in cards)
    assert "Xenia Import" in {card.contact.name for card in cards if card.contact}


def test_tables_in_utf_16_are_read(shared: Cli, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes("Name\tPhone\nÄnne Import\t+390655550005\n".encode("utf-16"))

    assert shared("contacts", "import", str(path)).code == 0

    assert names(shared, "anne") == ["Änne Import"]


def test_a_book_of_many_pages_is_imported_with_progress_and_exported_whole(
    shared: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "book.csv"
    rows = "".join(f"Many Import {n},+39066{n:06}\n" for n in range(1_500))
    path.write_text(f"name,number\n{rows}")

    done = shared("contacts", "import", str(path), "--json")
    out = shared("contacts", "export", "--format", "csv").out

    assert [line["type"] for line in done.json] == ["progress", "imported"]
    assert done.last["added"] == 1_500
    assert sum(row["name"].startswith("Many") for row in csv.DictReader(io.StringIO(out))) == 1_500


def test_duplicates_are_shown_before_they_are_merged(shared: Cli) -> None:
    for name in ("Wanda Import", "Wanda B. Import"):
        shared("contacts", "--add", name, "+390655550006")

    shown = shared("contacts", "merge", "--json")
    still = names(shared, "wanda")
    merged = shared("contacts", "merge", "--yes")

    assert shown.json[0]["type"] == "duplicates"
    assert len(shown.json[0]["contacts"]) == 2
    assert shown.last == {"type": "would_merge", "count": 1}
    assert len(still) == 2
    assert "1 merged" in merged.out
    assert len(names(shared, "wanda")) == 1
    assert "no contact is there twice" in shared("contacts", "merge").out
    assert "same as nobody" in one_line(shared("contacts", "merge", "nobody"))


def test_a_blocked_number_is_declined_and_listed_until_it_is_allowed(shared: Cli) -> None:
    assert shared("block", "+39 02 4587*", "--reason", "sells wine").code == 0
    shared.lab().ring("pn_1", caller="+390245871299", name="Vino")
    wait_for(lambda: shared("history", "vino", "--json").out)

    (record,) = shared("history", "vino", "--json").json
    rules = shared("block", "--json").json
    assert (record["reason"], record["missed"]) == ("blocked", False)
    assert "sells wine" in shared("history", "vino").out
    assert [(rule["number"], rule["blocked"]) for rule in rules] == [("+39024587*", True)]
    assert "+39024587*" in shared("allow").out
    assert shared("allow", "+39024587*").code == 0
    assert shared("block").out == ""
    assert "not blocked" in one_line(shared("allow", "+391"))
    assert shared("block", "*").code == 1


def test_the_shift_is_summed_for_people_tables_and_scripts(shared: Cli) -> None:
    before = shared("shift", "--json").last
    assert shared("call", "tone", "--duration", "0.3").code == 0
    day = time.strftime("%Y-%m-%d")

    data = shared("shift", "--from", day, "--to", day, "--json").last
    table = list(csv.DictReader(io.StringIO(shared("shift", "--csv").out)))
    shown = shared("shift").out

    assert data["type"] == "shift_total"
    assert data["placed"] == before["placed"] + 1
    assert data["reached"] == before["reached"] + 1
    assert data["talk_s"] > before["talk_s"]
    assert {row["account"] for row in table} >= {"audin"}
    assert "all" in shown
    assert shared("shift", "--from", "2001-01-01", "--to", "2001-01-02", "--json").last[
        "placed"
    ] == 0  # fmt: skip
    wrong = shared("shift", "--from", "yesterday")
    assert (wrong.code, "'yesterday' is no day; write 2026-01-31" in wrong.err) == (2, True)


def test_letters_are_dialled_as_digits_on_request(shared: Cli) -> None:
    asked = shared("call", "--letters", "+1-800-FLOWERS", "--duration", "0.1", "--json")
    plain = shared("call", "+1-800-FLOWERS")

    assert asked.json[0]["number"] == "+18003569377"
    assert "FLOWERS" in one_line(plain)


def test_a_number_is_blocked_by_the_consoles_action(shared: Cli) -> None:
    assert shared("do", "number.block", "number=+39 0777 1").code == 0

    assert "+3907771" in shared("block").out
    assert shared("do", "number.allow", "number=+3907771").code == 0
