"""From the platform's events to facts for the operator: status, pops, messages. Pure."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from softphone.model import event as e
from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName, Direction
from softphone.model.event import AdapterEvent, Level
from softphone.model.message import Channel, Delivery, Message, MessageId

from . import pops
from .calls import AgentCalls
from .wire import OlosEvent
from .wire import commands as api
from .wire import names as n
from .wire import status as s
from .wire_events import block, body_of, items, number, text

_POPS = frozenset(pops.KINDS)
_NOTHING_WRONG = ("", "0")
_NAMES_KEPT = 1000
_FAILED = "Fail"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Desk:
    """What is known of the agent: ids, status, names of campaigns, reasons and dispositions."""

    def __init__(self, account: AccountName) -> None:
        self._account = account
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.duplicates = 0
        self.own_ids: set[str] = set()
        self.status: AgentStatus | None = None
        self.reasons: tuple[api.Named, ...] = ()
        self.dispositions: dict[str, tuple[api.Named, ...]] = {}
        self.campaigns: dict[str, str] = {}
        self._peers: OrderedDict[str, str] = OrderedDict()
        self._newest: dict[str, tuple[int, int]] = {}
        self._calls = AgentCalls()
        self._call = self._campaign = ""
        self._said: set[str] = set()

    def duplicate(self, event: OlosEvent) -> bool:
        """Tell whether an event came before; those without an id never did."""
        if not event.id:
            return False
        if event.id in self._seen:
            self.duplicates += 1
            return True
        self._seen[event.id] = None
        if len(self._seen) > n.IDS_KEPT:
            self._seen.popitem(last=False)
        return False

    def take(self, event: OlosEvent, now: float, wall: float) -> list[AdapterEvent]:
        """Return what an event means to the operator, the raw event first."""
        facts: list[AdapterEvent] = [
            e.PlatformEvent(self._account, event.type, wall, body_of(event.payload))
        ]
        read = _READERS.get(event.type)
        if event.type in _POPS:
            facts += self._popped(event, wall)
        elif read is not None:
            facts += read(self, event, now, wall)
        facts += self._refusal(event)
        return facts

    # ---- who and where -------------------------------------------------------------------------

    def other_agent(self, event: OlosEvent) -> str:
        """Return whom an event is for when that is another agent, as far as ids tell (section 12).

        Ids of the token and of events differ in form: one of a form we have none of may be ours.
        """
        theirs = text(event.data, n.FIELD_AGENT) or event.agent
        if not theirs or theirs in self.own_ids:
            return ""
        return theirs if _form(theirs) in {_form(one) for one in self.own_ids} else ""

    def _signed_in(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        data = event.data
        own = text(data, n.FIELD_AGENT) or event.agent
        if own and not self.other_agent(event):
            self.own_ids.add(own)
        name = text(data, "agentName")
        if text(data, "errorCode") in _NOTHING_WRONG:
            yield from self._say_once(f"signed in{' as ' if name else ''}{name}")

    def _campaign_in(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        campaign = text(event.data, n.FIELD_CAMPAIGN) or event.campaign
        name = text(event.data, "campaignName", "campaignCode")
        if campaign and name and len(self.campaigns) < _NAMES_KEPT:
            self.campaigns[campaign] = name
        self._campaign = campaign or self._campaign
        yield from self._say_once(f"in campaign {name or campaign or '-'}")
        if self.status is not None and self.status.campaign_id in ("", campaign):
            yield self._become(replace(self.status, campaign=name, campaign_id=campaign))

    def _campaign_out(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        campaign = text(event.data, n.FIELD_CAMPAIGN) or event.campaign
        name = self.campaign_name(campaign) or "-"
        self._said.discard(f"in campaign {name}")
        yield self._say(Level.INFO, f"left campaign {name}")

    def campaign_name(self, campaign: str) -> str:
        """Return what a campaign is called, or its id."""
        return self.campaigns.get(campaign, campaign)

    # ---- status --------------------------------------------------------------------------------

    def _status(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        data = event.data
        if other := self.other_agent(event):
            read = s.read_status(data.get("agentStatusId", data.get("status")))
            yield self._say(Level.INFO, f"agent {other}: {read.title.lower()}")
            return
        if self._older(event):
            return
        read = s.read_status(data.get("agentStatusId", data.get("status")))
        after = s.read_status(data["nextStatus"]).title if data.get("nextStatus") else read.next
        reason = self._reason(text(data, "reasonId")) if _pausing(read) else ""
        campaign = text(data, n.FIELD_CAMPAIGN) or event.campaign or self._campaign
        same = self.status is not None and self.status.status_id == read.number
        since = self.status.since_mono if same and self.status is not None else now
        if read.group in (AgentGroup.AVAILABLE, AgentGroup.PAUSED):
            self._call = ""
            self._calls.over()
        elif read.may_dispose:
            self._calls.ended(self._call)
        yield self._become(
            AgentStatus(
                self._account,
                read.group,
                read.title,
                reason,
                after,
                since,
                read.number,
                self.campaign_name(campaign),
                campaign,
                self._call,
                read.may_dispose,
                self._calls.all(),
            )
        )

    def _signed_out(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        if self.other_agent(event) or self._older(event):
            return
        reason = text(event.data, "reason")
        self._call = ""
        self._calls.over()
        self._said.clear()
        offline = AgentStatus(self._account, AgentGroup.UNKNOWN, "Signed out", reason, "", now)
        yield self._become(offline)
        yield self._say(Level.WARNING, f"signed out{': ' if reason else ''}{reason}", alert=True)

    def _become(self, status: AgentStatus) -> AdapterEvent:
        self.status = status
        return e.AgentStatusChanged(status)

    def _older(self, event: OlosEvent, call: str = "") -> bool:
        """Tell whether an event came after a newer one of its kind: it must move nothing back.

        Statuses of a channel are one kind, the steps of one call are another.
        """
        order, kind = event.order, f"call {call}" if call else event.channel_type
        newest = self._newest.get(kind)
        if order is None:
            return False
        if newest is not None and order < newest:
            return True
        self._newest.pop(kind, None)
        self._newest[kind] = order
        if len(self._newest) > _NAMES_KEPT:
            del self._newest[next(iter(self._newest))]
        return False

    def _reason(self, ident: str) -> str:
        if ident in _NOTHING_WRONG:
            return ""
        named = next((one.name for one in self.reasons if one.id == ident), "")
        return named or f"reason {ident}"

    def dialled(self, number: str) -> None:
        """The agent lets the platform dial a number; its events name the call only by an id."""
        self._calls.dialled(number)

    # ---- calls and pops ------------------------------------------------------------------------

    def _popped(self, event: OlosEvent, wall: float) -> Iterator[AdapterEvent]:
        pop = pops.read(event, self._account, self.campaign_name, wall)
        if other := self.other_agent(event):
            pop = replace(pop, flags=(*pop.flags, f"for agent {other}"))
        elif event.type in pops.OF_CALLS:
            self._call = pop.native_id or self._call
            self._calls.popped(pop.native_id, pop.number)
        if not other:
            self._campaign = text(event.data, n.FIELD_CAMPAIGN) or event.campaign or self._campaign
        yield e.ScreenPopped(pop)
        dialog = text(event.data, "dialogId")
        if dialog:
            self._peers[dialog] = pop.customer or dialog
            if len(self._peers) > _NAMES_KEPT:
                self._peers.popitem(last=False)
        for one in pops.conversation(event.data):
            peer = self._peers.get(dialog, dialog or "?")
            yield self._message(one, Channel.TEXT, peer, wall, ident=dialog, read=True)

    def _call_step(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        call, step = text(event.data, "callId"), s.call_step(event.data.get("callState"))
        number_ = text(event.data, "phoneNumber")
        if self._not_for_me(event, call):
            yield from self._for_another(event, f"{call} {step}")
            return
        self._calls.step(call, step, number_)
        if step != "finished":
            self._call = call or self._call
        yield self._say(Level.INFO, f"Olos call {call or '-'}: {step} {number_}".rstrip())
        yield from self._show_calls()

    def _active_call(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        call = text(event.data, "callId") or self._call
        if self._not_for_me(event, call):
            yield from self._for_another(event, call)
            return
        self._call = call
        self._calls.step(call, "active")
        yield from self._show_calls()

    def _listed_calls(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        calls = items(event.data, "activeCalls") or items(event.data, "calls")
        if self._not_for_me(event, "list"):
            yield from self._for_another(event, f"{len(calls)} listed")
            return
        self._calls.listed(calls)
        yield from self._show_calls()

    def _not_for_me(self, event: OlosEvent, call: str) -> bool:
        """Tell whether an event of a call is another agent's, or is overtaken by a newer one."""
        return bool(self.other_agent(event)) or self._older(event, call)

    def _for_another(self, event: OlosEvent, words: str) -> Iterator[AdapterEvent]:
        if other := self.other_agent(event):
            yield self._say(Level.INFO, f"call of agent {other}: {words or '-'}")

    def _show_calls(self) -> Iterator[AdapterEvent]:
        status = self.status or AgentStatus(self._account, AgentGroup.UNKNOWN, "Unknown")
        calls = self._calls.all()
        if (status.native_call, status.calls) != (self._call, calls):
            yield self._become(replace(status, native_call=self._call, calls=calls))

    def _line(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        words = "connected" if event.type == "AgentCallConnected" else "disconnected"
        yield self._say(
            Level.INFO, f"agent line {words} {text(event.data, 'phoneNumber')}".rstrip()
        )

    # ---- names ---------------------------------------------------------------------------------

    def _pause_reasons(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        self.reasons = api.reasons(event.data) or self.reasons
        yield from ()

    def _dispositions(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        campaign = text(event.data, n.FIELD_CAMPAIGN) or event.campaign
        if len(self.dispositions) < _NAMES_KEPT or campaign in self.dispositions:
            self.dispositions[campaign] = api.dispositions(event.data)
        yield from ()

    # ---- messages and alerts -------------------------------------------------------------------

    def _from_supervisor(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        peer = text(event.data, "supervisorId") or "supervisor"
        if other := self.other_agent(event):
            peer = f"{peer} to agent {other}"
        yield self._message(event.data, Channel.SUPERVISOR, peer, wall)

    def _text_came(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        dialog = text(event.data, "dialogId", "conversationId")
        sender = text(event.data, "sender", "from")
        peer = self._peers.get(dialog, sender or dialog or "?")
        yield self._message(event.data, Channel.TEXT, peer, wall, ident=dialog)

    def _dialog_over(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        dialog = text(event.data, "dialogId")
        peer = self._peers.pop(dialog, dialog) or "-"
        code = text(event.data, "dispositionCode", "dispositionId")
        yield self._say(Level.INFO, f"conversation with {peer} ended{': ' if code else ''}{code}")

    def _alert(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        dialog = text(event.data, "dialogId")
        peer = self._peers.get(dialog, dialog) or "-"
        said = text(event.data, "message") or "nobody has answered for a while"
        yield self._say(Level.WARNING, f"conversation with {peer}: {said}", alert=True)

    def _third_party(self, event: OlosEvent, now: float, wall: float) -> Iterator[AdapterEvent]:
        said = text(event.data, "data", limit=400) or pops.summary(event.data)
        yield self._say(Level.INFO, f"third party: {said or '-'}")

    def _message(
        self,
        data: Mapping[str, Any],
        channel: Channel,
        peer: str,
        wall: float,
        *,
        ident: str = "",
        read: bool = False,
    ) -> AdapterEvent:
        """Return a message; `read`: it was written before the agent came, so it is not news."""
        native, sender = text(data, "messageId", "id"), text(data, "sender")
        at = number(data.get("instant"))
        own = native or f"{wall:.6f}"
        sent = sender in self.own_ids
        return e.MessageChanged(
            Message(
                MessageId(f"{self._account}:{channel.value}:{ident}:{own}"),
                self._account,
                peer,
                channel,
                Direction.OUTBOUND if sent else Direction.INBOUND,
                block(data, "message", "text", "content") or "-",
                wall if at is None or at <= 0 else at / 1000.0,
                Delivery.SENT if sent else Delivery.RECEIVED,
                read=read or sent,
                name=sender if sender != peer and not sent else "",
                native_id=native,
            )
        )

    def _refusal(self, event: OlosEvent) -> Iterator[AdapterEvent]:
        """Tell what failed: events that say so by name, and answers with an error's number."""
        data = event.data
        code = text(data, "errorCode", "code" if "Recording" in event.type else "errorCode")
        failed = event.type.endswith(_FAILED)
        if not failed and (code in _NOTHING_WRONG or "errorCode" not in data):
            return
        if event.type == "SendMsgToSupervisorFail":
            words = s.supervisor_result(data.get("reason"))
        else:
            words = text(data, "errorMessage", "errorMsg", "response")
        said = text(data, "description", limit=200) or words or "no reason given"
        detail = f" ({code})" if code not in _NOTHING_WRONG else ""
        words = f"{event.type}: {said}{detail}."
        yield e.ErrorRaised(self._account, "PLATFORM_REFUSED", words, alert=True)

    def _say_once(self, words: str) -> Iterator[AdapterEvent]:
        """Say how things stand; the platform says it again after each reconnect."""
        if words not in self._said and len(self._said) < _NAMES_KEPT:
            self._said.add(words)
            yield self._say(Level.INFO, words)

    def _say(self, level: Level, words: str, *, alert: bool = False) -> AdapterEvent:
        return e.Remarked(self._account, level, words, alert=alert)


def _pausing(status: s.Status) -> bool:
    return status.group is AgentGroup.PAUSED or status.next == "pause"


def _form(ident: str) -> str:
    if ident.isascii() and ident.isdigit():
        return "number"
    return "uuid" if _UUID.fullmatch(ident) else "name"


_Reader = Callable[[Desk, OlosEvent, float, float], Iterator[AdapterEvent]]
_READERS: dict[str, _Reader] = {
    "LoginCCM": Desk._signed_in,
    "LoginResponse": Desk._signed_in,
    "LoginCampaignVoice": Desk._campaign_in,
    "LoginCampaignText": Desk._campaign_in,
    "LogoutCampaign": Desk._campaign_out,
    "LogoutCCM": Desk._signed_out,
    "LogoutReason": Desk._signed_out,
    "ChangeStatusVoice": Desk._status,
    "ChangeStatusText": Desk._status,
    "ChangeManualCallState": Desk._call_step,
    "PreviewCallState": Desk._call_step,
    "ActiveCall": Desk._active_call,
    "ListActiveCalls": Desk._listed_calls,
    "ListCalls": Desk._listed_calls,
    "AgentCallConnected": Desk._line,
    "AgentCallDisconnected": Desk._line,
    "ListPauseReasonsResponse": Desk._pause_reasons,
    "ListDispositionsResponse": Desk._dispositions,
    "NewMsgFromSupervisor": Desk._from_supervisor,
    "MessageReceived": Desk._text_came,
    "DialogTerminated": Desk._dialog_over,
    "InactivityAlert": Desk._alert,
    "ThirdParty": Desk._third_party,
    "ThirdPartyEvent": Desk._third_party,
}
