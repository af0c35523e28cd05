"""The service as a client sees it: requests that are answered, frames that outlive connections.

Adapter and library are both built on this. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from softphone.model.error import Refused
from softphone.model.presence import LinkState
from softphone.secret import Secret

from . import wire
from .frame import FrameBook
from .frames import Frames, FramesOwner
from .line import GetToken, Line
from .requests import Asked, Requests
from .settings import ObserverSettings
from .wire import FrameEnded, FrameTrouble, Response, RowsCame, Table

_WORDS = {
    wire.FORBIDDEN: "Not permitted for this account",
    wire.NOT_FOUND: "Not found",
    wire.UNSUPPORTED: "This service cannot do that",
    wire.CONFLICT: "Not possible now",
    wire.BAD_REQUEST: "The service does not understand that",
    wire.INTERNAL: "The service has a problem",
    wire.RATE_LIMITED: "The service asks for patience",
    wire.UNAUTHENTICATED: "The access token is no longer valid",
}


class ServiceOwner(FramesOwner, Protocol):
    """Who hears what happens to the line too."""

    def link_changed(
        self, link: LinkState, cause: str, code: str, retry_mono: float | None
    ) -> None: ...
    def trouble(self, code: str, text: str) -> None: ...


class Service:
    """One account at one service. `run` until cancelled; `open` and `close` the line in it."""

    def __init__(
        self,
        owner: ServiceOwner,
        settings: ObserverSettings,
        names: wire.Wire,
        get_token: GetToken,
        tls: ssl.SSLContext | None,
        pack: Callable[[Table], Any],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.names = names
        self._owner = owner
        self._settings = settings
        self._requests = Requests(names, self.counts)
        self.frames = Frames(self, owner, settings, names, self.counts, pack)
        self._line = Line(
            self, settings.url, names, settings.token_mode, get_token, tls,
            settings.reconnect_backoff_s,
        )  # fmt: skip
        self._too_large = 0
        self._up = False
        self._denied: dict[str, Refused] = {}
        self._timer: asyncio.TimerHandle | None = None

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the line until cancelled; nothing is left afterwards."""
        try:
            await self._line.run()
        finally:
            try:
                await self._line.close()
            finally:
                await self.frames.end_all()
                if self._timer is not None:
                    self._timer.cancel()

    def open(self, token: Secret | None = None) -> None:
        """Connect, or try again at once."""
        self._line.open(token)

    async def close(self) -> None:
        """Close the line on purpose."""
        await self._line.close()

    def reconnect(self, why: str) -> None:
        """Connect anew at once."""
        self._line.reconnect(why)

    @property
    def up(self) -> bool:
        """Tell whether requests can be sent."""
        return self._up

    @property
    def book(self) -> FrameBook:
        """Return all frames."""
        return self.frames.book

    @property
    def bad_messages(self) -> int:
        """Return how many messages could not be read."""
        return self._line.bad_messages

    # ---- requests ------------------------------------------------------------------------------

    async def ask(
        self,
        type_: str,
        payload: Table,
        *,
        read: bool = True,
        deny_as: str = "",
        during: Callable[[Table], None] | None = None,
        frame_id: str = "",
    ) -> Table:
        """Send a request and return its payload; raises Refused with the service's code.

        `read`: it changes nothing, so it may be sent a second time. `during` runs at once with
        the payload, before anything that came after the answer is looked at.
        """
        denied = self._denied.get(deny_as or type_)
        if denied is not None:
            raise Refused(denied.message, code=denied.code)
        for last in (False, True):
            response = await self._ask_once(type_, payload, during, frame_id)
            problem = response.problem
            if problem is None:
                return response.payload
            if not last and problem.code == wire.RATE_LIMITED:
                wait = 1.0 if problem.retry_after_s is None else problem.retry_after_s
                await asyncio.sleep(wait)
            elif last or not (read and problem.code == wire.INTERNAL):
                break
        assert problem is not None, "an answer without a problem has returned above"
        raise self._refusal(deny_as or type_, problem)

    def tell(self, type_: str, payload: Table) -> None:
        """Send a request whose answer nobody waits for; nothing while there is no line."""
        if self._up:
            asked = Asked(type_, payload, self._settings.request_limit_s, lambda _answer: None)
            self._send(self._requests.ask(asked, self._owner.monotonic()))

    def touch(self, frame_id: str) -> None:
        """Rows of a frame came: what is fetched for it gets its time again."""
        self._requests.touch(frame_id, self._owner.monotonic())

    async def _ask_once(
        self, type_: str, payload: Table, during: Callable[[Table], None] | None, frame_id: str
    ) -> Response:
        if not self._up:
            raise Refused("Not connected to the service now.", code="NOT_ONLINE")
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def settle(response: Response) -> None:
            if during is not None and response.problem is None:
                during(response.payload)
            if not answer.done():
                answer.set_result(response)

        limit_s = self._settings.update_limit_s if frame_id else self._settings.request_limit_s
        asked = Asked(type_, payload, limit_s, settle, frame_id)
        self._send(self._requests.ask(asked, self._owner.monotonic()))
        return await answer

    def _refusal(self, key: str, problem: wire.Problem) -> Refused:
        words = _WORDS.get(problem.code, "")
        said = problem.text.rstrip(".")
        text = f"{words}: {said}." if words and said else f"{words or said}."
        refusal = Refused(text, code=problem.code)
        if problem.code in (wire.FORBIDDEN, wire.UNSUPPORTED):
            self._denied[key] = refusal
        if problem.code == wire.UNAUTHENTICATED:
            self._line.refused()
        return refusal

    def _send(self, texts: list[str]) -> None:
        for text in texts:
            self._line.send(text)
        self._rearm()

    def _rearm(self) -> None:
        limit = self._requests.next_limit()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if limit is not None:
            wait = max(0.0, limit - self._owner.monotonic()) + 0.001
            self._timer = asyncio.get_running_loop().call_later(wait, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        self._send(self._requests.overdue(self._owner.monotonic()))
        if self._requests.timeouts >= wire.TIMEOUTS_LIMIT:
            self._requests.timeouts = 0
            self._line.reconnect("the service has stopped answering")

    # ---- what the line says --------------------------------------------------------------------

    def line_opened(self) -> None:
        """Take requests; make frames anew."""
        self._up = True
        self._denied.clear()
        self._owner.link_changed(LinkState.ONLINE, "", "", None)
        self.frames.line_opened()

    def line_closed(self) -> None:
        """Fail what waits; frames are stale."""
        self._up = False
        self.frames.line_closed()
        self._requests.lost()
        self._rearm()

    def line_said(self, message: wire.ServerMessage) -> None:
        """Take one message."""
        match message:
            case Response():
                if message.problem is None or message.problem.code != wire.UNAUTHENTICATED:
                    self._line.accepted()
                self._send(self._requests.heard(message, self._owner.monotonic()))
            case RowsCame() | FrameTrouble() | FrameEnded():
                self.frames.heard(message)
            case _:
                self.counts["message of another version"] += 1

    def line_too_large(self) -> None:
        """A message was too large; after the third, smaller pages are asked for."""
        self._too_large += 1
        if self._too_large >= wire.TOO_LARGE_LIMIT:
            self._too_large = 0
            self.frames.page = max(1, self.frames.page // 2)
            self._owner.remark(f"messages too large; rows come {self.frames.page} at a time now")

    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None:
        """Pass a change of the line on."""
        self._owner.link_changed(link, cause, code, retry_mono)

    def line_trouble(self, code: str, text: str) -> None:
        """Pass trouble of the line on."""
        self._owner.trouble(code, text)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._owner.monotonic()
