"""`softphone lab-ctl`: make things happen in a running lab."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .options import OneLineParser, parse, print_json

if TYPE_CHECKING:
    from softphone.lab.client import LabClient

KEY_VARIABLE = "SOFTPHONE_LAB_KEY"


def run(name: str, arguments: Sequence[str]) -> int:
    """Do one thing; prints one JSON object a line."""
    made = OneLineParser(
        prog=f"softphone {name}",
        description="Make things happen in a running lab: found by itself, or by --url with the "
        f"control key in {KEY_VARIABLE}.",
        epilog="example: softphone lab-ctl ring pn_1 --count 3\n"
        "example: softphone lab-ctl fault no_pong --operator op-1\n"
        "example: softphone lab-ctl drop audin op-1 --code 1012\n"
        "example: softphone lab-ctl ring alice@lab.test --far-end menu\n"
        "example: softphone lab-ctl message alice 'the goods are here' --from bob@lab.test\n"
        "example: softphone lab-ctl pop boss +390245871203\n"
        "example: softphone lab-ctl token boss --service agenthub --ttl 60 --roles agent,admin",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--url", default="", metavar="URL", help="control URL of the lab")
    made.add_argument("--json", action="store_true", help=argparse.SUPPRESS)  # always JSON
    _add_actions(made)
    options = parse(made, arguments)
    for line in _ACTIONS[options.action](_client(options.url), options):
        print_json(line)
    return 0


_AGENT_VERBS = (
    *("pop", "emit", "agent-status", "supervisor", "dialog", "kick", "crash", "revoke", "crowd"),
)


def _add_actions(made: argparse.ArgumentParser) -> None:
    actions = made.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("state", help="operators, calls with counters, faults")
    ring = actions.add_parser("ring", help="let callers ring a number")
    ring.add_argument("number", nargs="?", default="pn_1", help="number id or number")
    ring.add_argument("--count", type=int, default=1)
    ring.add_argument("--caller", default="", help="caller's number")
    ring.add_argument("--name", default="", help="caller's name")
    ring.add_argument("--far-end", default="", help="what the caller does: speech, echo, …")
    hangup = actions.add_parser("hangup", help="let the far end hang up")
    hangup.add_argument("call", help="the lab's id of the call")
    hangup.add_argument("--code", type=int, default=None, help="close with this code instead")
    drop = actions.add_parser("drop", help="close the sockets of an operator, or of all")
    drop.add_argument("service", help="audin, ribbon, agenthub")
    drop.add_argument("user", nargs="?", default=None)
    drop.add_argument(
        "--code", type=int, default=None, help="default: 1011, 1012 for agenthub; 0: cut"
    )
    fault = actions.add_parser("fault", help="set a fault switch; without a name, list them")
    fault.add_argument("name", nargs="?", default="")
    fault.add_argument("arguments", nargs="*", metavar="KEY=VALUE")
    fault.add_argument("--operator", default="*")
    clear = actions.add_parser("clear", help="clear fault switches")
    clear.add_argument("name", nargs="?", default=None)
    clear.add_argument("--operator", default=None)
    scenario = actions.add_parser("scenario", help="change what goes on")
    scenario.add_argument("name")
    heard = actions.add_parser("heard", help="save what the far end of a call has heard")
    heard.add_argument("call")
    heard.add_argument("file", metavar="OUT.wav")
    token = actions.add_parser("token", help="print a session token")
    token.add_argument("user")
    token.add_argument("--ttl", type=float, default=None, metavar="S")
    token.add_argument("--service", default="audin")
    token.add_argument("--roles", default=None, metavar="A,B", help="AgentHub: roles in the token")
    token.add_argument("--tid", default="", metavar="TENANT", help="AgentHub: another tenant")
    token.add_argument("--sub", default="", metavar="ID", help="AgentHub: another agent id")
    _add_ribbon_actions(actions)
    _add_agent_actions(actions)


def _add_ribbon_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what can be done to a user of the Ribbon gateway."""

    def verb(name: str, help_text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=f"Ribbon: {help_text}")
        made.add_argument("user")
        return made

    message = verb("message", "send a user a message")
    message.add_argument("text")
    message.add_argument("--from", default="echo@lab.test", metavar="ADDRESS")
    message.add_argument("--name", default="", help="sender's name")
    mwi = verb("mwi", "light the voicemail lamp")
    mwi.add_argument("--total", type=int, default=3)
    mwi.add_argument("--unheard", type=int, default=1)
    event = verb("sip-event", "tell a SIP event, or any notification")
    event.add_argument("event", nargs="?", default="event:conference")
    event.add_argument("--data", default="<event/>")
    event.add_argument("--from", default="bob@lab.test", metavar="ADDRESS")
    event.add_argument("--session", default="", metavar="CALL")
    presence = verb("presence", "set a user's presence")
    presence.add_argument("status", choices=("open", "closed"))
    presence.add_argument("activity", nargs="?", default="active")
    presence.add_argument("--note", default="")
    far_end = verb("far-end", "let the far ends of a user's calls change the call")
    far_end.add_argument("what", choices=("hold", "resume", "music", "ask"))
    verb("gone", "end a user's subscriptions and say so")
    verb("override", "let another client take a user's place")
    verb("expire", "forget a user's subscriptions without a word")


def _add_agent_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what can be done to an agent of AgentHub."""

    def verb(name: str, help_text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=f"AgentHub: {help_text}")
        made.add_argument("user")
        return made

    pop = verb("pop", "show an agent a customer")
    pop.add_argument("number", nargs="?", default="+390245871203")
    pop.add_argument("--name", default="", help="customer's name")
    pop.add_argument("--data", default="", metavar="JSON", help="fields of your own")
    emit = verb("emit", "send any event to an agent, or to a whole tenant as *@acme")
    emit.add_argument("type")
    emit.add_argument("--data", default="", metavar="JSON")
    emit.add_argument("--count", type=int, default=1)
    emit.add_argument("--rate", type=float, default=0.0, metavar="N", help="events a second")
    status = verb("agent-status", "set an agent's status")
    status.add_argument("status", type=int, help="its number, as 4 for a pause")
    status.add_argument("--reason", type=int, default=None)
    said = verb("supervisor", "let the supervisor write")
    said.add_argument("text", nargs="?", default="Well done.")
    verb("dialog", "let a customer write")
    verb("kick", "end an agent's channel")
    verb("crash", "let an agent's channel fail")
    revoke = verb("revoke", "take the role of an admin away")
    revoke.add_argument("--back", action="store_true", help="or give it back")
    crowd = verb("crowd", "put many users into a tenant's list")
    crowd.add_argument("--count", type=int, default=100)


def _client(url: str) -> LabClient:
    from softphone.lab.client import LabClient
    from softphone.lab.run import runtime_file

    if url:
        return LabClient(url, os.environ.get(KEY_VARIABLE, ""))
    return LabClient.from_file(runtime_file())


def _ring(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    given = {
        "count": options.count,
        "caller": options.caller,
        "name": options.name,
        "far_end": options.far_end,
    }
    calls = lab.ring(options.number, **{key: value for key, value in given.items() if value})
    return [{"type": "ringing", "call": call} for call in calls]


def _hangup(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    lab.hang_up(options.call, options.code)
    return [{"type": "done"}]


def _drop(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    usual = 1012 if options.service == "agenthub" else 1011
    code = usual if options.code is None else options.code or 1006
    dropped = lab.drop(options.service, options.user, code)
    return [{"type": "dropped", "sockets": dropped}]


def _fault(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    if not options.name:
        return [{"type": "fault", **known} for known in lab.known_faults()]
    given = dict(pair.partition("=")[::2] for pair in options.arguments)
    values = {key: _value(value) for key, value in given.items()}
    return [{"type": "set", **lab.fault(options.name, options.operator, **values)}]


def _clear(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    return [{"type": "cleared", "faults": lab.clear_faults(options.name, options.operator)}]


def _scenario(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    lab.scenario(options.name)
    return [{"type": "done"}]


def _heard(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    from pathlib import Path

    sound = lab.heard(options.call)
    Path(options.file).write_bytes(sound)
    return [{"type": "saved", "file": options.file, "bytes": len(sound)}]


def _token(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    wanted: dict[str, Any] = {} if options.ttl is None else {"ttl_s": options.ttl}
    if options.roles is not None:
        wanted["roles"] = [role for role in options.roles.split(",") if role]
    wanted |= {key: getattr(options, key) for key in ("tid", "sub") if getattr(options, key)}
    return [lab.token(options.user, options.service, **wanted)]


def _act(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    given = {key: value for key, value in vars(options).items() if key not in _NO_OPTIONS}
    return [{"type": "done", **lab.act(options.action, options.user, **given)}]


def _agent_act(lab: LabClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    given = {key: value for key, value in vars(options).items() if key not in _NO_OPTIONS}
    verb = options.action.removeprefix("agent-")
    return [{"type": "done", **lab.act(verb, options.user, "agenthub", **given)}]


def _value(text: str) -> object:
    """Return a number or true/false where the text is one."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


_NO_OPTIONS = ("action", "user", "url", "json")
_ACTIONS = {
    "state": lambda lab, options: [{"type": "state", **lab.state()}],
    "ring": _ring,
    "hangup": _hangup,
    "drop": _drop,
    "fault": _fault,
    "clear": _clear,
    "scenario": _scenario,
    "heard": _heard,
    "token": _token,
    **dict.fromkeys(_AGENT_VERBS, _agent_act),
    **dict.fromkeys(
        ("message", "mwi", "sip-event", "presence", "far-end", "gone", "override", "expire"), _act
    ),
}
