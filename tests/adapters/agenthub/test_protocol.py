"""The rules without a socket: channels, heartbeats, timers, with hands on the clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.agenthub.channel import NEXT, Channel, ChannelState, Input
from softphone.adapters.agenthub.protocol import AgentHubProtocol
from softphone.adapters.agenthub.steps import Emit, Reconnect, Refused, Send, Step, Tell
from softphone.adapters.agenthub.wire import Claims, Frame, Profile
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.error import OutOfOrder

ACCOUNT = AccountName("a")
BOSS = Claims("7", "acme", "boss", ("agent", "admin"), None, 0.0)
AGENT, ONLINE = "agent:acme:7", "online:acme"


def sent(steps: list[Step]) -> list[Frame]:
    return [step.frame for step in steps if isinstance(step, Send)]


def told(steps: list[Step]) -> list[str]:
    return [step.name for step in steps if isinstance(step, Tell)]


class Rig:
    """A protocol that is open, and the server's answers to it."""

    def __init__(self) -> None:
        self.protocol = AgentHubProtocol(ACCOUNT, Profile())
        self.protocol.signed_in(BOSS)
        self.joins = {frame.topic: frame for frame in sent(self.protocol.opened(0.0))}

    def ok(self, topic: str, now: float = 0.0, status: str = "ok", **response: Any) -> list[Step]:
        join = self.joins[topic]
        payload = {"status": status, "response": response}
        return self.say(Frame(join.ref, join.ref, topic, "phx_reply", payload), now)

    def say(self, frame: Frame, now: float = 0.0) -> list[Step]:
        return self.protocol.received(frame, now, 0.0)

    def event(self, topic: str, event: str, now: float = 0.0, **payload: Any) -> list[Step]:
        return self.say(Frame(self.joins[topic].ref, None, topic, event, payload), now)

    def wake(self, now: float) -> list[Step]:
        steps = self.protocol.wake(now)
        self.joins |= {f.topic: f for f in sent(steps) if f.event == "phx_join"}
        return steps


def test_joins_go_out_when_the_socket_opens_and_name_themselves() -> None:
    rig = Rig()

    assert set(rig.joins) == {AGENT, ONLINE}
    assert all(join.join_ref == join.ref for join in rig.joins.values())


def test_connected_is_told_after_the_agents_join() -> None:
    rig = Rig()

    assert told(rig.ok(ONLINE)) == []
    assert told(rig.ok(AGENT, agentId="7")) == ["connected"]
    assert told(rig.ok(AGENT)) == []  # the same answer once more


def test_heartbeats_go_every_thirty_seconds_and_a_missing_answer_ends_the_socket() -> None:
    rig = Rig()
    rig.ok(AGENT)
    rig.ok(ONLINE)
    rig.event(ONLINE, "presence_state")

    assert sent(rig.wake(29.0)) == []
    (beat,) = sent(rig.wake(30.0))
    assert (beat.join_ref, beat.topic, beat.event, beat.payload) == (
        None,
        "phoenix",
        "heartbeat",
        {},
    )
    rig.say(Frame(None, beat.ref, "phoenix", "phx_reply", {"status": "ok"}), 31.0)
    assert rig.protocol.next_wake() == 61.0
    (second,) = sent(rig.wake(61.0))
    assert second.ref != beat.ref
    assert rig.wake(91.0) == [Reconnect("the server does not answer")]


def test_after_a_sleep_a_heartbeat_goes_at_once_with_less_patience() -> None:
    rig = Rig()

    (beat,) = sent(rig.protocol.woke(3600.0))

    assert beat.event == "heartbeat"
    assert rig.protocol.next_wake() == 10.0  # the joins' own limit; then the heartbeat's
    assert Reconnect("the server does not answer") in rig.wake(3605.0)
    assert AgentHubProtocol(ACCOUNT, Profile()).woke(1.0) == []


def test_a_crashing_channel_is_joined_again_after_1_2_5_10_10_seconds() -> None:
    rig = Rig()
    rig.ok(ONLINE)
    rig.event(ONLINE, "presence_state")
    now, waits = 0.0, []

    for _ in range(5):
        rig.event(AGENT, "phx_error", now)
        due = rig.protocol.agent_retry()
        assert due is not None
        waits.append(due - now)
        now = due
        rig.wake(now)

    assert waits == [1.0, 2.0, 5.0, 10.0, 10.0]


def test_a_join_without_answer_is_left_and_tried_again() -> None:
    rig = Rig()

    frames = sent(rig.wake(10.0))

    assert {(f.topic, f.event) for f in frames} == {(AGENT, "phx_leave"), (ONLINE, "phx_leave")}
    assert {f.event for f in sent(rig.wake(11.0))} == {"phx_join"}


def test_an_ended_session_is_joined_again_three_times_then_the_operator_is_asked() -> None:
    rig = Rig()
    rig.ok(AGENT)
    now = 0.0

    for _ in range(3):
        rig.event(AGENT, "phx_close", now)
        now += 10.0
        rig.wake(now)
        rig.ok(AGENT, now)
    rig.event(AGENT, "phx_close", now)

    assert rig.protocol.agent_retry() is None
    assert AGENT in [f.topic for f in sent(rig.protocol.retry(now))]


def test_asking_again_joins_at_once_what_waits_for_its_time() -> None:
    rig = Rig()
    rig.ok(AGENT)
    rig.event(AGENT, "phx_close")
    assert rig.protocol.agent_retry() == 10.0

    assert [f.topic for f in sent(rig.protocol.retry(1.0))] == [AGENT]
    assert rig.protocol.agent_retry() is None


def test_an_unauthorised_agent_is_refused_and_an_unauthorised_list_only_told() -> None:
    rig = Rig()

    online = rig.ok(ONLINE, status="error", reason="unauthorized")
    agent = rig.ok(AGENT, status="error", reason="unauthorized")

    assert [type(step) for step in online] == [Emit, Emit]
    assert isinstance(agent[0], Refused)


def test_no_list_within_ten_seconds_is_told_once_and_waited_for() -> None:
    rig = Rig()
    rig.ok(AGENT)
    rig.ok(ONLINE)

    steps = rig.wake(10.0)
    late = rig.event(ONLINE, "presence_state", 12.0)

    assert [
        s.event.text for s in steps if isinstance(s, Emit) and isinstance(s.event, e.Remarked)
    ] == ["the list of online users is not available"]
    assert told(late) == ["onlineUsers"]
    assert not [s for s in rig.wake(20.0) if isinstance(s, Emit)]


def test_a_long_list_is_told_at_most_once_a_second() -> None:
    rig = Rig()
    rig.ok(ONLINE)
    crowd = {str(n): {"metas": [{"phx_ref": f"r{n}"}]} for n in range(5_000)}
    rig.event(ONLINE, "presence_state", 1.0, **crowd)
    count = 0

    for place in range(400):  # two seconds of 200 changes
        now = 1.0 + place / 200
        user = {"metas": [{"phx_ref": f"x{place}"}]}
        steps = rig.event(ONLINE, "presence_diff", now, joins={f"n{place}": user}, leaves={})
        count += told(steps + rig.wake(now)).count("onlineUsers")

    assert count <= 2
    assert len(rig.protocol.presence.users()) == 5_400


def test_leaving_says_good_bye_on_every_joined_channel() -> None:
    rig = Rig()
    rig.ok(AGENT)

    frames = sent(rig.protocol.leave())

    assert [(f.topic, f.event) for f in frames] == [(AGENT, "phx_leave"), (ONLINE, "phx_leave")]
    assert frames[0].join_ref == rig.joins[AGENT].ref


@pytest.mark.parametrize("state", ChannelState)
@pytest.mark.parametrize("what", Input)
def test_a_channel_follows_its_table_and_nothing_else(state: ChannelState, what: Input) -> None:
    channel = Channel("t", {})
    channel.state = state

    if (state, what) in NEXT:
        channel.step(what)
        assert channel.state is NEXT[state, what]
    else:
        with pytest.raises(OutOfOrder):
            channel.step(what)
        assert channel.state is state


_EVENTS = (
    *("phx_reply", "phx_close", "phx_error", "presence_state", "presence_diff", "event"),
    *("heartbeat", "chan_reply_1", "connected"),
)
_FRAME = st.builds(
    Frame,
    st.sampled_from([None, "1", "2", "3", "99"]),
    st.sampled_from([None, "1", "2", "3", "99"]),
    st.sampled_from([AGENT, ONLINE, "phoenix", "never:joined"]),
    st.sampled_from(_EVENTS),
    st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(["ok", "error", 7]),
            "response": st.sampled_from([{}, 7, {"reason": "unauthorized"}, {"reason": [1]}]),
            "eventType": st.sampled_from(["ChangeStatusVoice", "LoginCCM", "any", 7]),
            "joins": st.sampled_from([{}, 7, {"1": {"metas": [{"phx_ref": "a"}]}}]),
        },
    ),
)


@given(st.lists(st.tuples(_FRAME, st.sampled_from(["frame", "wake", "closed", "opened", "retry"]))))
def test_any_order_of_frames_and_losses_raises_nothing(steps: list[tuple[Frame, str]]) -> None:
    protocol = AgentHubProtocol(ACCOUNT, Profile())
    protocol.signed_in(BOSS)
    protocol.opened(0.0)

    for place, (frame, what) in enumerate(steps):
        now = place * 7.0
        if what == "frame":
            protocol.received(frame, now, now)
        elif what == "wake":
            protocol.wake(now)
        elif what == "closed":
            protocol.closed(now)
        elif what == "opened":
            protocol.closed(now)
            protocol.signed_in(BOSS)
            protocol.opened(now)
        else:
            protocol.retry(now)
        if what == "closed":
            assert not protocol.connected
