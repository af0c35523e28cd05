"""`softphone observe …`: calls, quality, rows, jobs and machines of a monitored service."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Awaitable, Callable, Iterator, Sequence
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
        "softphone observe jobs --clean failed --yes",
        'softphone observe frame callEvents --where \'{"callId": "c-1"}\' --csv > events.csv',
    )
    what = made.add_subparsers(dest="what", required=True, parser_class=OneLineParser)
    _add_looking(what)
    _add_frame(what)
    from .observe_admin import add_admin

    add_admin(what, _add)
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
    find.add_argument("--until", type=float, default=0.0, metavar="S", help="seconds ago")
    find.add_argument("--limit", type=int, default=50, metavar="N")
    summary = _add(what, "summary", "totals over a time, and their course", _summary)
    summary.add_argument("--since", type=float, default=3600.0, metavar="S", help="seconds ago")
    summary.add_argument("--interval", choices=("1m", "5m", "1h"), default="5m")
    summary.add_argument("--room", default="")
    _add(what, "turn", "what went through the TURN servers", _turn)


def _add_frame(what: _SubParsersAction[Any]) -> None:
    from .observe_frame import show_frame

    frame = _add(what, "frame", "rows: call CALL, client CALL CLIENT, or a RESOURCE", show_frame)
    frame.add_argument("target", nargs="+", metavar="WHAT")
    frame.add_argument("--where", default="{}", metavar="JSON", help="conditions of a resource")
    frame.add_argument("--follow", action="store_true", help="go on with rows as they come")
    frame.add_argument("--csv", action="store_true", help="as a table")
    frame.add_argument("--columns", default="", metavar="A,B", help="of a table; default: all")
    frame.add_argument("--limit", type=int, default=0, metavar="N", help="stop after N rows")


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
    now = time.time()
    since = now - options.since if options.since else 0.0
    until = now - options.until if options.until else 0.0
    account = monitoring(session, options)
    wanted = FindObserved(account, named, options.anything, since, until, options.limit)
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
    for line in _courses(found):
        print(line)
    return 0


def _courses(found: Any) -> Iterator[str]:
    """Return the course of a summary as small charts."""
    from softphone.ui.monitoring import rising_top, sparkline, squeezed

    for name in ("calls", "clients", "score", "issues"):
        values = [getattr(point, name) for point in found.series]
        if not values:
            return
        top = 5.0 if name == "score" else rising_top(values, 1.0)
        bars = sparkline(squeezed(values, 60, min if name == "score" else max), 60, 0.0, top)
        last = "-" if values[-1] is None else f"{values[-1]:g}"
        yield f"{name:<8} {bars} {last} of {top:g}"


async def _turn(session: Session, options: Namespace) -> int:
    from softphone.model import codec
    from softphone.model.command import FetchTurn, TurnFound

    found = await session.ask(FetchTurn(monitoring(session, options)))
    assert isinstance(found, TurnFound)
    for one in found.servers:
        text = (
            f"{one.address or '-':<24} sent {dash(one.sent_bytes, ' MB', 1e6):>10}"
            f"  received {dash(one.received_bytes, ' MB', 1e6):>10}"
            f"  out {dash(one.out_bps, ' kbit/s', 1e3)}  in {dash(one.in_bps, ' kbit/s', 1e3)}"
        )
        say({"type": "turn_server", **codec.encode_plain(one)}, text, options)
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


def monitoring(session: Session, options: Namespace) -> Any:
    """Return the account that monitors."""
    from softphone.model.capability import Capability

    return session.account(options.account, Capability.MONITORING)


def frame_words(frame: Frame) -> str:
    """Return how a frame ended, for people."""
    part = ", partial" if frame.partial else ""
    problem = f": {frame.problem}" if frame.problem else ""
    return f"{frame.received} rows{part}{problem}"


def say(data: dict[str, Any], text: str, options: Namespace) -> None:
    """Print for scripts or for people."""
    if options.json:
        print_json(data)
    else:
        print(text)


def dash(value: float | None, unit: str = "", scale: float = 1.0) -> str:
    """Return a figure for people; what is not known is a dash, never zero."""
    return "-" if value is None else f"{value / scale:.0f}{unit}"
