"""Follow one call over the engine's link: what `call`, `wait` and `check` share."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from softphone.engine.link import Link
from softphone.model.call import AccountName, Call, CallId, CallState, EndReason
from softphone.model.command import Dial, HangUp, SendTones
from softphone.model.error import LinkError, SoftphoneError
from softphone.model.event import AccountChanged, CallChanged, Event, QualityMeasured
from softphone.model.presence import Account, LinkState
from softphone.model.quality import QualitySample

from .options import done, print_json
from .show import call_data, call_line

ONLINE_LIMIT_S = 20.0
TAIL_S = 1.0  # what was said last comes back late: network, far end, buffers
_GONE = "The engine is gone; the call may still be up at the server."
_UNANSWERED = (EndReason.NO_ANSWER, EndReason.BUSY, EndReason.FAILED)
_NOTHING_COMES = (LinkState.FAILED,)


@dataclass(frozen=True, slots=True)
class CallSound:
    """The files at the ends of a call, and after how many seconds it is hung up (0: never)."""

    play: str
    record: str
    duration_s: float


@dataclass(slots=True)
class Followed:
    """What became of a call."""

    call: Call
    quality: QualitySample | None = None

    @property
    def answered(self) -> bool:
        """Tell whether the call was answered (for Audin: up, and not ended as unanswered)."""
        return self.call.answered and self.call.end_reason not in _UNANSWERED


@dataclass(slots=True)
class Follower:
    """Reads a link's events into the latest value of one call, and acts when it is up."""

    link: Link
    on_change: Callable[[Call], None]
    on_active: Callable[[CallId], None] = lambda call: None
    _events: AsyncIterator[Event] | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def online(self, account: str) -> None:
        """Wait until the first account that can place or take calls is online.

        One that is lost or stays offline is passed over for the next.
        """
        accounts = dict(self.link.snapshot.accounts)
        try:
            async with asyncio.timeout(ONLINE_LIMIT_S):
                while not _ready(accounts, account):
                    event = await next_event(self._stream())
                    if isinstance(event, AccountChanged):
                        accounts[event.account.name] = event.account
        except TimeoutError:
            causes = "; ".join(f"{a.name}: {a.cause or a.link}" for a in accounts.values())
            raise SoftphoneError(f"No account came online ({causes}).") from None

    async def place(self, dial: Dial) -> Followed:
        """Place a call and follow it to its end; raises the reason when it is refused."""
        done(await self.link.request(dial))
        return await self.until_over(lambda call: call.owner == self.link.client)

    async def until_over(self, mine: Callable[[Call], bool]) -> Followed:
        """Follow the first call that is `mine` until it has ended."""
        followed: Followed | None = None
        talking_since: float | None = None
        try:
            async for event in self._stream():
                match event:
                    case CallChanged(call) if mine(call):
                        if followed is None or call != followed.call:
                            self.on_change(call)
                        followed = Followed(call, followed.quality if followed else None)
                        if call.state is CallState.ACTIVE and call.answered_at != talking_since:
                            # Some platforms tell only later that the far end picked up.
                            talking_since = call.answered_at
                            self._forget_plans()
                            self.on_active(call.id)
                        if not call.live:
                            return followed
                    case QualityMeasured(sample) if followed and sample.call == followed.call.id:
                        followed.quality = sample
                    case _:
                        pass
        finally:
            self._forget_plans()
        raise LinkError(_GONE)

    async def first(self, mine: Callable[[Call], bool]) -> Call:
        """Return the first call that is `mine`."""
        async for event in self._stream():
            if isinstance(event, CallChanged) and event.call.live and mine(event.call):
                return event.call
        raise LinkError("The engine is gone.")

    def later(self, delay_s: float, call: CallId, *, hang_up: bool, tones: str = "") -> None:
        """Send tones or hang up after a while."""

        async def act() -> None:
            await asyncio.sleep(delay_s)
            if tones:
                await self.link.request(SendTones(call, tones))
            if hang_up:
                await self.link.request(HangUp(call))

        self._tasks.append(asyncio.create_task(act()))

    def _forget_plans(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _stream(self) -> AsyncIterator[Event]:
        if self._events is None:
            self._events = self.link.events()
        return self._events


async def next_event(events: AsyncIterator[Event]) -> Event:
    """Return the next event; raises LinkError when the engine is gone."""
    async for event in events:
        return event
    raise LinkError("The engine is gone.")


def printer(*, as_json: bool) -> Callable[[Call], None]:
    """Return what prints a call whenever it has changed."""

    def changed(call: Call) -> None:
        if as_json:
            print_json({"type": "call", **call_data(call)})
        else:
            print(call_line(call), flush=True)

    return changed


def sound_of(options: argparse.Namespace) -> CallSound:
    """Return the files of a call, checked before it is placed; a played file gives its length."""
    play, play_s = existing_wav(options.play)
    return CallSound(
        play, new_wav(options.record), options.duration or (play_s + TAIL_S if play else 0.0)
    )


def summary(followed: Followed, record: str) -> dict[str, Any]:
    """Return the last line of --json: how it ended and what was carried."""
    quality = followed.quality
    return {
        **call_data(followed.call),
        "type": "ended",
        "answered": followed.answered,
        "record": record or None,
        "frames_sent": quality.frames_sent if quality else None,
        "frames_received": quality.frames_received if quality else None,
        "jitter_ms": quality.jitter_ms if quality else None,
        "concealed_ms": quality.concealed_ms if quality else None,
    }


async def complete(record: str) -> None:
    """Wait until a recording has been written to its end: the engine closes it by itself."""
    for _ in range(100):
        if not record or _is_whole(Path(record)):
            return
        await asyncio.sleep(0.02)


def _is_whole(path: Path) -> bool:
    """Tell whether a WAV file is as long as its header promises."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        header = file.read(8)
    promised = int.from_bytes(header[4:8], "little") + 8
    return len(header) == 8 and path.stat().st_size == promised


def _ready(accounts: dict[AccountName, Account], wanted: str) -> bool:
    chosen = [a for a in accounts.values() if not wanted or a.name == wanted]
    if not chosen:
        raise SoftphoneError(f"There is no account {wanted!r}.")
    callable_ones = [a for a in chosen if not any(c == "dial" for c, _ in a.refusals)]
    if callable_ones and all(a.link in _NOTHING_COMES for a in callable_ones):
        raise SoftphoneError(f"{callable_ones[0].name}: {callable_ones[0].cause}")
    # In order: a call must not go by another account because the first takes a moment longer.
    for account in callable_ones:
        is_up = account.link is LinkState.ONLINE
        if is_up and (account.numbers or not has_numbers(account)):
            return True
        if is_up or account.link is LinkState.CONNECTING:
            return False
    return False


def has_numbers(account: Account) -> bool:
    """Tell whether one is reachable on numbers there; elsewhere being online is all it takes."""
    return "availability" not in dict(account.refusals)


def existing_wav(path: str) -> tuple[str, float]:
    """Return a WAV file's absolute path and its seconds; AudioError when it cannot be read."""
    if not path:
        return "", 0.0
    from softphone.audio.wav import WavReader

    found = Path(path).expanduser().absolute()
    with WavReader(found) as reader:
        return str(found), reader.duration_s


def new_wav(path: str) -> str:
    """Return the absolute path for a recording; raises when its folder is not there."""
    if not path:
        return ""
    wanted = Path(path).expanduser().absolute()
    if not wanted.parent.is_dir():
        raise SoftphoneError(f"{wanted.parent} is not a folder.")
    return str(wanted)
