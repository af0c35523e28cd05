"""`softphone observe …`: calls, quality, rows, jobs and machines of a monitored service."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from .options import OneLineParser, parse, parser, print_json

if TYPE_CHECKING:
    from softphone.model.monitor import Frame

    from .session import Session

_FILTERS = ("call", "room", "client", "transport", "producer", "consumer", "track")
_Work = Callable[["Session", Namespace], Awaitable[int]]


def run(name: str, arguments: Sequence[str]) -> int:
    """Ask the service and print."""
    made = parser(
        name,
        "Watch a monitored WebRTC service.",
        "softphone observe calls --json",
        "softphone observe find 4f2c --since 3600",
        "softphone observe frame call CALL --follow --json",
        'softphone observe frame callEvents --where \'{"callId": "c-1"}\' --csv > events.csv',
    )
    what = made.add_subparsers(dest="what", required=True, parser_class=OneLineParser)
    _add_looking(what)
    _add_frame(what)
    _add_admin(what)
    options = parse(made, arguments)
    return asyncio.run(_observe(options))


def _add(what: _SubParsersAction[Any], name: str, text: str, work: _Work) -> ArgumentParser:
    made: ArgumentParser = what.add_parser(name, help=text, description=text)
    made.add_argument("--json", action="store_true", help="print one JSON object a line")
    made.add_argument("--account", default="", help="default: the first account that can")
    made.set_defaults(work=work)
    return made


def _add_looking(what: _SubParsersAction[Any]) -> None:
    _add(what, "calls", "calls that go on now, the worst first", _calls)
    find = _add(what, "find", "look a call up by any id, or by named ones", _find)
    find.add_argument("anything", nargs="?", default="", metavar="ID")
    for name in _FILTERS:
        find.add_argument(f"--{name}", default="", metavar="ID")
    find.add_argument("--since", type=float, default=0.0, metavar="S", help="seconds ago")
    find.add_argument("--limit", type=int, default=50, metavar="N")
    summary = _add(what, "summary", "totals over a time, and their course", _summary)
    summary.add_argument("--since", type=float, default=3600.0, metavar="S", help="seconds ago")
    summary.add_argument("--interval", choices=("1m", "5m", "1h"), default="5m")
    summary.add_argument("--room", default="")


def _add_frame(what: _SubParsersAction[Any]) -> None:
    from .observe_frame import show_frame

    frame = _add(what, "frame", "rows: call CALL, client CALL CLIENT, or a RESOURCE", show_frame)
    frame.add_argument("target", nargs="+", metavar="WHAT")
    frame.add_argument("--where", default="{}", metavar="JSON", help="conditions of a resource")
    frame.add_argument("--follow", action="store_true", help="go on with rows as they come")
    frame.add_argument("--csv", action="store_true", help="as a table")
    frame.add_argument("--limit", type=int, default=0, metavar="N", help="stop after N rows")


def _add_admin(what: _SubParsersAction[Any]) -> None:
    jobs = _add(what, "jobs", "list jobs; start, cancel or clean them", _jobs)
    jobs.add_argument("--start", default="", metavar="TYPE")
    jobs.add_argument("--parameters", default="{}", metavar="JSON")
    jobs.add_argument("--cancel", nargs=2, default=(), metavar=("TYPE", "ID"))
    jobs.add_argument("--clean", choices=("failed", "completed"))
    jobs.add_argument("--id", nargs="+", default=(), metavar="ID", help="clean only these")
    _add(what, "machines", "workers and servers", _machines)


async def _observe(options: Namespace) -> int:
    from .session import attached

    async with attached(options, "observe", start=True) as session:
        await session.online(options.account)
        code: int = await options.work(session, options)
    return code


# ---- looking -------------------------------------------------------------------------------------


async def _calls(session: Session, options: Namespace) -> int:
    from softphone.model.command import ListObserved, ObservedFound

    found = await session.ask(ListObserved(monitoring(session, options)))
    assert isinstance(found, ObservedFound)
    _print_calls(found, as_json=options.json)
    return 0


async def _find(session: Session, options: Namespace) -> int:
    import time

    from softphone.model.command import FindObserved, ObservedFound

    named = tuple((name, value) for name in _FILTERS if (value := getattr(options, name)))
    since = time.time() - options.since if options.since else 0.0
    account = monitoring(session, options)
    wanted = FindObserved(account, named, options.anything, since, limit=options.limit)
    found = await session.ask(wanted)
    assert isinstance(found, ObservedFound)
    _print_calls(found, as_json=options.json)
    return 0 if found.calls else 1


async def _summary(session: Session, options: Namespace) -> int:
    import time

    from softphone.model import codec
    from softphone.model.command import FetchSummary, SummaryFound

    now = time.time()
    account = monitoring(session, options)
    wanted = FetchSummary(account, now - options.since, now, options.interval, options.room)
    found = await session.ask(wanted)
    assert isinstance(found, SummaryFound)
    if options.json:
        print_json(codec.encode(found))
        return 0
    for name, value in found.figures:
        print(f"{name:<40} {value or '-'}")
    return 0


def _print_calls(found: Any, *, as_json: bool) -> None:
    from softphone.model import codec

    from .show import moment

    for call in found.calls:
        if as_json:
            data = {**codec.encode_plain(call), "clients": [one.client for one in call.clients]}
            print_json({"type": "observed_call", **data})
            continue
        score = "-" if call.score is None else f"{call.score:.1f}"
        people = "-" if call.clients_now is None else str(call.clients_now)
        matched = f"  by {', '.join(call.matched_by)}" if call.matched_by else ""
        began = moment(call.started_at) or "-"
        print(f"{began:<29}  {call.room:<16} {call.id:<24} {people:>3} clients  {score}{matched}")


# ---- administration ------------------------------------------------------------------------------


async def _jobs(session: Session, options: Namespace) -> int:
    from softphone.model import codec
    from softphone.model import command as c
    from softphone.model.capability import Capability

    account = session.account(options.account, Capability.JOBS)
    if options.start:
        started = await session.ask(c.StartJob(account, options.start, options.parameters))
        assert isinstance(started, c.JobStarted)
        _say({"type": "job_started", "job": started.job}, started.job, options)
        return 0
    if options.cancel or options.clean:
        command: c.Command = c.CleanJobs(account, options.clean == "failed", tuple(options.id))
        if options.cancel:
            command = c.CancelJob(account, *options.cancel)
        done = await session.ask(command)
        count = done.count if isinstance(done, c.Done) else 0
        _say({"type": "done", "count": count}, f"{count} jobs", options)
        return 0
    found = await session.ask(c.ListJobs(account))
    assert isinstance(found, c.JobsFound)
    for job in found.jobs:
        data = codec.encode_plain(job)
        progress = "" if job.progress is None else f"{job.progress:.0%}"
        text = f"{job.id:<20} {job.type:<16} {job.state.value:<10} {progress:>5}  {job.error}"
        _say({**data, "job_type": data.pop("type"), "type": "job"}, text.rstrip(), options)
    return 0


async def _machines(session: Session, options: Namespace) -> int:
    from softphone.model import codec
    from softphone.model.capability import Capability
    from softphone.model.command import ListMachines, MachinesFound

    account = session.account(options.account, Capability.JOBS)
    found = await session.ask(ListMachines(account))
    assert isinstance(found, MachinesFound)
    for machine in found.machines:
        cpu = "-" if machine.cpu is None else f"{machine.cpu:.0%}"
        text = f"{machine.kind:<8} {machine.id:<20} {machine.state:<10} {cpu:>5}  {machine.host}"
        _say({"type": "machine", **codec.encode_plain(machine)}, text.rstrip(), options)
    return 0


def monitoring(session: Session, options: Namespace) -> Any:
    """Return the account that monitors."""
    from softphone.model.capability import Capability

    return session.account(options.account, Capability.MONITORING)


def frame_words(frame: Frame) -> str:
    """Return how a frame ended, for people."""
    part = ", partial" if frame.partial else ""
    problem = f": {frame.problem}" if frame.problem else ""
    return f"{frame.received} rows{part}{problem}"


def _say(data: dict[str, Any], text: str, options: Namespace) -> None:
    if options.json:
        print_json(data)
    else:
        print(text)
