"""Whose a call is: the desk's, or that of the command that placed it or waited for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from softphone.model.call import AccountName, Call, CallId, Direction
from softphone.model.command import Answer, SendTones, WaitForCall
from softphone.model.event import Level

from .calls import next_offer
from .sound import Files

if TYPE_CHECKING:
    from .engine import Engine


_PAUSE_S = 2.0  # of one comma


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose the next dialled call of an account is, its files, the contact's name, and what is
    sent once somebody answers."""

    owner: str
    files: Files
    name: str
    tones: str = ""


class Owners:
    """Gives each new call to whoever placed it or waits for it; the rest are the desk's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._claims: dict[AccountName, deque[Claim]] = {}
        self._files: dict[CallId, Files] = {}
        self._tones: dict[CallId, str] = {}
        self._answered: set[CallId] = set()
        self.waiters: dict[str, WaitForCall] = {}

    def files(self, call: CallId) -> Files:
        """Return the files at the ends of a call."""
        return self._files.get(call, Files())

    def set_files(self, call: CallId, files: Files) -> None:
        """Give a call files instead of the sound card."""
        self._files[call] = files

    @contextmanager
    def dialling(self, account: AccountName, claim: Claim) -> Iterator[None]:
        """Claim the next dialled call of an account; refused before it is one, nothing is left."""
        claims = self._claims.setdefault(account, deque())
        claims.append(claim)
        try:
            yield
        finally:
            if claim in claims:
                claims.remove(claim)

    def new_call(self, call: Call) -> None:
        """Find out whose a new call is."""
        if call.direction is Direction.INBOUND:
            self._give_to_waiter(call)
        elif self._claims.get(call.account):
            self._give_to_dialler(call, self._claims[call.account].popleft())

    def wait(self, client_id: str, wait: WaitForCall) -> None:
        """Give a client the next offer, or the one that rings now."""
        unowned = [call for call in self._engine.book.live() if not call.owner]
        ringing = next_offer(unowned, wait.account)
        self.waiters[client_id] = wait
        if ringing is not None:
            self._give_to_waiter(ringing)

    def call_over(self, call: CallId) -> None:
        """Forget what belonged to a call."""
        self._files.pop(call, None)
        self._tones.pop(call, None)
        self._answered.discard(call)

    def answered(self, call: Call, *, again: bool = False) -> None:
        """Send the tones that were dialled behind the number, once.

        `again`: only now is there somebody to hear them, what was sent before went nowhere.
        """
        tones = self._tones.get(call.id, "")
        if tones and (again or call.id not in self._answered):
            self._answered.add(call.id)
            self._engine.job(self._send(call, tones))

    async def _send(self, call: Call, tones: str) -> None:
        digits = tones.lstrip(",")
        began = self._engine.book.calls[call.id].answered_mono
        await asyncio.sleep((len(tones) - len(digits)) * _PAUSE_S)
        now = self._engine.book.calls.get(call.id)
        if now is None or not now.live or now.answered_mono != began:
            return  # somebody answered meanwhile: it begins anew
        reply = await self._engine.do(SendTones(call.id, digits))
        if not reply.ok:
            # Not which: they may be a code, and the line is kept on disk.
            text = f"the tones behind the number were not sent: {reply.text}"
            self._engine.note(call.account, Level.WARNING, text, call.id, alert=True)

    def _give_to_dialler(self, call: Call, claim: Claim) -> None:
        engine = self._engine
        self._files[call.id] = claim.files
        if claim.tones:
            self._tones[call.id] = claim.tones
        engine.change_call(
            call.id, owner=claim.owner, remote=replace(call.remote, known=claim.name)
        )
        if claim.owner and claim.owner not in engine.hub.clients:  # gone while it was placed
            engine.job(engine.hang_up(call))

    def _give_to_waiter(self, call: Call) -> None:
        for client_id, wait in list(self.waiters.items()):
            if next_offer([call], wait.account) is None:
                continue
            del self.waiters[client_id]
            if wait.answer:  # else it only wanted to know, and the desk keeps the call
                self._files[call.id] = Files(wait.play, wait.record)
                self._engine.change_call(call.id, owner=client_id)
                self._engine.job(self._engine.quietly(Answer(call.id)))
            return
