"""Screens for a platform's services as pictures, at 80x24 and 140x45; see test_snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallState, Direction, Party
from softphone.model.message import Channel, Conversation, Delivery, Voicemail
from softphone.model.presence import Activity, Presence
from softphone.model.quality import QualitySample, QualitySummary, Warned
from softphone.model.record import PlatformRecord
from softphone.model.report import CallReport, ReportEvent, ReportMetric
from tests.ui.conftest import NOW, Console, FakeEngine, OpenConsole
from tests.ui.test_platform_screens import BOB, ONE, RIBBON, message, person, sign_in
from tests.ui.test_snapshots import SIZES, _compare

Scene = Callable[[Console, FakeEngine], Awaitable[None]]


async def messages(console: Console, engine: FakeEngine) -> None:
    said = (
        message("m1", "Hello, is the contract of ACME ready?", name="Bob Stone", at=NOW - 600),
        message("m2", "Nearly. I will call you back in\nfive minutes.", mine=True, at=NOW - 540),
        message("m3", "Thank you", name="Bob Stone", at=NOW - 60),
        message("m4", "On my way", mine=True, delivery=Delivery.FAILED, problem="Not online."),
    )
    talks = [
        Conversation(RIBBON, BOB, Channel.IM, said[-1], 0),
        Conversation(RIBBON, "carol@lab.test", Channel.IM,
                     message("m9", "Lunch?", peer="carol@lab.test", at=NOW - 4000), 2),
    ]  # fmt: skip
    engine.reply(c.ListConversations, c.Reply(value=c.ConversationPage(tuple(talks))))
    engine.reply(c.ListMessages, c.Reply(value=c.MessagePage(tuple(reversed(said)))))
    await console.press("tab", "M", "enter", *"Sending it now")


async def directory(console: Console, engine: FakeEngine) -> None:
    people = (person("Carol Reed", "carol@lab.test"), person("Carl Ives", "carl@lab.test"))
    engine.reply(c.SearchDirectory, c.Reply(value=c.ContactPage(people, 2)))
    await console.press("tab", "B", *"Car", "enter", "down")


async def report(console: Console, engine: FakeEngine) -> None:
    steps = (
        ReportEvent("e1", "MAKE", NOW, NOW + 5.109),
        ReportEvent("e2", "GET_USER_MEDIA", NOW, NOW + 0.002, "e1"),
        ReportEvent("e3", "CREATE_OFFER", NOW + 0.002, NOW + 0.01, "e1"),
        ReportEvent("e4", "PROCESS_MEDIA_LOCAL", NOW + 0.01, NOW + 0.12, "e1"),
        ReportEvent("e5", "ICE_COLLECTION", NOW + 0.012, NOW + 0.117, "e4"),
        ReportEvent("e6", "REST_REQUEST", NOW + 0.12, NOW + 0.14, "e1",
                    data=(("requestType", "CREATE_SESSION"),)),
        ReportEvent("e7", "REMOTE_RINGING", NOW + 0.3, NOW + 0.3, "e1"),
        ReportEvent("e8", "HOLD_LOCAL", NOW + 20, NOW + 20.1, error="far end refused"),
    )  # fmt: skip
    metrics = (
        ReportMetric("TIME_TO_MAKE", 5109.0),
        ReportMetric("TIME_TO_COLLECT_ICE_CANDIDATES", 105.0, "MAKE"),
    )
    found = c.ReportFound(CallReport(ONE, steps, metrics, "{}"))
    engine.reply(c.ShowReport, c.Reply(value=found))
    figures = (("codec", "opus 48000"), ("round trip", "2.1 ms"), ("lost", "0 of 1,204"))
    engine.reply(c.ShowStatistics, c.Reply(value=c.FiguresFound(figures)))
    summary, samples = QualitySummary(), []
    for second in range(40):
        bad = 20 <= second < 30
        sample = QualitySample(ONE, NOW + second, 62.0, 4.0, 40.0, 30.0, 0.11 if bad else 0.0,
                               3.1 if bad else 4.3, 120.0, loss_out=0.0, mos_out=4.4,
                               warnings=(Warned.LOSS_IN,) if bad else ())  # fmt: skip
        summary = summary.with_sample(sample)
        samples.append(sample)
    engine.reply(c.ShowQuality, c.Reply(value=c.QualityFound(summary, tuple(samples))))
    await console.show_calls(console.make.call("c1", account=RIBBON))
    await console.press("tab", "I")


async def services(console: Console, engine: FakeEngine) -> None:
    found = c.SubscriptionsFound(
        ("call", "IM"),
        ("call", "IM", "MWI"),
        ("call", "IM", "Presence", "MWI"),
        (c.EventSubscription("event:conference", (BOB, "carol@lab.test")),),
        (("connected", "yes"), ("keep-alive", "every 30 s")),
    )
    engine.reply(c.ShowSubscriptions, c.Reply(value=found))
    await console.press("tab", "U", "down", "down")


async def platform_events(console: Console, engine: FakeEngine) -> None:
    bodies = ('{"eventType":"ringing","sessionParams":{"sessionData":"A1"}}', '{"eventType":"mwi"}')
    for body in bodies:
        await console.emit(e.PlatformEvent(RIBBON, "ringing", NOW, body))
    await console.press("tab", "V", "g")


async def platform_history(console: Console, engine: FakeEngine) -> None:
    records = (
        PlatformRecord("r1", RIBBON, Direction.INBOUND, Party(BOB, "Bob Stone"), NOW, 12.0),
        PlatformRecord("r2", RIBBON, Direction.INBOUND, Party("+12145550100"), NOW, 0.0, True),
    )
    engine.reply(c.FetchHistory, c.Reply(value=c.PlatformHistory(records)))
    await console.press("tab", "H", "p")


async def transfer(console: Console, engine: FakeEngine) -> None:
    held = console.make.call("c2", CallState.HELD, account=RIBBON, remote=Party(BOB, "Bob Stone"))
    await console.show_calls(console.make.call("c1", account=RIBBON), held)
    page = c.ContactPage((person("Carol Reed", "carol@lab.test"),), 1)
    engine.reply(c.SearchContacts, c.Reply(value=page))
    await console.press("f5", *"Car")


async def roster(console: Console, engine: FakeEngine) -> None:
    await console.emit(
        e.PresenceChanged(Presence(RIBBON, "me@lab.test", True, Activity.ACTIVE)),
        e.PresenceChanged(Presence(RIBBON, BOB, True, Activity.ON_THE_PHONE)),
        e.PresenceChanged(Presence(RIBBON, "carol@lab.test", False)),
        e.VoicemailChanged(Voicemail(RIBBON, True, 2, 7)),
        e.UnreadChanged(3),
    )
    call = console.make.call(
        "c1", account=RIBBON, operation="transferring", received_parameters=(("X-Queue", "2"),)
    )
    await console.show_calls(call)


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        messages, directory, report, services, platform_events, platform_history, transfer, roster,
    )
}  # fmt: skip


@pytest.mark.parametrize("scene", list(SCENES))
async def test_screen_of_a_platform_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, scene: str
) -> None:
    async with open_console(SIZES[0]) as console:
        await sign_in(console)
        await SCENES[scene](console, engine)
        await console.settle()
        _compare(console, f"{scene}-80x24")

        await console.pilot.resize_terminal(*SIZES[1])
        await console.settle()
        _compare(console, f"{scene}-140x45")
