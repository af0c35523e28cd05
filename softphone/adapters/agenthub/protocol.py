"""AgentHub's rules: channels, heartbeats, presence, events. Takes time as an argument. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.event import Level
from softphone.model.text import clean

from . import wire
from .channel import Channel, ChannelState
from .facts import Desk
from .presence import PresenceList
from .steps import Emit, Reconnect, Refused, Send, Steps, Tell
from .wire import Claims, Frame, Profile
from .wire import names as n

_DEAF = (ChannelState.CLOSED, ChannelState.STOPPED)
_SOON_S = 0.05
_ROWS_A_SECOND = 5_000  # a list of so many is told once a second, a short one at once
_HASTE_S = 5.0


class AgentHubProtocol:
    """One agent at AgentHub, whatever socket carries it."""

    def __init__(
        self,
        account: AccountName,
        profile: Profile,
        heartbeat_s: float = n.HEARTBEAT_S,
        join_limit_s: float = n.JOIN_LIMIT_S,
    ) -> None:
        self._account = account
        self._profile = profile
        self._heartbeat_s = heartbeat_s
        self._join_limit_s = join_limit_s
        self._ref = 0
        self._claims: Claims | None = None
        self._agent: Channel | None = None
        self._online: Channel | None = None
        self._heartbeat_due: float | None = None
        self._heartbeat_ref: str | None = None
        self._kicks = 0
        self._list_due: float | None = None
        self._list_told = -1e9
        self._list_shown = False
        self._late_due: float | None = None
        self.desk = Desk(account)
        self.presence = PresenceList()
        self.connected = False
        self.stray = 0
        """Messages that belong to nothing: stale, unknown, or never asked for."""
        self.bad_types = 0
        self.agent_info: Mapping[str, Any] = {}
        self.trouble = ""
        """Why the agent's channel is not joined although the socket is open."""

    # ---- the socket ----------------------------------------------------------------------------

    def signed_in(self, claims: Claims) -> Steps:
        """Take the claims of the token for the next socket; another person clears everything."""
        before, self._claims = self._claims, claims
        steps: Steps = []
        if before is not None and before.person != claims.person:
            self.desk = Desk(self._account)
            self.presence = PresenceList()
            steps += self._hide_list("")
            words = f"the token is now for {claims.username or claims.agent} at {claims.tenant}"
            steps.append(self._say(Level.WARNING, clean(words)))
        elif before is not None and self._is_admin(before) and not self._is_admin(claims):
            steps += self._hide_list("the admin role is gone")
        self.desk.own_ids.add(claims.agent)
        agent = wire.topic(self._profile.agent_topic, claims)
        self._agent = Channel(agent, self._profile.agent_join_params)
        self._online = None
        if self._is_admin(claims):
            online = wire.topic(self._profile.online_topic, claims)
            self._online = Channel(online, self._profile.online_join_params)
        return steps

    def opened(self, now: float) -> Steps:
        """The socket is open: join what is wanted."""
        self._kicks = 0
        self._heartbeat_due, self._heartbeat_ref = now + self._heartbeat_s, None
        steps: Steps = [Send(self._join(channel, now)) for channel in self._channels()]
        if self._online is not None:
            self._late_due = now + n.STATE_LIMIT_S
        return steps

    def closed(self, now: float) -> Steps:
        """The socket is gone."""
        self._heartbeat_due = self._heartbeat_ref = self._late_due = None
        for channel in self._channels():
            channel.lost()
        return self._disconnected()

    def woke(self, now: float) -> Steps:
        """The machine slept: ask at once whether the line is still there (section 12)."""
        if self._heartbeat_due is None:
            return []
        self._heartbeat_ref = None
        return self._beat(now, min(_HASTE_S, self._heartbeat_s))

    def retry(self, now: float) -> Steps:
        """The operator asks again, now: for channels that were given up, and those that wait."""
        self._kicks = 0
        idle = (ChannelState.STOPPED, ChannelState.WAITING)
        wanted = [channel for channel in self._channels() if channel.state in idle]
        return [Send(self._join(channel, now)) for channel in wanted]

    def leave(self) -> Steps:
        """Say good bye on every channel; the client waits for the answers a moment."""
        return [
            Send(Frame(channel.join_ref, self._next_ref(), channel.topic, n.EVENT_LEAVE))
            for channel in self._channels()
            if channel.state in (ChannelState.JOINED, ChannelState.JOINING)
        ]

    # ---- time ----------------------------------------------------------------------------------

    def next_wake(self) -> float | None:
        """Return when `wake` is to be called."""
        dues = [self._heartbeat_due, self._list_due, self._late_due]
        dues += [channel.due for channel in self._channels()]
        return min((due for due in dues if due is not None), default=None)

    def wake(self, now: float) -> Steps:
        """Do what is due."""
        steps: Steps = []
        if self._heartbeat_due is not None and now >= self._heartbeat_due:
            if self._heartbeat_ref is not None:
                self._heartbeat_due = None
                return [Reconnect("the server does not answer")]
            steps += self._beat(now, self._heartbeat_s)
        if self._list_due is not None and now >= self._list_due:
            steps += self._tell_list(now)
        if self._late_due is not None and now >= self._late_due:
            self._late_due = None
            if self._online is not None and self.presence.waiting:
                steps.append(self._say(Level.WARNING, "the list of online users is not available"))
        for channel in self._channels():
            if channel.due is not None and now >= channel.due:
                steps += self._due(channel, now)
        return steps

    def _due(self, channel: Channel, now: float) -> Steps:
        if channel.state is ChannelState.WAITING:
            return [Send(self._join(channel, now))]
        # No answer to the join. As the JavaScript client does: leave, and join again later.
        leave = Frame(channel.join_ref, self._next_ref(), channel.topic, n.EVENT_LEAVE)
        channel.failed(now)
        return [Send(leave), *self._no_agent(channel, "no answer to the join")]

    def _beat(self, now: float, limit_s: float) -> Steps:
        self._heartbeat_ref = self._next_ref()
        self._heartbeat_due = now + limit_s
        return [Send(Frame(None, self._heartbeat_ref, n.TOPIC_PHOENIX, n.EVENT_HEARTBEAT))]

    # ---- messages ------------------------------------------------------------------------------

    def received(self, frame: Frame, now: float, wall: float) -> Steps:
        """Take a message of the server."""
        if frame.topic == n.TOPIC_PHOENIX:
            return self._heartbeat_answered(frame, now)
        channel = next((c for c in self._channels() if c.topic == frame.topic), None)
        if channel is None or not channel.mine(frame) or channel.state in _DEAF:
            self.stray += 1
            return []
        if frame.event == n.EVENT_REPLY:
            return self._replied(channel, frame, now)
        if frame.event == n.EVENT_CLOSE:
            return self._kicked(channel, now)
        if frame.event == n.EVENT_ERROR:
            return self._crashed(channel, now)
        if channel is self._online and frame.event == self._profile.presence_state_event:
            self._late_due = None
            self.presence.state(frame.payload)
            return self._list_changed(now)
        if channel is self._online and frame.event == self._profile.presence_diff_event:
            return self._list_changed(now) if self.presence.diff(frame.payload) else []
        return self._event(channel, frame, now, wall)

    def _heartbeat_answered(self, frame: Frame, now: float) -> Steps:
        if frame.event == n.EVENT_REPLY and frame.ref and frame.ref == self._heartbeat_ref:
            self._heartbeat_ref, self._heartbeat_due = None, now + self._heartbeat_s
        else:
            self.stray += 1
        return []

    def _replied(self, channel: Channel, frame: Frame, now: float) -> Steps:
        if frame.ref != channel.join_ref or channel.state is not ChannelState.JOINING:
            self.stray += 1  # an answer nobody waits for, or the same once more
            return []
        response = frame.payload.get(n.RESPONSE)
        response = response if isinstance(response, dict) else {}
        if frame.payload.get(n.STATUS) == n.OK:
            channel.joined()
            return self._joined(channel, response)
        reason = wire.events.text(response, n.REASON) or "no reason given"
        return self._refused(channel, reason, now)

    def _joined(self, channel: Channel, response: Mapping[str, Any]) -> Steps:
        if channel is not self._agent or self._claims is None:
            return []
        self.connected, self.trouble = True, ""
        self.agent_info = response or self._claims.agent_info()
        own = wire.events.text(response, n.FIELD_AGENT)
        self.desk.own_ids |= {own} - {""}
        return [Tell("connected", dict(self.agent_info))]

    def _refused(self, channel: Channel, reason: str, now: float) -> Steps:
        if reason != n.REASON_UNAUTHORIZED:
            channel.failed(now)
            return self._no_agent(channel, f"joining failed ({reason})")
        channel.stop()
        if channel is self._agent:
            self.trouble = "The server does not let this agent in."
            return [Refused(self.trouble), *self._disconnected()]
        return self._hide_list("the server does not show it")

    def _kicked(self, channel: Channel, now: float) -> Steps:
        if channel.state is ChannelState.STOPPED or channel.state is ChannelState.WAITING:
            self.stray += 1
            return []
        if channel is self._online:
            channel.stop()
            return self._hide_list("the server ended it")
        self._kicks += 1
        if self._kicks > n.KICKED_REJOINS:
            channel.stop()
        else:
            channel.failed(now, n.KICKED_REJOIN_S)
        return self._no_agent(channel, "the server ended the agent's session")

    def _crashed(self, channel: Channel, now: float) -> Steps:
        if channel.state not in (ChannelState.JOINED, ChannelState.JOINING):
            self.stray += 1
            return []
        channel.failed(now)
        return self._no_agent(channel, "the agent's session failed at the server")

    def _no_agent(self, channel: Channel, why: str) -> Steps:
        if channel is not self._agent:
            return []
        self.trouble = why
        return self._disconnected()

    def agent_retry(self) -> float | None:
        """Return when the agent's channel is joined again; None: not by itself."""
        waiting = self._agent is not None and self._agent.state is ChannelState.WAITING
        return self._agent.due if waiting and self._agent is not None else None

    def _disconnected(self) -> Steps:
        if not self.connected:
            return []
        self.connected = False
        return [Tell("disconnected")]

    # ---- events of the platform ----------------------------------------------------------------

    def _event(self, channel: Channel, frame: Frame, now: float, wall: float) -> Steps:
        if frame.event.startswith(n.RESERVED_PREFIXES) or frame.raw is not None:
            self.stray += 1
            return []
        wanted = self._profile.event_names
        if wanted != "*" and frame.event not in wanted.split():
            return []
        event = wire.read_event(frame.event, frame.payload)
        if event is None:
            self.bad_types += 1
            return [self._raw("invalid type", frame, wall)]
        if self.desk.duplicate(event):
            return []
        steps: Steps = [Emit(fact) for fact in self.desk.take(event, now, wall)]
        payload = {**frame.payload, n.FIELD_TYPE: event.type}
        if n.FIELD_TYPE not in frame.payload and n.FIELD_DATA not in frame.payload:
            payload = {n.FIELD_TYPE: event.type, n.FIELD_DATA: dict(frame.payload)}
        return [*steps, Tell(event.type, payload), Tell("any", payload)]

    def _raw(self, name: str, frame: Frame, wall: float) -> Emit:
        body = wire.events.body_of(frame.payload)
        return Emit(e.PlatformEvent(self._account, name, wall, body))

    # ---- who is online -------------------------------------------------------------------------

    def _list_changed(self, now: float) -> Steps:
        """Tell a long list less often: a hundred changes a second are one picture."""
        if self._list_due is None:
            pause = min(2.0, max(_SOON_S, self.presence.keys_known() / _ROWS_A_SECOND))
            self._list_due = max(now, self._list_told + pause)
        return self._tell_list(now) if now >= self._list_due else []

    def _tell_list(self, now: float) -> Steps:
        self._list_due, self._list_told, self._list_shown = None, now, True
        users = self.presence.users()
        return [Emit(e.OnlineUsersChanged(self._account, users)), Tell("onlineUsers", users)]

    def _hide_list(self, why: str) -> Steps:
        self.presence.clear()
        self._list_due = self._late_due = None
        steps: Steps = []
        if self._list_shown or why:
            self._list_shown = False
            steps.append(Emit(e.OnlineUsersChanged(self._account, ())))
        if why:
            steps.append(self._say(Level.WARNING, f"no list of online users: {why}"))
        return steps

    # ---- small things --------------------------------------------------------------------------

    def _channels(self) -> list[Channel]:
        return [channel for channel in (self._agent, self._online) if channel is not None]

    def _is_admin(self, claims: Claims) -> bool:
        return self._profile.admin_role in claims.roles

    def _join(self, channel: Channel, now: float) -> Frame:
        ref = self._next_ref()
        if channel is self._online:
            self.presence.joining(ref)
        return channel.join(ref, now, self._join_limit_s)

    def _next_ref(self) -> str:
        self._ref += 1
        return str(self._ref)

    def _say(self, level: Level, words: str) -> Emit:
        return Emit(e.Remarked(self._account, level, words))
