"""Messages at the edge of each protocol, and what a reader must make of each: the kind it is read
as, or that it is refused. Half of them are valid and only look odd."""

from __future__ import annotations

import json
from typing import Any

REFUSED = "refused"
_LONG = "x" * 300_000
Case = tuple[str, str, str]
"""What is odd about it, the message, the verdict."""


def structural(base: str, kind: str) -> list[Case]:
    """Return a valid message of an object, written and torn in every way JSON allows or does not.

    `kind` is what the whole message is read as; extra members must not matter to any reader.
    """
    data = json.loads(base)

    def extra(value: str) -> str:
        return base[:-1] + f',"zz_odd":{value}}}'

    first = next(iter(data))
    escaped = base.replace(f'"{first}"', '"' + "".join(f"\\u{ord(c):04x}" for c in first) + '"', 1)
    backwards = json.dumps(dict(reversed(list(data.items()))))
    valid = {
        "as it is": base,
        "spaces around": f"  {base}\n\n",
        "indented": json.dumps(data, indent=4),
        "tabs and line ends within": json.dumps(data, indent="\t").replace("\n", "\r\n"),
        "members in another order": backwards,
        "a key in escapes": escaped,
        "a member nobody knows": extra('"from the future"'),
        "an object nobody knows": extra('{"a":{"b":[1,2,{"c":null}]}}'),
        "the same member twice": f'{{"{first}":{json.dumps(data[first])},' + base[1:],
        "twenty levels of nesting": extra("[" * 20 + "]" * 20),
        "half a surrogate pair": extra('"\\ud800"'),
        "a NUL in escapes": extra('"a\\u0000b"'),
        "an emoji as it is": extra('"👩‍👩‍👧‍👦"'),
        "an emoji in escapes": extra('"\\ud83d\\ude00"'),
        "a text of 300 kB": extra(f'"{_LONG}"'),
        "ten thousand members": base[:-1] + "".join(f',"k{n}":{n}' for n in range(10_000)) + "}",
        "an empty key": base[:-1] + ',"":1}',
        "a key of 300 kB": base[:-1] + f',"{_LONG}":1}}',
        "the largest whole number of a double": extra("9007199254740993"),
        "a very small number": extra("5e-324"),
        "minus nought": extra("-0.0"),
    }
    refused = {
        "nothing": "",
        "spaces": "   ",
        "null": "null",
        "true": "true",
        "a number": "42",
        "a text": '"ping"',
        "an array": "[]",
        "an array of objects": f"[{base}]",
        "a message in a text": json.dumps(base),
        "cut in the middle": base[: len(base) // 2],
        "without its first character": base[1:],
        "without its last character": base[:-1],
        "a comma too many": base[:-1] + ",}",
        "something behind it": base + "x",
        "two messages": base + base,
        "single quotes": base.replace('"', "'"),
        "a comment": base[:-1] + "/* no */}",
        "a byte order mark": "\ufeff" + base,
        "not a number": extra("NaN"),
        "infinity": extra("Infinity"),
        "less than everything": extra("-Infinity"),
        "a number of 5,000 digits": extra("9" * 5_000),
        "a hexadecimal number": extra("0x1f"),
        "a leading nought": extra("007"),
        "a bare word": extra("undefined"),
        "a line end within a text": extra('"a\nb"'),
        "an escape sequence within a text": extra('"\x1b[2J"'),
        "a wrong escape": extra('"\\x41"'),
        "a hundred thousand levels of nesting": extra("[" * 100_000 + "]" * 100_000),
        "nesting without an end": extra('{"a":' * 50_000),
        "a page": "<!doctype html><title>502 Bad Gateway</title>",
    }
    return [
        *((name, text, kind) for name, text in valid.items()),
        *((name, text, REFUSED) for name, text in refused.items()),
    ]


def _say(**members: Any) -> str:
    return json.dumps(members)


AUDIN: list[Case] = [
    ("no type", _say(callSid="CA1"), REFUSED),
    ("a type that is null", _say(type=None), REFUSED),
    ("a type that is a number", _say(type=7), REFUSED),
    ("a type that is a list", _say(type=["pong"]), REFUSED),
    ("an empty type", _say(type=""), "Unknown"),
    ("a type in capitals", _say(type="PONG"), "Unknown"),
    ("a type with a space", _say(type="pong "), "Unknown"),
    ("a type from the future", _say(type="call_parked", callSid="CA1"), "Unknown"),
    ("a pong with a body", _say(type="pong", callSid="CA1", x=1), "Pong"),
    ("connected without anything", _say(type="connected"), "Connected"),
    ("connected with numbers", _say(type="connected", sessionId=7, protocol=1), "Connected"),
    ("an offer with its id only", _say(type="incoming_call", callSid="CA1"), "IncomingCall"),
    ("an offer without an id", _say(type="incoming_call"), REFUSED),
    ("an offer whose id is null", _say(type="incoming_call", callSid=None), REFUSED),
    ("an offer whose id is a list", _say(type="incoming_call", callSid=["CA1"]), REFUSED),
    ("an offer whose id is empty", _say(type="incoming_call", callSid=""), REFUSED),
    ("an offer with a hostile name",
     _say(type="incoming_call", callSid="CA1", displayName="\x1b]0;x\x07[/]"), "IncomingCall"),
    ("an offer from nobody", _say(type="incoming_call", callSid="CA1", **{"from": None}),
     "IncomingCall"),
    ("an offer that rings for a year",
     _say(type="incoming_call", callSid="CA1", ringTimeoutMs=3.2e10), "IncomingCall"),
    ("an offer that rings for less than nothing",
     _say(type="incoming_call", callSid="CA1", ringTimeoutMs=-1), "IncomingCall"),
    ("a call taken without an id", _say(type="call_taken"), REFUSED),
    ("a call taken for an unknown reason", _say(type="call_taken", callSid="CA1", reason="moon"),
     "CallTaken"),
    ("availability without lists", _say(type="available_set"), "AvailableSet"),
    ("availability with lists of anything",
     _say(type="available_set", accepted=[1, None, {}, "pn_1"], rejected="pn_2"), "AvailableSet"),
    ("an error without words", _say(type="error"), "ServerError"),
    ("an error with objects for words", _say(type="error", code={}, message=[]), "ServerError"),
    ("an assignment without an id", _say(type="call_assigned"), REFUSED),
    ("an outbound call without numbers", _say(type="outbound_started", callSid="CA4"),
     "OutboundStarted"),
]  # fmt: skip


def _notice(event: object, **members: Any) -> str:
    return json.dumps({"notificationMessage": {"eventType": event, "eventId": "n1", **members}})


_SESSION = {"sessionData": "A1"}
RIBBON: list[Case] = [
    ("an object without a notification", _say(other=1), REFUSED),
    ("a notification that is null", _say(notificationMessage=None), REFUSED),
    ("a notification that is a list", _say(notificationMessage=[]), REFUSED),
    ("an empty notification", _say(notificationMessage={}), "UnknownNotice"),
    ("an event that is null", _notice(None), "UnknownNotice"),
    ("an event that is a list", _notice(["call"]), "UnknownNotice"),
    ("an event from the future", _notice("hologram", sessionParams=_SESSION), "UnknownNotice"),
    ("an event in capitals", _notice("CALL", sessionParams=_SESSION), "UnknownNotice"),
    ("a call without a session", _notice("call"), REFUSED),
    ("a call whose session is a list", _notice("call", sessionParams=[]), REFUSED),
    ("a call whose session is empty", _notice("call", sessionParams={"sessionData": ""}), REFUSED),
    ("a call whose session has a control character",
     _notice("call", sessionParams={"sessionData": "A\x1b1"}), REFUSED),
    ("a call whose session is 300 kB", _notice("call", sessionParams={"sessionData": _LONG}),
     REFUSED),
    ("a call without a description", _notice("call", sessionParams=_SESSION), "CallNotice"),
    ("a call whose description is a number",
     _notice("call", sessionParams={**_SESSION, "sdp": 7}), "CallNotice"),
    ("a call whose description is no description",
     _notice("call", sessionParams={**_SESSION, "sdp": "hello"}), "CallNotice"),
    ("a call with names of the wrong kind",
     _notice("call", sessionParams=_SESSION, callNotificationParams={"callerName": {}}),
     "CallNotice"),
    ("a call with parameters of the wrong kind",
     _notice("call", sessionParams=_SESSION, customParameters={"name": 1}), "CallNotice"),
    ("a call with a thousand parameters",
     _notice("call", sessionParams=_SESSION,
             customParameters=[{"name": f"X-{n}", "value": "v"} for n in range(1_000)]),
     "CallNotice"),
    ("an end with a code that is a word",
     _notice("callEnd", sessionParams={**_SESSION, "statusCode": "soon"}), "CallNotice"),
    ("an end with a code beyond all measure",
     _notice("callEnd", sessionParams=_SESSION, statusCode=10**300), "CallNotice"),
    ("an id that is a number", json.dumps({"notificationMessage": {
        "eventType": "ringing", "eventId": 7, "sessionParams": _SESSION}}), "CallNotice"),
    ("a time beyond all measure", _notice("ringing", sessionParams=_SESSION, time=10**300),
     "CallNotice"),
    ("generic data without anything", _notice("x", genericNotificationParams={}), "GenericNotice"),
    ("generic data of any kind", _notice("x", genericNotificationParams={"data": [1, {}]}),
     "GenericNotice"),
    ("generic data that is a list", _notice("x", genericNotificationParams=[]), "UnknownNotice"),
]  # fmt: skip


def _frame(*parts: Any) -> str:
    return json.dumps(list(parts))


_TOPIC = "agent:acme:7"
AGENTHUB: list[Case] = [
    *(
        (name, text, REFUSED)
        for name, text, verdict in structural('{"eventType":"x","eventData":{}}', "Frame")
        if name not in ("an array of objects",)
    ),
    ("five elements", _frame("3", None, _TOPIC, "event", {}), "Frame"),
    ("six elements", _frame("3", None, _TOPIC, "event", {}, "more"), "Frame"),
    ("four elements", _frame("3", None, _TOPIC, "event"), REFUSED),
    ("no element", "[]", REFUSED),
    ("five objects", _frame({}, {}, {}, {}, {}), REFUSED),
    ("no references", _frame(None, None, _TOPIC, "event", {}), "Frame"),
    ("a reference that is a number", _frame(3, None, _TOPIC, "event", {}), REFUSED),
    ("a reference that is a list", _frame("3", [], _TOPIC, "event", {}), REFUSED),
    ("a reference of 300 kB", _frame(_LONG, None, _TOPIC, "event", {}), "Frame"),
    ("a topic that is null", _frame("3", None, None, "event", {}), REFUSED),
    ("a topic that is a number", _frame("3", None, 7, "event", {}), REFUSED),
    ("an empty topic", _frame("3", None, "", "event", {}), "Frame"),
    ("an event that is null", _frame("3", None, _TOPIC, None, {}), REFUSED),
    ("an event that is a list", _frame("3", None, _TOPIC, ["event"], {}), REFUSED),
    ("an empty event", _frame("3", None, _TOPIC, "", {}), "Frame"),
    ("a payload that is null", _frame("3", None, _TOPIC, "event", None), REFUSED),
    ("a payload that is a list", _frame("3", None, _TOPIC, "event", []), REFUSED),
    ("a payload that is a text", _frame("3", None, _TOPIC, "event", "{}"), REFUSED),
    ("a payload with anything", _frame("3", None, _TOPIC, "event", {"a": [1, None]}), "Frame"),
    ("a hostile topic", _frame("3", None, "\x1b]52;c;eA==\x07", "event", {}), "Frame"),
    ("not a number", '["3",null,"t","e",{"a":NaN}]', REFUSED),
    ("a comma too many", '["3",null,"t","e",{},]', REFUSED),
    ("spaces around", ' ["3", null, "t", "e", {}] \n', "Frame"),
    ("nested too deep", '["3",null,"t","e",{"a":' + "[" * 100_000 + "]" * 100_000 + "}]", REFUSED),
    ("an old version of the serializer", _say(topic="t", event="e", ref="1", payload={}), REFUSED),
]


def _told(event: Any, frame: Any = "f-3", **members: Any) -> str:
    return json.dumps(
        {"kind": "notification", "type": "dataFrame", "dataFrameId": frame, "seq": 1,
         "event": event, **members}
    )  # fmt: skip


OBSERVER: list[Case] = [
    ("no kind", _say(requestId="r-1"), "Unknown"),
    ("a kind that is a number", _say(kind=7), "Unknown"),
    ("a kind from the future", _say(kind="telepathy"), "Unknown"),
    ("an answer without a body", _say(kind="response", requestId="r-1"), "Response"),
    ("an answer with body and error", _say(kind="response", requestId="r-1", payload={}, error={}),
     "Response"),
    ("an answer to nothing", _say(kind="response", payload={}), "Response"),
    ("an answer to a number", _say(kind="response", requestId=17, payload={}), "Response"),
    ("an answer to a list", _say(kind="response", requestId=[], payload={}), "Response"),
    ("an answer with a list for a body", _say(kind="response", requestId="r-1", payload=[]),
     "Response"),
    ("an error that is a text", _say(kind="response", requestId="r-1", error="no"), "Response"),
    ("an error with a wait of years",
     _say(kind="response", requestId="r-1", error={"code": "BUSY", "retryAfter": 1e300}),
     "Response"),
    ("a notification of another type", _say(kind="notification", type="weather"), "Unknown"),
    ("a row for no frame", _told({"type": "newrow", "payload": {}}, frame=None), REFUSED),
    ("a row for an empty frame", _told({"type": "newrow", "payload": {}}, frame=""), REFUSED),
    ("a row for a list of frames", _told({"type": "newrow", "payload": {}}, frame=["f"]), REFUSED),
    ("a row that is a list", _told({"type": "newrow", "payload": []}), "RowsCame"),
    ("a row that is null", _told({"type": "newrow", "payload": None}), "RowsCame"),
    ("rows without rows", _told({"type": "newrows", "payload": {}}), "RowsCame"),
    ("rows of anything", _told({"type": "newrows", "payload": {"rows": [1, None, {}, []]}}),
     "RowsCame"),
    ("ten thousand rows", _told({"type": "newrows", "payload": {"rows": [{}] * 10_000}}),
     "RowsCame"),
    ("an event that is a text", _told("newrow"), "Unknown"),
    ("an event from the future", _told({"type": "implode"}), "Unknown"),
    ("trouble without words", _told({"type": "error"}), "FrameTrouble"),
    ("an end without a reason", _told({"type": "close"}), "FrameEnded"),
    ("a number in the row that is a word", _told({"type": "newrow", "payload": {}}, seq="first"),
     "RowsCame"),
    ("a sign-in that is a text", _say(kind="auth", ok="yes"), "SignedIn"),
]  # fmt: skip


def _ask(**members: Any) -> str:
    return json.dumps(members)


ENGINE: list[Case] = [
    ("no type", _ask(to="1"), REFUSED),
    ("a type that is null", _ask(type=None), REFUSED),
    ("a type that is a list", _ask(type=["dial"]), REFUSED),
    ("a type from the future", _ask(type="teleport"), REFUSED),
    ("a class that is no command", _ask(type="call"), REFUSED),
    ("a method of Python", _ask(type="__class__"), REFUSED),
    ("a dial without a number", _ask(type="dial"), REFUSED),
    ("a dial to a number that is none", _ask(type="dial", to=7), REFUSED),
    ("a dial to nobody", _ask(type="dial", to=None), REFUSED),
    ("a dial to a list", _ask(type="dial", to=["1"]), REFUSED),
    ("a dial with a name", _ask(type="dial", to="echo"), "Dial"),
    ("a dial with a member nobody knows", _ask(type="dial", to="1", zz=1), "Dial"),
    ("a dial confirmed by a word", _ask(type="dial", to="1", confirmed="yes"), REFUSED),
    ("a dial with too many bits", _ask(type="dial", to="1", audio_kbps="many"), REFUSED),
    ("a hang-up", _ask(type="hang_up", call="c1"), "HangUp"),
    ("a hang-up of nothing", _ask(type="hang_up"), REFUSED),
    ("a hang-up of a number", _ask(type="hang_up", call=1), REFUSED),
    ("tones", _ask(type="send_tones", call="c1", digits="12#"), "SendTones"),
    ("tones that are a number", _ask(type="send_tones", call="c1", digits=12), REFUSED),
    ("a mute that is a word", _ask(type="mute", call="c1", on="yes"), REFUSED),
]
# Its arithmetic makes numbers that are none, which count as null; a member stands there once.
_OF_THE_SERVICE = {
    "the same member twice": REFUSED,
    "not a number": "Response",
    "infinity": "Response",
    "less than everything": "Response",
}
CATALOGUE: dict[str, list[Case]] = {
    "audin": [
        *structural('{"type":"incoming_call","callSid":"CA1","from":"+39021"}', "IncomingCall"),
        *AUDIN,
    ],
    "ribbon": [*structural(_notice("ringing", sessionParams=_SESSION), "CallNotice"), *RIBBON],
    "agenthub": AGENTHUB,
    "observer": [
        *(
            (name, text, _OF_THE_SERVICE.get(name, verdict))
            for name, text, verdict in structural(
                '{"kind":"response","requestId":"r-17","payload":{"calls":[]}}', "Response"
            )
        ),
        *OBSERVER,
    ],
    "engine": [*structural('{"type":"hang_up","call":"c1"}', "HangUp"), *ENGINE],
}
