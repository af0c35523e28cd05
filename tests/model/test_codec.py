"""The model as JSON: there and back, and what the reader does with everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model import codec
from softphone.model.call import Call, CallId
from softphone.model.command import Command, Dial, HangUp, ListHistory, Mute, Reply, SendTones
from softphone.model.error import ProtocolError
from softphone.model.event import AdapterEvent, CallChanged, Event, HistoryChanged
from softphone.model.quality import QualitySummary
from softphone.model.record import CallRecord
from softphone.model.state import ConsoleState
from tests.model.examples import json_values, members, values


def there_and_back(data: Any) -> Any:
    return codec.loads(codec.dumps(data).encode())


@pytest.mark.parametrize("kind", members(Event), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_event_survives_the_way_through_json(kind: Any, data: st.DataObject) -> None:
    event = data.draw(values(kind))

    assert codec.decode_event(there_and_back(codec.encode(event))) == event


@pytest.mark.parametrize("kind", members(Command), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_command_survives_the_way_through_json(kind: Any, data: st.DataObject) -> None:
    command = data.draw(values(kind))

    assert codec.decode_command(there_and_back(codec.encode(command))) == command


@pytest.mark.parametrize("kind", [Reply, ConsoleState, Call, CallRecord, QualitySummary])
@given(data=st.data())
def test_replies_states_and_records_survive_the_way_through_json(
    kind: Any, data: st.DataObject
) -> None:
    value = data.draw(values(kind))

    assert codec.decode(there_and_back(codec.encode_plain(value)), kind) == value


@given(data=st.data())
def test_facts_of_adapters_survive_the_way_through_json(data: st.DataObject) -> None:
    fact = data.draw(values(AdapterEvent))

    assert codec.decode(there_and_back(codec.encode(fact)), AdapterEvent) == fact  # type: ignore[arg-type]  # a union is no class, but a hint


@pytest.mark.parametrize("union", [Event, Command])
def test_every_class_travels_under_a_name_of_its_own(union: Any) -> None:
    tags = [codec.tag(kind) for kind in members(union)]

    assert len(set(tags)) == len(tags)
    assert all(tag.islower() and tag.replace("_", "").isalpha() for tag in tags)


def test_a_command_reads_as_scripts_write_it() -> None:
    assert codec.encode(Mute(CallId("c1"))) == {"type": "mute", "call": "c1", "on": None}
    assert codec.decode_command({"type": "hang_up", "call": "c1"}) == HangUp(CallId("c1"))


def test_fields_left_out_take_their_defaults() -> None:
    assert codec.decode_command({"type": "dial", "to": "42"}) == Dial("42")


def test_unknown_fields_are_passed_over() -> None:
    data = {"type": "hang_up", "call": "c1", "of a later version": [1]}

    assert codec.decode_command(data) == HangUp(CallId("c1"))


@pytest.mark.parametrize("kind", members(Command), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_any_json_in_any_field_of_a_command_is_read_or_refused(
    kind: Any, data: st.DataObject
) -> None:
    whole = codec.encode(data.draw(values(kind)))
    name = data.draw(st.sampled_from(sorted(whole)))
    whole[name] = data.draw(json_values)

    try:
        command = codec.decode_command(whole)
    except ProtocolError:
        return

    codec.dumps(codec.encode(command)).encode()


@given(json_values)
def test_any_json_instead_of_a_message_is_refused(data: Any) -> None:
    with pytest.raises(ProtocolError):
        codec.decode_event(data)


@given(data=st.data())
def test_any_json_in_a_call_is_read_or_refused(data: st.DataObject) -> None:
    whole = codec.encode(CallChanged(data.draw(values(Call))))
    name = data.draw(st.sampled_from(sorted(whole["call"])))
    whole["call"][name] = data.draw(json_values)

    try:
        codec.decode_event(whole)
    except ProtocolError:
        return


@given(st.binary(max_size=40) | st.text(st.characters(codec=None), max_size=40))
def test_any_line_is_an_object_or_refused(line: bytes | str) -> None:
    try:
        assert isinstance(codec.loads(line), dict)
    except ProtocolError:
        return


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        '"text"',
        "null",
        "",
        "{",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a":' * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        b"\xff\xfe\x00",
        b'{"a": "\xed\xa0\x80"',
    ],
    ids=lambda line: repr(line[:16]),
)
def test_a_line_that_is_no_object_is_refused(line: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.loads(line)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"type": "hang_up"}, "call"),
        ({"type": "hang_up", "call": 5}, "int where str belongs"),
        ({"type": "hang_up", "call": None}, "NoneType where str belongs"),
        ({"type": "mute", "call": "c", "on": 1}, "int where bool belongs"),
        ({"type": "send_tones", "call": "c", "digits": "1", "gap_ms": True}, "bool where int"),
        ({"type": "send_tones", "call": "c", "digits": "1", "gap_ms": 1.0}, "float where int"),
        ({"type": "send_tones", "call": "c", "digits": "1", "gap_ms": 2**60}, "out of range"),
        ({"type": "explode"}, "unknown type 'explode'"),
        ({"type": ["hang_up"]}, "unhashable"),
        ({"call": "c"}, "type"),
        ({"type": "ask", "what": "everything"}, "not a valid Query"),
        ({"type": "go_online", "account": "a", "numbers": "pn"}, "str where a list belongs"),
        ({"type": "set_parameters", "call": "c", "parameters": [["a"]]}, "shorter"),
        ({"type": "save_contact", "contact": "Bob"}, "str where an object belongs"),
        ({"type": "dial", "to": "\ud800"}, "surrogates"),
        ([], "list where an object belongs"),
    ],
)
def test_a_wrong_message_is_refused_with_what_is_wrong(data: Any, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        codec.decode_command(data)


@pytest.mark.parametrize(
    "number", [1e999, float("nan"), 10**400, "1", None, True], ids=lambda number: str(number)[:8]
)
def test_a_time_must_be_a_finite_number(number: Any) -> None:
    call = {"id": "c", "account": "a", "direction": "inbound", "state": "ringing"}

    with pytest.raises(ProtocolError):
        codec.decode({**call, "created_at": number}, Call)


def test_a_whole_number_will_do_for_a_time() -> None:
    data = {"id": "c", "account": "a", "direction": "inbound", "state": "ringing", "created_at": 5}

    assert codec.decode(data, Call).created_at == 5.0


def test_numbers_that_json_has_not_are_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        codec.dumps({"a": float("nan")})


def test_one_object_is_one_line_even_with_line_separators_in_it() -> None:
    line = codec.dumps(codec.encode(Dial("a\nb")))

    assert "\n" not in line


def test_a_nested_filter_is_read_by_its_type() -> None:
    found = codec.decode_command({"type": "list_history", "filter": {"missed": True, "limit": 5}})

    assert isinstance(found, ListHistory)
    assert (found.filter.missed, found.filter.limit) == (True, 5)


def test_a_refusal_of_a_huge_value_stays_short() -> None:
    with pytest.raises(ProtocolError) as refusal:
        codec.decode_command({"type": "ask", "what": "x" * 100_000})

    assert len(refusal.value.message) < 500


@dataclass(frozen=True)
class Nest:
    """Lists and dictionaries as fields, which few messages have."""

    table: dict[str, HistoryChanged]
    row: list[int]
    pair: tuple[int, str]


def test_tables_lists_and_pairs_survive_too() -> None:
    nest = Nest({"a": HistoryChanged(3)}, [1, 2], (7, "x"))

    assert codec.decode(there_and_back(codec.encode_plain(nest)), Nest) == nest


def test_tones_have_sensible_defaults() -> None:
    assert codec.decode_command({"type": "send_tones", "call": "c", "digits": "1"}) == SendTones(
        CallId("c"), "1"
    )
