"""`softphone check`: call an echo, measure what comes back."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import complain, invocation, parse, parser, print_json, seconds, with_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from softphone.model.quality import QualitySample

RATE_HZ = 8_000
BURSTS = 24
BURST_S = 0.02
EVERY_S = 0.25
LEAD_S = 0.5
_TONE_HZ = 1_000.0
_LAB_ECHO_MS = 200.0
_WAV_HEADER_BYTES = 44


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back of the bursts. Delays in ms, from our side to the far end and back."""

    bursts: int
    delays_ms: tuple[float, ...]

    @property
    def lost(self) -> int:
        """Return how many bursts were not heard."""
        return self.bursts - len(self.delays_ms)


def run(name: str, arguments: Sequence[str]) -> int:
    """Measure; 0 when every burst came back."""
    made = with_json(
        parser(
            name,
            "Call an echo, play bursts, and measure delay, jitter and loss of what comes back.",
            "softphone check --lab",
            "softphone check --dest +390299999999 --echo-ms 0",
        )
    )
    made.add_argument("--dest", default="echo", help="a number that sends back what it hears")
    made.add_argument("--account", default="", help="the account to call with")
    made.add_argument(
        "--echo-ms", type=seconds, default=_LAB_ECHO_MS, help="how long the echo itself waits"
    )
    return asyncio.run(_check(parse(made, arguments)))


async def _check(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.call import AccountName
    from softphone.model.command import Dial

    from .watch import Follower, complete

    link = await find_or_start(invocation(options), Role.COMMAND, "check")
    with tempfile.TemporaryDirectory(prefix="softphone-check-") as folder:
        sent, back = Path(folder) / "sent.wav", Path(folder) / "back.wav"
        seconds = write_bursts(sent)
        follower = Follower(
            link,
            lambda call: None,
            lambda call: follower.later(seconds + 1.0, call, hang_up=True),
        )
        try:
            await follower.online(options.account)
            account = AccountName(options.account)
            dial = Dial(options.dest, account, play=str(sent), record=str(back), both=True)
            followed = await follower.place(dial)
        finally:
            await link.close()
        await complete(str(back))
        if not followed.answered:
            complain(f"the echo did not answer: {followed.call.end_detail}")
            return 1
        heard = find_bursts(back)
    audio = link.snapshot.audio
    report = {
        **measured(heard, options.echo_ms, followed.quality),
        "microphone": audio.input,
        "speaker": audio.output,
    }
    if options.json:
        print_json(report)
    else:
        _print(report)
    return 0 if heard.lost == 0 else 1


def measured(heard: Heard, echo_ms: float, quality: QualitySample | None) -> dict[str, Any]:
    """Return the figures for --json; what could not be measured is None."""
    return {
        "type": "check",
        "bursts": heard.bursts,
        "heard": len(heard.delays_ms),
        "round_trip_ms": _rounded(statistics.median, heard.delays_ms, echo_ms),
        "round_trip_worst_ms": _rounded(max, heard.delays_ms, echo_ms),
        "spread_ms": _spread(heard.delays_ms),
        "echo_ms": echo_ms,
        "jitter_ms": round(quality.jitter_ms, 2) if quality and quality.jitter_ms else None,
        "concealed_ms": quality.concealed_ms if quality else None,
        "frames_sent": quality.frames_sent if quality else None,
        "frames_received": quality.frames_received if quality else None,
    }


def _print(report: dict[str, Any]) -> None:
    print(f"heard        {report['heard']} of {report['bursts']} bursts")
    print(f"round trip   {report['round_trip_ms']} ms, worst {report['round_trip_worst_ms']} ms")
    print(f"             (without the {report['echo_ms']:g} ms the echo waits)")
    print(f"jitter       {report['jitter_ms']} ms; {report['concealed_ms']} ms concealed")
    print(f"frames       {report['frames_sent']} sent, {report['frames_received']} received")
    print(f"microphone   {report['microphone']}; speaker {report['speaker']} (not in the delay)")


def write_bursts(path: Path) -> float:
    """Write the test signal (8 kHz) and return its length in seconds."""
    import numpy as np

    from softphone.audio.wav import WavWriter

    seconds = LEAD_S + BURSTS * EVERY_S
    signal = np.zeros(round(seconds * RATE_HZ), np.int16)
    time = np.arange(round(BURST_S * RATE_HZ)) / RATE_HZ
    burst = (12_000 * np.sin(2 * np.pi * _TONE_HZ * time)).astype(np.int16)
    for number in range(BURSTS):
        start = round((LEAD_S + number * EVERY_S) * RATE_HZ)
        signal[start : start + len(burst)] = burst
    writer = WavWriter(path, RATE_HZ)
    writer.write(signal)
    writer.close()
    return seconds


def find_bursts(path: Path) -> Heard:
    """Return when each burst came back in a stereo recording (left: sent, right: heard)."""
    import numpy as np

    data = np.fromfile(path, np.dtype("<i2"), offset=_WAV_HEADER_BYTES).reshape(-1, 2)
    sent = _starts(data[:, 0].astype(np.float64))[-BURSTS:]
    heard = _starts(data[:, 1].astype(np.float64))
    delays = []
    for start in sent:
        # A burst is its echo's own when it comes back before the next but one was sent.
        back = next((h for h in heard if start < h <= start + 2 * EVERY_S * RATE_HZ), None)
        if back is not None:
            heard = heard[heard.index(back) + 1 :]
            delays.append((back - start) * 1000.0 / RATE_HZ)
    return Heard(BURSTS, tuple(delays))


def _starts(samples: npt.NDArray[np.float64]) -> list[int]:
    envelope = _tone_envelope(samples)
    threshold = max(600.0, 0.3 * float(envelope.max(initial=0.0)))
    return _rising(envelope > threshold, round(EVERY_S * RATE_HZ / 2))


def _tone_envelope(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the strength of the burst's tone around each sample, over 5 ms."""
    import numpy as np

    turn = np.exp(-2j * np.pi * _TONE_HZ * np.arange(len(samples)) / RATE_HZ)
    width = round(0.005 * RATE_HZ)
    smooth: npt.NDArray[np.float64] = np.abs(
        np.convolve(samples * turn, np.ones(width) / width, mode="full")[: len(samples)]
    )
    return smooth * 2.0


def _rising(loud: npt.NDArray[np.bool_], gap: int) -> list[int]:
    import numpy as np

    edges = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    starts: list[int] = []
    for edge in edges:
        if not starts or edge - starts[-1] >= gap:
            starts.append(int(edge))
    return starts


def _rounded(pick: Any, delays: tuple[float, ...], echo_ms: float) -> float | None:
    return round(pick(delays) - echo_ms, 1) if delays else None


def _spread(delays: tuple[float, ...]) -> float | None:
    return round(max(delays) - min(delays), 1) if delays else None
