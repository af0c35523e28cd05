"""What the console asks before it acts for an agent of a contact centre: status, wrap-up, calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.agent import AgentStatus
from softphone.model.call import CallId
from softphone.model.capability import Capability

from .clock import local_epoch
from .screens.dialogs import AskLine
from .screens.pick import Pick
from .situation import accounts_that
from .working import start

if TYPE_CHECKING:
    from softphone.model.call import AccountName

    from .app import SoftphoneApp

_IDLE = "idle"
_PAUSE = "pause"
_CALLBACK = "callback"


class AgentActing:
    """One method an action; lists come from the platform first."""

    def __init__(self, app: SoftphoneApp, send: Callable[[list[c.Command]], None]) -> None:
        self._app = app
        self._send = send
        self.actions: Mapping[str, Callable[[], object]] = {
            "agent.status": lambda: self._with_list(c.ListReasons(self._account()), self._status),
            "agent.dispose": self._dispose,
            "call.dispose": self._what_came,
            "agent.dial": self._dial,
            "agent.hang_up": self._hang_up,
        }

    def _account(self) -> AccountName:
        """Return the account to act on; the registry has checked that there is one."""
        return accounts_that(self._app.view.now, Capability.AGENT_COMMANDS)[0].name

    def _agent(self) -> AgentStatus | None:
        return self._app.view.state.agents.get(self._account())

    # ---- status ----------------------------------------------------------------------------------

    def _status(self, reasons: tuple[c.CodedName, ...]) -> None:
        choices = [(_IDLE, "Available", "")]
        choices += [(f"{_PAUSE} {one.code}", one.name, one.kind) for one in reasons]
        account = self._account()

        def chosen(value: str | None) -> None:
            if value == _IDLE:
                self._send([c.SetAgentStatus(account, _IDLE)])
            elif value:
                self._send([c.SetAgentStatus(account, _PAUSE, value.removeprefix(f"{_PAUSE} "))])

        self._app.push_screen(Pick(self._app.view, "MY STATUS", choices), chosen)

    # ---- after a call ----------------------------------------------------------------------------

    def _dispose(self) -> None:
        agent = self._agent()
        if agent is None or not agent.may_dispose:
            self._app.say("No call waits for its disposition.", "warning")
            return
        wanted = c.ListDispositions(agent.account, agent.campaign_id)
        self._with_list(wanted, partial(self._choose_disposition, agent))

    def _choose_disposition(
        self, agent: AgentStatus, dispositions: tuple[c.CodedName, ...]
    ) -> None:
        choices = [(one.code, one.name, one.kind) for one in dispositions]
        kinds = {one.code: one.kind.casefold() for one in dispositions}

        def chosen(code: str | None) -> None:
            if code is None:
                return
            command = c.DisposeCall(agent.account, agent.native_call, code)
            if kinds.get(code, "").startswith(_CALLBACK):
                self._ask_when(command)
            else:
                self._send([command])

        self._app.push_screen(Pick(self._app.view, "DISPOSITION", choices), chosen)

    def _what_came(self) -> None:
        """Let the operator choose what came of the call in focus, or of the last one."""
        call = self._app.view.now.call
        meant = call.id if call else CallId("")

        def choose(codes: tuple[c.CodedName, ...]) -> None:
            def chosen(code: str | None) -> None:
                if code is not None:
                    self._send([c.Dispose(code, meant)])

            choices = [(one.code, one.name, one.source or one.kind) for one in codes]
            self._app.push_screen(Pick(self._app.view, "WHAT CAME OF IT", choices), chosen)

        self._with_list(c.ListCodes(meant), choose)

    def _ask_when(self, command: c.DisposeCall) -> None:
        def done(text: str | None) -> None:
            moment, _, number = (text or "").strip().partition("  ")
            at = local_epoch(moment.strip())
            if at is None or at < time.time():
                self._app.say("Write a time to come: 2026-12-31 14:30.", "warning")
                return
            self._send([replace(command, call_back_at=at, number=number.strip())])

        text = "Call back when? 2026-12-31 14:30; after two blanks another number, if any."
        self._app.push_screen(AskLine(self._app.view, "CALL BACK", text), done)

    # ---- calls of the platform -------------------------------------------------------------------

    def _dial(self) -> None:
        account, agent = self._account(), self._agent()

        def done(number: str | None) -> None:
            if number:
                campaign = agent.campaign_id if agent else ""
                self._send([c.PlaceAgentCall(account, number, campaign)])

        text = "Which number shall the platform dial? You hear it on the agent's line."
        self._app.push_screen(AskLine(self._app.view, "DIAL THROUGH THE PLATFORM", text), done)

    def _hang_up(self) -> None:
        agent = self._agent()
        self._send([c.HangUpAgentCall(self._account(), agent.native_call if agent else "")])

    def _with_list(
        self, wanted: c.Command, then: Callable[[tuple[c.CodedName, ...]], None]
    ) -> None:
        start(self._app, partial(self._ask_list, wanted, then), group="list")

    async def _ask_list(
        self, wanted: c.Command, then: Callable[[tuple[c.CodedName, ...]], None]
    ) -> None:
        reply = await self._app.view.request(wanted)
        if isinstance(reply.value, c.CodedNames):
            then(reply.value.names)
        else:
            self._app.say(reply.text or "The platform gives no list.", "warning")
