"""Facts of calls, folded into their book, and what follows from each change of one.

Written to the store, told to the clients, routed to the sound card, in that order, in one step.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState, EndReason
from softphone.model.command import Hold

from .calls import ENDED_SHOWN_S, CallFact
from .narrator import call_line, timeline_entry
from .pops import waiting

if TYPE_CHECKING:
    from .engine import Engine


class CallFacts:
    """Keeps every call in step with what its platform reports of it.

    `lost_operator` are calls that are being hung up because nobody came back to the console.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lost_operator: set[CallId] = set()

    def take(self, fact: CallFact) -> None:
        """Fold one fact in and do what follows."""
        engine = self._engine
        if isinstance(fact, e.CallOver) and fact.call in self.lost_operator:
            self.lost_operator.discard(fact.call)
            fact = replace(fact, reason=EndReason.OPERATOR_LOST)
        before = engine.book.calls.get(fact.call)
        if before is None and isinstance(fact, e.CallOffered | e.CallAutoDeclined):
            blocked = engine.screening.turned_away(fact)
            if blocked is not None:
                self._turn_away(blocked, ringing=isinstance(fact, e.CallOffered))
                return
        after = engine.book.apply(fact, engine.wall(), engine.monotonic())
        if after is None:
            return
        if before is None and after.state is CallState.RINGING:
            after = engine.ringing.judged(after)
            engine.book.put(after)
        self._changed(before, after)
        if before is None and after.live:
            engine.owners.new_call(after)
            for pop in waiting(after, engine.hub.state.pops, engine.wall()):
                engine.hub.publish(e.ScreenPopped(pop))
            engine.job(self._name_call(after))
        if isinstance(fact, e.CallRestarted):
            engine.sound.play_again(after.id)
            engine.owners.answered(after, again=True)

    def change(self, call: CallId, **values: object) -> None:
        """Set fields the engine owns, and tell."""
        before = self._engine.book.calls.get(call)
        after = self._engine.book.change(call, **values)
        if after is not None:
            self._changed(before, after)

    def hold_locally(self, call: CallId, held: bool) -> None:
        """Hold with our own means, or take back."""
        engine = self._engine
        before = engine.book.calls.get(call)
        after = engine.book.hold_locally(call, held)
        if after is not None:
            engine.sound.set_hold(call, held, engine.config.audio.hold_music)
            self._changed(before, after)

    def forget_ended(self) -> None:
        """Drop calls that were shown long enough after their end."""
        engine = self._engine
        for call in engine.book.forget(engine.monotonic()):
            engine.hub.publish(e.CallRemoved(call))
        if not engine.book.live():
            # The collector is set to run rarely, for the sake of the sound: what a call leaves
            # behind goes now, when nobody talks.
            gc.collect()

    # ---- what follows --------------------------------------------------------------------------

    def _turn_away(self, call: Call, *, ringing: bool) -> None:
        """Keep the record of a call that may not ring, and decline it."""
        engine = self._engine
        engine.book.put(call)
        self._changed(None, call)
        engine.job(self._name_call(call))
        if ringing:
            engine.job(engine.screening.decline(call))

    def _changed(self, before: Call | None, after: Call) -> None:
        engine = self._engine
        if not after.live:
            engine.sound_desk.measure(after)
        entry = timeline_entry(before, after)
        entries = (replace(entry, at=engine.wall()),) if entry else ()
        engine.store.save_call(after, entries)
        engine.hub.publish(e.CallChanged(after))
        line = call_line(before, after)
        if line:
            engine.note(after.account, *line, after.id)
        engine.sound_desk.route()
        engine.recorder.call_changed(after)
        if after.state is CallState.ACTIVE:
            engine.owners.answered(after)
        if not after.live:
            if before is None or before.live:  # else something is written down about an ended call
                self._over(after)
        elif before is not None and engine.sound.waits_behind(before, after):
            engine.job(engine.quietly(Hold(after.id)))
        engine.following.check()
        engine.attendance.check()

    def _over(self, call: Call) -> None:
        engine = self._engine
        engine.commands.conferences.call_over(call)
        engine.acts.forget(call.id)
        engine.ringing.call_over(call.id)
        engine.stop_media(call.id)
        engine.recorder.call_over(call.id)
        engine.wrap_up.call_over(call)
        engine.operator.call_over()
        engine.owners.call_over(call.id)
        if call.missed:
            engine.job(engine.count_missed())
        engine.later(ENDED_SHOWN_S, self.forget_ended)

    async def _name_call(self, call: Call) -> None:
        """Put the operator's own name for a number beside what the platform says."""
        contact = await self._engine.contact_of(call.remote.address)
        now = self._engine.book.calls.get(call.id)
        if contact is None or now is None:
            return
        if contact.favourite and now.live:
            self._engine.ringing.favourite(call.id)
        self.change(call.id, remote=replace(now.remote, known=contact.name))
