"""A believable day of an agent: sign-in, idle, calls with pops, wrap-up, pauses, messages."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.agenthub.wire import commands as api
from softphone.adapters.agenthub.wire import status as s
from softphone.model.error import Refused

from .agenthub_events import EventDesk
from .agenthub_people import AGENTS, CAMPAIGNS, DISPOSITIONS, PAUSES, Agent
from .hub import CallNews, Hub

_LOOK_EVERY_S = 0.5
_LOOKS_A_DAY = 20
_PAUSE_SHARE = 0.1  # of a day
_MANUAL_ALERTS_S = 0.1
_PAUSED_AFTER = {s.IDLE: s.PAUSE, s.TALKING: 6, s.WRAP: 7, s.PAUSE: s.PAUSE, s.MANUAL_CALL: s.PAUSE}
_PAUSE_NEXT = {6: 7, 7: s.PAUSE}
_SUPERVISOR = "9001"
_BOT_TALKED_S = 90
"""How long a customer wrote with the bot before the agent came."""


@dataclass(slots=True)
class Day:
    """How an agent's day stands."""

    agent: Agent
    status: int = s.IDLE
    reason: int | None = None
    call: str = ""
    lab_call: str = ""
    number: str = ""
    dialog: str = ""
    answered: bool = False
    manual: bool = False
    at_work: bool = False
    shift: int = 0
    disposed: list[dict[str, Any]] = field(default_factory=list)
    wrap: asyncio.TimerHandle | None = None


class Shifts:
    """The days of all agents."""

    def __init__(self, hub: Hub, events: EventDesk) -> None:
        self._hub = hub
        self._events = events
        self._ids = itertools.count(4711)
        self.days = {agent: Day(agent) for agent in AGENTS}
        hub.call_listeners.append(self._call_news)

    # ---- at work or not ------------------------------------------------------------------------

    def arrived(self, agent: Agent) -> None:
        """An agent's topic was joined: say how things stand; the day goes on where it was."""
        day = self.days[agent]
        first, second = CAMPAIGNS
        says = self._events.emit
        campaign = {"campaignId": first.id, "campaignName": first.name, "campaignCode": first.code}
        own = {"agentId": agent.uuid}
        says(agent, "LoginCCM", {**own, "agentName": agent.name, "campaignCode": first.code})
        says(agent, "LoginCampaignVoice", own | campaign)
        texts = {"campaignId": second.id, "campaignName": second.name, "campaignCode": second.code}
        self._text(agent, "LoginCampaignText", own | texts)
        reasons = {**own, "pauseReasons": list(PAUSES), "errorCode": 0, "errorMessage": ""}
        says(agent, "ListPauseReasonsResponse", reasons, channel_type="Text")
        listed = {"dispositions": list(DISPOSITIONS), "errorCode": 0, "errorMessage": ""}
        says(agent, "ListDispositionsResponse", own | campaign | listed, channel_type="Text")
        self._tell_status(day)
        if not day.at_work:
            day.at_work = True
            day.shift += 1
            self._hub.spawn(self._live(day, day.shift))

    def gone(self, agent: Agent) -> None:
        """The last connection of an agent is gone."""
        self.days[agent].at_work = bool(self._events.sockets_of(agent))

    async def _live(self, day: Day, shift: int) -> None:
        """Let the day go by and begin again, as long as the agent is there.

        An agent who is back before the loss was noticed has begun another shift: this one ends.
        """
        length_s = self._hub.settings.agent_day_s
        look_s = min(_LOOK_EVERY_S, length_s / _LOOKS_A_DAY)
        for share, what in itertools.cycle(self._course()):
            until = self._hub.now + share * length_s
            while self._hub.now < until:
                await asyncio.sleep(look_s)
                if not day.at_work or day.shift != shift:
                    return
            if self._hub.scenario != "quiet":
                what(day.agent)

    def _course(self) -> tuple[tuple[float, Callable[[Agent], object]], ...]:
        """Return what happens in a day, each after so much of it has gone by."""
        return (
            (0.2, self.supervisor),
            (0.2, self.dialog),
            (0.2, self._end_dialog),
            (0.1, self._rest),
            (0.3, lambda agent: None),
        )

    # ---- what happens --------------------------------------------------------------------------

    def supervisor(self, agent: Agent, text: str = "Remember the survey at the end.") -> None:
        """Let the supervisor write."""
        data = {
            "messageId": f"m{next(self._ids)}",
            "broadcastId": "",
            "agentId": agent.uuid,
            "supervisorId": _SUPERVISOR,
            "message": text,
        }
        self._events.emit(agent, "NewMsgFromSupervisor", data)

    def dialog(self, agent: Agent) -> str:
        """Let a customer write; return the dialog's id."""
        dialog = self.days[agent].dialog = f"d{next(self._ids)}"
        began_ms = int((time.time() - _BOT_TALKED_S) * 1000)
        said = (("Marcos", "Boa tarde!"), ("Olivia", "I get you somebody."))
        conversation = {
            "botnckname": "Olivia",
            "usrnckname": "Marcos",
            "conv": [
                {
                    "sender": sender,
                    "messageId": f"{dialog}-{place}",
                    "text": text,
                    "instant": began_ms + 1000 * _BOT_TALKED_S // 3 * place,
                }
                for place, (sender, text) in enumerate(said, 1)
            ],
        }
        self._text(
            agent,
            "ScreenPopText",
            {
                "dialogId": dialog,
                "journeyId": "j1",
                "campaignId": CAMPAIGNS[1].id,
                "userNickName": "Marcos",
                "conversation": conversation,
                "extraData": json.dumps({"plan": "gold"}),
                "conversationId": dialog,
            },
        )
        self._text(
            agent,
            "MessageReceived",
            {
                "agentId": agent.uuid,
                "dialogId": dialog,
                "messageId": f"{dialog}-3",
                "message": "Can I change my plan?",
                "sender": "Marcos",
                "attachments": [],
            },
        )
        return dialog

    def _end_dialog(self, agent: Agent) -> None:
        dialog = self.days[agent].dialog
        data = {"agentId": agent.uuid, "dialogId": dialog, "dispositionCode": "SALE"}
        self._text(agent, "DialogTerminated", data)

    def pop(
        self, agent: Agent, number: str, name: str = "", changed: Mapping[str, Any] | None = None
    ) -> str:
        """Show an agent whose call this is; return the platform's id of it."""
        day, call = self.days[agent], str(next(self._ids))
        day.call, day.number, day.manual = call, number, False
        campaign = CAMPAIGNS[0]
        data = {
            "callId": call,
            "campaignId": campaign.id,
            "phoneNumber": number,
            "campaignData": json.dumps({"name": name or "unknown", "plan": "gold", "since": 2019}),
            "customerId": f"C{number[-4:] or '0000'}",
            "agentIdOrigin": agent.uuid,
            "campaignIdOrigin": campaign.id,
            "readOnly": False,
            "campaignCode": campaign.code,
            "tableName": "customers",
            "priorityCampaign": False,
            "phoneNumberList": [number, "+390612345678"],
            "previewCall": False,
            "automaticPreviewCall": False,
        }
        self._events.emit(agent, "ScreenPopVoice", {**data, **(changed or {})}, channel="Inbound")
        return call

    def become(self, agent: Agent, status: int, reason: int | None = None) -> None:
        """Change an agent's status and say so."""
        day = self.days[agent]
        if day.wrap is not None:
            day.wrap.cancel()
            day.wrap = None
        day.status, day.reason = status, reason
        self._tell_status(day)

    def _rest(self, agent: Agent) -> None:
        if self.days[agent].status != s.IDLE:
            return
        self.become(agent, s.PAUSE, 3)

        def back() -> None:
            if self.days[agent].status == s.PAUSE:
                self.become(agent, s.IDLE)

        self._hub.after(_PAUSE_SHARE * self._hub.settings.agent_day_s, back)

    def _tell_status(self, day: Day) -> None:
        data: dict[str, Any] = {"agentId": day.agent.uuid, "agentStatusId": day.status}
        if day.reason is not None:
            data["reasonId"] = day.reason
        self._events.emit(day.agent, "ChangeStatusVoice", data)

    def _text(self, agent: Agent, kind: str, data: dict[str, Any]) -> None:
        self._events.emit(agent, kind, data, channel_type="Text", campaign=CAMPAIGNS[1].id)

    # ---- calls of the lab ----------------------------------------------------------------------

    def _call_news(self, news: CallNews) -> None:
        if news.what == "rings":
            day = next(
                (
                    d
                    for d in self.days.values()
                    if d.at_work and d.status == s.IDLE and not d.lab_call
                ),
                None,
            )
            if day is not None:
                day.lab_call, day.answered = news.call, False
                self.pop(day.agent, news.number, news.name)
            return
        day = next((d for d in self.days.values() if d.lab_call == news.call), None)
        if day is None:
            return
        if news.what == "answered":
            day.answered = True
            self._events.emit(day.agent, "ActiveCall", {"callId": day.call})
            self.become(day.agent, s.TALKING)
        elif news.what == "over":
            day.lab_call = ""
            if day.answered:
                self._wrap(day)

    def _wrap(self, day: Day) -> None:
        """Give the agent time to dispose of the call."""
        status = _PAUSE_NEXT.get(day.status, s.WRAP_MANUAL if day.manual else s.WRAP)
        self.become(day.agent, status, day.reason)
        day.wrap = self._hub.after(self._hub.settings.agent_wrap_s, lambda: self._after_wrap(day))

    def _after_wrap(self, day: Day) -> None:
        day.call, day.manual = "", False
        if day.status in _PAUSE_NEXT:
            self.become(day.agent, s.PAUSE, day.reason)
        else:
            self.become(day.agent, s.IDLE)

    # ---- commands ------------------------------------------------------------------------------

    def command(self, agent: Agent, name: str, body: Mapping[str, Any]) -> None:
        """Do what the agent asks by the command API; Refused with the reason."""
        day = self.days[agent]
        match name:
            case api.PAUSE | api.PAUSE_BY_CODE:
                self._pause(day, body)
            case api.IDLE | api.END_MANUAL_STATE:
                if day.status in (s.TALKING, s.TALKING_MANUAL):
                    raise Refused("The agent is talking.")
                self._after_wrap(day)
                self.become(agent, s.IDLE)
            case api.MANUAL_STATE:
                if day.status not in (s.IDLE, s.MANUAL_CALL):
                    raise Refused("The agent is not idle.")
                self.become(agent, s.MANUAL_CALL)
            case api.MANUAL_CALL:
                self._dial(day, body)
            case api.HANG_UP:
                self._hang_up(day, str(body.get(api.CALL, "")))
            case _:
                self._dispose(day, body)

    def _pause(self, day: Day, body: Mapping[str, Any]) -> None:
        wanted = {str(body.get(api.REASON, "")), str(body.get(api.REASON_CODE, ""))} - {""}
        reason = next((p for p in PAUSES if {str(p["id"]), str(p["code"])} & wanted), None)
        if reason is None:
            raise Refused("No such reason.")
        if day.status not in _PAUSED_AFTER:
            raise Refused("The agent cannot pause now.")
        wrap = day.wrap
        day.wrap = None  # the wrap-up goes on, the pause comes after it
        self.become(day.agent, _PAUSED_AFTER[day.status], int(str(reason["id"])))
        day.wrap = wrap

    def _dial(self, day: Day, body: Mapping[str, Any]) -> None:
        number = str(body.get(api.AREA, "")) + str(body.get(api.NUMBER, ""))
        if day.status != s.MANUAL_CALL:
            raise Refused("The agent is not in manual call state.")
        if not number.isdigit():
            raise Refused("That is no number.")
        if str(body.get(api.CAMPAIGN, "")) not in {str(c.id) for c in CAMPAIGNS}:
            raise Refused("No such campaign.")
        day.call, day.number, day.manual, day.answered = str(next(self._ids)), number, True, False
        call = day.call
        self._step(day, s.CallStep.STARTED)
        self._step(day, s.CallStep.ALERTING)

        def connected() -> None:
            if day.call == call:
                day.answered = True
                self._step(day, s.CallStep.AGENT_CONNECTED)
                self.become(day.agent, s.TALKING_MANUAL)

        self._hub.after(_MANUAL_ALERTS_S, connected)

    def _step(self, day: Day, step: s.CallStep) -> None:
        data = {"callId": day.call, "callState": int(step)}
        self._events.emit(day.agent, "ChangeManualCallState", data)

    def _hang_up(self, day: Day, call: str) -> None:
        if not call or call != day.call:
            raise Refused("No such call.")
        if day.lab_call:
            lab_call = day.lab_call
            any(service.hang_up(lab_call, None) for service in self._hub.services)
            return
        if day.manual:
            self._step(day, s.CallStep.FINISHED)
        self._wrap(day)

    def _dispose(self, day: Day, body: Mapping[str, Any]) -> None:
        wanted = {str(body.get(api.DISPOSITION_ID, "")), str(body.get(api.DISPOSITION_CODE, ""))}
        known = next((d for d in DISPOSITIONS if {str(d["id"]), str(d["code"])} & wanted), None)
        if known is None or str(body.get(api.CALL, "")) != day.call:
            data = {"callId": str(body.get(api.CALL, ""))}
            self._events.emit(day.agent, "DispositionRequestFail", data)
            raise Refused("No such disposition." if known is None else "No such call.")
        day.disposed.append({"agent": day.agent.username, **body})
        if day.wrap is not None:
            day.wrap.cancel()
            day.wrap = None
            self._after_wrap(day)
