"""Jobs of a monitored service, and the machines it runs on: for administrators."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.monitor import Job, JobState, Machine
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import Say
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import Answer, AskLine, Question

_EVERY_S = 3.0
_BAR = 10
_OLD_HEARTBEAT_S = 30.0
_JOB_COLUMNS = (Column(14), Column(10), Column(_BAR + 5), Column(12), Column(flex=1))
_MACHINE_COLUMNS = (Column(8), Column(flex=2), Column(10), Column(8), Column(9), Column(flex=1))
_OVER = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
_ROLES = {JobState.FAILED: "bad", JobState.ACTIVE: "active", JobState.COMPLETED: "ok"}


class JobsScreen(ConsoleScreen):
    """a starts a job, D cancels the marked one or cleans it away, w cleans all that are over."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="jobs")
        self.rows: RowList[Job] = RowList(
            self._draw_job, lambda job: job.id, empty="The service is being asked."
        )
        self.machines: RowList[Machine] = RowList(
            self._draw_machine, lambda machine: (machine.kind, machine.id), empty="No machines."
        )
        self.detail = Lines(id="job-detail")
        self._at = 0.0

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(Heading(_heading), self.rows, self.detail, classes="pane full")
        key = self.view.key
        box.border_title = Content(
            f"JOBS ── {key('contact.add')} start, {key('contact.delete')} cancel or remove, "
            f"{key('list.watch')} clean, Esc closes"
        )
        yield box
        below = Vertical(self.machines, classes="pane machines")
        below.border_title = Content("WORKERS AND SERVERS")
        yield below

    def on_mount(self) -> None:
        """Ask now, and every three seconds while this is seen."""
        self.rows.focus()
        self._ask()
        self.set_interval(_EVERY_S, self._ask)

    @property
    def account(self) -> AccountName | None:
        """Return the first account that may administer a service."""
        able = accounts_that(self.view.now, Capability.JOBS)
        return able[0].name if able else None

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked job."""
        event.stop()
        self._paint_detail()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Do what the lists' keys ask."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "contact.add":
            self._start_job()
        elif event.action_id == "list.watch":
            self._clean()
        elif event.action_id == "contact.delete" and event.rows is self.rows and self.rows.row:
            self._cancel(self.rows.row)

    # ---- what the operator does ----------------------------------------------------------------

    def _start_job(self) -> None:
        def done(text: str | None) -> None:
            kind, _, given = (text or "").partition(" ")
            if not kind or self.account is None:
                return
            try:
                parameters = json.loads(given or "{}")
            except ValueError:
                parameters = None
            if not isinstance(parameters, dict):
                self.post_message(Say("The parameters must be a JSON object.", "warning"))
                return
            self._send(c.StartJob(self.account, kind, json.dumps(parameters)))

        kinds = sorted({job.type for job in self.rows.rows})
        known = f" Seen here: {', '.join(kinds)}." if kinds else ""
        text = f'Type, then parameters as JSON: selfTest {{"seconds": 5}}.{known}'
        self.app.push_screen(AskLine(self.view, "START A JOB", text), done)

    def _cancel(self, job: Job) -> None:
        if self.account is None:
            return
        over = job.state in _OVER
        command: c.Command = c.CancelJob(self.account, job.type, job.id)
        if over:
            command = c.CleanJobs(self.account, job.state is JobState.FAILED, (job.id,))
        title, verb = ("REMOVE JOB", "Remove") if over else ("CANCEL JOB", "Cancel it")
        self._confirm(title, f"{verb}: {job.type} {job.id}?", verb, command)

    def _clean(self) -> None:
        failed = [job for job in self.rows.rows if job.state is JobState.FAILED]
        completed = [job for job in self.rows.rows if job.state is JobState.COMPLETED]
        if self.account is None or not (failed or completed):
            self.post_message(Say("No job is over.", "warning"))
            return
        many = failed or completed
        what = "failed" if failed else "completed"
        text = f"Remove all {len(many)} {what} jobs from the list?"
        command = c.CleanJobs(self.account, bool(failed))
        self._confirm("CLEAN JOBS", text, f"Remove {len(many)}", command)

    def _confirm(self, title: str, text: str, yes: str, command: c.Command) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self._send(command)

        answers = (Answer("y", yes, "yes"), Answer("n", "Leave it", "no"))
        self.app.push_screen(Question(self.view, title, text, answers), done)

    def _send(self, command: c.Command) -> None:
        start(self, partial(self._do, command), group="do")

    async def _do(self, command: c.Command) -> None:
        reply = await self.view.request(command)
        if not reply.ok:
            self.post_message(Say(reply.text or reply.code, "warning"))
        self._ask()

    # ---- asking and painting -------------------------------------------------------------------

    def _ask(self) -> None:
        start(self, self._load, group="jobs", latest=True)

    async def _load(self) -> None:
        account = self.account
        if account is None:
            self.rows.show((), "No account may see jobs.")
            return
        reply = await self.view.request(c.ListJobs(account))
        self._at = self.view.clock.wall()
        if isinstance(reply.value, c.JobsFound):
            self.rows.show(reply.value.jobs, "No job is in the list.")
        else:
            self.rows.show((), reply.text or "The service gives no answer.")
        found = await self.view.request(c.ListMachines(account))
        if isinstance(found.value, c.MachinesFound):
            self.machines.show(found.value.machines)
        else:
            self.machines.show((), found.text)
        self._paint_detail()

    def _draw_job(self, job: Job, width: int) -> Line:
        created = f"{local_time(job.created_at):%d %b %H:%M}" if job.created_at else words.DASH
        cells = (
            (job.type, "plain"), (job.state.value, _ROLES.get(job.state, "dim")),
            (_bar(job.progress), "active"), (created, "dim"), (job.error or job.id, "dim"),
        )  # fmt: skip
        return table_line(cells, _JOB_COLUMNS, width)

    def _draw_machine(self, machine: Machine, width: int) -> Line:
        cpu = words.DASH if machine.cpu is None else f"{machine.cpu:.0%}"
        memory = machine.memory_bytes
        age = None if machine.heartbeat_at is None else self._at - machine.heartbeat_at
        old = age is not None and age > _OLD_HEARTBEAT_S
        beat = words.DASH if age is None else f"seen {words.duration(age)} ago"
        cells = (
            (machine.kind, "dim"), (machine.host or machine.id, "plain"), (machine.state, "plain"),
            (cpu, "plain"), (words.figure(None if memory is None else memory / 1e6, "MB"), "dim"),
            (beat, "bad" if old else "dim"),
        )  # fmt: skip
        return table_line(cells, _MACHINE_COLUMNS, width)

    def _paint_detail(self) -> None:
        job = self.rows.row
        width = max(20, self.detail.content_size.width)
        lines: list[Line] = []
        for title, text in _job_texts(job) if job else ():
            lines += wrap(f"{title}: {text}", width, "bad" if title == "error" else "dim", 2)
        self.detail.show(lines)


def _heading(width: int) -> Line:
    names = ("job", "state", "progress", "created", "error or id")
    return table_line([(name, "dim") for name in names], _JOB_COLUMNS, width)


def _job_texts(job: Job) -> Iterable[tuple[str, str]]:
    attempts = "" if job.attempts is None else str(job.attempts)
    texts = (("error", job.error), ("parameters", job.parameters), ("result", job.result),
             ("worker", job.worker), ("attempts", attempts))  # fmt: skip
    return ((title, text) for title, text in texts if text)


def _bar(progress: float | None) -> str:
    if progress is None:
        return ""
    full = round(max(0.0, min(1.0, progress)) * _BAR)
    return f"{'█' * full}{'░' * (_BAR - full)} {progress:.0%}"
