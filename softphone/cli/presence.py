"""`softphone presence`, `softphone voicemail`: who does what, and the lamp."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.presence import Presence

    from .session import Session

ACTIVITIES = (
    *("active", "idle", "away", "lunch", "busy", "vacation", "on-the-phone", "other", "unknown"),
)
_HEARD_LIMIT_S = 5.0


def run(name: str, arguments: Sequence[str]) -> int:
    """Show or publish presence, or show the voicemail lamp."""
    if name == "voicemail":
        made = with_json(parser(name, "Ask how the voicemail lamp stands.", "softphone voicemail"))
        made.add_argument("--account", default="", help="only this account")
        return asyncio.run(_voicemail(parse(made, arguments)))
    made = with_json(
        parser(
            name,
            "Show presence; with ACTIVITY publish one's own.",
            'softphone presence lunch --note "back at two"',
            "softphone presence --watch bob@example.com",
        )
    )
    made.add_argument("activity", nargs="?", choices=ACTIVITIES, metavar="ACTIVITY",
                      help=f"one of {', '.join(ACTIVITIES)}")  # fmt: skip
    made.add_argument("--note", default="", help="a few words beside it")
    made.add_argument("--closed", action="store_true", help="not reachable")
    made.add_argument("--watch", default="", metavar="USER", help="watch somebody")
    made.add_argument("--unwatch", default="", metavar="USER", help="watch somebody no longer")
    made.add_argument("--fetch", default="", metavar="USER", help="ask once")
    made.add_argument("--account", default="", help="only this account")
    return asyncio.run(_presence(parse(made, arguments)))


async def _presence(options: Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.capability import Capability
    from softphone.model.presence import Activity

    from .session import attached

    async with attached(options, "presence", start=True) as session:
        if options.activity or options.closed:
            account = session.account(options.account, Capability.OWN_PRESENCE)
            activity = Activity(options.activity or "unknown")
            reachable = not options.closed
            await session.ask(c.SetPresence(account, activity, options.note, reachable))
            return 0
        if options.watch or options.unwatch or options.fetch:
            return await _others(session, options)
        for presence in session.state.presence.values():
            if options.account in ("", presence.account):
                _print(presence, as_json=options.json)
    return 0


async def _others(session: Session, options: Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.capability import Capability

    account = session.account(options.account, Capability.WATCH_PRESENCE)
    if options.unwatch:
        await session.ask(c.WatchPresence(account, options.unwatch, watch=False))
        return 0
    user = options.watch or options.fetch
    asked = c.WatchPresence(account, user) if options.watch else c.FetchPresence(account, user)
    await session.ask(asked)
    found = await _heard(session, user)
    if found is None:
        print(f"Nothing is known of {user} yet.")
        return 0 if options.watch else 1
    _print(found, as_json=options.json)
    return 0


async def _heard(session: Session, user: str) -> Presence | None:
    """Wait for what the platform tells of somebody; it comes after its answer."""
    from softphone.model.event import PresenceChanged

    try:
        async with asyncio.timeout(_HEARD_LIMIT_S):
            async for event in session.link.events():
                if isinstance(event, PresenceChanged) and event.presence.user == user:
                    return event.presence
    except TimeoutError:
        pass
    return None


async def _voicemail(options: Namespace) -> int:
    from softphone.model.capability import Capability
    from softphone.model.command import FetchVoicemail, VoicemailFound

    from .session import attached

    async with attached(options, "voicemail", start=True) as session:
        account = session.account(options.account, Capability.VOICEMAIL)
        found = await session.ask(FetchVoicemail(account))
    assert isinstance(found, VoicemailFound)
    mail = found.voicemail
    if options.json:
        print_json(
            {
                "type": "voicemail",
                "account": mail.account,
                "waiting": mail.waiting,
                "unheard": mail.unheard,
                "total": mail.total,
                "counts": dict(mail.counts),
            }
        )
        return 0
    waiting = "new messages" if mail.waiting else "no new messages"
    print(f"{mail.account}  {waiting}: {_count(mail.unheard)} new of {_count(mail.total)}")
    return 0


def _count(count: int | None) -> str:
    return "?" if count is None else str(count)


def _print(presence: Presence, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "type": "presence",
                "account": presence.account,
                "user": presence.user,
                "reachable": presence.reachable,
                "activity": presence.activity.value,
                "note": presence.note,
            }
        )
        return
    open_ = "open" if presence.reachable else "closed"
    activity, note = presence.activity.value, presence.note
    print(f"{presence.account:<10} {presence.user:<32} {open_:<7} {activity}  {note}".rstrip())
