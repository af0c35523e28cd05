"""What a call did and how it sounded, while it is up and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.capability import Capability
from softphone.model.error import Refused
from softphone.model.record import CallRecord
from softphone.model.report import CallReport, ReportEvent

if TYPE_CHECKING:
    from .engine import Engine


class Reporting:
    """Answers `ShowReport` and `ShowQuality`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def report(self, command: c.ShowReport) -> c.Value:
        """Return the platform's report of a call; where it makes none, the steps we noted."""
        call = self._engine.book.calls.get(command.call)
        if call is not None and call.live:
            adapter = self._engine.adapters[call.account]
            if adapter.capabilities().allows(Capability.REPORTS):
                value = await adapter.submit(command)
                if value is not None:
                    return value
        stored = await self._engine.store.report(command.call)
        return c.ReportFound(stored or of_timeline(await self._record(command.call)))

    async def quality(self, command: c.ShowQuality) -> c.QualityFound:
        """Return how a call sounds, or sounded."""
        summary = self._engine.sound.summary(command.call)
        if summary is None:
            summary = (await self._record(command.call)).quality
        samples = await self._engine.store.samples(command.call, command.after, command.limit)
        last = samples[-1].at if samples else command.after
        fresh = (s for s in self._engine.sound.fresh(command.call) if s.at > last)
        room = max(0, command.limit - len(samples))
        return c.QualityFound(summary, (*samples, *list(fresh)[:room]))

    async def _record(self, call: CallId) -> CallRecord:
        record = await self._engine.store.record(call)
        if record is None:
            raise Refused("There is no report of that call.", code="NO_CALL")
        return record


def of_timeline(record: CallRecord) -> CallReport:
    """Return a report made of the steps in a call's record."""
    events = tuple(
        ReportEvent(
            str(number),
            entry.what.upper().replace(" ", "_"),
            entry.at,
            entry.at,
            data=(("detail", entry.detail),) if entry.detail else (),
        )
        for number, entry in enumerate(record.timeline)
    )
    return CallReport(record.call.id, events)
