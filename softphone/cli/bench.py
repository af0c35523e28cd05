"""`softphone bench`: what this machine does. Each figure stands beside its reference or limit."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from .options import parse, parser, print_json, with_json


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `limit` is what we aim at, or what it stands beside."""

    name: str
    value: float
    unit: str
    limit: str


def run(name: str, arguments: Sequence[str]) -> int:
    """Measure and print."""
    made = with_json(
        parser(
            name,
            "Measure what this machine does; leave it alone meanwhile.",
            "softphone bench --audio",
            "softphone bench --seconds 60 --calls 100 --json",
        )
    )
    made.add_argument("--audio", action="store_true", help="only sound, about three minutes")
    made.add_argument("--seconds", type=float, default=10.0, metavar="S", help="length of a call")
    made.add_argument("--calls", type=int, default=100, metavar="N", help="calls at once")
    options = parse(made, arguments)
    if options.audio:
        return _audio(options)
    for figure in _figures(options):
        if options.json:
            print_json({"type": "figure", **asdict(figure)})
        else:
            print(f"{figure.name:<46} {figure.value:>10.2f} {figure.unit:<7} {figure.limit}")
    return 0


def _audio(options: argparse.Namespace) -> int:
    """Print the figures of sound; a missed bar is printed as such, a busy machine is no error."""
    from .bench_audio import line_of, measure_audio

    for figure in measure_audio():
        if options.json:
            values = {**asdict(figure), "value": figure.value if figure.taken else None}
            print_json({"type": "figure", **values})
        else:
            print(line_of(figure), flush=True)
    return 0


def _figures(options: argparse.Namespace) -> Iterator[Figure]:
    from .bench_call import measure_call
    from .bench_gateway import measure_gateway
    from .bench_load import measure_load

    yield from asyncio.run(measure_call(options.seconds))
    yield from asyncio.run(measure_load(options.calls, options.seconds))
    yield from asyncio.run(measure_gateway(max(1, options.calls // 5), options.seconds))
