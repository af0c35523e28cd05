"""Several clients at one engine: the same events, control, and clients that misbehave."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from softphone.engine.connect import attach
from softphone.engine.link import BUFFER_LIMIT, Role
from softphone.model import codec
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallState, EndReason
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.error import LinkError
from softphone.model.event import Level
from softphone.model.presence import OnlineUser
from softphone.model.record import HistoryFilter
from softphone.model.state import ConsoleState
from tests.engine.office import AUDIN, Office, RawClient, until


async def test_all_clients_see_the_same_numbered_events(office: Office) -> None:
    one = await RawClient.welcomed(office.paths.socket)
    two = await RawClient.welcomed(office.paths.socket)

    for number in range(50):
        office.engine.note("test", Level.INFO, f"line {number}")
    seen = [[await client.hear() for _ in range(50)] for client in (one, two)]

    numbers = [line["seq"] for line in seen[0]]
    assert seen[0] == seen[1]
    assert numbers == list(range(numbers[0], numbers[0] + 50))
    await one.close()
    await two.close()


async def test_a_snapshot_with_its_events_is_what_a_fresh_snapshot_says(office: Office) -> None:
    early = await office.at_work()
    call = await early.dial("tone")
    await early.do(c.Mute(call.id))
    await early.do(c.HangUp(call.id))
    await early.over(call.id)
    sid = await office.ring()
    offer = await early.offered()
    await office.ask_lab(office.control.hang_up, sid)
    await early.over(offer.id)

    late = (await office.sit()).state

    await until(lambda: early.state.seq >= late.seq)
    assert shown(early.state) == shown(late)


def shown(state: ConsoleState) -> dict[str, object]:
    """Return everything but what moves ten times a second."""
    moving = ("levels", "quality")
    return {name: getattr(state, name) for name in state.__slots__ if name not in moving}


async def test_a_second_console_watches_until_it_takes_over(office: Office) -> None:
    first, second = await office.at_work(), await office.sit()
    call = await first.dial("echo")
    await until(lambda: call.id in second.state.calls)

    refused = await second.ask(c.Mute(call.id))
    reading = await second.ask(c.ListHistory())
    await second.do(c.TakeOver())
    await second.do(c.Mute(call.id))
    lost = await first.ask(c.HangUp(call.id))

    assert (refused.code, lost.code) == ("READ_ONLY", "READ_ONLY")
    assert reading.ok
    await until(lambda: first.state.controller == second.link.client)
    assert first.state.consoles == 2


async def test_control_goes_on_when_the_console_that_had_it_leaves(office: Office) -> None:
    first, second = await office.at_work(), await office.sit()

    await first.leave()

    await until(lambda: second.state.controller == second.link.client)
    assert second.state.consoles == 1


async def test_a_command_may_act_beside_a_console(office: Office) -> None:
    desk, command = await office.at_work(), await office.command()
    call = await desk.dial("echo")

    await command.do(c.HangUp(call.id))

    await desk.over(call.id)


async def test_a_client_that_does_not_read_is_dropped_and_the_call_goes_on(office: Office) -> None:
    desk = await office.at_work()
    await desk.dial("echo")
    deaf = await RawClient.welcomed(office.paths.socket)
    deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket transport
    clients = len(office.engine.hub.clients)
    frames, began = office.frames(), time.monotonic()

    for number in range(8_000):
        office.engine.hub.publish(e.Noted(0.0, "test", Level.INFO, f"{number} {'x' * 100}"))
        if number % 20 == 0:
            await asyncio.sleep(0)
    await until(lambda: len(office.engine.hub.clients) < clients)
    await until(lambda: office.frames() > frames + 25)

    passed = time.monotonic() - began
    assert office.frames() - frames > passed * 50 * 0.8
    assert (await desk.ask(c.Ask(c.Query.CONTACTS))).ok
    await deaf.close()


async def test_a_long_answer_drops_nobody(office: Office) -> None:
    """A page of contacts is longer than the limit for unread events."""
    desk = await office.sit()
    for number in range(200):
        contact = Contact(
            ContactId(f"k{number}"), f"N {number}", (ContactAddress(f"+39{number:05}"),),
            note="x" * 4_000,
        )  # fmt: skip
        await office.engine.store.save_contact(contact)
    client = await RawClient.welcomed(office.paths.socket, "console")
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket transport

    client.say({"id": 1, "command": {"type": "search_contacts", "text": "", "limit": 1000}})
    await until(lambda: any(k._unread() > BUFFER_LIMIT for k in office.server._connections))
    for _ in range(10):
        office.engine.note("test", Level.INFO, "meanwhile")
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a socket transport

    assert len((await client.reply())["value"]["contacts"]) == 200
    assert (await desk.ask(c.ListHistory())).ok
    await client.close()


async def test_one_long_event_drops_nobody(office: Office) -> None:
    """A list of thousands of online users is longer than the limit for unread events."""
    desk = await office.sit()
    users = tuple(OnlineUser(f"ref-{n:013}", str(n), f"user {n}", 1.0) for n in range(8000))

    office.engine.emit(e.OnlineUsersChanged(AUDIN, users))
    for number in range(50):
        office.engine.note("test", Level.INFO, f"line {number}")

    await until(lambda: "line 49" in desk.log())
    assert len(desk.state.online_users[AUDIN]) == 8000


async def test_an_answer_that_fits_no_line_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softphone.engine.server.LINE_LIMIT", 200)
    desk = await office.sit()

    reply = await desk.ask(c.Ask(c.Query.DEVICES))

    assert (reply.ok, reply.code) == (False, "TOO_LONG")


@pytest.mark.parametrize(
    "hello",
    [
        b"not json\n",
        b"\xff\xfe\x00\n",
        b"[]\n",
        b'{"hello": 7}\n',
        b'{"hello": {"version": 2, "role": "console"}}\n',
        b'{"hello": {"version": NaN}}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (5 * 1024 * 1024),
        b"",
    ],
    ids=["text", "bytes", "list", "number", "version", "nan", "deep", "endless", "nothing"],
)
async def test_a_hello_that_is_none_is_dropped_and_the_engine_lives(
    office: Office, hello: bytes
) -> None:
    client = await RawClient.open(office.paths.socket)

    client.say(hello)
    if not hello:
        client.writer.write_eof()

    assert await client.is_dropped()
    await client.close()
    assert (await (await office.sit()).ask(c.Ask(c.Query.CONTACTS))).ok


async def test_a_client_of_another_version_is_told_so(office: Office) -> None:
    client = await RawClient.open(office.paths.socket)

    client.say({"hello": {"version": 99, "role": "console", "name": "new"}})

    assert "another version" in (await client.hear())["refused"]
    await client.close()


async def test_an_engine_that_refuses_is_told_in_its_own_words(folder: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"refused": "Not today."}\n')
        writer.close()

    path = folder / "x.sock"
    async with await asyncio.start_unix_server(refuse, path):
        with pytest.raises(LinkError, match=r"Not today\."):
            await attach(path, Role.COMMAND, "test")


async def test_an_engine_that_talks_rubbish_does_not_answer(folder: Path) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\n")
        writer.close()

    path = folder / "x.sock"
    async with await asyncio.start_unix_server(babble, path):
        with pytest.raises(LinkError, match="does not answer"):
            await attach(path, Role.COMMAND, "test")


@pytest.mark.parametrize(
    "command",
    [
        None,
        7,
        "hang_up",
        {},
        {"type": "no_such_command"},
        {"type": "hang_up"},
        {"type": "hang_up", "call": 7},
        {"type": "mute", "call": "x", "on": "yes"},
        {"type": "dial", "to": ["a"]},
        {"type": "meter", "on": True, "loopback": 1e400},
        {"type": "list_history", "filter": {"limit": 2**60}},
        {"type": "__class__"},
    ],
)
async def test_a_command_that_is_none_is_answered_and_the_client_stays(
    office: Office, command: object
) -> None:
    client = await RawClient.welcomed(office.paths.socket)

    client.writer.write(
        b'{"id": 1, "command": ' + codec.dumps(command).encode() + b"}\n"
        if command != {"type": "meter", "on": True, "loopback": 1e400}
        else b'{"id": 1, "command": {"type": "meter", "on": true, "loopback": 1e400}}\n'
    )
    bad = await client.reply()
    client.say({"id": 2, "command": {"type": "ask", "what": "contacts"}})

    assert bad["ok"] is False
    assert (await client.reply())["ok"] is True
    await client.close()


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "\\ud800", "command": {"type": "ask", "what": "contacts"}}\n',
        b'{"id": 1, "command": {"type": "select_devices", "input": "file:in=\\ud800"}}\n',
        b'{"id": 1, "command": {"type": "go_online", "account": "\\ud800", "numbers": null}}\n',
        b'{"id": 1, "command": {"type": "save_note", "call": "\\ud800", "text": "\\ud800"}}\n',
        b'{"id": 1, "command": {"type": "list_history", "filter": {"text": "\\ud800"}}}\n',
        b'{"id": 1, "command": {"type": "show_record", "call": "\\u0000"}}\n',
    ],
)
async def test_half_characters_reach_neither_the_store_nor_other_clients(
    office: Office, line: bytes
) -> None:
    client = await RawClient.welcomed(office.paths.socket)

    client.say(line)
    await client.reply()

    other = await office.sit()
    assert (await other.ask(c.Ask(c.Query.CONTACTS))).ok
    assert other.state.store_problem == ""
    await client.close()


async def test_a_line_that_is_not_json_drops_the_client_only(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")
    client = await RawClient.welcomed(office.paths.socket)

    client.say(b"}{\n")

    assert await client.is_dropped()
    await client.close()
    assert desk.state.calls[call.id].state is CallState.ACTIVE


async def test_too_many_commands_at_once_are_refused(office: Office) -> None:
    client = await RawClient.welcomed(office.paths.socket)

    lines = [{"id": n, "command": {"type": "ask", "what": "contacts"}} for n in range(100)]
    client.say(b"".join(codec.dumps(line).encode() + b"\n" for line in lines))
    replies = [await client.reply() for _ in range(100)]

    codes = [reply["code"] for reply in replies]
    assert "TOO_MANY" in codes
    assert codes.count("") >= 32
    await client.close()


async def test_a_bug_in_a_command_is_answered_and_logged(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await office.sit()

    async def broken(wanted: HistoryFilter, writings: Sequence[str] = ()) -> c.HistoryPage:
        raise ZeroDivisionError

    monkeypatch.setattr(office.engine.store, "history", broken)

    reply = await desk.ask(c.ListHistory())

    assert reply.code == "INTERNAL"
    assert "ListHistory" in caplog.text


async def test_the_socket_is_for_its_owner_alone(office: Office) -> None:
    assert stat.S_IMODE(office.paths.socket.stat().st_mode) == 0o600


async def test_another_user_is_not_greeted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_711)

    with pytest.raises(LinkError, match="does not answer"):
        await attach(office.paths.socket, Role.COMMAND, "test")


async def test_without_an_engine_the_client_says_so(folder: Path) -> None:
    with pytest.raises(LinkError) as problem:
        await attach(folder / "none.sock", Role.COMMAND, "test")

    assert problem.value.code == "NO_ENGINE"


async def test_a_stopping_engine_says_so_hangs_up_and_lets_clients_go(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial("echo")

    await desk.do(c.Shutdown())
    await until(lambda: desk.state.stopping == "asked to stop")
    over = await desk.over(call.id)
    await office.server.close()

    await until(lambda: desk.gone)
    assert not over.live
    with pytest.raises(LinkError):
        await desk.ask(c.ListHistory())
    await until(lambda: office.call()["phase"] == "over")


async def test_an_offer_that_rings_when_the_engine_stops_ends_as_offline(office: Office) -> None:
    desk = await office.at_work()
    await office.ring()
    offer = await desk.offered()

    office.engine.stop("test")

    over = await desk.over(offer.id)
    assert over.end_reason is EndReason.OFFLINE


async def test_a_command_in_flight_when_the_engine_goes_is_told(office: Office) -> None:
    desk = await office.sit()
    hangs = asyncio.Event()

    async def never(wanted: HistoryFilter, writings: Sequence[str] = ()) -> c.HistoryPage:
        await hangs.wait()
        raise AssertionError

    office.engine.store.history = never  # type: ignore[method-assign]
    asking = asyncio.create_task(desk.ask(c.ListHistory()))
    await until(lambda: any(k._requests for k in office.server._connections))

    await office.server.close()

    with pytest.raises(LinkError, match="engine is gone"):
        await asking
