"""`softphone report`, `softphone statistics`: what a call did, and how its media stands."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.call import CallId
    from softphone.model.quality import QualitySample, QualitySummary
    from softphone.model.report import CallReport

    from .session import Session

_TEXTS = {
    "report": "Show a call's report: its steps, how long each took, and metrics made of them.",
    "statistics": "Show the figures of a call's media connection as they are now.",
}


def run(name: str, arguments: Sequence[str]) -> int:
    """Print it; 1 when there is none."""
    made = with_json(parser(name, _TEXTS[name], f"softphone {name} --json"))
    made.add_argument("call", nargs="?", default="", metavar="CALL", help="default: the live call")
    if name == "report":
        made.add_argument("--native", action="store_true", help="JSON as the platform's SDK has it")
    work = _report if name == "report" else _statistics
    return asyncio.run(work(parse(made, arguments)))


async def _report(options: Namespace) -> int:
    from softphone.model.command import ReportFound, ShowReport

    from .session import attached
    from .show import quality_data, quality_lines, sample_data

    async with attached(options, "report", start=bool(options.call)) as session:
        call = await _call_id(session, options.call)
        found = await session.ask(ShowReport(call))
        summary, samples = await _quality(session, call)
    assert isinstance(found, ReportFound)
    if options.native:
        print(found.report.native or "{}")
    elif options.json:
        quality = {**quality_data(summary), "samples": [sample_data(one) for one in samples]}
        print_json({**_data(found.report), "quality": quality})
    else:
        _print(found.report)
        print("\n".join(quality_lines(summary)))
    return 0


async def _quality(session: Session, call: CallId) -> tuple[QualitySummary, list[QualitySample]]:
    """Return a call's quality in sum and all its seconds, fetched page by page."""
    from softphone.model.command import QualityFound, ShowQuality

    samples: list[QualitySample] = []
    while True:
        page = await session.ask(ShowQuality(call, samples[-1].at if samples else 0.0))
        assert isinstance(page, QualityFound)
        samples += page.samples
        if not page.samples:
            return page.summary, samples


async def _statistics(options: Namespace) -> int:
    from softphone.model.command import FiguresFound, ShowStatistics

    from .session import attached

    async with attached(options, "statistics") as session:
        call = session.call(options.call, session.state.live_calls(), "measure")
        found = await session.ask(ShowStatistics(call.id))
    assert isinstance(found, FiguresFound)
    if options.json:
        print_json({"type": "statistics", "call": call.id, "figures": dict(found.figures)})
        return 0
    width = max((len(name) for name, _ in found.figures), default=0)
    for figure, value in found.figures:
        print(f"{figure:<{width}}  {value}")
    return 0


async def _call_id(session: Session, wanted: str) -> CallId:
    """Return the id of the call meant: a live one, or one of history by the start of its id."""
    from softphone.model.command import HistoryPage, ListHistory
    from softphone.model.error import Refused
    from softphone.model.record import HistoryFilter

    live = session.state.live_calls()
    if not wanted and live:
        return live[-1].id
    page = await session.ask(ListHistory(HistoryFilter(limit=1000 if wanted else 1)))
    assert isinstance(page, HistoryPage)
    ids = [*(call.id for call in live), *(record.call.id for record in page.records)]
    found = dict.fromkeys(call for call in ids if call.startswith(wanted))
    if not found:
        raise Refused("There is no such call.", code="NO_CALL")
    return next(iter(found))


def _data(report: CallReport) -> dict[str, object]:
    from softphone.model import codec

    return {
        "type": "report",
        **codec.encode_plain(report),
        "native": json.loads(report.native) if report.native else None,
    }


def _print(report: CallReport) -> None:
    depth = {"": -1}
    began = min((event.start for event in report.events), default=0.0)
    for event in report.events:
        level = depth[event.id] = depth.get(event.parent, -1) + 1
        took = "" if event.end is None else f"{(event.end - event.start) * 1000:8.0f} ms"
        at = f"{event.start - began:9.3f} s"
        error = f"  failed: {event.error}" if event.error else ""
        details = "  ".join(f"{name}={value}" for name, value in event.data)
        print(f"{at} {took:>11}  {'  ' * level}{event.type}  {details}{error}".rstrip())
    for metric in report.metrics:
        what = f"{metric.type} ({metric.operation})" if metric.operation else metric.type
        print(f"{what:<44} {metric.value_ms:8.0f} ms")
