"""The operator's own state over all platforms: asked for once, queued, kept over a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from softphone.config import CallsConfig
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.desk import DeskState, NextState
from softphone.model.presence import LinkState
from tests.engine.office import AUDIN, RIBBON, Office, Seat, an_office, until

WORDS = {"all": ("sold", "open")}


async def is_state(desk: Seat, state: DeskState) -> None:
    await until(lambda: desk.state.desk.state is state)


async def ended(desk: Seat) -> CallId:
    call = await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    return call.id


async def test_a_break_withdraws_every_platform_and_says_why(folder: Path) -> None:
    async with an_office(folder, gateway={"presence": "active"}) as office:
        desk = await office.at_work()
        await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
        await until(lambda: any(p.account == RIBBON for p in desk.state.presence.values()))
        await is_state(desk, DeskState.ROUTABLE)

        await desk.do(c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"))
        await until(lambda: not office.available())
        await is_state(desk, DeskState.NOT_ROUTABLE)
        told = [p for p in desk.state.presence.values() if p.account == RIBBON]
        away = desk.state.desk
        await office.ask_lab(office.control.ring, "alice@lab.test", far_end="tone")
        offer = await desk.offered()
        await desk.do(c.SetDesk(DeskState.ROUTABLE))
        await until(lambda: not desk.state.calls[offer.id].silenced)
        await until(office.available)
        await is_state(desk, DeskState.ROUTABLE)

    assert away.reason == "lunch"
    assert desk.seen(offer.id)[0].silenced  # the platform knows no pause: it rings in silence
    assert [(p.activity.value, p.note, p.reachable) for p in told] == [("lunch", "lunch", False)]
    assert away.since_mono < desk.state.desk.since_mono


async def test_a_break_can_wait_until_the_call_has_ended(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial(FAR_ENDS["tone"])

    await desk.do(c.SetDesk(DeskState.NOT_ROUTABLE, "break", when_free=True))
    await until(lambda: desk.state.desk.queued)
    queued, meanwhile = desk.state.desk.queued, desk.state.desk.state
    await desk.do(c.HangUp(call.id))
    await is_state(desk, DeskState.NOT_ROUTABLE)
    await until(lambda: not office.available())

    assert queued == NextState(DeskState.NOT_ROUTABLE, "break")
    assert meanwhile is DeskState.ROUTABLE
    assert desk.state.desk.queued is None
    assert desk.state.desk.reason == "break"


@pytest.mark.nightly
async def test_what_waits_can_be_dropped_and_comes_at_once_without_a_call(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.SetDesk(DeskState.NOT_ROUTABLE, "break", when_free=True))
    await desk.do(c.DropQueued())
    none = await desk.ask(c.DropQueued())
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    still = desk.state.desk.state

    await desk.do(c.SetDesk(DeskState.NOT_ROUTABLE, "break", when_free=True))
    await is_state(desk, DeskState.NOT_ROUTABLE)

    assert not none.ok
    assert still is DeskState.ROUTABLE


@pytest.mark.nightly
async def test_offline_is_a_state_and_available_comes_back_from_it(office: Office) -> None:
    desk = await office.at_work()

    await desk.do(c.SetDesk(DeskState.OFFLINE))
    await is_state(desk, DeskState.OFFLINE)
    await desk.do(c.SetDesk(DeskState.ROUTABLE))
    await is_state(desk, DeskState.ROUTABLE)

    await until(office.available)


@pytest.mark.nightly
async def test_a_number_of_ones_own_is_shown_from_now_on(office: Office) -> None:
    desk = await office.at_work()
    numbers = desk.state.accounts[AUDIN].numbers

    strange = await desk.ask(c.ChooseCallerId(AUDIN, "pn_99"))
    await desk.do(c.ChooseCallerId(AUDIN, numbers[-1].number))
    await until(lambda: desk.state.accounts[AUDIN].caller_id == numbers[-1].id)
    call = await desk.dial(FAR_ENDS["tone"])

    assert "pn_1" in strange.text
    assert call.local.address == numbers[-1].number


# ---- after-call work ---------------------------------------------------------------------------


async def test_after_call_work_has_an_end_that_can_be_moved_and_reached(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(wrap_up_s=60.0)) as office:
        desk = await office.at_work()
        await ended(desk)
        await is_state(desk, DeskState.AFTER_CALL)
        first = desk.state.desk.until_mono
        await until(lambda: not office.available())

        await desk.do(c.ExtendWrapUp(30.0))
        await until(lambda: desk.state.desk.until_mono != first)
        longer = desk.state.desk.until_mono
        await desk.do(c.FinishWrapUp())
        await is_state(desk, DeskState.ROUTABLE)
        await until(office.available)
        none = await desk.ask(c.FinishWrapUp())

    assert first is not None and longer is not None
    assert 29.0 < longer - first < 31.0
    assert not none.ok


@pytest.mark.nightly
async def test_a_break_that_waits_follows_after_call_work(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(wrap_up_s=60.0)) as office:
        desk = await office.at_work()
        call = await desk.dial(FAR_ENDS["tone"])
        await desk.do(c.SetDesk(DeskState.NOT_ROUTABLE, "break", when_free=True))
        await desk.do(c.HangUp(call.id))
        await is_state(desk, DeskState.AFTER_CALL)

        await desk.do(c.FinishWrapUp())
        await is_state(desk, DeskState.NOT_ROUTABLE)

    assert desk.state.desk.reason == "break"
    assert not office.available()


async def test_a_required_disposition_comes_before_the_next_call(folder: Path) -> None:
    rules = CallsConfig(dispositions=WORDS, disposition_required=("audin",))
    async with an_office(folder, calls=rules) as office:
        desk = await office.at_work()
        call = await ended(desk)
        await is_state(desk, DeskState.AFTER_CALL)
        waiting = desk.state.desk

        refused = await desk.ask(c.FinishWrapUp())
        by_key = await desk.ask(c.SetAvailable(AUDIN, True))
        await desk.do(c.Dispose("sold"))
        await is_state(desk, DeskState.ROUTABLE)
        await until(office.available)

    assert waiting.undisposed == (call,)
    assert waiting.until_mono is None
    assert refused.code == by_key.code == "DISPOSITION"
    assert desk.state.desk.undisposed == ()


@pytest.mark.nightly
async def test_a_disposition_given_in_the_call_leaves_nothing_to_do(folder: Path) -> None:
    rules = CallsConfig(dispositions=WORDS, disposition_required=("all",))
    async with an_office(folder, calls=rules) as office:
        desk = await office.at_work()
        call = await desk.dial(FAR_ENDS["tone"])

        await desk.do(c.Dispose("open", call.id))
        await desk.do(c.HangUp(call.id))
        over = await desk.over(call.id)
        found = await desk.do(c.ShowRecord(call.id))

    assert over.disposition == "open"
    assert desk.state.desk.state is DeskState.ROUTABLE
    assert isinstance(found, c.RecordFound) and found.record is not None
    assert found.record.call.disposition == "open"


# ---- after a crash ---------------------------------------------------------------------------


def crash(office: Office) -> None:
    """Let the engine forget to say goodbye, as one that is killed does."""
    rest = office.engine.operator.rest

    def forget() -> None:
        office.engine.operator._keep = lambda: None  # type: ignore[method-assign]
        rest()

    office.engine.operator.rest = forget  # type: ignore[method-assign]


@pytest.mark.parametrize("left_s", [60.0, 0.2])
async def test_after_call_work_goes_on_with_the_next_engine(folder: Path, left_s: float) -> None:
    rules = CallsConfig(wrap_up_s=left_s)
    async with an_office(folder, calls=rules) as office:
        desk = await office.at_work()
        await ended(desk)
        await is_state(desk, DeskState.AFTER_CALL)
        ends_at = office.engine.wall() + left_s
        crash(office)

    async with an_office(folder, calls=rules) as office:
        desk = await office.sit()
        await until(lambda: desk.state.accounts[AUDIN].numbers)
        if left_s < 1.0:
            await until(office.available)
            assert desk.state.desk.state is DeskState.ROUTABLE
        else:
            now = desk.state.desk
            assert now.state is DeskState.AFTER_CALL
            assert now.until_mono is not None
            left = now.until_mono - office.engine.monotonic()
            assert abs(left - (ends_at - office.engine.wall())) < 2.0
            assert not office.available()
            await desk.do(c.FinishWrapUp())
            await until(office.available)


@pytest.mark.nightly
@pytest.mark.parametrize("crashed", [True, False])
async def test_a_break_outlives_a_crash_but_not_the_working_day(
    folder: Path, crashed: bool
) -> None:
    async with an_office(folder) as office:
        first = await office.at_work()
        await first.do(c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"))
        await is_state(first, DeskState.NOT_ROUTABLE)
        if crashed:
            crash(office)

    async with an_office(folder) as office:
        desk = await office.sit()
        await until(lambda: desk.state.accounts[AUDIN].numbers)
        if crashed:
            await until(lambda: desk.state.desk.reason == "lunch")
            assert not office.available()
            await desk.do(c.SetDesk(DeskState.ROUTABLE))
        await until(office.available)


@pytest.mark.parametrize("crashed", [True, False])
async def test_do_not_disturb_and_the_number_shown_outlive_the_engine(
    folder: Path, crashed: bool
) -> None:
    async with an_office(folder) as office:
        first = await office.at_work()
        shown = first.state.accounts[AUDIN].numbers[-1]
        await first.do(c.SetQuiet(True))
        await first.do(c.ChooseCallerId(AUDIN, shown.id))
        if crashed:
            crash(office)

    async with an_office(folder) as office:
        desk = await office.at_work()
        await until(lambda: desk.state.desk.quiet)
        chosen = desk.state.accounts[AUDIN].caller_id
        call = await desk.dial(FAR_ENDS["tone"])
        await desk.do(c.SetQuiet(False))
        await desk.do(c.ChooseCallerId(AUDIN, ""))

    async with an_office(folder) as office:
        last = await office.at_work()

    assert chosen == shown.id
    assert call.local.address == shown.number
    assert not last.state.desk.quiet
    assert last.state.accounts[AUDIN].caller_id == ""


@pytest.mark.parametrize("chosen", [None, True, False])
async def test_a_changed_configuration_counts_where_nothing_else_was_chosen(
    folder: Path, chosen: bool | None
) -> None:
    async with an_office(folder, calls=CallsConfig(do_not_disturb=True)) as office:
        desk = await office.at_work()
        if chosen is not None:
            await desk.do(c.SetQuiet(chosen))

    async with an_office(folder, calls=CallsConfig(do_not_disturb=False)) as office:
        desk = await office.at_work()
        assert not desk.state.desk.quiet
        await desk.do(c.SetQuiet(True))

    async with an_office(folder, calls=CallsConfig(do_not_disturb=True)) as office:
        await office.at_work()

    async with an_office(folder, calls=CallsConfig(do_not_disturb=False)) as office:
        desk = await office.at_work()
        assert not desk.state.desk.quiet


async def test_a_call_that_needs_a_disposition_is_remembered_over_a_crash(folder: Path) -> None:
    rules = CallsConfig(dispositions=WORDS, disposition_required=("audin",))
    async with an_office(folder, calls=rules) as office:
        desk = await office.at_work()
        call = await ended(desk)
        await is_state(desk, DeskState.AFTER_CALL)
        crash(office)

    async with an_office(folder, calls=rules) as office:
        desk = await office.sit()
        waiting = desk.state.desk
        await desk.do(c.Dispose("sold"))
        await is_state(desk, DeskState.ROUTABLE)
        found = await desk.do(c.ShowRecord(call))

    assert waiting.state is DeskState.AFTER_CALL
    assert waiting.undisposed == (call,)
    assert isinstance(found, c.RecordFound) and found.record is not None
    assert found.record.call.disposition == "sold"
