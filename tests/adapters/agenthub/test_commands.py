"""Commands over the platform's HTTP interface, and what the lab makes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentCall, AgentGroup
from softphone.model.capability import Capability
from softphone.model.error import Refused, RequestError, TokenError
from tests.adapters.agenthub.agent import NAME, Floor, Seat, a_floor, until


async def in_command(floor: Floor, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Seat:
    """Return an agent who may give commands."""
    monkeypatch.setenv("LAB_AGENT_PASSWORD", floor.user("adams")["password"])
    commands = {
        "enabled": True,
        "base_url": floor.lab.hub.base_url,
        "username": "adams",
        "password_env": "LAB_AGENT_PASSWORD",
        **changed,
    }
    return await floor.at_work(commands=commands)


def disposed(floor: Floor) -> list[dict[str, Any]]:
    people = floor.hub.state()["operators"]
    found: list[dict[str, Any]] = next(p for p in people if p["ref"] == "adams@acme")["disposed"]
    return found


async def test_commands_are_off_unless_switched_on(floor: Floor) -> None:
    seat = await floor.at_work()

    why = seat.adapter.capabilities().why_not(Capability.AGENT_COMMANDS)

    assert why == "Commands are off; set enabled in the account's commands section."
    with pytest.raises(Refused, match="Commands are off"):
        await seat.do(c.ListReasons(NAME))


async def test_reasons_and_dispositions_are_listed(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)

    reasons = await seat.do(c.ListReasons(NAME))
    listed = await seat.do(c.ListDispositions(NAME))

    assert isinstance(reasons, c.CodedNames)
    assert isinstance(listed, c.CodedNames)
    assert reasons.names[0] == c.CodedName("LUN", "Lunch", "unproductive")
    assert listed.names[1] == c.CodedName("BACK", "Call back", "Callback, action plan")
    assert seat.adapter.capabilities().allows(Capability.AGENT_COMMANDS)


@pytest.mark.parametrize("reason", ["LUN", "Lunch", "1"])
async def test_an_agent_pauses_with_a_reason_and_comes_back(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    seat = await in_command(floor, monkeypatch)

    await seat.do(c.SetAgentStatus(NAME, "pause", reason))
    await until(lambda: seat.status.group is AgentGroup.PAUSED)
    assert seat.status.reason == "Lunch"
    await seat.do(c.SetAgentStatus(NAME, "idle"))

    await until(lambda: seat.status.group is AgentGroup.AVAILABLE)


async def test_a_pause_with_an_unknown_reason_is_refused_by_the_platform(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)

    with pytest.raises(Refused, match=r"^The platform refuses: No such reason\.$"):
        await seat.do(c.SetAgentStatus(NAME, "pause", "NOPE"))
    with pytest.raises(Refused, match="needs a reason"):
        await seat.do(c.SetAgentStatus(NAME, "pause"))
    with pytest.raises(Refused, match="pause or idle"):
        await seat.do(c.SetAgentStatus(NAME, "dancing"))


async def test_a_call_through_the_platform_goes_from_dial_to_disposition(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)

    await seat.do(c.PlaceAgentCall(NAME, "+55 11 99999-0000"))
    await until(lambda: seat.status.status_id == 21)
    call = seat.status.native_call
    assert seat.status.calls == (AgentCall(call, "+5511999990000", "agent connected"),)
    await seat.do(c.HangUpAgentCall(NAME))
    await until(lambda: seat.status.may_dispose)
    await seat.do(c.DisposeCall(NAME, call, "SALE"))
    await until(lambda: seat.status.group is AgentGroup.AVAILABLE)

    assert call
    assert disposed(floor)[-1]["CallId"] == call
    assert disposed(floor)[-1]["DispositionId"] == 101
    assert f"Olos call {call}: agent connected" in seat.remarks()


async def test_a_call_back_has_its_date_and_number(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)
    at = datetime(2027, 3, 4, 15, 30).astimezone()
    await seat.do(c.PlaceAgentCall(NAME, "11999990000", "22"))
    await until(lambda: seat.status.status_id == 21)
    call = seat.status.native_call
    await seat.do(c.HangUpAgentCall(NAME, call))

    await seat.do(c.DisposeCall(NAME, call, "102", at.timestamp(), "11988887777"))

    sent = disposed(floor)[-1]
    assert [sent[key] for key in ("Year", "Month", "Day", "Hour", "Minute")] == [2027, 3, 4, 15, 30]
    assert (sent["PhoneNumber"], sent["SpecificAgent"]) == ("11988887777", True)


async def test_the_wrap_up_of_a_lab_call_ends_with_its_disposition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_floor(agent_wrap_s=60.0) as floor:
        seat = await in_command(floor, monkeypatch)
        shifts = floor.hub.shifts

        floor.lab.hub.tell_call("CA1", "rings", "+391", "Anna")
        floor.lab.hub.tell_call("CA1", "answered")
        floor.lab.hub.tell_call("CA1", "over")
        await until(lambda: seat.status.may_dispose)
        call = seat.of(e.ScreenPopped)[-1].pop.native_id
        assert seat.status.native_call == call
        await seat.do(c.DisposeCall(NAME, "", "NOINT"))
        await until(lambda: seat.status.status_id == 1)

        assert [day.call for day in shifts.days.values()].count("") == len(shifts.days)


async def test_a_disposition_or_call_nobody_knows_is_refused(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)

    with pytest.raises(Refused, match="no call"):
        await seat.do(c.DisposeCall(NAME, "", "SALE"))
    with pytest.raises(Refused, match="No such call"):
        await seat.do(c.DisposeCall(NAME, "99", "SALE"))
    with pytest.raises(Refused, match="No such disposition"):
        await seat.do(c.DisposeCall(NAME, "99", "NOPE"))
    with pytest.raises(Refused, match="needed"):
        await seat.do(c.DisposeCall(NAME, "99", " "))
    with pytest.raises(Refused, match="no number"):
        await seat.do(c.PlaceAgentCall(NAME, "anna"))
    await until(lambda: "PLATFORM_REFUSED" in seat.codes())


async def test_a_session_that_expired_is_got_anew(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)
    await seat.do(c.ListReasons(NAME))

    await floor.act("expire-commands")

    assert isinstance(await seat.do(c.ListReasons(NAME)), c.CodedNames)


async def test_a_wrong_password_is_a_sentence_without_it(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch)
    monkeypatch.setenv("LAB_AGENT_PASSWORD", "hunter2")

    with pytest.raises(TokenError) as problem:
        await seat.do(c.ListReasons(NAME))

    assert "refuses the sign-in for commands (400)" in problem.value.message
    assert "hunter2" not in problem.value.message


async def test_a_command_interface_that_is_not_there_is_a_sentence(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await in_command(floor, monkeypatch, base_url="http://127.0.0.1:9")

    with pytest.raises((TokenError, RequestError), match=r"127\.0\.0\.1"):
        await seat.do(c.ListReasons(NAME))
