"""Events of the platform as the operator gets them: status, pops, messages, names, the list."""

from __future__ import annotations

import json

import pytest

from softphone.adapters.agenthub.facts import Desk
from softphone.adapters.agenthub.wire_events import read_event
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentCall, AgentGroup
from softphone.model.message import Channel
from tests.adapters.agenthub.agent import NAME, Floor, Seat, until

OTHER = "11111111-2222-3333-4444-555555555555"


async def test_an_agent_signs_in_and_is_idle_in_a_campaign(floor: Floor) -> None:
    seat = await floor.at_work()

    await until(lambda: seat.status.group is AgentGroup.AVAILABLE)

    assert (seat.status.status_id, seat.status.title) == (1, "Idle")
    assert (seat.status.campaign, seat.status.campaign_id) == ("Renewals", "22")
    assert seat.links == ["offline", "connecting", "online"]
    assert seat.adapter.identity == "adams @ acme"
    assert [signed.identity for signed in seat.of(e.SignedIn)] == ["adams @ acme"]
    assert "the token is for adams @ acme, as agent" in seat.remarks()
    assert "signed in as John Adams" in seat.remarks()
    assert seat.told[0][0] == "connected"
    assert seat.told[0][1] == {
        "agentId": "52",
        "tenantId": "acme",
        "username": "adams",
        "roles": ["agent"],
    }


async def test_what_stays_so_over_a_reconnect_is_said_once(floor: Floor) -> None:
    seat = await floor.at_work()
    await until(lambda: "in campaign Support" in seat.remarks())

    await floor.drop()
    await seat.seen("LoginCampaignText", 2)
    assert seat.remarks().count("in campaign Support") == 1

    await floor.emit("LogoutCampaign", {"campaignId": 23})
    await floor.emit("LoginCampaignText", {"campaignId": 23, "campaignName": "Support"})
    await until(lambda: seat.remarks().count("in campaign Support") == 2)


async def test_a_pause_has_its_reason_and_keeps_its_time(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("status", status=4, reason=1)
    await until(lambda: seat.status.group is AgentGroup.PAUSED)
    first = seat.status
    await floor.act("status", status=4, reason=1)
    await seat.seen("ChangeStatusVoice", 3)

    assert (first.title, first.reason) == ("Pause", "Lunch")
    assert seat.status.since_mono == first.since_mono


async def test_what_comes_next_is_told_with_the_status(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("status", status=6, reason=2)
    await until(lambda: seat.status.group is AgentGroup.BUSY)

    assert (seat.status.title, seat.status.queued, seat.status.reason) == (
        "Talking",
        "pause",
        "Training",
    )
    assert not seat.status.may_dispose


@pytest.mark.parametrize("value", [4, "4", "Pause", "pause"])
async def test_a_status_is_a_number_a_text_or_a_name(floor: Floor, value: object) -> None:
    seat = await floor.at_work()

    await floor.emit("ChangeStatusVoice", {"agentStatusId": value})

    await until(lambda: seat.status.status_id == 4)


async def test_a_status_nobody_knows_is_shown_as_it_came(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("ChangeStatusVoice", {"agentStatusId": 77})
    await until(lambda: seat.status.status_id == 77)

    assert (seat.status.title, seat.status.group) == ("status 77", AgentGroup.UNKNOWN)


async def test_a_status_of_another_agent_changes_nothing_here(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("ChangeStatusVoice", {"agentId": OTHER, "agentStatusId": 4})
    await until(lambda: f"agent {OTHER}: pause" in seat.remarks())

    assert seat.status.status_id == 1


async def test_an_older_event_moves_the_status_not_back(floor: Floor) -> None:
    seat = await floor.at_work()
    await floor.act("status", status=2)
    await until(lambda: seat.status.status_id == 2)

    old = {"eventId": "1000-0"}
    await floor.emit("ChangeStatusVoice", {"agentStatusId": 1}, envelope=old)
    await seat.seen("ChangeStatusVoice", 3)

    assert seat.status.status_id == 2


async def test_an_older_event_moves_a_call_not_back(floor: Floor) -> None:
    seat = await floor.at_work()
    await floor.emit("ChangeManualCallState", {"callId": "5", "callState": 4})
    await until(lambda: seat.status.calls)

    old = {"eventId": "1000-0"}
    await floor.emit("ChangeManualCallState", {"callId": "5", "callState": 1}, envelope=old)
    await floor.emit("PreviewCallState", {"callId": "6", "callState": 1})
    await until(lambda: len(seat.status.calls) == 2)

    assert seat.status.calls[0] == AgentCall("5", step="agent connected")


async def test_calls_pops_and_words_for_another_agent_are_marked_and_change_nothing_here(
    floor: Floor,
) -> None:
    seat = await floor.at_work()
    before = seat.status

    await floor.emit("ActiveCall", {"agentId": OTHER, "callId": "5"})
    await floor.emit("ScreenPopVoice", {"agentId": OTHER, "callId": "6"})
    await floor.emit("ListCalls", {"agentId": OTHER, "calls": [{"callId": "7"}]})
    word = {"agentId": OTHER, "supervisorId": "9001", "message": "Break?"}
    await floor.emit("NewMsgFromSupervisor", word)
    await until(lambda: seat.of(e.MessageChanged))

    assert seat.status == before
    assert seat.of(e.ScreenPopped)[0].pop.flags == (f"for agent {OTHER}",)
    assert seat.of(e.MessageChanged)[0].message.peer == f"9001 to agent {OTHER}"
    assert f"call of agent {OTHER}: 5" in seat.remarks()


async def test_a_repeated_event_is_handled_once(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("duplicate")
    await floor.emit("Twice", {"a": 1})
    await floor.emit("After")
    await seat.seen("After")

    assert len(seat.raw("Twice")) == 1
    assert seat.adapter.counters["duplicates"] >= 1


async def test_events_without_an_id_are_all_handled(floor: Floor) -> None:
    seat = await floor.at_work()

    for _ in range(2):
        await floor.emit("NoId", {}, envelope={"eventId": "__drop__"})

    await seat.seen("NoId", 2)


async def test_a_pop_shows_the_customer(floor: Floor) -> None:
    seat = await floor.at_work()

    answer = await floor.act("pop", number="+390245871203", name="Anna Rossi")
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert (pop.kind, pop.number, pop.campaign) == ("voice", "+390245871203", "Renewals")
    assert (pop.native_id, pop.customer) == (answer["call"], "C1203")
    assert pop.numbers == ("+390245871203", "+390612345678")
    assert '"name": "Anna Rossi"' in pop.body
    assert ("tableName", "customers") in pop.fields
    assert "inbound" in pop.flags
    assert pop.call is None


async def test_flags_of_a_pop_are_words(floor: Floor) -> None:
    seat = await floor.at_work()
    data = json.dumps({"previewCall": True, "readOnly": True, "priorityCampaign": True})

    await floor.act("pop", data=data)
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert set(pop.flags) == {"preview", "read-only", "priority", "inbound"}


async def test_customer_data_that_is_no_json_is_shown_as_text(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("pop", data=json.dumps({"campaignData": "name=Anna;plan=[/]"}))
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert pop.body == "name=Anna;plan=[/]"


async def test_pops_of_one_call_take_each_others_place(floor: Floor) -> None:
    seat = await floor.at_work()

    for customer in ("C1", "C2"):
        await floor.emit("ScreenPopVoice", {"callId": "77", "customerId": customer})
    await until(lambda: len(seat.of(e.ScreenPopped)) == 2)

    first, second = (change.pop for change in seat.of(e.ScreenPopped))
    assert first.id == second.id
    assert second.customer == "C2"


async def test_possible_customers_are_a_list_to_pick_from(floor: Floor) -> None:
    seat = await floor.at_work()
    customers = [{"index": 0, "customerId": "A", "campaignData": "{}"}, 7, {"customerId": "B"}]

    await floor.emit("ScreenPopPossibleCustomers", {"callId": "9", "customers": customers})
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert [dict(one)["customerId"] for one in pop.customers] == ["A", "B"]


async def test_third_parties_are_all_shown(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("ThirdParty", {"order": 17})
    await floor.emit("ThirdPartyEvent", {"data": "from the till"})
    await floor.emit("ThirdPartyScreenPop", {"thirdPartyCallId": "t1", "phoneNumber": "551199"})
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert (pop.kind, pop.native_id, pop.number) == ("third party", "t1", "551199")
    assert "third party: order 17" in seat.remarks()
    assert "third party: from the till" in seat.remarks()
    assert {"ThirdParty", "ThirdPartyEvent", "ThirdPartyScreenPop"} <= set(seat.names())


async def test_a_conversation_comes_with_what_was_written_before(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("dialog")
    await until(lambda: len(seat.of(e.MessageChanged)) == 3)

    pop = seat.of(e.ScreenPopped)[0].pop
    messages = [change.message for change in seat.of(e.MessageChanged)]
    assert pop.kind == "text"
    assert "Marcos: Boa tarde!" in pop.body
    assert [m.text for m in messages] == [
        "Boa tarde!",
        "I get you somebody.",
        "Can I change my plan?",
    ]
    assert {(m.channel, m.peer) for m in messages} == {(Channel.TEXT, "Marcos")}
    assert len({m.id for m in messages}) == 3
    assert [m.name for m in messages] == ["", "Olivia", ""]
    assert messages[0].at < messages[1].at < messages[2].at


async def test_a_conversations_end_and_its_alerts_are_told(floor: Floor) -> None:
    seat = await floor.at_work()
    dialog = (await floor.act("dialog"))["dialog"]

    await floor.emit("InactivityAlert", {"dialogId": dialog, "message": "Answer, please."})
    await floor.emit("DialogTerminated", {"dialogId": dialog, "dispositionCode": "SALE"})
    await seat.seen("DialogTerminated")

    alert = next(r for r in seat.of(e.Remarked) if "Answer" in r.text)
    assert alert.level is e.Level.WARNING
    assert alert.alert
    assert alert.text == "conversation with Marcos: Answer, please."
    assert "conversation with Marcos ended: SALE" in seat.remarks()


async def test_a_written_message_of_a_channel_is_a_pop(floor: Floor) -> None:
    seat = await floor.at_work()
    data = {"conversationId": "m1", "from": "a@b.test", "subject": "Bill", "content": "Too high"}

    await floor.emit("AsyncMessageScreenPop", data)
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop

    assert (pop.kind, pop.customer) == ("message", "a@b.test")
    assert pop.body == "Bill\nToo high"


async def test_a_supervisors_word_is_a_message(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("supervisor", text="Lunch is off.")
    message = (await until(lambda: seat.of(e.MessageChanged)))[0].message

    assert (message.channel, message.peer) == (Channel.SUPERVISOR, "9001")
    assert message.text == "Lunch is off."


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("ConferenceRequestFail", {"errorCode": "7", "description": "no line"}, "no line (7)"),
        ("ChangeStatusFail", {"description": "not now"}, "not now"),
        ("PauseResponse", {"errorCode": 3, "errorMessage": "late"}, "late (3)"),
        ("SendMsgToSupervisorFail", {"reason": 7}, "message too long"),
        ("LogoutCCMFail", None, "no reason given"),
    ],
)
async def test_what_fails_is_an_error(floor: Floor, kind: str, data: object, said: str) -> None:
    seat = await floor.at_work()

    await floor.emit(kind, data)
    await until(lambda: seat.codes() == ["PLATFORM_REFUSED"])

    assert seat.errors() == f"{kind}: {said}."


async def test_an_answer_without_error_is_none(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("PauseResponse", {"errorCode": 0, "errorMessage": ""})
    await seat.seen("PauseResponse")

    assert seat.codes() == []


async def test_the_platforms_own_calls_are_told(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("ChangeManualCallState", {"callId": "5", "callState": 4})
    await floor.emit("AgentCallConnected", {"phoneNumber": "4001"})
    await seat.seen("AgentCallConnected")

    assert seat.status.native_call == "5"
    for words in ("Olos call 5: agent connected", "agent line connected 4001"):
        assert words in seat.remarks()


async def test_the_platforms_calls_are_a_list_with_number_and_step(floor: Floor) -> None:
    seat = await floor.at_work()
    listed = [
        {"callId": "5", "phoneNumber": "551199"},
        {"callId": "6", "phoneNumber": "551188", "manualCall": True, "consulting": "true"},
        {"callId": "7", "phoneNumber": "551177", "finished": True},
    ]

    await floor.emit("PreviewCallState", {"callId": "5", "callState": 1, "phoneNumber": "551199"})
    await until(lambda: seat.status.calls == (AgentCall("5", "551199", "alerting"),))
    await floor.emit("ListCalls", {"calls": listed})
    await until(lambda: len(seat.status.calls) == 2)
    assert seat.status.calls == (
        AgentCall("5", "551199", "alerting"),
        AgentCall("6", "551188", "consulting, manual call"),
    )

    await floor.emit("ChangeManualCallState", {"callId": "5", "callState": 5})
    await until(lambda: [call.id for call in seat.status.calls] == ["6"])
    await floor.emit("ChangeStatusVoice", {"agentStatusId": 1})
    await until(lambda: not seat.status.calls)


async def test_a_call_named_by_its_id_has_the_number_of_its_pop(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.act("pop", number="+390245871203")
    call = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop.native_id
    await floor.emit("ActiveCall", {"callId": call})
    await until(lambda: seat.status.calls)

    assert seat.status.calls == (AgentCall(call, "+390245871203", "active"),)
    await floor.emit("ChangeStatusVoice", {"agentStatusId": 3})
    await until(lambda: seat.status.calls == (AgentCall(call, "+390245871203", "wrap-up"),))


async def test_a_conversation_takes_not_the_place_of_the_call(floor: Floor) -> None:
    seat = await floor.at_work()
    await floor.emit("ActiveCall", {"callId": "5"})

    await floor.act("dialog")
    await floor.emit("ChangeStatusVoice", {"agentStatusId": 2})
    await until(lambda: seat.status.title == "Talking")

    assert seat.status.native_call == "5"


def test_calls_told_before_any_status_are_shown() -> None:
    desk = Desk(NAME)
    event = read_event("event", {"eventType": "ActiveCall", "eventData": {"callId": "5"}})
    assert event is not None

    told = desk.take(event, 1.0, 2.0)

    changes = [fact.status for fact in told if isinstance(fact, e.AgentStatusChanged)]
    assert [status.calls for status in changes] == [(AgentCall("5", step="active"),)]


async def test_signed_out_by_the_platform_is_a_status_with_its_reason(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("LogoutReason", {"reason": "end of shift"})
    await until(lambda: seat.status.title == "Signed out")

    assert (seat.status.group, seat.status.reason) == (AgentGroup.UNKNOWN, "end of shift")


async def test_any_event_is_there_raw_and_by_name(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.emit("BrandNew", {"x": [1, {"y": "è"}]})
    raw = (await seat.seen("BrandNew"))[0]

    body = json.loads(raw.body)
    assert body["eventData"] == {"x": [1, {"y": "è"}]}
    assert body["eventType"] == "BrandNew"
    named = next(value for name, value in seat.told if name == "BrandNew")
    assert named == next(v for n, v in seat.told if n == "any" and v == named)
    assert seat.codes() == []


async def test_events_under_their_own_channel_name_count_too(floor: Floor) -> None:
    seat = await floor.at_work()

    await floor.fault("named_events")
    await floor.act("status", status=4)
    await until(lambda: seat.status.status_id == 4)
    text = '["{join_ref}",null,"agent:acme:52","Bare",{"field":1}]'
    await floor.fault("raw", text=text)
    await seat.seen("Bare")

    assert ("Bare", {"eventType": "Bare", "eventData": {"field": 1}}) in seat.told


async def test_a_pop_arrives_with_a_ringing_call(floor: Floor) -> None:
    seat = await floor.at_work()

    call = (await floor.ask(floor.control.ring, "pn_1", caller="+390245871203", name="Anna"))[0]
    pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop
    await floor.ask(floor.control.hang_up, call)

    assert pop.number == "+390245871203"
    assert '"name": "Anna"' in pop.body


# ---- who is online -------------------------------------------------------------------------------


async def test_an_admin_sees_who_is_online_one_row_a_connection(floor: Floor) -> None:
    boss = await floor.at_work("boss")
    await until(lambda: boss.users == ["boss"])
    await floor.at_work("adams")
    second = await floor.at_work("adams")
    await until(lambda: boss.users == ["boss", "adams", "adams"])

    rows = boss.of(e.OnlineUsersChanged)[-1].users
    await second.do(c.GoOffline(NAME))
    await until(lambda: boss.users == ["boss", "adams"])

    assert len({row.ref for row in rows}) == 3
    assert rows[1].user_id == rows[2].user_id == "52"
    assert rows[1].address == "127.0.0.1"
    assert rows[1].online_at > 1.6e9
    assert boss.told[-1][0] == "onlineUsers"


async def test_an_agent_who_is_no_admin_has_no_list(floor: Floor) -> None:
    await floor.at_work("boss")
    seat = await floor.at_work("adams")
    await floor.emit("Last")
    await seat.seen("Last")

    assert seat.of(e.OnlineUsersChanged) == []


async def test_tenants_never_see_each_other(floor: Floor) -> None:
    await floor.at_work("adams")
    rex = await floor.at_work("rex")
    await until(lambda: rex.users == ["rex"])
    await floor.at_work("zoe")
    await until(lambda: rex.users == ["rex", "zoe"])


async def test_a_renewed_connection_stays_one_row(floor: Floor) -> None:
    boss = await floor.at_work("boss")
    await floor.at_work("adams")
    await until(lambda: boss.users == ["boss", "adams"])
    before = boss.of(e.OnlineUsersChanged)[-1].users[1]

    await floor.act("renew")
    await until(lambda: boss.of(e.OnlineUsersChanged)[-1].users[1].ref != before.ref)

    after = boss.of(e.OnlineUsersChanged)[-1].users[1]
    assert boss.users == ["boss", "adams"]
    assert after.online_at == before.online_at


async def test_a_cut_connection_leaves_the_list(floor: Floor) -> None:
    boss = await floor.at_work("boss")
    adams: Seat = await floor.at_work("adams", reconnect_backoff_ms=[60_000])
    await until(lambda: boss.users == ["boss", "adams"])

    await floor.drop(1006)
    await until(lambda: boss.users == ["boss"])

    assert adams.links[-1] == "reconnecting"
