"""The Observer adapter: commands of the console to requests, rows to quality."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from softphone.adapters.base import Context
from softphone.adapters.request import host_of, is_insecure, tls_context
from softphone.adapters.retry import watch_clock
from softphone.audio.leg import Leg
from softphone.config import AccountConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.capability import Capabilities
from softphone.model.error import Refused, Unsupported
from softphone.model.event import Level
from softphone.model.monitor import FrameId, ObservedCall
from softphone.model.presence import LinkState

from . import specs, wire
from .credentials import configured
from .features import CAPABILITIES
from .frame import Spec, StoredFrame
from .line import GetToken
from .service import Service
from .settings import ObserverSettings, read_settings
from .telling import Telling, as_frame
from .wire import Table

_READ_MOST = 5_000
_COURSE_ROWS = 600


def make(account: AccountConfig) -> ObserverAdapter:
    """Return the adapter of a configured account; raises ConfigError."""
    settings, names = read_settings(account)
    return ObserverAdapter(account, settings, names, configured(settings))


class ObserverAdapter:
    """One account at an Observer service."""

    kind = "observer"

    def __init__(
        self,
        account: AccountConfig,
        settings: ObserverSettings,
        names: wire.Wire,
        get_token: GetToken,
    ) -> None:
        self.name = account.name
        self.identity = settings.display_name or host_of(settings.url)
        self.insecure = is_insecure(wire.socket_url(settings.url, names))
        self.get_token = get_token
        self.settings = settings
        self.names = names
        self.tls = tls_context(settings.ca_file)
        self._online_wanted = settings.online_at_start
        self._running: _Watcher | None = None

    async def run(self, context: Context) -> None:
        """Connect and keep the line until cancelled; nothing of it is left afterwards."""
        watcher = _Watcher(self, context)
        self._running = watcher
        try:
            await watcher.run(self._online_wanted)
        finally:
            self._running = None

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks; raises a SoftphoneError with the reason when it cannot."""
        if isinstance(command, c.GoOnline | c.GoOffline):
            self._online_wanted = isinstance(command, c.GoOnline)
        if self._running is None:
            if isinstance(command, c.GoOnline | c.GoOffline):
                return None  # done as soon as it runs
            raise Refused("This account is just starting; try again.", code="NOT_ONLINE")
        return await self._running.submit(command)

    def capabilities(self) -> Capabilities:
        """Return what can be done, and why not the rest."""
        return CAPABILITIES

    def media(self, call: CallId) -> Leg | None:
        """Return None: the service carries no calls."""
        return None

    @property
    def running(self) -> bool:
        """Tell whether commands are taken."""
        return self._running is not None

    @property
    def service(self) -> Service | None:
        """Return what is connected, for its counters."""
        return self._running.service if self._running is not None else None


class _Watcher:
    """One run of the adapter: everything that lives between connect and cancel."""

    def __init__(self, adapter: ObserverAdapter, context: Context) -> None:
        self._account = adapter.name
        self._context = context
        self._names = adapter.names
        self.service = Service(
            self, adapter.settings, adapter.names, adapter.get_token, adapter.tls, wire.as_text
        )
        self._telling = Telling(adapter.name, adapter.names, self.service.counts, context.emit)

    async def run(self, online: bool) -> None:
        """Keep line, clock watch and telling going until cancelled."""
        if online:
            self.service.open()
        watch = watch_clock(self.monotonic, self.wall, self._woke)
        beside = [asyncio.create_task(watch), asyncio.create_task(self._telling.run())]
        try:
            await self.service.run()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)

    # ---- what the service tells ----------------------------------------------------------------

    def link_changed(
        self, link: LinkState, cause: str, code: str, retry_mono: float | None
    ) -> None:
        """Pass the state of the line on."""
        self._context.emit(e.LinkChanged(self._account, link, cause, code, retry_mono))

    def trouble(self, code: str, text: str) -> None:
        """Pass trouble on."""
        self._context.emit(e.ErrorRaised(self._account, code, text))

    def remark(self, text: str) -> None:
        """Pass something worth knowing on."""
        self._context.emit(e.Remarked(self._account, Level.WARNING, text))

    def frame_changed(self, frame: StoredFrame) -> None:
        """Tell of a frame soon."""
        if frame.id in self.service.book.frames:
            self._telling.frame(frame)

    def frame_rows(self, frame: StoredFrame, rows: list[Table]) -> None:
        """Tell of newer quality soon."""
        if frame.spec.live_of is not None:
            self._telling.quality(frame)

    def frame_trouble(self, frame: StoredFrame, text: str) -> None:
        """Say once what is wrong with a frame."""
        self.remark(f"{frame.spec.what}: {text}")

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._context.monotonic()

    def wall(self) -> float:
        """Return epoch seconds."""
        return self._context.wall()

    def _woke(self, gone_s: float) -> None:
        text = f"woke after {gone_s:.0f} s, reconnecting"
        self.remark(text)
        self.service.reconnect(text)

    # ---- commands ------------------------------------------------------------------------------

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks."""
        match command:
            case c.GoOnline():
                self.service.open()
                return None
            case c.GoOffline():
                await self.service.close()
                return None
            case c.ListObserved() | c.FindObserved() | c.FetchSummary() | c.FetchTurn():
                return await self._look(command)
            case c.ListResources():
                example = wire.lately_conditions(self.wall(), self._names)
                return c.ResourcesFound(self._names.resources, example)
            case c.OpenFrame() | c.UpdateFrame() | c.ReadFrame() | c.CloseFrame():
                return await self._frame(command)
            case c.ReadCourse():
                rows = self._known(command.frame).rows.all()
                return c.CourseFound(wire.course_in(rows[-_COURSE_ROWS:], self._names))
            case c.ListJobs() | c.StartJob() | c.CancelJob() | c.CleanJobs() | c.ListMachines():
                return await self._administer(command)
            case _:
                raise Unsupported("An Observer account only watches calls.")

    async def _look(
        self, command: c.ListObserved | c.FindObserved | c.FetchSummary | c.FetchTurn
    ) -> c.Value:
        names, service = self._names, self.service
        match command:
            case c.ListObserved():
                answer = await service.ask(names.type_ongoing, {})
                calls = wire.calls_in(answer, names, service.counts)
                at = wire.answered_at(answer, names)
                return c.ObservedFound(tuple(_with_age(call, at) for call in calls), at)
            case c.FindObserved():
                return await self._find(command)
            case c.FetchSummary(_, since, until, interval, room):
                until = until or self.wall()
                since = since or until - 3600.0
                payload = wire.summary_payload(since, until, interval, room, "", names)
                answer = await service.ask(names.type_summary, payload)
                return c.SummaryFound(*wire.summary_in(answer, names))
            case c.FetchTurn():
                return c.TurnFound(wire.turn_in(await service.ask(names.type_turn, {}), names))

    async def _find(self, command: c.FindObserved) -> c.ObservedFound:
        """Look up by filters; or by all seven at once, each alone, and merge what they find."""
        if not command.anything:
            wanted = specs.named_filters(command.filters, self._names)
            return await self._find_one(wanted, (), command)
        text = specs.look_up(command.anything)
        names = self._names.filters()
        asked = [self._find_one({key: text}, (name,), command) for name, key in names.items()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found: dict[tuple[str, float | None], ObservedCall] = {}
        truncated = False
        for answer in answers:
            if isinstance(answer, BaseException):
                continue
            truncated = truncated or answer.truncated
            for call in answer.calls:
                known = found.get((call.id, call.started_at))
                by = (*(known.matched_by if known else ()), *call.matched_by)
                merged = replace(call, matched_by=tuple(dict.fromkeys(by)))
                found[call.id, call.started_at] = merged
        failed = [one for one in answers if isinstance(one, BaseException)]
        if failed and (len(failed) == len(answers) or not isinstance(failed[0], Refused)):
            raise failed[0]
        return c.ObservedFound(tuple(found.values()), None, truncated)

    async def _find_one(
        self, wanted: Mapping[str, str], by: tuple[str, ...], command: c.FindObserved
    ) -> c.ObservedFound:
        limit = max(1, min(command.limit, wire.FIND_MOST))
        payload = wire.find_payload(wanted, command.since, command.until, limit, self._names)
        answer = await self.service.ask(self._names.type_find, payload)
        calls = wire.calls_in(answer, self._names, self.service.counts)
        ours = {key: name for name, key in self._names.filters().items()}
        named = (
            replace(one, matched_by=by or tuple(ours.get(name, name) for name in one.matched_by))
            for one in calls
        )
        return c.ObservedFound(tuple(named), None, wire.truncated_in(answer, self._names))

    async def _frame(
        self, command: c.OpenFrame | c.UpdateFrame | c.ReadFrame | c.CloseFrame
    ) -> c.Value | None:
        match command:
            case c.OpenFrame():
                opened = await self.service.frames.open(self._spec(command), update=command.update)
                opened.users += 1
                return c.FrameOpened(as_frame(opened, self._account))
            case c.CloseFrame():
                self._close(command.frame)
                return None
            case c.UpdateFrame():
                frame = self._known(command.frame)
                if command.stop:
                    self.service.frames.stop(frame)
                elif frame.over:
                    raise Refused("The frame is closed.", code=wire.CONFLICT)
                else:
                    self.service.frames.update(frame)
                return None
            case c.ReadFrame():
                return self._read(self._known(command.frame), command)

    def _close(self, frame_id: FrameId) -> None:
        """Close a frame when the last of those who opened it has closed it."""
        frame = self.service.book.frames.get(frame_id)
        if frame is None:
            return
        frame.users -= 1
        if frame.users <= 0:
            self.service.frames.close(frame)
            self._telling.forget(frame)

    def _spec(self, command: c.OpenFrame) -> Spec:
        names = self._names
        if command.kind is c.FrameKind.CALL:
            return specs.call_frame(command.call, names)
        if command.kind is c.FrameKind.CLIENT:
            return specs.client_frame(command.call, command.client, names)
        return specs.database_frame(command.resource, command.conditions, names)

    def _known(self, frame_id: FrameId) -> StoredFrame:
        found = self.service.book.frames.get(frame_id)
        if found is None:
            raise Refused("There is no such frame (any more).", code=wire.NOT_FOUND)
        return found

    def _read(self, frame: StoredFrame, command: c.ReadFrame) -> c.FrameRows:
        frame.read_at = self.monotonic()
        limit = max(1, min(command.limit, _READ_MOST))
        rows, last, missed = frame.rows.after(command.after, limit)
        return c.FrameRows(tuple(rows), last, as_frame(frame, self._account), missed)

    async def _administer(
        self, command: c.ListJobs | c.StartJob | c.CancelJob | c.CleanJobs | c.ListMachines
    ) -> c.Value:
        names, service = self._names, self.service
        match command:
            case c.ListJobs():
                found = wire.jobs_in(await service.ask(names.type_jobs, {}), names)
                types = (*wire.JOB_TYPES, *sorted({job.type for job in found if job.type}))
                return c.JobsFound(found, tuple(dict.fromkeys(types)))
            case c.StartJob(_, job_type, text, confirmed):
                if job_type in wire.DESTRUCTIVE_JOBS and not confirmed:
                    raise Refused(f"{job_type} destroys data.", code="NOT_CONFIRMED")
                parameters = specs.json_object(text, "The parameters")
                asked = wire.start_payload(job_type, parameters, names)
                answer = await service.ask(names.type_start_job, asked, read=False)
                return c.JobStarted(wire.started_in(answer, names))
            case c.CancelJob(_, job_type, job):
                asked = wire.cancel_payload(job_type, job, names)
                answer = await service.ask(names.type_cancel_job, asked, read=False)
                return c.Done(int(wire.cancelled_in(answer, names)))
            case c.CleanJobs(_, failed, jobs):
                type_ = names.type_clean_failed if failed else names.type_clean_completed
                answer = await service.ask(type_, wire.clean_payload(jobs, names), read=False)
                return c.Done(wire.removed_in(answer, names))
            case c.ListMachines():
                workers = await service.ask(names.type_workers, {})
                servers = await service.ask(names.type_servers, {})
                return c.MachinesFound(
                    wire.machines_in(workers, "workers", "worker", names)
                    + wire.machines_in(servers, "servers", "server", names)
                )


def _with_age(call: ObservedCall, at: float | None) -> ObservedCall:
    """Return a running call with its age by the service's own clock (10: clock skew)."""
    if call.duration_s is not None or call.started_at is None or at is None:
        return call
    return replace(call, duration_s=max(0.0, at - call.started_at))
