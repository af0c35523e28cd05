"""`softphone observe jobs` and `machines`: for administrators of a monitored service."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from softphone.model.error import Refused, SoftphoneError

if TYPE_CHECKING:
    from softphone.model import command as c
    from softphone.model.monitor import Machine

    from .session import Session

_LATE_S = 30.0


def add_admin(what: _SubParsersAction[Any], add: Callable[..., ArgumentParser]) -> None:
    """Add the commands."""
    jobs = add(what, "jobs", "list jobs; start, cancel or clean them", _jobs)
    jobs.add_argument("--start", default="", metavar="TYPE")
    jobs.add_argument("--parameters", default="{}", metavar="JSON")
    jobs.add_argument("--cancel", nargs=2, default=(), metavar=("TYPE", "ID"))
    jobs.add_argument("--clean", choices=("failed", "completed"))
    jobs.add_argument("--id", nargs="+", default=(), metavar="ID", help="clean only these")
    jobs.add_argument("--yes", action="store_true", help="do not ask before what destroys")
    add(what, "machines", "workers and servers", _machines)


async def _jobs(session: Session, options: Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.capability import Capability

    account = session.account(options.account, Capability.JOBS)
    if options.start:
        return await _start(session, options, account)
    if options.cancel:
        return await _count(session, options, c.CancelJob(account, *options.cancel))
    if options.clean:
        ids = tuple(options.id)
        if not ids:
            await _confirm_cleaning(session, options, account)
        return await _count(session, options, c.CleanJobs(account, options.clean == "failed", ids))
    found = await session.ask(c.ListJobs(account))
    assert isinstance(found, c.JobsFound)
    for job in found.jobs:
        _print_job(job, options)
    return 0


async def _start(session: Session, options: Namespace, account: Any) -> int:
    from softphone.model import command as c

    from .observe import say

    wanted = c.StartJob(account, options.start, options.parameters, options.yes)
    try:
        started = await session.ask(wanted)
    except SoftphoneError as problem:
        if problem.code != "NOT_CONFIRMED":
            raise
        _typed(problem.message, options.start)
        again = c.StartJob(account, options.start, options.parameters, confirmed=True)
        started = await session.ask(again)
    assert isinstance(started, c.JobStarted)
    say({"type": "job_started", "job": started.job}, started.job, options)
    return 0


async def _confirm_cleaning(session: Session, options: Namespace, account: Any) -> None:
    """Say how many jobs go, and ask for their state to be typed."""
    from softphone.model import command as c

    if options.yes:
        return
    found = await session.ask(c.ListJobs(account))
    assert isinstance(found, c.JobsFound)
    count = sum(job.state.value == options.clean for job in found.jobs)
    _typed(f"All {options.clean} jobs ({count}) go from the list.", options.clean)


def _typed(text: str, word: str) -> None:
    """Let the word be typed; Refused when there is nobody to ask, or another was typed."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{text} Say --yes to do it.", code="NOT_CONFIRMED")
    print(f"{text} Type {word} to do it: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise Refused(f"Nothing was done: {word} was not typed.", code="NOT_CONFIRMED")


async def _count(session: Session, options: Namespace, command: c.Command) -> int:
    from softphone.model import command as c

    from .observe import say

    done = await session.ask(command)
    count = done.count if isinstance(done, c.Done) else 0
    say({"type": "done", "count": count}, f"{count} jobs", options)
    return 0


def _print_job(job: Any, options: Namespace) -> None:
    from softphone.model import codec

    from .observe import say

    data = codec.encode_plain(job)
    progress = "-" if job.progress is None else f"{job.progress:.0%}"
    text = f"{job.id:<20} {job.type:<16} {job.state.value:<10} {progress:>5}  {job.error}"
    say({**data, "job_type": data.pop("type"), "type": "job"}, text.rstrip(), options)


async def _machines(session: Session, options: Namespace) -> int:
    from softphone.model import codec
    from softphone.model.capability import Capability
    from softphone.model.command import ListMachines, MachinesFound

    from .observe import say

    account = session.account(options.account, Capability.JOBS)
    found = await session.ask(ListMachines(account))
    assert isinstance(found, MachinesFound)
    for machine in found.machines:
        text = _machine_words(machine, time.time())
        say({"type": "machine", **codec.encode_plain(machine)}, text, options)
    return 0


def _machine_words(machine: Machine, now: float) -> str:
    cpu = "-" if machine.cpu is None else f"{machine.cpu:.0%}"
    age = None if machine.heartbeat_at is None else max(0.0, now - machine.heartbeat_at)
    beat = "-" if age is None else f"seen {age:.0f} s ago"
    late = "  LATE" if age is not None and age > _LATE_S else ""
    name = f"{machine.kind:<8} {machine.id:<20} {machine.state or '-':<10} {cpu:>5}"
    return f"{name}  {beat:<16} {machine.host}{late}".rstrip()
