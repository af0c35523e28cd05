"""A contact centre's agent in the console: status, time in state, disposition, calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentCall, AgentGroup, AgentStatus
from softphone.model.call import AccountName, CallId
from softphone.model.message import ScreenPop
from softphone.model.presence import LinkState, OnlineUser
from softphone.ui.clock import local_epoch
from tests.ui.conftest import NOW, START, Console, FakeEngine, OpenConsole
from tests.ui.test_snapshots import SIZES, _compare

HUB = AccountName("hub")
REASONS = (c.CodedName("7", "Lunch [x]", "Productive"), c.CodedName("9", "Training"))
WRAP = AgentStatus(
    HUB, AgentGroup.AFTER_CALL, "Wrap", since_mono=START - 130, campaign_id="22",
    native_call="olos-1", may_dispose=True,
)  # fmt: skip


async def at_desk(console: Console, engine: FakeEngine, status: AgentStatus = WRAP) -> None:
    engine.state.accounts.clear()
    account = console.make.account("hub", kind="x", numbers=(), refusals=())
    engine.reply(c.ListReasons, c.Reply(value=c.CodedNames(REASONS)))
    await console.emit(e.AccountChanged(account), e.AgentStatusChanged(status))


async def test_status_reason_and_time_in_state_are_shown(
    console: Console, engine: FakeEngine
) -> None:
    paused = replace(WRAP, group=AgentGroup.PAUSED, title="Pause", reason="[red]Lunch")
    await at_desk(console, engine, paused)

    text = console.screen_text()

    assert "status Pause" in text
    assert "[red]Lunch" in text
    assert "2 min" in text


async def test_who_is_signed_in_is_in_the_header_where_there_is_room(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    for width, there in ((140, True), (60, False)):
        async with open_console(size=(width, 24)) as console:
            await at_desk(console, engine)
            known = replace(
                console.app.view.state.accounts[HUB], identity="boss [b]@ acme of the world"
            )
            await console.emit(e.AccountChanged(known))

            assert ("boss [b]@ acme of the world" in console.screen_text().splitlines()[0]) is there


async def test_the_time_after_a_call_counts_in_seconds(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine)
    assert "02:10" in console.screen_text()

    console.clock.advance(5)
    await console.until(lambda: "02:15" in console.screen_text())


async def test_a_status_on_a_lost_line_is_old_and_asks_for_nothing(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine)
    assert "Q result of the call" in console.screen_text()

    await console.emit(e.OnlineUsersChanged(HUB, (OnlineUser("r1", "7", "baker"),)))
    lost = replace(console.app.view.state.accounts[HUB], link=LinkState.RECONNECTING)
    await console.emit(e.AccountChanged(lost))

    assert "result of the call" not in console.screen_text()
    old = [r for r in console.app.main.presence.rows.rows if r.key[1:2] in (("agent",), ("user",))]
    assert [{role for _, role in row.line} for row in old] == [{"stale"}, {"stale"}]


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (("enter",), c.SetAgentStatus(HUB, "idle")),
        (("down", "enter"), c.SetAgentStatus(HUB, "pause", "7")),
    ],
)
async def test_the_status_is_chosen_from_the_platforms_reasons(
    console: Console, engine: FakeEngine, keys: tuple[str, ...], sent: c.SetAgentStatus
) -> None:
    await at_desk(console, engine)

    await console.press("tab", "Z")
    assert "Lunch [x]" in console.screen_text()
    await console.press(*keys)

    assert console.commands(c.SetAgentStatus) == [sent]


async def test_a_disposition_is_given_to_the_call_that_waits_for_it(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine)
    names = (c.CodedName("S1", "Sold"), c.CodedName("C1", "Call back", "Callback"))
    engine.reply(c.ListDispositions, c.Reply(value=c.CodedNames(names)))

    await console.press("tab", "Q", "enter")
    await console.press("Q", "down", "enter", *"2099-12-31", "space", *"14:30", "enter")

    first, second = console.commands(c.DisposeCall)
    assert console.commands(c.ListDispositions)[0] == c.ListDispositions(HUB, "22")
    assert first == c.DisposeCall(HUB, "olos-1", "S1")
    assert second.call_back_at == local_epoch("2099-12-31 14:30")


async def test_a_call_back_in_the_past_is_not_taken(console: Console, engine: FakeEngine) -> None:
    await at_desk(console, engine)
    names = (c.CodedName("C1", "Call back", "Callback"),)
    engine.reply(c.ListDispositions, c.Reply(value=c.CodedNames(names)))

    await console.press("tab", "Q", "enter", *"2001-01-01", "space", *"10:00", "enter")

    assert not console.commands(c.DisposeCall)
    assert "a time to come" in console.screen_text()


async def test_without_a_call_to_dispose_the_key_says_so(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine, replace(WRAP, may_dispose=False))

    await console.press("tab", "Q")

    assert "No call waits" in console.screen_text()


async def test_the_platform_dials_and_hangs_up(console: Console, engine: FakeEngine) -> None:
    await at_desk(console, engine)

    console.app.act("agent.dial")
    await console.settle()
    await console.press(*"021234", "enter")
    console.app.act("agent.hang_up")
    await console.settle()

    assert console.commands(c.PlaceAgentCall) == [c.PlaceAgentCall(HUB, "021234", "22")]
    assert console.commands(c.HangUpAgentCall) == [c.HangUpAgentCall(HUB, "olos-1")]


async def test_of_thousands_online_a_few_are_shown_and_the_rest_counted(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine)
    users = tuple(OnlineUser(f"r{n}", str(n), f"user{n}") for n in range(5000))

    await console.emit(e.OnlineUsersChanged(HUB, users))
    text = console.app.main.presence.rows.text
    await console.emit(e.OnlineUsersChanged(HUB, users[:6]))

    assert "user4" in text
    assert "user5" not in text
    assert "4995 more Y" in text
    assert "user5" in console.app.main.presence.rows.text


async def test_commands_that_are_off_say_why(console: Console, engine: FakeEngine) -> None:
    engine.state.accounts.clear()
    off = console.make.account("hub", refusals=(("agent_commands", "Commands are off."),))
    await console.emit(e.AccountChanged(off))

    await console.press("tab", "Z")

    assert "Commands are off." in console.screen_text()


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01 10:00", "9999999999-01-01 10:00"])
def test_a_time_that_is_none_is_none(text: str) -> None:
    assert local_epoch(text) is None


HELD = (AgentCall("olos-1", "+390245871203", "talking"), AgentCall("olos-2", step="[red]alerting"))


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_calls_of_the_platform_are_rows_that_say_they_are_remote(
    open_console: OpenConsole, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async with open_console(size=size) as console:
        await at_desk(console, engine, replace(WRAP, calls=HELD))

        text = console.app.main.calls.rows.text

        assert text.count("REMOTE") == 2
        assert "+39 02 4587 1203" in text
        assert "[red]alerting" in text
        assert "number not told" in text


async def test_enter_on_a_remote_call_takes_its_number_to_the_dialer_and_calls_nobody(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine, replace(WRAP, calls=HELD[:1]))
    await console.focus("calls")

    await console.press("enter")

    assert console.app.main.dialer.field.value == "+390245871203"
    assert not console.commands(c.Dial)


async def test_a_remote_call_that_came_with_a_call_here_says_so(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine, replace(WRAP, calls=HELD[:1]))
    pop = ScreenPop("p1", HUB, NOW, "voice", call=CallId("c1"), native_id="olos-1")
    assert "no sound" in console.app.main.calls.rows.text

    await console.emit(e.CallChanged(console.make.call("c1")), e.ScreenPopped(pop))

    assert "talking · same call" in console.app.main.calls.rows.text


async def test_a_remote_call_goes_when_the_platform_holds_it_no_longer(
    console: Console, engine: FakeEngine
) -> None:
    await at_desk(console, engine, replace(WRAP, calls=HELD))

    await console.emit(e.AgentStatusChanged(replace(WRAP, calls=())))

    assert "REMOTE" not in console.app.main.calls.rows.text


@pytest.mark.parametrize("scene", ["agent", "pops"])
async def test_an_agents_desk_looks_as_in_its_snapshot(
    open_console: OpenConsole, engine: FakeEngine, scene: str
) -> None:
    pop = ScreenPop(
        "p1", HUB, NOW - 30, "third party", "+390245871203", "C1203", "Renewals", ("priority",),
        (("skillGroup", "gold"),), '{"name": "Anna [b]Rossi", "plan": "gold", "since": 2019}',
        native_id="olos-1",
    )  # fmt: skip
    async with open_console(SIZES[0]) as console:
        await at_desk(console, engine, replace(WRAP, calls=HELD, queued="pause"))
        users = tuple(OnlineUser(f"r{n}", str(n), f"user{n}") for n in range(40))
        await console.emit(e.OnlineUsersChanged(HUB, users), e.ScreenPopped(pop))
        if scene == "pops":
            await console.press("tab", "K")
        _compare(console, f"{scene}-80x24")

        await console.pilot.resize_terminal(*SIZES[1])
        await console.settle()
        _compare(console, f"{scene}-140x45")


async def test_what_came_of_a_call_is_picked_from_the_configured_words(
    console: Console, engine: FakeEngine
) -> None:
    call = console.make.call("c1")
    await console.show_calls(call)
    names = (c.CodedName("sold", "sold"), c.CodedName("open", "open"))
    engine.reply(c.ListCodes, c.Reply(value=c.CodedNames(names)))

    await console.press("ctrl+g", "g", "down", "enter")

    assert console.commands(c.ListCodes) == [c.ListCodes(call.id)]
    assert console.commands(c.Dispose) == [c.Dispose("open", call.id)]


async def test_a_reminder_is_asked_for_and_sent(console: Console) -> None:
    await console.press("ctrl+g", "n", *"20m", "enter")

    assert console.commands(c.Remind) == [c.Remind("20m")]
