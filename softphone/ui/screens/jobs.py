"""Jobs of a monitored service, and the machines it runs on: for administrators."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
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
from softphone.ui.monitoring import progress_bar, stale_since
from softphone.ui.panes.pane import Say
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, dimmed, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import Answer, AskLine, Question
from .pick import Pick
from .typed import confirm_typed

_EVERY_S = 3.0
_OLD_HEARTBEAT_S = 30.0
_OTHER = "another type"
_JOB_COLUMNS = (Column(16), Column(10), Column(15), Column(8), Column(5), Column(flex=1))
_MACHINE_COLUMNS = (Column(8), Column(flex=1), Column(10), Column(6), Column(9), Column(17))
_OVER = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
_ROLES = {JobState.FAILED: "bad", JobState.ACTIVE: "active", JobState.COMPLETED: "ok"}


class JobsScreen(ConsoleScreen):
    """a starts a job, D cancels the marked one or cleans it away, w cleans all that failed or
    are completed."""

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
        self._answered_at: float | None = None
        self._problem = ""
        self._types: Sequence[str] = ()
        self._told: RowList[Job] | RowList[Machine] = self.rows
        self._box = Vertical(Heading(_heading), self.rows, self.detail, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        key = self.view.key
        self._box.border_title = Content(
            f"JOBS ── {key('contact.add')} start, {key('contact.delete')} cancel or remove, "
            f"{key('list.watch')} clean all, Esc closes"
        )
        yield self._box
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
        """Show the marked job, or the marked machine."""
        event.stop()
        self._told = event.rows
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
        def chosen(kind: str | None) -> None:
            if kind == _OTHER:
                text = "Which type of job?"
                self.app.push_screen(AskLine(self.view, "START A JOB", text), self._parameters)
            else:
                self._parameters(kind)

        choices = [(kind, kind, "") for kind in (*self._types, _OTHER)]
        self.app.push_screen(Pick(self.view, "START A JOB", choices), chosen)

    def _parameters(self, kind: str | None) -> None:
        def done(text: str | None) -> None:
            if text is None or kind is None or self.account is None:
                return
            try:
                parameters = json.loads(text)
            except (ValueError, RecursionError):
                parameters = None
            if not isinstance(parameters, dict):
                self.post_message(Say("The parameters must be a JSON object.", "warning"))
                return
            self._send(c.StartJob(self.account, kind, json.dumps(parameters)))

        if kind is not None:
            ask = AskLine(self.view, kind, "Its parameters, as a JSON object.")
            ask.field.value = "{}"
            self.app.push_screen(ask, done)

    def _cancel(self, job: Job) -> None:
        if self.account is None:
            return
        over = job.state in _OVER
        command: c.Command = c.CancelJob(self.account, job.type, job.id)
        if job.state is JobState.CANCELLED:
            self.post_message(Say("The service keeps cancelled jobs; only others are removed."))
            return
        if over:
            command = c.CleanJobs(self.account, job.state is JobState.FAILED, (job.id,))
        title, verb = ("REMOVE JOB", "Remove") if over else ("CANCEL JOB", "Cancel it")
        self._confirm(title, f"{verb}: {job.type} {job.id}?", verb, command)

    def _clean(self) -> None:
        """Choose which of those that are over; how many they are is seen before anything goes."""
        counts = {
            state.value: sum(job.state is state for job in self.rows.rows)
            for state in (JobState.FAILED, JobState.COMPLETED)
        }
        choices = [
            (state, f"All {state} jobs", str(count)) for state, count in counts.items() if count
        ]
        if self.account is None or not choices:
            self.post_message(Say("No job is over.", "warning"))
            return

        def chosen(state: str | None) -> None:
            if state is not None:
                self._clean_all(state, counts[state])

        self.app.push_screen(Pick(self.view, "CLEAN JOBS", choices), chosen)

    def _clean_all(self, state: str, count: int) -> None:
        jobs = words.plural(count, f"{state} job")
        if self.account is not None:
            command = c.CleanJobs(self.account, state == JobState.FAILED.value)
            text = f"Remove all {jobs} from the list?"
            confirm_typed(self, "CLEAN JOBS", text, state, partial(self._send, command))

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
        if isinstance(command, c.StartJob) and reply.code == "NOT_CONFIRMED":
            again = replace(command, confirmed=True)
            confirm_typed(self, "START A JOB", reply.text, command.job_type,
                          partial(self._send, again))  # fmt: skip
            return
        if said := _said(command, reply):
            self.post_message(Say(said, "information" if reply.ok else "warning"))
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
            self._problem, self._answered_at = "", self._at
            self._types = reply.value.types
            self.rows.show(reply.value.jobs, "No job is in the list.")
        else:
            self._problem = reply.text or "The service gives no answer."
            self.rows.show(self.rows.rows, self._problem)
        found = await self.view.request(c.ListMachines(account))
        if isinstance(found.value, c.MachinesFound):
            self.machines.show(found.value.machines)
        else:
            self.machines.show(self.machines.rows, found.text)
        stale = bool(self._problem and self._answered_at)
        text = f"{stale_since(self._answered_at)} · {self._problem}" if stale else ""
        self._box.border_subtitle = Content(text)
        self._paint_detail()

    def _draw_job(self, job: Job, width: int) -> Line:
        age = words.DASH if job.created_at is None else words.duration(self._at - job.created_at)
        tries = words.DASH if job.attempts is None else str(job.attempts)
        cells = (
            (job.type, "plain"), (job.state.value, _ROLES.get(job.state, "dim")),
            (progress_bar(job.progress) or words.DASH, "active"), (age, "dim"), (tries, "dim"),
            (job.error or job.id, "dim"),
        )  # fmt: skip
        line = table_line(cells, _JOB_COLUMNS, width)
        return dimmed(line) if self._problem else line

    def _draw_machine(self, machine: Machine, width: int) -> Line:
        cpu = words.DASH if machine.cpu is None else f"{machine.cpu:.0%}"
        memory = machine.memory_bytes
        age = None if machine.heartbeat_at is None else self._at - machine.heartbeat_at
        late = age is not None and age > _OLD_HEARTBEAT_S
        beat = words.DASH if age is None else f"{words.duration(age)} ago"
        cells = (
            (machine.kind, "dim"), (machine.host or machine.id, "plain"),
            (machine.state or words.DASH, "plain"), (cpu, "plain"),
            (words.figure(None if memory is None else memory / 1e6, "MB"), "dim"),
            (f"LATE {beat}" if late else beat, "bad" if late else "dim"),
        )  # fmt: skip
        line = table_line(cells, _MACHINE_COLUMNS, width)
        return dimmed(line) if self._problem else line

    def _paint_detail(self) -> None:
        row = self._told.row
        width = max(20, self.detail.content_size.width)
        texts: Iterable[tuple[str, str]] = ()
        if isinstance(row, Job):
            texts = _job_texts(row)
        elif isinstance(row, Machine):
            texts = _machine_texts(row)
        lines: list[Line] = []
        for title, text in texts:
            lines += wrap(f"{title}: {text}", width, "bad" if title == "error" else "dim", 2)
        self.detail.show(lines)


def _heading(width: int) -> Line:
    names = ("job", "state", "progress", "age", "tries", "error or id")
    return table_line([(name, "dim") for name in names], _JOB_COLUMNS, width)


def _said(command: c.Command, reply: c.Reply) -> str:
    """Return what is to be said of an answer."""
    if not reply.ok:
        return reply.text or reply.code
    match command, reply.value:
        case c.StartJob(), c.JobStarted(""):
            return "An equal job waits or runs already."
        case c.CancelJob(), c.Done(0):
            return "The job was over already."
        case c.CleanJobs(), c.Done(count):
            return f"{words.plural(count, 'job')} removed."
    return ""


def _job_texts(job: Job) -> Iterable[tuple[str, str]]:
    began = "" if job.created_at is None else f"{local_time(job.created_at):%d %b %H:%M:%S}"
    ended = "" if job.finished_at is None else f"{local_time(job.finished_at):%d %b %H:%M:%S}"
    texts = (
        *(("error", job.error), ("parameters", job.parameters), ("result", job.result)),
        *(("worker", job.worker), ("created", began), ("over", ended), ("id", job.id)),
    )
    return ((title, text) for title, text in texts if text)


def _machine_texts(machine: Machine) -> Iterable[tuple[str, str]]:
    """Return what a machine tells besides its row; whatever an unknown service calls it."""
    named = ", ".join(f"{name} {value or words.DASH}" for name, value in machine.figures)
    texts = (("id", machine.id), ("version", machine.version), ("figures", named))
    return ((title, text) for title, text in texts if text)
