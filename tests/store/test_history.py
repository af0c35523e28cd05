"""Call records: written as the call goes, paged, searched, noted, seen, recovered."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model import codec
from softphone.model.call import CallId, CallInput, CallState, EndReason, Party
from softphone.model.error import StoreError
from softphone.model.quality import QualitySummary
from softphone.model.record import HistoryFilter, TimelineEntry
from softphone.store import history
from softphone.store.database import Database
from softphone.store.schema import MIGRATIONS
from softphone.store.store import Store
from tests.store.conftest import Trouble, a_call


async def ids(store: Store, **wanted: object) -> list[str]:
    page = await store.history(HistoryFilter(**wanted))  # type: ignore[arg-type]  # by name
    return [record.call.id for record in page.records]


async def test_a_call_is_on_record_from_its_first_ring(store: Store) -> None:
    store.save_call(a_call(), (TimelineEntry(1000.0, "offered", "Bob"),))

    record = await store.record(CallId("c1"))

    assert record is not None
    assert record.call == a_call()
    assert record.timeline == (TimelineEntry(1000.0, "offered", "Bob"),)


async def test_a_call_saved_again_replaces_its_row_and_adds_to_its_timeline(store: Store) -> None:
    store.save_call(a_call(), (TimelineEntry(1000.0, "offered"),))
    ended = a_call().ended(EndReason.CANCELLED, 1010.0, 1010.0, "487", "gave up")

    store.save_call(ended, (TimelineEntry(1010.0, "ended"),))

    record = await store.record(CallId("c1"))
    assert record is not None
    assert record.call == ended
    assert [entry.what for entry in record.timeline] == ["offered", "ended"]
    assert await ids(store) == ["c1"]


async def test_quality_recordings_and_timeline_hang_on_the_record(store: Store) -> None:
    store.save_call(a_call())
    store.save_quality(CallId("c1"), QualitySummary(samples=5, mos=4.2))
    for path in ("/r/1.wav", "/r/1.wav", "/r/2.wav"):
        store.add_recording(CallId("c1"), path)
    store.add_timeline(CallId("c1"), TimelineEntry(5.0, "digit heard", "7"))

    record = await store.record(CallId("c1"))

    assert record is not None
    assert record.quality == QualitySummary(samples=5, mos=4.2)
    assert record.recordings == ("/r/1.wav", "/r/2.wav")
    assert record.timeline == (TimelineEntry(5.0, "digit heard", "7"),)


async def test_an_unknown_call_has_no_record(store: Store) -> None:
    assert await store.record(CallId("nobody")) is None


async def test_a_page_lists_the_newest_first_and_tells_where_it_goes_on(store: Store) -> None:
    for number in range(5):
        store.save_call(a_call(f"c{number}", at=float(number)))

    first = await store.history(HistoryFilter(limit=2))
    second = await store.history(HistoryFilter(limit=2, before=first.next))
    third = await store.history(HistoryFilter(limit=2, before=second.next))

    pages = [[record.call.id for record in page.records] for page in (first, second, third)]
    assert pages == [["c4", "c3"], ["c2", "c1"], ["c0"]]
    assert third.next == ""


async def test_a_full_last_page_leads_nowhere(store: Store) -> None:
    store.save_call(a_call())

    assert (await store.history(HistoryFilter(limit=1))).next == ""


@given(
    times=st.lists(st.sampled_from([1.0, 1.1, 0.1 + 0.2, 2.0, 1e9 + 1 / 3]), max_size=40),
    limit=st.integers(1, 7),
)
def test_paging_loses_no_row_and_doubles_none(times: list[float], limit: int) -> None:
    with TemporaryDirectory() as folder:
        database = Database(Path(folder) / "softphone.db")
        with database.transaction() as db:
            for number, at in enumerate(times):
                history.save_call(db, a_call(f"c{number:02}", at=at))

        seen: list[str] = []
        before = "begin"
        while before:
            page = history.page(database.connection, HistoryFilter(limit=limit, before=before))
            seen += [record.call.id for record in page.records]
            before = page.next
        database.close()

    newest_first = sorted(((at, f"c{n:02}") for n, at in enumerate(times)), reverse=True)
    assert seen == [name for _, name in newest_first]


async def test_a_call_that_comes_in_between_two_pages_moves_nothing(store: Store) -> None:
    for number in range(4):
        store.save_call(a_call(f"c{number}", at=float(number)))
    first = await store.history(HistoryFilter(limit=2))
    store.save_call(a_call("new", at=99.0))

    assert await ids(store, limit=2, before=first.next) == ["c1", "c0"]


@pytest.mark.parametrize("limit", [-5, 0, 10**9])
async def test_a_page_has_at_least_one_row_and_at_most_a_thousand(store: Store, limit: int) -> None:
    store.save_call(a_call())

    assert await ids(store, limit=limit) == ["c1"]


@pytest.mark.parametrize("place", ["x y", "1.0.0 c1", "nonsense"])
async def test_a_place_that_no_page_gave_is_refused_or_the_beginning(
    store: Store, place: str
) -> None:
    store.save_call(a_call())

    if " " in place:
        with pytest.raises(StoreError, match="not a place in the history"):
            await ids(store, before=place)
    else:
        assert await ids(store, before=place) == ["c1"]


@pytest.mark.parametrize(
    "text",
    [
        "+39 02 1234 5678",
        "(02) 1234-5678",
        "0212345678",
        "390212",
        "02/12.34",
        "zoe",
        "ZOË",
        "brûlé",
        "brule",
        "Known",
        "24/7",
        "100%",
        "a_b",
        "c:\\",
        "[/]",
    ],
)
async def test_a_call_is_found_by_name_and_number_in_any_writing(store: Store, text: str) -> None:
    remote = Party("+390212345678", "Zoë BRÛLÉ 24/7 100% a_b c:\\ [/]", "Known Name")
    store.save_call(replace(a_call(), remote=remote))
    store.save_call(a_call("other", address="sip:x@example.test", caller="Someone else"))

    assert await ids(store, text=text) == ["c1"]


@pytest.mark.parametrize("text", ["%", "_", "zzz", "99999", "\\", "--"])
async def test_what_is_not_there_is_not_found(store: Store, text: str) -> None:
    store.save_call(a_call(caller="Bob"))

    assert await ids(store, text=text) == []


@pytest.mark.parametrize("text", ["citta", "CITTÀ", "straße", "02 9988", "029988", "call back"])
async def test_notes_are_searched_like_names(store: Store, text: str) -> None:
    store.save_call(a_call())
    store.save_call(a_call("other"))
    await store.save_note(CallId("c1"), "Città, STRASSE 5: call back on 02 9988")

    assert await ids(store, text=text) == ["c1"]


async def test_a_number_withheld_is_no_obstacle_to_a_search(store: Store) -> None:
    store.save_call(a_call(address=""))

    assert await ids(store, text="02") == []


async def test_the_list_can_be_of_one_account_or_of_missed_calls(store: Store) -> None:
    store.save_call(a_call("mine"))
    store.save_call(a_call("theirs", account="other").ended(EndReason.NO_ANSWER, 1.0, 2.0))

    assert await ids(store, account="desk") == ["mine"]
    assert await ids(store, missed=True) == ["theirs"]
    assert await ids(store, missed=True, account="desk", text="39") == []


async def test_missed_calls_count_until_they_are_seen(store: Store) -> None:
    for name in ("a", "b"):
        store.save_call(a_call(name).ended(EndReason.NO_ANSWER, 1.0, 2.0))
    store.save_call(a_call("c").ended(EndReason.DECLINED, 1.0, 2.0))

    before = await store.missed()
    await store.mark_missed_seen()

    assert (before, await store.missed()) == (2, 0)


async def test_a_seen_call_stays_seen_when_it_is_written_again(store: Store) -> None:
    missed = a_call().ended(EndReason.NO_ANSWER, 1.0, 2.0)
    store.save_call(missed)
    await store.mark_missed_seen()

    store.save_call(replace(missed, end_detail="later word"))

    assert await store.missed() == 0


async def test_a_note_is_kept_with_its_call(store: Store) -> None:
    store.save_call(a_call())

    saved = await store.save_note(CallId("c1"), "wants a\nnew contract")

    record = await store.record(CallId("c1"))
    assert saved
    assert record is not None
    assert record.note == "wants a\nnew contract"


async def test_a_note_stays_when_the_call_is_written_again(store: Store) -> None:
    store.save_call(a_call())
    await store.save_note(CallId("c1"), "kept")

    store.save_call(a_call().ended(EndReason.HANGUP, 1.0, 2.0))

    assert await ids(store, text="kept") == ["c1"]


async def test_a_note_for_an_unknown_call_is_not_taken(store: Store) -> None:
    assert not await store.save_note(CallId("nobody"), "x")


async def test_calls_left_open_by_a_crash_are_ended_as_interrupted(
    path: Path, trouble: Trouble
) -> None:
    active = replace(a_call("talking").stepped(CallInput.CONNECT), answered_at=1001.0)
    first = Store(path, trouble)
    await first.open(1000.0, 30)
    for call in (a_call("ringing"), active, a_call("over").ended(EndReason.HANGUP, 1.0, 2.0)):
        first.save_call(call)
    await first.close()

    second = Store(path, trouble)
    interrupted = await second.open(2000.0, 30)

    assert {call.id for call in interrupted} == {"ringing", "talking"}
    assert {call.end_reason for call in interrupted} == {EndReason.INTERRUPTED}
    record = await second.record(CallId("talking"))
    assert record is not None
    assert (record.call.state, record.call.ended_at) == (CallState.ENDED, 2000.0)
    assert record.timeline[-1] == TimelineEntry(2000.0, "ended", "interrupted")
    assert await second.missed() == 1
    await second.close()


async def test_one_row_nobody_can_read_hides_no_other(path: Path, trouble: Trouble) -> None:
    first = Store(path, trouble)
    await first.open(1000.0, 30)
    for name in ("a", "b", "c"):
        first.save_call(a_call(name))
    await first.close()
    damage = sqlite3.connect(path, isolation_level=None)
    damage.execute("UPDATE calls SET call_json = '{\"state\": \"of later\"}' WHERE id = 'b'")
    damage.close()

    second = Store(path, trouble)
    interrupted = await second.open(2000.0, 30)

    assert {call.id for call in interrupted} == {"a", "c"}
    assert await ids(second) == ["c", "a"]
    assert await second.record(CallId("b")) is None
    await second.close()


@pytest.mark.parametrize("text", ["rossi mario", "mario ROSSI", "contract mario", "ross mar"])
async def test_words_are_found_in_any_order_in_name_and_note(store: Store, text: str) -> None:
    store.save_call(a_call(caller="Mario Rossi"))
    store.save_call(a_call("other", caller="Mario Bianchi"))
    await store.save_note(CallId("c1"), "wants the contract")

    assert await ids(store, text=text) == ["c1"]


async def test_a_number_is_found_in_writings_it_was_not_typed_in(store: Store) -> None:
    store.save_call(a_call(address="+49301234567"))

    page = await store.history(HistoryFilter(text="030 1234"), ("49301234",))

    assert [record.call.id for record in page.records] == ["c1"]
    assert await ids(store, text="030 1234") == []


async def test_a_note_that_was_changed_is_found_by_its_new_words_only(store: Store) -> None:
    store.save_call(a_call())
    await store.save_note(CallId("c1"), "first words")
    await store.save_note(CallId("c1"), "second thoughts")
    store.save_call(a_call().ended(EndReason.CANCELLED, 1010.0, 1010.0))

    assert await ids(store, text="first") == []
    assert await ids(store, text="thoughts") == ["c1"]


def test_notes_of_an_older_file_are_found(path: Path) -> None:
    old = sqlite3.connect(path)
    for number, step in enumerate(MIGRATIONS[:3], 1):
        old.executescript(f"{step}; PRAGMA user_version={number}")
    old.execute(
        "INSERT INTO calls (id, account, direction, live, created_at, search, call_json, note) "
        "VALUES ('c1', 'desk', 'inbound', 0, 1.0, 'bob', ?, 'Città')",
        (codec.dumps(codec.encode_plain(a_call())),),
    )
    old.commit()
    old.close()

    database = Database(path)
    found = history.page(database.connection, HistoryFilter(text="citta"))
    database.close()

    assert [record.call.id for record in found.records] == ["c1"]


async def test_calls_are_found_by_what_came_of_them(store: Store) -> None:
    store.save_call(replace(a_call("c1", at=1.0), disposition="Sold"))
    store.save_call(replace(a_call("c2", at=2.0), disposition="open"))
    store.save_call(a_call("c3", at=3.0))

    assert await ids(store, disposition="Sold") == ["c1"]
    assert await ids(store, disposition="sol") == []
    assert await ids(store, text="sold") == ["c1"]


def test_dispositions_of_an_older_file_become_a_column(path: Path) -> None:
    old = sqlite3.connect(path)
    old.create_function("searchable", 1, str.casefold)
    for number, step in enumerate(MIGRATIONS[:6], 1):
        old.executescript(f"{step}; PRAGMA user_version={number}")
    old.execute(
        "INSERT INTO calls (id, account, direction, live, created_at, search, call_json) "
        "VALUES ('c1', 'desk', 'inbound', 0, 1.0, 'bob', ?)",
        (codec.dumps(codec.encode_plain(a_call())),),
    )
    for word in ("open", "Sold"):
        old.execute("INSERT INTO timeline VALUES ('c1', 1.0, 'disposition', ?)", (word,))
    old.commit()
    old.close()

    database = Database(path)
    by_word = history.page(database.connection, HistoryFilter(disposition="Sold"))
    by_text = history.page(database.connection, HistoryFilter(text="sold"))
    database.close()

    assert [record.call.disposition for record in by_word.records] == ["Sold"]
    assert [record.call.id for record in by_text.records] == ["c1"]


async def test_values_are_kept_under_their_names(store: Store) -> None:
    store.save_setting("desk", "first")
    store.save_setting("desk", "second")

    assert await store.setting("desk") == "second"
    assert await store.setting("unknown") == ""
