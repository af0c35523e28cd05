"""Calls that belong to a command: waited for, placed, and ended with it."""

from __future__ import annotations

from pathlib import Path

from softphone.model import command as c
from softphone.model.call import AccountName, CallState, EndReason
from tests.engine.office import Office, Seat, until


async def waiting(office: Office, wait: c.WaitForCall) -> Seat:
    """Return a command that waits for a call, with the desk reachable."""
    command = await office.command()
    await command.do(wait)
    await until(lambda: office.available() == ["pn_1"])
    return command


async def test_a_waiting_command_makes_the_desk_reachable_and_answers(office: Office) -> None:
    command = await waiting(office, c.WaitForCall(answer=True))

    await office.ring()

    (call,) = await until(
        lambda: [x for x in command.state.calls.values() if x.state is CallState.ACTIVE]
    )
    assert call.owner == command.link.client


async def test_a_command_that_only_waits_leaves_the_call_to_the_desk(office: Office) -> None:
    command = await waiting(office, c.WaitForCall())

    await office.ring()

    offer = await command.offered()
    assert offer.owner == ""
    assert office.engine.owners.waiters == {}


async def test_a_call_that_rings_already_is_taken(office: Office) -> None:
    desk = await office.at_work()
    await office.ring()
    offer = await desk.offered()
    command = await office.command()

    await command.do(c.WaitForCall(answer=True))

    call = await command.until_state(offer.id, CallState.ACTIVE)
    assert call.owner == command.link.client


async def test_a_command_that_waits_for_another_account_is_not_given_the_call(
    office: Office,
) -> None:
    command = await office.command()
    desk = await office.at_work()
    await command.do(c.WaitForCall(AccountName("other"), answer=True))

    await office.ring()

    assert (await desk.offered()).owner == ""
    assert len(office.engine.owners.waiters) == 1


async def test_of_two_that_wait_each_gets_one_call(office: Office) -> None:
    one = await waiting(office, c.WaitForCall(answer=True))
    two = await waiting(office, c.WaitForCall())

    await office.ring()
    await until(lambda: list(office.engine.owners.waiters) == [two.link.client])

    owners = [call.owner for call in office.engine.book.live()]
    assert owners == [one.link.client]


async def test_a_placed_call_ends_with_the_command_that_placed_it(office: Office) -> None:
    desk, command = await office.at_work(), await office.command()
    call = await command.dial("echo")

    await command.leave()

    over = await desk.over(call.id)
    assert over.end_reason is EndReason.HANGUP


async def test_a_call_placed_for_a_command_that_just_went_is_hung_up(office: Office) -> None:
    desk, command = await office.at_work(), await office.command()
    adapter = next(iter(office.engine.adapters.values()))
    submit = adapter.submit

    async def leaves_first(given: c.AccountCommand | c.CallCommand) -> c.Value | None:
        if isinstance(given, c.Dial):
            office.engine.detach(command.link.client)
        return await submit(given)

    adapter.submit = leaves_first  # type: ignore[assignment]  # watched

    await command.ask(c.Dial("echo"))

    (call,) = await until(lambda: list(desk.state.calls.values()))
    await desk.over(call.id)
    assert office.engine.book.live() == []


async def test_a_dial_of_somebody_who_is_gone_is_not_placed(office: Office) -> None:
    await office.at_work()

    reply = await office.engine.submit("command-99", c.Dial("echo"))

    assert not reply.ok
    assert office.calls() == []


async def test_a_desk_call_is_held_for_nothing_a_command_plays(
    office: Office, folder: Path
) -> None:
    """One line an account here: the command is refused, the desk's call stays as it is."""
    desk, command = await office.at_work(), await office.command()
    call = await desk.dial("echo")

    reply = await command.ask(c.Dial("tone", record=str(folder / "x.wav")))

    assert reply.code == "BUSY"
    assert desk.state.calls[call.id].state is CallState.ACTIVE
